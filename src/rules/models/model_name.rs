use crate::model::catalogue;
use crate::model::finding::{Confidence, code};
use crate::rules::model::Model;
use crate::rules::python::Report;
use crate::rules::{Against, Look, Rule};
use crate::source::NotLoaded;
use crate::syntax::english::{self, Number};

pub(super) static RULE: Rule = Rule {
    entry: &catalogue::MOD001,
    page: include_str!("model_name.md"),
    against: Against::ChangedLines,
    looks: &[Look::Model(check)],
};

/// An acronym up to here may be a name: `FAQ`.
const LONGEST_ACRONYM: usize = 3;

fn check(model: &Model<'_>, out: &mut Report<'_>) -> Result<(), NotLoaded> {
    if model.is_abstract() || model.is_proxy() {
        return Ok(());
    }
    if is_pascal_case(model.name()) {
        if let Some(one) = singular(model.name()) {
            is_plural(model, &one, out);
        }
    } else {
        is_misspelt(model, out);
    }
    Ok(())
}

fn is_pascal_case(name: &str) -> bool {
    let is_shouted = name.len() > LONGEST_ACRONYM && !name.contains(|c: char| c.is_ascii_lowercase());
    name.starts_with(|first: char| first.is_ascii_uppercase())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && !is_shouted
}

fn is_misspelt(model: &Model<'_>, out: &mut Report<'_>) {
    let name = model.name();
    out.say(
        &model.node().name,
        name,
        "no PascalCase",
        format!("Model {} is not in PascalCase", code(name)),
        "Its table, its permissions and its relations get their names from it.",
    )
    .fix(format!("Name it {}.", code(&english::pascal_case(&english::words(name)))));
}

fn is_plural(model: &Model<'_>, one: &str, out: &mut Report<'_>) {
    let name = model.name();
    out.say(
        &model.node().name,
        name,
        "plural",
        format!("Model {} should be singular: {}", code(name), code(one)),
        format!("One object is one row: {} reads as many, and the admin lists {}.",
            code(&format!("{name}.objects.get(…)")),
            code(&format!("{}s", english::words(name).join(" ")))),
    )
    .confidence(Confidence::Likely)
    .fix(format!(
        "Name it {}; where the table exists, `makemigrations` asks whether it was renamed, and keeps the rows.",
        code(one),
    ));
}

/// The name with its last word in the singular, where that is surely a plural.
fn singular(name: &str) -> Option<String> {
    let words = english::words(name);
    // Of `RequestForPartners` the noun is another.
    let is_phrase = words.iter().any(|word| english::is_preposition(word));
    let last = words.last().filter(|last| !is_phrase && english::number(last) == Number::Several)?;
    // The end of the name as it is written, whatever its case.
    let before = name.get(..name.len().checked_sub(last.len())?)?;
    Some(format!("{before}{}", english::pascal_case(&[english::singular(last)])))
}
