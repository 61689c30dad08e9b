use ruff_python_ast::{ParameterWithDefault, Stmt};
use ruff_text_size::{Ranged, TextRange};

use crate::model::catalogue;
use crate::model::finding::{Edit, FixSafety, code};
use crate::project::django::overrides::is_override;
use crate::rules::look;
use crate::rules::python::{PythonFile, Report};
use crate::rules::{Against, Look, Rule};
use crate::source::NotLoaded;
use crate::syntax::python::{Function, ScopeKind};

pub(super) static RULE: Rule = Rule {
    entry: &catalogue::STY002,
    page: include_str!("missing_parameter_type_hint.md"),
    against: Against::ChangedLines,
    looks: &[Look::Python(look::code, check)],
};

/// Lines of a function inside another that need no more than a glance.
const SHORT: u32 = 3;

fn check(file: &PythonFile<'_>, out: &mut Report<'_>) -> Result<(), NotLoaded> {
    for function in file.index().functions().iter().filter(|function| !is_prescribed(file, function)) {
        let bare = bare(file, function);
        let Some(first) = bare.first() else { continue };
        let node = function.node;
        let names: Vec<&str> = bare.iter().map(|parameter| parameter.parameter.name.as_str()).collect();
        let headline = match names.as_slice() {
            [only] => format!("{} has no type hint", code(&format!("{}({only})", node.name))),
            _ => {
                let shown: Vec<String> = names.iter().map(|name| code(name)).collect();
                format!(
                    "{} has parameters without type hints: {}",
                    code(node.name.as_str()),
                    shown.join(", ")
                )
            }
        };
        let said = out
            .say(
                &node.name,
                file.index().name_of(function.body),
                names.join(","),
                headline,
                "Who calls it with something else learns it when the line runs, not from an editor or a checker.",
            )
            .because_of(&TextRange::new(node.name.start(), node.parameters.end()));
        let is_glance =
            file.index().scope(function.scope).function.is_some() && lines_of_body(file, &node.body) < SHORT;
        let said = if is_glance { said.advice() } else { said };
        match request(file, &bare) {
            Some(edits) => {
                said.edit(
                    FixSafety::Ask,
                    "Right if no middleware or framework passes a request of its own class.",
                    edits,
                );
            }
            None => {
                said.fix(format!(
                    "Say what it takes, as in {}.",
                    code(&format!("{}: str", first.parameter.name))
                ));
            }
        }
    }
    Ok(())
}

fn lines_of_body(file: &PythonFile<'_>, body: &[Stmt]) -> u32 {
    let line = |at: Option<u32>| at.unwrap_or(0);
    line(body.last().map(|last| file.module.span(last).end.line)) + 1
        - line(body.first().map(|first| file.module.span(first).start.line))
}

/// Does somebody else choose what the function takes?
fn is_prescribed(file: &PythonFile<'_>, function: &Function<'_>) -> bool {
    let node = function.node;
    let first = node.parameters.iter_non_variadic_params().next().map(|own| own.parameter.name.as_str());
    let is_called_by_django =
        matches!(first, Some("sender" | "modeladmin")) || node.parameters.find("schema_editor").is_some();
    let is_decorated = node.decorator_list.iter().any(|decorator| {
        let called = decorator.expression.as_call_expr().map_or(&decorator.expression, |call| &call.func);
        let name = file.module.qualified(called);
        name.is_some_and(|name| {
            name == "django.dispatch.receiver"
                || name == "django.dispatch.dispatcher.receiver"
                || name.last() == "overload"
        })
    });
    let is_method = file.index().scope(function.scope).kind == ScopeKind::Class;
    is_called_by_django
        || is_decorated
        || (is_method && is_override(node.name.as_str()))
        || has_type_comment(file, function)
}

/// `# type: (str) -> int`, as Python 2 had it.
fn has_type_comment(file: &PythonFile<'_>, function: &Function<'_>) -> bool {
    let Some(first) = function.node.body.first() else { return false };
    let lines = file.module.span(&function.node.name).start.line..=file.module.span(first).start.line;
    file.index().comments_on(lines).iter().any(|comment| comment.text.starts_with("# type:"))
}

/// The parameters without a hint.
fn bare<'a>(file: &PythonFile<'_>, function: &Function<'a>) -> Vec<&'a ParameterWithDefault> {
    let is_method = file.index().scope(function.scope).kind == ScopeKind::Class;
    let is_static = function.node.decorator_list.iter().any(|decorator| {
        decorator.expression.as_name_expr().is_some_and(|name| name.id.as_str() == "staticmethod")
    });
    let own = function.node.parameters.iter_non_variadic_params().enumerate();
    let bare = own.filter(|(at, parameter)| {
        let name = parameter.parameter.name.as_str();
        let is_receiver = *at == 0 && ((is_method && !is_static) || matches!(name, "self" | "cls" | "mcs"));
        !is_receiver && !name.starts_with('_') && parameter.parameter.annotation.is_none()
    });
    bare.map(|(_, parameter)| parameter).collect()
}

/// `request: HttpRequest` with its import, where that is all that is missing.
fn request(file: &PythonFile<'_>, bare: &[&ParameterWithDefault]) -> Option<Vec<Edit>> {
    let [only] = bare else { return None };
    let has_other_requests = file.module.imports().any(|import| {
        let of = &import.target;
        of.is_in("rest_framework") || of.is_in("ninja") || of.is_in("requests") || of.is_in("fastapi")
    });
    if only.parameter.name.as_str() != "request" || only.default.is_some() || has_other_requests {
        return None;
    }
    let known = file.module.imported_as("django.http", "HttpRequest");
    let hint = format!(": {}", known.as_deref().unwrap_or("HttpRequest"));
    let import = known.is_none().then(|| file.module.new_import("from django.http import HttpRequest"));
    Some(std::iter::once(file.insert(only.parameter.name.end(), hint)).chain(import).collect())
}
