use ruff_python_ast::{Expr, ExprCall};
use ruff_text_size::Ranged;

use crate::model::catalogue;
use crate::model::finding::{Edit, FixSafety, Severity, code};
use crate::project::django::settings::is_settings;
use crate::project::django::tasks;
use crate::project::python::role::is_command;
use crate::rules::look::code_with_others;
use crate::rules::python::{PythonFile, Report};
use crate::rules::{Against, Look, Rule};
use crate::source::NotLoaded;
use crate::source::tree::file_name;
use crate::syntax::python::{BlockKind, Call, assignment, normalised_expr};

use super::dispatch::{self, Dispatch};
use super::transactions::{self, Within};

pub(in crate::rules::celery) static RULE: Rule = Rule {
    entry: &catalogue::CEL015,
    page: include_str!("task_result_assumed_immediate.md"),
    against: Against::ChangedLines,
    looks: &[Look::Python(code_with_others, check)],
};

/// Calls of one file that may wait for a task: more are not gone through.
const MAX_WAITS: usize = 500;

const EAGER: [&str; 3] = ["CELERY_TASK_ALWAYS_EAGER", "CELERY_ALWAYS_EAGER", "task_always_eager"];

fn check(file: &PythonFile<'_>, out: &mut Report<'_>) -> Result<(), NotLoaded> {
    let mut dispatches = dispatch::all(file)?;
    dispatches.retain(|dispatch| {
        let is_call = dispatch
            .call
            .node
            .func
            .as_attribute_expr()
            .is_some_and(|method| method.attr.as_str() == dispatch.method);
        is_call && matches!(dispatch.method, "delay" | "apply_async")
    });
    for dispatch in &dispatches {
        say_of_transaction(file, dispatch, out);
        say_of_refresh(file, dispatch, out);
    }
    if !is_command(file.path) {
        say_of_waits(file, &dispatches, out)?;
    }
    say_of_eager(file, out);
    Ok(())
}

/// Sent before the rows that it works with are there for others.
fn say_of_transaction(file: &PythonFile<'_>, dispatch: &Dispatch<'_>, out: &mut Report<'_>) {
    let Some(within) = transactions::around(file.module, dispatch.call) else { return };
    let (said, task) = (dispatch.said(file), dispatch.task_name(file));
    let (cause, is_sure) = match within {
        Within::Atomic(cause) => (cause, true),
        Within::PostSave(cause) => (cause, false),
    };
    let keywords = &dispatch.call.node.arguments;
    let waits = ["countdown", "eta"].iter().any(|name| keywords.find_keyword(name).is_some());
    let headline = match is_sure {
        true => format!("{} is called inside a transaction", code(&format!("{said}()"))),
        false => format!(
            "{} is called on `post_save`, where a transaction may be open",
            code(&format!("{said}()"))
        ),
    };
    let consequence = match waits {
        true => "When the transaction is rolled back, the task runs nevertheless.",
        false => {
            "A worker may begin before the commit and not find the rows, and after a rollback the task runs nevertheless."
        }
    };
    let subject = format!("{}.{task}", file.index().name_of(dispatch.call.scope));
    let severity = if is_sure && !waits { Severity::Error } else { Severity::Warning };
    let remark = out
        .say(dispatch.call.node, subject, format!("{said} in transaction"), headline, consequence)
        .severity(severity)
        .because_of(&cause);
    match on_commit(file, dispatch) {
        Some(edit) => remark.edit(
            FixSafety::Ask,
            "Right if nothing before the commit needs the task to be on its way.",
            vec![edit],
        ),
        None => remark.fix(format!("Write {}.", code(&format!("transaction.on_commit(partial({said}, …))")))),
    };
}

/// `transaction.on_commit(partial(push.delay, order.pk))`, where the file has both names and nobody reads the result.
fn on_commit(file: &PythonFile<'_>, dispatch: &Dispatch<'_>) -> Option<Edit> {
    let node = dispatch.call.node;
    let imports = |local: &str, target: &str| {
        file.index().import_of(local).is_some_and(|import| import.target == target)
    };
    let partial = match (imports("partial", "functools.partial"), imports("functools", "functools")) {
        (true, _) => "partial",
        (_, true) => "functools.partial",
        _ => return None,
    };
    if dispatch.call.statement != node.range() || !imports("transaction", "django.db.transaction") {
        return None;
    }
    let callee = file.module.source(&*node.func);
    let inside = file.module.source(&node.arguments);
    let inside = inside.strip_prefix('(')?.strip_suffix(')')?;
    let wrapped = match inside.trim().is_empty() {
        true => callee.to_owned(),
        false if inside.starts_with(char::is_whitespace) => format!("{partial}({callee},{inside})"),
        false => format!("{partial}({callee}, {inside})"),
    };
    Some(file.replace(node, format!("transaction.on_commit({wrapped})")))
}

/// `push.delay(order.pk)`, and then `order.refresh_from_db()` in the same function.
fn say_of_refresh(file: &PythonFile<'_>, dispatch: &Dispatch<'_>, out: &mut Report<'_>) {
    let rows = dispatch.arguments.iter().filter_map(|argument| {
        let key = argument.as_attribute_expr().filter(|key| matches!(key.attr.as_str(), "pk" | "id"))?;
        key.value.as_name_expr()
    });
    let rows: Vec<&str> = rows.map(|name| name.id.as_str()).collect();
    let refreshed = file.index().calls_of("refresh_from_db").take(MAX_WAITS).find(|call| {
        let row = call.node.func.as_attribute_expr().and_then(|method| method.value.as_name_expr());
        call.scope == dispatch.call.scope
            && call.node.start() > dispatch.call.node.end()
            && row.is_some_and(|row| rows.contains(&row.id.as_str()))
    });
    let Some(refreshed) = refreshed else { return };
    let task = dispatch.task_name(file);
    let written = file.module.source(refreshed.node);
    let headline =
        format!("{} is read right after {}", code(written), code(&format!("{}()", dispatch.said(file))));
    let consequence = "The task has hardly begun by then: the row is the old one, and in tests, where tasks run at once, it is not.";
    let subject = format!("{}.{task}", file.index().name_of(dispatch.call.scope));
    out.say(refreshed.node, subject, "refresh_from_db", headline, consequence)
        .because_of(&dispatch.call.node.range())
        .fix("Let the task do what follows, or let the client ask again.");
}

/// `push.delay(…).get()` and `AsyncResult(…).get()`: whoever waits needs a second worker that is free.
fn say_of_waits(
    file: &PythonFile<'_>,
    dispatches: &[Dispatch<'_>],
    out: &mut Report<'_>,
) -> Result<(), NotLoaded> {
    let waits: Vec<&Call<'_>> = ["get", "wait", "join"]
        .into_iter()
        .flat_map(|name| file.index().calls_of(name))
        .take(MAX_WAITS)
        .collect();
    let waits: Vec<(&Call<'_>, &ExprCall)> =
        waits.into_iter().filter_map(|call| Some((call, result_of(file, call)?))).collect();
    if waits.is_empty() {
        return Ok(());
    }
    let tasks = tasks::of_module(file.project(), file.path, file.module)?;
    for (call, made) in waits {
        let is_result =
            file.module.qualified(&made.func).is_some_and(|name| name == "celery.result.AsyncResult");
        let sent = dispatches.iter().find(|dispatch| std::ptr::eq(dispatch.call.node, made));
        if !is_result && sent.is_none() || is_allowed(file, call) {
            continue;
        }
        let task = tasks.iter().find(|task| task.function.node.range().contains_range(call.node.range()));
        let written = file.module.source(&*call.node.func).split_whitespace().collect::<String>();
        let what = sent.map_or_else(|| "a task's result".to_owned(), |sent| code(&sent.task_name(file)));
        let headline = format!("{} waits for {what}", code(&format!("{written}()")));
        let consequence = match task {
            Some(_) => "In a task it raises `RuntimeError: Never call result.get() within a task!`.",
            None => {
                "The process that answers requests stands still until a worker is free and done, for ever when none is."
            }
        };
        let fix = match task {
            Some(_) => "Chain the tasks instead: `chain(first.s(…), second.s())`.",
            None => {
                "Answer with the task's id and let the client ask for the result, or call the function itself."
            }
        };
        let subject = file.index().name_of(call.scope);
        out.say(call.node, subject, normalised_expr(&call.node.func), headline, consequence).fix(fix);
    }
    Ok(())
}

/// What made the result that a call waits for.
fn result_of<'a>(file: &PythonFile<'a>, call: &Call<'a>) -> Option<&'a ExprCall> {
    let method = call.node.func.as_attribute_expr()?;
    // A dictionary's `get` has a key.
    if call.node.arguments.args.first().is_some_and(Expr::is_string_literal_expr) {
        return None;
    }
    let made = match &*method.value {
        Expr::Name(name) => file.index().held_once(name)?,
        other => other,
    };
    made.as_call_expr()
}

/// Celery's own ways to allow it.
fn is_allowed(file: &PythonFile<'_>, call: &Call<'_>) -> bool {
    let within = file.index().blocks_around(call).any(|block| match block {
        BlockKind::With(with) => {
            with.items.iter().any(|item| file.module.source(&item.context_expr).contains("allow_join_result"))
        }
        _ => false,
    });
    within || call.node.arguments.find_keyword("disable_sync_subtasks").is_some()
}

/// Tasks that run where they are called, in settings that are not for developers or tests.
fn say_of_eager(file: &PythonFile<'_>, out: &mut Report<'_>) {
    let name = file_name(file.path);
    let for_people = ["test", "local", "dev", "ci", "debug", "e2e", "demo", "example"];
    if !is_settings(file.path) || for_people.iter().any(|word| name.contains(word)) {
        return;
    }
    for statement in file.index().module().statements.iter().filter(|statement| statement.is_direct) {
        let Some((name, value)) = assignment(statement.node).filter(|(name, _)| EAGER.contains(name)) else {
            continue;
        };
        if value.as_boolean_literal_expr().is_some_and(|value| value.value) {
            let headline = format!("{} is on outside of test settings", code(name));
            let consequence =
                "Every `delay()` runs the task in the request that calls it, and no worker ever gets one.";
            out.say(statement.node, name, "eager", headline, consequence)
                .fix("Set it in the settings of the tests.");
        }
    }
}
