//! `--format github`: workflow commands that GitHub Actions shows beside the lines.

use crate::model::finding::{Finding, Place, Severity};
use crate::model::judgement::{Judgement, NotLookedAt};

use super::escape::clean;
use super::status::counts;
use super::wording::plain;

/// One command a line, then the verdict as a plain line.
pub fn render(judgement: &Judgement) -> String {
    let findings = judgement.findings.iter().map(|r| command(&r.finding));
    let unseen = judgement.not_looked_at.iter().map(not_looked_at);
    let notes = judgement.notes.iter().map(|note| format!("::notice title=Note::{}", data(&plain(note))));
    let lines: Vec<String> = findings.chain(unseen).chain(notes).chain([counts(judgement)]).collect();
    format!("{}\n", lines.join("\n"))
}

fn command(finding: &Finding) -> String {
    let level = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Advice => "notice",
    };
    let title = format!("{} {}", finding.code, plain(&finding.headline));
    let fix = finding.fix.as_ref().map(|fix| format!("\n{}", plain(&fix.text))).unwrap_or_default();
    let message = format!("{}{fix}", plain(&finding.consequence));
    format!("::{level} {}title={}::{}", place(&finding.place), property(&title), data(&message))
}

/// Lines of the merge base do not exist where the command is shown: only the file is named.
fn place(place: &Place) -> String {
    let Some(path) = place.path() else { return String::new() };
    let file = format!("file={},", property(&clean(path)));
    let Place::Head { span, .. } = place else { return file };
    let last = span.lines().end - 1;
    if last == span.start.line {
        let columns = format!("col={},endColumn={}", span.start.column, span.end.column);
        format!("{file}line={last},{columns},")
    } else {
        format!("{file}line={},endLine={last},", span.start.line)
    }
}

fn not_looked_at(what: &NotLookedAt) -> String {
    let file =
        if what.path.is_empty() { String::new() } else { format!("file={},", property(&clean(&what.path))) };
    format!("::error {file}title=Not looked at::{}", data(&plain(&what.reason)))
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
