//! `--format sarif`: SARIF 2.1.0, for code scanning and editors.

use std::collections::BTreeSet;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use crate::model::catalogue;
use crate::model::finding::{Edit, Finding, FixSafety, Place, Severity, Span};
use crate::model::judgement::{Judgement, NotLookedAt, Reported, Verdict};

use super::json::open_fix;
use super::secret_lines::SecretLines;
use super::wording::{Links, plain};

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// Unreserved characters and the slash between folders.
const PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The whole log. Suppressed findings are in it, marked as such.
pub fn render(judgement: &Judgement, links: &dyn Links) -> Value {
    let suppressed = judgement.suppressed.iter().map(|(reported, _)| reported);
    let all = judgement.findings.iter().chain(suppressed);
    let codes: BTreeSet<&str> = all.map(|r| r.finding.code).collect();
    let index = |code: &str| codes.iter().position(|c| *c == code);
    let secret_lines = SecretLines::of(judgement);
    let unseen = judgement.not_looked_at.iter().map(notification);
    let notes = judgement.notes.iter().map(|n| json!({"level": "note", "message": {"text": plain(n)}}));
    let open = judgement.findings.iter().map(|r| result(r, index(r.finding.code), None, &secret_lines));
    let kept = judgement
        .suppressed
        .iter()
        .map(|(r, reason)| result(r, index(r.finding.code), Some(reason.as_str()), &secret_lines));
    json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "Red Panda",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": codes.iter().map(|code| rule(code, links)).collect::<Vec<_>>(),
            }},
            "columnKind": "unicodeCodePoints",
            "invocations": [{
                "executionSuccessful": judgement.verdict() != Verdict::Incomplete,
                "toolExecutionNotifications": unseen.chain(notes).collect::<Vec<_>>(),
            }],
            "results": open.chain(kept).collect::<Vec<_>>(),
        }],
    })
}

fn rule(code: &str, links: &dyn Links) -> Value {
    let entry = catalogue::find(code);
    let name = entry.map_or(code, |e| e.name);
    let mut rule = json!({
        "id": code,
        "name": name,
        "shortDescription": {"text": name.replace('-', " ")},
    });
    if let Some(entry) = entry {
        rule["defaultConfiguration"] = json!({"level": level(entry.severity)});
    }
    if let Some(url) = links.rule(code) {
        rule["helpUri"] = json!(url);
    }
    rule
}

fn result(
    reported: &Reported,
    rule_index: Option<usize>,
    kept_because: Option<&str>,
    secret_lines: &SecretLines<'_>,
) -> Value {
    let finding = &reported.finding;
    let mut result = json!({
        "ruleId": finding.code,
        "level": level(finding.severity),
        "message": {"text": message(finding)},
        "partialFingerprints": {"redPanda/v1": reported.fingerprint},
    });
    if let Some(index) = rule_index {
        result["ruleIndex"] = json!(index);
    }
    if let Some(location) = location(&finding.place) {
        result["locations"] = json!([location]);
    }
    if let Some(fix) = fix(finding, secret_lines) {
        result["fixes"] = json!([fix]);
    }
    if let Some(reason) = kept_because {
        result["suppressions"] = json!([{"kind": "inSource", "justification": reason}]);
    }
    result
}

fn message(finding: &Finding) -> String {
    let headline = plain(&finding.headline);
    format!("{}. {}", headline.trim_end_matches('.'), plain(&finding.consequence))
}

/// A line of the merge base has no place in the tree that is looked at: only its file is named.
fn location(place: &Place) -> Option<Value> {
    let mut physical = json!({"artifactLocation": artifact(place.path()?)});
    if let Place::Head { span, .. } = place {
        physical["region"] = region(*span);
    }
    Some(json!({"physicalLocation": physical}))
}

fn artifact(path: &str) -> Value {
    json!({"uri": utf8_percent_encode(path, PATH).to_string(), "uriBaseId": "%SRCROOT%"})
}

fn region(span: Span) -> Value {
    json!({
        "startLine": span.start.line,
        "startColumn": span.start.column,
        "endLine": span.end.line,
        "endColumn": span.end.column,
    })
}

fn fix(finding: &Finding, secret_lines: &SecretLines<'_>) -> Option<Value> {
    let Place::Head { path, .. } = &finding.place else { return None };
    let fix =
        open_fix(finding, secret_lines).filter(|f| f.safety != FixSafety::Text && !f.edits.is_empty())?;
    let replacements: Vec<Value> = fix.edits.iter().map(replacement).collect();
    Some(json!({
        "description": {"text": plain(&fix.text)},
        "artifactChanges": [{"artifactLocation": artifact(path), "replacements": replacements}],
    }))
}

fn replacement(edit: &Edit) -> Value {
    json!({"deletedRegion": region(edit.span), "insertedContent": {"text": edit.replacement}})
}

fn notification(what: &NotLookedAt) -> Value {
    let mut notification = json!({"level": "error", "message": {"text": plain(&what.reason)}});
    if !what.path.is_empty() {
        let location = json!({"physicalLocation": {"artifactLocation": artifact(&what.path)}});
        notification["locations"] = json!([location]);
    }
    notification
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Advice => "note",
    }
}
