use crate::model::catalogue;
use crate::model::finding::code;
use crate::project::django::model_field::{ModelField, RelationKind};
use crate::rules::model::Model;
use crate::rules::python::Report;
use crate::rules::{Against, Look, Rule};
use crate::source::NotLoaded;

pub(super) static RULE: Rule = Rule {
    entry: &catalogue::MOD015,
    page: include_str!("missing_on_delete.md"),
    against: Against::ChangedLines,
    looks: &[Look::Model(check)],
};

fn check(model: &Model<'_>, out: &mut Report<'_>) -> Result<(), NotLoaded> {
    for field in model.fields().iter().filter(|field| lacks(field)) {
        let target = model.target(field).unwrap_or("other row");
        out.say(
            &field.at,
            model.path_of(field),
            "no on_delete",
            format!("{} does not say `on_delete`", code(&model.path_of(field))),
            "Django stops at import: `ForeignKey.__init__() missing 1 required positional argument: 'on_delete'`.",
        )
        .because_of(field.call)
        .fix(format!(
            "Write `on_delete=models.CASCADE` if the row goes with its {target}, `models.PROTECT` if it keeps the {target} from going.",
            target = code(target),
        ));
    }
    Ok(())
}

fn lacks(field: &ModelField<'_>) -> bool {
    let needs = matches!(field.relation(), Some(RelationKind::ForeignKey | RelationKind::OneToOne));
    needs && !field.may_have_more() && field.argument("on_delete").is_none()
}
