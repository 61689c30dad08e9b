//! Head minus baseline, as multisets of keys; the survivors among equals are those nearest to a changed line.

use std::collections::HashMap;

use crate::model::change::{Change, Hunk};
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
        reported.extend(survivors(findings, old, change));
    }
    reported.retain(|r| may_be_introduced(rule, &r.finding, change));
    reported
}

/// Can it be new, whatever the base has? If none can, nobody need look at the base.
pub(super) fn may_be_introduced(rule: &Rule, finding: &Finding, change: &Change) -> bool {
    rule.against != Against::ChangedLines || touches_change(finding, change)
}

fn key(finding: &Finding) -> Key {
    let path = finding.place.path().unwrap_or("").to_owned();
    (finding.code, path, finding.subject.clone(), finding.node.clone())
}

/// Of equals, drops as many as the baseline has: those farthest from a changed line. Ordinals count in file order.
fn survivors(mut findings: Vec<Finding>, old: usize, change: &Change) -> Vec<Reported> {
    findings.sort_by(|a, b| a.place.cmp(&b.place));
    let mut numbered: Vec<(usize, Finding)> = findings.into_iter().enumerate().collect();
    numbered.sort_by_cached_key(|(ordinal, finding)| (distance(finding, change), *ordinal));
    let keep = numbered.len().saturating_sub(old);
    numbered.truncate(keep);
    numbered
        .into_iter()
        .map(|(ordinal, finding)| Reported { fingerprint: Fingerprint::of(&finding, ordinal), finding })
        .collect()
}

fn hunks<'a>(change: &'a Change, path: &str) -> Option<&'a [Hunk]> {
    change.file_at_head(path).and_then(|f| f.hunks.as_deref())
}

fn distance(finding: &Finding, change: &Change) -> u32 {
    match &finding.place {
        Place::Head { path, span } => hunks(change, path).map_or(u32::MAX, |h| anchor::distance(h, *span)),
        _ => 0,
    }
}

/// Of a file rule: the offending node must stand on a line that the change added or changed.
fn touches_change(finding: &Finding, change: &Change) -> bool {
    match &finding.place {
        Place::Head { path, span } => {
            let mut at_fault = std::iter::once(*span).chain(finding.cause);
            // Without hunks nobody knows which lines are new: any may be.
            hunks(change, path).is_none_or(|h| at_fault.any(|span| anchor::touches(h, span)))
        }
        _ => true,
    }
}
