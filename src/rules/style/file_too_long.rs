use crate::model::catalogue;
use crate::model::finding::{Fix, NodeText, Place, Severity, code};
use crate::rules::{Against, Context, Found, Look, Rule, ScopedFile};
use crate::source::tree::file_name;

use super::length::{self, MOST};

pub(super) static RULE: Rule = Rule {
    entry: &catalogue::STY003,
    page: include_str!("file_too_long.md"),
    against: Against::Nothing,
    looks: &[Look::File(length::reading, check)],
};

fn check(context: &Context<'_>, file: ScopedFile<'_>) -> Found {
    let Some(lines) = length::of(context, file)? else { return Ok(Vec::new()) };
    let (before, now) = (lines.before, lines.now);
    if now <= MOST || now <= before {
        return Ok(Vec::new());
    }
    let headline = format!("{} is {now} lines long, and {MOST} is the most", code(file_name(file.path)));
    let consequence = if lines.crossed(MOST) {
        format!("It had {before} before this change; nobody reads such a file as a whole.")
    } else {
        format!("It grew by {} more, and was too long before.", now - before)
    };
    let place = Place::Path(file.path.to_owned());
    let finding = RULE.finding(place, "file", NodeText::Open("too long".to_owned()), headline, consequence);
    // Whoever mends a fault in an old file cannot be made to split it first.
    let severity = if lines.crossed(MOST) { Severity::Error } else { Severity::Warning };
    Ok(vec![finding.with_severity(severity).with_fix(Fix::text(advice(file.path)))])
}

fn advice(path: &str) -> String {
    match path.strip_suffix(".py") {
        Some(stem) => format!("Make {} a package with a module for each thing that it is about.", code(stem)),
        None => "Split it by what its parts are about.".to_owned(),
    }
}
