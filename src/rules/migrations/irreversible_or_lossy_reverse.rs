use ruff_python_ast::Expr;

use crate::model::catalogue;
use crate::model::finding::{Finding, Fix, NodeText, Severity, code};
use crate::project::migrations::migration::{Operation, Position};
use crate::rules::{Against, Context, Look, Rule};
use crate::source::NotLoaded;
use crate::syntax::python::{ScopeId, normalised_expr};

use super::data::changes_data;
use super::files::{self, File, field_name};
use super::reverse::short;
use super::sql;

pub(super) static RULE: Rule = Rule {
    entry: &catalogue::MIG015,
    page: include_str!("irreversible_or_lossy_reverse.md"),
    against: Against::ChangedLines,
    looks: &[Look::Change(check)],
    wants: Some(files::wants),
};

/// Words of tests that run migrations.
const TEST_TOOLS: [&str; 3] = ["MigrationExecutor", "migrate_from", "django_test_migrations"];

fn check(context: &Context<'_>) -> Result<Vec<Finding>, NotLoaded> {
    files::each(context, |file, files| {
        let mut findings = Vec::new();
        for operation in file.source.operations().iter().filter(|o| o.position != Position::StateOnly) {
            if is_one_way_class(operation) {
                findings.push(one_way_class(file, operation));
            }
            if operation.is_here() && leaves_deleted(operation) && !has_comment_near(file, operation) {
                findings.push(lossy(file, operation));
            }
        }
        findings.extend(removed_not_null(context, file, files)?);
        findings.extend(untested(context, file, files)?);
        Ok(findings)
    })
}

fn reported(
    file: &File<'_>,
    operation: &Operation<'_>,
    why: &str,
    headline: String,
    consequence: String,
) -> Finding {
    let node = NodeText::Open(normalised_expr(&Expr::Call(operation.call.clone())));
    RULE.finding(file.span(operation.at), format!("{}.{why}", file.name), node, headline, consequence)
}

/// (a) An own operation that derives from Django's `Operation` alone and cannot go back.
fn is_one_way_class(operation: &Operation<'_>) -> bool {
    let Some(ancestry) = operation.ancestry else { return false };
    let [base] = ancestry.foreign.as_slice() else { return false };
    let plain = base == "django.db.migrations.operations.base.Operation";
    let classes: Vec<_> = ancestry.own.iter().filter_map(|d| d.module.class(&d.name)).collect();
    let refuses = ancestry
        .own
        .iter()
        .find_map(|d| d.module.attribute(d.module.class(&d.name)?, "reversible"))
        .is_some_and(|e| e.as_boolean_literal_expr().is_some_and(|b| !b.value));
    let goes_back = classes.iter().any(|class| {
        class
            .body
            .iter()
            .filter_map(|s| s.as_function_def_stmt())
            .any(|f| f.name.as_str() == "database_backwards")
    });
    plain && (refuses || !goes_back)
}

fn one_way_class(file: &File<'_>, operation: &Operation<'_>) -> Finding {
    let kind = operation.kind();
    let headline = format!("{} in {} cannot be reversed", code(kind), code(&file.name.to_string()));
    let consequence = "Every rollback past it stops here: the class has no way back.".to_owned();
    reported(file, operation, &format!("{kind}.class"), headline, consequence)
        .with_severity(Severity::Warning)
        .with_fix(Fix::text(format!(
            "Give {} a `database_backwards` and leave `reversible` alone.",
            code(kind)
        )))
}

/// (b) Going back adds the column again, NOT NULL and without a value for the rows.
fn removed_not_null(
    context: &Context<'_>,
    file: &File<'_>,
    files: &[File<'_>],
) -> Result<Vec<Finding>, NotLoaded> {
    let mut findings = Vec::new();
    let is_removal = |operation: &Operation<'_>| {
        operation.is_django("RemoveField") && operation.position != Position::StateOnly
    };
    file.replay(
        context,
        |operation| Ok(is_removal(operation)),
        |operation, state| {
            let Some((model_name, name)) = field_name(operation).filter(|_| is_removal(operation)) else {
                return Ok(());
            };
            let needs_value =
                state.field(&model_name, &name).and_then(|field| field.needs_value()) == Some(true);
            let Some(model) = state.model(&model_name).filter(|m| needs_value && !m.untouched) else {
                return Ok(());
            };
            if is_deleted(files, file, &model_name) || file.is_empty_table(context, model)? {
                return Ok(());
            }
            let what = format!("RemoveField({model_name}.{name})");
            let headline = format!(
                "{} in {} cannot be taken back on a table with rows",
                code(&what),
                code(&file.name.to_string())
            );
            let consequence = format!(
                "Going back adds {} again, NOT NULL and without a default: {}.",
                code(&name),
                code(&format!("IntegrityError: column \"{name}\" contains null values"))
            );
            let finding = reported(file, operation, &what, headline, consequence);
            findings.push(finding.with_severity(Severity::Warning).with_fix(Fix::text(format!(
                "Put an `AlterField` with `null=True` for {} before the `RemoveField`.",
                code(&name)
            ))));
            Ok(())
        },
    )?;
    Ok(findings)
}

/// Does the change remove the whole model?
fn is_deleted(files: &[File<'_>], file: &File<'_>, model: &str) -> bool {
    let same_app = files.iter().filter(|other| other.name.app == file.name.app);
    let mut operations = same_app.flat_map(|other| {
        other
            .source
            .operations()
            .into_iter()
            .map(|o| (o.kind() == "DeleteModel").then(|| o.text("name", 0).map(str::to_lowercase)).flatten())
            .collect::<Vec<_>>()
    });
    operations.any(|deleted| deleted.as_deref() == Some(&model.to_lowercase()))
}

/// (c) Rows are deleted, and the way back does nothing.
fn leaves_deleted(operation: &Operation<'_>) -> bool {
    let noop = |keyword: &str| {
        let reverse = operation.argument(keyword, 1);
        reverse.and_then(|e| operation.module.qualified(e)).is_some_and(|name| name.ends_with(".noop"))
    };
    match operation.django_kind() {
        Some("RunPython") => noop("reverse_code") && forward_deletes(operation),
        Some("RunSQL") => {
            let statements = sql::statements(operation).unwrap_or_default();
            noop("reverse_sql") && statements.iter().any(|s| sql::deletes(s))
        }
        _ => false,
    }
}

fn forward_deletes(operation: &Operation<'_>) -> bool {
    let name = operation.argument("code", 0).and_then(|e| e.as_name_expr());
    let index = operation.module.index();
    let function = name.and_then(|name| index.function_in(ScopeId::MODULE, name.id.as_str()));
    let mut methods = function
        .into_iter()
        .flat_map(|function| index.calls_in(function.body))
        .filter_map(|call| call.node.func.as_attribute_expr());
    methods.any(|method| method.attr.as_str() == "delete")
}

/// A comment on the call or in the three lines above it says why.
fn has_comment_near(file: &File<'_>, operation: &Operation<'_>) -> bool {
    let module = file.source.migration().module();
    let lines = module.span(&operation.at).lines();
    let from = lines.start.saturating_sub(3);
    !module.index().comments_on(from..=lines.end).is_empty()
}

fn lossy(file: &File<'_>, operation: &Operation<'_>) -> Finding {
    let what = format!(
        "{}({})",
        operation.kind(),
        operation.call.arguments.args.first().map_or_else(String::new, short)
    );
    reported(
        file,
        operation,
        &format!("{what}.noop"),
        format!("{} in {} deletes rows that going back does not restore", code(&what), code(&file.name.to_string())),
        "After a rollback the rows are gone, and nothing says that this is meant.".to_owned(),
    )
    .with_fix(Fix::text("Say in a comment beside it why the rows need not come back, or write the function that restores them."))
}

/// (d) Does a changed test run this migration?
fn is_tested(context: &Context<'_>, file: &File<'_>) -> Result<bool, NotLoaded> {
    let tests = context.files().filter(|f| is_test(f.path)).map(|f| context.here.text(f.path));
    Ok(NotLoaded::all(tests)?.into_iter().flatten().any(|text| {
        let text = text.as_str();
        text.contains(&file.name.name) || TEST_TOOLS.iter().any(|tool| text.contains(tool))
    }))
}

fn is_test(path: &str) -> bool {
    let name = crate::source::tree::file_name(path);
    path.ends_with(".py")
        && (name.starts_with("test")
            || name.ends_with("_test.py")
            || path.split('/').any(|p| p == "tests" || p == "test"))
}

/// Said once of a change, at the first of its data migrations; what a squash holds was tested where it comes from.
fn untested(
    context: &Context<'_>,
    file: &File<'_>,
    files: &[File<'_>],
) -> Result<Option<Finding>, NotLoaded> {
    let candidate = |file: &File<'_>| {
        Ok(!file.is_squash() && changes_rows(file) && file.is_new(context)? && !is_tested(context, file)?)
    };
    let all: Vec<bool> = NotLoaded::all(files.iter().map(candidate))?;
    let untested: Vec<&File<'_>> =
        files.iter().zip(all).filter(|(_, is)| *is).map(|(file, _)| file).collect();
    if untested.first().is_none_or(|first| first.path != file.path) {
        return Ok(None);
    }
    let operations = file.source.operations();
    let Some(first) = operations.iter().find(|o| is_data(o)) else { return Ok(None) };
    let name = code(&file.name.to_string());
    let headline = match untested.len() - 1 {
        0 => format!("{name} changes data, and no test of this change runs it"),
        1 => format!("{name} and 1 more migration change data, and no test of this change runs them"),
        more => {
            format!("{name} and {more} more migrations change data, and no test of this change runs them")
        }
    };
    let consequence = "The first time it runs, forward or back, is on a database that matters.".to_owned();
    let finding = reported(file, first, "untested", headline, consequence);
    Ok(Some(finding.with_fix(Fix::text(
        "Migrate to the state before with `MigrationExecutor`, make rows, migrate on and back, and compare.",
    ))))
}

fn changes_rows(file: &File<'_>) -> bool {
    file.source.operations().iter().any(is_data)
}

fn is_data(operation: &Operation<'_>) -> bool {
    operation.django_kind().is_some() && changes_data(operation)
}
