use std::collections::BTreeMap;
use std::sync::Arc;

use crate::model::catalogue;
use crate::model::finding::{Confidence, Finding, Fix, NodeText, Place, Severity, code};
use crate::project::Project;
use crate::project::django::apps::MigrationName;
use crate::project::migrations::deployed::has;
use crate::project::migrations::loaded::Loaded;
use crate::project::migrations::migration::{DependencyAt, Migration};
use crate::rules::{Against, Context, Judging, Look, Rule, look};
use crate::source::{NotLoaded, snapshot::both};
use crate::syntax::python::{normalised_expr, string};

use super::changes::Changes;
use super::runsql_without_reverse::label as runsql_label;
use super::sql;

pub(super) static RULE: Rule = Rule {
    entry: &catalogue::MIG010,
    page: include_str!("unsafe_squash.md"),
    against: Against::TargetTip,
    looks: &[Look::Change(look::migrations, check)],
};

const TWO_RELEASES: &str =
    "Do it in two releases: ship the squash beside its originals, remove them when it has run everywhere.";

/// A squash that the change adds, or whose `replaces` it takes away, is news of the change: the tip says nothing of it.
fn check(context: &Context<'_>) -> Result<Vec<Finding>, NotLoaded> {
    if context.judging == Judging::Baseline {
        return Ok(Vec::new());
    }
    let Some(changes) = Changes::of(context)? else { return Ok(Vec::new()) };
    let fresh = changes.after.iter().filter(|(name, _)| !changes.before.contains_key(*name));
    let fresh =
        fresh.flat_map(|(name, paths)| paths.iter().map(move |path| fresh_squash(context, name, path)));
    let kept = changes.kept().map(|(name, old, new)| unreplaced(context, name, old, new));
    let found = NotLoaded::all(fresh.chain(kept))?;
    Ok(found.into_iter().flatten().collect())
}

/// A squash and its place.
struct Squash<'a> {
    name: &'a MigrationName,
    path: &'a str,
    migration: Arc<Migration>,
}

impl Squash<'_> {
    fn finding(&self, at: &DependencyAt, node: String, headline: String, consequence: &str) -> Finding {
        let place = Place::Head { path: self.path.to_owned(), span: self.migration.module().span(&at.range) };
        RULE.finding(place, self.name.to_string(), NodeText::Open(node), headline, consequence)
    }
}

/// (a, b, f, g) What a new squash says it stands for.
fn fresh_squash(context: &Context<'_>, name: &MigrationName, path: &str) -> Result<Vec<Finding>, NotLoaded> {
    let Some(migration) = context.head.migration(path)? else { return Ok(Vec::new()) };
    let squash = Squash { name, path, migration };
    let named = squash.migration.replaces.iter();
    let named: Vec<_> = named.filter_map(|at| Some((at, at.dependency.migration()?))).collect();
    // Where every original is gone they were removed before, and a database may still know them.
    let known = NotLoaded::all(named.iter().map(|(_, old)| original(context, old, path)))?;
    let gone_before = known.len() > 1 && known.iter().all(Option::is_none);
    let judged = named.iter().filter(|_| !gone_before);
    let one_by_one = judged.map(|(at, old)| replaced(context, &squash, at, old));
    let mut found: Vec<Finding> = NotLoaded::all(one_by_one)?.into_iter().flatten().collect();
    // One file for one is a rename, and `replaces` is how to do it.
    if let ([first, _, ..], Some(gone)) = (named.as_slice(), deleted_originals(context, &named, path)?) {
        let headline = format!("{} comes in the change that removes {gone}", code(&name.to_string()));
        let consequence =
            "A database that ran only some of them can neither go on with the originals nor use the squash.";
        let finding = squash.finding(first.0, "originals removed".to_owned(), headline, consequence);
        found.push(finding.with_fix(Fix::text(TWO_RELEASES)));
    }
    Ok(found)
}

/// "`blog.0001_initial` and 3 more" of the deployed originals that head lacks.
fn deleted_originals(
    context: &Context<'_>,
    named: &[(&DependencyAt, &MigrationName)],
    from: &str,
) -> Result<Option<String>, NotLoaded> {
    let mut gone = Vec::new();
    for (_, old) in named {
        if !has(context.head, old, from)? && context.deployed(old, from)?.is_some() {
            gone.push(old);
        }
    }
    let Some(first) = gone.first() else { return Ok(None) };
    let more =
        if gone.len() > 1 { format!(" and {} more of its originals", gone.len() - 1) } else { String::new() };
    Ok(Some(format!("{}{more}", code(&first.to_string()))))
}

fn replaced(
    context: &Context<'_>,
    squash: &Squash<'_>,
    at: &DependencyAt,
    old: &MigrationName,
) -> Result<Vec<Finding>, NotLoaded> {
    let Some(original) = original(context, old, squash.path)? else {
        return Ok(unknown(context, squash, at, old)?.into_iter().collect());
    };
    let mut found = Vec::new();
    if !original.replaces.is_empty() && has(context.head, old, squash.path)? && old != squash.name {
        let headline = format!(
            "{} replaces {}, which is itself a squash",
            code(&squash.name.to_string()),
            code(&old.to_string())
        );
        let consequence =
            "Before Django 6.0 `migrate` refuses a squash of a squash whose `replaces` is still there.";
        let finding = squash.finding(at, format!("squash of {old}"), headline, consequence);
        let fix = format!(
            "First turn {} into a normal migration: remove its originals, then its `replaces`.",
            code(&old.name)
        );
        found.push(finding.with_confidence(Confidence::Likely).with_fix(Fix::text(fix)));
    }
    let kept = data_operations(&squash.migration, false);
    let needed = data_operations(&original, true);
    for (lost, label) in needed.iter().filter(|(does, _)| !kept.contains_key(*does)) {
        let headline = format!(
            "{} leaves out {} of {}",
            code(&squash.name.to_string()),
            code(label),
            code(&old.to_string())
        );
        let consequence = "New databases run the squash alone and never get what it did.";
        let finding = squash.finding(at, format!("lost {lost}"), headline, consequence);
        let fix = "Copy it into the squash, or mark the original `elidable=True` where new databases do not need it.";
        found.push(finding.with_confidence(Confidence::Likely).with_fix(Fix::text(fix)));
    }
    Ok(found)
}

/// A replaced migration, at head, else at the merge base.
fn original(
    context: &Context<'_>,
    name: &MigrationName,
    from: &str,
) -> Result<Option<Arc<Migration>>, NotLoaded> {
    for side in [context.head, context.merge_base] {
        let (apps, tree) = both(side.apps(), side.tree())?;
        for app in apps.labelled(&name.app, from) {
            let path = format!("{}/{}.py", app.migrations, name.name);
            if tree.contains(&path) {
                return side.migration(&path);
            }
        }
    }
    Ok(None)
}

/// (a) A name that no side has: nothing is ever taken for applied by it. An app of others may have it.
fn unknown(
    context: &Context<'_>,
    squash: &Squash<'_>,
    at: &DependencyAt,
    old: &MigrationName,
) -> Result<Option<Finding>, NotLoaded> {
    let sides = [context.head, context.merge_base, context.target_tip].into_iter();
    let sides: Vec<&Arc<Project>> = sides.chain(&context.deployed.projects).collect();
    let mut is_ours = false;
    for side in sides {
        is_ours |= !side.apps()?.labelled(&old.app, squash.path).is_empty();
        if has(side, old, squash.path)? {
            return Ok(None);
        }
    }
    if !is_ours || context.head.is_ignored(old, squash.path)? {
        return Ok(None);
    }
    // What a squash of the merge base stands for existed once.
    if Loaded::around(context.merge_base, squash.path)?.standing(old) != old {
        return Ok(None);
    }
    let headline = format!(
        "{} replaces {}, which does not exist",
        code(&squash.name.to_string()),
        code(&old.to_string())
    );
    let consequence = "No database has ever applied that name, so Django never takes the squash for applied and runs it again.";
    let finding = squash.finding(at, format!("unknown {old}"), headline, consequence);
    Ok(Some(
        finding
            .with_confidence(Confidence::Likely)
            .with_fix(Fix::text("Name the migrations that it stands for.")),
    ))
}

/// `RunPython` by its function's name, `RunSQL` by its text, with what a sentence may show of them: no value.
fn data_operations(migration: &Migration, only_needed: bool) -> BTreeMap<String, String> {
    let operations = migration.operations();
    let named = operations.iter().filter_map(|operation| {
        let elidable = operation.argument("elidable", 4).is_some_and(|e| normalised_expr(e) == "True");
        if elidable && only_needed {
            return None;
        }
        if operation.is_django("RunPython") {
            let function = normalised_expr(operation.argument("code", 0)?);
            let last = function.rsplit('.').next().unwrap_or(&function).to_owned();
            let label = format!("RunPython({last})");
            return (last != "noop").then(|| (label.clone(), label));
        }
        let written = operation.is_django("RunSQL").then(|| operation.argument("sql", 0))??;
        let text = string(written)?.split_whitespace().collect::<Vec<_>>().join(" ");
        let statements = sql::statements(operation).unwrap_or_default();
        (!text.is_empty()).then(|| (format!("RunSQL({text})"), runsql_label(operation, &statements)))
    });
    named.collect()
}

/// (c) `replaces` goes while what is deployed has the originals and not the squash.
fn unreplaced(
    context: &Context<'_>,
    name: &MigrationName,
    old_path: &str,
    new_path: &str,
) -> Result<Vec<Finding>, NotLoaded> {
    let (old, new) = (context.merge_base.migration(old_path)?, context.head.migration(new_path)?);
    let (Some(old), Some(migration)) = (old, new) else { return Ok(Vec::new()) };
    if old.replaces.is_empty() || !migration.replaces.is_empty() {
        return Ok(Vec::new());
    }
    let named: Vec<&MigrationName> = old.replaced().collect();
    for deployed in &context.deployed.projects {
        if has(deployed, name, new_path)? {
            continue;
        }
        for original in &named {
            if has(deployed, original, new_path)? {
                let headline =
                    format!("{} loses {} before it is deployed", code(&name.to_string()), code("replaces"));
                let consequence = format!(
                    "Databases have {} and not the squash: `migrate` runs it again and stops where its tables already exist.",
                    code(&original.to_string())
                );
                let Some(class) = migration.class() else { continue };
                let place =
                    Place::Head { path: new_path.to_owned(), span: migration.module().span(&class.name) };
                let node = NodeText::Open("replaces removed".to_owned());
                let finding = RULE.finding(place, name.to_string(), node, headline, consequence);
                return Ok(vec![finding.with_severity(Severity::Error).with_fix(Fix::text(TWO_RELEASES))]);
            }
        }
    }
    Ok(Vec::new())
}
