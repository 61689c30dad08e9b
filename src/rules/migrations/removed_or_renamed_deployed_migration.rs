use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::model::catalogue;
use crate::model::change::{FileStatus, Path};
use crate::model::finding::{Edit, Finding, Fix, FixSafety, NodeText, Place, Severity, Span, code};
use crate::project::django::apps::MigrationName;
use crate::project::migrations::migration::Migration;
use crate::rules::migrations::canonical::Canonical;
use crate::rules::{Against, Context, Look, Rule, look};
use crate::source::tree::{folder, join};
use crate::source::{NotLoaded, snapshot::both};

use super::changes::{Changes, all_migrations, severity_of};
use super::edit::{Difference, Impact, differences};
use super::gone::{Gone, gone, not_replaced, replaced, tables_left};

pub(super) static RULE: Rule = Rule {
    entry: &catalogue::MIG002,
    page: include_str!("removed_or_renamed_deployed_migration.md"),
    against: Against::Nothing,
    looks: &[Look::Change(look::migrations, check)],
};

const NEEDED: &str =
    "Other migrations depend on it: every command that reads migrations stops with `NodeNotFoundError`.";
const NEEDED_OF_APP: &str = "Migrations of other apps depend on them: every command that reads migrations stops with `NodeNotFoundError`.";

fn check(context: &Context<'_>) -> Result<Vec<Finding>, NotLoaded> {
    let Some(changes) = Changes::of(context)? else { return Ok(Vec::new()) };
    // Who depends on what goes is asked together with what goes: a round of requests less.
    let loses = changes.before.keys().any(|name| !changes.after.contains_key(name));
    let asked = if loses { needed(context).map(drop) } else { Ok(()) };
    // By their package: another project in the repository may have an app of the same label.
    let mut by_app: BTreeMap<(String, Path), Vec<Gone>> = BTreeMap::new();
    for gone in both(gone(context), asked)?.0 {
        let package = folder(&gone.path).to_owned();
        by_app.entry((gone.name.app.clone(), package)).or_default().push(gone);
    }
    let apps = by_app.into_iter().map(|((app, package), gone)| {
        judge_app(context, &changes, &app, &join(&package, "__init__.py"), gone)
    });
    Ok(NotLoaded::all(apps)?.into_iter().flatten().collect())
}

fn judge_app(
    context: &Context<'_>,
    changes: &Changes,
    app: &str,
    from: &str,
    gone: Vec<Gone>,
) -> Result<Vec<Finding>, NotLoaded> {
    let own = both(head_migrations(context, app, from), replaced(context, changes, app, from));
    let ((head, replaced), needed) = both(own, needed(context))?;
    let gone = not_replaced(context, from, &replaced, gone)?;
    if gone.is_empty() {
        return Ok(Vec::new());
    }
    if head.is_empty() {
        return Ok(whole_app(context, app, &gone, &needed)?.into_iter().collect());
    }
    let found = gone.iter().map(|gone| match renamed_to(context, gone)? {
        Some((new, path)) => renamed(context, gone, &new, &path, &needed),
        None => Ok(removed(gone, &needed)),
    });
    NotLoaded::all(found)
}

/// What the migrations of head ask for by name, those of all apps.
type Needed = BTreeSet<MigrationName>;

/// Django loads all of them before it does anything, and stops at the first name that it does not find.
fn needed(context: &Context<'_>) -> Result<Needed, NotLoaded> {
    let paths = all_migrations(context, context.head)?.into_values().flatten();
    let links = NotLoaded::all(paths.map(|path| context.head.links(&path)))?;
    let named = links.iter().flatten().flat_map(|links| links.dependencies.iter().chain(&links.run_before));
    Ok(named.filter_map(|named| named.dependency.migration().cloned()).collect())
}

/// Migrations that head still has of an app.
fn head_migrations(context: &Context<'_>, app: &str, from: &str) -> Result<Vec<Arc<Migration>>, NotLoaded> {
    let (apps, tree) = both(context.head.apps(), context.head.tree())?;
    let paths = apps.labelled(app, from).into_iter().flat_map(|app| app.migration_files(&tree));
    Ok(NotLoaded::all(paths.map(|path| context.head.migration(path)))?.into_iter().flatten().collect())
}

/// The new name and path, when Git says that the file was moved and it is still a migration.
fn renamed_to(context: &Context<'_>, gone: &Gone) -> Result<Option<(MigrationName, Path)>, NotLoaded> {
    let (apps, tree) = both(context.head.apps(), context.head.tree())?;
    let moved = context.change.files.iter().find(|file| {
        file.status == FileStatus::Renamed && file.previous_path.as_deref() == Some(gone.path.as_str())
    });
    let path = moved.map_or(gone.path.as_str(), |file| file.path.as_str());
    Ok(apps.migration_name(path).filter(|_| tree.contains(path)).map(|name| (name, path.to_owned())))
}

fn renamed(
    context: &Context<'_>,
    gone: &Gone,
    new: &MigrationName,
    path: &str,
    needed: &Needed,
) -> Result<Finding, NotLoaded> {
    let migration = context.head.migration(path)?;
    let Some(migration) = migration else { return Ok(removed(gone, needed)) };
    if new.app != gone.name.app {
        return Ok(moved(gone, new, needed));
    }
    let edited = does_something_else(context, gone, path)?;
    let span = migration.class().map(|class| migration.module().span(&class.name));
    let place =
        span.map_or_else(|| Place::Path(path.to_owned()), |span| Place::Head { path: path.to_owned(), span });
    let how = if edited { "is rewritten as" } else { "is renamed to" };
    let without = if edited { "" } else { " without `replaces`" };
    let headline = format!(
        "{} is {} and {how} {}{without}",
        code(&gone.name.to_string()),
        gone.because,
        code(&new.name),
    );
    let consequence = if needed.contains(&gone.name) {
        NEEDED.to_owned()
    } else if needed.contains(new) {
        format!(
            "Databases know it by its old name: `migrate` stops with `InconsistentMigrationHistory`, because what depends on {} is already applied.",
            code(&new.name)
        )
    } else {
        "Databases know it by its old name: `migrate` runs it again and stops where its tables or columns already exist.".to_owned()
    };
    let fix = if edited {
        let old = code(&gone.path);
        Fix::text(format!("Restore {old} as it was, and put what is new into a migration behind it."))
    } else {
        keep_old_name(&migration, gone)
    };
    Ok(found(gone, place, format!("renamed to {new}"), headline, consequence).with_fix(fix))
}

/// Then the new file may not stand for the old one: databases that ran it would never get the rest.
fn does_something_else(context: &Context<'_>, gone: &Gone, path: &str) -> Result<bool, NotLoaded> {
    let (old, new) = both(context.merge_base.module(&gone.path), context.head.module(path))?;
    let (Some(old), Some(new)) = (old, new) else { return Ok(false) };
    let (old, new) = (Canonical::of(&old, &gone.path), Canonical::of(&new, &gone.path));
    let reaches = |edit: &Difference| edit.impact == Impact::Real && edit.dependency.is_none();
    Ok(differences(&gone.name, &old, &new).iter().any(reaches))
}

/// Another app's migration, as far as a database knows.
fn moved(gone: &Gone, new: &MigrationName, needed: &Needed) -> Finding {
    let old = code(&gone.name.to_string());
    let headline = format!("{old} is {} and moves to {}", gone.because, code(&new.app));
    let consequence = if needed.contains(&gone.name) {
        NEEDED.to_owned()
    } else {
        format!("Databases know it as {old}: `migrate` runs it again as {}.", code(&new.to_string()))
    };
    let fix = format!(
        "Restore {}; a table changes its app by `SeparateDatabaseAndState` in a new migration of each.",
        code(&gone.path)
    );
    found(gone, first_line(&gone.path), format!("moved to {new}"), headline, consequence)
        .with_fix(Fix::text(fix))
}

/// Django's own way to rename: the new file says what it stands for.
fn keep_old_name(migration: &Migration, gone: &Gone) -> Fix {
    let line = format!("replaces = [(\"{}\", \"{}\")]", gone.name.app, gone.name.name);
    let text = format!("Add {} to its class: then it counts as applied where the old one is.", code(&line));
    let first = migration.class().and_then(|class| class.body.iter().find(|stmt| !stmt.is_expr_stmt()));
    let is_plain = |name: &str| name.chars().all(|c| c.is_alphanumeric() || c == '_');
    let exact = migration.replaces.is_empty() && is_plain(&gone.name.app) && is_plain(&gone.name.name);
    let first = first.filter(|_| exact);
    match first.and_then(|first| Some((first, migration.module().indentation(first)?))) {
        Some((first, indent)) => {
            let at = migration.module().span(first).start;
            let edit = Edit { span: Span { start: at, end: at }, replacement: format!("{line}\n{indent}") };
            Fix { safety: FixSafety::Safe, text, edits: vec![edit] }
        }
        None => Fix::text(text),
    }
}

fn removed(gone: &Gone, needed: &Needed) -> Finding {
    let headline = format!("{} is {} and is removed", code(&gone.name.to_string()), gone.because);
    let consequence = if needed.contains(&gone.name) {
        NEEDED
    } else {
        "`migrate` says nothing: databases that ran it keep what it did, new databases never get it."
    };
    let fix =
        format!("Restore {}; where what it did has to go, a new migration takes it back.", code(&gone.path));
    found(gone, first_line(&gone.path), "removed".to_owned(), headline, consequence.to_owned())
        .with_fix(Fix::text(fix))
}

/// Nothing is left under the app's label: it is gone, or it goes by another name.
fn whole_app(
    context: &Context<'_>,
    app: &str,
    gone: &[Gone],
    needed: &Needed,
) -> Result<Option<Finding>, NotLoaded> {
    let Some(first) = gone.first() else { return Ok(None) };
    let stops = gone.iter().any(|gone| needed.contains(&gone.name));
    let or_stops = |consequence: String| if stops { NEEDED_OF_APP.to_owned() } else { consequence };
    let state = first.because.state();
    let count = match gone.len() {
        1 => format!("1 {state} migration"),
        n => format!("{n} {state} migrations"),
    };
    let new_label = renamed_to(context, first)?.map(|(name, _)| name.app).filter(|label| label != app);
    if let Some(label) = new_label {
        // The repository's own folder is not in it: who can tell what an app in its root was called?
        if app.is_empty() {
            return Ok(None);
        }
        let headline = format!("{} becomes {}, and its {count} with it", code(app), code(&label));
        let consequence = format!(
            "Databases know them as {}: `migrate` runs them all again as {} and stops at the first table that exists.",
            code(app),
            code(&label)
        );
        let fix =
            Fix::text(format!("Keep {} in the app's `AppConfig`.", code(&format!("label = \"{app}\""))));
        let node = format!("becomes {label}");
        return Ok(Some(of_app(app, first, node, headline, or_stops(consequence)).with_fix(fix)));
    }
    if context.head.tree()?.contains(&first.path) {
        return Ok(Some(hidden(app, first, &count)));
    }
    let headline = format!("{} is removed with its {count} ({})", code(app), first.because.reason);
    let left = tables_left(context, gone)?;
    if left.is_empty() {
        let consequence = format!(
            "Its tables were dropped before, so no data is at stake; {} rows stay in `django_migrations`.",
            gone.len()
        );
        return Ok(Some(
            of_app(app, first, "removed".to_owned(), headline, or_stops(consequence))
                .with_severity(Severity::Warning),
        ));
    }
    let models = left.iter().take(3).map(|m| code(m)).collect::<Vec<_>>().join(", ");
    let more = if left.len() > 3 { format!(" and {} more", left.len() - 3) } else { String::new() };
    let consequence = format!(
        "The tables of {models}{more} stay in every database, and nothing migrates or drops them any more."
    );
    let fix = Fix::text(
        "Ship a migration with `DeleteModel` for each model first, and remove the app when it has run everywhere.",
    );
    Ok(Some(of_app(app, first, "removed".to_owned(), headline, or_stops(consequence)).with_fix(fix)))
}

/// The files are there, and the settings say that they are not the app's migrations.
fn hidden(app: &str, first: &Gone, count: &str) -> Finding {
    let reason = &first.because.reason;
    let headline = format!("{} loses its {count} ({reason}) to `MIGRATION_MODULES`", code(app));
    let consequence = "`migrate` no longer sees them: databases keep what they did, and no later one runs.";
    let fix =
        format!("Take {} out of `MIGRATION_MODULES`, or say so in the settings of tests only.", code(app));
    of_app(app, first, "hidden".to_owned(), headline, consequence.to_owned()).with_fix(Fix::text(fix))
}

fn first_line(path: &str) -> Place {
    Place::Base { path: path.to_owned(), span: Span::line(1, 1) }
}

fn of_app(app: &str, first: &Gone, node: String, headline: String, consequence: String) -> Finding {
    let place = first_line(&first.path);
    let severity = severity_of(&first.because);
    RULE.finding(place, app, NodeText::Open(node), headline, consequence).with_severity(severity)
}

fn found(gone: &Gone, place: Place, node: String, headline: String, consequence: String) -> Finding {
    RULE.finding(place, gone.name.to_string(), NodeText::Open(node), headline, consequence)
        .with_severity(severity_of(&gone.because))
}
