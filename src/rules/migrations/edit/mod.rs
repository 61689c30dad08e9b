//! What an edit changes in a migration, and whether it could ever reach a database.

mod arguments;
mod call;
mod fields;
mod helpers;
mod likeness;
mod operations;

use std::collections::{BTreeMap, BTreeSet};

use ruff_python_ast::{Expr, Stmt, StmtClassDef};
use ruff_text_size::{Ranged, TextRange};

use crate::model::finding::code;
use crate::project::django::apps::MigrationName;
use crate::rules::migrations::canonical::Canonical;
use crate::syntax::python::{assignment, normalised_expr, normalised_stmts, text_of};

use likeness::{Likeness, forward, same_spelling, same_spelling_stmts};

/// How far an edit reaches, from the harmless to the harmful.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Weight {
    /// Reaches no database: what the migration prints or logs, blanks and comments of its SQL.
    Harmless,
    /// Keeps an old migration importable: another spelling of the same thing.
    Compatible,
    /// Changes Django's picture of the models and no table.
    StateOnly,
    /// Changes the way back alone.
    Backward,
    /// Gives new databases something that old ones never get.
    Real,
}

/// Where the edit stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum At {
    Head(TextRange),
    Base(TextRange),
}

/// One changed thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Edit {
    pub weight: Weight,
    /// Completes "this edit …".
    pub what: String,
    pub at: At,
    /// Of an edit in `dependencies`: what was added or removed.
    pub dependency: Option<(Direction, MigrationName)>,
    /// It stands beside the class and not in it.
    pub is_helper: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    Added,
    Removed,
}

impl Edit {
    fn new(weight: Weight, at: At, what: impl Into<String>) -> Self {
        Self { weight, what: what.into(), at, dependency: None, is_helper: false }
    }
}

/// Attributes of a migration that Django itself reads.
const ATTRIBUTES: [&str; 6] = ["dependencies", "run_before", "replaces", "operations", "initial", "atomic"];

/// Everything that differs, in the order of the attributes above. Empty: the edit is cosmetic.
pub(super) fn edits(name: &MigrationName, base: &Canonical, head: &Canonical) -> Vec<Edit> {
    let mut found = Vec::new();
    let (Some(old), Some(new)) = (base.class(), head.class()) else {
        if let (Some(old), None) = (base.class(), head.class()) {
            let what = "removes its class `Migration`";
            found.push(Edit::new(Weight::Real, At::Base(old.name.range), what));
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
fn bases(old: &StmtClassDef, new: &StmtClassDef, found: &mut Vec<Edit>) {
    let of = |class: &StmtClassDef| class.arguments.as_ref().map_or_else(Vec::new, |a| a.args.to_vec());
    let (before, after) = (of(old), of(new));
    let pairs = || before.iter().zip(&after);
    if before.len() == after.len() && pairs().all(|(a, b)| normalised_expr(a) == normalised_expr(b)) {
        return;
    }
    let alike = before.len() == after.len() && pairs().all(|(a, b)| same_spelling(a, b));
    let weight = if alike { Weight::Compatible } else { Weight::Real };
    let list: Vec<String> = after.iter().map(short).collect();
    found.push(Edit::new(weight, At::Head(new.name.range), format!("derives it from {}", list.join(", "))));
}

/// Where an attribute stands, else the class's name.
fn place(class: &StmtClassDef, attribute: &str) -> TextRange {
    let stmt = class.body.iter().find(|s| target(s) == Some(attribute));
    stmt.map_or(class.name.range, Ranged::range)
}

/// The name that a statement of the class body assigns to.
fn target(stmt: &Stmt) -> Option<&str> {
    if let Some(grown) = stmt.as_aug_assign_stmt() {
        return grown.target.as_name_expr().map(|n| n.id.as_str());
    }
    assignment(stmt).map(|(name, _)| name)
}

/// The elements of a list attribute, through `+`, `+=` and `*`; what is no display is an element itself.
fn elements<'a>(class: &'a StmtClassDef, attribute: &str) -> Vec<&'a Expr> {
    let mut found = Vec::new();
    for stmt in &class.body {
        match assignment(stmt) {
            Some((name, value)) if name == attribute => {
                found.clear();
                flatten(value, &mut found);
            }
            _ => {
                if let Some(grown) = stmt.as_aug_assign_stmt().filter(|_| target(stmt) == Some(attribute)) {
                    flatten(&grown.value, &mut found);
                }
            }
        }
    }
    found
}

fn flatten<'a>(expr: &'a Expr, found: &mut Vec<&'a Expr>) {
    match expr {
        Expr::Tuple(tuple) => tuple.elts.iter().for_each(|element| match element {
            Expr::Starred(starred) if starred.value.is_tuple_expr() => flatten(&starred.value, found),
            other => found.push(other),
        }),
        Expr::BinOp(sum) => {
            flatten(&sum.left, found);
            flatten(&sum.right, found);
        }
        other => found.push(other),
    }
}

/// `("blog", "0001_initial")` as a migration.
fn pair(expr: &Expr) -> Option<MigrationName> {
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
fn references(
    old: &StmtClassDef,
    new: &StmtClassDef,
    attribute: &str,
    verbs: [&str; 2],
    found: &mut Vec<Edit>,
) {
    let [adds, drops] = verbs;
    let (before, after) = (elements(old, attribute), elements(new, attribute));
    let texts = |list: &[&Expr]| list.iter().map(|e| reference(e)).collect::<BTreeSet<_>>();
    let (known, kept) = (texts(&before), texts(&after));
    for element in after.iter().filter(|e| !known.contains(&reference(e))) {
        let mut edit =
            Edit::new(Weight::Real, At::Head(element.range()), format!("{adds} {}", spoken(element)));
        edit.dependency = pair(element).map(|name| (Direction::Added, name));
        found.push(edit);
    }
    for element in before.iter().filter(|e| !kept.contains(&reference(e))) {
        let mut edit =
            Edit::new(Weight::Real, At::Base(element.range()), format!("{drops} {}", spoken(element)));
        edit.dependency = pair(element).map(|name| (Direction::Removed, name));
        found.push(edit);
    }
    respelled(&before, &after, found);
}

/// Python 2's `b"blog"` that becomes `"blog"`.
fn respelled(before: &[&Expr], after: &[&Expr], found: &mut Vec<Edit>) {
    let known: BTreeMap<String, String> = before.iter().map(|e| (reference(e), normalised_expr(e))).collect();
    let other = |e: &&&Expr| known.get(&reference(e)).is_some_and(|text| *text != normalised_expr(e));
    found.extend(after.iter().filter(other).map(|element| {
        let what = format!("spells {} another way", spoken(element));
        Edit::new(Weight::Compatible, At::Head(element.range()), what)
    }));
}

/// Taking `replaces` away is how a squash is finished: MIG010 judges it. What it newly replaces is an edit.
fn replaces(old: &StmtClassDef, new: &StmtClassDef, found: &mut Vec<Edit>) {
    let (before, after) = (elements(old, "replaces"), elements(new, "replaces"));
    let known: BTreeSet<String> = before.iter().map(|e| reference(e)).collect();
    for element in after.iter().filter(|e| !known.contains(&reference(e))) {
        let what = format!("makes it replace {}", spoken(element));
        found.push(Edit::new(Weight::Real, At::Head(element.range()), what));
    }
    respelled(&before, &after, found);
}

/// Django takes a migration without dependencies in its own app for initial, whether it says so or not.
fn initial(name: &MigrationName, old: &StmtClassDef, new: &StmtClassDef, found: &mut Vec<Edit>) {
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
        found.push(Edit::new(Weight::StateOnly, At::Head(place(new, "initial")), what));
    }
}

fn value(old: &StmtClassDef, new: &StmtClassDef, attribute: &str, found: &mut Vec<Edit>) {
    let text =
        |class| elements(class, attribute).first().map_or_else(|| "True".to_owned(), |e| normalised_expr(e));
    let (before, after) = (text(old), text(new));
    if before != after {
        let what = format!("sets {} to {}", code(attribute), code(&after));
        found.push(Edit::new(Weight::Real, At::Head(place(new, attribute)), what));
    }
}

/// Methods and attributes that Django does not know, and statements such as `if vendor == "postgresql":`.
fn others(old: &StmtClassDef, new: &StmtClassDef, found: &mut Vec<Edit>) {
    let named = |class: &StmtClassDef| {
        let own = class.body.iter().filter(|s| target(s).is_none_or(|t| !ATTRIBUTES.contains(&t)));
        own.map(|s| (label(s), s.clone())).collect::<BTreeMap<_, _>>()
    };
    let (mut before, after) = (named(old), named(new));
    let text = |stmt: &Stmt| normalised_stmts(&forward(std::slice::from_ref(stmt)));
    let quiet = |stmt: &Stmt| normalised_stmts(&helpers::silent(&forward(std::slice::from_ref(stmt))));
    let alike =
        |old: &Stmt, new: &Stmt| same_spelling_stmts(std::slice::from_ref(old), std::slice::from_ref(new));
    let edit = |weight, at, name: &str| {
        let name = name.lines().next().unwrap_or(name);
        Edit::new(weight, at, format!("changes {} of its class", code(name)))
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
                found.push(edit(Weight::Harmless, At::Head(stmt.range()), name));
            }
            Some(old) if alike(&old, stmt) => {
                found.push(edit(Weight::Compatible, At::Head(stmt.range()), name))
            }
            _ => found.push(edit(Weight::Real, At::Head(stmt.range()), name)),
        }
    }
    for (name, stmt) in before.iter().filter(|(name, _)| !after.contains_key(*name)) {
        found.push(edit(Weight::Real, At::Base(stmt.range()), name));
    }
}

/// What a statement defines, else its text.
fn label(stmt: &Stmt) -> String {
    match stmt {
        Stmt::FunctionDef(function) => function.name.to_string(),
        Stmt::ClassDef(class) => class.name.to_string(),
        other => target(other).map_or_else(|| normalised_stmts(std::slice::from_ref(other)), str::to_owned),
    }
}

/// How many characters of an expression a sentence shows.
const GLANCE: usize = 48;

/// An expression in a sentence: as Django's own files write it, and not longer than a glance.
fn short(expr: &Expr) -> String {
    code(&cut(&plain(expr), 0))
}

/// Two expressions in a sentence, so that what differs can be seen.
fn contrast(before: &Expr, after: &Expr) -> (String, String) {
    let (before, after) = (plain(before), plain(after));
    let common = before.chars().zip(after.chars()).take_while(|(a, b)| a == b).count();
    let start = if common < GLANCE { 0 } else { common.saturating_sub(GLANCE / 4) };
    (code(&cut(&before, start)), code(&cut(&after, start)))
}

fn plain(expr: &Expr) -> String {
    let text = match expr {
        Expr::Tuple(list) => {
            format!("[{}]", list.elts.iter().map(element).collect::<Vec<_>>().join(", "))
        }
        other => normalised_expr(other),
    };
    let text = text.replace("django.db.migrations.", "migrations.").replace("django.db.models.", "models.");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// An element of a list; its text alone has no parentheses.
fn element(expr: &Expr) -> String {
    let text = normalised_expr(expr);
    if expr.as_tuple_expr().is_some_and(|tuple| !tuple.is_empty()) { format!("({text})") } else { text }
}

fn cut(text: &str, start: usize) -> String {
    let shown: String = text.chars().skip(start).take(GLANCE).collect();
    let (before, after) =
        (if start > 0 { "…" } else { "" }, if text.chars().count() > start + GLANCE { "…" } else { "" });
    format!("{before}{shown}{after}")
}
