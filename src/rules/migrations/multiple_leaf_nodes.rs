use std::collections::BTreeSet;

use crate::model::catalogue;
use crate::model::finding::{Finding, Fix, FixSafety, NodeText, Place, code};
use crate::project::django::apps::{App, MigrationName};
use crate::project::migrations::deployed::has;
use crate::project::migrations::loaded::Loaded;
use crate::project::migrations::loader::{Entry, Graph, List};
use crate::project::migrations::migration::{Dependency, DependencyAt};
use crate::rules::{Against, Context, Look, Rule, look};
use crate::source::{NotLoaded, snapshot::both};

use super::graphs::{Touched, touched};
use super::listing::{instead, with_one_more, written};

pub(super) static RULE: Rule = Rule {
    entry: &catalogue::MIG007,
    page: include_str!("multiple_leaf_nodes.md"),
    against: Against::TargetTip,
    looks: &[Look::Change(look::migrations, check)],
};

/// Branches of one app that are told; whoever has more merges them anyhow.
const MAX_BRANCHES: usize = 20;

fn check(context: &Context<'_>) -> Result<Vec<Finding>, NotLoaded> {
    let mut found = Vec::new();
    for touched in touched(context)? {
        let judged = touched.apps.iter().map(|app| judge(context, &touched, app));
        found.extend(NotLoaded::all(judged)?.into_iter().flatten());
    }
    Ok(found)
}

fn judge(context: &Context<'_>, touched: &Touched, app: &App) -> Result<Vec<Finding>, NotLoaded> {
    let loaded = &*touched.loaded;
    let leaves = loaded.graph.sure_leaves(&app.label);
    let is_known = leaves.first().is_some_and(|leaf| touched.is_known(leaf));
    // What Git ignores may join them.
    if leaves.len() > 1 && context.here.ignores_more_of(app)? {
        return Ok(Vec::new());
    }
    if leaves.len() < 2 || !is_known || leaves.len() <= leaves_at_tip(context, app)? {
        return Ok(Vec::new());
    }
    let changed: BTreeSet<&str> = context.files().map(|file| file.path).collect();
    let (mut own, mut theirs) = (Vec::new(), Vec::new());
    for leaf in leaves {
        let Some(file) = loaded.file(leaf) else { continue };
        if !changed.contains(file.path.as_str()) {
            theirs.push(leaf);
        } else if !has(context.target_tip, leaf, &file.path)? {
            own.push(leaf);
        } else if let Some(found) = no_squash_any_more(context, touched, leaf)? {
            return Ok(vec![found]);
        } else {
            theirs.push(leaf);
        }
    }
    if theirs.is_empty() && own.len() > 1 {
        theirs.push(own.remove(0));
    }
    let Some(trunk) = theirs.last() else { return Ok(Vec::new()) };
    chain(context, touched, trunk, &own)
}

/// Leaves that conflict without this change are somebody else's.
fn leaves_at_tip(context: &Context<'_>, app: &App) -> Result<usize, NotLoaded> {
    let apps = context.target_tip.apps()?;
    let Some(there) = apps.iter().find(|a| a.migrations == app.migrations) else { return Ok(0) };
    let loaded = Loaded::around(context.target_tip, &format!("{}/x.py", there.migrations))?;
    Ok(loaded.graph.leaves(&there.label).len().max(1))
}

/// A branch that only this change has, and the leaf that it is to come behind.
struct Branch<'a> {
    leaf: &'a MigrationName,
    behind: &'a MigrationName,
    /// Those of it that need none of it.
    firsts: Vec<&'a MigrationName>,
}

/// Each branch comes behind the one before, so that there is one leaf when all have moved.
fn chain<'a>(
    context: &Context<'_>,
    touched: &'a Touched,
    trunk: &'a MigrationName,
    own: &[&'a MigrationName],
) -> Result<Vec<Finding>, NotLoaded> {
    let graph = &touched.loaded.graph;
    let mut placed = graph.before(trunk);
    placed.insert(trunk);
    let (mut branches, mut behind) = (Vec::new(), trunk);
    for leaf in own.iter().take(MAX_BRANCHES) {
        let mut all = graph.before(leaf);
        all.insert(leaf);
        let mut branch = BTreeSet::new();
        for name in all.iter().filter(|name| !placed.contains(*name)) {
            let file = touched.loaded.file(name);
            if file.map_or(Ok(true), |file| has(context.target_tip, name, &file.path))? {
                continue;
            }
            branch.insert(*name);
        }
        let needs_none = |name: &&MigrationName| graph.parents(name).all(|parent| !branch.contains(parent));
        let firsts = branch.iter().copied().filter(needs_none).collect();
        branches.push(Branch { leaf, behind, firsts });
        placed.extend(all);
        behind = leaf;
    }
    let moves = NotLoaded::all(branches.iter().map(|branch| moved(context, touched, branch)))?;
    let is_right = is_right(&touched.loaded, &trunk.app, moves.iter().flatten());
    let found = branches.iter().zip(moves);
    let found = found.map(|(branch, moved)| finding(context, touched, branch, moved.filter(|_| is_right)));
    Ok(NotLoaded::all(found)?.into_iter().flatten().collect())
}

/// What moves a branch: its first depends on another leaf.
struct Move<'a> {
    first: &'a MigrationName,
    /// Which of its dependencies gives way; `None`: the leaf is one more.
    index: Option<usize>,
    behind: &'a MigrationName,
    fix: Fix,
}

/// `None` where the branch begins at several places, or its list cannot be edited.
fn moved<'a>(
    context: &Context<'_>,
    touched: &'a Touched,
    branch: &Branch<'a>,
) -> Result<Option<Move<'a>>, NotLoaded> {
    let [first] = branch.firsts[..] else { return Ok(None) };
    let Some((file, module)) = touched.source(context, first)? else { return Ok(None) };
    let is_own = |name: &MigrationName| name.app == first.app;
    let on_own = |dependency: &Dependency| dependency.migration().is_some_and(is_own);
    let own = file.links.dependencies.iter().enumerate().filter(|(_, at)| on_own(&at.dependency));
    let (index, edit) = match own.collect::<Vec<_>>()[..] {
        [] => (None, written(branch.behind).and_then(|entry| with_one_more(&module, &entry))),
        [(index, at)] => (Some(index), instead(&module, &at.range, branch.behind)),
        _ => return Ok(None),
    };
    let Some(edit) = edit else { return Ok(None) };
    let text = format!(
        "Right if {} does not undo what {} does; then renumber {}, or run {} instead.",
        code(&branch.leaf.name),
        code(&branch.behind.name),
        if first == branch.leaf { "it" } else { "its branch" },
        code("python manage.py makemigrations --merge")
    );
    let fix = Fix { safety: FixSafety::Ask, text, edits: vec![edit] };
    Ok(Some(Move { first, index, behind: branch.behind, fix }))
}

/// Does the loader find a leaf less for each move, and no circle more, when all have moved?
fn is_right<'a>(loaded: &Loaded, app: &str, moves: impl Iterator<Item = &'a Move<'a>>) -> bool {
    let mut disk = loaded.disk.clone();
    let mut moved = 0;
    for Move { first, index, behind, .. } in moves {
        let Some(declared) = disk.migrations.get_mut(*first) else { return false };
        let on = Dependency::On((*behind).clone());
        match index.map(|index| declared.dependencies.get_mut(index)) {
            Some(Some(at)) => *at = on,
            Some(None) => return false,
            None => declared.dependencies.push(on),
        }
        moved += 1;
    }
    let (before, after) = (&loaded.graph, Graph::build(&disk, &BTreeSet::new()));
    after.leaves(app).len() + moved == before.leaves(app).len()
        && after.circles().len() == before.circles().len()
}

fn finding(
    context: &Context<'_>,
    touched: &Touched,
    branch: &Branch<'_>,
    fix: Option<Move<'_>>,
) -> Result<Option<Finding>, NotLoaded> {
    let (leaf, behind) = (branch.leaf, branch.behind);
    let at = fix.as_ref().map_or((leaf, None), |moved| (moved.first, moved.index));
    let Some(place) = place(context, touched, at.0, at.1)? else { return Ok(None) };
    let fix = fix.map(|moved| moved.fix).unwrap_or_else(|| {
        Fix::text(format!(
            "Make {} depend on {}, or run {}.",
            code(&leaf.name),
            code(&format!("(\"{}\", \"{}\")", behind.app, behind.name)),
            code("python manage.py makemigrations --merge")
        ))
    });
    let (headline, consequence) = said(&touched.loaded.graph, leaf, behind);
    let node = NodeText::Open(behind.to_string());
    Ok(Some(RULE.finding(place, leaf.to_string(), node, headline, consequence).with_fix(fix)))
}

/// Headline and consequence.
fn said(graph: &Graph, leaf: &MigrationName, other: &MigrationName) -> (String, String) {
    let leaves = graph.leaves(&leaf.app).into_iter().filter(|leaf| graph.has(leaf));
    let names: Vec<&str> = leaves.map(|leaf| leaf.name.as_str()).collect();
    let count = if names.len() == 2 { "two".to_owned() } else { names.len().to_string() };
    let pair = format!("{} and {}", code(&other.name), code(&leaf.name));
    let which = if names.len() == 2 { format!(": {pair}") } else { format!(", among them {pair}") };
    let headline = format!("{} would have {count} leaf migrations after the merge{which}", code(&leaf.app));
    let consequence = format!(
        "`migrate` and `makemigrations --check` stop with {}.",
        code(&format!(
            "CommandError: Conflicting migrations detected; multiple leaf nodes: ({} in {})",
            names.join(", "),
            leaf.app
        ))
    );
    (headline, consequence)
}

/// A dependency of a migration, else the first of its own app, else its class.
fn place(
    context: &Context<'_>,
    touched: &Touched,
    name: &MigrationName,
    index: Option<usize>,
) -> Result<Option<Place>, NotLoaded> {
    let Some(file) = touched.loaded.file(name) else { return Ok(None) };
    let is_own = |at: &DependencyAt| at.dependency.migration().is_some_and(|on| on.app == name.app);
    let index = index.or_else(|| file.links.dependencies.iter().position(is_own));
    match index {
        Some(index) => touched.place(context, &Entry { by: name.clone(), list: List::Dependencies, index }),
        None => touched.class(context, name),
    }
}

/// A deployed squash that no longer says what it stands for, while that is still there. Before it is deployed MIG010
/// speaks of it.
fn no_squash_any_more(
    context: &Context<'_>,
    touched: &Touched,
    leaf: &MigrationName,
) -> Result<Option<Finding>, NotLoaded> {
    let Some(file) = touched.loaded.file(leaf) else { return Ok(None) };
    let (before, because) = both(context.merge_base.links(&file.path), context.deployed(leaf, &file.path))?;
    let stood_for = before.as_ref().and_then(|links| links.replaces.last()?.dependency.migration());
    let deployed = because.is_some_and(|because| !because.merged_only);
    let (Some(old), true, []) = (stood_for, deployed, &file.links.replaces[..]) else { return Ok(None) };
    let leaves = touched.loaded.graph.sure_leaves(&leaf.app);
    let (Some(other), Some(place)) =
        (leaves.iter().find(|other| **other != leaf), touched.class(context, leaf)?)
    else {
        return Ok(None);
    };
    let (headline, consequence) = said(&touched.loaded.graph, leaf, other);
    let fix = Fix::text(format!(
        "Put {} back, or remove {} and the others that it stood for as well.",
        code("replaces"),
        code(&old.to_string())
    ));
    let node = NodeText::Open("replaces taken away".to_owned());
    Ok(Some(RULE.finding(place, leaf.to_string(), node, headline, consequence).with_fix(fix)))
}
