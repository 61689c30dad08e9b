//! `--format json`: one line for each finding, then one for the whole.

use serde::Serialize;

use crate::model::catalogue;
use crate::model::finding::{Confidence, Finding, Fingerprint, Fix, NodeText, Place, Severity, Span};
use crate::model::id::Sha;
use crate::model::judgement::{Judgement, NotLookedAt, Reported, Verdict};
use crate::model::plan::Side;

use super::secret_lines::SecretLines;

#[derive(Serialize)]
struct Line<'a> {
    code: &'a str,
    name: Option<&'a str>,
    severity: Severity,
    confidence: Confidence,
    path: Option<&'a str>,
    line: Option<u32>,
    column: Option<u32>,
    end_line: Option<u32>,
    end_column: Option<u32>,
    side: Option<Side>,
    subject: &'a str,
    message: &'a str,
    consequence: &'a str,
    fix: Option<Fix>,
    fingerprint: &'a Fingerprint,
}

#[derive(Serialize)]
struct Last<'a> {
    summary: Summary<'a>,
}

#[derive(Serialize)]
struct Summary<'a> {
    verdict: Verdict,
    errors: usize,
    warnings: usize,
    advice: usize,
    suppressed: usize,
    files: usize,
    rules: usize,
    base: &'a Sha,
    head: &'a Sha,
    not_looked_at: &'a [NotLookedAt],
    notes: &'a [String],
}

/// Every line ends with a line end. The last is always there, whatever the verdict.
pub fn render(judgement: &Judgement) -> serde_json::Result<String> {
    let secret_lines = SecretLines::of(judgement);
    let mut text = String::new();
    for reported in &judgement.findings {
        text.push_str(&serde_json::to_string(&line(reported, &secret_lines))?);
        text.push('\n');
    }
    text.push_str(&serde_json::to_string(&Last { summary: summary(judgement) })?);
    text.push('\n');
    Ok(text)
}

fn line<'a>(reported: &'a Reported, secret_lines: &SecretLines<'_>) -> Line<'a> {
    let finding = &reported.finding;
    let span = finding.place.span();
    let (start, end) = (span.map(|s: Span| s.start), span.map(|s| s.end));
    Line {
        code: finding.code,
        name: catalogue::find(finding.code).map(|entry| entry.name),
        severity: finding.severity,
        confidence: finding.confidence,
        path: finding.place.path(),
        line: start.map(|p| p.line),
        column: start.map(|p| p.column),
        end_line: end.map(|p| p.line),
        end_column: end.map(|p| p.column),
        side: side(&finding.place),
        subject: &finding.subject,
        message: &finding.headline,
        consequence: &finding.consequence,
        fix: open_fix(finding, secret_lines),
        fingerprint: &reported.fingerprint,
    }
}

fn side(place: &Place) -> Option<Side> {
    match place {
        Place::Head { .. } | Place::Path(_) => Some(Side::Head),
        Place::Base { .. } => Some(Side::Base),
        Place::Repository => None,
    }
}

/// The replacement for a line that holds a secret would hold it too: words only.
pub(super) fn open_fix(finding: &Finding, secret_lines: &SecretLines<'_>) -> Option<Fix> {
    let fix = finding.fix.as_ref()?;
    let path = finding.place.path().unwrap_or_default();
    let hidden = matches!(finding.node, NodeText::Secret(_))
        || fix.edits.iter().any(|edit| secret_lines.hides(path, &edit.span.lines()));
    Some(if hidden { Fix::text(fix.text.as_str()) } else { fix.clone() })
}

fn summary(judgement: &Judgement) -> Summary<'_> {
    Summary {
        verdict: judgement.verdict(),
        errors: judgement.count(Severity::Error),
        warnings: judgement.count(Severity::Warning),
        advice: judgement.count(Severity::Advice),
        suppressed: judgement.suppressed.len(),
        files: judgement.files,
        rules: judgement.rules,
        base: &judgement.merge_base,
        head: &judgement.head,
        not_looked_at: &judgement.not_looked_at,
        notes: &judgement.notes,
    }
}
