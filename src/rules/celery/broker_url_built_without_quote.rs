use crate::model::catalogue;
use crate::model::finding::{Confidence, Finding, Fix, FixSafety, NodeText, Place, Severity, code};
use crate::rules::{Against, Context, Found, Judging, Look, Rule, ScopedFile};
use crate::source::{NotLoaded, anchor};

use super::broker_url::{BrokerUrl, Purpose};
use super::python::judged::Quoting;
use super::python::unquoted::Unquoted;
use super::sources::{self, reading};
use super::wording::{capped, telling, whose};

pub(super) static RULE: Rule = Rule {
    entry: &catalogue::CEL003,
    page: include_str!("broker_url_built_without_quote.md"),
    against: Against::ChangedLines,
    looks: &[Look::File(reading, check)],
};

const WRAP: &str = "Wrap the password: `urllib.parse.quote(…, safe=\"\")`.";

fn check(context: &Context<'_>, file: ScopedFile<'_>) -> Found {
    let urls = sources::of(context, file, &[Purpose::Code, Purpose::Test])?;
    let unquoted = urls.iter().filter_map(|url| Some((url, url.unquoted.as_ref()?)));
    // What is quoted twice is CEL006's.
    let unquoted = unquoted.filter(|(_, unquoted)| unquoted.quoting != Quoting::Twice);
    NotLoaded::all(unquoted.map(|(url, unquoted)| {
        let found = finding(url, unquoted);
        Ok(match removed_assignment(context, url, unquoted)? {
            // An edit of head's lines has no place at a line of the merge base.
            Some(place) => Finding { place, ..found }.with_fix(Fix::text(WRAP)),
            None => found,
        })
    }))
}

/// The removed line that gave the same variable its value: `P = quote(P, safe="")` above the URL.
fn removed_assignment(
    context: &Context<'_>,
    url: &BrokerUrl,
    unquoted: &Unquoted,
) -> Result<Option<Place>, NotLoaded> {
    let changed = context.change.file_at_head(&url.path);
    let Some((path, hunks)) = changed.and_then(|file| file.base_path().zip(file.hunks.as_deref())) else {
        return Ok(None);
    };
    let mut removed = hunks.iter().flat_map(|hunk| &hunk.removed).copied().peekable();
    let is_near = context.judging == Judging::Baseline || anchor::touches(hunks, url.span);
    let Some(variable) = unquoted.variable.as_ref().filter(|_| !is_near && removed.peek().is_some()) else {
        return Ok(None);
    };
    let Some(text) = context.merge_base.text(path)? else { return Ok(None) };
    let assigns = |line: &u32| {
        let rest = text.line(*line).trim_start().strip_prefix(variable.as_str());
        rest.is_some_and(|rest| rest.trim_start().starts_with('=') && !rest.trim_start().starts_with("=="))
    };
    let line = removed.find(assigns);
    Ok(line.map(|line| Place::Base { path: path.to_owned(), span: text.line_span(line) }))
}

fn finding(url: &BrokerUrl, unquoted: &Unquoted) -> Finding {
    let password = unquoted.name.as_deref().and_then(telling).map_or_else(|| "The password".to_owned(), code);
    let whose = whose(url);
    let (headline, consequence, severity) = match unquoted.quoting {
        Quoting::KeepsSlash => (
            format!("The password in {whose} goes through `quote()`, which keeps `/`"),
            "A password with `/` stops the worker with `ValueError: Port could not be cast to integer value`, or sends it to another host.",
            Severity::Warning,
        ),
        Quoting::Plus => (
            format!("The password in {whose} goes through `quote_plus()`, which turns a space into `+`"),
            "kombu does not turn `+` back into a space, so a password with a space is refused with `ACCESS_REFUSED`.",
            Severity::Warning,
        ),
        _ => (
            format!("{password} goes into {whose} unquoted"),
            "A password with `#`, `/` or `?` ends the URL there: the worker stops with `ValueError`, or connects to another host without a word.",
            if unquoted.quoting == Quoting::Parameter { Severity::Warning } else { Severity::Error },
        ),
    };
    let is_parameter = unquoted.quoting == Quoting::Parameter;
    let fix = match unquoted.edits.clone() {
        edits if edits.is_empty() => Fix::text(WRAP),
        edits => Fix { safety: FixSafety::Safe, text: WRAP.to_owned(), edits },
    };
    RULE.finding(url.place(), url.subject(), NodeText::Secret(url.value.clone()), headline, consequence)
        .with_severity(capped(url.purpose, severity))
        .with_confidence(if is_parameter { Confidence::Likely } else { Confidence::Certain })
        .with_fix(fix)
}
