//! What is read before the rules run. All that names alone tell is asked for in two batches, so that a usual change
//! costs no third.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::model::change::{Change, ChangedFile};
use crate::project::Project;
use crate::project::django::apps::{looks_like_migration, may_move_migrations};
use crate::project::env::env_files;
use crate::project::env::readers::EnvReaders;
use crate::project::foretold;
use crate::rules::{Reading, Rule, reading};
use crate::source::snapshot::both;
use crate::source::tree::folder;
use crate::source::{NotLoaded, SnapshotId, Tree, Want};

use super::Sides;
use super::exclude::ATTRIBUTES;

/// The first batch: the head's tree, and with it those that the migration rules compare with, when the change touches
/// any. Files that lead nowhere else come along by name: then nothing more is asked.
pub(super) fn trees(change: &Change, sides: &Sides, rules: &[&Rule]) -> Result<Arc<Tree>, NotLoaded> {
    let head = sides.head.tree();
    if touches_migrations(change) {
        let others = std::iter::once(&sides.target_tip).chain(&sides.deployed.projects);
        let others = NotLoaded::all(others.map(|project| project.tree()));
        return both(head, others).map(|(head, _)| head);
    }
    head.map_err(|mut missing| {
        if stands_alone(change, rules) {
            missing.wants.extend(by_name(change, rules));
        }
        missing
    })
}

fn by_name(change: &Change, rules: &[&Rule]) -> impl Iterator<Item = Want> {
    let is_read = |path: &&str| rules.iter().any(|rule| rule.reads(path));
    let want = |snapshot, path: &str| Want::File { snapshot, path: path.to_owned(), blob: None };
    let at_head = change.files.iter().filter_map(ChangedFile::head_path).filter(is_read);
    let at_base = change.files.iter().filter(|f| f.hunks.is_none()).filter_map(ChangedFile::base_path);
    let at_base = at_base.filter(is_read).chain([ATTRIBUTES]);
    let at_head = at_head.map(move |path| want(SnapshotId::Head, path));
    at_head.chain(at_base.map(move |path| want(SnapshotId::MergeBase, path)))
}

/// The second batch, with the trees known: the changed files, what some rule always asks for, and
/// what tells of the apps whose migrations it touches. Where migrations change, on every side that is compared.
pub(super) fn files(
    change: &Change,
    sides: &Sides,
    rules: &[&Rule],
    skips: &dyn Fn(&str) -> bool,
) -> Result<(), NotLoaded> {
    let mut missing = NotLoaded::default();
    let mut ask = |result: Result<(), NotLoaded>| {
        if let Err(not_loaded) = result {
            missing.merge(not_loaded);
        }
    };
    let is_read = |path: &str| rules.iter().any(|rule| rule.reads(path));
    let wanted = |path: &&str| !skips(path) && is_read(path);
    for path in change.files.iter().filter_map(ChangedFile::head_path).filter(wanted) {
        ask(sides.head.file(path).map(drop));
        if env_files::role(path).is_some() {
            ask(sides.head.fact::<EnvReaders>(&()).map(drop));
        }
    }
    // Of the base side what has to be diffed by us; the rest only where a rule finds something.
    let undiffed = change.files.iter().filter(|f| f.hunks.is_none());
    for path in undiffed.filter_map(ChangedFile::base_path).filter(wanted) {
        ask(sides.merge_base.file(path).map(drop));
    }
    if !stands_alone(change, rules) {
        let migrations: Vec<&str> =
            paths(change).filter(|path| looks_like_migration(path) && is_read(path)).collect();
        let packages: BTreeSet<&str> = migrations.iter().map(|path| folder(path)).collect();
        for project in compared(change, sides) {
            let tree = project.tree()?;
            let of_apps = packages.iter().flat_map(|package| foretold::of_app(&tree, package));
            let of_graph = foretold::of_graph(&tree).filter(|_| !migrations.is_empty());
            let changed = migrations.iter().copied();
            let all: BTreeSet<&str> =
                foretold::of_project(&tree).chain(of_apps).chain(of_graph).chain(changed).collect();
            ask(project.snapshot().files(all).map(drop));
        }
    }
    if missing.wants.is_empty() { Ok(()) } else { Err(missing) }
}

/// The sides that rules look at; where the target has not moved, several are one.
fn compared<'a>(change: &Change, sides: &'a Sides) -> Vec<&'a Arc<Project>> {
    let mut compared = vec![&sides.head];
    if touches_migrations(change) {
        compared.extend([&sides.merge_base, &sides.target_tip]);
        compared.extend(&sides.deployed.projects);
        compared.dedup_by(|a, b| Arc::ptr_eq(a, b));
    }
    compared
}

fn paths(change: &Change) -> impl Iterator<Item = &str> {
    change.files.iter().flat_map(|file| file.head_path().into_iter().chain(file.base_path()))
}

fn touches_migrations(change: &Change) -> bool {
    paths(change).any(may_move_migrations)
}

/// Can it be judged by its own files alone?
fn stands_alone(change: &Change, rules: &[&Rule]) -> bool {
    paths(change).all(|path| reading(rules, path) < Reading::WithOthers)
}
