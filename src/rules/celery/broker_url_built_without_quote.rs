use ruff_text_size::Ranged;

use crate::model::catalogue;
use crate::model::finding::{Confidence, Finding, Fix, FixSafety, NodeText, Place, Severity, Span, code};
use crate::rules::{Against, Context, Judging, Look, Rule};
use crate::source::{NotLoaded, anchor};
use crate::syntax::python::{Module, normalised_expr};

use super::keys;
use super::python::built::HoleExpr;
use super::python::places::{self, Place as Built};
use super::python::quoting::{Judge, Quoting};
use super::python::wrap::Quote;
use super::sources::{hunks, is_python, purpose};
use super::url::{Role, read_units};
use super::words::capped;

pub(super) static RULE: Rule = Rule {
    entry: &catalogue::CEL003,
    page: include_str!("broker_url_built_without_quote.md"),
    against: Against::ChangedLines,
    looks: &[Look::Change(check)],
    wants: None,
};

const WRAP: &str = "Wrap the password: `urllib.parse.quote(…, safe=\"\")`.";

fn check(context: &Context<'_>) -> Result<Vec<Finding>, NotLoaded> {
    let files: Vec<&str> = context.files().map(|file| file.path).filter(|path| is_python(path)).collect();
    let found = NotLoaded::all(files.into_iter().map(|path| in_file(context, path)))?;
    Ok(found.into_iter().flatten().collect())
}

fn in_file(context: &Context<'_>, path: &str) -> Result<Vec<Finding>, NotLoaded> {
    let holds = context.here.text(path)?.is_some_and(|text| keys::may_hold_broker(text.as_str()));
    let Some(module) = context.here.module(path)?.filter(|_| holds) else { return Ok(Vec::new()) };
    let judge = Judge { project: context.here, path, module: &module, across_files: true };
    let hunks = hunks(context, path);
    let found = places::find(&module).into_iter().map(|place| {
        let faulty = faulty_holes(&judge, &place, &module)?;
        let span = place.span(&module, hunks);
        let Some(worst) = worst(&faulty) else { return Ok(None) };
        let found = finding(path, span, &module, &place, &faulty, worst);
        let is_near = context.judging == Judging::Baseline || anchor::touches(hunks, span);
        match if is_near { None } else { removed_cause(context, path, &place)? } {
            // An edit of head's lines has no place at a line of the merge base.
            Some(cause) => Ok(Some(Finding { place: cause, ..found }.with_fix(Fix::text(WRAP)))),
            None => Ok(Some(found)),
        }
    });
    Ok(NotLoaded::all(found)?.into_iter().flatten().collect())
}

/// The removed line that gave the same URL its value: `P = quote(P, safe="")` above it.
fn removed_cause(context: &Context<'_>, path: &str, place: &Built<'_>) -> Result<Option<Place>, NotLoaded> {
    let changed = context.change.file_at_head(path);
    let Some((base_path, hunks)) = changed.and_then(|file| file.base_path().zip(file.hunks.as_deref()))
    else {
        return Ok(None);
    };
    if hunks.iter().all(|hunk| hunk.removed.is_empty()) {
        return Ok(None);
    }
    let Some(module) = context.merge_base.module(base_path)? else { return Ok(None) };
    let written = normalised_expr(place.expr);
    let same = |old: &Built<'_>| old.keys == place.keys && normalised_expr(old.expr) == written;
    let removed =
        |span: &Span| hunks.iter().flat_map(|hunk| &hunk.removed).any(|line| span.lines().contains(line));
    let behind = places::find(&module)
        .into_iter()
        .filter(same)
        .flat_map(|old| module.index().behind(old.expr))
        .map(|range| module.span(&range))
        .find(removed);
    Ok(behind.map(|span| Place::Base { path: base_path.to_owned(), span }))
}

/// Holes in the password whose values are not encoded in full.
fn faulty_holes<'a>(
    judge: &Judge<'_, 'a>,
    place: &Built<'a>,
    module: &Module,
) -> Result<Vec<(HoleExpr<'a>, Quoting<'a>)>, NotLoaded> {
    let reading = read_units(&place.units(module), Role::Unknown);
    let holes = place.holes();
    let in_password = reading.password_holes.iter().filter_map(|id| holes.get(*id));
    let judged = NotLoaded::all(in_password.map(|hole| Ok((*hole, judge.quoting(hole.expr)?))))?;
    Ok(judged.into_iter().filter(|(_, quoting)| *quoting != Quoting::Safe).collect())
}

/// What the headline is about: a value that is not encoded at all comes first.
fn worst<'h, 'a>(faulty: &'h [(HoleExpr<'a>, Quoting<'a>)]) -> Option<&'h (HoleExpr<'a>, Quoting<'a>)> {
    faulty.iter().max_by_key(|(_, quoting)| quoting.rank())
}

fn finding(
    path: &str,
    span: Span,
    module: &Module,
    place: &Built<'_>,
    faulty: &[(HoleExpr<'_>, Quoting<'_>)],
    (hole, quoting): &(HoleExpr<'_>, Quoting<'_>),
) -> Finding {
    let filled_only = is_filled_only(module, place);
    let name = module.qualified(hole.expr).unwrap_or_default();
    let what = Some(name.last())
        .filter(|name| !name.is_empty() && hole.expr.range().len().to_u32() <= 80 && filled_only);
    let password = what.map_or_else(|| "The password".to_owned(), code);
    let url = match place.keys.last() {
        Some(key) => format!("the URL of {}", code(key)),
        None => "a broker URL".to_owned(),
    };
    let (headline, consequence, severity) = match quoting {
        Quoting::KeepsSlash(_) => (
            format!("The password in {url} goes through `quote()`, which keeps `/`"),
            "A password with `/` stops the worker with `ValueError: Port could not be cast to integer value`, or sends it to another host.",
            Severity::Warning,
        ),
        Quoting::Plus(_) => (
            format!("The password in {url} goes through `quote_plus()`, which turns a space into `+`"),
            "kombu does not turn `+` back into a space, so a password with a space is refused with `ACCESS_REFUSED`.",
            Severity::Warning,
        ),
        _ => (
            format!("{password} goes into {url} unquoted"),
            "A password with `#`, `/` or `?` ends the URL there: the worker stops with `ValueError`, or connects to another host without a word.",
            if *quoting == Quoting::Parameter { Severity::Warning } else { Severity::Error },
        ),
    };
    let confidence = if *quoting == Quoting::Parameter { Confidence::Likely } else { Confidence::Certain };
    let place_of = Place::Head { path: path.to_owned(), span };
    let subject = if place.keys.is_empty() { "url".to_owned() } else { place.keys.join(".") };
    RULE.finding(place_of, subject, NodeText::Secret(normalised_expr(place.expr)), headline, consequence)
        .with_severity(capped(purpose(path), severity))
        .with_confidence(confidence)
        .with_fix(if filled_only { fix(module, faulty) } else { Fix::text(WRAP) })
}

/// Beside other characters the braces of an f-string may be characters of a password that nobody escaped.
fn is_filled_only(module: &Module, place: &Built<'_>) -> bool {
    let reading = read_units(&place.units(module), Role::Unknown);
    let holes = place.holes();
    let filled = reading.password_holes.iter().filter_map(|id| holes.get(*id));
    let whole: String = filled.map(|hole| format!("{{{}}}", module.source(hole.expr))).collect();
    reading.password.is_some_and(|password| password == whole)
}

fn fix(module: &Module, faulty: &[(HoleExpr<'_>, Quoting<'_>)]) -> Fix {
    let edits = Quote::of(module).and_then(|quote| quote.edits(module, faulty));
    match edits {
        Some(edits) if !edits.is_empty() => Fix { safety: FixSafety::Safe, text: WRAP.to_owned(), edits },
        _ => Fix::text(WRAP),
    }
}
