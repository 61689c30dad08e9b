//! Inline comments, always in one form: the fault, what it does, what to type, and one line of small print.

use crate::model::finding::{Finding, Fingerprint};
use crate::model::id::Sha;
use crate::model::marker;
use crate::model::plan::PostingKind;

use super::escape::{code_span, fenced, link, sentence};
use super::group::Group;
use super::replacement::Replacement;
use super::wording::{Links, list, suppression};

/// Lines that are named before the rest is only counted.
const NAMED_LINES: usize = 12;

/// What an inline comment says.
#[derive(Clone, Debug)]
pub(super) struct Comment<'a> {
    /// One, but where a headline has changed since some of its findings were posted.
    pub(super) groups: Vec<Group<'a>>,
    /// The comment stands for more than the line it hangs on.
    pub(super) name_lines: bool,
    pub(super) replacement: Option<Replacement>,
    /// The comment hangs on exactly the replaced lines, and the forge makes a button of it.
    pub(super) button: bool,
}

impl Comment<'_> {
    /// The text without its marker. What does not fit into `room` bytes goes, the least needed first.
    pub(super) fn text(&self, links: &dyn Links, room: usize) -> String {
        let kept = |replacement, fix| {
            let sections = self.groups.iter().map(|g| self.section(g, links, replacement, fix));
            sections.collect::<Vec<_>>().join("\n\n")
        };
        [(true, true), (false, true), (false, false)]
            .into_iter()
            .map(|(replacement, fix)| kept(replacement, fix))
            .find(|text| text.len() <= room)
            .unwrap_or_else(|| self.groups.first().and_then(Group::first).map_or(String::new(), headline))
    }

    fn section(
        &self,
        group: &Group<'_>,
        links: &dyn Links,
        with_replacement: bool,
        with_fix: bool,
    ) -> String {
        let Some(finding) = group.first() else { return String::new() };
        let mut text = format!("{}\n{}", headline(finding), sentence(&finding.consequence));
        if self.name_lines {
            text.push_str(&on_lines(group));
        }
        if with_replacement && let Some(replacement) = &self.replacement {
            text.push_str("\n\n");
            text.push_str(&replaced(replacement, self.button));
        }
        if with_fix && let Some(fix) = &finding.fix {
            let gap = if with_replacement && self.replacement.is_some() { "\n" } else { "\n\n" };
            text.push_str(gap);
            text.push_str(&sentence(&fix.text));
        }
        text.push_str("\n\n");
        text.push_str(&small_print(group, finding, links));
        text
    }
}

/// The headline as the first, bold sentence.
pub(super) fn headline(finding: &Finding) -> String {
    format!("**{}**", closed(&finding.headline))
}

/// With its full stop inside the escaping, for what a stop makes of the last word.
fn closed(headline: &str) -> String {
    sentence(&format!("{}.", headline.trim_end_matches('.')))
}

fn on_lines(group: &Group<'_>) -> String {
    let lines = group.lines();
    let more = lines.len().saturating_sub(NAMED_LINES);
    let mut named: Vec<String> = lines.iter().take(NAMED_LINES).cloned().collect();
    if more > 0 {
        named.push(format!("{more} more"));
    }
    match lines.len() {
        0 => String::new(),
        1 => format!("\nOn line {}.", list(&named)),
        _ => format!("\nOn lines {}.", list(&named)),
    }
}

fn replaced(replacement: &Replacement, button: bool) -> String {
    match (button, replacement.text.is_empty()) {
        (true, _) => fenced("suggestion", &replacement.text),
        (false, true) => "Remove it.".to_owned(),
        (false, false) => format!("Replace with\n{}", fenced("", &replacement.text)),
    }
}

fn small_print(group: &Group<'_>, finding: &Finding, links: &dyn Links) -> String {
    let rule = link(finding.code, links.rule(finding.code).as_deref());
    let keep = suppression(finding.code, &finding.place)
        .map(|comment| format!(" · to keep it: {}", code_span(&comment)))
        .unwrap_or_default();
    format!("<sub>{} · {rule}{keep}</sub>", group.severity())
}

/// The text of a comment whose findings are all gone. Without a known headline it says so without naming it.
pub(super) fn fixed(headline: &str, head: &Sha) -> String {
    let short = head.short();
    if headline.is_empty() {
        return format!("What this comment was about is no longer there at `{short}`.");
    }
    format!("~~**{}**~~ Fixed in `{short}`.", closed(headline))
}

/// A body is its text and, on the last line, the marker. As many fingerprints as fit into a quarter of the body.
pub(super) fn body(text: &str, kind: PostingKind, fingerprints: &[Fingerprint], budget: usize) -> String {
    format!("{text}\n\n{}", marker_line(kind, fingerprints, budget))
}

/// What is left of a body for its text.
pub(super) fn room(kind: PostingKind, fingerprints: &[Fingerprint], budget: usize) -> usize {
    budget.saturating_sub(marker_line(kind, fingerprints, budget).len() + 2)
}

fn marker_line(kind: PostingKind, fingerprints: &[Fingerprint], budget: usize) -> String {
    const EACH: usize = 17;
    let most = budget / 4 / EACH;
    marker::render(kind, fingerprints.get(..most).unwrap_or(fingerprints))
}
