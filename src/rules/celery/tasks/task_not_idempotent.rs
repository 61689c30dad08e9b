use ruff_python_ast::Expr;
use ruff_text_size::Ranged;

use crate::model::catalogue;
use crate::model::finding::code;
use crate::project::django::instances::{Instances, Shape};
use crate::project::django::tasks::{self, Task};
use crate::rules::look::code_with_others;
use crate::rules::python::{PythonFile, Report};
use crate::rules::{Against, Look, Rule};
use crate::source::NotLoaded;
use crate::syntax::python::Call;

pub(in crate::rules::celery) static RULE: Rule = Rule {
    entry: &catalogue::CEL014,
    page: include_str!("task_not_idempotent.md"),
    against: Against::ChangedLines,
    looks: &[Look::Python(code_with_others, check)],
};

/// Calls that find out whether the work is done already.
const GUARDS: [&str; 8] =
    ["exists", "get_or_create", "update_or_create", "select_for_update", "add", "lock", "first", "count"];
/// Calls of one task that are weighed against each other.
const MAX_CALLS: usize = 300;
/// Models of which two rows are right when something happened twice.
const DIARIES: [&str; 6] = ["Log", "Audit", "Event", "History", "Attempt", "Record"];

fn check(file: &PythonFile<'_>, out: &mut Report<'_>) -> Result<(), NotLoaded> {
    let instances = Instances::new(file.project(), file.path, file.module);
    for task in tasks::of_module(file.project(), file.path, file.module)? {
        let calls = file.index().calls_in(task.function.body);
        let Some(again) = again(file, &task).filter(|_| calls.len() <= MAX_CALLS) else { continue };
        for call in calls.iter().filter(|call| !is_guarded(file, &task, calls, call)) {
            let is_late =
                again == Again::Late || calls.iter().any(|other| other.node.start() > call.node.end());
            let Some(model) = made(&instances, call)?.filter(|_| is_late) else { continue };
            let written = code(&format!("{model}.objects.create()"));
            let headline =
                format!("Task {} may run twice, and {written} makes a second row", code(task.name()));
            let consequence = match again {
                Again::Late => {
                    "With `acks_late` a worker that dies before the end leaves the task in the queue for the next one."
                }
                Again::Retried => "What fails behind it has the task retried from its first line.",
            };
            out.say(call.node, task.name(), format!("{model}.create"), headline, consequence)
                .because_of(task.function.node)
                .fix("Use `get_or_create()` or `update_or_create()` with what tells the rows apart.");
        }
    }
    Ok(())
}

/// Why a task may run a second time.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Again {
    Late,
    Retried,
}

fn again(file: &PythonFile<'_>, task: &Task<'_>) -> Option<Again> {
    let is_late =
        task.option("acks_late").and_then(Expr::as_boolean_literal_expr).is_some_and(|late| late.value);
    if is_late {
        return Some(Again::Late);
    }
    let mut calls = file.index().calls_in(task.function.body).iter();
    let retries = calls
        .any(|call| call.node.func.as_attribute_expr().is_some_and(|method| method.attr.as_str() == "retry"));
    (retries || task.option("autoretry_for").is_some()).then_some(Again::Retried)
}

/// The model of which a call surely makes a row each time.
fn made<'a>(instances: &Instances<'a>, call: &Call<'a>) -> Result<Option<String>, NotLoaded> {
    let Some(method) = call.node.func.as_attribute_expr().filter(|method| method.attr.as_str() == "create")
    else {
        return Ok(None);
    };
    let known = instances.of(&method.value, call.scope)?;
    let name = known
        .filter(|known| matches!(known.shape, Shape::Manager(_) | Shape::Rows(_)))
        .map(|known| known.model.name().to_owned());
    Ok(name.filter(|name| !DIARIES.iter().any(|diary| name.contains(diary))))
}

/// Does something before it look whether the work is done: a guard, or any `if` or `try` around it?
fn is_guarded(file: &PythonFile<'_>, task: &Task<'_>, calls: &[Call<'_>], call: &Call<'_>) -> bool {
    let looks = calls.iter().filter(|other| other.node.start() < call.node.start()).any(|other| {
        other.node.func.as_attribute_expr().is_some_and(|method| GUARDS.contains(&method.attr.as_str()))
    });
    let index = file.index();
    let is_direct =
        index.statement_in(task.function.body, call.statement).is_some_and(|statement| statement.is_direct);
    let branches = index
        .scope(task.function.body)
        .statements
        .iter()
        .any(|statement| statement.node.is_if_stmt() && statement.node.start() < call.node.start());
    looks || !is_direct || branches
}
