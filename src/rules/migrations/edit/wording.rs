//! Differences in words: expressions as Django's own files write them, and not longer than a glance.

use ruff_python_ast::Expr;

use crate::model::finding::code;
use crate::syntax::python::normalised_expr;

/// "changes `max_length` from `5` to `50` in operation 2 (…)".
pub(super) fn sentence(thing: &str, before: Option<&Expr>, after: Option<&Expr>, place: &str) -> String {
    match (before, after) {
        (Some(before), Some(after)) => {
            let (before, after) = contrast(before, after);
            format!("changes {thing} from {before} to {after} in {place}")
        }
        (None, Some(after)) => format!("sets {thing} to {} in {place}", short(after)),
        (Some(_), None) => format!("drops {thing} from {place}"),
        (None, None) => format!("changes {place}"),
    }
}

/// How many characters of an expression a sentence shows.
const GLANCE: usize = 48;

/// An expression in a sentence: as Django's own files write it, and not longer than a glance.
pub(super) fn short(expr: &Expr) -> String {
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
