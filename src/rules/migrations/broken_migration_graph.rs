use std::collections::BTreeSet;

use crate::model::catalogue;
use crate::model::finding::{Finding, Fix, FixSafety, NodeText, code};
use crate::model::nearest;
use crate::project::django::apps::MigrationName;
use crate::project::migrations::contrib;
use crate::project::migrations::loaded::Loaded;
use crate::project::migrations::loader::{Entry, List, Missing};
use crate::rules::{Against, Context, Look, Rule, look};
use crate::source::{NotLoaded, snapshot::both};

use super::graphs::{Touched, touched, user_model};
use super::listing::instead;
use super::{unloadable, unresolved};

pub(super) static RULE: Rule = Rule {
    entry: &catalogue::MIG009,
    page: include_str!("broken_migration_graph.md"),
    against: Against::TargetTip,
    looks: &[Look::Change(look::migrations, check)],
};

/// Findings of one kind with an edit; a change that has more is no slip.
const MAX_EDITS: usize = 50;

fn check(context: &Context<'_>) -> Result<Vec<Finding>, NotLoaded> {
    let mut found = Vec::new();
    for touched in touched(context)? {
        let ((files, missing), (circles, unresolved)) = both(
            both(files(context, &touched), missing(context, &touched)),
            both(circles(context, &touched), unresolved::found(&RULE, context, &touched)),
        )?;
        found.extend([files, missing, circles, unresolved].into_iter().flatten());
    }
    Ok(found)
}

/// (d–h) Of the touched apps.
fn files(context: &Context<'_>, touched: &Touched) -> Result<Vec<Finding>, NotLoaded> {
    let mut found = Vec::new();
    for app in touched.apps.iter().filter(|app| touched.is_known_app(&app.label)) {
        if let Some((_, first)) = touched.loaded.of_app(&app.label).next() {
            found.extend(unloadable::package(&RULE, context, app, &first.path)?);
            found.extend(unloadable::files(&RULE, context, app)?);
        }
    }
    Ok(found)
}

/// (a, c) References to what is surely nowhere.
fn missing(context: &Context<'_>, touched: &Touched) -> Result<Vec<Finding>, NotLoaded> {
    let mut all = touched.loaded.graph.missing();
    all.extend(touched.loaded.to_unknown_apps());
    all.retain(|missing| touched.is_known(&missing.name) && touched.is_known(&missing.entry.by));
    let all = all.iter().enumerate().map(|(number, missing)| {
        let told = is_told_elsewhere(context, touched, missing)?;
        if told { Ok(None) } else { gone(context, touched, missing, number < MAX_EDITS) }
    });
    Ok(NotLoaded::all(all)?.into_iter().flatten().collect())
}

/// A squash whose `replaces` cannot be read may stand for it, a package may bring it, and MIG002 speaks of a deployed one
/// that is removed, but not where a squash is finished.
fn is_told_elsewhere(context: &Context<'_>, touched: &Touched, missing: &Missing) -> Result<bool, NotLoaded> {
    let Some(file) = touched.loaded.file(&missing.entry.by) else { return Ok(true) };
    if touched.loaded.has_open_squash(&missing.name.app) || context.here.tree()?.truncated {
        return Ok(true);
    }
    if context.here.is_ignored(&missing.name, &file.path)? {
        return Ok(true);
    }
    let apps = context.here.apps()?;
    let is_nowhere =
        || apps.labelled(&missing.name.app, &file.path).is_empty() && apps.has_no_more(&file.path);
    if touched.loaded.is_unknown(&missing.name.app) && !is_nowhere() {
        return Ok(true);
    }
    let deployed = context.deployed(&missing.name, &file.path)?;
    Ok(deployed.is_some() && squash_of(context, missing, &file.path)?.is_none())
}

/// The squash that stood for a migration at the merge base.
fn squash_of(
    context: &Context<'_>,
    missing: &Missing,
    from: &str,
) -> Result<Option<MigrationName>, NotLoaded> {
    let loaded = Loaded::around(context.merge_base, from)?;
    let squash = loaded.standing(&missing.name);
    Ok((*squash != missing.name).then(|| squash.clone()))
}

fn gone(
    context: &Context<'_>,
    touched: &Touched,
    missing: &Missing,
    with_edit: bool,
) -> Result<Option<Finding>, NotLoaded> {
    let Missing { name: on, entry } = missing;
    let by = &entry.by;
    let Some((file, module)) = touched.source(context, by)? else { return Ok(None) };
    let (Some(at), Some(place)) = (file.links.at(entry), touched.place(context, entry)?) else {
        return Ok(None);
    };
    let (says, end) = match entry.list {
        List::Dependencies => ("depends on", "parent"),
        List::RunBefore => ("asks to run before", "child"),
    };
    let headline =
        format!("{} {says} {}, which does not exist", code(&by.to_string()), code(&on.to_string()));
    let consequence = format!(
        "Every `manage.py migrate` stops with {}.",
        code(&format!(
            "NodeNotFoundError: Migration {by} dependencies reference nonexistent {end} node ('{}', '{}')",
            on.app, on.name
        ))
    );
    let finding = RULE.finding(place, by.to_string(), NodeText::Open(on.to_string()), headline, consequence);
    let circling = if with_edit { touched.loaded.circling(entry) } else { BTreeSet::new() };
    let known = candidates(&touched.loaded, on).filter(|name| with_edit && !circling.contains(name));
    let known: Vec<&MigrationName> = known.collect();
    let squash = squash_of(context, missing, &file.path)?;
    let squash = squash.as_ref().filter(|squash| squash.app == on.app && known.contains(squash));
    let meant = squash.or_else(|| nearest(&on.name, &known));
    let Some((meant, edit)) = meant.and_then(|meant| Some((meant, instead(&module, &at.range, meant)?)))
    else {
        return Ok(Some(
            finding.with_fix(Fix::text(format!("Name a migration of {} that exists.", code(&on.app)))),
        ));
    };
    let (safety, text) = if squash.is_some() {
        (FixSafety::Safe, format!("Depend on {}, which stood for it.", code(&meant.to_string())))
    } else {
        (FixSafety::Ask, format!("Right if {} is meant.", code(&meant.to_string())))
    };
    Ok(Some(finding.with_fix(Fix { safety, text, edits: vec![edit] })))
}

/// The migrations of an app that can be named.
fn candidates<'a>(loaded: &'a Loaded, on: &'a MigrationName) -> impl Iterator<Item = &'a MigrationName> {
    let of_app = loaded.disk.migrations.keys().filter(|name| name.app == on.app);
    of_app.filter(|name| loaded.file(name).is_some() || contrib::has(name) == Some(true))
}

/// At most two typing errors away, else the only one of the same number.
fn nearest<'a>(name: &str, known: &[&'a MigrationName]) -> Option<&'a MigrationName> {
    let close: Vec<_> = known.iter().filter(|other| nearest::distance(name, &other.name) <= 2).collect();
    let number = |name: &str| name.split('_').next().map(str::to_owned);
    let same: Vec<_> = known.iter().filter(|other| number(&other.name) == number(name)).collect();
    match (close.as_slice(), same.as_slice()) {
        ([only], _) | ([], [only]) => Some(only),
        _ => None,
    }
}

/// (b) Each set of migrations that wait for each other.
fn circles(context: &Context<'_>, touched: &Touched) -> Result<Vec<Finding>, NotLoaded> {
    let circles = touched.loaded.graph.circles().iter().filter(|circle| {
        // A squash whose `replaces` cannot be read may stand for all of them.
        circle.iter().all(|name| touched.is_known(name) && !touched.loaded.has_open_squash(&name.app))
    });
    let found = circles.map(|circle| in_circle(context, touched, circle));
    Ok(NotLoaded::all(found)?.into_iter().flatten().collect())
}

fn in_circle(
    context: &Context<'_>,
    touched: &Touched,
    circle: &BTreeSet<MigrationName>,
) -> Result<Option<Finding>, NotLoaded> {
    let graph = &touched.loaded.graph;
    let changed: BTreeSet<&str> = context.files().map(|file| file.path).collect();
    let is_changed =
        |name: &MigrationName| touched.loaded.file(name).is_some_and(|file| changed.contains(&*file.path));
    let members = || circle.iter();
    let Some(child) = members().find(|name| is_changed(name)).or(members().next()) else { return Ok(None) };
    let way = graph.way_round(child);
    let parent = *way.get(1).unwrap_or(&child);
    let mut entries: Vec<&Entry> = graph.entries(child, parent).collect();
    entries.sort_by_key(|entry| !is_changed(&entry.by));
    let Some(entry) = entries.first() else { return Ok(None) };
    let place = if is_changed(&entry.by) {
        touched.place(context, entry)?
    } else if is_changed(child) {
        touched.class(context, child)?
    } else {
        // No file of the circle: then the change made another model the user model, or another app's first or last.
        let model = user_model(context)?;
        model.map_or_else(|| touched.place(context, entry), |place| Ok(Some(place)))?
    };
    let Some(place) = place else { return Ok(None) };
    let names: Vec<String> = members().take(10).map(ToString::to_string).collect();
    let node = NodeText::Open(format!("circle of {}", names.join(", ")));
    let subject = names.first().cloned().unwrap_or_default();
    let squash = taken_place(touched, &way);
    let error: Vec<String> = way.iter().take(10).map(ToString::to_string).collect();
    let mut consequence = format!(
        "Every `manage.py migrate` stops with {}.",
        code(&format!("CircularDependencyError: {}", error.join(", ")))
    );
    if let Some((squash, old, by)) = &squash {
        let [squash, old, by] = [squash, old, by].map(|name| code(&name.to_string()));
        consequence = format!("{by} needs {old}, whose place {squash} takes. {consequence}");
    }
    let fix = match squash {
        Some(squash) => Fix::text(without_place(&squash)),
        None if way.len() == 1 => behind_another(context, touched, entry)?,
        None => Fix::text(taken_out(entry, child, parent)),
    };
    Ok(Some(RULE.finding(place, subject, node, waits(&way), consequence).with_fix(fix)))
}

/// What to do with a squash in a circle.
fn without_place((squash, old, by): &(&MigrationName, MigrationName, &MigrationName)) -> String {
    if by == squash {
        return format!("Take {} out of its own dependencies.", code(&old.name));
    }
    if by.app == squash.app {
        return format!("Let {} replace {} as well.", code(&squash.name), code(&by.name));
    }
    format!(
        "End {} with {}, and squash what comes after {} apart.",
        code(&squash.name),
        code(&old.name),
        code(&by.to_string())
    )
}

/// What to do with an edge of a circle.
fn taken_out(entry: &Entry, child: &MigrationName, parent: &MigrationName) -> String {
    let (end, list) = match entry.list {
        List::Dependencies => (parent, "dependencies"),
        List::RunBefore => (child, "`run_before`"),
    };
    format!(
        "Take {} out of the {list} of {}; what needs both belongs into a third migration.",
        code(&end.to_string()),
        code(&entry.by.to_string())
    )
}

/// The headline.
fn waits(way: &[&MigrationName]) -> String {
    let named: Vec<String> = way.iter().take(4).map(|name| code(&name.to_string())).collect();
    match &named[..] {
        [one] => format!("{one} depends on itself"),
        [one, other] => format!("{one} and {other} depend on each other"),
        [first @ .., last] if way.len() <= named.len() => {
            format!("{} and {last} depend on each other in a circle", first.join(", "))
        }
        _ => format!(
            "{} and {} more depend on each other in a circle",
            named.join(", "),
            way.len() - named.len()
        ),
    }
}

/// A squash in a circle, the original by which another member needs it, and that member.
fn taken_place<'a>(
    touched: &'a Touched,
    way: &[&'a MigrationName],
) -> Option<(&'a MigrationName, MigrationName, &'a MigrationName)> {
    let next = way.iter().skip(1).chain(way.first());
    way.iter().zip(next).find_map(|(child, squash)| {
        let replaced = &touched.loaded.disk.migrations.get(*squash)?.replaces;
        let named = touched.loaded.graph.entries(child, squash).find_map(|entry| {
            let at = touched.loaded.file(&entry.by)?.links.at(entry)?;
            at.dependency.migration().filter(|name| replaced.contains(name)).cloned()
        });
        Some((*squash, named?, *child))
    })
}

/// A migration that waits for itself comes behind the last that does not need it.
fn behind_another(context: &Context<'_>, touched: &Touched, entry: &Entry) -> Result<Fix, NotLoaded> {
    let edit = touched.source(context, &entry.by)?.and_then(|(file, module)| {
        let last = touched.loaded.last_without(&entry.by)?;
        let at = file.links.at(entry).filter(|_| entry.list == List::Dependencies)?;
        Some((last, instead(&module, &at.range, last)?))
    });
    Ok(match edit {
        Some((last, edit)) => Fix {
            safety: FixSafety::Ask,
            text: format!("Right if it comes behind {}.", code(&last.name)),
            edits: vec![edit],
        },
        None => Fix::text("Take it out of its own list."),
    })
}
