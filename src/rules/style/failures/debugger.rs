//! `breakpoint()` and what else opens a debugger.

use crate::model::finding::code;
use crate::rules::python::{PythonFile, Report};

const DEBUGGERS: [&str; 7] = [
    "pdb.set_trace",
    "ipdb.set_trace",
    "pudb.set_trace",
    "pudb.set_trace.set_trace",
    "web_pdb.set_trace",
    "celery.contrib.rdb.set_trace",
    "IPython.embed",
];

pub(in crate::rules::style) fn check(file: &PythonFile<'_>, out: &mut Report<'_>) {
    let named = ["breakpoint", "set_trace", "embed"].into_iter().flat_map(|last| file.index().calls_of(last));
    for call in named {
        let Some(callee) = file.module.qualified(&call.node.func) else { continue };
        let is_builtin = callee == "breakpoint" && file.index().bindings("breakpoint").is_empty();
        if !is_builtin && !DEBUGGERS.iter().any(|name| callee == *name) {
            continue;
        }
        let shown = format!("{}()", file.module.source(&*call.node.func));
        out.say(
            call.node,
            file.index().name_of(call.scope),
            shown.clone(),
            format!("{} is left in {}", code(&shown), code(file.path)),
            "The process that reaches it waits for a keyboard that nobody has, or ends the request with `bdb.BdbQuit`.",
        )
        .severity(crate::model::finding::Severity::Error)
        .fix("Delete the line.");
    }
}
