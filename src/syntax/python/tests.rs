//! What a module tells of its names, as a table.

use ruff_python_ast::{Expr, Stmt};
use ruff_text_size::TextSize;

use super::{BindingKind, BlockKind, Module, ScopeId, ScopeKind};
use crate::source::Text;

/// What the file's last line, an expression, stands for.
fn last_line(source: &str) -> Option<String> {
    let module = Module::parse(&Text::new(source));
    let Some(Stmt::Expr(last)) = module.body().last() else { panic!("no expression: {source}") };
    module.qualified(&last.value).map(|name| name.to_string())
}

#[test]
fn a_name_stands_for_what_the_file_imports_or_aliases() {
    for (source, want) in [
        // Imports.
        ("from django.db import models\nmodels.CharField", Some("django.db.models.CharField")),
        ("from django.db import models as m\nm.Model", Some("django.db.models.Model")),
        ("import django.db.models\ndjango.db.models.Model", Some("django.db.models.Model")),
        ("import django.db.models as m\nm.Model", Some("django.db.models.Model")),
        ("from .models import Post\nPost.objects", Some(".models.Post.objects")),
        ("from ..core.models import Base\nBase", Some("..core.models.Base")),
        ("from . import utils\nutils.f", Some(".utils.f")),
        ("from .. import x as y\ny", Some("..x")),
        ("from a import *\nx", Some("x")),
        // An import is read no further.
        ("from datetime import datetime, timedelta\ndatetime.datetime", Some("datetime.datetime.datetime")),
        ("import a\nfrom b import a as c\nc", Some("b.a")),
        // Aliases are followed, in any order of the file.
        (
            "from django.db import migrations\nRP = migrations.RunPython\nRP",
            Some("django.db.migrations.RunPython"),
        ),
        ("A = b.c\nB = A.d\nB.e", Some("b.c.d.e")),
        ("B = A.d\nA = b.c\nB", Some("b.c.d")),
        ("A = a.b\nA = a.b\nA", Some("a.b")),
        // What aliases nothing stays as it is written.
        ("x", Some("x")),
        ("x.y.z", Some("x.y.z")),
        ("A = b\nA.c", Some("A.c")),
        ("A = A.b\nA", Some("A")),
        ("A: T = b.c\nA", Some("A")),
        ("A = B = b.c\nA", Some("A")),
        ("A = f.g()\nA.h", Some("A.h")),
        ("A += b.c\nA", Some("A")),
        ("class A: pass\nA.b", Some("A.b")),
        ("def f(migrations): pass\nmigrations.X", Some("migrations.X")),
        // Anywhere in the file: in functions, classes, branches and `match`.
        ("def f():\n    from a import b\nb.c", Some("a.b.c")),
        ("class C:\n    x = a.b\nx", Some("a.b")),
        ("try:\n    import json\nexcept ImportError:\n    json = None\njson.loads", Some("json.loads")),
        ("match x:\n    case 1:\n        from a import b\nb", Some("a.b")),
        ("for x in y:\n    pass\nelse:\n    from a import b\nb", Some("a.b")),
        // Bound to two things it stands for neither.
        ("from a import x\nfrom b import x\nx", None),
        ("from a import x\nfrom a import x\nx.y", Some("a.x.y")),
        ("try:\n    from a import x\nexcept ImportError:\n    x = b.x\nx", None),
        ("A = a.b\nA = c.d\nA.e", None),
        ("from a import x\nfrom b import x\nfrom a import x\nx", None),
        ("from a import x\nfrom b import x\nA = x.y\nA", None),
        // Aliases that turn in a circle, or a chain of more than eight.
        ("A = B.x\nB = A.x\nA", None),
        ("a = b.x\nb = c.x\nc = d.x\nd = e.x\ne = f.x\nf = g.x\ng = h.x\na", Some("h.x.x.x.x.x.x.x")),
        ("a = b.x\nb = c.x\nc = d.x\nd = e.x\ne = f.x\nf = g.x\ng = h.x\nh = i.x\na", None),
        // No dotted names.
        ("f()", None),
        ("f().x", None),
        ("x[0]", None),
        ("x[0].y", None),
        ("'text'.join", None),
        ("(x)", Some("x")),
    ] {
        assert_eq!(last_line(source).as_deref(), want, "{source}");
    }
}

#[test]
fn classes_functions_and_values_are_those_at_the_top_of_the_file_and_the_last_one_counts() {
    let module = Module::parse(&Text::new(
        "class A: pass\n\
         def f():\n    def g(): pass\n    x = 1\n\
         if DEBUG:\n    class A(B): pass\n    def f(a): pass\n    x = 2\n\
         try:\n    y = 1\nexcept E:\n    y = 2\nelse:\n    z = 3\nfinally:\n    w: int = 4\n\
         with c:\n    for i in j:\n        while k:\n            v = 5\n\
         a = b = 6\nc, d = 7\nclass K:\n    u = 8\n    def m(self): pass\n",
    ));
    let names: Vec<&str> = module.classes().map(|class| class.name.as_str()).collect();
    assert_eq!(names, ["A", "A", "K"]);
    assert_eq!(module.index().functions_in(ScopeId::MODULE, "f").count(), 2);
    assert!(module.class("A").is_some_and(|class| class.bases().len() == 1));
    assert!(module.function("f").is_some_and(|function| function.parameters.len() == 1));
    assert!(module.function("g").is_none() && module.function("m").is_none() && module.class("f").is_none());
    let value = |name: &str| module.assigned(name).map(|value| module.source(value));
    for (name, want) in [("x", "2"), ("y", "2"), ("z", "3"), ("w", "4"), ("v", "5")] {
        assert_eq!(value(name), Some(want), "{name}");
    }
    for name in ["a", "b", "c", "d", "u", "i", "A", "f", "nothing"] {
        assert_eq!(value(name), None, "{name}");
    }
}

#[test]
fn a_name_holds_what_was_assigned_before_it_in_its_function_or_the_module() {
    for (source, want) in [
        ("x = 1\nx = 2\nx;$", &["1", "2"][..]),
        ("x = 1\nx;$\nx = 2", &["1"]),
        ("x = 1\ndef f():\n    x;$\nx = 2", &["1", "2"]),
        ("x = 1\ndef f():\n    x = 2\n    x;$\n    x = 3", &["2"]),
        ("x = 1\ndef f():\n    x;$\n    x = 3", &[]),
        ("x = 1\ndef f(x):\n    x;$", &["parameter"]),
        ("x = 1\ndef f(x):\n    x = g(x)\n    x;$", &["parameter", "g(x)"]),
        ("x = 1\ndef f(*x, **y):\n    x;$", &["1"]),
        ("x = 1\ndef f(a=x):\n    pass\ndef g(a=1, *, x=2):\n    x;$", &["parameter"]),
        ("def f():\n    x = 1\n    def g():\n        x;$", &["1"]),
        ("def f():\n    x = 1\n    def g():\n        x = 2\n    x;$", &["1"]),
        ("def f():\n    x = 1\ndef g():\n    x;$", &[]),
        ("class A:\n    x = 1\n    y = x;$", &["1"]),
        ("x = 0\nclass A:\n    x = 1\nclass B:\n    x = 2\n    y = x;$", &["0", "1", "2"]),
        ("class A:\n    x = 1\n    def f(self):\n        x;$", &["1"]),
        ("def f():\n    class A:\n        x = 1\n    x;$", &["1"]),
        ("if a:\n    x = 1\nelse:\n    x = 2\nx;$", &["1", "2"]),
        ("match a:\n    case 1:\n        x = 1\nx;$", &["1"]),
        ("for a in b:\n    pass\nelse:\n    x = 1\nx;$", &["1"]),
        ("x: str = 1\nx += 2\nx;$", &["1", "2"]),
        ("x: str\nx;$", &[]),
        ("for x in y:\n    x;$", &["y"]),
        ("a = x = 1\nx;$", &["1"]),
        ("x, y = 1, 2\nx;$", &["1"]),
        ("[x, (y, z)] = [1, (2, 3)]\nz;y;x;$", &["1"]),
        ("(y, (z, x)) = (1, (2, 3))\nx;$", &["3"]),
        ("x, y = f()\nx;$", &["f()"]),
        ("x, *y = 1, 2\ny;x;$", &["1"]),
        ("*x, y = 1, 2\nx;$", &[]),
        ("f(x := 1)\nx;$", &["1"]),
        ("[y for z in a if (x := z)]\nx;$", &["z"]),
        ("def f():\n    [(x := z) for z in a]\n    x;$", &["z"]),
        ("[x for x in y]\nx;$", &[]),
        ("x = 1\nf = lambda x: x;$", &["1"]),
        ("import x\nfrom a import x\nx;$", &[]),
        ("with a as x:\n    x;$", &[]),
        ("try: pass\nexcept E as x:\n    x;$", &[]),
        ("def x(): pass\nclass x: pass\nx;$", &[]),
        ("x.y = 1\nx['a'] = 2\nx;$", &[]),
    ] {
        let end = source.find(";$").unwrap();
        let module = Module::parse(&Text::new(&source.replace(";$", "")));
        let held = module.index().held("x", TextSize::try_from(end - 1).unwrap());
        let written = |value: &Expr| module.source(value).to_owned();
        let held: Vec<String> =
            held.iter().map(|b| b.value.map_or_else(|| "parameter".to_owned(), written)).collect();
        assert_eq!(held, want, "{source}");
    }
}

#[test]
fn an_attribute_holds_what_the_file_assigns_to_it_anywhere() {
    let source = "self.x = 1\nclass A:\n    def f(self):\n        self.x, y = 2, 3\n        for self.x in b: pass\na.b.x += 4\na.x: int = 5\nx = 6";
    let module = Module::parse(&Text::new(source));
    let values: Vec<&str> =
        module.index().attribute("x").filter_map(|binding| Some(module.source(binding.value?))).collect();
    assert_eq!(values, ["1", "2", "b", "4", "5"]);
}

#[test]
fn a_call_is_found_by_what_its_callee_ends_in() {
    let module = Module::parse(&Text::new(
        "from django.db import models\nfrom django.db.models import ForeignKey as FK\nM2M = models.ManyToManyField\n\
         FK(a)\nmodels.ForeignKey(b)\nf().ForeignKey(c)\nM2M(d)\nForeignKey(e)\n(lambda: 0)(f)\nFK\n",
    ));
    let written = |last: &str| -> Vec<&str> {
        module.index().calls_of(last).map(|call| module.source(&call.node.arguments)).collect()
    };
    assert_eq!(written("ForeignKey"), ["(a)", "(b)", "(c)", "(e)"]);
    assert_eq!(written("ManyToManyField"), ["(d)"]);
    assert!(written("FK").is_empty() && written("M2M").is_empty());
}

#[test]
fn a_call_knows_the_blocks_around_it_in_its_function() {
    for (source, want) in [
        ("here()", &[][..]),
        ("for x in y:\n    here()", &["loop"]),
        ("for x in here(): pass", &[]),
        ("for x in y: pass\nelse: here()", &[]),
        ("while here(): pass", &["loop"]),
        ("try: here()\nexcept A: pass", &["try A"]),
        ("try: here()\nexcept (A, b.C): pass\nexcept D: pass", &["try A b.C D"]),
        ("try: here()\nexcept: pass", &["bare try"]),
        ("try: pass\nexcept A: here()", &[]),
        ("try: pass\nexcept A: pass\nelse: here()\nfinally: here()", &[]),
        ("try:\n    for x in y:\n        if z: here()\nexcept A: pass", &["loop", "try A"]),
        ("try: x = [here() for y in z]\nexcept A: pass", &["try A"]),
        ("try: x = lambda: here()\nexcept A: pass", &[]),
        ("try:\n    def f(a=1): here()\nexcept A: pass", &[]),
        ("try:\n    def f(a=here()): pass\nexcept A: pass", &["try A"]),
        ("with a(), b: here()", &["with"]),
        ("with here(): pass", &[]),
        ("with a():\n    for x in y: here()", &["loop", "with"]),
        ("with here(), a(here()): pass", &[]),
    ] {
        let module = Module::parse(&Text::new(source));
        let calls: Vec<_> = module.index().calls_of("here").collect();
        assert!(!calls.is_empty(), "{source}");
        for call in calls {
            let blocks = module.index().blocks_around(call).map(|block| match block {
                BlockKind::Loop(_) => "loop".to_owned(),
                BlockKind::With(_) => "with".to_owned(),
                BlockKind::Try(guard) if guard.is_bare() => "bare try".to_owned(),
                BlockKind::Try(guard) => {
                    let caught = guard.caught().map(|name| format!(" {}", module.source(name)));
                    format!("try{}", caught.collect::<String>())
                }
            });
            assert_eq!(blocks.collect::<Vec<_>>(), want, "{source}");
        }
    }
}

#[test]
fn a_scope_binds_what_python_binds_in_it() {
    use BindingKind as K;
    let source = "import a.b, c as d\nfrom e import f\nx = y = 1\nz: int = 2\nw += 3\nl.append(4)\n\
        def g(p, /, q=5, *r, s, **t):\n    u = 6\nclass H:\n    v = 7\n\
        with i as (j, k): pass\ntry: pass\nexcept m as n: pass\nfor o in []: pass\n\
        match x:\n    case {'A': B, **C} | [D, *E] | F: pass\n[G for G in x if (I := G)]\nlambda J: 0\n";
    let module = Module::parse(&Text::new(source));
    let index = module.index();
    let kind = |name: &str| -> Vec<(ScopeKind, BindingKind)> {
        index.bindings(name).iter().map(|b| (index.scope(b.scope).kind, b.kind)).collect()
    };
    for (names, scope, want) in [
        ("a d f", ScopeKind::Module, K::Import),
        ("x y", ScopeKind::Module, K::Shared),
        ("z", ScopeKind::Module, K::Assigned),
        ("w", ScopeKind::Module, K::Augmented),
        ("l", ScopeKind::Module, K::Grown),
        (
            "g",
            ScopeKind::Module,
            K::Function(index.function_named("g").and_then(|g| index.scope(g.body).function).unwrap()),
        ),
        ("p q s", ScopeKind::Function, K::Parameter),
        ("r t", ScopeKind::Function, K::Variadic),
        ("u", ScopeKind::Function, K::Assigned),
        (
            "H",
            ScopeKind::Module,
            K::Class(index.class_in(ScopeId::MODULE, "H").and_then(|h| index.scope(h.body).class).unwrap()),
        ),
        ("v", ScopeKind::Class, K::Assigned),
        ("j k", ScopeKind::Module, K::With),
        ("n", ScopeKind::Module, K::Caught),
        ("o", ScopeKind::Module, K::Loop),
        ("B C D E F", ScopeKind::Module, K::Captured),
        ("G", ScopeKind::Comprehension, K::Loop),
        ("I", ScopeKind::Module, K::Walrus),
        ("J", ScopeKind::Lambda, K::Parameter),
    ] {
        for name in names.split(' ') {
            assert_eq!(kind(name), [(scope, want)], "{name}");
        }
    }
    assert!(["b", "c", "e", "i", "m"].iter().all(|name| kind(name).is_empty()));
}

#[test]
fn a_name_knows_which_part_of_a_value_it_gets() {
    let source = "a = f()\nb = c = f()\nd, e = f()\n(g, h), i = f()\nj, k = 1, 2\nfor l in f(): pass\n\
        for m, n in f(): pass\nfor o, p in [1, 2]: pass\n[q for q, r in f()]\ns = 1\n";
    let module = Module::parse(&Text::new(source));
    let part = |name: &str| module.index().bindings(name).iter().map(|b| b.part).collect::<Vec<_>>();
    for name in ["a", "b", "c", "j", "k", "l", "s"] {
        assert_eq!(part(name), [None], "{name}");
    }
    for (name, at) in [("d", 0), ("e", 1), ("i", 1), ("m", 0), ("n", 1), ("o", 0), ("p", 1), ("r", 1)] {
        assert_eq!(part(name), [Some(at)], "{name}");
    }
}

#[test]
fn comments_are_found_by_their_lines() {
    let module = Module::parse(&Text::new("# a\nx = 1  # b\n\n# c\ny = '# d'\n"));
    let on = |lines| -> Vec<&str> { module.index().comments_on(lines).iter().map(|c| c.text).collect() };
    assert_eq!(on(1..=4), ["# a", "# b", "# c"]);
    assert_eq!(on(2..=3), ["# b"]);
    assert_eq!(on(5..=9), [""; 0]);
}
