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

/// Words that make a name a question wherever they stand: `is_active`, `receipt_is_uploaded`.
const QUESTIONS: &[&str] = &[
    "are", "can", "did", "do", "does", "had", "has", "have", "is", "may", "must", "should", "was", "were",
    "will",
];
/// First words that make it one, or an order: `needs_review`, `send_reminders`.
const FIRST: &[&str] = &[
    "accept",
    "accepts",
    "add",
    "allow",
    "allowed",
    "allows",
    "apply",
    "auto",
    "block",
    "blocks",
    "cancel",
    "change",
    "check",
    "clear",
    "close",
    "confirm",
    "contains",
    "copy",
    "create",
    "delete",
    "disable",
    "disabled",
    "disallow",
    "display",
    "enable",
    "enabled",
    "enables",
    "exclude",
    "excludes",
    "expose",
    "force",
    "generate",
    "grant",
    "hide",
    "ignore",
    "in",
    "include",
    "includes",
    "inherit",
    "keep",
    "leave",
    "limit",
    "load",
    "make",
    "mark",
    "merge",
    "need",
    "needs",
    "never",
    "no",
    "not",
    "notify",
    "offer",
    "only",
    "override",
    "overrides",
    "pin",
    "prevent",
    "publish",
    "receive",
    "receives",
    "remove",
    "replace",
    "require",
    "required",
    "requires",
    "reset",
    "restrict",
    "return",
    "run",
    "save",
    "send",
    "set",
    "share",
    "show",
    "shows",
    "skip",
    "start",
    "stop",
    "store",
    "subscribe",
    "supports",
    "suppress",
    "sync",
    "track",
    "update",
    "use",
    "uses",
    "validate",
    "verify",
    "want",
    "wants",
];

fn check(model: &Model<'_>, out: &mut Report<'_>) -> Result<(), NotLoaded> {
    // What another package's mixin asks for has that package's name.
    if !model.lineage.is_complete() {
        return Ok(());
    }
    for field in model.fields().iter().filter(|f| f.is(&["BooleanField", "NullBooleanField"])) {
        let is_known = model.lineage.known().any(|base| base.fields.contains(&field.name));
        if is_known || is_question(field.name) {
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

fn is_question(name: &str) -> bool {
    let words = english::words(name);
    let asks = words.iter().any(|word| QUESTIONS.contains(&word.as_str()));
    // One word alone is a thing: `block`.
    let is_order = words.len() > 1 && words.first().is_some_and(|first| FIRST.contains(&first.as_str()));
    asks || is_order
}
