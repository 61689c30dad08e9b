use ruff_text_size::Ranged;

use crate::model::catalogue;
use crate::model::finding::{FixSafety, code};
use crate::project::django::models::Inherited;
use crate::rules::model::Model;
use crate::rules::python::Report;
use crate::rules::{Against, Look, Rule};
use crate::source::NotLoaded;

pub(super) static RULE: Rule = Rule {
    entry: &catalogue::MOD004,
    page: include_str!("missing_str.md"),
    against: Against::ChangedLines,
    looks: &[Look::Model(check)],
};

/// Fields that name a row, the best first.
const NAMES: [&str; 6] = ["name", "title", "label", "slug", "code", "email"];

fn check(model: &Model<'_>, out: &mut Report<'_>) -> Result<(), NotLoaded> {
    if !model.is_concrete() || model.is_decorated() || model.has("__str__")? != Inherited::Missing {
        return Ok(());
    }
    let headline = format!("Model {} has no `__str__`", code(model.name()));
    let consequence =
        format!("The admin, logs and the shell show {}.", code(&format!("{} object (1)", model.name())));
    let said = out
        .say(&model.node().name, model.name(), "no __str__", headline, consequence)
        .because_of(model.node());
    match edit(model) {
        Some((field, edit)) => {
            let text = format!("Right if {} tells two rows apart.", code(field));
            said.edit(FixSafety::Ask, text, vec![edit]);
        }
        None => {
            said.fix("Write `def __str__(self) -> str:` that returns what a person would call the row.");
        }
    }
    Ok(())
}

/// The method, behind the last line of the class, where one field alone can name a row.
fn edit<'a>(model: &Model<'a>) -> Option<(&'a str, crate::model::finding::Edit)> {
    let names = NAMES.iter().filter_map(|name| model.field(name));
    let texts: Vec<_> =
        names.filter(|f| f.is(&["CharField", "SlugField", "EmailField"]) && !f.is_true("null")).collect();
    let [only] = texts.as_slice() else { return None };
    let last = model.node().body.last()?;
    let indentation = model.module.indentation(last)?;
    let method =
        format!("\n\n{indentation}def __str__(self) -> str:\n{indentation}    return self.{}", only.name);
    Some((only.name, model.file.insert(last.end(), method)))
}
