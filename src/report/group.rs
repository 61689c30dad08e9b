//! Findings that say the same of one file stand together: equal code, path and headline.

use std::collections::HashMap;

use crate::model::finding::{Finding, Place, Severity};
use crate::model::judgement::Reported;

/// At least one finding; in the order of the judgement.
#[derive(Clone, Debug)]
pub(super) struct Group<'a> {
    pub(super) members: Vec<&'a Reported>,
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
            None => found.push(Group { members: vec![reported] }),
        }
    }
    found
}
