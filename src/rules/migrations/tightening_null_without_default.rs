use ruff_python_ast::Expr;

use crate::model::finding::{Confidence, Finding, Fix, NodeText, Severity, code};
use crate::project::migration::{Operation, Position};
use crate::rules::{Baseline, Context, Rule, Scope};
use crate::source::NotLoaded;
use crate::syntax::python::normalised_expr;

use super::data::{changes_data, fills_before};
use super::files::{self, File, field_name};

pub(super) static RULE: Rule = Rule {
    code: "MIG017",
    name: "tightening-null-without-default",
    severity: Severity::Warning,
    confidence: Confidence::Likely,
    baseline: Baseline::MergeBase,
    scope: Scope::File,
    page: include_str!("tightening_null_without_default.md"),
    wants: Some(files::wants),
    check,
};

fn check(context: &Context<'_>) -> Result<Vec<Finding>, NotLoaded> {
    let mut findings = Vec::new();
    let files = files::of(context)?;
    for file in &files {
        let mut filled = fills_before(context, file, &files)?;
        file.replay(context, is_alter_field, |operation, state| {
            filled |= changes_data(operation);
            let Some((model_name, name)) =
                field_name(operation).filter(|_| is_alter_field(operation) && !filled)
            else {
                return Ok(());
            };
            let Some(Expr::Call(call)) = operation.argument("field", 2) else { return Ok(()) };
            let after = context.here.field(file.path, operation.module, call)?;
            let was_null = state.field(&model_name, &name).is_some_and(|before| before.null);
            if !was_null || after.and_then(|field| field.needs_value()) != Some(true) {
                return Ok(());
            }
            let Some(model) = state.model(&model_name) else { return Ok(()) };
            if !model.untouched && !file.is_empty_table(context, model)? {
                findings.push(finding(file, operation, &model_name, &name));
            }
            Ok(())
        })?;
    }
    Ok(findings)
}

fn is_alter_field(operation: &Operation<'_>) -> bool {
    operation.is_django("AlterField")
        && operation.position != Position::StateOnly
        && !operation.has_unpacking()
}

fn finding(file: &File<'_>, operation: &Operation<'_>, model: &str, field: &str) -> Finding {
    let node = NodeText::Open(normalised_expr(&Expr::Call(operation.call.clone())));
    RULE.finding(
        file.span(operation.at),
        format!("{}.AlterField({}.{field})", file.name, model.to_lowercase()),
        node,
        format!(
            "{} in {} becomes NOT NULL while its rows may hold NULL",
            code(&format!("AlterField({model}.{field})")),
            code(&file.name.to_string())
        ),
        format!(
            "{} fails on the first such row: {}.",
            code(&format!("migrate {}", file.name.app)),
            code(&format!("IntegrityError: column \"{field}\" contains null values"))
        ),
    )
    .with_fix(Fix::text(format!(
        "Fill {} with a `RunPython` before this operation, or give the field a default.",
        code(field)
    )))
}
