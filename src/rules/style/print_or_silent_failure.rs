use crate::model::catalogue;
use crate::project::django::apps::looks_like_migration;
use crate::rules::python::{PythonFile, Report};
use crate::rules::{Against, Context, Found, Look, Reading, Rule, ScopedFile};
use crate::source::NotLoaded;

use super::failures::{debugger, print, silence, text};

pub(super) static RULE: Rule = Rule {
    entry: &catalogue::STY009,
    page: include_str!("print_or_silent_failure.md"),
    against: Against::ChangedLines,
    looks: &[Look::Python(reading, check), Look::File(text::reading, check_text)],
};

fn reading(path: &str) -> Reading {
    Reading::Alone.when(path.ends_with(".py") && !looks_like_migration(path))
}

fn check(file: &PythonFile<'_>, out: &mut Report<'_>) -> Result<(), NotLoaded> {
    debugger::check(file, out);
    print::check(file, out);
    silence::check(file, out);
    Ok(())
}

fn check_text(context: &Context<'_>, file: ScopedFile<'_>) -> Found {
    text::check(&RULE, context, file)
}
