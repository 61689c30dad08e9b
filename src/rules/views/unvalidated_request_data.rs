use ruff_python_ast::{Expr, ExprCall, Stmt};
use ruff_text_size::{Ranged, TextRange};

use crate::model::catalogue;
use crate::model::finding::{Severity, code};
use crate::project::django::managers::NamedModel;
use crate::project::django::views::{self, View};
use crate::rules::look::code_with_others;
use crate::rules::python::{PythonFile, Report};
use crate::rules::{Against, Look, Rule};
use crate::source::NotLoaded;
use crate::syntax::python::{BindingKind, Module, ScopeId, normalised_expr, string, walk_expr, walk_exprs};

pub(super) static RULE: Rule = Rule {
    entry: &catalogue::VIW002,
    page: include_str!("unvalidated_request_data.md"),
    against: Against::ChangedLines,
    looks: &[Look::Python(code_with_others, check)],
};

/// Methods of managers that write what they get, and those that look a row up by it.
const WRITES: [&str; 6] = ["create", "acreate", "get_or_create", "update_or_create", "update", "aupdate"];
const LOOKUPS: [&str; 4] = ["filter", "exclude", "get", "aget"];
/// What a request was sent.
const SENT: [&str; 2] = ["POST", "FILES"];
/// Methods of texts that check nothing.
const TEXT: [&str; 6] = ["strip", "lower", "upper", "title", "lstrip", "rstrip"];
const MAX_CHAIN: usize = 8;

fn check(file: &PythonFile<'_>, out: &mut Report<'_>) -> Result<(), NotLoaded> {
    let views = views::of_module(file.project(), file.path, file.module)?;
    let found = views.iter().filter(|view| !is_checked(file.module, view)).map(|view| look(file, view, out));
    NotLoaded::all(found).map(drop)
}

/// Does a form, a serializer or anything else get all that was sent, or the model check itself?
fn is_checked(module: &Module, view: &View<'_>) -> bool {
    let mut calls = module.index().calls_in(view.function.body).iter();
    calls.any(|call| {
        let arguments = &call.node.arguments;
        let mut values = arguments.args.iter().chain(arguments.keywords.iter().map(|keyword| &keyword.value));
        let checks = call.node.func.as_attribute_expr().map(|method| method.attr.as_str());
        values.any(|value| is_all(value) || is_body(value))
            || matches!(checks, Some("full_clean" | "clean_fields" | "is_valid"))
    })
}

fn look(file: &PythonFile<'_>, view: &View<'_>, out: &mut Report<'_>) -> Result<(), NotLoaded> {
    let module = file.module;
    let calls = module.index().calls_in(view.function.body).iter();
    let calls = calls.map(|call| {
        let keywords = call.node.arguments.keywords.iter().filter(|keyword| keyword.arg.is_some());
        let raw = keywords.filter_map(|keyword| raw(module, view, call.scope, &keyword.value));
        let raw: Vec<_> = raw.collect();
        let Some((into, severity)) = (if raw.is_empty() { None } else { sink(file, call.node)? }) else {
            return Ok(());
        };
        raw.into_iter().for_each(|raw| say(file, view, raw, &into, severity, out));
        Ok(())
    });
    NotLoaded::all(calls)?;
    let statements = module.index().scope(view.function.body).statements.iter();
    let assigned = statements.map(|statement| {
        let Stmt::Assign(assign) = statement.node else { return Ok(()) };
        let [Expr::Attribute(target)] = assign.targets.as_slice() else { return Ok(()) };
        let Some(raw) = raw(module, view, view.function.body, &assign.value) else { return Ok(()) };
        if let Some(model) = instance_of(file, view, &target.value)? {
            say(file, view, raw, &format!("{}.{}", model.name, target.attr), Severity::Error, out);
        }
        Ok(())
    });
    NotLoaded::all(assigned).map(drop)
}

fn say(
    file: &PythonFile<'_>,
    view: &View<'_>,
    raw: Raw<'_>,
    into: &str,
    severity: Severity,
    out: &mut Report<'_>,
) {
    let fault = normalised_expr(raw.read);
    let headline = format!("{} goes into {} unchecked", code(file.module.source(raw.read)), code(into));
    let consequence = match severity {
        Severity::Error => {
            "Whatever a client sends is stored, whether the field may hold it or not; what the database refuses is a server error (500)."
        }
        _ => "A value that the field cannot take (`abc` for a number) is a server error (500).",
    };
    let key =
        raw.key.map_or_else(|| "the value".to_owned(), |key| code(&format!("form.cleaned_data[\"{key}\"]")));
    out.say(&raw.at, view.name(), fault, headline, consequence)
        .severity(severity)
        .fix(format!("Read it through a form: {key} behind `form.is_valid()`."));
}

/// A value that a client sent, as it came.
struct Raw<'a> {
    /// Where it is used.
    at: TextRange,
    /// Where it is read: `request.POST["email"]`.
    read: &'a Expr,
    key: Option<&'a str>,
}

fn raw<'a>(module: &'a Module, view: &View<'a>, scope: ScopeId, value: &'a Expr) -> Option<Raw<'a>> {
    if let Some((read, key)) = read(value) {
        return Some(Raw { at: value.range(), read, key });
    }
    let name = value.as_name_expr()?;
    let binding = module.index().bound_last(scope, name.id.as_str(), name.start())?;
    let assigned = binding.value.filter(|_| binding.kind == BindingKind::Assigned)?;
    let (read, key) = read(assigned)?;
    let is_raw = !is_looked_at(view, name.id.as_str());
    is_raw.then_some(Raw { at: value.range(), read, key })
}

/// `request.POST["x"]`, `request.POST.get("x")`, also with `.strip()` or `or ""` behind it.
fn read(value: &Expr) -> Option<(&Expr, Option<&str>)> {
    let mut rest = value;
    for _ in 0..MAX_CHAIN {
        rest = match rest {
            Expr::BoolOp(either) => either.values.first()?,
            Expr::Subscript(subscript) if is_sent(&subscript.value) => {
                return Some((rest, string(&subscript.slice)));
            }
            Expr::Call(call) => {
                let method = call.func.as_attribute_expr()?;
                match method.attr.as_str() {
                    "get" | "getlist" if is_sent(&method.value) => {
                        return Some((rest, call.arguments.args.first().and_then(string)));
                    }
                    text if TEXT.contains(&text) => &method.value,
                    _ => return None,
                }
            }
            _ => return None,
        };
    }
    None
}

/// Does the body compare a name, or give it to a function, before or behind? Then it may be checked.
fn is_looked_at(view: &View<'_>, name: &str) -> bool {
    let is_it = |expr: &Expr| expr.as_name_expr().is_some_and(|own| own.id.as_str() == name);
    let mut found = false;
    walk_exprs(&view.function.node.body, &mut |expr| match expr {
        Expr::Compare(compare) => found |= is_it(&compare.left) || compare.comparators.iter().any(is_it),
        Expr::Call(call) => found |= call.arguments.args.iter().any(is_it),
        _ => {}
    });
    found
}

/// `request.POST or None`
fn is_all(value: &Expr) -> bool {
    match value {
        Expr::BoolOp(either) => either.values.iter().any(is_sent),
        other => is_sent(other),
    }
}

/// `request.POST`, `request.FILES`
fn is_sent(expr: &Expr) -> bool {
    of_request(expr).is_some_and(|name| SENT.contains(&name))
}

/// All that was sent, given on as it is.
fn is_body(expr: &Expr) -> bool {
    let mut is = false;
    walk_expr(expr, &mut |inner| is |= of_request(inner).is_some_and(|name| matches!(name, "data" | "body")));
    is
}

fn of_request(expr: &Expr) -> Option<&str> {
    let attribute = expr.as_attribute_expr()?;
    let is_request = match &*attribute.value {
        Expr::Name(name) => name.id.as_str() == "request",
        Expr::Attribute(own) => own.attr.as_str() == "request",
        _ => false,
    };
    is_request.then_some(attribute.attr.as_str())
}

/// What a call does with its keywords: `Post.objects.create`, and how bad it is.
fn sink(file: &PythonFile<'_>, call: &ExprCall) -> Result<Option<(String, Severity)>, NotLoaded> {
    let shown = file.module.source(&*call.func).to_owned();
    let method = call.func.as_attribute_expr().map(|method| method.attr.as_str()).unwrap_or_default();
    let severity = if WRITES.contains(&method) { Severity::Error } else { Severity::Warning };
    if WRITES.contains(&method) || LOOKUPS.contains(&method) {
        let model = file.project().on_manager(file.path, file.module, call)?;
        return Ok(model.map(|_| (shown, severity)));
    }
    let model = file.project().model_behind(file.path, file.module, &call.func)?;
    Ok(model.map(|_| (shown, Severity::Error)))
}

/// The model of which a name surely holds a row: of `get_object_or_404(Post, …)`, `Post.objects.get(…)` or `Post(…)`.
fn instance_of(
    file: &PythonFile<'_>,
    view: &View<'_>,
    owner: &Expr,
) -> Result<Option<NamedModel>, NotLoaded> {
    let Some(name) = owner.as_name_expr() else { return Ok(None) };
    let binding = file.index().bound_last(view.function.body, name.id.as_str(), name.start());
    let value = binding.filter(|binding| binding.kind == BindingKind::Assigned).and_then(|b| b.value);
    let Some(call) = value.and_then(Expr::as_call_expr) else { return Ok(None) };
    let (project, path, module) = (file.project(), file.path, file.module);
    let function = module.qualified(&call.func);
    let first = call.arguments.args.first();
    if let (true, Some(first)) = (function.is_some_and(|f| f == "django.shortcuts.get_object_or_404"), first)
    {
        return project.model_behind(path, module, first);
    }
    match call.func.as_attribute_expr().map(|method| method.attr.as_str()) {
        Some("get" | "create" | "first" | "last") => project.on_manager(path, module, call),
        _ => project.model_behind(path, module, &call.func),
    }
}
