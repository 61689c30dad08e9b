use crate::model::catalogue;
use crate::model::finding::code;
use crate::project::django::cache_calls;
use crate::rules::look;
use crate::rules::python::{PythonFile, Report};
use crate::rules::{Against, Look, Rule};
use crate::source::NotLoaded;
use crate::syntax::python::normalised_expr;

use super::key::Key;

pub(super) static RULE: Rule = Rule {
    entry: &catalogue::CCH004,
    page: include_str!("task_progress_key_pattern.md"),
    against: Against::ChangedLines,
    looks: &[Look::Python(look::code, check)],
};

fn check(file: &PythonFile<'_>, out: &mut Report<'_>) -> Result<(), NotLoaded> {
    for write in cache_calls::writes(file.module) {
        let Some(written) = write.key() else { continue };
        let key = Key::of(file.module, written).filter(Key::begins_with_text);
        if key.is_none_or(|key| !key.is_of_task(file.module) || key.is_standard()) {
            continue;
        }
        let source = file.module.source(written);
        let headline =
            format!("The progress key {} is not {}", code(source), code("{app}:task:{task_id}:progress"));
        out.say(
            written,
            file.index().name_of(write.call.scope),
            normalised_expr(written),
            headline,
            "Whoever shows the progress of a task looks for it under that key, and finds nothing.",
        )
        .fix("Write `f\"blog:task:{self.request.id}:progress\"`, with the label of the task's app.");
    }
    Ok(())
}
