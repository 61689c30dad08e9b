use crate::model::catalogue;
use crate::model::finding::{Finding, Fix, NodeText, Place, Severity, code};
use crate::project::django::apps::MigrationName;
use crate::project::migrations::deployed::Because;
use crate::project::migrations::migration::Dependency;
use crate::rules::migrations::canonical::{Canonical, same_tokens};
use crate::rules::{Against, Context, Look, Rule, look};
use crate::source::{NotLoaded, snapshot::both};
use crate::syntax::python::Module;

use super::changes::{Changes, severity_of, was_migration};
use super::edit::{At, Difference, Direction, Impact, differences};

pub(super) static RULE: Rule = Rule {
    entry: &catalogue::MIG001,
    page: include_str!("edited_deployed_migration.md"),
    against: Against::Nothing,
    looks: &[Look::Change(look::migrations, check)],
};

fn check(context: &Context<'_>) -> Result<Vec<Finding>, NotLoaded> {
    let Some(changes) = Changes::of(context)? else { return Ok(Vec::new()) };
    let judged = changes.kept().map(|(name, old, new)| judge(context, name, old, new));
    Ok(NotLoaded::all(judged)?.into_iter().flatten().collect())
}

/// One migration that is on both sides.
fn judge(
    context: &Context<'_>,
    name: &MigrationName,
    old_path: &str,
    new_path: &str,
) -> Result<Option<Finding>, NotLoaded> {
    let (old, new) = (context.merge_base.module(old_path)?, context.head.module(new_path)?);
    let (Some(old), Some(new)) = (old, new) else { return Ok(None) };
    // A migration that no longer parses is MIG009's.
    let broken = new.fault().is_some() && old.fault().is_none();
    if broken || !was_migration(context, old_path)? {
        return Ok(None);
    }
    let found = compared(name, (&old, old_path), (&new, new_path));
    let found = without_repointing(context, new_path, found)?;
    if found.is_empty() {
        return Ok(None);
    }
    let Some(because) = context.deployed(name, old_path)? else { return Ok(None) };
    if is_what_is_deployed(context, name, &new, new_path)? {
        return Ok(None);
    }
    Ok(Some(finding(name, &because, found, (&old, old_path), (&new, new_path))))
}

fn compared(name: &MigrationName, old: (&Module, &str), new: (&Module, &str)) -> Vec<Difference> {
    let unreadable = old.0.fault().is_some();
    if unreadable && same_tokens(old.0, new.0) {
        return Vec::new();
    }
    // Both by the old path: an app that moved as a whole still means its own modules by `from .helpers import …`.
    let (before, after) = (Canonical::of(old.0, old.1), Canonical::of(new.0, old.1));
    let mut found = differences(name, &before, &after);
    if unreadable && new.0.fault().is_none() {
        // What only Python 2 could read had to change to be read at all; its operations had not.
        found.iter_mut().filter(|e| e.is_helper).for_each(|e| e.impact = Impact::Compatible);
    }
    found
}

/// Pointing to the squash that stands for a migration, or having pointed there too, changes nothing (MIG010 judges the
/// squash), and a dependency on an app that is gone as a whole has to go with it.
fn without_repointing(
    context: &Context<'_>,
    path: &str,
    mut found: Vec<Difference>,
) -> Result<Vec<Difference>, NotLoaded> {
    let migration = context.head.migration(path)?;
    let dependencies = migration.iter().flat_map(|m| &m.dependencies);
    let needed: Vec<&MigrationName> = dependencies.filter_map(|d| d.dependency.migration()).collect();
    let of = |direction| {
        found.iter().filter_map(move |e: &Difference| e.dependency.as_ref().filter(|(d, _)| *d == direction))
    };
    let (mut excused, mut gone) = (Vec::new(), Vec::new());
    for (_, removed) in of(Direction::Removed) {
        let mut stands = Vec::new();
        for on in &needed {
            if replaces(context, on, removed, path)? {
                stands.push((*on).clone());
            }
        }
        if !stands.is_empty() {
            excused.append(&mut stands);
            excused.push(removed.clone());
        } else if has_app(context.merge_base, &removed.app, path)?
            && !has_app(context.head, &removed.app, path)?
        {
            gone.push(removed.clone());
        }
    }
    let is_in = |list: &[MigrationName], e: &Difference| {
        e.dependency.as_ref().is_some_and(|(_, name)| list.contains(name))
    };
    found.retain(|edit| !is_in(&excused, edit));
    found.iter_mut().filter(|edit| is_in(&gone, edit)).for_each(|edit| edit.impact = Impact::Compatible);
    Ok(found)
}

fn has_app(project: &crate::project::Project, label: &str, from: &str) -> Result<bool, NotLoaded> {
    let (apps, tree) = both(project.apps(), project.tree())?;
    Ok(apps.labelled(label, from).iter().any(|app| app.migration_files(&tree).next().is_some()))
}

/// Does `new` stand for `old`, at head?
fn replaces(
    context: &Context<'_>,
    new: &MigrationName,
    old: &MigrationName,
    from: &str,
) -> Result<bool, NotLoaded> {
    for side in [context.head, context.merge_base] {
        let apps = side.apps()?;
        for app in apps.labelled(&new.app, from) {
            let path = format!("{}/{}.py", app.migrations, new.name);
            let migration = side.migration(&path)?;
            let named = |m: &crate::project::migrations::migration::Migration| {
                m.replaces.iter().any(|r| matches!(&r.dependency, Dependency::On(name) if name == old))
            };
            if migration.is_some_and(|m| named(&m)) {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// A backport brings what is deployed already.
fn is_what_is_deployed(
    context: &Context<'_>,
    name: &MigrationName,
    new: &Module,
    new_path: &str,
) -> Result<bool, NotLoaded> {
    let text = Canonical::of(new, new_path).text();
    for deployed in &context.deployed.projects {
        let apps = deployed.apps()?;
        for app in apps.labelled(&name.app, new_path) {
            let path = format!("{}/{}.py", app.migrations, name.name);
            let module = deployed.module(&path)?;
            if module.is_some_and(|module| Canonical::of(&module, &path).text() == text) {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

fn finding(
    name: &MigrationName,
    because: &Because,
    mut found: Vec<Difference>,
    old: (&Module, &str),
    new: (&Module, &str),
) -> Finding {
    found.sort_by_key(|edit| std::cmp::Reverse(edit.impact));
    let worst = found.first().map_or(Impact::Harmless, |edit| edit.impact);
    let what = found.first().map_or_else(String::new, |edit| edit.what.clone());
    let consequence = found.first().map_or("", consequence);
    let fix = found.first().map(|worst| fix(worst, name, new.1));
    let place = match found.first().map(|edit| edit.at) {
        Some(At::Base(range)) => Place::Base { path: old.1.to_owned(), span: old.0.span(&range) },
        Some(At::Head(range)) => Place::Head { path: new.1.to_owned(), span: new.0.span(&range) },
        None => Place::Path(new.1.to_owned()),
    };
    let more = match found.len() {
        0 | 1 => String::new(),
        2 => ", and 1 more change".to_owned(),
        n => format!(", and {} more changes", n - 1),
    };
    let severity = match worst {
        Impact::Real => severity_of(because),
        Impact::StateOnly | Impact::Backward => Severity::Warning,
        Impact::Compatible | Impact::Harmless => Severity::Advice,
    };
    let headline = format!("{} is {because}; this edit {what}{more}", code(&name.to_string()));
    let text = found.iter().map(|edit| edit.what.as_str()).collect::<Vec<_>>().join("\n");
    let finding = RULE.finding(place, name.to_string(), NodeText::Open(text), headline, consequence);
    Finding { fix, ..finding.with_severity(severity) }
}

fn consequence(worst: &Difference) -> &'static str {
    match (worst.impact, &worst.dependency) {
        (Impact::Real, Some((Direction::Added, _))) => {
            "Databases that have it keep the order in which they ran; where what it now needs is not applied, `migrate` stops with `InconsistentMigrationHistory`."
        }
        (Impact::Real, Some((Direction::Removed, _))) => {
            "Databases that have it keep the order in which they ran; new ones may run it before what it needs."
        }
        (impact, _) => consequence_of(impact),
    }
}

fn consequence_of(impact: Impact) -> &'static str {
    match impact {
        Impact::Harmless => "Databases that ran it are the same as new ones.",
        Impact::Real => {
            "`migrate` never runs it again: databases that have it keep the old version, new databases get this one, and nothing reports the difference."
        }
        Impact::StateOnly => {
            "No table changes, but from here on `makemigrations` compares your models with a history that was not the one that ran."
        }
        Impact::Backward => {
            "Nothing changes on the way forward, but databases that have it now go back over it in another way, or not at all."
        }
        Impact::Compatible => {
            "A compatibility edit: it keeps the old migration importable; databases that ran it with the old import keep the columns they got then."
        }
    }
}

fn fix(worst: &Difference, name: &MigrationName, path: &str) -> Fix {
    match worst.impact {
        Impact::Harmless => Fix::text("Nothing depends on it: keep it, or leave the old text as it ran."),
        Impact::Compatible => {
            Fix::text("Compare `python manage.py sqlmigrate` before and after: the SQL has to stay the same.")
        }
        // There is no new migration that would change the order of old ones.
        _ if worst.dependency.is_some() => Fix::text(format!("Revert {}.", code(path))),
        _ => {
            // No model tells what a function does: `makemigrations` would find nothing to write.
            let empty = if worst.is_helper { " --empty" } else { "" };
            let command = format!("python manage.py makemigrations {}{empty} --name what_it_does", name.app);
            Fix::text(format!(
                "Revert {} and put the change into a new migration: {}.",
                code(path),
                code(&command)
            ))
        }
    }
}
