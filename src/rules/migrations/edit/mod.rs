//! What an edit changes in a migration, and whether it could ever reach a database.

mod arguments;
mod call;
mod class;
mod difference;
mod display;
mod fields;
mod helpers;
mod likeness;
mod operations;
mod references;
mod state;
mod stripped;
mod wording;

use std::collections::BTreeMap;

use ruff_python_ast::{Stmt, StmtClassDef};
use ruff_text_size::Ranged;

use crate::model::finding::code;
use crate::project::django::apps::MigrationName;
use crate::rules::migrations::canonical::Canonical;
use crate::syntax::python::{normalised_expr, normalised_stmts};

use class::{elements, label, place, target};
use likeness::{Likeness, same_spelling, same_spelling_stmts};
use references::{pair, references, replaces};
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
    let likeness = Likeness::new(head);
    bases(old, new, &mut found);
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
    others(old, new, &mut found);
    let beside = found.len();
    helpers::compare(base, head, &mut found);
    found.iter_mut().skip(beside).for_each(|edit| edit.is_helper = true);
    found
}

/// A class that it derives from can change all that Django asks of a migration.
fn bases(old: &StmtClassDef, new: &StmtClassDef, found: &mut Vec<Difference>) {
    let of = |class: &StmtClassDef| class.arguments.as_ref().map_or_else(Vec::new, |a| a.args.to_vec());
    let (before, after) = (of(old), of(new));
    let pairs = || before.iter().zip(&after);
    if before.len() == after.len() && pairs().all(|(a, b)| normalised_expr(a) == normalised_expr(b)) {
        return;
    }
    let alike = before.len() == after.len() && pairs().all(|(a, b)| same_spelling(a, b));
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
fn others(old: &StmtClassDef, new: &StmtClassDef, found: &mut Vec<Difference>) {
    let named = |class: &StmtClassDef| {
        let own = class.body.iter().filter(|s| target(s).is_none_or(|t| !ATTRIBUTES.contains(&t)));
        own.map(|s| (label(s), s.clone())).collect::<BTreeMap<_, _>>()
    };
    let (mut before, after) = (named(old), named(new));
    let text = |stmt: &Stmt| normalised_stmts(&forward(std::slice::from_ref(stmt)));
    let quiet = |stmt: &Stmt| normalised_stmts(&silent(&forward(std::slice::from_ref(stmt))));
    let alike =
        |old: &Stmt, new: &Stmt| same_spelling_stmts(std::slice::from_ref(old), std::slice::from_ref(new));
    let edit = |impact, at, name: &str| {
        let name = name.lines().next().unwrap_or(name);
        Difference::new(impact, at, format!("changes {} of its class", code(name)))
    };
    for (name, stmt) in &after {
        // A statement without a name is known by what it does.
        let known = before.keys().find(|n| *n == name).or_else(|| {
            let mut others = before.iter().filter(|(n, _)| !after.contains_key(*n));
            others.find(|(_, old)| text(old) == text(stmt) || alike(old, stmt)).map(|(n, _)| n)
        });
        let old = known.cloned().and_then(|known| before.remove(&known));
        match old {
            Some(old) if text(&old) == text(stmt) => {}
            Some(old) if quiet(&old) == quiet(stmt) => {
                found.push(edit(Impact::Harmless, At::Head(stmt.range()), name));
            }
            Some(old) if alike(&old, stmt) => {
                found.push(edit(Impact::Compatible, At::Head(stmt.range()), name))
            }
            _ => found.push(edit(Impact::Real, At::Head(stmt.range()), name)),
        }
    }
    for (name, stmt) in before.iter().filter(|(name, _)| !after.contains_key(*name)) {
        found.push(edit(Impact::Real, At::Base(stmt.range()), name));
    }
}
