use std::collections::BTreeMap;

use crate::model::catalogue;
use crate::model::finding::{Edit, Finding, Fix, FixSafety, NodeText, Place, code};
use crate::project::django::apps::App;
use crate::project::migrations::deployed::has;
use crate::project::migrations::graph::{Graph, Node};
use crate::rules::{Against, Context, Look, Rule, look};
use crate::source::NotLoaded;

use super::changes::touched_apps;

pub(super) static RULE: Rule = Rule {
    entry: &catalogue::MIG007,
    page: include_str!("multiple_leaf_nodes.md"),
    against: Against::TargetTip,
    looks: &[Look::Change(look::migrations, check)],
};

fn check(context: &Context<'_>) -> Result<Vec<Finding>, NotLoaded> {
    let apps = touched_apps(context)?;
    let judged = apps.iter().map(|app| judge(context, app));
    Ok(NotLoaded::all(judged)?.into_iter().flatten().collect())
}

fn judge(context: &Context<'_>, app: &App) -> Result<Vec<Finding>, NotLoaded> {
    let graph = Graph::of(context.here, std::slice::from_ref(app))?;
    let leaves = graph.leaves(&app.label);
    // What Git ignores may join them.
    if leaves.len() > 1 && context.here.ignores_more_of(app)? {
        return Ok(Vec::new());
    }
    if leaves.len() < 2 || graph.is_partial(&app.label) || leaves.len() <= leaves_at_tip(context, app)? {
        return Ok(Vec::new());
    }
    let ours: BTreeMap<&str, bool> = context.files().map(|file| (file.path, true)).collect();
    let mut own = Vec::new();
    let mut theirs = Vec::new();
    for leaf in leaves {
        let is_own =
            ours.contains_key(leaf.path.as_str()) && !has(context.target_tip, &leaf.name, &leaf.path)?;
        if is_own { own.push(leaf) } else { theirs.push(leaf) }
    }
    if theirs.is_empty() && own.len() > 1 {
        theirs.push(own.remove(0));
    }
    let Some(other) = theirs.last() else { return Ok(Vec::new()) };
    Ok(own
        .into_iter()
        .filter(|leaf| is_whole(&graph, leaf))
        .map(|leaf| finding(&graph, leaf, other))
        .collect())
}

/// Can it be read, and is there what it depends on? Else MIG009 says so, and where it belongs nobody knows.
fn is_whole(graph: &Graph, leaf: &Node) -> bool {
    let mut own = leaf.migration.dependencies.iter().filter_map(|d| d.dependency.migration());
    leaf.migration.module().fault().is_none()
        && own.all(|name| name.app != leaf.name.app || name.name.starts_with("__") || graph.knows(name))
}

/// Leaves that conflict without this change are somebody else's.
fn leaves_at_tip(context: &Context<'_>, app: &App) -> Result<usize, NotLoaded> {
    let apps = context.target_tip.apps()?;
    let Some(there) = apps.iter().find(|a| a.migrations == app.migrations) else { return Ok(0) };
    let graph = Graph::of(context.target_tip, std::slice::from_ref(there))?;
    Ok(graph.leaves(&there.label).len().max(1))
}

fn finding(graph: &Graph, leaf: &Node, other: &Node) -> Finding {
    let app = &leaf.name.app;
    let module = leaf.migration.module();
    let own: Vec<_> = leaf
        .migration
        .dependencies
        .iter()
        .filter(|d| d.dependency.migration().is_some_and(|name| &name.app == app))
        .collect();
    let span = own.first().map_or_else(
        || leaf.migration.class().map(|class| module.span(&class.name)),
        |dependency| Some(module.span(&dependency.range)),
    );
    let place = span
        .map_or_else(|| Place::Path(leaf.path.clone()), |span| Place::Head { path: leaf.path.clone(), span });
    let headline = format!(
        "{} would have two leaf migrations after the merge: {} and {}",
        code(app),
        code(&other.name.name),
        code(&leaf.name.name)
    );
    let mut names = [other.name.name.as_str(), leaf.name.name.as_str()];
    names.sort_unstable();
    let consequence = format!(
        "`migrate` and `makemigrations --check` stop with {}.",
        code(&format!(
            "CommandError: Conflicting migrations detected; multiple leaf nodes: ({} in {app})",
            names.join(", ")
        ))
    );
    let text = format!(
        "Right if {} does not undo what {} does; then renumber it, or run {} instead.",
        code(&leaf.name.name),
        code(&other.name.name),
        code("python manage.py makemigrations --merge")
    );
    let fix = match own.as_slice() {
        [only] if !graph.ancestors(&other.name).contains(&leaf.name) => Fix {
            safety: FixSafety::Ask,
            text,
            edits: vec![Edit {
                span: module.span(&only.range),
                replacement: format!("(\"{app}\", \"{}\")", other.name.name),
            }],
        },
        _ => Fix::text(format!(
            "Make {} depend on {}, or run {}.",
            code(&leaf.name.name),
            code(&format!("(\"{app}\", \"{}\")", other.name.name)),
            code("python manage.py makemigrations --merge")
        )),
    };
    RULE.finding(place, leaf.name.to_string(), NodeText::Open(other.name.to_string()), headline, consequence)
        .with_fix(fix)
}
