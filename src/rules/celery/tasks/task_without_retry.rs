use ruff_python_ast::{ExceptHandler, Expr};

use crate::model::catalogue;
use crate::model::finding::{Severity, code};
use crate::project::django::settings::Settings;
use crate::project::django::tasks::{self, HasTaskClass, Task};
use crate::rules::look::code_with_others;
use crate::rules::python::{PythonFile, Report};
use crate::rules::{Against, Look, Rule};
use crate::source::NotLoaded;
use crate::syntax::python::{BlockKind, Call, Module, ScopeId};

use super::services::{self, Service};

pub(in crate::rules::celery) static RULE: Rule = Rule {
    entry: &catalogue::CEL012,
    page: include_str!("task_without_retry.md"),
    against: Against::ChangedLines,
    looks: &[Look::Python(code_with_others, check)],
};

/// Options that say how to retry, and that nothing reads unless something retries.
const HOW: [&str; 6] = [
    "retry_backoff",
    "retry_backoff_max",
    "retry_jitter",
    "retry_kwargs",
    "max_retries",
    "default_retry_delay",
];
/// Calls of one task that are followed to their functions.
const MAX_FOLLOWED: usize = 50;

fn check(file: &PythonFile<'_>, out: &mut Report<'_>) -> Result<(), NotLoaded> {
    for task in tasks::of_module(file.project(), file.path, file.module)? {
        if say_unbound(file, &task, out) || say_endless(file, &task, out) || retries(file, &task)? {
            continue;
        }
        say_missing(file, &task, out)?;
    }
    Ok(())
}

/// `self.retry()` in a task that is not handed itself. Were `self` the task, `bind=True` would say so.
fn say_unbound(file: &PythonFile<'_>, task: &Task<'_>, out: &mut Report<'_>) -> bool {
    if task.is_bound()
        || task.has_unknown_options()
        || task.option("bind").is_some_and(|bind| !bind.is_boolean_literal_expr())
    {
        return false;
    }
    let calls = file.index().calls_in(task.function.body).iter();
    let retry = calls.map(|call| call.node).find(|call| file.module.source(&*call.func) == "self.retry");
    let is_parameter = task.function.node.parameters.iter().any(|parameter| parameter.name() == "self");
    let is_local = !file.index().bindings_in(task.function.body, "self").is_empty();
    let Some(retry) = retry.filter(|_| is_parameter || !is_local) else { return false };
    let headline = format!("Task {} calls `self.retry()` and is not bound", code(task.name()));
    let error = match is_parameter {
        true => "`AttributeError`: `self` is what the caller passed first",
        false => "`NameError: name 'self' is not defined`",
    };
    let consequence = format!("Instead of a retry there is {error}.");
    let fix = match is_parameter {
        true => "Add `bind=True` to the decorator.",
        false => "Add `bind=True` to the decorator and `self` as the first parameter.",
    };
    out.say(retry, task.name(), "self.retry", headline, consequence)
        .severity(Severity::Error)
        .because_of(task.function.node)
        .fix(fix);
    true
}

/// Any error, any number of times.
fn say_endless(file: &PythonFile<'_>, task: &Task<'_>, out: &mut Report<'_>) -> bool {
    let all = task.option("autoretry_for").is_some_and(|errors| {
        let errors = errors.as_tuple_expr().map_or(&[][..], |tuple| tuple.elts.as_slice());
        errors.iter().any(|error| file.module.source(error) == "Exception")
    });
    let Some(most) = task.option("max_retries").filter(|most| all && most.is_none_literal_expr()) else {
        return false;
    };
    let headline = format!("Task {} retries any error for ever", code(task.name()));
    let consequence =
        "A mistake in its code, or a row that is gone, keeps it in the queue until somebody purges it.";
    out.say(most, task.name(), "max_retries=None", headline, consequence)
        .warning()
        .fix("Give `max_retries` a number.");
    true
}

/// Does it retry, or may it do so out of sight?
fn retries(file: &PythonFile<'_>, task: &Task<'_>) -> Result<bool, NotLoaded> {
    let is_given = task.option("autoretry_for").is_some_and(|errors| !is_empty(errors));
    if is_given
        || task.has_unknown_options()
        || task.name() == "debug_task"
        || mentions_retry(file.module, task)
    {
        return Ok(true);
    }
    let ignores = task.option("ignore_result").and_then(Expr::as_boolean_literal_expr);
    if ignores.is_some_and(|ignores| ignores.value) {
        return Ok(true);
    }
    for decorator in &task.function.node.decorator_list {
        let made_by = decorator.expression.as_call_expr().map_or(&decorator.expression, |call| &*call.func);
        let is_django_s = file.module.qualified(made_by).is_some_and(|name| name.is_in("django"));
        if !is_django_s && !file.project().makes_task(file.path, file.module, made_by)? {
            return Ok(true);
        }
    }
    if let Some(base) = task.option("base") {
        return may_retry(file, base);
    }
    let in_settings = || Ok(file.project().fact::<Settings>(&())?.mention("CELERY_TASK_ANNOTATIONS"));
    Ok(file.project().fact::<HasTaskClass>(&())?.0 || in_settings()?)
}

fn is_empty(errors: &Expr) -> bool {
    match errors {
        Expr::Tuple(tuple) => tuple.elts.is_empty(),
        Expr::List(list) => list.elts.is_empty(),
        _ => false,
    }
}

/// Whatever its body calls retrying, be it Celery's way, a loop or a package's.
fn mentions_retry(module: &Module, task: &Task<'_>) -> bool {
    let body = task.function.node.body.as_slice();
    let text = |stmt| module.source(stmt).to_ascii_lowercase();
    body.iter()
        .map(text)
        .any(|text| ["retry", "retries", "backoff", "attempt"].iter().any(|word| text.contains(word)))
}

/// A base class that is Celery's own brings no retry; one of the repository says whether it does.
fn may_retry(file: &PythonFile<'_>, base: &Expr) -> Result<bool, NotLoaded> {
    let Some(name) = file.module.qualified(base).map(|name| name.to_string()) else { return Ok(true) };
    let is_celery_s = |name: &str| matches!(name, "celery.Task" | "celery.app.task.Task" | "object");
    let Some(ancestry) = file.project().ancestry(file.path, &name)? else { return Ok(!is_celery_s(&name)) };
    let says = ancestry.own.iter().any(|class| {
        let node = class.module.class(&class.name);
        node.is_none_or(|node| class.module.source(node).contains("retry"))
    });
    Ok(says || !ancestry.foreign.iter().all(|base| is_celery_s(base)))
}

fn say_missing(file: &PythonFile<'_>, task: &Task<'_>, out: &mut Report<'_>) -> Result<(), NotLoaded> {
    let node = task.function.node;
    let asked = asked(file, task)?;
    let inert = HOW.into_iter().find_map(|name| Some((name, task.option(name)?)));
    let severity = match &asked {
        Some((_, false)) => Severity::Error,
        None if inert.is_none() && !leaves_the_house(file, task) => Severity::Advice,
        _ => Severity::Warning,
    };
    let name = code(task.name());
    let (headline, consequence) = match (&asked, inert) {
        (_, Some((option, value))) => (
            format!(
                "{} of task {name} has no effect",
                code(&format!("{option}={}", file.module.source(value)))
            ),
            "Celery retries only errors that `autoretry_for` names, or where `self.retry()` is called: this task fails at its first error.",
        ),
        (Some((service, _)), None) => (
            format!("Task {name} calls {} and never retries", code(&service.written)),
            "After one timeout or refused connection the work is lost: nothing runs the task again.",
        ),
        (None, None) => (
            format!("Task {name} never retries"),
            "After one lost connection or locked row the work is lost: nothing runs the task again.",
        ),
    };
    let errors = asked.as_ref().map_or("OSError", |(service, _)| service.errors);
    let options = format!("autoretry_for=({errors},), retry_backoff=True, max_retries=5");
    out.say(&node.name, task.name(), "no retry", headline, consequence)
        .severity(severity)
        .because_of(node)
        .fix(format!("Add {} to its decorator, with the errors that pass by themselves.", code(&options)));
    Ok(())
}

/// The service that a task asks, itself or in a function that it calls, and whether it handles the error.
fn asked(file: &PythonFile<'_>, task: &Task<'_>) -> Result<Option<(Service, bool)>, NotLoaded> {
    let calls = file.index().calls_in(task.function.body);
    let own = calls
        .iter()
        .find_map(|call| Some((services::asked(file.module, call)?, is_handled(file.module, call))));
    if own.is_some() {
        return Ok(own);
    }
    let followed = calls.iter().take(MAX_FOLLOWED).map(|call| {
        let Some(name) = file.module.qualified(&call.node.func).map(|name| name.to_string()) else {
            return Ok(None);
        };
        let Some(found) = file.project().definition(file.path, &name)? else { return Ok(None) };
        let index = found.module.index();
        let Some(function) = index.function_in(ScopeId::MODULE, &found.name) else { return Ok(None) };
        let inner = index.calls_in(function.body).iter();
        let asked = inner
            .map(|inner| Some((services::asked(&found.module, inner)?, is_handled(&found.module, inner))));
        let found = asked.flatten().next();
        Ok(found.map(|(service, handled)| {
            let written = format!("{}()", name.rsplit('.').next().unwrap_or(&name));
            (Service { written, ..service }, handled || is_handled(file.module, call))
        }))
    });
    Ok(NotLoaded::all(followed)?.into_iter().flatten().next())
}

/// Does a `try` around a call go on after an error, or a mail pass over it?
fn is_handled(module: &Module, call: &Call<'_>) -> bool {
    let silent = call.node.arguments.find_keyword("fail_silently");
    let passes_over =
        silent.is_some_and(|keyword| !matches!(&keyword.value, Expr::BooleanLiteral(value) if !value.value));
    passes_over
        || module.index().blocks_around(call).any(|block| match block {
            BlockKind::Try(guard) => guard.0.handlers.iter().any(|ExceptHandler::ExceptHandler(handler)| {
                !handler.body.last().is_some_and(|last| last.is_raise_stmt())
            }),
            _ => false,
        })
}

/// Does it call anything but Django and the standard library's helpers?
fn leaves_the_house(file: &PythonFile<'_>, task: &Task<'_>) -> bool {
    const AT_HOME: [&str; 12] = [
        "django",
        "celery",
        "datetime",
        "logging",
        "json",
        "math",
        "re",
        "time",
        "itertools",
        "functools",
        "uuid",
        "decimal",
    ];
    file.index().calls_in(task.function.body).iter().take(MAX_FOLLOWED).any(|call| {
        let Some(name) = file.module.qualified(&call.node.func) else { return false };
        let is_query = name.segments().iter().any(|part| matches!(*part, "objects" | "_default_manager"));
        let is_own = name.is_plain() && file.module.function(name.last()).is_some();
        let root = name.segments().first().copied().unwrap_or("");
        let is_imported = file.index().imports().iter().any(|import| name.is_below(&import.target));
        !is_query && (is_own || (is_imported && !AT_HOME.contains(&root)))
    })
}
