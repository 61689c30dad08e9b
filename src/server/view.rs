//! What the templates share: how words, times and links become parts of a page.

use std::fmt::Write as _;
use std::sync::LazyLock;

use askama::Template;
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use chrono::DateTime;
use sha2::{Digest, Sha256};

use crate::model::finding::Severity;
use crate::store::runs::RunOutcome;

pub(super) const STYLESHEET: &str = include_str!("../../static/panda.css");

/// The stylesheet's address changes with its text, so that it may be cached for good.
static STYLESHEET_URL: LazyLock<String> = LazyLock::new(|| {
    let digest = hex::encode(Sha256::digest(STYLESHEET));
    format!("/static/panda.css?v={}", digest.get(..12).unwrap_or_default())
});

pub(super) fn stylesheet_url() -> &'static str {
    &STYLESHEET_URL
}

/// A run of words, as code or not. Templates escape both.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) code: bool,
    pub(super) text: String,
}

/// Our sentences carry names in backticks; an odd one at the end is only a backtick.
pub(super) fn pieces(sentence: &str) -> Vec<Piece> {
    let parts: Vec<&str> = sentence.split('`').collect();
    let closed = if parts.len() % 2 == 1 { parts.len() } else { parts.len() - 1 };
    let piece = |(i, text): (usize, &&str)| Piece { code: i % 2 == 1, text: (*text).to_owned() };
    let mut pieces: Vec<_> = parts.iter().take(closed).enumerate().map(piece).collect();
    if let Some(rest) = parts.get(closed) {
        pieces.push(Piece { code: false, text: format!("`{rest}") });
    }
    pieces.retain(|p| !p.text.is_empty());
    pieces
}

/// Only addresses of the web become links: a stored one may come from a forge we do not trust.
pub(super) fn link(url: Option<&str>) -> Option<String> {
    url.filter(|u| u.starts_with("https://") || u.starts_with("http://")).map(str::to_owned)
}

/// `22 November 2026, 16:43 UTC`
pub(super) fn when(ms: i64) -> String {
    DateTime::from_timestamp_millis(ms)
        .map(|t| t.format("%-d %B %Y, %H:%M UTC").to_string())
        .unwrap_or_default()
}

/// `22 November 2026`
pub(super) fn day(ms: i64) -> String {
    DateTime::from_timestamp_millis(ms).map(|t| t.format("%-d %B %Y").to_string()).unwrap_or_default()
}

/// `340 ms`, `1.2 s`, `2 min 5 s`
pub(super) fn took(ms: u64) -> String {
    match ms {
        0..1_000 => format!("{ms} ms"),
        1_000..60_000 => format!("{}.{} s", ms / 1_000, ms % 1_000 / 100),
        _ => format!("{} min {} s", ms / 60_000, ms % 60_000 / 1_000),
    }
}

/// `1 file`, `4 files`
pub(super) fn many(count: u64, word: &str) -> String {
    format!("{count} {word}{}", if count == 1 { "" } else { "s" })
}

/// `2 errors, 1 warning`; empty when there is nothing to count.
pub(super) fn counted(errors: u64, warnings: u64, advice: u64) -> String {
    let mut text = String::new();
    for (count, words) in [(errors, many(errors, "error")), (warnings, many(warnings, "warning"))] {
        if count > 0 {
            let _ = write!(text, "{}{words}", if text.is_empty() { "" } else { ", " });
        }
    }
    if advice > 0 {
        let _ = write!(text, "{}{advice} advice", if text.is_empty() { "" } else { ", " });
    }
    text
}

/// The word a page's colours hang on.
pub(super) fn severity_word(severity: Severity) -> &'static str {
    match severity {
        Severity::Advice => "advice",
        Severity::Warning => "warning",
        Severity::Error => "error",
    }
}

/// An outcome in words for people.
pub(super) fn outcome_words(outcome: Option<RunOutcome>) -> &'static str {
    use crate::model::judgement::Verdict;
    match outcome {
        None => "Looking at it now",
        Some(RunOutcome::Verdict(Verdict::Approved)) => "Nothing to change",
        Some(RunOutcome::Verdict(Verdict::ChangesRequested)) => "Something to change before merging",
        Some(RunOutcome::Verdict(Verdict::Incomplete)) => "Not everything could be looked at",
        Some(RunOutcome::Broken) => "Could not finish",
        Some(RunOutcome::Superseded) => "A newer state took over",
    }
}

/// Of what colour an outcome is: `good`, `bad`, `open`.
pub(super) fn outcome_tone(outcome: Option<RunOutcome>) -> &'static str {
    use crate::model::judgement::Verdict;
    match outcome {
        Some(RunOutcome::Verdict(Verdict::Approved)) => "good",
        Some(RunOutcome::Verdict(_) | RunOutcome::Broken) => "bad",
        None | Some(RunOutcome::Superseded) => "open",
    }
}

/// A template as an answer.
pub(super) fn page(status: StatusCode, template: &impl Template) -> Response {
    match template.render() {
        Ok(html) => (status, Html(html)).into_response(),
        Err(error) => {
            tracing::error!(%error, "a page could not be rendered");
            let plain = [(header::CONTENT_TYPE, "text/plain; charset=utf-8")];
            (
                StatusCode::INTERNAL_SERVER_ERROR,
                plain,
                "This page could not be made; the log has the reason.\n",
            )
                .into_response()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{counted, link, many, pieces, took, when};

    fn shown(sentence: &str) -> String {
        pieces(sentence)
            .iter()
            .map(|p| if p.code { format!("[{}]", p.text) } else { p.text.clone() })
            .collect()
    }

    #[test]
    fn names_in_backticks_become_code() {
        assert_eq!(
            shown("`RunPython(fill)` in `trees.0003` cannot"),
            "[RunPython(fill)] in [trees.0003] cannot"
        );
        assert_eq!(shown("an odd ` stays"), "an odd ` stays");
        assert_eq!(shown(""), "");
    }

    #[test]
    fn only_web_addresses_are_linked() {
        assert_eq!(link(Some("javascript:alert(1)")), None);
        assert_eq!(link(Some("https://git.example.org/a")).as_deref(), Some("https://git.example.org/a"));
    }

    #[test]
    fn numbers_read_as_people_say_them() {
        assert_eq!(
            (took(340), took(1_234), took(125_000)),
            ("340 ms".into(), "1.2 s".into(), "2 min 5 s".into())
        );
        assert_eq!((many(1, "file"), many(4, "file")), ("1 file".into(), "4 files".into()));
        assert_eq!(
            (counted(2, 1, 0), counted(0, 0, 3), counted(0, 0, 0)),
            ("2 errors, 1 warning".into(), "3 advice".into(), String::new())
        );
        assert_eq!(when(1_763_829_780_000), "22 November 2025, 16:43 UTC");
    }
}
