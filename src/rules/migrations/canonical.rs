//! The canonical form of a migration module: what is left of it when everything is taken away that Django never sees.
//!
//! Gone are comments, spacing, quotes, implicit concatenation, docstrings, type annotations, trailing `pass`, list or
//! tuple, the order of keyword arguments, and imports: every name stands as what it is imported from.

use std::cell::Cell;
use std::collections::HashSet;

use ruff_python_ast::token::TokenKind;
use ruff_python_ast::visitor::transformer::{self, Transformer};
use ruff_python_ast::{
    Arguments, Expr, ExprContext, ExprName, ExprSet, ExprTuple, InterpolatedStringElement, Parameter, Stmt,
    StmtAssign, StmtClassDef, StmtPass, StringLiteral, StringLiteralFlags, StringLiteralValue, Suite,
};
use ruff_text_size::Ranged;

use crate::source::tree::folder;
use crate::syntax::python::{Module, normalised_expr, normalised_stmts, string};

/// A module in canonical form. Nodes keep the places they had in the file.
#[derive(Debug)]
pub(super) struct Canonical {
    body: Suite,
}

impl Canonical {
    /// `path` tells what relative imports are relative to.
    pub(super) fn of(module: &Module, path: &str) -> Self {
        let mut body: Suite = module.body().iter().cloned().collect();
        let imported = module.imports().map(|import| import.local).collect();
        Rewriter { module, path, imported, in_migration: Cell::new(false) }.suite(&mut body, true);
        Self { body }
    }

    pub(super) fn text(&self) -> String {
        normalised_stmts(&self.body)
    }

    /// The statements of the module without its imports.
    pub(super) fn body(&self) -> &[Stmt] {
        &self.body
    }

    /// The class `Migration`.
    pub(super) fn class(&self) -> Option<&StmtClassDef> {
        self.body.iter().filter_map(|s| s.as_class_def_stmt()).rfind(|c| c.name.as_str() == "Migration")
    }
}

/// Do two modules say the same, token by token? For files that this Python cannot parse.
pub(super) fn same_tokens(a: &Module, b: &Module) -> bool {
    words(a) == words(b)
}

/// Tokens without comments, line ends, parentheses, commas and the prefixes and quotes of strings.
fn words(module: &Module) -> Vec<&str> {
    use TokenKind::{Comma, Comment, Lpar, NonLogicalNewline, Rpar};
    let skipped = [Comma, Comment, Lpar, NonLogicalNewline, Rpar];
    module
        .tokens()
        .filter(|(kind, _)| !skipped.contains(kind))
        .map(|(kind, text)| match kind {
            TokenKind::String => text.trim_start_matches(['u', 'U', 'b', 'B']).trim_matches(['"', '\'']),
            _ => text.trim(),
        })
        .collect()
}

/// The path that Django documents, of the several that lead to the same thing.
fn short_path(target: String) -> String {
    const SAME: [(&str, &[&str]); 4] = [
        (
            "django.db.models",
            &[
                "deletion",
                "fields",
                "fields.related",
                "fields.json",
                "fields.files",
                "base",
                "query_utils",
                "indexes",
                "constraints",
            ],
        ),
        (
            "django.db.migrations",
            &["operations", "operations.fields", "operations.models", "operations.special", "migration"],
        ),
        ("django.contrib.postgres.fields", &["jsonb", "array", "citext", "hstore", "ranges"]),
        ("django.contrib.gis.db.models", &["fields"]),
    ];
    let Some((module, last)) = target.rsplit_once('.') else { return target };
    for (short, longer) in SAME {
        let inner = module.strip_prefix(short).and_then(|rest| rest.strip_prefix('.'));
        if inner.is_some_and(|inner| longer.contains(&inner)) {
            return format!("{short}.{last}");
        }
    }
    target
}

struct Rewriter<'a> {
    module: &'a Module,
    path: &'a str,
    /// Names that imports bind.
    imported: HashSet<&'a str>,
    /// Inside `class Migration`, where lists and tuples mean the same.
    in_migration: Cell<bool>,
}

impl Rewriter<'_> {
    /// Takes out what says nothing, then rewrites the rest.
    fn suite(&self, body: &mut Suite, has_docstring: bool) {
        if has_docstring && body.first().is_some_and(is_docstring) {
            body.remove(0);
        }
        body.retain(|stmt| !self.says_nothing(stmt));
        body.iter_mut().for_each(|stmt| self.visit_stmt(stmt));
    }

    fn says_nothing(&self, stmt: &Stmt) -> bool {
        match stmt {
            Stmt::Pass(_) => true,
            Stmt::Expr(expr) => expr.value.is_string_literal_expr(),
            Stmt::ImportFrom(import)
                if import.module.as_ref().is_some_and(|m| m.as_str() == "__future__") =>
            {
                true
            }
            Stmt::Import(import) => import.names.iter().all(|alias| {
                let full = alias.name.as_str();
                let first = full.split('.').next().unwrap_or(full);
                self.is_bound_once(alias.asname.as_ref().map_or(first, |n| n.as_str()))
            }),
            Stmt::ImportFrom(import) => import.names.iter().all(|alias| {
                alias.name.as_str() != "*"
                    && self.is_bound_once(alias.asname.as_ref().unwrap_or(&alias.name).as_str())
            }),
            Stmt::AnnAssign(assign) => assign.value.is_none(),
            Stmt::If(choice) => choice.elif_else_clauses.is_empty() && is_type_checking(&choice.test),
            _ => false,
        }
    }

    /// A name that stands for one thing in all of the file: then its import can be read off its uses.
    fn is_bound_once(&self, local: &str) -> bool {
        self.module.qualified(&name(local)).is_some()
    }

    /// What a dotted name is imported from; `None` where it is no import.
    fn target(&self, expr: &Expr) -> Option<String> {
        let target = self.module.qualified(expr)?.to_string();
        let target = short_path(self.absolute(target));
        // `import a.b` is spelled as it is, and yet `a.b.c` is a name and no attribute.
        (target != normalised_expr(expr) || root(expr).is_some_and(|n| self.imported.contains(n)))
            .then_some(target)
    }

    /// `..fields.Slug` in `blog/migrations/0001.py` is `blog.fields.Slug`.
    fn absolute(&self, target: String) -> String {
        let rest = target.trim_start_matches('.');
        let dots = target.len() - rest.len();
        if dots == 0 {
            return target;
        }
        let mut package = folder(self.path);
        (1..dots).for_each(|_| package = folder(package));
        let package = package.replace('/', ".");
        if package.is_empty() { rest.to_owned() } else { format!("{package}.{rest}") }
    }
}

impl Transformer for Rewriter<'_> {
    fn visit_stmt(&self, stmt: &mut Stmt) {
        match stmt {
            Stmt::FunctionDef(function) => {
                function.returns = None;
                function.type_params = None;
                self.suite(&mut function.body, true);
                self.visit_parameters(&mut function.parameters);
                function.decorator_list.iter_mut().for_each(|d| self.visit_decorator(d));
            }
            Stmt::ClassDef(class) => {
                let outer = self.in_migration.get();
                self.in_migration.set(class.name.as_str() == "Migration");
                self.suite(&mut class.body, true);
                self.in_migration.set(outer);
                if let Some(arguments) = &mut class.arguments {
                    arguments.args =
                        arguments.args.iter().filter(|base| !is_name(base, "object")).cloned().collect();
                    self.visit_arguments(arguments);
                }
                if class.arguments.as_ref().is_some_and(|a| a.args.is_empty() && a.keywords.is_empty()) {
                    class.arguments = None;
                }
            }
            Stmt::AnnAssign(assign) => {
                if let (Expr::Name(_), Some(value)) = (&*assign.target, &assign.value) {
                    let (range, node_index) = (assign.range, assign.node_index.clone());
                    let targets = vec![(*assign.target).clone()];
                    *stmt = Stmt::Assign(StmtAssign {
                        range,
                        node_index,
                        targets: targets.into_iter().collect(),
                        value: value.clone(),
                    });
                }
                transformer::walk_stmt(self, stmt);
            }
            Stmt::If(choice) => {
                self.suite(&mut choice.body, false);
                choice.elif_else_clauses.iter_mut().for_each(|c| self.suite(&mut c.body, false));
                self.visit_expr(&mut choice.test);
                choice
                    .elif_else_clauses
                    .iter_mut()
                    .filter_map(|c| c.test.as_mut())
                    .for_each(|t| self.visit_expr(t));
            }
            Stmt::With(with) => {
                self.suite(&mut with.body, false);
                with.items.iter_mut().for_each(|item| self.visit_with_item(item));
            }
            Stmt::For(each) => {
                self.suite(&mut each.body, false);
                self.suite(&mut each.orelse, false);
                self.visit_expr(&mut each.target);
                self.visit_expr(&mut each.iter);
            }
            Stmt::Try(attempt) => {
                for body in [&mut attempt.body, &mut attempt.orelse, &mut attempt.finalbody] {
                    self.suite(body, false);
                }
                attempt.handlers.iter_mut().for_each(|handler| {
                    let ruff_python_ast::ExceptHandler::ExceptHandler(handler) = handler;
                    self.suite(&mut handler.body, false);
                    if let Some(kind) = &mut handler.type_ {
                        self.visit_expr(kind);
                    }
                });
            }
            _ => transformer::walk_stmt(self, stmt),
        }
        if is_empty_shell(stmt) {
            *stmt = Stmt::Pass(StmtPass { range: stmt.range(), node_index: Default::default() });
        }
    }

    fn visit_parameter(&self, parameter: &mut Parameter) {
        parameter.annotation = None;
    }

    fn visit_arguments(&self, arguments: &mut Arguments) {
        transformer::walk_arguments(self, arguments);
        let named = arguments.keywords.iter().all(|k| k.arg.is_some());
        if named {
            arguments.keywords.sort_by(|a, b| a.arg.as_deref().cmp(&b.arg.as_deref()));
        }
        if self.in_migration.get() {
            // Django compares model names without regard to case.
            for keyword in arguments.keywords.iter_mut().filter(|k| k.arg.as_deref() == Some("model_name")) {
                if let Some(text) = string(&keyword.value) {
                    keyword.value = literal(&text.to_lowercase(), keyword.value.range());
                }
            }
        }
    }

    fn visit_expr(&self, expr: &mut Expr) {
        if matches!(expr, Expr::Name(_) | Expr::Attribute(_))
            && let Some(target) = self.target(expr)
        {
            let range = expr.range();
            *expr = Expr::Name(ExprName { id: target.into(), range, ..blank() });
            return;
        }
        transformer::walk_expr(self, expr);
        let range = expr.range();
        match expr {
            Expr::StringLiteral(_) => {
                // Python reads every line end of a file as `\n`, also inside a string.
                if let Some(text) = string(expr).map(|text| text.replace("\r\n", "\n")) {
                    *expr = literal(&text, range);
                }
            }
            Expr::FString(joined) => flatten(joined),
            Expr::List(list) if self.in_migration.get() => {
                *expr = tuple(std::mem::take(&mut list.elts), range);
            }
            Expr::Tuple(list) => list.parenthesized = true,
            Expr::Call(call) => {
                let positional = &mut call.arguments.args;
                match (&*call.func, &**positional) {
                    (Expr::Name(f), [_, _]) if f.id.as_str() == "super" => *positional = Box::default(),
                    (Expr::Name(f), [Expr::List(_) | Expr::Tuple(_)]) if f.id.as_str() == "set" => {
                        let elts = match &mut positional[..] {
                            [Expr::List(list)] => std::mem::take(&mut list.elts),
                            [Expr::Tuple(list)] => std::mem::take(&mut list.elts),
                            _ => return,
                        };
                        if !elts.is_empty() {
                            *expr = self.set(elts, range);
                        }
                    }
                    _ => {}
                }
            }
            Expr::Set(set) => {
                let elts = std::mem::take(&mut set.elts);
                *expr = self.set(elts, range);
            }
            _ => {}
        }
    }
}

impl Rewriter<'_> {
    /// A set has no order; where a migration gives one, a list or a tuple would do as well (`unique_together`).
    fn set(&self, mut elts: Vec<Expr>, range: ruff_text_size::TextRange) -> Expr {
        elts.sort_by_cached_key(normalised_expr);
        if self.in_migration.get() {
            return tuple(elts, range);
        }
        Expr::Set(ExprSet { range, elts, node_index: Default::default() })
    }
}

fn tuple(elts: Vec<Expr>, range: ruff_text_size::TextRange) -> Expr {
    let (ctx, node_index) = (ExprContext::Load, Default::default());
    Expr::Tuple(ExprTuple { range, elts, ctx, node_index, parenthesized: true })
}

fn blank() -> ExprName {
    ExprName {
        id: Default::default(),
        ctx: ExprContext::Load,
        range: Default::default(),
        node_index: Default::default(),
    }
}

fn name(id: &str) -> Expr {
    Expr::Name(ExprName { id: id.into(), ..blank() })
}

/// A plain string.
pub(super) fn literal(value: &str, range: ruff_text_size::TextRange) -> Expr {
    let part = StringLiteral {
        value: value.into(),
        range,
        flags: StringLiteralFlags::empty(),
        node_index: Default::default(),
    };
    let value = StringLiteralValue::single(part);
    Expr::StringLiteral(ruff_python_ast::ExprStringLiteral { value, range, node_index: Default::default() })
}

/// `"a" f"{b}" "c"` as one f-string.
fn flatten(joined: &mut ruff_python_ast::ExprFString) {
    use ruff_python_ast::{
        FString, FStringFlags, FStringPart, FStringValue, InterpolatedStringLiteralElement,
    };
    let mut elements: Vec<InterpolatedStringElement> = Vec::new();
    let mut text = String::new();
    let close = |text: &mut String, elements: &mut Vec<InterpolatedStringElement>| {
        if !text.is_empty() {
            elements.push(InterpolatedStringElement::Literal(InterpolatedStringLiteralElement {
                value: std::mem::take(text).into(),
                range: Default::default(),
                node_index: Default::default(),
            }));
        }
    };
    for part in &joined.value {
        match part {
            FStringPart::Literal(part) => text.push_str(&part.value.replace("\r\n", "\n")),
            FStringPart::FString(part) => {
                for element in &part.elements {
                    match element {
                        InterpolatedStringElement::Literal(part) => {
                            text.push_str(&part.value.replace("\r\n", "\n"));
                        }
                        InterpolatedStringElement::Interpolation(_) => {
                            close(&mut text, &mut elements);
                            elements.push(element.clone());
                        }
                    }
                }
            }
        }
    }
    close(&mut text, &mut elements);
    joined.value = FStringValue::single(FString {
        range: joined.range,
        elements: elements.into(),
        flags: FStringFlags::empty(),
        node_index: Default::default(),
    });
}

fn is_docstring(stmt: &Stmt) -> bool {
    stmt.as_expr_stmt().is_some_and(|s| s.value.is_string_literal_expr())
}

/// `a` of `a.b.c`.
fn root(expr: &Expr) -> Option<&str> {
    match expr {
        Expr::Name(name) => Some(name.id.as_str()),
        Expr::Attribute(attribute) => root(&attribute.value),
        _ => None,
    }
}

fn is_type_checking(test: &Expr) -> bool {
    matches!(normalised_expr(test).as_str(), "TYPE_CHECKING" | "typing.TYPE_CHECKING")
}

fn is_name(expr: &Expr, name: &str) -> bool {
    expr.as_name_expr().is_some_and(|n| n.id.as_str() == name)
}

/// `try:` around imports only: nothing is left of it.
fn is_empty_shell(stmt: &Stmt) -> bool {
    match stmt {
        Stmt::Try(s) => s.body.is_empty() && s.orelse.is_empty() && s.finalbody.is_empty(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Text;

    fn canonical(source: &str) -> String {
        Canonical::of(&Module::parse(&Text::new(source)), "blog/migrations/0001_initial.py").text()
    }

    const PLAIN: &str = "from django.db import migrations, models\n\n\nclass Migration(migrations.Migration):\n    dependencies = [('auth', '0001_initial')]\n    operations = [migrations.AddField(model_name='post', name='lang', field=models.CharField(max_length=5, help_text='a long text'))]\n";

    #[test]
    fn what_django_never_sees_is_gone() {
        let dressed = "# Generated by Django 5.2\n\"\"\"Adds the language.\"\"\"\nfrom __future__ import annotations\nimport os\nfrom django.db import models\nfrom django.db.migrations import AddField as Add\nimport django.db.migrations as m\n\n\nclass Migration(m.Migration):\n    \"\"\"Language.\"\"\"\n\n    dependencies: list[tuple[str, str]] = [\n        (\"auth\", \"0001_initial\"),\n    ]\n\n    operations = (\n        Add(\n            model_name=\"Post\",\n            name=\"lang\",  # iso\n            field=models.CharField(help_text=\"a long \" \"text\", max_length=5),\n        ),\n    )\n    pass\n";
        assert_eq!(canonical(PLAIN), canonical(dressed));
    }

    #[test]
    fn a_changed_value_stays_changed() {
        assert_ne!(canonical(PLAIN), canonical(&PLAIN.replace("max_length=5", "max_length=50")));
        assert_ne!(canonical(PLAIN), canonical(&PLAIN.replace("0001_initial", "0002_b")));
    }

    #[test]
    fn functions_keep_what_runs_and_lose_their_types() {
        let old = "def fill(apps, schema_editor):\n    '''Fills.'''\n    Post = apps.get_model('blog', 'Post')\n    Post.objects.update(a='x' f'{b}')\n";
        let new = "def fill(apps: Apps, schema_editor: Any) -> None:\n    Post = apps.get_model(\"blog\", \"Post\")\n    Post.objects.update(\n        a=f\"x{b}\"\n    )\n";
        assert_eq!(canonical(old), canonical(new));
        assert_ne!(canonical(old), canonical(&new.replace("x{b}", "y{b}")));
    }

    #[test]
    fn line_ends_of_the_file_are_no_part_of_its_strings() {
        let old = "SQL = '''\n  UPDATE a\n'''\nMORE = f'''{SQL}\n'''\n";
        assert_eq!(canonical(old), canonical(&old.replace('\n', "\r\n")));
    }

    #[test]
    fn relative_and_absolute_imports_are_the_same() {
        let relative = "from ..fields import Slug\nx = Slug()\n";
        assert_eq!(canonical(relative), canonical("import blog.fields\nx = blog.fields.Slug()\n"));
    }

    #[test]
    fn an_import_bound_twice_is_kept() {
        let either =
            "try:\n    from json import loads\nexcept ImportError:\n    from simplejson import loads\n";
        assert!(canonical(either).contains("simplejson"));
    }

    #[test]
    fn python_2_is_compared_by_tokens() {
        let old = Module::parse(&Text::new("def f(a, b):\n    print u'x', 'y'  # note\n"));
        let new = Module::parse(&Text::new("def f(a, b):\n    print(\"x\", \"y\")\n"));
        assert!(same_tokens(&old, &new));
        let other = Module::parse(&Text::new("def f(a, b):\n    print(\"x\", \"z\")\n"));
        assert!(!same_tokens(&old, &other));
    }
}
