use crate::model::catalogue;
use crate::model::finding::{FixSafety, code};
use crate::project::django::forms::Worth;
use crate::rules::form::Form;
use crate::rules::python::Report;
use crate::rules::{Against, Look, Rule};
use crate::source::NotLoaded;

pub(super) static RULE: Rule = Rule {
    entry: &catalogue::FRM001,
    page: include_str!("modelform_all_fields.md"),
    against: Against::ChangedLines,
    looks: &[Look::Form(check)],
};

fn check(form: &Form<'_>, out: &mut Report<'_>) -> Result<(), NotLoaded> {
    // What is inherited is said where it is written; where some are left out, it is not every field.
    let Some(fields) = form.own("fields").filter(|_| form.excludes_nothing()) else { return Ok(()) };
    let title = code(&form.title());
    let (headline, consequence) = match form.worth("fields")? {
        Worth::All => (
            format!("{title} lets in every field of {}", form.model_name()),
            "Whoever posts the form can set a field that the model gets later.".to_owned(),
        ),
        Worth::NamedAll => (
            format!("{title} lists a field that is named `__all__`"),
            "Django refuses to load it: `FieldError: Unknown field(s) (__all__) specified`.".to_owned(),
        ),
        _ => return Ok(()),
    };
    let listed = form.fields_without_excluded()?.map(|names| form.list(&names, &fields));
    let said = out.say(&fields.whole, form.title(), "fields = __all__", headline, consequence);
    match listed {
        Some(list) => {
            let text = "Take out of the list what a visitor must not set.";
            said.edit(FixSafety::Ask, text, vec![form.file.replace(fields.value, list)]);
        }
        None => {
            said.fix("List the fields by name that a visitor may set.");
        }
    }
    Ok(())
}
