//! How a data migration's function gets the historical model in place of a live one.

use ruff_python_ast::Stmt;
use ruff_text_size::Ranged;

use crate::model::finding::{Edit, Fix, FixSafety, Span, code};
use crate::syntax::python::{BindingKind, Function, Module};

use super::data_functions::DataFunction;
use super::live_model::{Live, Of, Use, What};

const NOT_THERE: &str = "methods and managers of the live class are not there.";

pub(super) fn fix(data: &DataFunction, function: &Function<'_>, used: &Use<'_>, live: &Live) -> Fix {
    let model = match (&live.what, &live.app) {
        (What::Fixture, _) => return Fix::text("Create the rows with models from `apps.get_model`."),
        (What::Model(class), Some(app)) => (app.as_str(), class.as_str()),
        _ => return Fix::text("Take the model from `apps.get_model` with its app and name."),
    };
    // Only of what `RunPython` calls itself is the first argument surely the registry.
    let first = function.node.parameters.iter_non_variadic_params().next();
    let given = first.map(|p| p.parameter.name.as_str()).filter(|name| data.is_given || *name == "apps");
    let call = format!("{}.get_model(\"{}\", \"{}\")", given.unwrap_or("apps"), model.0, model.1);
    if data.at.is_some() {
        let name = code(&format!("{}()", data.name));
        return Fix::text(format!("Let {name} take it by {}; {NOT_THERE}", code(&call)));
    }
    match &used.of {
        Of::Registry(asked) => {
            let edit = asked.registry.zip(given).filter(|_| is_inside(function, asked.call));
            let edit = edit.map(|(registry, given)| Edit {
                span: data.module.span(registry),
                replacement: given.to_owned(),
            });
            offered(format!("Take it from the argument: {}; {NOT_THERE}", code(&call)), edit)
        }
        _ => {
            let given = given.filter(|_| is_plain(model.0));
            instead_of_import(&data.module, function, &used.local, given, &call)
        }
    }
}

/// May it stand in a string of the edit?
fn is_plain(label: &str) -> bool {
    label.chars().all(|c| c.is_alphanumeric() || c == '_')
}

fn is_inside(function: &Function<'_>, node: &impl Ranged) -> bool {
    function.node.range().contains_range(node.range())
}

/// The historical model under the name that the function uses; of `models.Post` the last part, since an attribute of a
/// module is everybody's.
fn instead_of_import(
    module: &Module,
    function: &Function<'_>,
    local: &str,
    given: Option<&str>,
    call: &str,
) -> Fix {
    if let Some((_, last)) = local.rsplit_once('.') {
        let line = code(&format!("{last} = {call}"));
        return Fix::text(format!(
            "Begin the function with {line} and use {} in place of {}; {NOT_THERE}",
            code(last),
            code(local)
        ));
    }
    let line = format!("{local} = {call}");
    let text = format!("Begin the function with {}; {NOT_THERE}", code(&line));
    let edit = given.and_then(|_| match own_import(module, function, local) {
        Some(import) => {
            is_alone(import).then(|| Edit { span: module.span(import), replacement: line.clone() })
        }
        None => at_the_top(module, function, &line),
    });
    offered(text, edit)
}

fn offered(text: String, edit: Option<Edit>) -> Fix {
    match edit {
        Some(edit) => Fix { safety: FixSafety::Ask, text, edits: vec![edit] },
        None => Fix::text(text),
    }
}

/// The statement by which the function itself imports a name.
fn own_import<'a>(module: &'a Module, function: &Function<'a>, local: &str) -> Option<&'a Stmt> {
    let index = module.index();
    let mut own = index.bindings_in(function.body, local).iter();
    let import = own.find(|binding| binding.kind == BindingKind::Import)?;
    let statements = &index.scope(function.body).statements;
    statements.iter().map(|statement| statement.node).find(|stmt| stmt.range() == import.statement)
}

/// Does the statement import this one name and no other?
fn is_alone(import: &Stmt) -> bool {
    import.as_import_from_stmt().is_some_and(|import| import.names.len() == 1)
}

/// Before the first statement that is neither its docstring nor an import.
fn at_the_top(module: &Module, function: &Function<'_>, line: &str) -> Option<Edit> {
    let mut body = function.node.body.iter();
    let first = body.find(|stmt| {
        !stmt.as_expr_stmt().is_some_and(|s| s.value.is_string_literal_expr()) && !stmt.is_import_from_stmt()
    })?;
    let indent = module.indentation(first)?;
    let start = module.span(first).start;
    Some(Edit { span: Span { start, end: start }, replacement: format!("{line}\n{indent}") })
}
