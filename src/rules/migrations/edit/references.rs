//! `dependencies`, `run_before` and `replaces`, before and after: references to other migrations.

use std::collections::{BTreeMap, BTreeSet};

use ruff_python_ast::{Expr, StmtClassDef};
use ruff_text_size::Ranged;

use crate::model::finding::code;
use crate::project::django::apps::MigrationName;
use crate::syntax::python::{normalised_expr, text_of};

use super::class::elements;
use super::difference::{At, Difference, Direction, Impact};
use super::wording::short;

/// `("blog", "0001_initial")` as a migration.
pub(super) fn pair(expr: &Expr) -> Option<MigrationName> {
    match expr.as_tuple_expr()?.elts.as_slice() {
        [app, name] => Some(MigrationName { app: text_of(app)?, name: text_of(name)? }),
        _ => None,
    }
}

/// What tells a reference from others.
fn reference(expr: &Expr) -> String {
    pair(expr).map_or_else(|| normalised_expr(expr), |name| name.to_string())
}

/// How a reference is written in a sentence.
fn spoken(expr: &Expr) -> String {
    pair(expr).map_or_else(|| short(expr), |name| code(&name.to_string()))
}

/// The order of references means nothing to Django.
pub(super) fn references(
    old: &StmtClassDef,
    new: &StmtClassDef,
    attribute: &str,
    verbs: [&str; 2],
    found: &mut Vec<Difference>,
) {
    let [adds, drops] = verbs;
    let (before, after) = (elements(old, attribute), elements(new, attribute));
    let texts = |list: &[&Expr]| list.iter().map(|e| reference(e)).collect::<BTreeSet<_>>();
    let (known, kept) = (texts(&before), texts(&after));
    for element in after.iter().filter(|e| !known.contains(&reference(e))) {
        let mut edit =
            Difference::new(Impact::Real, At::Head(element.range()), format!("{adds} {}", spoken(element)));
        edit.dependency = pair(element).map(|name| (Direction::Added, name));
        found.push(edit);
    }
    for element in before.iter().filter(|e| !kept.contains(&reference(e))) {
        let mut edit =
            Difference::new(Impact::Real, At::Base(element.range()), format!("{drops} {}", spoken(element)));
        edit.dependency = pair(element).map(|name| (Direction::Removed, name));
        found.push(edit);
    }
    respelled(&before, &after, found);
}

/// Python 2's `b"blog"` that becomes `"blog"`.
fn respelled(before: &[&Expr], after: &[&Expr], found: &mut Vec<Difference>) {
    let known: BTreeMap<String, String> = before.iter().map(|e| (reference(e), normalised_expr(e))).collect();
    let other = |e: &&&Expr| known.get(&reference(e)).is_some_and(|text| *text != normalised_expr(e));
    found.extend(after.iter().filter(other).map(|element| {
        let what = format!("spells {} another way", spoken(element));
        Difference::new(Impact::Compatible, At::Head(element.range()), what)
    }));
}

/// Taking `replaces` away is how a squash is finished: MIG010 judges it. What it newly replaces is an edit.
pub(super) fn replaces(old: &StmtClassDef, new: &StmtClassDef, found: &mut Vec<Difference>) {
    let (before, after) = (elements(old, "replaces"), elements(new, "replaces"));
    let known: BTreeSet<String> = before.iter().map(|e| reference(e)).collect();
    for element in after.iter().filter(|e| !known.contains(&reference(e))) {
        let what = format!("makes it replace {}", spoken(element));
        found.push(Difference::new(Impact::Real, At::Head(element.range()), what));
    }
    respelled(&before, &after, found);
}
