//! Handlers that hide what went wrong.

use ruff_python_ast::{ExceptHandler, ExceptHandlerExceptHandler, Expr, Stmt};
use ruff_text_size::{Ranged, TextRange};

use crate::model::finding::{FixSafety, code};
use crate::project::python::role::is_test;
use crate::rules::python::{PythonFile, Report};
use crate::syntax::python::{Call, ScopeId, walk_expr};

pub(in crate::rules::style) fn check(file: &PythonFile<'_>, out: &mut Report<'_>) {
    if is_test(file.path) {
        return;
    }
    let mut errors: Vec<&Call<'_>> =
        file.index().calls_of("error").filter(|call| is_log(file, call)).collect();
    errors.sort_by_key(|call| call.node.start());
    for (scope, statement) in file.index().statements() {
        let Stmt::Try(guarded) = statement else { continue };
        for ExceptHandler::ExceptHandler(handler) in &guarded.handlers {
            let Some(caught) = handler.type_.as_deref() else { continue };
            match hidden(file, handler) {
                Some(how) => swallowed(file, scope, handler, caught, how, out),
                None if catches_all(file, caught) => traceless(file, handler, &errors, out),
                None => {}
            }
        }
    }
}

/// The one statement of a handler that says nothing of what it caught, neither to a log nor to a reader.
fn hidden(file: &PythonFile<'_>, handler: &ExceptHandlerExceptHandler) -> Option<&'static str> {
    let [only] = handler.body.as_slice() else { return None };
    let how = match only {
        Stmt::Pass(_) => "pass",
        Stmt::Continue(_) => "continue",
        Stmt::Return(back) if back.value.as_deref().is_none_or(Expr::is_none_literal_expr) => "return",
        Stmt::Expr(expr) if expr.value.is_ellipsis_literal_expr() => "...",
        _ => return None,
    };
    let lines = file.module.span(handler).lines();
    file.index().comments_on(lines.start..=lines.end - 1).is_empty().then_some(how)
}

fn swallowed(
    file: &PythonFile<'_>,
    scope: ScopeId,
    handler: &ExceptHandlerExceptHandler,
    caught: &Expr,
    how: &str,
    out: &mut Report<'_>,
) {
    let is_broad = catches_all(file, caught);
    if !is_broad && !comes_from_outside(file, caught) {
        return;
    }
    let shown = format!("except {}: {how}", file.module.source(caught));
    let headline = format!("{} leaves no trace of what failed", code(&shown));
    let consequence = if is_broad {
        "A misspelt name in the block looks like the failure that was expected, and no log tells of either."
    } else {
        "Where the other side is down for a day, no log tells since when."
    };
    let head = TextRange::new(handler.start(), caught.end());
    let said = out.say(&head, file.index().name_of(scope), shown, headline, consequence).because_of(handler);
    let said = if is_broad { said } else { said.advice() };
    said.fix(if is_broad {
        "Name the exception that you expect, or log it with `logger.exception(…)`."
    } else {
        "Log it, or say in a comment why it does not matter."
    });
}

/// `Exception` or more; also as one of several.
fn catches_all(file: &PythonFile<'_>, caught: &Expr) -> bool {
    let is_all = |name: &Expr| {
        name.as_name_expr().is_some_and(|name| {
            let name = name.id.as_str();
            matches!(name, "Exception" | "BaseException") && file.index().bindings(name).is_empty()
        })
    };
    caught.as_tuple_expr().map_or_else(|| is_all(caught), |several| several.elts.iter().any(is_all))
}

/// A failure of another machine, which nobody can tell from the code.
fn comes_from_outside(file: &PythonFile<'_>, caught: &Expr) -> bool {
    const PACKAGES: [&str; 7] = ["requests", "httpx", "smtplib", "redis", "urllib3", "botocore", "kombu"];
    let is_outside = |name: &Expr| {
        file.module.qualified(name).is_some_and(|name| {
            let of_package = PACKAGES.iter().any(|package| name.is_in(package));
            let of_database = name.is_in("django.db")
                && matches!(name.last(), "DatabaseError" | "OperationalError" | "Error");
            of_database || (of_package && !name.is_plain())
        })
    };
    caught.as_tuple_expr().map_or_else(|| is_outside(caught), |several| several.elts.iter().any(is_outside))
}

/// `logging.error(…)`, or `logger.error(…)` of what `logging.getLogger` gave.
fn is_log(file: &PythonFile<'_>, call: &Call<'_>) -> bool {
    if file.module.qualified(&call.node.func).is_some_and(|name| name == "logging.error") {
        return true;
    }
    let receiver = call.node.func.as_attribute_expr().and_then(|attribute| attribute.value.as_name_expr());
    let held = receiver.and_then(|name| file.index().held_once(name)).and_then(Expr::as_call_expr);
    held.is_some_and(|made| file.module.qualified(&made.func).is_some_and(|name| name == "logging.getLogger"))
}

/// `logger.error(e)`: the message of an exception that nobody expected, without where it came from.
fn traceless(
    file: &PythonFile<'_>,
    handler: &ExceptHandlerExceptHandler,
    errors: &[&Call<'_>],
    out: &mut Report<'_>,
) {
    let Some(name) = &handler.name else { return };
    if handler.body.last().is_some_and(Stmt::is_raise_stmt) {
        return;
    }
    let start = errors.partition_point(|call| call.node.start() < handler.start());
    for call in errors.iter().skip(start).take_while(|call| call.node.end() <= handler.end()) {
        let arguments = &call.node.arguments;
        let has_trace = arguments.keywords.iter().any(|keyword| {
            keyword.arg.as_ref().is_none_or(|arg| matches!(arg.as_str(), "exc_info" | "stack_info"))
        });
        if has_trace || !arguments.args.iter().any(|argument| mentions(argument, name.as_str())) {
            continue;
        }
        let Some(method) = call.node.func.as_attribute_expr() else { continue };
        let written = file.module.source(&*call.node.func);
        out.say(
            &*call.node.func,
            file.index().name_of(call.scope),
            written,
            format!("{} drops the traceback of {}", code(&format!("{written}(…)")), code(name.as_str())),
            "The log says what Python said, and not which line failed.",
        )
        .because_of(handler)
        .advice()
        .edit(
            FixSafety::Ask,
            "Right if a traceback may stand in this log.",
            vec![file.replace(&method.attr, "exception")],
        );
    }
}

fn mentions(expr: &Expr, name: &str) -> bool {
    let mut found = false;
    walk_expr(expr, &mut |part| found |= part.as_name_expr().is_some_and(|own| own.id.as_str() == name));
    found
}
