//! Fields of an operation, before and after.

use std::collections::BTreeSet;

use ruff_python_ast::Expr;
use ruff_text_size::Ranged;

use crate::model::finding::code;
use crate::syntax::python::{normalised_expr, string};

use super::call::Call;
use super::difference::{At, Difference, Impact};
use super::likeness::{Likeness, same_name};
use super::state::STATE_KEYWORDS;
use super::wording::{sentence, short};

/// `fields=[("id", …), ("name", …)]`, field by field.
pub(super) fn compare_lists(
    before: &Expr,
    after: &Expr,
    model: &str,
    place: &str,
    likeness: &Likeness,
    found: &mut Vec<Difference>,
) {
    let (Some(old), Some(new)) = (named(before), named(after)) else {
        let impact = likeness.of_exprs(before, after).unwrap_or(Impact::Real);
        found.push(Difference::new(
            impact,
            At::Head(after.range()),
            format!("changes the fields in {place}"),
        ));
        return;
    };
    let has = |list: &[(&str, &Expr)], name: &str| list.iter().any(|(n, _)| *n == name);
    for (name, field) in &new {
        match old.iter().find(|(n, _)| n == name) {
            Some((_, before)) => compare(before, field, &format!("{model}.{name}"), place, likeness, found),
            None => {
                let what = format!("adds field {} to {place}", code(name));
                found.push(Difference::new(Impact::Real, At::Head(field.range()), what));
            }
        }
    }
    for (name, field) in old.iter().filter(|(name, _)| !has(&new, name)) {
        let what = format!("removes field {} from {place}", code(name));
        found.push(Difference::new(Impact::Real, At::Base(field.range()), what));
    }
    let order = |list: &[(&str, &Expr)], other: &[(&str, &Expr)]| {
        list.iter().map(|(n, _)| (*n).to_owned()).filter(|n| has(other, n)).collect::<Vec<_>>()
    };
    if order(&old, &new) != order(&new, &old) {
        let what = format!("reorders the fields in {place}");
        found.push(Difference::new(Impact::Real, At::Head(after.range()), what));
    }
}

fn named(expr: &Expr) -> Option<Vec<(&str, &Expr)>> {
    let pair =
        |expr: &'_ Expr| -> Option<()> { expr.as_tuple_expr().filter(|t| t.elts.len() == 2).map(drop) };
    let list = &expr.as_tuple_expr()?.elts;
    list.iter()
        .map(|entry| {
            pair(entry)?;
            match entry.as_tuple_expr()?.elts.as_slice() {
                [name, field] => Some((string(name)?, field)),
                _ => None,
            }
        })
        .collect()
}

/// One field. `subject` is `post.lang`.
pub(super) fn compare(
    before: &Expr,
    after: &Expr,
    subject: &str,
    place: &str,
    likeness: &Likeness,
    found: &mut Vec<Difference>,
) {
    if normalised_expr(before) == normalised_expr(after) {
        return;
    }
    let whole = |impact| {
        let what = sentence(&format!("the field of {}", code(subject)), Some(before), Some(after), place);
        Difference::new(impact, At::Head(after.range()), what)
    };
    let (Expr::Call(old), Expr::Call(new)) = (before, after) else {
        found.push(whole(likeness.of_exprs(before, after).unwrap_or(Impact::Real)));
        return;
    };
    let (old_class, new_class) = (normalised_expr(&old.func), normalised_expr(&new.func));
    let dropped = likeness.is_dropped(&old_class);
    if old_class != new_class {
        let alike = dropped || same_name(&old_class, &new_class);
        let what =
            format!("changes {} from {} to {} in {place}", code(subject), short(&old.func), short(&new.func));
        let impact = if alike { Impact::Compatible } else { Impact::Real };
        found.push(Difference::new(impact, At::Head(new.func.range()), what));
        if !alike {
            return;
        }
    }
    let (old, new) = (Call::field(old), Call::field(new));
    let mut seen = BTreeSet::new();
    for name in old.names().chain(new.names()).filter(|name| seen.insert((*name).to_owned())) {
        let (before, after) = (old.get(name), new.get(name));
        if before.map(comparable) == after.map(comparable) {
            continue;
        }
        if let ("base_field", Some(before), Some(after)) = (name, before, after) {
            compare(before, after, subject, place, likeness, found);
            continue;
        }
        let alike = before.zip(after).and_then(|(before, after)| likeness.of_exprs(before, after));
        let impact = impact_of(name, before, after, alike, &new, old_class != new_class);
        let what = sentence(&format!("{} of {}", code(name), code(subject)), before, after, place);
        found.push(Difference::new(
            impact,
            after.map_or(At::Head(new.call.range()), |e| At::Head(e.range())),
            what,
        ));
    }
}

/// `to="Blog.Post"` is `to="blog.post"`: Django compares labels without regard to case.
fn comparable(expr: &Expr) -> String {
    let text = normalised_expr(expr);
    if string(expr).is_some_and(is_label) { text.to_lowercase() } else { text }
}

fn is_label(text: &str) -> bool {
    text.split_once('.').is_some_and(|(app, model)| {
        [app, model].iter().all(|p| !p.is_empty() && p.chars().all(|c| c.is_alphanumeric() || c == '_'))
    })
}

fn impact_of(
    name: &str,
    before: Option<&Expr>,
    after: Option<&Expr>,
    alike: Option<Impact>,
    field: &Call<'_>,
    replaced: bool,
) -> Impact {
    let says_db = |expr: Option<&Expr>| expr.is_some_and(|e| normalised_expr(e).contains("DB_"));
    match (name, before, after) {
        // Django 2.0 asks for it; before, CASCADE was what nothing meant.
        ("on_delete", None, Some(after)) if normalised_expr(after).ends_with("CASCADE") => Impact::Compatible,
        ("on_delete", ..) if says_db(before) || says_db(after) => Impact::Real,
        _ if let Some(impact) = alike => impact,
        (name, ..) if STATE_KEYWORDS.contains(&name) => Impact::StateOnly,
        // The blocks of a StreamField live in its JSON.
        ("argument 1" | "block_types" | "block_lookup", ..) if field.kind().ends_with("StreamField") => {
            Impact::StateOnly
        }
        // What the old class gave by itself, the new one must be told.
        (_, None, _) | (_, _, None) if replaced => Impact::Compatible,
        _ => Impact::Real,
    }
}
