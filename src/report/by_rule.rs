//! What was found, rule by rule: of a whole project nobody reads the list to its end.

use std::collections::BTreeMap;

use crate::model::catalogue;
use crate::model::finding::{Finding, Severity};
use crate::model::judgement::Judgement;

use super::wording::spot;

/// What one rule found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub code: &'static str,
    /// Empty where no rule of the catalogue stands behind the code.
    pub name: &'static str,
    /// Of the worst.
    pub severity: Severity,
    pub number: usize,
    /// Where the worst stands, if it stands in a file.
    pub worst: Option<String>,
}

/// The worst rule first, and of those that weigh as much the one that speaks most often.
pub fn rows(judgement: &Judgement) -> Vec<Row> {
    let mut rules: BTreeMap<&'static str, (usize, &Finding)> = BTreeMap::new();
    // The first of a code is its worst: the findings come in that order.
    for finding in judgement.findings.iter().map(|reported| &reported.finding) {
        rules.entry(finding.code).or_insert((0, finding)).0 += 1;
    }
    let row = |(code, (number, worst)): (&'static str, (usize, &Finding))| Row {
        code,
        name: catalogue::of_code(code).map_or("", |entry| entry.name),
        severity: worst.severity,
        number,
        worst: spot(&worst.place),
    };
    let mut rows: Vec<Row> = rules.into_iter().map(row).collect();
    rows.sort_by(|a, b| b.severity.cmp(&a.severity).then(b.number.cmp(&a.number)));
    rows
}
