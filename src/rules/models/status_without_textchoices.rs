use ruff_text_size::{Ranged, TextRange};

use crate::model::catalogue;
use crate::model::finding::{FixSafety, Severity, code};
use crate::project::django::model_field::ModelField;
use crate::rules::model::Model;
use crate::rules::python::Report;
use crate::rules::{Against, Look, Rule};
use crate::source::NotLoaded;
use crate::syntax::english;

use super::choices::{Choices, choices};
use super::text_choices;

pub(super) static RULE: Rule = Rule {
    entry: &catalogue::MOD006,
    page: include_str!("status_without_textchoices.md"),
    against: Against::ChangedLines,
    looks: &[Look::Model(check)],
};

const FIELDS: [&str; 7] = [
    "CharField",
    "IntegerField",
    "SmallIntegerField",
    "PositiveIntegerField",
    "PositiveSmallIntegerField",
    "BigIntegerField",
    "PositiveBigIntegerField",
];
/// Beside these a `state` is a part of an address.
const OF_ADDRESSES: [&str; 9] =
    ["address", "city", "country", "county", "postal", "postcode", "street", "zip", "zipcode"];

fn check(model: &Model<'_>, out: &mut Report<'_>) -> Result<(), NotLoaded> {
    for field in model.fields().iter().filter(|field| field.is(&FIELDS)) {
        let Some(severity) = severity(field.name) else { continue };
        let path = code(&model.path_of(field));
        let (at, fault, headline): (TextRange, _, _) = match choices(model, field)? {
            Choices::None if is_of_an_address(model, field) => continue,
            Choices::None => (field.at, "no choices", format!("{path} takes any value")),
            Choices::Literal(at) => {
                (at.range(), "written out", format!("{path} writes its choices out as a list"))
            }
            Choices::Integers(at) => {
                (at.range(), "IntegerChoices", format!("{path} stores its choices as numbers"))
            }
            Choices::Other => continue,
        };
        let consequence = match fault {
            "no choices" => {
                "A misspelt word is stored like a right one, and no form or filter knows the values."
            }
            "written out" => "Code compares with bare values: a misspelt one is simply never equal.",
            _ => {
                "In the database, in dumps and in queries by hand a row says 3, and nobody knows what that was."
            }
        };
        let said = out.say(&at, model.path_of(field), fault, headline, consequence);
        let said = said.because_of(field.call).severity(severity);
        match text_choices::edits(model, field) {
            Some(edits) => said.edit(
                FixSafety::Ask,
                "Right if the names suit you: the values stay the same, so no row changes.",
                edits,
            ),
            None => said.fix(format!(
                "Write a class {} with the values and `choices={}.choices`.",
                code(&format!("{}(models.TextChoices)", text_choices::class_name(field.name))),
                text_choices::class_name(field.name),
            )),
        };
    }
    Ok(())
}

/// By whole words: `estate` and `prototype` are none.
fn severity(name: &str) -> Option<Severity> {
    match name {
        "status" | "state" | "stage" | "phase" | "kind" => Some(Severity::Warning),
        "type" => Some(Severity::Advice),
        _ if name.ends_with("_status") || name.ends_with("_state") => Some(Severity::Advice),
        _ => None,
    }
}

fn is_of_an_address(model: &Model<'_>, field: &ModelField<'_>) -> bool {
    let of_address = |other: &ModelField<'_>| {
        english::words(other.name).iter().any(|word| OF_ADDRESSES.contains(&word.as_str()))
    };
    field.name.ends_with("state") && model.fields().iter().any(of_address)
}
