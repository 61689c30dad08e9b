use ruff_python_ast::Expr;

use crate::model::catalogue;
use crate::model::finding::{FixSafety, code};
use crate::project::django::forms::{Given, Worth};
use crate::rules::form::Form;
use crate::rules::python::Report;
use crate::rules::{Against, Look, Rule};
use crate::source::NotLoaded;
use crate::syntax::python::walk_expr;

pub(super) static RULE: Rule = Rule {
    entry: &catalogue::FRM003,
    page: include_str!("modelform_fields_not_explicit.md"),
    against: Against::ChangedLines,
    looks: &[Look::Form(check)],
};

fn check(form: &Form<'_>, out: &mut Report<'_>) -> Result<(), NotLoaded> {
    if let Some(fields) = form.own("fields").filter(|fields| is_all_of_a_model(form, fields.value)) {
        return say_computed(form, fields, out);
    }
    let asks = NotLoaded::all(["model", "fields", "exclude"].map(|option| form.worth(option)))?;
    let [Worth::Given, Worth::Missing, Worth::Missing] = asks.as_slice() else { return Ok(()) };
    if !form.is_plain() {
        return Ok(());
    }
    let title = form.title();
    let headline = format!("{} does not say which fields it has", code(&title));
    let consequence = match form.is_class() {
        true => {
            "Django refuses to load it: `ImproperlyConfigured: Creating a ModelForm without either the 'fields' \
             attribute or the 'exclude' attribute is prohibited`."
        }
        false => {
            "Django refuses the call: `ImproperlyConfigured: … without defining 'fields' or 'exclude' explicitly is \
             prohibited`."
        }
    };
    out.say(&form.at(), title, "no fields", headline, consequence)
        .because_of(&form.whole())
        .fix("List the fields by name in `fields` that a visitor may set.");
    Ok(())
}

/// All fields by another name.
fn say_computed(form: &Form<'_>, fields: Given<'_>, out: &mut Report<'_>) -> Result<(), NotLoaded> {
    let title = form.title();
    let headline = format!("{} computes its fields from the model", code(&title));
    let consequence = "A field that the model gets later is in the form without anybody having put it there.";
    let list = form.fields_without_excluded()?.map(|names| form.list(&names, &fields));
    let said = out.say(&fields.whole, title, "computed fields", headline, consequence).warning();
    match list {
        Some(list) => {
            let text = "All fields that can be edited: take out what a visitor must not set.";
            said.edit(FixSafety::Ask, text, vec![form.file.replace(fields.value, list)]);
        }
        None => {
            said.fix("List the fields by name that a visitor may set.");
        }
    }
    Ok(())
}

/// `[f.name for f in Post._meta.fields]`, `fields_for_model(Post)`
fn is_all_of_a_model(form: &Form<'_>, value: &Expr) -> bool {
    let mut found = false;
    walk_expr(value, &mut |expr| {
        found |= match expr {
            Expr::Attribute(attribute) => {
                let of = &*attribute.value;
                matches!(
                    attribute.attr.as_str(),
                    "fields" | "concrete_fields" | "local_fields" | "get_fields" | "many_to_many"
                ) && of.as_attribute_expr().is_some_and(|of| of.attr.as_str() == "_meta")
            }
            Expr::Call(call) => form
                .module
                .qualified(&call.func)
                .is_some_and(|name| name.last() == "fields_for_model" && name.starts_with("django.forms.")),
            _ => false,
        }
    });
    found
}
