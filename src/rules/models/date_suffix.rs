use crate::model::catalogue;
use crate::model::finding::code;
use crate::rules::model::Model;
use crate::rules::python::Report;
use crate::rules::{Against, Look, Rule};
use crate::source::NotLoaded;
use crate::syntax::english;

pub(super) static RULE: Rule = Rule {
    entry: &catalogue::MOD012,
    page: include_str!("date_suffix.md"),
    against: Against::ChangedLines,
    looks: &[Look::Model(check)],
};

/// Last words that say that a name holds a time.
const SUFFIXES: &[&str] = &[
    "after",
    "at",
    "before",
    "birthdate",
    "birthday",
    "date",
    "dates",
    "datetime",
    "day",
    "deadline",
    "dob",
    "due",
    "end",
    "ends",
    "expiration",
    "expiry",
    "from",
    "month",
    "now",
    "on",
    "since",
    "start",
    "starts",
    "time",
    "timestamp",
    "to",
    "until",
    "week",
    "when",
    "year",
];
/// First words that say it, too: `due_for_review`, `date_of_birth`.
const PREFIXES: [&str; 2] = ["due", "when"];
/// Django's own names.
const DJANGO: [&str; 2] = ["date_joined", "last_login"];

fn check(model: &Model<'_>, out: &mut Report<'_>) -> Result<(), NotLoaded> {
    for field in model.fields() {
        let (kind, suffix) = match field.django() {
            Some("DateTimeField") => ("DateTimeField", "at"),
            Some("DateField") => ("DateField", "on"),
            _ => continue,
        };
        if says_time(field.name) || model.lineage.known().any(|base| base.fields.contains(&field.name)) {
            continue;
        }
        let path = model.path_of(field);
        out.say(
            &field.at,
            &path,
            format!("no _{suffix}"),
            format!("{kind} {} does not end in {}", code(&path), code(&format!("_{suffix}"))),
            format!(
                "Its name says what happened, or that something did: {} reads like a flag or a person.",
                code(field.name)
            ),
        )
        .because_of(field.call)
        .fix(format!("Name it {}.", code(&better(field.name, suffix))));
    }
    Ok(())
}

fn says_time(name: &str) -> bool {
    let words = english::words(name);
    let last = words.last().is_some_and(|last| SUFFIXES.contains(&last.as_str()));
    let first = words.first().is_some_and(|first| PREFIXES.contains(&first.as_str()));
    last || first || name.starts_with("date_of_") || DJANGO.contains(&name)
}

/// `date_created` → `created_at`, `published` → `published_at`
fn better(name: &str, suffix: &str) -> String {
    let plain = ["date_", "datetime_", "time_"].iter().find_map(|prefix| name.strip_prefix(prefix));
    format!("{}_{suffix}", plain.unwrap_or(name))
}
