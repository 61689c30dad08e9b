//! Summaries: the body of a review and the text of a check run. A table to be read in ten seconds; whatever stands
//! inline is not explained again.

use std::collections::HashSet;

use crate::model::finding::{Fingerprint, Place, Severity};
use crate::model::judgement::{Judgement, NotLookedAt};
use crate::model::plan::Side;

use super::escape::{cell, code_cell, code_span, link, sentence};
use super::group::{self, Crowds, Group};
use super::markdown::headline;
use super::wording::{Links, count};

/// More findings than this are explained in a fold.
const OPEN_EXPLANATIONS: usize = 3;
const NAMED_LINES: usize = 5;
/// Reasons why something was not looked at, and notes, that are listed one by one.
const LISTED: usize = 20;
const INCOMPLETE: &str = "Not everything could be looked at";
/// Kept free for the lines that count what was left out.
const RESERVE: usize = 400;

/// What a summary says.
#[derive(Debug)]
pub(super) struct Summary<'a> {
    pub(super) groups: Vec<Group<'a>>,
    /// Findings that need no explanation here: they stand inline, or a person removed their comment.
    pub(super) explained: &'a HashSet<&'a Fingerprint>,
    /// It follows an earlier one of the same pull request.
    pub(super) later: bool,
    pub(super) not_looked_at: &'a [NotLookedAt],
    pub(super) notes: &'a [String],
    /// The heading when there is nothing to say.
    pub(super) clean: &'static str,
}

impl Summary<'_> {
    /// The text without small print and marker, at most `room` bytes.
    pub(super) fn text(&self, links: &dyn Links, room: usize) -> String {
        let mut page =
            Page { text: format!("### 🐾 {}", self.heading()), room: room.saturating_sub(RESERVE) };
        let (advice, pressing): (Vec<_>, Vec<_>) =
            self.groups.iter().partition(|g| g.severity() == Severity::Advice);
        page.table(&pressing, links);
        page.not_looked_at(self.not_looked_at, pressing.is_empty());
        let to_explain: Vec<_> = pressing.into_iter().filter(|g| !self.is_explained(g)).collect();
        page.explanations(&to_explain, links);
        page.advice(&advice, links);
        page.list(self.notes.iter().map(|note| sentence(note)), "notes");
        page.text
    }

    fn is_explained(&self, group: &Group<'_>) -> bool {
        group.members.iter().all(|r| self.explained.contains(&r.fingerprint))
    }

    fn heading(&self) -> String {
        let number = |severity| {
            let all = self.groups.iter().flat_map(|g| &g.members);
            all.filter(|r| r.finding.severity == severity).count()
        };
        let (errors, warnings) = (number(Severity::Error), number(Severity::Warning));
        let things = |number| match self.later {
            false => count(number, "thing", "things"),
            true => count(number, "more thing", "more things"),
        };
        match (errors, warnings) {
            (0, 0) if !self.not_looked_at.is_empty() => INCOMPLETE.to_owned(),
            (0, 0) => self.clean.to_owned(),
            (0, w) => format!("{} to look at", things(w)),
            (e, 0) => format!("{} to change before merging", things(e)),
            (e, w) => format!("{} to change before merging, {w} to look at", things(e)),
        }
    }
}

/// Verdict and counts in words: `2 things to change before merging, 1 to look at`.
pub fn heading(judgement: &Judgement) -> String {
    let summary = Summary {
        groups: group::rows(&judgement.findings, &Crowds::of(&judgement.findings)),
        explained: &HashSet::new(),
        later: false,
        not_looked_at: &judgement.not_looked_at,
        notes: &[],
        clean: "Nothing to change",
    };
    summary.heading()
}

/// A text that grows piece by piece while there is room.
struct Page {
    text: String,
    room: usize,
}

impl Page {
    fn push(&mut self, piece: &str) -> bool {
        let fits = self.text.len() + piece.len() <= self.room;
        if fits {
            self.text.push_str(piece);
        }
        fits
    }

    /// Adds pieces while they fit; gives how many did not.
    fn push_all(&mut self, pieces: impl IntoIterator<Item = String>) -> usize {
        let mut left_out = 0;
        for piece in pieces {
            if left_out > 0 || !self.push(&piece) {
                left_out += 1;
            }
        }
        left_out
    }

    fn table(&mut self, groups: &[&Group<'_>], links: &dyn Links) {
        if groups.is_empty() || !self.push("\n| | where | what |\n|---|---|---|") {
            return;
        }
        let left_out = self.push_all(groups.iter().map(|group| row(group, links, true)));
        if left_out > 0 {
            self.text.push_str(&format!("\n| | | {left_out} more that do not fit here |"));
        }
    }

    fn not_looked_at(&mut self, what: &[NotLookedAt], in_heading: bool) {
        let title = if in_heading { "\n".to_owned() } else { format!("\n\n**{INCOMPLETE}**\n") };
        if what.is_empty() || !self.push(&title) {
            return;
        }
        self.list_lines(what.iter().map(not_looked_at), "not looked at");
    }

    fn explanations(&mut self, groups: &[&Group<'_>], links: &dyn Links) {
        if groups.is_empty() {
            return;
        }
        let folded = groups.len() > OPEN_EXPLANATIONS;
        let title = format!("How to put {} of these right", groups.len());
        if folded && !self.push(&fold(&title)) {
            return;
        }
        self.push_all(groups.iter().map(|group| explanation(group, links)));
        if folded {
            self.text.push_str(UNFOLD);
        }
    }

    fn advice(&mut self, groups: &[&Group<'_>], links: &dyn Links) {
        let number = groups.iter().map(|g| g.members.len()).sum();
        let title = count(number, "piece of advice", "pieces of advice");
        if number == 0 || !self.push(&format!("{}\n\n| where | what |\n|---|---|", fold(&title))) {
            return;
        }
        let left_out = self.push_all(groups.iter().map(|group| row(group, links, false)));
        if left_out > 0 {
            self.text.push_str(&format!("\n| | {left_out} more that do not fit here |"));
        }
        self.text.push_str(UNFOLD);
    }

    fn list(&mut self, items: impl ExactSizeIterator<Item = String>, what: &str) {
        if items.len() > 0 && self.push("\n") {
            self.list_lines(items, what);
        }
    }

    fn list_lines(&mut self, items: impl ExactSizeIterator<Item = String>, what: &str) {
        let beyond = items.len().saturating_sub(LISTED);
        let left_out = beyond + self.push_all(items.take(LISTED).map(|item| format!("\n- {item}")));
        if left_out > 0 {
            self.text.push_str(&format!("\n- {left_out} more {what}"));
        }
    }
}

const UNFOLD: &str = "\n\n</details>";

fn fold(title: &str) -> String {
    format!("\n\n<details><summary>{title}</summary>")
}

fn row(group: &Group<'_>, links: &dyn Links, with_severity: bool) -> String {
    let Some(finding) = group.first() else { return String::new() };
    let severity = if with_severity { format!("| {} ", group.severity()) } else { String::new() };
    let headline = cell(finding.headline.trim_end_matches('.'));
    if !group.is_crowd {
        return format!("\n{severity}| {} | {headline} |", place(group, &finding.place, links));
    }
    let rule = link(finding.code, links.rule(finding.code).as_deref());
    let all = links.run().map(|run| format!(", {}", link("all of them", Some(&run)))).unwrap_or_default();
    let times = count(group.members.len(), "place", "places");
    let spot = spot(&finding.place, links);
    format!("\n{severity}| {spot} | {headline}; {rule} speaks of {times}{all} |")
}

/// A place as a link.
fn spot(place: &Place, links: &dyn Links) -> String {
    let line = place.span().map(|span| span.start.line);
    let (side, path, removed) = match place {
        Place::Head { path, .. } | Place::Path(path) => (Side::Head, path, ""),
        Place::Base { path, .. } => (Side::Base, path, " (removed)"),
        Place::Repository => return "the repository".to_owned(),
    };
    let spot = line.map_or_else(|| path.clone(), |line| format!("{path}:{line}"));
    format!("{}{removed}", link(&code_cell(&spot), links.line(side, path, line).as_deref()))
}

/// The first place as a link, and the further lines of the same file.
fn place(group: &Group<'_>, first: &Place, links: &dyn Links) -> String {
    let mut text = spot(first, links);
    let line = first.span().map(|span| span.start.line);
    let others: Vec<String> = group
        .lines()
        .into_iter()
        .filter(|l| Some(l.trim_end_matches(" (removed)")) != line_text(line).as_deref())
        .collect();
    for other in others.iter().take(NAMED_LINES) {
        text.push_str(&format!(", {other}"));
    }
    if others.len() > NAMED_LINES {
        text.push_str(&format!(" and {} more", others.len() - NAMED_LINES));
    }
    text
}

fn line_text(line: Option<u32>) -> Option<String> {
    line.map(|line| line.to_string())
}

fn explanation(group: &Group<'_>, links: &dyn Links) -> String {
    let Some(finding) = group.first() else { return String::new() };
    let fix = finding.fix.as_ref().map(|fix| format!(" {}", sentence(&fix.text))).unwrap_or_default();
    let rule = link(finding.code, links.rule(finding.code).as_deref());
    format!("\n\n{}\n{}{fix} <sub>{rule}</sub>", headline(finding), sentence(&finding.consequence))
}

fn not_looked_at(what: &NotLookedAt) -> String {
    let reason = sentence(&what.reason);
    if what.path.is_empty() { reason } else { format!("{}: {reason}", code_span(&what.path)) }
}

/// What was checked, against what, and how to have it looked at again.
pub(super) fn small_print(
    judgement: &Judgement,
    base_branch: &str,
    links: &dyn Links,
    with_command: bool,
) -> String {
    let kept = match judgement.suppressed.len() {
        0 => String::new(),
        number => format!(" · {} with a reason in the file", count(number, "finding kept", "findings kept")),
    };
    let run = links.run().map(|url| format!(" · {}", link("run", Some(&url)))).unwrap_or_default();
    let again = if with_command { " · look again: `/red-panda recheck`" } else { "" };
    format!(
        "<sub>{} checked against {} at `{}`, compared with {} at `{}`{kept}{run}{again}</sub>",
        count(judgement.files, "file", "files"),
        count(judgement.rules, "rule", "rules"),
        judgement.head.short(),
        code_span(base_branch),
        judgement.merge_base.short(),
    )
}

/// The text of a check run: all findings, whether they stand inline or not.
pub(super) fn check_run(
    judgement: &Judgement,
    inline: &HashSet<&Fingerprint>,
    base_branch: &str,
    links: &dyn Links,
    budget: usize,
) -> String {
    let summary = Summary {
        groups: group::rows(&judgement.findings, &Crowds::of(&judgement.findings)),
        explained: inline,
        later: false,
        not_looked_at: &judgement.not_looked_at,
        notes: &judgement.notes,
        clean: "Nothing to change",
    };
    let small_print = small_print(judgement, base_branch, links, false);
    let text = summary.text(links, budget.saturating_sub(small_print.len() + 2));
    format!("{text}\n\n{small_print}")
}
