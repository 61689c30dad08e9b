use crate::model::catalogue;
use crate::model::finding::{Fix, NodeText, Place, code};
use crate::rules::{Against, Context, Found, Look, Rule, ScopedFile};
use crate::source::tree::file_name;

use super::length::{self, LONG, MOST};

pub(super) static RULE: Rule = Rule {
    entry: &catalogue::STY004,
    page: include_str!("file_getting_long.md"),
    against: Against::Nothing,
    looks: &[Look::File(length::reading, check)],
};

fn check(context: &Context<'_>, file: ScopedFile<'_>) -> Found {
    // What is too long is told as that.
    let crossed = length::of(context, file)?.filter(|lines| lines.crossed(LONG) && lines.now <= MOST);
    let Some(lines) = crossed else { return Ok(Vec::new()) };
    let headline = format!("{} passes {LONG} lines: it has {}", code(file_name(file.path)), lines.now);
    let consequence = format!("It had {} before this change; at {MOST} it is too long.", lines.before);
    let place = Place::Path(file.path.to_owned());
    let finding = RULE.finding(place, "file", NodeText::Open("long".to_owned()), headline, consequence);
    Ok(vec![finding.with_fix(Fix::text("Consider a file for each thing that it is about."))])
}
