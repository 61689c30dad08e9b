//! Findings that say the same of one file stand together: equal code, path and headline. A rule that speaks very often
//! is told once.

use std::collections::{HashMap, HashSet};

use crate::model::catalogue::comes_first;
use crate::model::finding::{Finding, Place, Severity};
use crate::model::judgement::Reported;

/// At least one finding; in the order of the judgement.
#[derive(Clone, Debug)]
pub(super) struct Group<'a> {
    pub(super) members: Vec<&'a Reported>,
    /// All that a rule says below error, in any file and in any words.
    pub(super) is_crowd: bool,
}

/// Below error, a rule that speaks in more places of a pull request than this has one row of the summary: true remarks by
/// the dozen hide those that matter.
const MOST_PLACES: usize = 5;

/// Codes of the rules that speak so often.
#[derive(Debug, Default)]
pub(super) struct Crowds<'a>(HashSet<&'a str>);

impl<'a> Crowds<'a> {
    pub(super) fn of(findings: &'a [Reported]) -> Self {
        let mut places: HashMap<&str, usize> = HashMap::new();
        for reported in findings.iter().filter(|r| r.finding.severity < Severity::Error) {
            *places.entry(reported.finding.code).or_default() += 1;
        }
        Self(places.into_iter().filter(|(_, number)| *number > MOST_PLACES).map(|(code, _)| code).collect())
    }

    /// Is it one of so many?
    pub(super) fn hold(&self, finding: &Finding) -> bool {
        finding.severity < Severity::Error && self.0.contains(finding.code)
    }
}

impl<'a> Group<'a> {
    /// The one whose words speak for all.
    pub(super) fn first(&self) -> Option<&'a Finding> {
        self.members.first().map(|r| &r.finding)
    }

    pub(super) fn severity(&self) -> Severity {
        self.members.iter().map(|r| r.finding.severity).max().unwrap_or(Severity::Advice)
    }

    /// Its lines, ascending, each once; a line of the merge base says so.
    pub(super) fn lines(&self) -> Vec<String> {
        let mut lines: Vec<(u32, bool)> = self
            .members
            .iter()
            .filter_map(|r| {
                Some((r.finding.place.span()?.start.line, matches!(r.finding.place, Place::Base { .. })))
            })
            .collect();
        lines.sort_unstable();
        lines.dedup();
        lines
            .into_iter()
            .map(|(line, gone)| if gone { format!("{line} (removed)") } else { line.to_string() })
            .collect()
    }
}

/// Below error, comments of a pull request that are not of the first families: a review that holds more is not read.
const MOST_QUIET: usize = 3;

/// Who may still comment inline beside the first families: each rule once a file, and few of them below error.
#[derive(Debug, Default)]
pub(super) struct Manners<'a> {
    heard: HashSet<(&'a str, Option<&'a str>)>,
    quiet: usize,
}

impl<'a> Manners<'a> {
    /// To be asked in the order in which comments would be posted; what may not speak stands in the summary.
    pub(super) fn let_speak(&mut self, group: &Group<'a>) -> bool {
        let Some(first) = group.first().filter(|first| !comes_first(first.code)) else { return true };
        let is_quiet = group.severity() < Severity::Error;
        if (is_quiet && self.quiet == MOST_QUIET) || !self.heard.insert((first.code, first.place.path())) {
            return false;
        }
        self.quiet += usize::from(is_quiet);
        true
    }
}

/// In the order in which each group is met first.
pub(super) fn groups<'a>(findings: impl IntoIterator<Item = &'a Reported>) -> Vec<Group<'a>> {
    let mut found: Vec<Group<'a>> = Vec::new();
    let mut index = HashMap::new();
    for reported in findings {
        let finding = &reported.finding;
        let key = (finding.code, finding.place.path(), finding.headline.as_str());
        let at = *index.entry(key).or_insert(found.len());
        match found.get_mut(at) {
            Some(group) => group.members.push(reported),
            None => found.push(Group { members: vec![reported], is_crowd: false }),
        }
    }
    found
}

/// What a summary lists: groups, and each crowd as one, where its first and worst stands.
pub(super) fn rows<'a>(
    findings: impl IntoIterator<Item = &'a Reported>,
    crowds: &Crowds<'_>,
) -> Vec<Group<'a>> {
    let mut rows: Vec<Group<'a>> = Vec::new();
    for group in groups(findings) {
        let crowded = group.first().filter(|first| crowds.hold(first)).map(|first| first.code);
        let known = rows.iter_mut().find(|row| row.is_crowd && row.first().map(|f| f.code) == crowded);
        match known {
            Some(crowd) => crowd.members.extend(group.members),
            None => rows.push(Group { is_crowd: crowded.is_some(), ..group }),
        }
    }
    rows
}
