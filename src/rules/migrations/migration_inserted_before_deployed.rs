use ruff_text_size::TextRange;

use std::collections::BTreeSet;

use crate::model::catalogue;
use crate::model::change::FileStatus;
use crate::model::finding::{Finding, Fix, NodeText, Place, Severity, code};
use crate::project::django::apps::{App, MigrationName};
use crate::project::django::settings::Settings;
use crate::project::migrations::contrib;
use crate::project::migrations::deployed::{Because, has};
use crate::project::migrations::graph::{Graph, Node};
use crate::rules::{Against, Context, Look, Rule, look};
use crate::source::{NotLoaded, snapshot::both};

use super::changes::{severity_of, touched_apps};

pub(super) static RULE: Rule = Rule {
    entry: &catalogue::MIG003,
    page: include_str!("migration_inserted_before_deployed.md"),
    against: Against::TargetTip,
    looks: &[Look::Change(look::migrations, check)],
};

fn check(context: &Context<'_>) -> Result<Vec<Finding>, NotLoaded> {
    let apps = touched_apps(context)?;
    let judged = apps.iter().map(|app| judge(context, app));
    Ok(NotLoaded::all(judged)?.into_iter().flatten().collect())
}

/// New edges come from changed files alone: a deployed one that needs a new one, or a new one that asks to go first.
fn judge(context: &Context<'_>, app: &App) -> Result<Vec<Finding>, NotLoaded> {
    let graph = Graph::of(context.here, std::slice::from_ref(app))?;
    let paths: BTreeSet<&str> = context.files().map(|file| file.path).collect();
    let changed: Vec<&Node> = graph.nodes().filter(|node| paths.contains(node.path.as_str())).collect();
    let (mut found, mut advice) = (Vec::new(), Vec::new());
    for node in changed {
        match context.deployed(&node.name, &node.path)? {
            Some(because) => found.extend(needs_new(context, &graph, node, &because)?),
            None if has(context.target_tip, &node.name, &node.path)? => {}
            None => {
                found.extend(goes_first(context, &graph, node)?);
                advice.extend(sorts_before(context, app, &graph, node)?);
            }
        }
    }
    Ok(if found.is_empty() { advice } else { found })
}

/// The dependencies of a deployed migration that are not deployed.
fn needs_new(
    context: &Context<'_>,
    graph: &Graph,
    node: &Node,
    because: &Because,
) -> Result<Vec<Finding>, NotLoaded> {
    let mut found = Vec::new();
    for at in &node.migration.dependencies {
        let Some(new) = at.dependency.migration() else { continue };
        if is_new(context, graph, new, &node.path)? && !is_renamed(context, new)? {
            found.push(finding(graph, new, &node.name, because, node, at.range));
        }
    }
    Ok(found)
}

/// In the repository, nowhere applied, and standing for nothing that is.
fn is_new(context: &Context<'_>, graph: &Graph, name: &MigrationName, from: &str) -> Result<bool, NotLoaded> {
    let stands_for = graph.get(name).is_some_and(|n| !n.migration.replaces.is_empty());
    if stands_for
        || !has(context.here, name, from)?
        || has(context.merge_base, name, from)?
        || has(context.target_tip, name, from)?
    {
        return Ok(false);
    }
    if graph.get(name).is_none() {
        // Of an app that is not read: it may be a squash.
        return Ok(context
            .change
            .files
            .iter()
            .filter_map(|f| f.head_path())
            .any(|path| path.ends_with(&format!("/{}.py", name.name)))
            && !is_squash(context, name, from)?);
    }
    Ok(true)
}

/// A deployed migration under another name: MIG002 says what that does.
fn is_renamed(context: &Context<'_>, name: &MigrationName) -> Result<bool, NotLoaded> {
    let (before, after) = both(context.merge_base.apps(), context.head.apps())?;
    let old =
        context.change.files.iter().filter(|file| file.status == FileStatus::Renamed).find_map(|file| {
            let is_it = after.migration_name(&file.path).as_ref() == Some(name);
            let previous = file.previous_path.as_deref().filter(|_| is_it)?;
            Some((before.migration_name(previous)?, previous))
        });
    old.map_or(Ok(false), |(old, path)| Ok(context.deployed(&old, path)?.is_some()))
}

fn is_squash(context: &Context<'_>, name: &MigrationName, from: &str) -> Result<bool, NotLoaded> {
    let apps = context.here.apps()?;
    for app in apps.labelled(&name.app, from) {
        let migration = context.here.migration(&format!("{}/{}.py", app.migrations, name.name))?;
        if migration.is_some_and(|m| !m.replaces.is_empty()) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// `run_before` of a new migration that names one which is applied.
fn goes_first(context: &Context<'_>, graph: &Graph, node: &Node) -> Result<Vec<Finding>, NotLoaded> {
    let mut found = Vec::new();
    for at in &node.migration.run_before {
        let Some(later) = at.dependency.migration() else { continue };
        let ours = !context.here.apps()?.labelled(&later.app, &node.path).is_empty();
        let because = if ours {
            context.deployed(later, &node.path)?
        } else if contrib::has(later) == Some(true)
            && context.merge_base.fact::<Settings>(&())?.installs(&later.app)
        {
            Some(Because { reason: "it is Django's".to_owned(), merged_only: false })
        } else {
            None
        };
        if let Some(because) = because {
            found.push(finding(graph, &node.name, later, &because, node, at.range));
        }
    }
    Ok(found)
}

fn finding(
    graph: &Graph,
    new: &MigrationName,
    deployed: &MigrationName,
    because: &Because,
    at: &Node,
    range: TextRange,
) -> Finding {
    let module = at.migration.module();
    let applied = if because.merged_only { "merged" } else { "applied" };
    let headline = format!(
        "{} would have to run before {}, which is {applied} already ({})",
        code(&new.to_string()),
        code(&deployed.to_string()),
        because.reason
    );
    let consequence = format!(
        "`migrate` stops on every database that has it: {}.",
        code(&format!(
            "InconsistentMigrationHistory: Migration {deployed} is applied before its dependency {new}"
        ))
    );
    let leaves = graph.leaves(&new.app);
    let leaf = leaves.iter().find(|leaf| leaf.name != *new).map_or(deployed, |leaf| &leaf.name);
    let fix = Fix::text(format!(
        "Restore {} and let {} depend on {}.",
        code(&deployed.to_string()),
        code(&new.name),
        code(&format!("(\"{}\", \"{}\")", leaf.app, leaf.name))
    ));
    RULE.finding(
        Place::Head { path: at.path.clone(), span: module.span(&range) },
        format!("{new} before {deployed}"),
        NodeText::Open(at.name.to_string()),
        headline,
        consequence,
    )
    .with_severity(severity_of(because))
    .with_fix(fix)
}

/// A new migration whose number is not above the deployed ones: Django goes by the graph, people go by the number.
fn sorts_before(
    context: &Context<'_>,
    app: &App,
    graph: &Graph,
    node: &Node,
) -> Result<Option<Finding>, NotLoaded> {
    let own = node.migration.dependencies.iter().filter_map(|d| d.dependency.migration());
    let own = own.filter(|name| name.app == app.label).count();
    let Some(number) = number(&node.name.name) else { return Ok(None) };
    if !node.migration.replaces.is_empty() || own != 1 || graph.leaves(&app.label).len() != 1 {
        return Ok(None);
    }
    let as_high = |other: &Node| self::number(&other.name.name).is_some_and(|n| n >= number);
    if !graph.nodes().any(|other| other.name != node.name && as_high(other)) {
        return Ok(None);
    }
    let mut highest: Option<(u32, &str)> = None;
    // Of those that it does run after.
    let earlier = graph.ancestors(&node.name);
    for other in graph.nodes().filter(|other| earlier.contains(&other.name)) {
        let is_there = has(context.target_tip, &other.name, &other.path)?;
        if let Some(n) = self::number(&other.name.name).filter(|_| is_there)
            && highest.is_none_or(|(known, _)| n > known)
        {
            highest = Some((n, &other.name.name));
        }
    }
    // Where numbers are tickets or dates, they do not count migrations.
    let counts = |top: u32| top as usize <= 2 * graph.nodes().count() + 10;
    let highest = highest.filter(|(top, _)| number <= *top && counts(*top));
    let Some((top, name)) = highest else { return Ok(None) };
    let module = node.migration.module();
    let Some(class) = node.migration.class() else { return Ok(None) };
    let headline =
        format!("{} sorts before {}, which it runs after", code(&node.name.to_string()), code(name));
    let consequence = "Django follows `dependencies` and runs it last; who reads the folder, or adds the next one, goes by the number.";
    let rest = node.name.name.trim_start_matches(|c: char| c.is_ascii_digit());
    let fix = Fix::text(format!(
        "Rename it to {} while it is not deployed.",
        code(&format!("{:04}{rest}", top + 1))
    ));
    let place = Place::Head { path: node.path.clone(), span: module.span(&class.name) };
    Ok(Some(
        RULE.finding(place, node.name.to_string(), NodeText::Open(name.to_owned()), headline, consequence)
            .with_severity(Severity::Advice)
            .with_fix(fix),
    ))
}

fn number(name: &str) -> Option<u32> {
    let digits: String = name.chars().take_while(char::is_ascii_digit).take(8).collect();
    digits.parse().ok()
}
