use std::collections::{BTreeMap, BTreeSet};

use ruff_python_ast::Expr;
use ruff_text_size::{Ranged, TextRange};

use crate::model::catalogue;
use crate::model::finding::{Finding, Fix, NodeText, Severity, code};
use crate::project::migrations::migration::{Operation, Position};
use crate::project::migrations::state::State;
use crate::rules::{Against, Context, Look, Rule};
use crate::source::NotLoaded;
use crate::syntax::python::normalised_expr;

use super::data::{another_does, changes_data};
use super::files::{self, File, field_name};

pub(super) static RULE: Rule = Rule {
    entry: &catalogue::MIG012,
    page: include_str!("several_logical_changes.md"),
    against: Against::ChangedLines,
    looks: &[Look::Change(check)],
    wants: Some(files::wants),
};

/// Operations that change tables.
const SCHEMA: [&str; 18] = [
    "CreateModel",
    "DeleteModel",
    "RenameModel",
    "AddField",
    "RemoveField",
    "AlterField",
    "RenameField",
    "AddIndex",
    "RemoveIndex",
    "RenameIndex",
    "AddConstraint",
    "RemoveConstraint",
    "AlterConstraint",
    "AlterModelTable",
    "AlterUniqueTogether",
    "AlterIndexTogether",
    "AlterOrderWithRespectTo",
    "AlterModelTableComment",
];

/// More operations than this are more than one thought.
const MANY_OPERATIONS: usize = 10;
/// So many models without a relation between them are more than one thought.
const MANY_MODELS: usize = 3;

fn check(context: &Context<'_>) -> Result<Vec<Finding>, NotLoaded> {
    files::each(context, |file, files| {
        let mut findings = Vec::new();
        if is_exempt(file) || !file.is_new(context)? {
            return Ok(findings);
        }
        findings.extend(mixed(file));
        findings.extend(many_operations(file));
        findings.extend(many_models(context, file)?);
        findings.extend(remade(context, file, files)?);
        Ok(findings)
    })
}

/// Initial migrations, squashes and merges are several changes by nature.
fn is_exempt(file: &File<'_>) -> bool {
    let migration = file.source.migration();
    let name = &file.name.name;
    migration.initial
        || !migration.replaces.is_empty()
        || ["initial", "squash", "merge"].iter().any(|word| name.contains(word))
        || !migration.dependencies.iter().any(|d| {
            matches!(&d.dependency, crate::project::migrations::migration::Dependency::On(on) if on.app == file.name.app)
        })
}

fn is_schema(operation: &Operation<'_>) -> bool {
    operation.position == Position::Plain && SCHEMA.iter().any(|kind| operation.is_django(kind))
}

/// (a) Schema and data in one transaction.
fn mixed(file: &File<'_>) -> Option<Finding> {
    let operations = file.source.operations();
    let is_data = |o: &&Operation<'_>| {
        o.position == Position::Plain && o.django_kind().is_some() && surely_changes_data(o)
    };
    let data = operations.iter().find(is_data)?;
    let schema = operations.iter().find(|o| is_schema(o))?;
    // Filling what was just added, outside a transaction, is one thought.
    let only_adds = operations.iter().filter(|o| is_schema(o)).all(|o| o.kind() == "AddField");
    if file.source.migration().atomic == Some(false) && only_adds {
        return None;
    }
    let finding = RULE.finding(
        file.span(data.at),
        format!("{}.mixed", file.name),
        NodeText::Open(normalised_expr(&Expr::Call(data.call.clone()))),
        format!(
            "{} mixes schema ({}) and data ({})",
            code(&file.name.to_string()),
            code(schema.kind()),
            code(data.kind())
        ),
        "When one half fails the other must be repeated too, and PostgreSQL may refuse with `cannot ALTER TABLE because it has pending trigger events`.",
    );
    let fix = Fix::text("Split it, so that each half can be reversed and retried alone.");
    Some(finding.with_severity(Severity::Warning).with_fix(fix))
}

/// SQL that cannot be read may be schema.
fn surely_changes_data(operation: &Operation<'_>) -> bool {
    changes_data(operation)
        && (operation.django_kind() != Some("RunSQL") || super::sql::statements(operation).is_some())
}

/// The class's name: what the migration as a whole is reported at.
fn whole(file: &File<'_>) -> Option<TextRange> {
    file.source.migration().class().map(|class| class.name.range())
}

fn advice(file: &File<'_>, why: &str, headline: String, fix: &str) -> Option<Finding> {
    let consequence =
        "What fails in the middle of it leaves the whole undone, and going back takes all of it back.";
    let finding = RULE.finding(
        file.span(whole(file)?),
        format!("{}.{why}", file.name),
        NodeText::Open(why.to_owned()),
        headline,
        consequence,
    );
    Some(finding.with_fix(Fix::text(fix)))
}

/// (c) Very many operations.
fn many_operations(file: &File<'_>) -> Option<Finding> {
    let operations = file.source.operations();
    let count = operations.iter().filter(|o| o.position == Position::Plain).count();
    let headline = format!("{} holds {count} operations", code(&file.name.to_string()));
    (count > MANY_OPERATIONS)
        .then(|| {
            advice(
                file,
                "operations",
                headline,
                "Split it by what belongs together, or say in its name what the one change is.",
            )
        })
        .flatten()
}

/// (b) Models that have nothing to do with each other.
fn many_models(context: &Context<'_>, file: &File<'_>) -> Result<Option<Finding>, NotLoaded> {
    let operations = file.source.operations();
    let models: BTreeSet<String> = operations.iter().filter(|o| is_schema(o)).filter_map(model_of).collect();
    if models.len() < MANY_MODELS {
        return Ok(None);
    }
    let mut touched = BTreeSet::new();
    let mut related = Relations::new();
    let mut all_known = true;
    let after = file.replay(
        context,
        |_| Ok(true),
        |operation, state| {
            let Some(model) = model_of(operation).filter(|_| is_schema(operation)) else { return Ok(()) };
            all_known &= operation.kind() == "CreateModel" || state.model(&model).is_some();
            if touched.insert(model.clone()) {
                relate(&mut related, &model, state);
            }
            Ok(())
        },
    )?;
    touched.iter().for_each(|model| relate(&mut related, model, &after));
    let groups = groups(&touched, &related);
    if groups < MANY_MODELS || !all_known {
        return Ok(None);
    }
    let headline = format!("{} changes {groups} models that are not related", code(&file.name.to_string()));
    Ok(advice(file, "models", headline, "Make one migration for each."))
}

/// Which models a model leads to, or is led to from.
type Relations = BTreeMap<String, BTreeSet<String>>;

fn relate(related: &mut Relations, model: &str, state: &State) {
    let fields = state.model(model).into_iter().flat_map(|m| m.fields.values());
    for to in fields.flatten().filter_map(|field| field.to.clone()) {
        related.entry(to.clone()).or_default().insert(model.to_owned());
        related.entry(model.to_owned()).or_default().insert(to);
    }
}

fn model_of(operation: &Operation<'_>) -> Option<String> {
    let name = match operation.kind() {
        "CreateModel"
        | "DeleteModel"
        | "AlterModelTable"
        | "AlterUniqueTogether"
        | "AlterIndexTogether"
        | "AlterOrderWithRespectTo"
        | "AlterModelTableComment" => operation.text("name", 0),
        "RenameModel" => operation.text("old_name", 0),
        _ => operation.text("model_name", 0),
    };
    name.map(str::to_lowercase)
}

/// How many groups the models fall into when relations hold them together.
fn groups(models: &BTreeSet<String>, related: &Relations) -> usize {
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    let mut groups = 0;
    for model in models {
        if seen.contains(model.as_str()) {
            continue;
        }
        groups += 1;
        let mut waiting = vec![model.as_str()];
        while let Some(next) = waiting.pop() {
            if seen.insert(next) {
                waiting.extend(related.get(next).into_iter().flatten().map(String::as_str));
            }
        }
    }
    groups
}

/// (d) A field made in another new migration of this change is made anew here.
fn remade(context: &Context<'_>, file: &File<'_>, files: &[File<'_>]) -> Result<Option<Finding>, NotLoaded> {
    // Add, fill, tighten: three steps that cannot be one.
    if file.source.operations().iter().any(changes_data) || another_does(context, file, files, changes_data)?
    {
        return Ok(None);
    }
    let mut made = BTreeMap::new();
    for other in files.iter().filter(|o| o.name.app == file.name.app && o.name != file.name) {
        if !other.is_new(context)? {
            continue;
        }
        for operation in other.source.operations().iter().filter(|o| o.kind() == "AddField") {
            made.extend(lower(field_name(operation)).map(|field| (field, other.name.name.clone())));
        }
    }
    let operations = file.source.operations();
    let again = operations.iter().filter(|o| matches!(o.kind(), "AlterField" | "RemoveField")).find_map(
        |operation| {
            let field = lower(field_name(operation))?;
            made.get(&field).map(|by| (operation, field, by))
        },
    );
    let Some((operation, (model, field), by)) = again else { return Ok(None) };
    let finding = RULE.finding(
        file.span(operation.at),
        format!("{}.{model}.{field}", file.name),
        NodeText::Open(normalised_expr(&Expr::Call(operation.call.clone()))),
        format!(
            "{} changes {}, which {} of this pull request has just made",
            code(&file.name.to_string()),
            code(&format!("{model}.{field}")),
            code(by)
        ),
        "Every database will build the column twice.",
    );
    Ok(Some(
        finding.with_fix(Fix::text("Make one migration of the two before merging: neither is deployed yet.")),
    ))
}

fn lower(field: Option<(String, String)>) -> Option<(String, String)> {
    field.map(|(model, name)| (model.to_lowercase(), name.to_lowercase()))
}
