//! Head minus baseline, as multisets of keys; the survivors among equals are those nearest to a changed line.

use std::collections::HashMap;

use crate::model::change::{Change, ChangedFile, Hunk};
use crate::model::finding::{Finding, Fingerprint, NodeText, Place};
use crate::model::judgement::Reported;
use crate::rules::{Against, Rule};
use crate::source::anchor;

/// What makes two findings the same in two revisions.
type Key = (&'static str, String, String, NodeText);

/// The findings that the change introduces, with their fingerprints.
pub(super) fn introduced(
    rule: &Rule,
    head: Vec<Finding>,
    baseline: Vec<Finding>,
    change: &Change,
    at_head: &AtHead<'_>,
) -> Vec<Reported> {
    let mut known: HashMap<Key, usize> = HashMap::new();
    for finding in baseline {
        let path = finding.place.path().map_or("", |p| change.head_path_of(p)).to_owned();
        *known.entry((finding.code, path, finding.subject, finding.node)).or_default() += 1;
    }
    let mut groups: HashMap<Key, Vec<Finding>> = HashMap::new();
    for finding in head {
        groups.entry(key(&finding)).or_default().push(finding);
    }
    let mut reported = Vec::new();
    for (key, findings) in groups {
        let old = known.get(&key).copied().unwrap_or(0);
        reported.extend(survivors(findings, old, at_head));
    }
    reported.retain(|r| may_be_introduced(rule, &r.finding, at_head));
    reported
}

/// Can it be new, whatever the base has? If none can, nobody need look at the base.
pub(super) fn may_be_introduced(rule: &Rule, finding: &Finding, at_head: &AtHead<'_>) -> bool {
    rule.against != Against::ChangedLines || touches_change(finding, at_head)
}

/// The changed files by their paths at head: of a whole project there are thousands, and findings in each.
#[derive(Debug)]
pub(super) struct AtHead<'a>(HashMap<&'a str, &'a ChangedFile>);

impl<'a> AtHead<'a> {
    pub(super) fn of(change: &'a Change) -> Self {
        Self(change.files.iter().filter_map(|file| Some((file.head_path()?, file))).collect())
    }

    fn hunks(&self, path: &str) -> Option<&'a [Hunk]> {
        self.0.get(path).and_then(|file| file.hunks.as_deref())
    }
}

fn key(finding: &Finding) -> Key {
    let path = finding.place.path().unwrap_or("").to_owned();
    (finding.code, path, finding.subject.clone(), finding.node.clone())
}

/// Of equals, drops as many as the baseline has: those farthest from a changed line. Ordinals count in file order.
fn survivors(mut findings: Vec<Finding>, old: usize, at_head: &AtHead<'_>) -> Vec<Reported> {
    findings.sort_by(|a, b| a.place.cmp(&b.place));
    let mut numbered: Vec<(usize, Finding)> = findings.into_iter().enumerate().collect();
    numbered.sort_by_cached_key(|(ordinal, finding)| (distance(finding, at_head), *ordinal));
    let keep = numbered.len().saturating_sub(old);
    numbered.truncate(keep);
    numbered
        .into_iter()
        .map(|(ordinal, finding)| Reported { fingerprint: Fingerprint::of(&finding, ordinal), finding })
        .collect()
}

fn distance(finding: &Finding, at_head: &AtHead<'_>) -> u32 {
    match &finding.place {
        Place::Head { path, span } => {
            at_head.hunks(path).map_or(u32::MAX, |hunks| anchor::distance(hunks, *span))
        }
        _ => 0,
    }
}

/// Of a file rule: the offending node must stand on a line that the change added or changed.
fn touches_change(finding: &Finding, at_head: &AtHead<'_>) -> bool {
    match &finding.place {
        Place::Head { path, span } => {
            let mut at_fault = std::iter::once(*span).chain(finding.cause);
            // Without hunks nobody knows which lines are new: any may be.
            at_head.hunks(path).is_none_or(|hunks| at_fault.any(|span| anchor::touches(hunks, span)))
        }
        _ => true,
    }
}
