//! What `red-panda check` prints: each finding as a compiler would, and the verdict on the last line.

use std::fmt;
use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Padding, Renderer, Snippet};

use crate::model::finding::{Finding, NodeText, Place, Severity, Span};
use crate::model::judgement::{Judgement, NotLookedAt, Verdict};
use crate::model::plan::Side;
use crate::source::Text;

use super::by_rule;
use super::escape::{clean, clean_char};
use super::replacement;
use super::secret_lines::SecretLines;
use super::status;
use super::wording::{count, plain, plain_clause, tally};
use super::wrap::{COLUMNS, width, wrap};

/// Longer findings show their first line only.
const MOST_LINES: u32 = 6;
/// Columns before the source: the line's number and a bar.
const GUTTER: usize = 7;
/// A longer line is not for reading.
const LONGEST_LINE: usize = 2_000;

/// How it is printed.
#[derive(Clone, Copy)]
pub struct Terminal<'a> {
    pub colour: bool,
    /// The text of a file at head or at the merge base, if it is known.
    pub source: &'a dyn Fn(Side, &str) -> Option<Text>,
    /// How long it took; `None` leaves it out.
    pub elapsed_ms: Option<u64>,
}

impl fmt::Debug for Terminal<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Terminal").field("colour", &self.colour).finish_non_exhaustive()
    }
}

impl Terminal<'_> {
    /// The whole text, with its last line end.
    pub fn render(&self, judgement: &Judgement) -> String {
        let verdict = self.verdict(judgement, ("changed file", "changed files"));
        format!("{}{verdict}\n", self.findings(judgement))
    }

    /// The same of all that stands there: rule by rule too, for nobody reads the list to its end.
    pub fn render_whole(&self, judgement: &Judgement) -> String {
        let verdict = self.verdict(judgement, ("file", "files"));
        format!("{}{}{verdict}\n", self.findings(judgement), self.by_rule(judgement))
    }

    fn by_rule(&self, judgement: &Judgement) -> String {
        let rows = by_rule::rows(judgement);
        let longest = |width: fn(&by_rule::Row) -> usize| rows.iter().map(width).max().unwrap_or(0);
        let (names, numbers) = (longest(|row| row.name.len()), longest(|row| digits(row.number)));
        let mut text = String::new();
        for row in &rows {
            let severity = self.paint(colour_of(row.severity), &format!("{:<7}", row.severity.to_string()));
            let line = format!(
                "{severity} {:<6}  {:<names$}  {:>numbers$}  {}",
                row.code,
                row.name,
                row.number,
                row.worst.as_deref().unwrap_or_default()
            );
            text.push_str(line.trim_end());
            text.push('\n');
        }
        if !text.is_empty() {
            text.push('\n');
        }
        text
    }

    fn findings(&self, judgement: &Judgement) -> String {
        let secret_lines = SecretLines::of(judgement);
        let mut text = String::new();
        for reported in &judgement.findings {
            text.push_str(&self.finding(&reported.finding, &secret_lines));
            text.push('\n');
        }
        for what in &judgement.not_looked_at {
            text.push_str(&format!("{}: {}\n", self.paint(BOLD, "not looked at"), not_looked_at(what)));
        }
        for note in &judgement.notes {
            text.push_str(&format!("{}: {}\n", self.paint(BOLD, "note"), plain(note)));
        }
        if !judgement.not_looked_at.is_empty() || !judgement.notes.is_empty() {
            text.push('\n');
        }
        text
    }

    fn finding(&self, finding: &Finding, secret_lines: &SecretLines<'_>) -> String {
        let consequence = plain_clause(&finding.consequence);
        let title = level(finding.severity).primary_title(plain_clause(&finding.headline)).id(finding.code);
        let renderer = if self.colour { Renderer::styled() } else { Renderer::plain() };
        let hidden = matches!(finding.node, NodeText::Secret(_));
        let excerpt = if hidden { None } else { self.excerpt(&finding.place, secret_lines) };
        let beside = excerpt.as_ref().is_some_and(|e| e.has_room_for(&consequence));
        let mut text = match excerpt {
            Some(excerpt) => {
                let label = if beside { consequence.as_str() } else { "" };
                tidy(&renderer.render(&[title.element(excerpt.snippet(label)).element(Padding)]))
            }
            None => {
                let title = tidy(&renderer.render(&[Group::with_title(title)]));
                format!("{title}{}", self.location(&finding.place))
            }
        };
        if !beside {
            text.push_str(&wrap(&consequence, &self.paint(BLUE, "   = "), "     ", COLUMNS));
        }
        if let Some(fix) = &finding.fix {
            text.push_str(&wrap(&plain_clause(&fix.text), &self.paint(CYAN, " fix: "), "      ", COLUMNS));
            text.push_str(&self.replacement(finding, secret_lines).unwrap_or_default());
        }
        text.push_str(&format!("{} red-panda rules explain {}\n", self.paint(CYAN, " why:"), finding.code));
        text
    }

    /// The place where its line is not shown.
    fn location(&self, place: &Place) -> String {
        let Some(path) = place.path() else { return String::new() };
        let position =
            place.span().map(|s| format!(":{}:{}", s.start.line, s.start.column)).unwrap_or_default();
        format!("{} {}{position}\n", self.paint(BLUE, "  -->"), clean(path))
    }

    /// The lines of a fix as they would stand there, when they are few.
    fn replacement(&self, finding: &Finding, secret_lines: &SecretLines<'_>) -> Option<String> {
        let text = (self.source)(Side::Head, finding.place.path()?)?;
        let line = |_: &str, number: u32| (number <= text.line_count()).then(|| text.line(number).to_owned());
        let replacement = replacement::of(finding, secret_lines, &line)?;
        let lines: Vec<&str> = replacement.text.lines().collect();
        if lines.len() > MOST_LINES as usize {
            return None;
        }
        let present: Vec<String> = replacement.lines.clone().filter_map(|number| line("", number)).collect();
        let kept = lines.iter().rev().zip(present.iter().rev()).take_while(|(new, old)| *new == old).count();
        let digits = (replacement.lines.start as usize + lines.len() - 1).to_string().len();
        let numbered =
            lines.iter().zip(replacement.lines.start..).enumerate().map(|(index, (line, number))| {
                let shown: String = line.chars().map(visible).collect();
                let sign = if index < lines.len() - kept { '+' } else { ' ' };
                format!("{} {shown}\n", self.paint(GREEN, &format!("{number:digits$} {sign}")))
            });
        Some(numbered.collect())
    }

    fn excerpt(&self, place: &Place, secret_lines: &SecretLines<'_>) -> Option<Excerpt> {
        let (side, path, span) = match place {
            Place::Head { path, span } => (Side::Head, path, *span),
            Place::Base { path, span } => (Side::Base, path, *span),
            Place::Path(_) | Place::Repository => return None,
        };
        let hidden = secret_lines.hides(path, &span.lines());
        if hidden { None } else { Excerpt::of(&(self.source)(side, path)?, path, span) }
    }

    /// `(one, many)`: what the files are called.
    fn verdict(&self, judgement: &Judgement, (one, many): (&str, &str)) -> String {
        let rules = count(judgement.rules, "rule", "rules");
        let time = self.elapsed_ms.map(|ms| format!(", {ms} ms")).unwrap_or_default();
        let kept = match judgement.suppressed.len() {
            0 => String::new(),
            number => format!(", {number} kept with a reason"),
        };
        let colour = match judgement.verdict() {
            Verdict::Approved => GREEN,
            Verdict::ChangesRequested | Verdict::Incomplete => RED,
        };
        let words = match (judgement.findings.is_empty(), judgement.verdict()) {
            (false, Verdict::Approved | Verdict::ChangesRequested) => {
                let unseen = judgement.not_looked_at.len();
                let unseen = if unseen > 0 { format!(", {unseen} not looked at") } else { String::new() };
                let files = count(judgement.files, one, many);
                format!("{} in {files}{unseen}", tally(judgement, true))
            }
            _ => status::counts(judgement),
        };
        format!("{} ({rules}{time}{kept})", self.paint(colour, &words))
    }

    fn paint(&self, colour: &str, text: &str) -> String {
        if self.colour { format!("{colour}{text}{RESET}") } else { text.to_owned() }
    }
}

fn colour_of(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => RED,
        Severity::Warning => YELLOW,
        Severity::Advice => BLUE,
    }
}

fn digits(number: usize) -> usize {
    number.to_string().len()
}

const BOLD: &str = "\u{1b}[1m";
const RED: &str = "\u{1b}[1;31m";
const YELLOW: &str = "\u{1b}[1;33m";
const GREEN: &str = "\u{1b}[1;32m";
const BLUE: &str = "\u{1b}[1;94m";
const CYAN: &str = "\u{1b}[1;36m";
const RESET: &str = "\u{1b}[0m";

/// The lines of a span, without anything that a terminal would obey, and the span inside them in bytes.
struct Excerpt {
    path: String,
    first_line: u32,
    source: String,
    marked: Range<usize>,
}

impl Excerpt {
    fn of(text: &Text, path: &str, span: Span) -> Option<Self> {
        let lines = span.lines();
        let shown = if lines.end - lines.start > MOST_LINES { lines.start..lines.start + 1 } else { lines };
        if shown.start == 0 || shown.end - 1 > text.line_count() {
            return None;
        }
        let cleaned: Vec<String> =
            shown.clone().map(|n| text.line(n).chars().map(visible).collect()).collect();
        if cleaned.iter().any(|line: &String| line.chars().count() > LONGEST_LINE) {
            return None;
        }
        let whole_end = cleaned.iter().map(String::len).sum::<usize>() + cleaned.len() - 1;
        let start = byte_of(cleaned.first()?, span.start.column);
        let end = match shown.end - 1 == span.end.line {
            true => whole_end - cleaned.last()?.len() + byte_of(cleaned.last()?, span.end.column),
            false => whole_end,
        };
        Some(Self {
            path: clean(path),
            first_line: shown.start,
            source: cleaned.join("\n"),
            marked: start..end.max(start),
        })
    }

    /// Does the label end within a terminal's line, behind the mark on the last line?
    fn has_room_for(&self, label: &str) -> bool {
        let before = self.source.get(..self.marked.end).unwrap_or(&self.source);
        let column = before.lines().next_back().map_or(0, width);
        GUTTER + column + 1 + width(label) <= COLUMNS
    }

    fn snippet<'a>(self, label: &'a str) -> Snippet<'a, annotate_snippets::Annotation<'a>> {
        Snippet::source(self.source)
            .line_start(self.first_line as usize)
            .path(self.path)
            .annotation(AnnotationKind::Primary.span(self.marked).label(label))
    }
}

/// Byte offset of a 1-based character column.
fn byte_of(line: &str, column: u32) -> usize {
    line.char_indices().nth(column.saturating_sub(1) as usize).map_or(line.len(), |(offset, _)| offset)
}

fn visible(c: char) -> char {
    if c == '\t' { c } else { clean_char(c) }
}

fn level(severity: Severity) -> Level<'static> {
    match severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Advice => Level::NOTE.with_name("advice"),
    }
}

fn not_looked_at(what: &NotLookedAt) -> String {
    if what.path.is_empty() {
        plain(&what.reason)
    } else {
        format!("{}: {}", clean(&what.path), plain(&what.reason))
    }
}

/// Without blanks at the ends of lines, with one line end behind the last.
fn tidy(text: &str) -> String {
    text.lines().map(|line| format!("{}\n", line.trim_end())).collect()
}
