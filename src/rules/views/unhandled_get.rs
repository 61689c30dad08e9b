use ruff_python_ast::{Expr, ExprCall};
use ruff_text_size::{Ranged, TextRange, TextSize};

use crate::model::catalogue;
use crate::model::finding::{Edit, FixSafety, Severity, code};
use crate::project::django::managers::NamedModel;
use crate::project::django::routes::tree::Routes;
use crate::project::django::views::{self, View};
use crate::rules::look::code_with_others;
use crate::rules::python::{PythonFile, Report};
use crate::rules::{Against, Look, Rule};
use crate::source::NotLoaded;
use crate::syntax::python::{BlockKind, Call, Module, walk_expr};

use super::decorators::may_catch;

pub(super) static RULE: Rule = Rule {
    entry: &catalogue::VIW006,
    page: include_str!("unhandled_get.md"),
    against: Against::ChangedLines,
    looks: &[Look::Python(code_with_others, check)],
};

/// Exceptions that a missing row is one of.
const CAUGHT: [&str; 4] = ["ObjectDoesNotExist", "Exception", "BaseException", "DoesNotExist"];

fn check(file: &PythonFile<'_>, out: &mut Report<'_>) -> Result<(), NotLoaded> {
    let (index, module) = (file.index(), file.module);
    let views = views::of_module(file.project(), file.path, module)?;
    if views.is_empty() {
        return Ok(());
    }
    let open = index.calls_of("get").chain(index.calls_of("aget")).filter(|call| !is_handled(module, call));
    let found = open.map(|call| {
        let Some(view) = view_of(&views, module, call) else { return Ok(()) };
        if is_sure(module, call, view) || may_catch(file.project(), file.path, view)? {
            return Ok(());
        }
        match file.project().on_manager(file.path, module, call.node)? {
            Some(model) => say(file, call.node, view, &model, out),
            None => Ok(()),
        }
    });
    NotLoaded::all(found).map(drop)
}

fn say(
    file: &PythonFile<'_>,
    call: &ExprCall,
    view: &View<'_>,
    model: &NamedModel,
    out: &mut Report<'_>,
) -> Result<(), NotLoaded> {
    let from_url = has_key_from_url(file, call, view)?;
    let Some(method) = call.func.as_attribute_expr() else { return Ok(()) };
    let rows = file.module.source(&*method.value);
    let shown = format!("{}.{}(…)", one_line(rows), method.attr);
    let headline = format!("{} in {} does not handle a missing row", code(&shown), code(&view.name()));
    let consequence = format!(
        "Where no row matches, {} makes the answer a server error (500).",
        code(&format!("{}.DoesNotExist", model.name))
    );
    let said = out
        .say(&method.attr, view.name(), format!("{rows}.{}", method.attr), headline, consequence)
        .because_of(call);
    // `Site.objects.get()` asks for the only row.
    let is_chosen = call.arguments.is_empty() && method.value.is_call_expr();
    let is_constant = !is_chosen && values(call).all(|value| is_constant(file.module, value));
    let said = match (from_url, is_constant) {
        (true, _) => said.severity(Severity::Error),
        (_, true) => said.advice(),
        _ => said,
    };
    let function = if method.attr.as_str() == "aget" { "aget_object_or_404" } else { "get_object_or_404" };
    let (safety, text) = match from_url {
        true => (FixSafety::Safe, format!("{} answers 404.", code(function))),
        false => (
            FixSafety::Ask,
            format!("Right if a missing row means a wrong address; {} answers 404.", code(function)),
        ),
    };
    said.edit(safety, text, edits(file, call, function));
    Ok(())
}

/// `get_object_or_404(Post, …)` with its import.
fn edits(file: &PythonFile<'_>, call: &ExprCall, function: &str) -> Vec<Edit> {
    let Some(method) = call.func.as_attribute_expr() else { return Vec::new() };
    let rows = match &*method.value {
        Expr::Attribute(manager) if manager.attr.as_str() == "objects" => &manager.value,
        other => other,
    };
    let known = file.module.imported_as("django.shortcuts", function);
    let comma = if call.arguments.is_empty() { "" } else { ", " };
    let begin =
        format!("{}({}{comma}", known.as_deref().unwrap_or(function), one_line(file.module.source(rows)));
    let opening = TextRange::new(call.start(), call.arguments.start() + TextSize::of('('));
    let mut edits = vec![file.replace(&opening, begin)];
    if known.is_none() {
        edits.insert(0, file.module.new_import(&format!("from django.shortcuts import {function}")));
    }
    edits
}

/// The view that a call stands in, or that alone calls the function that it stands in.
fn view_of<'v, 'a>(views: &'v [View<'a>], module: &Module, call: &Call<'_>) -> Option<&'v View<'a>> {
    if let Some(view) = views::around(views, module, call.node.start()) {
        return Some(view);
    }
    let index = module.index();
    let helper = index.function(index.function_at(call.node.start())?);
    let name = helper.node.name.as_str();
    if !name.starts_with('_') || !helper.node.decorator_list.is_empty() {
        return None;
    }
    let mut callers = index.calls_of(name);
    let first = callers.next().filter(|call| !is_handled(module, call))?;
    if callers.next().is_some() {
        return None;
    }
    views::around(views, module, first.node.start())
}

/// Does a `try` or `suppress` around a call take a missing row?
fn is_handled(module: &Module, call: &Call<'_>) -> bool {
    module.index().blocks_around(call).any(|block| match block {
        BlockKind::Try(guard) => guard.is_bare() || guard.caught().any(|caught| catches(module, caught)),
        BlockKind::With(with) => {
            let managers = with.items.iter().filter_map(|item| item.context_expr.as_call_expr());
            let is_suppress = |call: &&ExprCall| {
                module.qualified(&call.func).is_some_and(|name| name == "contextlib.suppress")
            };
            managers
                .filter(is_suppress)
                .any(|call| call.arguments.args.iter().any(|caught| catches(module, caught)))
        }
        BlockKind::Loop(_) => false,
    })
}

/// What is named by no class may be a tuple of anything.
fn catches(module: &Module, caught: &Expr) -> bool {
    let Some(name) = module.qualified(caught) else { return true };
    let last = name.last();
    CAUGHT.contains(&last) || last.ends_with("DoesNotExist") || !last.chars().any(char::is_lowercase)
}

/// Is the row surely there: one that is at hand is read again, its form has looked it up, or the view asked before?
fn is_sure(module: &Module, call: &Call<'_>, view: &View<'_>) -> bool {
    let is_at_hand = |value: &Expr| match value {
        Expr::Attribute(attribute) => {
            matches!(attribute.attr.as_str(), "pk" | "id") && !attribute.value.is_call_expr()
        }
        other => {
            module.source(other).contains("cleaned_data") || module.source(other).contains("validated_data")
        }
    };
    let keys = call.node.arguments.keywords.iter();
    let mut keys = keys.filter(|keyword| matches!(keyword.arg.as_deref(), Some("pk" | "id")));
    if keys.any(|keyword| is_at_hand(&keyword.value)) {
        return true;
    }
    if values(call.node).any(|value| !value.is_attribute_expr() && is_at_hand(value)) {
        return true;
    }
    let arguments = module.source(&call.node.arguments);
    let calls = module.index().calls_in(view.function.body).iter().take(MAX_CALLS);
    let methods = calls.filter_map(|other| Some((other.node, other.node.func.as_attribute_expr()?)));
    let asked = methods.filter(|(_, method)| method.attr.as_str() == "exists");
    asked.into_iter().any(|(_, method)| module.source(&*method.value).ends_with(arguments))
}

/// Calls of a view that are looked through for a question before the `get`.
const MAX_CALLS: usize = 500;

/// Does an argument hold what the route gives to a view that some route leads to?
fn has_key_from_url(file: &PythonFile<'_>, call: &ExprCall, view: &View<'_>) -> Result<bool, NotLoaded> {
    let parameters = view.parameters();
    let mut holds = false;
    for value in values(call) {
        walk_expr(value, &mut |expr| {
            holds |= expr.as_name_expr().is_some_and(|name| parameters.contains(&name.id.as_str()));
        });
    }
    let is_inside = view.function.node.range().contains_range(call.range());
    if !holds || !is_inside {
        return Ok(false);
    }
    let name = view.class.map_or(&view.function.node.name, |class| &class.node.name);
    let routes = file.project().fact::<Routes>(&())?;
    Ok(routes.to(file.path, name.as_str()).next().is_some())
}

fn values(call: &ExprCall) -> impl Iterator<Item = &Expr> {
    call.arguments.args.iter().chain(call.arguments.keywords.iter().map(|keyword| &keyword.value))
}

/// A literal, a setting, a constant or a member of an enumeration: what the project's own data are known by.
fn is_constant(module: &Module, value: &Expr) -> bool {
    match value {
        Expr::StringLiteral(_) | Expr::NumberLiteral(_) | Expr::BooleanLiteral(_) => true,
        _ => module
            .qualified(value)
            .is_some_and(|name| name.last().chars().all(|c| c.is_uppercase() || c.is_numeric() || c == '_')),
    }
}

/// A chain over several lines as one.
fn one_line(source: &str) -> String {
    source.split_whitespace().collect::<Vec<_>>().join(" ").replace(" .", ".")
}
