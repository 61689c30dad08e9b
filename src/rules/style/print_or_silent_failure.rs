mod debugger;
mod print;
mod silence;
mod text;

use crate::model::catalogue;
use crate::project::django::apps::looks_like_migration;
use crate::rules::python::{PythonFile, Report};
use crate::rules::{Against, Look, Reading, Rule};
use crate::source::NotLoaded;

pub(super) static RULE: Rule = Rule {
    entry: &catalogue::STY009,
    page: include_str!("print_or_silent_failure.md"),
    against: Against::ChangedLines,
    looks: &[Look::Python(reading, check), Look::File(text::reading, text::check)],
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
