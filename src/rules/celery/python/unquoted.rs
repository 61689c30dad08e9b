//! Passwords that Python puts into a URL without percent-encoding them in full.

use ruff_text_size::Ranged;

use crate::model::finding::Edit;
use crate::rules::celery::url::UrlReading;
use crate::source::NotLoaded;
use crate::syntax::python::{HoleExpr, Module};

use super::judged::{Judged, Quoting};
use super::quoting::Judge;
use super::strings::UrlString;
use super::wrap::Quote;

/// Of the parts of one password, that which is encoded least.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unquoted {
    pub(crate) quoting: Quoting,
    /// What it is called, where it surely is one thing with a name.
    pub(crate) name: Option<String>,
    /// The variable that holds it, where it is a plain one.
    pub(crate) variable: Option<String>,
    /// The edits that encode the password; none where that takes a person.
    pub(crate) edits: Vec<Edit>,
}

/// `None`: the password is quoted, or Python does not fill it in.
pub(crate) fn unquoted<'a>(
    judge: &Judge<'_, 'a>,
    string: &UrlString<'a>,
    reading: &UrlReading,
) -> Result<Option<Unquoted>, NotLoaded> {
    let holes = string.holes();
    let filled: Vec<&HoleExpr<'a>> = reading.password_holes.iter().filter_map(|id| holes.get(*id)).collect();
    let judged = NotLoaded::all(filled.iter().map(|hole| Ok((**hole, judge.quoting(hole)?))))?;
    let faulty: Vec<_> = judged.into_iter().filter(|(_, judged)| judged.quoting != Quoting::Safe).collect();
    let Some((worst, Judged { quoting, .. })) = faulty.iter().max_by_key(|(_, judged)| judged.quoting) else {
        return Ok(None);
    };
    let module = judge.module;
    let variable = worst.expr.as_name_expr().map(|name| name.id.to_string());
    if !is_filled_only(module, &filled, reading) {
        return Ok(Some(Unquoted { quoting: *quoting, name: None, variable, edits: Vec::new() }));
    }
    let qualified = module.qualified(worst.expr).unwrap_or_default();
    let is_short = worst.expr.range().len().to_u32() <= 80;
    let name = Some(qualified.last()).filter(|name| !name.is_empty() && is_short).map(str::to_owned);
    let edits = Quote::of(module).and_then(|quote| quote.edits(module, &faulty));
    Ok(Some(Unquoted { quoting: *quoting, name, variable, edits: edits.unwrap_or_default() }))
}

/// Beside other characters the braces of an f-string may be characters of a password that nobody escaped.
fn is_filled_only(module: &Module, filled: &[&HoleExpr<'_>], reading: &UrlReading) -> bool {
    let whole: String = filled.iter().map(|hole| format!("{{{}}}", module.source(hole.expr))).collect();
    reading.password.as_ref().is_some_and(|password| *password == whole)
}
