use ruff_python_ast::Expr;

use crate::model::finding::{Confidence, Finding, Fix, NodeText, Place, Severity, code};
use crate::project::apps::MigrationName;
use crate::project::migration::{Migration, Operation};
use crate::rules::{Baseline, Context, Rule, Scope};
use crate::source::NotLoaded;
use crate::syntax::python::normalised_expr;

use super::reverse::lacks_reverse;

pub(super) static RULE: Rule = Rule {
    code: "MIG004",
    name: "runpython-without-reverse",
    severity: Severity::Error,
    confidence: Confidence::Certain,
    baseline: Baseline::MergeBase,
    scope: Scope::File,
    page: include_str!("runpython_without_reverse.md"),
    wants: None,
    check,
};

fn check(context: &Context<'_>) -> Result<Vec<Finding>, NotLoaded> {
    let mut findings = Vec::new();
    for (file, name) in context.migration_files()? {
        let Some(migration) = context.here.migration(file.path)? else { continue };
        let irreversible = migration
            .operations()
            .into_iter()
            .filter(|operation| operation.is_django("RunPython") && lacks_reverse(operation, "reverse_code"))
            .map(|operation| finding(&migration, &name, file.path, &operation));
        findings.extend(irreversible);
    }
    Ok(findings)
}

fn finding(migration: &Migration, name: &MigrationName, path: &str, operation: &Operation<'_>) -> Finding {
    let function =
        operation.argument("code", 0).map_or_else(String::new, |e| migration.module().source(e).to_owned());
    let place = Place::Head { path: path.to_owned(), span: migration.module().span(operation.call) };
    let node = NodeText::Open(normalised_expr(&Expr::Call(operation.call.clone())));
    RULE.finding(
        place,
        format!("{name}.RunPython"),
        node,
        format!("{} in {} cannot be reversed", code(&format!("RunPython({function})")), code(&name.to_string())),
        format!(
            "{} stops here with `IrreversibleError`, and so does every rollback past it.",
            code(&format!("migrate {} …", name.app))
        ),
    )
    .with_fix(Fix::text(
        "Pass a function that takes the change back as `reverse_code`, or `migrations.RunPython.noop` if the data may stay.",
    ))
}
