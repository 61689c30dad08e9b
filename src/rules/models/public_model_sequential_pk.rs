use ruff_python_ast::{Expr, ExprCall};
use ruff_text_size::Ranged;

use crate::model::catalogue;
use crate::model::finding::{Confidence, FixSafety, Severity, code};
use crate::project::django::model_field::ModelField;
use crate::rules::model::Model;
use crate::rules::python::Report;
use crate::rules::{Against, Look, Rule};
use crate::source::NotLoaded;

pub(super) static RULE: Rule = Rule {
    entry: &catalogue::MOD018,
    page: include_str!("public_model_sequential_pk.md"),
    against: Against::ChangedLines,
    looks: &[Look::Model(check)],
};

fn check(model: &Model<'_>, out: &mut Report<'_>) -> Result<(), NotLoaded> {
    for field in model.fields() {
        match called_default(model, field) {
            Some(call) => say_called(model, field, call, out),
            None if is_without_default(field) => say_without(model, field, out),
            None if is_soft_delete(field) && model.field("is_active").is_none() => {
                say_deleted(model, field, out)
            }
            None => {}
        }
    }
    Ok(())
}

/// `default=uuid.uuid4()` where each row needs its own.
fn called_default<'a>(model: &Model<'a>, field: &ModelField<'a>) -> Option<&'a ExprCall> {
    let call = field.argument("default")?.as_call_expr()?;
    let name = model.module.qualified(&call.func)?;
    let is_made = matches!(name.to_string().as_str(), "uuid.uuid1" | "uuid.uuid4" | "uuid.uuid7");
    let is_own = field.is_true("primary_key") || field.is_true("unique") || field.is(&["UUIDField"]);
    (is_made && is_own).then_some(call)
}

fn say_called(model: &Model<'_>, field: &ModelField<'_>, call: &ExprCall, out: &mut Report<'_>) {
    let path = model.path_of(field);
    let function = model.module.source(&*call.func);
    let written = model.module.source(call);
    let headline = format!("The default of {} is called once, when the module loads", code(&path));
    let consequence = match field.is_true("primary_key") || field.is_true("unique") {
        true => {
            "All rows of a process get one and the same id: the second `create()` fails with `IntegrityError`."
        }
        false => "All rows of a process get one and the same id.",
    };
    let text = format!("Write {}: `makemigrations` notes it, and no row changes.", code(function));
    out.say(call, path, format!("default={written}"), headline, consequence)
        .severity(Severity::Error)
        .confidence(Confidence::Certain)
        .edit(FixSafety::Ask, text, vec![model.file.replace(call, function)]);
}

fn is_without_default(field: &ModelField<'_>) -> bool {
    let given = ["default", "db_default"].iter().any(|it| field.argument(it).is_some());
    field.is(&["UUIDField"]) && field.is_true("primary_key") && !given && !field.may_have_more()
}

fn say_without(model: &Model<'_>, field: &ModelField<'_>, out: &mut Report<'_>) {
    let path = model.path_of(field);
    let headline = format!("{} has no default", code(&path));
    out.say(
        &field.at,
        path,
        "no default",
        headline,
        "Every `create()` has to bring its own id, and fails without one.",
    )
    .because_of(field.call)
    .fix("Write `default=uuid.uuid4`, without brackets.");
}

fn is_soft_delete(field: &ModelField<'_>) -> bool {
    let says_no = |value: &Expr| value.as_boolean_literal_expr().is_some_and(|value| !value.value);
    matches!(field.name, "deleted" | "is_deleted")
        && field.is(&["BooleanField"])
        && field.argument("default").is_some_and(says_no)
}

fn say_deleted(model: &Model<'_>, field: &ModelField<'_>, out: &mut Report<'_>) {
    let path = model.path_of(field);
    let headline = format!("{} marks what is gone, not what is there", code(&path));
    let consequence =
        format!("Queries for what is there read as a double no: {}.", code(&format!("{}=False", field.name)));
    out.say(&field.at.cover(field.at.range()), path, field.name, headline, consequence)
        .fix("Write `is_active = models.BooleanField(default=True)`.");
}
