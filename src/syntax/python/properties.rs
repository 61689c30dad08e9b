//! The index of any program against plain walks of its tree.

use proptest::prelude::*;
use ruff_python_ast::visitor::{self, Visitor};
use ruff_python_ast::{Expr, ExprCall, Stmt, StmtClassDef, StmtFunctionDef};
use ruff_text_size::Ranged;

use super::{Module, ScopeId, walk_exprs};
use crate::source::Text;

/// A plain walk.
#[derive(Default)]
struct Seen<'a> {
    statements: usize,
    calls: Vec<&'a ExprCall>,
    functions: Vec<&'a StmtFunctionDef>,
    classes: Vec<&'a StmtClassDef>,
}

impl<'a> Visitor<'a> for Seen<'a> {
    fn visit_stmt(&mut self, stmt: &'a Stmt) {
        self.statements += 1;
        self.functions.extend(stmt.as_function_def_stmt());
        self.classes.extend(stmt.as_class_def_stmt());
        visitor::walk_stmt(self, stmt);
    }

    fn visit_expr(&mut self, expr: &'a Expr) {
        self.calls.extend(expr.as_call_expr());
        visitor::walk_expr(self, expr);
    }
}

fn same<T>(left: &[&T], right: &[&T]) -> bool {
    left.len() == right.len() && left.iter().zip(right).all(|(a, b)| std::ptr::eq(*a, *b))
}

fn agrees(source: &str) {
    let module = Module::parse(&Text::new(source));
    let index = module.index();
    let mut seen = Seen::default();
    seen.visit_body(module.body());
    let calls: Vec<_> = index.calls().iter().map(|call| call.node).collect();
    assert!(same(&calls, &seen.calls), "{source}");
    let functions: Vec<_> = index.functions().iter().map(|function| function.node).collect();
    assert!(same(&functions, &seen.functions), "{source}");
    let classes: Vec<_> = index.classes().iter().map(|class| class.node).collect();
    assert!(same(&classes, &seen.classes), "{source}");
    let statements: usize = index.scopes().map(|scope| scope.statements.len()).sum();
    assert_eq!(statements, seen.statements, "{source}");

    for function in index.functions() {
        let mut inside = Vec::new();
        walk_exprs(&function.node.body, &mut |expr| inside.extend(expr.as_call_expr()));
        let calls: Vec<_> = index.calls_in(function.body).iter().map(|call| call.node).collect();
        assert!(same(&calls, &inside), "{source}");
        let name = function.node.name.as_str();
        let mut alike = index.functions().iter().rev();
        let last = alike.find(|other| other.scope == function.scope && other.node.name.as_str() == name);
        let found = index.function_in(function.scope, name);
        assert!(found.zip(last).is_some_and(|(found, last)| std::ptr::eq(found, last)), "{source}");
        let around = index.function_at(function.node.start()).map(|id| index.function(id).node);
        assert!(around.is_some_and(|node| std::ptr::eq(node, function.node)), "{source}");
    }
    for call in index.calls() {
        // What is in a body and in no deeper one.
        let body = |function: &&&StmtFunctionDef| {
            function.body.iter().any(|stmt| stmt.range().contains_range(call.node.range()))
        };
        let inner = seen.functions.iter().rev().find(body).copied();
        let found = index.scope(call.scope).function.map(|id| index.function(id).node);
        assert_eq!(found.map(Ranged::range), inner.map(Ranged::range), "{source}");
        assert!(call.statement.contains_range(call.node.range()), "{source}");
    }
    for class in index.classes() {
        let mut inside = Vec::new();
        walk_exprs(&class.node.body, &mut |expr| inside.extend(expr.as_call_expr()));
        let calls: Vec<_> = index.calls_in(class.body).iter().map(|call| call.node).collect();
        assert!(same(&calls, &inside), "{source}");
    }
    assert_eq!(index.calls_in(ScopeId::MODULE).len(), index.calls().len());
    for class in index.classes().iter().filter(|class| class.scope == ScopeId::MODULE) {
        assert!(module.class(class.node.name.as_str()).is_some(), "{source}");
    }
}

/// A program's lines.
fn program() -> impl Strategy<Value = Vec<String>> {
    let simple = prop::sample::select(vec![
        "x = f(y)",
        "x, (y, *z) = f(), g()(1)",
        "x.y = self.z = [g(z) for z in h(x) if f(z)]",
        "y = {f(k): v for k in a() for v in b(k)}",
        "x += [f(lambda q, r=g(): h(q, r))]",
        "print(f'{f(x)!r:{g(y)}}', *h(), **i())",
        "z = (n := f(x)) if g(n) else h(n)",
        "import a.b, c as d",
        "from ..a import b as c",
        "A = models.CharField",
        "x: f(int) = g()",
        "del x[f()]",
        "global x",
        "assert f(x), g(x)",
        "raise f(x) from g(y)",
        "type T = f(x)",
        "pass",
    ]);
    let header = prop::sample::select(vec![
        ("if f(x):", "elif g(x):"),
        ("for x in f(y):", "else:"),
        ("while f(x):", "else:"),
        ("with f(x) as y, g() as (a, b):", ""),
        ("def f(x=g(1), /, *a, k=h(2), **q) -> i():", ""),
        ("@d(1)", "def g[T: f()](x: h()):"),
        ("async def h():", ""),
        ("class A(B, metaclass=f(1)):", ""),
        ("try:", "except f(E) as e:"),
        ("try:", "finally:"),
        ("match f(x):", "    case A(b, [*c], {'k': d, **e}) if g(b):"),
    ]);
    let simple = simple.prop_map(|line| vec![line.to_owned()]);
    let statement = simple.prop_recursive(4, 40, 4, move |inner| {
        let block = prop::collection::vec(inner, 1..4).prop_map(|statements| statements.concat());
        (header.clone(), block.clone(), block).prop_map(|((first, second), body, other)| {
            let indented = |lines: Vec<String>, by: &str| -> Vec<String> {
                lines.into_iter().map(|line| format!("{by}{line}")).collect()
            };
            let parts = match (first, second) {
                (_, "") => vec![vec![first.to_owned()], indented(body, "  ")],
                ("@d(1)", _) => vec![vec![first.to_owned(), second.to_owned()], indented(body, "  ")],
                ("match f(x):", _) => {
                    vec![vec![first.to_owned(), second.to_owned()], indented(body, "      ")]
                }
                _ => vec![
                    vec![first.to_owned()],
                    indented(body, "  "),
                    vec![second.to_owned()],
                    indented(other, "  "),
                ],
            };
            parts.concat()
        })
    });
    prop::collection::vec(statement, 1..6).prop_map(|statements| statements.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn the_index_of_a_program_is_what_a_walk_finds(program in program()) {
        let source = program.join("\n") + "\n";
        let module = Module::parse(&Text::new(&source));
        prop_assert_eq!(module.fault(), None, "{}", source);
        agrees(&source);
    }

    #[test]
    fn the_index_of_a_broken_program_is_what_a_walk_finds(program in program(), cut in 0..2_000_usize) {
        let source = program.join("\n");
        agrees(source.get(..cut.min(source.len())).unwrap_or_default());
    }
}

#[test]
fn the_index_of_a_seed_is_what_a_walk_finds() {
    for seed in [
        include_str!("../../../fuzz/seeds/python/fields"),
        include_str!("../../../fuzz/seeds/python/settings"),
        include_str!("../../../fuzz/seeds/python/deep"),
    ] {
        agrees(seed);
    }
}
