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
    let fields = model.fields().iter().filter(|field| field.is(&FIELDS));
    let fields: Vec<_> = fields.filter_map(|field| Some((field, severity(field.name)?))).collect();
    let found = NotLoaded::all(fields.iter().map(|(field, _)| choices(model, field)))?;
    for ((field, severity), choices) in fields.into_iter().zip(found) {
        let Some(fault) = fault(model, field, &choices) else { continue };
        let path = model.path_of(field);
        let headline = format!("{} {}", code(&path), fault.headline);
        let said = out.say(&fault.at, path, fault.name, headline, fault.consequence);
        let said = said.because_of(field.call).severity(severity);
        match text_choices::edits(model, field) {
            Some(edits) => said.edit(
                FixSafety::Ask,
                "Right if the names suit you: the values stay, so no row changes.",
                edits,
            ),
            None => {
                let class = text_choices::class_name(field.name);
                said.fix(format!(
                    "Write the values into {} and say {}.",
                    code(&format!("class {class}(models.TextChoices)")),
                    code(&format!("choices={class}.choices")),
                ))
            }
        };
    }
    Ok(())
}

struct Fault {
    at: TextRange,
    name: &'static str,
    headline: &'static str,
    consequence: &'static str,
}

fn fault(model: &Model<'_>, field: &ModelField<'_>, choices: &Choices<'_>) -> Option<Fault> {
    match choices {
        Choices::None if is_of_an_address(model, field) => None,
        Choices::None => Some(Fault {
            at: field.at,
            name: "no choices",
            headline: "takes any value",
            consequence: "A misspelt word is stored like a right one, and no form or filter knows the values.",
        }),
        Choices::Literal(given) => Some(Fault {
            at: given.range(),
            name: "written out",
            headline: "has its choices in a list",
            consequence: "Code compares with bare values, and a misspelt one is simply never equal.",
        }),
        Choices::Integers(given) => Some(Fault {
            at: given.range(),
            name: "IntegerChoices",
            headline: "stores its choices as numbers",
            consequence: "In the database, in dumps and in queries by hand a row says 3, and nobody knows what that is.",
        }),
        Choices::Other => None,
    }
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
