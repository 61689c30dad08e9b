use std::collections::{BTreeMap, BTreeSet};

use crate::model::catalogue;
use crate::model::change::FileStatus;
use crate::model::finding::{Confidence, Finding, Fix, NodeText, Place, Severity, code};
use crate::project::django::apps::{App, MigrationName};
use crate::project::django::settings::Settings;
use crate::project::migrations::contrib;
use crate::project::migrations::deployed::{Because, has};
use crate::project::migrations::loader::{Entry, Graph, Inconsistency, List};
use crate::project::migrations::migration::Dependency;
use crate::rules::{Against, Context, Look, Rule, look};
use crate::source::{NotLoaded, snapshot::both};

use super::changes::severity_of;
use super::graphs::{Touched, touched, user_model};

pub(super) static RULE: Rule = Rule {
    entry: &catalogue::MIG003,
    page: include_str!("migration_inserted_before_deployed.md"),
    against: Against::TargetTip,
    looks: &[Look::Change(look::migrations, check)],
};

/// Findings whose fix names the app's last migration; a change that has more is no slip.
const MAX_LEAVES: usize = 50;

fn check(context: &Context<'_>) -> Result<Vec<Finding>, NotLoaded> {
    let mut found = Vec::new();
    for touched in touched(context)? {
        let applied = applied(context, &touched)?;
        let packaged = if applied.is_empty() { Vec::new() } else { before_packages(context, &touched)? };
        let early = inserted(context, &touched, &applied)?;
        let apps_at_fault: BTreeSet<String> = early.iter().map(|(app, _)| app.clone()).collect();
        found.extend(early.into_iter().map(|(_, finding)| finding));
        found.extend(packaged);
        let quiet = touched.apps.iter().filter(|app| !apps_at_fault.contains(&app.label));
        found.extend(NotLoaded::all(quiet.map(|app| advice(context, &touched, app)))?.into_iter().flatten());
    }
    Ok(found)
}

/// What deployed databases have applied of a project, and why we say so.
type Applied = BTreeMap<MigrationName, Because>;

fn applied(context: &Context<'_>, touched: &Touched) -> Result<Applied, NotLoaded> {
    let mut applied = Applied::new();
    let own = touched.loaded.disk.migrations.iter();
    for (name, declared, file) in own.filter_map(|(name, own)| Some((name, own, touched.loaded.file(name)?)))
    {
        let because = context.deployed(name, &file.path)?;
        for old in &declared.replaces {
            // Who has run a squash has run what it stands for, as far as Django remembers.
            let known =
                because.clone().map_or_else(|| context.deployed(old, &file.path), |known| Ok(Some(known)))?;
            if let Some(known) = known {
                applied.entry(old.clone()).or_insert(known);
            }
        }
        applied.extend(because.map(|because| (name.clone(), because)));
    }
    // A project that has no migration of its own yet is on no database.
    if !applied.is_empty() {
        let settings = context.merge_base.fact::<Settings>(&())?;
        let installed = contrib::declared().map(|(name, _)| name).filter(|name| settings.installs(&name.app));
        let loaded = &touched.loaded;
        let there =
            installed.filter(|name| loaded.disk.migrations.contains_key(name) && loaded.file(name).is_none());
        let because = Because { reason: "it is Django's".to_owned(), merged_only: false };
        for name in there {
            applied.entry(name).or_insert_with(|| because.clone());
        }
    }
    Ok(applied)
}

/// A new migration that deployed ones would need, told once for each place that brings it about.
struct Early {
    new: MigrationName,
    place: Place,
    cause: Cause,
    /// Those that need it.
    deployed: Vec<MigrationName>,
}

/// What makes a deployed migration need a new one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cause {
    /// Its file names it.
    Named,
    /// It asks for the last of an app.
    Latest,
    /// It asks for the first of an app.
    First,
    /// It asks for the user model's app, and that is another one now.
    UserModel,
    /// The new one asks to go first.
    RunBefore,
}

/// With the app of the new one.
fn inserted(
    context: &Context<'_>,
    touched: &Touched,
    applied: &Applied,
) -> Result<Vec<(String, Finding)>, NotLoaded> {
    let names: BTreeSet<MigrationName> = applied.keys().cloned().collect();
    let graph = Graph::build(&touched.loaded.disk, &names);
    let user_model = user_model(context)?;
    let changed: BTreeSet<&str> = context.files().map(|file| file.path).collect();
    let mut all: Vec<Early> = Vec::new();
    for early in graph.inconsistent(&names) {
        let known = touched.is_known(&early.applied) && touched.is_known(&early.needs);
        // MIG009 speaks of what also waits for the deployed one.
        let in_circle = graph
            .circles()
            .iter()
            .any(|circle| circle.contains(&early.applied) && circle.contains(&early.needs));
        if !known
            || in_circle
            || !is_new(context, touched, &early.needs)?
            || is_renamed(context, &early.needs)?
        {
            continue;
        }
        let brought_about = brought_about(context, touched, &changed, &early, user_model.as_ref())?;
        let Some((place, cause)) = brought_about else { continue };
        match all.iter_mut().find(|other| other.new == early.needs && other.place == place) {
            Some(other) => other.deployed.push(early.applied),
            None => all.push(Early { new: early.needs, place, cause, deployed: vec![early.applied] }),
        }
    }
    // Who asks for the first or the last of its app needs it for the same reason.
    let named: BTreeSet<MigrationName> =
        all.iter().filter(|early| early.cause == Cause::Named).map(|early| early.new.clone()).collect();
    all.retain(|early| !matches!(early.cause, Cause::First | Cause::Latest) || !named.contains(&early.new));
    let found = all.into_iter().enumerate().filter_map(|(number, early)| {
        let because = applied.get(early.deployed.first()?)?;
        let leaf = (number < MAX_LEAVES).then(|| touched.loaded.last_without(&early.new)).flatten();
        Some((early.new.app.clone(), finding(&early, leaf, because)))
    });
    Ok(found.collect())
}

/// In the repository, nowhere applied, and standing for nothing that is.
fn is_new(context: &Context<'_>, touched: &Touched, name: &MigrationName) -> Result<bool, NotLoaded> {
    let stands_for_more =
        touched.loaded.disk.migrations.get(name).is_none_or(|declared| declared.replaces_more);
    let Some(file) = touched.loaded.file(name).filter(|_| !stands_for_more) else { return Ok(false) };
    let (before, tip) =
        both(has(context.merge_base, name, &file.path), has(context.target_tip, name, &file.path))?;
    Ok(!before && !tip)
}

/// A deployed migration under another name: MIG002 says what that does.
fn is_renamed(context: &Context<'_>, name: &MigrationName) -> Result<bool, NotLoaded> {
    let (before, after) = both(context.merge_base.apps(), context.head.apps())?;
    let old =
        context.change.files.iter().filter(|file| file.status == FileStatus::Renamed).find_map(|file| {
            let is_it = after.migration_name(&file.path).as_ref() == Some(name);
            let path = file.previous_path.as_deref().filter(|_| is_it)?;
            Some((before.migration_name(path)?, path))
        });
    old.map_or(Ok(false), |(old, path)| Ok(context.deployed(&old, path)?.is_some()))
}

/// The line to blame: the edge where the change wrote it, else what the change made of an edge that was there.
fn brought_about(
    context: &Context<'_>,
    touched: &Touched,
    changed: &BTreeSet<&str>,
    early: &Inconsistency,
    user_model: Option<&Place>,
) -> Result<Option<(Place, Cause)>, NotLoaded> {
    let is_changed = |entry: &&Entry| {
        touched.loaded.file(&entry.by).is_some_and(|file| changed.contains(file.path.as_str()))
    };
    let entry = early.entries.iter().find(is_changed).or(early.entries.first());
    let Some(entry) = entry else { return Ok(None) };
    let declared = touched.loaded.disk.migrations.get(&entry.by);
    let dependency = declared.and_then(|declared| match entry.list {
        List::Dependencies => declared.dependencies.get(entry.index),
        List::RunBefore => declared.run_before.get(entry.index),
    });
    let cause = match dependency {
        _ if entry.list == List::RunBefore => Cause::RunBefore,
        Some(Dependency::Swappable(_)) if user_model.is_some() => Cause::UserModel,
        Some(Dependency::Swappable(_)) => Cause::First,
        Some(Dependency::On(name)) if name.name == "__latest__" => Cause::Latest,
        Some(Dependency::On(name)) if name.name == "__first__" => Cause::First,
        _ => Cause::Named,
    };
    // A deployed file that nobody edits named it when it ran: what it names comes back, and databases have it.
    if cause == Cause::Named && !is_changed(&entry) {
        return Ok(None);
    }
    let place = match cause {
        Cause::UserModel => user_model.cloned(),
        Cause::Named => touched.place(context, entry)?,
        Cause::RunBefore if is_changed(&entry) => touched.place(context, entry)?,
        _ => None,
    };
    let place = match place {
        None => touched.class(context, &early.needs)?,
        there => there,
    };
    Ok(place.map(|place| (place, cause)))
}

fn finding(early: &Early, leaf: Option<&MigrationName>, because: &Because) -> Finding {
    let Early { new, place, deployed, .. } = early;
    let first = &deployed[0];
    let more = match deployed.len() - 1 {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let is = if more.is_empty() { "is" } else { "are" };
    let applied = if because.merged_only { "merged" } else { "applied" };
    let headline = format!(
        "{} would have to run before {}{more}, which {is} {applied} already ({})",
        code(&new.to_string()),
        code(&first.to_string()),
        because.reason
    );
    RULE.finding(
        place.clone(),
        format!("{new} before {first}"),
        NodeText::Open(new.to_string()),
        headline,
        consequence(new, first),
    )
    .with_severity(severity_of(because))
    .with_fix(Fix::text(mended(early, leaf)))
}

fn consequence(new: &MigrationName, deployed: &MigrationName) -> String {
    let error =
        format!("InconsistentMigrationHistory: Migration {deployed} is applied before its dependency {new}");
    format!("`migrate` stops on every database that has it: {}.", code(&error))
}

/// What to do; `leaf` is the last of the new one's app that does not need it.
fn mended(early: &Early, leaf: Option<&MigrationName>) -> String {
    let (new, deployed) = (&early.new, &early.deployed[0]);
    let pair = |name: &MigrationName| code(&format!("(\"{}\", \"{}\")", name.app, name.name));
    match early.cause {
        Cause::RunBefore => format!("Take {} out of `run_before`.", code(&deployed.to_string())),
        Cause::UserModel => "Leave `AUTH_USER_MODEL` as it is: once the first `migrate` has run, no migration can change it (Django's ticket 25313).".to_owned(),
        Cause::Latest => match leaf {
            Some(leaf) => format!(
                "Let {} depend on {} instead of `__latest__`: databases have both.",
                code(&deployed.to_string()),
                pair(leaf)
            ),
            None => format!("Let {} name the migration that it needs.", code(&deployed.to_string())),
        },
        Cause::First => match leaf {
            Some(leaf) => format!("Let {} depend on {}.", code(&new.name), pair(leaf)),
            None => format!("Leave the first migration of {} as it is.", code(&new.app)),
        },
        Cause::Named => match leaf {
            Some(leaf) => format!(
                "Restore {} and let {} depend on {}.",
                code(&deployed.to_string()),
                code(&new.name),
                pair(leaf)
            ),
            None => format!(
                "Restore {}; what needs {} belongs into a new migration that depends on both.",
                code(&deployed.to_string()),
                code(&new.to_string())
            ),
        },
    }
}

/// `run_before` of a new migration that names one of an installed package: that is on every database.
fn before_packages(context: &Context<'_>, touched: &Touched) -> Result<Vec<Finding>, NotLoaded> {
    let (apps, settings) = both(context.here.apps(), context.merge_base.fact::<Settings>(&()))?;
    let mut found = Vec::new();
    for (name, file) in touched.apps.iter().flat_map(|app| touched.loaded.of_app(&app.label)) {
        for (index, at) in file.links.run_before.iter().enumerate() {
            let Some(later) = at.dependency.migration() else { continue };
            let is_packaged = touched.loaded.is_unknown(&later.app)
                && apps.iter().all(|app| app.label != later.app)
                && settings.installs(&later.app);
            if !is_packaged || !is_new(context, touched, name)? {
                continue;
            }
            let is_first = later.name == "__first__" || later.name.starts_with("0001");
            if !is_first && changes_packages(context) {
                continue;
            }
            let entry = Entry { by: name.clone(), list: List::RunBefore, index };
            let Some(place) = touched.place(context, &entry)? else { continue };
            let because = Because { reason: "its package is installed".to_owned(), merged_only: false };
            let early =
                Early { new: name.clone(), place, cause: Cause::RunBefore, deployed: vec![later.clone()] };
            let confidence = if is_first { Confidence::Certain } else { Confidence::Likely };
            found.push(finding(&early, None, &because).with_confidence(confidence));
        }
    }
    Ok(found)
}

/// May it bring another version of a package, whose migrations nobody has run yet?
fn changes_packages(context: &Context<'_>) -> bool {
    let mut names = context.change.files.iter().map(|file| crate::source::tree::file_name(&file.path));
    names.any(|name| {
        name.contains("requirements")
            || matches!(
                name.rsplit('.').next(),
                Some("lock" | "toml" | "cfg" | "in" | "txt" | "yml" | "yaml")
            )
            || matches!(name, "setup.py" | "Pipfile")
    })
}

/// A new migration whose number is not above the deployed ones: Django goes by the graph, people go by the number.
fn advice(context: &Context<'_>, touched: &Touched, app: &App) -> Result<Vec<Finding>, NotLoaded> {
    let changed: BTreeSet<&str> = context.files().map(|file| file.path).collect();
    let own = touched.loaded.of_app(&app.label).filter(|(_, file)| changed.contains(file.path.as_str()));
    let own = own.filter(|(name, _)| touched.is_known(name));
    let judged = own.map(|(name, _)| sorts_before(context, touched, app, name));
    Ok(NotLoaded::all(judged)?.into_iter().flatten().collect())
}

fn sorts_before(
    context: &Context<'_>,
    touched: &Touched,
    app: &App,
    name: &MigrationName,
) -> Result<Option<Finding>, NotLoaded> {
    let (Some(file), Some(number)) = (touched.loaded.file(name), number(&name.name)) else { return Ok(None) };
    let graph = &touched.loaded.graph;
    let own = file.links.dependencies.iter().filter_map(|at| at.dependency.migration());
    let own = own.filter(|on| on.app == app.label).count();
    if !file.links.replaces.is_empty() || own != 1 || graph.leaves(&app.label).len() != 1 {
        return Ok(None);
    }
    let others = || touched.loaded.of_app(&app.label).filter(|(other, _)| *other != name);
    if !others().any(|(other, _)| self::number(&other.name).is_some_and(|n| n >= number)) {
        return Ok(None);
    }
    if context.deployed(name, &file.path)?.is_some() || has(context.target_tip, name, &file.path)? {
        return Ok(None);
    }
    let mut highest: Option<(u32, &str)> = None;
    // Of those that it does run after.
    let earlier = graph.before(name);
    for (other, file) in others().filter(|(other, _)| earlier.contains(other)) {
        let is_there = has(context.target_tip, other, &file.path)?;
        if let Some(n) = self::number(&other.name).filter(|_| is_there)
            && highest.is_none_or(|(known, _)| n > known)
        {
            highest = Some((n, &other.name));
        }
    }
    // Where numbers are tickets or dates, they do not count migrations.
    let counts = |top: u32| top as usize <= 2 * (others().count() + 1) + 10;
    let highest = highest.filter(|(top, _)| number <= *top && counts(*top));
    let (Some((top, last)), Some(place)) = (highest, touched.class(context, name)?) else { return Ok(None) };
    let headline = format!("{} sorts before {}, which it runs after", code(&name.to_string()), code(last));
    let consequence = "Django follows `dependencies` and runs it last; who reads the folder, or adds the next one, goes by the number.";
    let rest = name.name.trim_start_matches(|c: char| c.is_ascii_digit());
    let fix = Fix::text(format!(
        "Rename it to {} while it is not deployed.",
        code(&format!("{:04}{rest}", top + 1))
    ));
    let node = NodeText::Open(last.to_owned());
    let finding = RULE.finding(place, name.to_string(), node, headline, consequence);
    Ok(Some(finding.with_severity(Severity::Advice).with_fix(fix)))
}

fn number(name: &str) -> Option<u32> {
    let digits: String = name.chars().take_while(char::is_ascii_digit).take(8).collect();
    digits.parse().ok()
}
