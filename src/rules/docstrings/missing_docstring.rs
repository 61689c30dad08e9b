use std::collections::BTreeSet;

use ruff_python_ast::{Expr, Identifier, Stmt};

use crate::model::catalogue;
use crate::model::finding::code;
use crate::project::django::overrides::is_override;
use crate::project::django::settings::is_settings;
use crate::rules::look;
use crate::rules::python::{PythonFile, Report};
use crate::rules::{Against, Look, Rule};
use crate::source::NotLoaded;
use crate::source::tree::file_name;
use crate::syntax::python::{Class, Docstring, Folded, Function, ScopeId, ScopeKind};

use super::size::Statements;

pub(super) static RULE: Rule = Rule {
    entry: &catalogue::DOC001,
    page: include_str!("missing_docstring.md"),
    against: Against::ChangedLines,
    looks: &[Look::Python(look::code, check)],
};

/// A body of so many statements says itself what it does.
const OBVIOUS: usize = 3;

fn check(file: &PythonFile<'_>, out: &mut Report<'_>) -> Result<(), NotLoaded> {
    if is_wiring(file.path) {
        return Ok(());
    }
    let (listed, statements) = (listed(file), Statements::of(file));
    let is_exported = |scope: ScopeId, name: &str| {
        !name.starts_with('_')
            && is_public(file, scope)
            && (scope != ScopeId::MODULE || listed.as_ref().is_none_or(|listed| listed.contains(name)))
    };
    let classes =
        file.index().classes().iter().filter(|class| is_exported(class.scope, class.node.name.as_str()));
    let classes: Vec<&Class<'_>> = classes.filter(|class| !is_declared(file, class)).collect();
    let functions = file.index().functions().iter();
    let functions = functions.filter(|function| is_exported(function.scope, function.node.name.as_str()));
    let functions: Vec<&Function<'_>> = functions.filter(|function| !is_prescribed(file, function)).collect();
    if Docstring::of(file.module.body()).is_none() && !(classes.is_empty() && functions.is_empty()) {
        module(file, out);
    }
    for class in classes.into_iter().filter(|class| lacks_words(&statements, &class.node.body)) {
        tell(&class.node.name, file.index().name_of(class.body), out);
    }
    for function in functions.into_iter().filter(|function| lacks_words(&statements, &function.node.body)) {
        tell(&function.node.name, file.index().name_of(function.body), out);
    }
    Ok(())
}

/// Files of a fixed shape: what they hold is said by their name.
fn is_wiring(path: &str) -> bool {
    const NAMES: [&str; 8] =
        ["apps.py", "urls.py", "admin.py", "asgi.py", "wsgi.py", "manage.py", "setup.py", "__init__.py"];
    NAMES.contains(&file_name(path)) || is_settings(path)
}

/// `__all__`, where it can be told.
fn listed(file: &PythonFile<'_>) -> Option<BTreeSet<String>> {
    match file.module.value_of("__all__") {
        value @ Folded::List { partial: false, .. } => {
            Some(value.strings().into_iter().map(str::to_owned).collect())
        }
        _ => None,
    }
}

/// Can others reach what stands in this scope: is it the module, or a class whose name and home are public?
fn is_public(file: &PythonFile<'_>, scope: ScopeId) -> bool {
    let mut next = Some(scope);
    while let Some(at) = next {
        let scope = file.index().scope(at);
        let name = scope.class.map(|id| file.index().class(id).node.name.as_str());
        match scope.kind {
            ScopeKind::Module => return true,
            ScopeKind::Class if name.is_some_and(|name| !name.starts_with('_')) => next = scope.parent,
            _ => return false,
        }
    }
    true
}

/// Lists of values and options, which are read like data.
fn is_declared(file: &PythonFile<'_>, class: &Class<'_>) -> bool {
    const OPTIONS: [&str; 4] = ["Meta", "Media", "Config", "Params"];
    const VALUES: [&str; 6] = ["TextChoices", "IntegerChoices", "Choices", "Enum", "StrEnum", "IntEnum"];
    let is_inner = file.index().scope(class.scope).kind == ScopeKind::Class;
    let is_list = class.node.bases().iter().any(|base| {
        file.module
            .qualified(base)
            .is_some_and(|name| VALUES.contains(&name.last()) || name.last() == "Protocol")
    });
    is_list || (is_inner && OPTIONS.contains(&class.node.name.as_str()))
}

/// A method that a framework calls by its name, the second half of a property, one of several signatures.
fn is_prescribed(file: &PythonFile<'_>, function: &Function<'_>) -> bool {
    const VERBS: [&str; 7] = ["get", "post", "put", "patch", "head", "trace", "render"];
    let name = function.node.name.as_str();
    let is_method = file.index().scope(function.scope).kind == ScopeKind::Class;
    let is_half = function.node.decorator_list.iter().any(|decorator| match &decorator.expression {
        Expr::Attribute(half) => matches!(half.attr.as_str(), "setter" | "deleter" | "overload"),
        Expr::Name(name) => matches!(name.id.as_str(), "overload" | "override"),
        _ => false,
    });
    is_half || (is_method && (is_override(name) || VERBS.contains(&name)))
}

/// Has it no docstring, and more than can be seen at a glance?
fn lacks_words(statements: &Statements, body: &[Stmt]) -> bool {
    body.len() > 1 && Docstring::of(body).is_none() && statements.in_body(body) > OBVIOUS
}

fn module(file: &PythonFile<'_>, out: &mut Report<'_>) {
    out.say_of_file(
        "no docstring",
        format!("{} does not say what it is for", code(file_name(file.path))),
        "Whoever looks for the right place opens it to find out.",
    )
    .advice()
    .fix("Begin it with one line in triple quotes.");
}

fn tell(name: &Identifier, path: String, out: &mut Report<'_>) {
    let headline = format!("{} has no docstring", code(&path));
    out.say(
        name,
        path,
        "no docstring",
        headline,
        "`help()`, editors and Sphinx have nothing to show for it.",
    )
    .fix("Say in one line what it is for, and each parameter as `:param name: …`.");
}
