use ruff_python_ast::Expr;

use crate::model::catalogue;
use crate::model::finding::{Finding, Fix, NodeText, code};
use crate::project::migrations::migration::{Operation, Position};
use crate::rules::{Against, Context, Look, Rule};
use crate::source::NotLoaded;

use super::data::{another_does, changes_data};
use super::files::{self, File, field_name};

pub(super) static RULE: Rule = Rule {
    entry: &catalogue::MIG017,
    page: include_str!("tightening_null_without_default.md"),
    against: Against::ChangedLines,
    looks: &[Look::Change(check)],
    wants: Some(files::wants),
};

fn check(context: &Context<'_>) -> Result<Vec<Finding>, NotLoaded> {
    files::each(context, |file, files| {
        let mut findings = Vec::new();
        if file.is_squash() {
            return Ok(findings);
        }
        let mut filled = another_does(context, file, files, changes_data)?;
        let needs_value = |operation: &Operation<'_>| needs_value(context, operation);
        file.replay(context, needs_value, |operation, state| {
            filled |= changes_data(operation);
            if filled || !needs_value(operation)? {
                return Ok(());
            }
            let Some((model_name, name)) = field_name(operation) else { return Ok(()) };
            let was_null = state.field(&model_name, &name).is_some_and(|before| before.null);
            let Some(model) = state.model(&model_name).filter(|m| was_null && !m.untouched) else {
                return Ok(());
            };
            if !file.is_empty_table(context, model)? {
                findings.push(finding(file, operation, &model_name, &name));
            }
            Ok(())
        })?;
        Ok(findings)
    })
}

/// Does the operation leave a column that is NOT NULL and that nothing fills?
fn needs_value(context: &Context<'_>, operation: &Operation<'_>) -> Result<bool, NotLoaded> {
    let alters = operation.is_django("AlterField") && operation.position != Position::StateOnly;
    let Some(Expr::Call(call)) =
        operation.argument("field", 2).filter(|_| alters && !operation.has_unpacking())
    else {
        return Ok(false);
    };
    let field = context.here.field(operation.path, operation.module, call)?;
    Ok(field.and_then(|field| field.needs_value()) == Some(true))
}

fn finding(file: &File<'_>, operation: &Operation<'_>, model: &str, field: &str) -> Finding {
    // Not the whole call: another argument that changes later does not make the fault new.
    let node = NodeText::Open(String::new());
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
