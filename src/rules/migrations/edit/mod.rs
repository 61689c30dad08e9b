//! What an edit changes in a migration, and whether it could ever reach a database.

mod arguments;
mod call;
mod class;
mod difference;
mod display;
mod fields;
mod helpers;
mod likeness;
mod modern;
mod operations;
mod references;
mod renamed;
mod state;
mod stripped;
mod suites;
mod wording;

use std::collections::{BTreeMap, BTreeSet};

use ruff_python_ast::{Stmt, StmtClassDef};
use ruff_text_size::Ranged;

use crate::model::finding::code;
use crate::project::django::apps::MigrationName;
use crate::rules::migrations::canonical::Canonical;
use crate::syntax::python::{normalised_expr, normalised_stmts};

use class::{elements, label, place, target};
use likeness::{Likeness, Pool};
use modern::Called;
use references::{pair, references, replaces};
use renamed::with_old_names;
use stripped::{forward, silent};
use wording::short;

pub(super) use difference::{At, Difference, Direction, Impact};

/// Attributes of a migration that Django itself reads.
const ATTRIBUTES: [&str; 6] = ["dependencies", "run_before", "replaces", "operations", "initial", "atomic"];

/// Everything that differs, in the order of the attributes above. Empty: the edit is cosmetic.
pub(super) fn differences(name: &MigrationName, base: &Canonical, head: &Canonical) -> Vec<Difference> {
    let mut found = Vec::new();
    let (Some(old), Some(new)) = (base.class(), head.class()) else {
        if let (Some(old), None) = (base.class(), head.class()) {
            let what = "removes its class `Migration`";
            found.push(Difference::new(Impact::Real, At::Base(old.name.range), what));
        }
        return found;
    };
    let likeness = Likeness::new(base, head);
    let renamed = with_old_names(base, head, &likeness);
    let head = renamed.as_ref().unwrap_or(head);
    let new = head.class().unwrap_or(new);
    bases(old, new, &likeness, &mut found);
    for (attribute, verbs) in [
        ("dependencies", ["makes it depend on", "drops its dependency on"]),
        ("run_before", ["makes it run before", "no longer makes it run before"]),
    ] {
        references(old, new, attribute, verbs, &mut found);
    }
    replaces(old, new, &mut found);
    let at = At::Head(place(new, "operations"));
    operations::compare(
        &elements(old, "operations"),
        &elements(new, "operations"),
        at,
        &likeness,
        &mut found,
    );
    initial(name, old, new, &mut found);
    value(old, new, "atomic", &mut found);
    others(old, new, &likeness, &mut found);
    let beside = found.len();
    helpers::compare(base, head, &likeness, &mut found);
    found.iter_mut().skip(beside).for_each(|edit| edit.is_helper = true);
    found
}

/// A class that it derives from can change all that Django asks of a migration.
fn bases(old: &StmtClassDef, new: &StmtClassDef, likeness: &Likeness, found: &mut Vec<Difference>) {
    let of = |class: &StmtClassDef| class.arguments.as_ref().map_or_else(Vec::new, |a| a.args.to_vec());
    let (before, after) = (of(old), of(new));
    let pairs = || before.iter().zip(&after);
    if before.len() == after.len() && pairs().all(|(a, b)| normalised_expr(a) == normalised_expr(b)) {
        return;
    }
    let alike = before.len() == after.len() && pairs().all(|(a, b)| likeness.of_exprs(a, b).is_some());
    let impact = if alike { Impact::Compatible } else { Impact::Real };
    let list: Vec<String> = after.iter().map(short).collect();
    found.push(Difference::new(
        impact,
        At::Head(new.name.range),
        format!("derives it from {}", list.join(", ")),
    ));
}

/// Django takes a migration without dependencies in its own app for initial, whether it says so or not.
fn initial(name: &MigrationName, old: &StmtClassDef, new: &StmtClassDef, found: &mut Vec<Difference>) {
    let stands_first = |class| {
        let own = elements(class, "dependencies").iter().any(|e| pair(e).is_some_and(|p| p.app == name.app));
        !own
    };
    let truth = |class| {
        elements(class, "initial")
            .first()
            .map_or_else(|| stands_first(class), |e| normalised_expr(e) == "True")
    };
    if truth(old) != truth(new) {
        let what = format!("sets `initial` to {}", if truth(new) { "`True`" } else { "`False`" });
        found.push(Difference::new(Impact::StateOnly, At::Head(place(new, "initial")), what));
    }
}

fn value(old: &StmtClassDef, new: &StmtClassDef, attribute: &str, found: &mut Vec<Difference>) {
    let text =
        |class| elements(class, attribute).first().map_or_else(|| "True".to_owned(), |e| normalised_expr(e));
    let (before, after) = (text(old), text(new));
    if before != after {
        let what = format!("sets {} to {}", code(attribute), code(&after));
        found.push(Difference::new(Impact::Real, At::Head(place(new, attribute)), what));
    }
}

/// Methods and attributes that Django does not know, and statements such as `if vendor == "postgresql":`.
fn others(old: &StmtClassDef, new: &StmtClassDef, likeness: &Likeness, found: &mut Vec<Difference>) {
    let named = |class: &StmtClassDef| {
        let own = class.body.iter().filter(|s| target(s).is_none_or(|t| !ATTRIBUTES.contains(&t)));
        own.map(|s| (label(s), forward(std::slice::from_ref(s)))).collect::<BTreeMap<_, _>>()
    };
    let (before, after) = (named(old), named(new));
    let form = |stmts: &[Stmt]| likeness.form(stmts, Called::Anyhow);
    let quiet = |stmts: &[Stmt]| normalised_stmts(&silent(stmts));
    let edit = |impact, at, name: &str| {
        let name = name.lines().next().unwrap_or(name);
        Difference::new(impact, at, format!("changes {} of its class", code(name)))
    };
    let start = |stmts: &[Stmt]| stmts.first().map_or(new.name.range, Ranged::range);
    // A statement without a name is known by what it does.
    let mut nameless = Pool::default();
    let gone = before.iter().filter(|(name, _)| !after.contains_key(*name));
    gone.for_each(|(name, stmts)| nameless.add(name, form(stmts)));
    let mut matched: BTreeSet<&str> = BTreeSet::new();
    for (name, stmts) in &after {
        let impact = match before.get(name) {
            Some(old) if normalised_stmts(old) == normalised_stmts(stmts) => None,
            Some(old) if quiet(old) == quiet(stmts) => Some(Impact::Harmless),
            Some(old) => Some(likeness.of_stmts(old, stmts, Called::Anyhow).unwrap_or(Impact::Real)),
            None => match nameless.find(&form(stmts), |known| !matched.contains(known)) {
                Some((known, impact)) => {
                    matched.insert(known);
                    let same =
                        before.get(known).map(|old| normalised_stmts(old)) == Some(normalised_stmts(stmts));
                    (!same).then_some(impact)
                }
                None => Some(Impact::Real),
            },
        };
        found.extend(impact.map(|impact| edit(impact, At::Head(start(stmts)), name)));
    }
    for (name, stmts) in before.iter().filter(|(name, _)| !after.contains_key(*name)) {
        if !matched.contains(name.as_str()) {
            found.push(edit(Impact::Real, At::Base(start(stmts)), name));
        }
    }
}
