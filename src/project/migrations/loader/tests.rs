//! The loader beside Django's own: `tests/data/migration_graphs.json`.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use crate::project::django::apps::MigrationName;
use crate::project::migrations::migration::Dependency;

use super::{Declared, Disk, Graph};

#[derive(Deserialize)]
struct Table {
    graphs: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    situation: String,
    migrations: BTreeMap<String, Lists>,
    applied: Vec<String>,
    django: Answer,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Lists {
    dependencies: Vec<String>,
    run_before: Vec<String>,
    replaces: Vec<String>,
}

/// What Django answered. Behind an error there is less.
#[derive(Deserialize)]
struct Answer {
    error: Option<Refusal>,
    missing: BTreeMap<String, String>,
    parents: Option<BTreeMap<String, BTreeSet<String>>>,
    #[serde(default)]
    leaves: Vec<String>,
    #[serde(default)]
    roots: Vec<String>,
    #[serde(default)]
    inconsistent: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(tag = "kind")]
enum Refusal {
    #[serde(rename = "NodeNotFoundError")]
    NodeNotFound { message: String },
    #[serde(rename = "CircularDependencyError")]
    Circle { circle: Vec<String> },
    #[serde(rename = "ValueError")]
    Value { message: String },
}

fn table() -> Vec<Case> {
    let table = include_str!("../../../../tests/data/migration_graphs.json");
    serde_json::from_str::<Table>(table).unwrap().graphs
}

fn name(full: &str) -> MigrationName {
    let (app, name) = full.split_once('.').unwrap();
    MigrationName { app: app.to_owned(), name: name.to_owned() }
}

fn names<'a>(all: impl IntoIterator<Item = &'a String>) -> BTreeSet<MigrationName> {
    all.into_iter().map(|full| name(full)).collect()
}

pub(super) fn disk(migrations: &[(&str, &[&str])]) -> Disk {
    let declared = |on: &[&str]| Declared {
        dependencies: on.iter().map(|full| Dependency::On(name(full))).collect(),
        ..Declared::default()
    };
    let migrations = migrations.iter().map(|(full, on)| (name(full), declared(on))).collect();
    Disk { migrations, ..Disk::default() }
}

impl Case {
    fn disk(&self) -> Disk {
        let on = |all: &[String]| all.iter().map(|full| Dependency::On(name(full))).collect();
        let declared = self.migrations.iter().map(|(full, lists)| {
            let declared = Declared {
                dependencies: on(&lists.dependencies),
                run_before: on(&lists.run_before),
                replaces: lists.replaces.iter().map(|full| name(full)).collect(),
                ..Declared::default()
            };
            (name(full), declared)
        });
        Disk { migrations: declared.collect(), ..Disk::default() }
    }

    /// Django refuses apps that it does not have; here they are those of packages, of which nobody knows.
    fn is_closed(&self) -> bool {
        let apps: BTreeSet<&str> = self.migrations.keys().filter_map(|full| full.split('.').next()).collect();
        let lists = self.migrations.values();
        let mut named = lists.flat_map(|lists| lists.dependencies.iter().chain(&lists.run_before));
        named.all(|full| full.split('.').next().is_some_and(|app| apps.contains(app)))
    }

    /// The first difference to Django's answer.
    fn difference(&self) -> Option<String> {
        let applied = names(&self.applied);
        let graph = Graph::build(&self.disk(), &applied);
        let missing: BTreeSet<MigrationName> = graph.missing().into_iter().map(|m| m.name).collect();
        if !self.is_closed() {
            return (!missing.is_empty() || !graph.circles().is_empty()).then(|| "a claim".to_owned());
        }
        match &self.django.error {
            Some(Refusal::NodeNotFound { message }) if message.contains("replacement node") => {
                return graph.lost_squashes().is_empty().then(|| message.clone());
            }
            Some(Refusal::Value { message }) => {
                let app = message.rsplit(' ').next().unwrap_or_default();
                return (!graph.endless_apps().contains(app)).then(|| message.clone());
            }
            _ => {}
        }
        if missing != names(self.django.missing.keys()) {
            return Some(format!("missing: {missing:?}"));
        }
        let parents = graph.nodes.iter().filter(|(_, links)| !links.parents.is_empty());
        let parents: BTreeMap<String, BTreeSet<String>> = parents
            .map(|(name, links)| (name.to_string(), links.parents.keys().map(ToString::to_string).collect()))
            .collect();
        if self.django.parents.as_ref().is_some_and(|expected| *expected != parents) {
            return Some(format!("parents: {parents:?}"));
        }
        self.difference_of_circles(&graph).or_else(|| self.difference_of_ends(&graph, &applied))
    }

    fn difference_of_circles(&self, graph: &Graph) -> Option<String> {
        let circles = graph.circles();
        match &self.django.error {
            None if !circles.is_empty() => Some(format!("circles: {circles:?}")),
            Some(Refusal::Circle { circle }) => {
                let named: Vec<MigrationName> = circle.iter().map(|full| name(full)).collect();
                let is_found = circles.iter().any(|circle| named.iter().all(|name| circle.contains(name)));
                let way = graph.way_round(&named[0]);
                let closes = way
                    .iter()
                    .zip(way.iter().cycle().skip(1))
                    .all(|(child, parent)| graph.parents(child).any(|other| other == *parent));
                (!is_found || way.is_empty() || !closes).then(|| format!("circles: {circles:?} {way:?}"))
            }
            _ => None,
        }
    }

    fn difference_of_ends(&self, graph: &Graph, applied: &BTreeSet<MigrationName>) -> Option<String> {
        if self.django.error.is_some() {
            return None;
        }
        let apps: BTreeSet<&str> = graph.nodes.keys().map(|name| name.app.as_str()).collect();
        let leaves: Vec<String> =
            apps.iter().flat_map(|app| graph.sure_leaves(app)).map(ToString::to_string).collect();
        let roots: Vec<String> =
            apps.iter().flat_map(|app| graph.roots(app)).map(ToString::to_string).collect();
        let early = graph.inconsistent(applied);
        let early_names: BTreeSet<String> = early.iter().map(|early| early.applied.to_string()).collect();
        let said = |message: &String| {
            early.iter().any(|e| {
                message.contains(&format!("{} is applied before its dependency {} ", e.applied, e.needs))
            })
        };
        let same = leaves == self.django.leaves
            && roots == self.django.roots
            && early_names == self.django.inconsistent.keys().cloned().collect()
            && self.django.inconsistent.values().all(said);
        (!same).then(|| format!("leaves: {leaves:?}, roots: {roots:?}, inconsistent: {early:?}"))
    }
}

#[test]
fn it_answers_as_django_does() {
    let table = table();
    assert!(table.len() >= 60);
    let wrong = table.iter().filter_map(|case| Some((&case.situation, case.difference()?)));
    let wrong: Vec<_> = wrong.collect();
    assert!(wrong.is_empty(), "{} of {}: {wrong:#?}", wrong.len(), table.len());
}

#[test]
fn nobody_knows_the_leaves_beside_a_computed_list() {
    let mut disk = disk(&[("a.1", &[]), ("a.2", &["a.1"]), ("a.3", &["a.1"]), ("a.4", &["a.3"])]);
    let leaves = |disk: &Disk| Graph::build(disk, &BTreeSet::new()).sure_leaves("a").len();
    assert_eq!(leaves(&disk), 2);
    disk.migrations.get_mut(&name("a.3")).unwrap().replaces_more = true;
    assert_eq!(leaves(&disk), 1, "a.3 may stand for a.2");
    disk.migrations.get_mut(&name("a.3")).unwrap().replaces_more = false;
    disk.migrations.get_mut(&name("a.1")).unwrap().depends_on_more = true;
    assert_eq!(leaves(&disk), 2, "both come after a.1 whatever it depends on");
}

#[test]
fn what_leads_to_an_app_that_nobody_knows_is_open() {
    let disk = disk(&[("a.1", &["package.0001"]), ("a.2", &["a.1"]), ("b.1", &[])]);
    let graph = Graph::build(&disk, &BTreeSet::new());
    assert!(graph.reach(&name("a.2")).is_open && !graph.reach(&name("b.1")).is_open);
    assert!(graph.missing().is_empty());
}

#[test]
fn a_long_chain_is_no_deep_one() {
    let full: Vec<String> = (0..20_000).map(|n| format!("a.{n:05}")).collect();
    let on: Vec<Vec<&str>> =
        (0..full.len()).map(|n| n.checked_sub(1).map(|p| full[p].as_str()).into_iter().collect()).collect();
    let chain: Vec<(&str, &[&str])> =
        full.iter().map(String::as_str).zip(on.iter().map(Vec::as_slice)).collect();
    let graph = Graph::build(&disk(&chain), &BTreeSet::new());
    assert!(graph.circles().is_empty());
    assert_eq!(graph.reach(&name("a.19999")).names.len(), 19_999);
}
