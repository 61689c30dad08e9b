//! Operations that were added, removed, moved or changed.

use ruff_python_ast::Expr;
use ruff_text_size::Ranged;
use similar::{Algorithm, DiffOp, capture_diff_slices};

use crate::syntax::python::{normalised_expr, string};

use super::arguments;
use super::call::{Call, describe};
use super::difference::{At, Difference, Impact};
use super::display::{dict, flatten};
use super::likeness::Likeness;
use super::state::STATE_OPTIONS;
use super::wording::short;

/// `at`: where to point when an operation is gone.
pub(super) fn compare(
    before: &[&Expr],
    after: &[&Expr],
    at: At,
    likeness: &Likeness,
    found: &mut Vec<Difference>,
) {
    let texts = |list: &[&Expr]| list.iter().map(|e| normalised_expr(e)).collect::<Vec<_>>();
    let (old_texts, new_texts) = (texts(before), texts(after));
    if old_texts == new_texts {
        return;
    }
    let (mut gone, mut fresh) = (Vec::new(), Vec::new());
    for op in capture_diff_slices(Algorithm::Myers, &old_texts, &new_texts) {
        if !matches!(op, DiffOp::Equal { .. }) {
            gone.extend(op.old_range());
            fresh.extend(op.new_range());
        }
    }
    let mut pairs = Vec::new();
    let mut moved = Vec::new();
    gone.retain(|old| {
        let same = fresh.iter().position(|new| old_texts.get(*old) == new_texts.get(*new));
        if let Some(index) = same {
            moved.push(fresh.remove(index));
        }
        same.is_none()
    });
    let identities = |list: &[&Expr]| list.iter().map(|e| identity(e)).collect::<Vec<_>>();
    let (old, new) = (identities(before), identities(after));
    let kind = |list: &[(String, String)], index: usize| list.get(index).map(|(kind, _)| kind.clone());
    take_pairs(&mut gone, &mut fresh, &mut pairs, |o, n| old.get(o) == new.get(n));
    take_pairs(&mut gone, &mut fresh, &mut pairs, |o, n| kind(&old, o) == kind(&new, n));

    // What is no call (`*[RunSQL(t) for t in TABLES]`) is known by its place among its like.
    let is_other = |list: &[&Expr], at: usize| list.get(at).is_some_and(|expr| !expr.is_call_expr());
    take_pairs(&mut gone, &mut fresh, &mut pairs, |o, n| is_other(before, o) && is_other(after, n));

    let start = found.len();
    for new in moved {
        if let Some(expr) = after.get(new) {
            let what = format!("moves {} to place {}", describe(expr), new + 1);
            found.push(Difference::new(Impact::Real, At::Head(expr.range()), what));
        }
    }
    for (old, new) in pairs {
        if let (Some(old), Some(expr)) = (before.get(old), after.get(new)) {
            changed(old, expr, new + 1, likeness, found);
        }
    }
    for new in fresh {
        if let Some(expr) = after.get(new) {
            let what = format!("adds {} as operation {}", describe(expr), new + 1);
            found.push(Difference::new(impact(expr), At::Head(expr.range()), what));
        }
    }
    for old in gone {
        if let Some(expr) = before.get(old) {
            let what = format!("removes {} (operation {})", describe(expr), old + 1);
            let at = if after.is_empty() { at } else { At::Base(expr.range()) };
            found.push(Difference::new(impact(expr), at, what));
        }
    }
    found[start..].sort_by_key(|edit| match edit.at {
        At::Head(range) | At::Base(range) => range.start(),
    });
}

/// Moves the first matching partners out of both lists.
fn take_pairs(
    gone: &mut Vec<usize>,
    fresh: &mut Vec<usize>,
    pairs: &mut Vec<(usize, usize)>,
    alike: impl Fn(usize, usize) -> bool,
) {
    gone.retain(|old| {
        let partner = fresh.iter().position(|new| alike(*old, *new));
        if let Some(index) = partner {
            pairs.push((*old, fresh.remove(index)));
        }
        partner.is_none()
    });
}

fn changed(old: &Expr, new: &Expr, number: usize, likeness: &Likeness, found: &mut Vec<Difference>) {
    let (Some(before), Some(after)) = (Call::operation(old), Call::operation(new)) else {
        let what = format!("changes operation {number} from {} to {}", short(old), short(new));
        let impact = likeness.of_exprs(old, new).unwrap_or(Impact::Real);
        found.push(Difference::new(impact, At::Head(new.range()), what));
        return;
    };
    arguments::compare(&before, &after, number, likeness, found);
    // What `SeparateDatabaseAndState` does to the database.
    let at = At::Head(after.call.func.range());
    compare(&inner_operations(&before), &inner_operations(&after), at, likeness, found);
}

fn inner_operations<'a>(call: &Call<'a>) -> Vec<&'a Expr> {
    let mut inner = Vec::new();
    call.get("database_operations").into_iter().for_each(|list| flatten(list, &mut inner));
    inner
}

/// Kind, model and name: what makes two versions of an operation the same one.
fn identity(expr: &Expr) -> (String, String) {
    let Some(call) = Call::operation(expr) else { return (normalised_expr(expr), String::new()) };
    (call.kind().to_owned(), call.subject().to_lowercase())
}

/// Can the operation as a whole reach a database?
fn impact(expr: &Expr) -> Impact {
    let Some(call) = Call::operation(expr) else { return Impact::Real };
    let is_noop = |name: &str| {
        call.get(name).is_some_and(|e| string(e) == Some("") || normalised_expr(e).ends_with(".noop"))
    };
    let state_only = match call.kind() {
        "AlterModelManagers" => true,
        "AlterModelOptions" => call
            .get("options")
            .and_then(dict)
            .is_some_and(|options| options.keys().all(|key| STATE_OPTIONS.contains(&key.as_str()))),
        "SeparateDatabaseAndState" => call
            .get("database_operations")
            .is_none_or(|e| e.as_tuple_expr().is_some_and(|t| t.elts.is_empty())),
        "RunPython" => is_noop("code"),
        "RunSQL" => is_noop("sql"),
        _ => false,
    };
    if state_only { Impact::StateOnly } else { Impact::Real }
}
