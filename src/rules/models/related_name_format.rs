use ruff_python_ast::Expr;

use crate::model::catalogue;
use crate::model::finding::{Confidence, FixSafety, code};
use crate::project::django::model_field::{ModelField, RelationKind};
use crate::rules::model::Model;
use crate::rules::python::Report;
use crate::rules::{Against, Look, Rule};
use crate::source::NotLoaded;
use crate::syntax::english::{self, Number};

pub(super) static RULE: Rule = Rule {
    entry: &catalogue::MOD008,
    page: include_str!("related_name_format.md"),
    against: Against::ChangedLines,
    looks: &[Look::Model(check)],
};

/// What Django fills in for each model that inherits the field.
const HOLES: [&str; 3] = ["%(class)s", "%(app_label)s", "%(model_name)s"];

fn check(model: &Model<'_>, out: &mut Report<'_>) -> Result<(), NotLoaded> {
    for field in model.fields() {
        let Some(kind) = field.relation() else { continue };
        let Some((at, text)) = field.argument("related_name").zip(field.text("related_name")) else {
            continue;
        };
        if text.is_empty() || text.ends_with('+') {
            continue;
        }
        let related = Related { model, field, at, text };
        if !is_snake_case(text) {
            related.is_no_snake_case(out);
        } else if text.ends_with("%(class)ss") || text.ends_with("%(model_name)ss") {
            related.is_pluralised_blindly(out);
        } else if !HOLES.iter().any(|hole| text.contains(hole)) {
            match kind {
                RelationKind::OneToOne => related.should_be_one(out),
                _ => related.should_be_several(out),
            }
        }
    }
    Ok(())
}

fn is_snake_case(text: &str) -> bool {
    let plain = HOLES.iter().fold(text.to_owned(), |text, hole| text.replace(hole, "x"));
    plain.starts_with(|first: char| first.is_ascii_lowercase())
        && plain.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

/// A `related_name` that is written out.
struct Related<'m, 'a> {
    model: &'m Model<'a>,
    field: &'m ModelField<'a>,
    at: &'a Expr,
    text: &'a str,
}

impl Related<'_, '_> {
    fn is_no_snake_case(&self, out: &mut Report<'_>) {
        let right = english::with_last(self.text, str::to_owned);
        let headline = format!("`related_name` {} is not in snake_case", code(self.text));
        self.say(out, headline, "It becomes an attribute, and attributes are written in snake_case.", &right);
    }

    fn is_pluralised_blindly(&self, out: &mut Report<'_>) {
        let headline = format!("`related_name` {} puts an `s` behind every model's name", code(self.text));
        let right = format!("{}_set", self.text.strip_suffix('s').unwrap_or(self.text));
        self.say(out, headline, "A model `Category` that inherits it is reached as `categorys`.", &right);
    }

    fn should_be_one(&self, out: &mut Report<'_>) {
        if self.last().is_some_and(|last| english::number(&last) == Number::Several) {
            let right = english::with_last(self.text, english::singular);
            let headline = format!(
                "`related_name` {} of a `OneToOneField` should be singular: {}",
                code(self.text),
                code(&right)
            );
            self.say_likely(out, headline, "It gives one row, and its name promises several.", &right);
        }
    }

    fn should_be_several(&self, out: &mut Report<'_>) {
        let Some(last) = self.last() else { return };
        let right = match english::misspelt_plural(&last) {
            Some(right) => right,
            None if english::number(&last) == Number::One => english::plural(&last),
            None => return,
        };
        let right = english::with_last(self.text, |_| right.clone());
        let headline = format!("`related_name` {} should be plural: {}", code(self.text), code(&right));
        self.say_likely(out, headline, "It gives a manager of many rows, and its name promises one.", &right);
    }

    /// The last word, where that is the noun: of `invoices_in_draft` it is not.
    fn last(&self) -> Option<String> {
        let mut words = english::words(self.text);
        let last = words.pop()?;
        (!words.iter().any(|word| english::is_preposition(word))).then_some(last)
    }

    fn say_likely(&self, out: &mut Report<'_>, headline: String, consequence: &str, right: &str) {
        self.tell(out, headline, consequence, right, Confidence::Likely);
    }

    fn say(&self, out: &mut Report<'_>, headline: String, consequence: &str, right: &str) {
        self.tell(out, headline, consequence, right, Confidence::Certain);
    }

    fn tell(
        &self,
        out: &mut Report<'_>,
        headline: String,
        consequence: &str,
        right: &str,
        confidence: Confidence,
    ) {
        let edit = self.model.file.replace(self.at, format!("\"{right}\""));
        out.say(
            self.at,
            self.model.path_of(self.field),
            format!("related_name {}", self.text),
            headline,
            consequence,
        )
        .because_of(self.field.call)
        .confidence(confidence)
        .edit(
            FixSafety::Ask,
            format!(
                "Right if every use of {} changes with it, in queries and templates too.",
                code(self.text)
            ),
            vec![edit],
        );
    }
}
