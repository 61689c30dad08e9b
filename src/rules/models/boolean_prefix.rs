use crate::model::catalogue;
use crate::model::finding::code;
use crate::rules::model::Model;
use crate::rules::python::Report;
use crate::rules::{Against, Look, Rule};
use crate::source::NotLoaded;
use crate::syntax::english;

pub(super) static RULE: Rule = Rule {
    entry: &catalogue::MOD011,
    page: include_str!("boolean_prefix.md"),
    against: Against::ChangedLines,
    looks: &[Look::Model(check)],
};

/// First words that make a name a question, or an order that is on or off: `is_active`, `send_reminders`.
const PREFIXES: &[&str] = &[
    "accept",
    "accepts",
    "allow",
    "allowed",
    "allows",
    "apply",
    "are",
    "auto",
    "can",
    "create",
    "did",
    "disable",
    "disabled",
    "disallow",
    "display",
    "do",
    "does",
    "enable",
    "enabled",
    "enables",
    "exclude",
    "force",
    "had",
    "has",
    "have",
    "hide",
    "ignore",
    "in",
    "include",
    "includes",
    "is",
    "keep",
    "may",
    "must",
    "need",
    "needs",
    "never",
    "no",
    "not",
    "notify",
    "only",
    "override",
    "overrides",
    "prevent",
    "receive",
    "receives",
    "require",
    "required",
    "requires",
    "restrict",
    "send",
    "share",
    "should",
    "show",
    "shows",
    "skip",
    "supports",
    "sync",
    "track",
    "use",
    "uses",
    "want",
    "wants",
    "was",
    "were",
    "will",
];

fn check(model: &Model<'_>, out: &mut Report<'_>) -> Result<(), NotLoaded> {
    // What another package's mixin asks for has that package's name.
    if !model.lineage.is_complete() {
        return Ok(());
    }
    for field in model.fields().iter().filter(|f| f.is(&["BooleanField", "NullBooleanField"])) {
        let words = english::words(field.name);
        let is_question = words.first().is_some_and(|first| PREFIXES.contains(&first.as_str()));
        if is_question || model.lineage.known().any(|base| base.fields.contains(&field.name)) {
            continue;
        }
        let path = model.path_of(field);
        out.say(
            &field.at,
            &path,
            "no prefix",
            format!("Boolean {} does not read as yes or no", code(&path)),
            format!(
                "In {} nothing tells whether it is a flag, a date or a thing.",
                code(&format!("if {}.{}:", model.name().to_lowercase(), field.name)),
            ),
        )
        .because_of(field.call)
        .fix(format!(
            "Name it {}, or with `has_` or `can_` where that reads better.",
            code(&format!("is_{}", field.name.trim_start_matches('_'))),
        ));
    }
    Ok(())
}
