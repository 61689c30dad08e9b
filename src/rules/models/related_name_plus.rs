use crate::model::catalogue;
use crate::model::finding::code;
use crate::rules::model::Model;
use crate::rules::python::Report;
use crate::rules::{Against, Look, Rule};
use crate::source::NotLoaded;

pub(super) static RULE: Rule = Rule {
    entry: &catalogue::MOD009,
    page: include_str!("related_name_plus.md"),
    against: Against::ChangedLines,
    looks: &[Look::Model(check)],
};

fn check(model: &Model<'_>, out: &mut Report<'_>) -> Result<(), NotLoaded> {
    for field in model.fields().iter().filter(|field| field.relation().is_some()) {
        let Some((name, text)) = field.argument("related_name").zip(field.text("related_name")) else {
            continue;
        };
        if !text.ends_with('+') || model.file.has_comment(field.call) {
            continue;
        }
        let path = model.path_of(field);
        let target = code(model.target(field).unwrap_or("the other model"));
        out.say(
            name,
            &path,
            format!("related_name {text}"),
            format!("{} takes the way back away without a reason", code(&path)),
            format!(
                "From {target} nobody reaches its rows, neither as an attribute nor with `filter` and `prefetch_related`."
            ),
        )
        .because_of(field.call)
        .fix("Name the way back, or say in a comment above why nobody may go it.");
    }
    Ok(())
}
