use std::collections::HashSet;

use ruff_python_ast::{Expr, ExprCall, Stmt};
use ruff_text_size::{Ranged, TextRange, TextSize};

use crate::model::catalogue;
use crate::model::finding::{Severity, code};
use crate::project::django::views::{self, View, is_answer};
use crate::rules::look::code_with_others;
use crate::rules::python::{PythonFile, Report};
use crate::rules::{Against, Look, Reading, Rule};
use crate::source::NotLoaded;
use crate::syntax::python::{Binding, BindingKind, Module, ScopeId, walk_expr};

pub(super) static RULE: Rule = Rule {
    entry: &catalogue::VIW005,
    page: include_str!("exception_text_in_response.md"),
    against: Against::ChangedLines,
    looks: &[Look::Python(outside_admin, check)],
};

/// Functions that give an exception's text on.
const TEXT: [&str; 6] = ["str", "repr", "format", "dict", "list", "print"];
/// Exceptions whose text is made for whoever asked.
const FOR_PEOPLE: [&str; 3] = ["ValidationError", "Http404", "PermissionDenied"];
/// `if settings.DEBUG:` blocks of one file.
const MAX_GUARDS: usize = 200;

/// Who works in the admin may read what the server says.
fn outside_admin(path: &str) -> Reading {
    let is_admin = path.split('/').any(|part| part == "admin" || part.starts_with("admin_"));
    if is_admin { Reading::Not } else { code_with_others(path) }
}

/// What must not be told.
enum Leak<'a> {
    /// The exception, as `except … as` binds it.
    Exception(&'a Binding<'a>),
    /// A traceback, or settings that hold secrets.
    Inside(String),
}

fn check(file: &PythonFile<'_>, out: &mut Report<'_>) -> Result<(), NotLoaded> {
    let module = file.module;
    let views = views::of_module(file.project(), file.path, module)?;
    if views.is_empty() {
        return Ok(());
    }
    let guards = guards(module);
    let mut told = HashSet::new();
    let answers = file.index().calls().iter().filter(|call| is_told(module, call.node));
    let found = answers.map(|call| {
        let Some(view) = views::around(&views, module, call.node.start()) else { return Ok(()) };
        for (at, leak) in leaks(module, call.node, call.scope) {
            let is_guarded = guards.iter().any(|guard| guard.contains_range(at));
            if !is_guarded && !is_for_people(file, &leak)? && told.insert(at) {
                say(file, at, &leak, view, out);
            }
        }
        Ok(())
    });
    NotLoaded::all(found).map(drop)
}

fn say(file: &PythonFile<'_>, at: TextRange, leak: &Leak<'_>, view: &View<'_>, out: &mut Report<'_>) {
    let name = view.name();
    match leak {
        Leak::Exception(caught) => {
            let fault = file.module.source(&at);
            let headline = format!("{} sends the text of {} to the client", code(&name), code(fault));
            let consequence = "Exceptions name hosts, tables, paths and values; who asked can read them.";
            let what = caught.value.map_or("the exception", |value| file.module.source(value));
            out.say(&at, name, fault, headline, consequence).because_of(&caught.at).fix(format!(
                "Log it with `logger.exception(…)` and answer a sentence of your own for {}.",
                code(what)
            ));
        }
        Leak::Inside(what) => {
            let headline = format!("{} sends {} to the client", code(&name), code(what));
            let consequence = "Whoever gets the answer reads how the server is built, and with what keys.";
            out.say(&at, name, what.as_str(), headline, consequence)
                .severity(Severity::Error)
                .fix("Log it with `logger.exception(…)` and answer a plain sentence.");
        }
    }
}

/// Does a call answer, or leave a message for the next page?
fn is_told(module: &Module, call: &ExprCall) -> bool {
    module.qualified(&call.func).is_some_and(|name| is_answer(&name) || name.is_in("django.contrib.messages"))
}

/// Where the arguments of a call hold what must not be told, also through one name.
fn leaks<'a>(module: &'a Module, call: &'a ExprCall, scope: ScopeId) -> Vec<(TextRange, Leak<'a>)> {
    let mut found = Vec::new();
    let values =
        call.arguments.args.iter().chain(call.arguments.keywords.iter().map(|keyword| &keyword.value));
    for value in values {
        let mut excused = HashSet::new();
        walk_expr(value, &mut |expr| {
            excuse(module, expr, &mut excused);
            if let Some(leak) = inside(module, expr) {
                found.push((expr.range(), leak));
            }
            let Some(name) = expr.as_name_expr().filter(|name| !excused.contains(&name.start())) else {
                return;
            };
            let Some(binding) = module.index().bound_last(scope, name.id.as_str(), name.start()) else {
                return;
            };
            match binding.kind {
                BindingKind::Caught => found.push((name.range(), Leak::Exception(binding))),
                BindingKind::Assigned => {
                    let value = binding.value.and_then(|value| directly(module, value, scope));
                    found.extend(value.map(|leak| (name.range(), leak)));
                }
                _ => {}
            }
        });
    }
    found
}

/// The first leak of a value that is assigned.
fn directly<'a>(module: &'a Module, value: &'a Expr, scope: ScopeId) -> Option<Leak<'a>> {
    let (mut excused, mut found) = (HashSet::new(), None);
    walk_expr(value, &mut |expr| {
        excuse(module, expr, &mut excused);
        if found.is_none() {
            found = inside(module, expr);
        }
        let Some(name) = expr.as_name_expr().filter(|name| !excused.contains(&name.start())) else { return };
        let binding = module.index().bound_last(scope, name.id.as_str(), name.start());
        let caught = binding.filter(|binding| found.is_none() && binding.kind == BindingKind::Caught);
        found = caught.map(Leak::Exception).or(found.take());
    });
    found
}

/// A name stands for another thing than its text where an attribute of it is read, or a function takes it.
fn excuse(module: &Module, expr: &Expr, excused: &mut HashSet<TextSize>) {
    match expr {
        Expr::Attribute(attribute) if attribute.attr.as_str() != "args" => {
            excused.insert(attribute.value.start());
        }
        Expr::Call(call) => {
            let name = module.qualified(&call.func);
            let gives_text = match &*call.func {
                Expr::Attribute(method) => method.attr.as_str() == "format",
                _ => name.as_ref().is_some_and(|name| TEXT.iter().any(|text| *name == *text)),
            };
            let translates = name.is_some_and(|name| name.is_in("django.utils") || is_answer(&name));
            if !gives_text && !translates {
                let arguments = call.arguments.args.iter();
                excused.extend(
                    arguments.chain(call.arguments.keywords.iter().map(|k| &k.value)).map(Ranged::start),
                );
            }
        }
        Expr::Compare(compare) => {
            excused.extend(std::iter::once(&*compare.left).chain(&compare.comparators).map(Ranged::start));
        }
        _ => {}
    }
}

/// A traceback, or settings that hold secrets.
fn inside<'a>(module: &'a Module, expr: &'a Expr) -> Option<Leak<'a>> {
    let dotted = match expr {
        Expr::Call(call) => module.qualified(&call.func)?,
        Expr::Attribute(_) => module.qualified(expr)?,
        _ => return None,
    };
    let traces = ["traceback.format_exc", "traceback.format_exception", "sys.exc_info"];
    let is_trace = expr.is_call_expr() && traces.iter().any(|trace| dotted == *trace);
    let last = dotted.last();
    let is_secret = last == "SECRET_KEY" || last == "DATABASES" || last.ends_with("_PASSWORD");
    let is_setting = expr.is_attribute_expr() && is_secret && dotted.starts_with("django.conf.settings.");
    let is_connection = dotted == "django.db.connection.settings_dict";
    (is_trace || is_setting || is_connection).then(|| Leak::Inside(module.source(expr).to_owned()))
}

/// Is a caught exception one whose text is written for whoever asked: the repository's own, or a form's?
fn is_for_people(file: &PythonFile<'_>, leak: &Leak<'_>) -> Result<bool, NotLoaded> {
    let Leak::Exception(Binding { value: Some(caught), .. }) = leak else { return Ok(false) };
    let types: Vec<&Expr> = match caught {
        Expr::Tuple(tuple) => tuple.elts.iter().collect(),
        one => vec![one],
    };
    let found = types.iter().map(|one| {
        let Some(name) = file.module.qualified(one) else { return Ok(true) };
        let own = || Ok(file.project().definition(file.path, &name.to_string())?.is_some());
        if FOR_PEOPLE.contains(&name.last()) { Ok(true) } else { own() }
    });
    Ok(NotLoaded::all(found)?.into_iter().all(|is| is))
}

/// Where `if settings.DEBUG:` holds.
fn guards(module: &Module) -> Vec<TextRange> {
    let conditions = module.index().statements().filter_map(|(_, stmt)| match stmt {
        Stmt::If(choice) if module.source(&*choice.test).contains("DEBUG") => Some(choice.range()),
        _ => None,
    });
    conditions.take(MAX_GUARDS).collect()
}
