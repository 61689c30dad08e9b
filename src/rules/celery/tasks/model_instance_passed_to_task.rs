use ruff_python_ast::Expr;

use crate::model::catalogue;
use crate::model::finding::code;
use crate::project::django::instances::{Instances, Known, Shape};
use crate::project::django::settings::Settings;
use crate::project::django::tasks;
use crate::rules::look::code_with_others;
use crate::rules::python::{PythonFile, Report};
use crate::rules::{Against, Look, Rule};
use crate::source::NotLoaded;
use crate::syntax::python::normalised_expr;

use super::dispatch::{self, Dispatch};

pub(in crate::rules::celery) static RULE: Rule = Rule {
    entry: &catalogue::CEL013,
    page: include_str!("model_instance_passed_to_task.md"),
    against: Against::ChangedLines,
    looks: &[Look::Python(code_with_others, check)],
};

fn check(file: &PythonFile<'_>, out: &mut Report<'_>) -> Result<(), NotLoaded> {
    let instances = Instances::new(file.project(), file.path, file.module);
    for dispatch in dispatch::all(file)? {
        for argument in &dispatch.arguments {
            if let Some(known) = instances.of(argument, dispatch.call.scope)? {
                say_of_call(file, &dispatch, argument, &known, out)?;
            }
        }
    }
    for task in tasks::of_module(file.project(), file.path, file.module)? {
        for parameter in task.function.node.parameters.iter().map(|any| any.as_parameter()) {
            let Some(annotation) = parameter.annotation.as_deref() else { continue };
            if let Some(known) = instances.annotated(annotation)? {
                say_of_parameter(file, task.name(), parameter.name.as_str(), annotation, &known, out)?;
            }
        }
    }
    Ok(())
}

fn say_of_call(
    file: &PythonFile<'_>,
    dispatch: &Dispatch<'_>,
    argument: &Expr,
    known: &Known,
    out: &mut Report<'_>,
) -> Result<(), NotLoaded> {
    let Some(what) = what(known) else { return Ok(()) };
    let written = one_line(file.module.source(argument));
    let (said, task) = (dispatch.said(file), dispatch.task_name(file));
    let subject = format!("{}.{task}", file.index().name_of(dispatch.call.scope));
    let headline = format!("{} is handed {}, {what}", code(&said), code(&written));
    let fix = match known.is_row() {
        true => format!(
            "Hand over {} and fetch the row in {}.",
            code(&format!("{}.pk", operand(argument, &written))),
            code(&task)
        ),
        false => format!("Hand over the keys, a list, and fetch the rows in {}.", code(&task)),
    };
    out.say(argument, subject, normalised_expr(argument), headline, consequence(file, known)?)
        .because_of(dispatch.call.node)
        .fix(fix);
    Ok(())
}

fn say_of_parameter(
    file: &PythonFile<'_>,
    task: &str,
    parameter: &str,
    annotation: &Expr,
    known: &Known,
    out: &mut Report<'_>,
) -> Result<(), NotLoaded> {
    let Some(what) = what(known) else { return Ok(()) };
    let headline = format!("Task {} takes {}, {what}", code(task), code(parameter));
    let fix = format!("Take {} and fetch the row in the task.", code(&format!("{parameter}_id: int")));
    let subject = format!("{task}.{parameter}");
    out.say(annotation, subject, normalised_expr(annotation), headline, consequence(file, known)?).fix(fix);
    Ok(())
}

/// `a whole Order`; nothing of what is no row and no rows.
fn what(known: &Known) -> Option<String> {
    let model = code(known.model.name());
    match known.shape {
        Shape::Row => Some(format!("a whole {model}")),
        Shape::Rows(_) => Some(format!("a query set of {model}")),
        Shape::List(_) => Some(format!("a list of whole {model}")),
        Shape::Manager(_) | Shape::Related(_) => Some(format!("a manager of {model}")),
        Shape::Pair => None,
    }
}

fn consequence(file: &PythonFile<'_>, known: &Known) -> Result<String, NotLoaded> {
    let pickles = file.project().fact::<Settings>(&())?.mention("pickle")
        || file.module.text().as_str().contains("pickle");
    let class = match known.shape {
        Shape::Rows(_) => "QuerySet",
        _ => known.model.name(),
    };
    Ok(match pickles {
        true => {
            "The worker gets the row as it was when the task was sent, and saves over what has changed since."
                .to_owned()
        }
        false => {
            let error = code(&format!("EncodeError: Object of type {class} is not JSON serializable"));
            format!(
                "The call raises {error}; an object that could be sent would be out of date when the task runs."
            )
        }
    })
}

/// As it can stand before `.pk`.
fn operand(argument: &Expr, written: &str) -> String {
    match argument {
        Expr::Name(_) | Expr::Attribute(_) | Expr::Call(_) | Expr::Subscript(_) => written.to_owned(),
        _ => format!("({written})"),
    }
}

fn one_line(source: &str) -> String {
    source.split_whitespace().collect::<Vec<_>>().join(" ")
}
