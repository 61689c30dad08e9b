//! What RunPython and RunSQL share: is there a reverse, and where would it be written?

use ruff_python_ast::visitor::transformer::{self, Transformer};
use ruff_python_ast::{Arguments, Expr, ExprCall, Stmt, StmtClassDef};
use ruff_text_size::{Ranged, TextRange, TextSize};

use crate::model::finding::Edit;
use crate::project::migrations::migration::{Operation, Position};
use crate::project::python::imports::Definition;
use crate::rules::Context;
use crate::rules::migrations::canonical::literal;
use crate::source::NotLoaded;
use crate::syntax::python::{Function, Module, normalised_expr, string};

use super::files::File;

/// The kind of operation, and the argument that takes it back.
#[derive(Clone, Copy)]
pub(super) struct Reversible {
    pub(super) kind: &'static str,
    pub(super) keyword: &'static str,
}

pub(super) const RUN_PYTHON: Reversible = Reversible { kind: "RunPython", keyword: "reverse_code" };
pub(super) const RUN_SQL: Reversible = Reversible { kind: "RunSQL", keyword: "reverse_sql" };

impl Reversible {
    /// The operations of a migration that cannot be taken back.
    pub(super) fn missing<'f>(self, file: &'f File<'_>) -> impl Iterator<Item = Operation<'f>> {
        file.source.operations().into_iter().filter(move |operation| self.is_missing(operation))
    }

    /// Does going back over this operation surely fail?
    fn is_missing(self, operation: &Operation<'_>) -> bool {
        operation.position != Position::StateOnly
            && operation.django_kind() == Some(self.kind)
            && !operation.has_unpacking()
            && match operation.ancestry {
                None => self.is_absent(&operation.call.arguments),
                Some(ancestry) => self.missing_in_class(&ancestry.own, &operation.call.arguments),
            }
    }

    /// The operation by what it does, without what says nothing of going back.
    pub(super) fn text(self, operation: &Operation<'_>) -> String {
        let first = if self.kind == "RunSQL" { "sql" } else { "code" };
        if operation.ancestry.is_none() {
            let does = operation.argument(first, 0).map(unwrapped).unwrap_or_default();
            return format!("{}({does})", self.kind);
        }
        let mut call = operation.call.clone();
        let says = |name: Option<&str>| !matches!(name, Some("elidable" | "hints" | "atomic"));
        call.arguments.keywords =
            call.arguments.keywords.iter().filter(|k| says(k.arg.as_deref())).cloned().collect();
        unwrapped(&Expr::Call(call))
    }

    /// Neither the second argument nor the keyword, or a literal `None`.
    fn is_absent(self, arguments: &Arguments) -> bool {
        arguments.find_argument_value(self.keyword, 1).is_none_or(Expr::is_none_literal_expr)
    }

    /// Of a class of this repository: only a plain way up to Django's own `__init__` can be followed.
    fn missing_in_class<'a>(self, own: &'a [Definition], arguments: &Arguments) -> bool {
        let class = |d: &'a Definition| Some((&*d.module, d.module.class(&d.name)?));
        let classes: Vec<(&Module, &StmtClassDef)> = own.iter().filter_map(class).collect();
        if classes.len() != own.len() || classes.iter().any(|(module, class)| self.takes_care(module, class))
        {
            return false;
        }
        let init = |(module, class): &(&'a Module, &'a StmtClassDef)| {
            Some((*module, module.index().function_of(method(class, "__init__")?)?))
        };
        let inits: Vec<(&Module, &Function<'_>)> = classes.iter().filter_map(init).collect();
        match inits.as_slice() {
            [] => self.is_absent(arguments),
            [(module, init)] => super_init(module, init)
                .is_some_and(|call| self.missing_through(call, module, init, arguments)),
            _ => false,
        }
    }

    /// The class says itself how it goes back.
    fn takes_care(self, module: &Module, class: &StmtClassDef) -> bool {
        let overrides = ["reversible", "database_backwards", "__new__"];
        let index = module.index();
        let methods = class.body.iter().filter_map(|stmt| index.function_of(stmt.as_function_def_stmt()?));
        let mut statements = methods.flat_map(|method| &index.scope(method.body).statements);
        let sets_it = statements.any(|statement| {
            let Stmt::Assign(assign) = statement.node else { return false };
            let mut attributes = assign.targets.iter().filter_map(Expr::as_attribute_expr);
            attributes.any(|target| [self.keyword, "reversible"].contains(&target.attr.as_str()))
        });
        sets_it
            || overrides.iter().any(|name| method(class, name).is_some())
            || ["reversible", self.keyword, "__init__", "database_backwards"]
                .iter()
                .any(|name| module.attribute(class, name).is_some())
    }

    /// What `super().__init__(…)` is given for the reverse, when the class is called with `arguments`.
    fn missing_through(
        self,
        call: &ExprCall,
        module: &Module,
        init: &Function<'_>,
        arguments: &Arguments,
    ) -> bool {
        let parameters = &init.node.parameters;
        let unpacks = call.arguments.args.iter().any(Expr::is_starred_expr)
            || call.arguments.keywords.iter().any(|k| k.arg.is_none());
        let given = call.arguments.find_argument_value(self.keyword, 1);
        let Some(given) = given else { return !unpacks };
        if given.is_none_literal_expr() {
            return true;
        }
        let Some(name) = given.as_name_expr().map(|n| n.id.as_str()) else { return false };
        if module.index().assigned_in(init.body, name).is_some() {
            return false;
        }
        let positional = parameters.posonlyargs.iter().chain(&parameters.args);
        let mut all = positional.chain(&parameters.kwonlyargs).enumerate();
        let Some((index, parameter)) = all.find(|(_, p)| p.parameter.name.as_str() == name) else {
            return false;
        };
        let keyword_only = index >= parameters.posonlyargs.len() + parameters.args.len();
        // The first parameter is `self`.
        let by_position = index.checked_sub(1).filter(|_| !keyword_only);
        let passed = match by_position {
            Some(position) => arguments.find_argument_value(name, position),
            None => arguments.find_keyword(name).map(|k| &k.value),
        };
        passed.or(parameter.default.as_deref()).is_some_and(Expr::is_none_literal_expr)
    }
}

/// An expression however its strings are broken into lines.
fn unwrapped(expr: &Expr) -> String {
    struct Unwrap;
    impl Transformer for Unwrap {
        fn visit_expr(&self, expr: &mut Expr) {
            transformer::walk_expr(self, expr);
            if let Some(text) = string(expr) {
                let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
                *expr = literal(&text, expr.range());
            }
        }
    }
    let mut expr = expr.clone();
    Unwrap.visit_expr(&mut expr);
    normalised_expr(&expr)
}

fn method<'a>(class: &'a StmtClassDef, name: &str) -> Option<&'a ruff_python_ast::StmtFunctionDef> {
    class.body.iter().filter_map(Stmt::as_function_def_stmt).rfind(|f| f.name.as_str() == name)
}

/// The one `super().__init__(…)` or `Base.__init__(self, …)` of a body; the latter's arguments stand one further.
fn super_init<'a>(module: &'a Module, init: &Function<'_>) -> Option<&'a ExprCall> {
    let calls = module.index().calls_in(init.body).iter();
    let mut inits = calls.filter_map(|call| {
        let function = call.node.func.as_attribute_expr().filter(|f| f.attr.as_str() == "__init__")?;
        Some((call.node, function.value.is_call_expr()))
    });
    match (inits.next(), inits.next()) {
        (Some((call, true)), None) => Some(call),
        _ => None,
    }
}

/// The edit that puts `reverse` into the call: in place of a written `None`, else right behind the first argument
/// with the file's own spacing.
pub(super) fn insertion(operation: &Operation<'_>, keyword: &str, reverse: &str) -> Option<Edit> {
    if !operation.is_here() || operation.ancestry.is_some() {
        return None;
    }
    let (module, arguments) = (operation.module, &operation.call.arguments);
    if let Some(written) = arguments.find_argument_value(keyword, 1) {
        return Some(Edit { span: module.span(written), replacement: reverse.to_owned() });
    }
    let (first, by_keyword) = match (arguments.args.first(), arguments.keywords.first()) {
        (Some(first), _) => (first.range(), false),
        (None, Some(first)) => (first.range(), true),
        (None, None) => return None,
    };
    if arguments.args.first().is_some_and(|e| e.is_generator_expr() || e.is_named_expr()) {
        return None;
    }
    let at = behind(module, first, arguments.range().end())?;
    let prefix = if by_keyword { format!("{keyword}=") } else { String::new() };
    let separator = separator(module, first.start());
    let span = module.span(&TextRange::empty(at));
    Some(Edit { span, replacement: format!(",{separator}{prefix}{reverse}") })
}

/// The end of an argument with the parentheses around it.
fn behind(module: &Module, argument: TextRange, call_end: TextSize) -> Option<TextSize> {
    let text = module.text().as_str().get(argument.end().to_usize()..call_end.to_usize().checked_sub(1)?)?;
    let mut end = 0;
    let mut in_comment = false;
    for (offset, character) in text.char_indices() {
        match character {
            '\n' => in_comment = false,
            _ if in_comment => {}
            '#' => in_comment = true,
            ')' => end = offset + 1,
            ',' => break,
            _ => {}
        }
    }
    Some(argument.end() + TextSize::try_from(end).ok()?)
}

/// A line break and the argument's own indentation when it begins its line, else a blank.
fn separator(module: &Module, argument: TextSize) -> String {
    let text = module.text();
    let before = text.as_str().get(..argument.to_usize()).unwrap_or("");
    let line = before.rsplit('\n').next().unwrap_or("");
    if line.is_empty() || !line.chars().all(char::is_whitespace) {
        return " ".to_owned();
    }
    let newline = if before.ends_with(&format!("\r\n{line}")) { "\r\n" } else { "\n" };
    format!("{newline}{line}")
}

/// The call's callee as the file spells it: `migrations.RunPython`.
pub(super) fn spelling<'a>(operation: &Operation<'a>) -> &'a str {
    operation.module.source(&*operation.call.func)
}

/// One line of at most 60 characters that shows an argument.
pub(super) fn short(expr: &Expr) -> String {
    const LONGEST: usize = 60;
    let text = match expr {
        Expr::Lambda(_) => "lambda …".to_owned(),
        other => normalised_expr(other),
    };
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.chars().count() <= LONGEST {
        return text;
    }
    text.chars().take(LONGEST - 1).chain(['…']).collect()
}

/// Every operation of a squash that a replaced migration has too was copied by `squashmigrations`.
pub(super) fn is_copied(
    context: &Context<'_>,
    file: &File<'_>,
    operation: &Operation<'_>,
) -> Result<bool, NotLoaded> {
    use crate::project::migrations::migration::Dependency;
    let migration = file.source.migration();
    let replaced = migration.replaces.iter().filter_map(|replaced| match &replaced.dependency {
        Dependency::On(name) => Some(name),
        _ => None,
    });
    let replaced: Vec<_> = replaced.collect();
    if migration.replaces.is_empty() {
        return Ok(false);
    }
    let sides = [context.here, context.merge_base];
    let apps = NotLoaded::all(sides.iter().map(|side| side.apps()))?;
    // All originals are asked for at once: a squash may have a hundred.
    let originals = sides.iter().zip(&apps).flat_map(|(side, apps)| {
        replaced.iter().flat_map(move |name| {
            apps.labelled(&name.app, file.path)
                .into_iter()
                .map(move |app| side.migration(&format!("{}/{}.py", app.migrations, name.name)))
        })
    });
    let originals: Vec<_> = NotLoaded::all(originals)?.into_iter().flatten().collect();
    // What it replaces is gone: nothing says that somebody wrote this anew.
    let same = |original: &std::sync::Arc<crate::project::migrations::migration::Migration>| {
        original.operations().iter().any(|other| is_same(operation, other))
    };
    Ok(originals.is_empty() || originals.iter().any(same))
}

/// The same kind, and the first argument ends in the same name: a squash spells it `module.fill` or `fill`.
fn is_same(one: &Operation<'_>, other: &Operation<'_>) -> bool {
    let name = |operation: &Operation<'_>| {
        let first = operation.call.arguments.args.first().or(operation
            .call
            .arguments
            .keywords
            .first()
            .map(|k| &k.value))?;
        match first {
            Expr::Attribute(attribute) => Some(attribute.attr.to_string()),
            other => Some(normalised_expr(other)),
        }
    };
    one.kind() == other.kind() && name(one) == name(other)
}
