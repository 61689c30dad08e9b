use ruff_python_ast::Expr;

use crate::model::catalogue;
use crate::model::finding::{Finding, Fix, NodeText, Severity, code};
use crate::project::migrations::field::{Default, Field};
use crate::project::migrations::migration::{Operation, Position};
use crate::rules::{Against, Context, Look, Rule};
use crate::source::NotLoaded;

use super::data::{another_does, may_empty};
use super::files::{self, File, field_name};

pub(super) static RULE: Rule = Rule {
    entry: &catalogue::MIG006,
    page: include_str!("non_nullable_field_without_default.md"),
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
        // A table that this change empties first takes any column.
        let mut emptied = another_does(context, file, files, may_empty)?;
        let violation = |operation: &Operation<'_>| violation(context, operation);
        let matters = |operation: &Operation<'_>| Ok(violation(operation)?.is_some());
        file.replay(context, matters, |operation, state| {
            emptied |= may_empty(operation);
            let Some((violation, (model_name, _))) = violation(operation)?.zip(field_name(operation)) else {
                return Ok(());
            };
            // A model that no migration here makes may be unmanaged, or new.
            let Some(model) = state.model(&model_name) else { return Ok(()) };
            if !emptied && !model.untouched && !file.is_empty_table(context, model)? {
                findings.extend(finding(file, operation, violation));
            }
            Ok(())
        })?;
        Ok(findings)
    })
}

/// What is wrong with an added field on a table with rows.
fn violation(context: &Context<'_>, operation: &Operation<'_>) -> Result<Option<Violation>, NotLoaded> {
    let adds = operation.is_django("AddField") && operation.position != Position::StateOnly;
    let Some(Expr::Call(call)) =
        operation.argument("field", 2).filter(|_| adds && !operation.has_unpacking())
    else {
        return Ok(None);
    };
    let field = context.here.field(operation.path, operation.module, call)?;
    Ok(field.as_ref().and_then(Violation::of))
}

#[derive(Clone, Copy)]
enum Violation {
    NoDefault,
    /// Unique, and every row gets the same value.
    SameValue,
    /// Unique, and the callable runs once for all rows.
    CalledOnce,
}

impl Violation {
    fn as_str(self) -> &'static str {
        match self {
            Self::NoDefault => "no default",
            Self::SameValue => "same value",
            Self::CalledOnce => "called once",
        }
    }

    fn of(field: &Field) -> Option<Self> {
        match field.default {
            Default::None => (field.needs_value() == Some(true)).then_some(Self::NoDefault),
            _ if !field.is_unique() || field.primary_key => None,
            Default::Constant => Some(Self::SameValue),
            Default::Callable => Some(Self::CalledOnce),
            Default::Database => None,
        }
    }
}

fn finding(file: &File<'_>, operation: &Operation<'_>, violation: Violation) -> Option<Finding> {
    let (model, field) = field_name(operation)?;
    let (what, migration) = (code(&format!("AddField({model}.{field})")), code(&file.name.to_string()));
    let command = code(&format!("migrate {}", file.name.app));
    let (severity, headline, consequence, fix) = match violation {
        Violation::NoDefault => (
            Severity::Error,
            format!("{what} in {migration} is NOT NULL and has no default"),
            format!(
                "{command} fails on a table with rows: {}.",
                code(&format!("IntegrityError: column \"{field}\" contains null values"))
            ),
            "Give the field `default=` or `db_default=`, or add it with `null=True`, fill the rows and tighten it in a later migration.",
        ),
        Violation::SameValue => (
            Severity::Warning,
            format!("{what} in {migration} is unique and gives every row the same default"),
            format!(
                "{command} fails with `IntegrityError: UNIQUE constraint failed` from the second row on."
            ),
            "Add the field with `null=True` and without `unique=True`, fill the rows, then make it unique.",
        ),
        Violation::CalledOnce => (
            Severity::Advice,
            format!("{what} in {migration} is unique, and its default is called once for all rows"),
            format!(
                "{command} fails with `IntegrityError: UNIQUE constraint failed` from the second row on."
            ),
            "Add the field with `null=True` and without `unique=True`, fill each row, then make it unique.",
        ),
    };
    // Not the whole call: an `on_delete` that is added later does not make the violation new.
    let node = NodeText::Open(violation.as_str().to_owned());
    let subject = format!("{}.AddField({}.{})", file.name, model.to_lowercase(), field);
    let finding = RULE.finding(file.span(operation.at), subject, node, headline, consequence);
    Some(finding.with_severity(severity).with_fix(Fix::text(fix)))
}
