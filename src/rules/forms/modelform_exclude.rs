use crate::model::catalogue;
use crate::model::finding::{Edit, FixSafety, code};
use crate::project::django::forms::{Given, Worth};
use crate::rules::form::Form;
use crate::rules::python::Report;
use crate::rules::{Against, Look, Rule};
use crate::source::NotLoaded;

pub(super) static RULE: Rule = Rule {
    entry: &catalogue::FRM002,
    page: include_str!("modelform_exclude.md"),
    against: Against::ChangedLines,
    looks: &[Look::Form(check)],
};

fn check(form: &Form<'_>, out: &mut Report<'_>) -> Result<(), NotLoaded> {
    let Some(exclude) = form.own("exclude").filter(|exclude| !exclude.value.is_none_literal_expr()) else {
        return Ok(());
    };
    let is_empty = form.excludes_nothing();
    match form.worth("fields")? {
        // `__all__` says it already.
        Worth::All | Worth::NamedAll if is_empty => {}
        // An empty list may undo an inherited one.
        Worth::Given | Worth::Unknown if is_empty && form.has_bases() => {}
        Worth::Given if is_empty => say_needless(form, exclude, out),
        Worth::Given => say_listed_twice(form, exclude, out),
        Worth::Unknown => say_open(form, exclude, None, out, true),
        Worth::Missing | Worth::All | Worth::NamedAll => {
            let edits = edits(form, exclude)?;
            say_open(form, exclude, edits, out, false);
        }
    }
    Ok(())
}

const FAULT: &str = "exclude";

fn say_open(
    form: &Form<'_>,
    exclude: Given<'_>,
    edits: Option<Vec<Edit>>,
    out: &mut Report<'_>,
    is_unsure: bool,
) {
    let title = form.title();
    let headline = format!("{} only says which fields it leaves out", code(&title));
    let consequence = "Whoever posts the form can set a field that the model gets later.";
    let said = out.say(&exclude.whole, title, FAULT, headline, consequence);
    let said = if is_unsure { said.warning() } else { said };
    match edits {
        Some(edits) => {
            said.edit(FixSafety::Ask, "Right if a visitor may set all of these.", edits);
        }
        None => {
            said.fix("List the fields by name in `fields` that a visitor may set.");
        }
    }
}

fn say_listed_twice(form: &Form<'_>, exclude: Given<'_>, out: &mut Report<'_>) {
    let title = form.title();
    let headline = format!("{} lists its fields and leaves some of them out again", code(&title));
    let consequence = "Which fields the form has shows only when both lists are read together.";
    out.say(&exclude.whole, title, FAULT, headline, consequence)
        .warning()
        .fix("Take the names out of `fields` and drop `exclude`.");
}

fn say_needless(form: &Form<'_>, exclude: Given<'_>, out: &mut Report<'_>) {
    let title = form.title();
    let headline = format!("{} leaves nothing out", code(&title));
    let said = out
        .say(&exclude.whole, title, FAULT, headline, "An empty `exclude` beside `fields` does nothing.")
        .advice();
    match form.file.take_out(&exclude.whole).filter(|_| form.is_class()) {
        Some(edit) => said.edit(FixSafety::Ask, "Right if no other form reads it.", vec![edit]),
        None => said.fix("Drop it."),
    };
}

/// The list of what is left, in place of `"__all__"` or of `exclude` itself.
fn edits(form: &Form<'_>, exclude: Given<'_>) -> Result<Option<Vec<Edit>>, NotLoaded> {
    let Some(left) = form.fields_without_excluded()? else { return Ok(None) };
    let list = form.list(&left, &exclude);
    Ok(match (form.own("fields"), form.is_class()) {
        (None, true) => Some(vec![form.file.replace(&exclude.whole, format!("fields = {list}"))]),
        (Some(fields), true) => {
            let gone = form.file.take_out(&exclude.whole);
            gone.map(|gone| vec![form.file.replace(fields.value, list), gone])
        }
        // By its position, `exclude` cannot become `fields`.
        (None, false) if exclude.whole != ruff_text_size::Ranged::range(exclude.value) => {
            Some(vec![form.file.replace(&exclude.whole, format!("fields={list}"))])
        }
        _ => None,
    })
}
