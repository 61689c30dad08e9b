//! Which findings a suppression keeps, and which suppressions keep nothing.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::catalogue::{Family, is_suppressible};
use crate::model::change::ChangedFile;
use crate::model::finding::{Finding, Place, Span};
use crate::model::judgement::Reported;
use crate::project::Project;
use crate::project::django::apps::looks_like_migration;
use crate::project::env::env_files;
use crate::rules::style;
use crate::source::Text;
use crate::source::tree::file_name;
use crate::syntax::suppression::{Blocks, MARK, Suppression};

/// The suppressions of the head's files that were looked at.
#[derive(Debug, Default)]
pub(super) struct Suppressions {
    files: BTreeMap<String, InFile>,
}

#[derive(Debug)]
struct InFile {
    blocks: Blocks,
    /// The comments at the very top speak for the file as a whole: this is the line below them.
    first_code_line: u32,
    by_line: BTreeMap<u32, Vec<Suppression>>,
}

impl InFile {
    fn new(text: &Text, found: Vec<Suppression>) -> Self {
        let mut by_line: BTreeMap<u32, Vec<Suppression>> = BTreeMap::new();
        for suppression in found {
            by_line.entry(suppression.line).or_default().push(suppression);
        }
        Self { blocks: Blocks::of(text), first_code_line: first_code_line(text), by_line }
    }

    fn speaking_for(&self, place: &Place) -> impl Iterator<Item = &Suppression> {
        let span = match place {
            Place::Head { span, .. } => *span,
            _ => Span::line(self.first_code_line, 1),
        };
        let lines: BTreeSet<u32> = self.blocks.lines_that_speak_for(span).into_iter().collect();
        lines.into_iter().filter_map(|line| self.by_line.get(&line)).flatten()
    }
}

impl Suppressions {
    /// Only of files that were read: a rule that found something there has read it.
    pub(super) fn read<'a>(head: &Project, paths: impl Iterator<Item = &'a str>) -> Self {
        let mut files = BTreeMap::new();
        for path in paths {
            let Ok(Some(text)) = head.text(path) else { continue };
            if !text.as_str().contains(MARK) {
                continue;
            }
            let found = head.suppressions(path).unwrap_or_default();
            files.insert(path.to_owned(), InFile::new(&text, found));
        }
        Self { files }
    }

    /// The reason that keeps a finding, if a suppression with a reason speaks for it.
    pub(super) fn reason_for(&self, finding: &Finding) -> Option<String> {
        if !is_suppressible(finding.code) {
            return None;
        }
        self.speaking_for(finding).find_map(|(_, s)| s.reason.clone())
    }

    fn speaking_for<'a>(&'a self, finding: &'a Finding) -> impl Iterator<Item = (&'a str, &'a Suppression)> {
        let known = finding.place.path().and_then(|path| self.files.get_key_value(path));
        known.into_iter().flat_map(|(path, file)| {
            let named =
                file.speaking_for(&finding.place).filter(|s| s.codes.iter().any(|c| c == finding.code));
            named.map(|s| (path.as_str(), s))
        })
    }

    /// Suppressions of rules that ran, which speak for none of these findings: all that head has, introduced or not.
    pub(super) fn unused(&self, head: &[Finding], ran: &BTreeSet<&str>) -> Vec<Finding> {
        let mut used = BTreeSet::new();
        for finding in head {
            used.extend(self.speaking_for(finding).map(|(path, s)| (path, s.line, finding.code)));
        }
        let mut findings = Vec::new();
        for (path, file) in &self.files {
            for suppression in file.by_line.values().flatten().filter(|s| s.reason.is_some()) {
                let looked = |code: &&String| ran.contains(code.as_str()) && looks_at(code, path);
                let is_used = |code: &str| used.contains(&(path.as_str(), suppression.line, code));
                let unused = suppression.codes.iter().filter(looked).filter(|code| !is_used(code));
                findings.extend(unused.map(|code| style::unused(path, suppression, code)));
            }
        }
        findings
    }
}

/// Does the rule look at files of this name? Those that take no notice of names look at all.
fn looks_at(code: &str, path: &str) -> bool {
    match Family::of_code(code) {
        Some(Family::Migrations) => looks_like_migration(path),
        Some(Family::Env) => env_files::role(path).is_some() || file_name(path) == ".gitignore",
        _ => true,
    }
}

/// The base paths of files that hold suppressions at head: one that stood there before is not new.
pub(super) fn bases<'a>(
    head: &Project,
    files: impl Iterator<Item = &'a ChangedFile>,
) -> impl Iterator<Item = &'a str> {
    let suppressing = files.filter(|file| {
        let text = file.head_path().and_then(|path| head.text(path).ok().flatten());
        text.is_some_and(|text| text.as_str().contains(MARK))
    });
    suppressing.filter_map(ChangedFile::base_path)
}

fn first_code_line(text: &Text) -> u32 {
    text.lines()
        .find(|(_, line)| !line.trim().is_empty() && !line.trim_start().starts_with('#'))
        .map_or(1, |(n, _)| n)
}

/// Splits what is reported from what a suppression keeps.
pub(super) fn split(
    reported: Vec<Reported>,
    suppressions: &Suppressions,
) -> (Vec<Reported>, Vec<(Reported, String)>) {
    let (mut open, mut kept) = (Vec::new(), Vec::new());
    for item in reported {
        match suppressions.reason_for(&item.finding) {
            Some(reason) => kept.push((item, reason)),
            None => open.push(item),
        }
    }
    (open, kept)
}
