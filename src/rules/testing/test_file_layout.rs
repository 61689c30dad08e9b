use crate::model::catalogue;
use crate::project::python::role::is_test;
use crate::rules::{Against, Context, Found, Look, Reading, Rule};
use crate::source::NotLoaded;

use super::layout::{hidden, mixed};

pub(super) static RULE: Rule = Rule {
    entry: &catalogue::TST002,
    page: include_str!("test_file_layout.md"),
    against: Against::Nothing,
    looks: &[Look::Change(reading, check)],
};

fn reading(path: &str) -> Reading {
    Reading::WithOthers.when(path.ends_with(".py") && is_test(path))
}

fn check(context: &Context<'_>) -> Found {
    let found = NotLoaded::all([hidden::check(&RULE, context), mixed::check(&RULE, context)])?;
    Ok(found.into_iter().flatten().collect())
}
