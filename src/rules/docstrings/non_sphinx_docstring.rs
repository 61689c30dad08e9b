use ruff_python_ast::Stmt;
use ruff_text_size::Ranged;

use crate::model::catalogue;
use crate::model::finding::code;
use crate::rules::look;
use crate::rules::python::{PythonFile, Report};
use crate::rules::{Against, Look, Rule};
use crate::source::NotLoaded;
use crate::syntax::python::{Docstring, Function, ScopeKind, Style};

use super::size::Statements;

pub(super) static RULE: Rule = Rule {
    entry: &catalogue::DOC002,
    page: include_str!("non_sphinx_docstring.md"),
    against: Against::ChangedLines,
    looks: &[Look::Python(look::code, check)],
};

/// Statements of a body that is read without its docstring.
const SHORT: usize = 5;

fn check(file: &PythonFile<'_>, out: &mut Report<'_>) -> Result<(), NotLoaded> {
    let statements = Statements::of(file);
    style(file, "module", file.module.body(), out);
    for class in file.index().classes() {
        style(file, &file.index().name_of(class.body), &class.node.body, out);
    }
    for function in file.index().functions() {
        let name = file.index().name_of(function.body);
        style(file, &name, &function.node.body, out);
        parameters(file, function, &name, &statements, out);
    }
    Ok(())
}

fn style(file: &PythonFile<'_>, name: &str, body: &[Stmt], out: &mut Report<'_>) {
    let Some(docstring) = Docstring::of(body) else { return };
    let Some(style) = docstring.foreign_style() else { return };
    if shows_an_api(file, name) {
        return;
    }
    let (called, instead) = match style {
        Style::Google => ("Google style", "`:param name:`, `:returns:` and `:raises Error:`"),
        Style::Numpy => ("NumPy style", "`:param name:`, `:returns:` and `:raises Error:`"),
        Style::Epytext => ("Epytext", "`:param name:` for `@param name:`"),
    };
    let of = if name == "module" { "this module".to_owned() } else { code(name) };
    out.say(
        &docstring,
        name,
        called,
        format!("The docstring of {of} is written in {called}"),
        "Sphinx prints it as one paragraph, and no parameter gets a line of its own.",
    )
    .fix(format!("Write {instead}."));
}

/// REST framework prints the docstrings of its views as Markdown.
fn shows_an_api(file: &PythonFile<'_>, name: &str) -> bool {
    let is_view =
        name.split('.').next().is_some_and(|class| class.ends_with("View") || class.ends_with("ViewSet"));
    is_view
        && file
            .module
            .imports()
            .any(|import| import.target.is_in("rest_framework") || import.target.is_in("drf_spectacular"))
}

/// Compares the parameters that a docstring tells of with those that there are.
fn parameters(
    file: &PythonFile<'_>,
    function: &Function<'_>,
    name: &str,
    statements: &Statements,
    out: &mut Report<'_>,
) {
    let node = function.node;
    let Some(docstring) = Docstring::of(&node.body) else { return };
    let told: Vec<&str> =
        docstring.fields().filter(|field| is_parameter(field.kind)).filter_map(|field| field.name).collect();
    if told.is_empty() {
        return;
    }
    let all: Vec<&str> = node.parameters.iter().map(|parameter| parameter.name().as_str()).collect();
    for strange in told.iter().filter(|told| is_name(told) && !all.contains(told)) {
        if node.parameters.kwarg.is_some() {
            break;
        }
        let left: Vec<&str> = all.iter().copied().filter(|own| !told.contains(own)).collect();
        let fix = match crate::model::nearest::nearest(strange, left) {
            Some(meant) => format!("Write {}.", code(&format!(":param {meant}:"))),
            None => "Delete the line, or give it the parameter's name of today.".to_owned(),
        };
        out.say(
            &docstring,
            name,
            format!(":param {strange}:"),
            format!("{} names no parameter of {}", code(&format!(":param {strange}:")), code(name)),
            "Who believes it gets `TypeError: … got an unexpected keyword argument`.",
        )
        .fix(fix);
    }
    let is_method = file.index().scope(function.scope).kind == ScopeKind::Class;
    let own = node.parameters.iter_non_variadic_params().map(|parameter| parameter.parameter.name.as_str());
    let own: Vec<&str> =
        own.skip(usize::from(is_method)).filter(|name| !name.starts_with('_') && *name != "self").collect();
    let left: Vec<&str> = own.iter().copied().filter(|name| !told.contains(name)).collect();
    let body = statements.in_body(node.body.get(1..).unwrap_or_default());
    if let Some(first) = left.first().filter(|_| own.len() > 1 && body > SHORT) {
        let shown: Vec<String> = left.iter().map(|name| code(name)).collect();
        out.say(
            &docstring,
            name,
            format!("without {}", left.join(",")),
            format!("The docstring of {} leaves out {}", code(name), shown.join(", ")),
            "The others are explained, so a reader takes the list for all there is.",
        )
        .because_of(&node.parameters.range())
        .advice()
        .fix(format!("Add {}.", code(&format!(":param {first}: …"))));
    }
}

fn is_parameter(kind: &str) -> bool {
    matches!(kind, "param" | "parameter" | "arg" | "argument" | "key" | "keyword" | "kwarg")
}

fn is_name(text: &str) -> bool {
    text.chars().all(|c| c.is_alphanumeric() || c == '_')
}
