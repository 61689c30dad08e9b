//! Which rules are on, and how severe a finding of theirs may be.

use std::collections::BTreeSet;

use crate::model::catalogue::{self, Family};
use crate::model::finding::{Confidence, Finding, Severity};
use crate::model::nearest::nearest;
use crate::model::policy::{Policy, Profile, RuleSetting};
use crate::rules::{self, Rule};

/// What a person asks for on the command line. It goes before the policy, also where that may not turn a rule off:
/// nobody else is judged by it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// These codes alone, whether the policy has them on or not.
    select: Option<BTreeSet<&'static str>>,
    ignore: BTreeSet<&'static str>,
}

/// A word that names no rule that is built: one sentence with its next step.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SelectionError {
    #[error("there is no rule or family \"{word}\"; did you mean \"{near}\"?")]
    Misspelt { word: String, near: String },
    #[error("there is no rule or family \"{0}\": `red-panda rules list` names them all")]
    Unknown(String),
    #[error("of \"{0}\" the standard's catalogue has rules, and none is built yet")]
    NotBuilt(String),
}

impl Selection {
    /// Each word is a code, a rule's name, or a family by its name or the letters of its codes. Nothing is selected by
    /// no word.
    pub fn parse(select: &[String], ignore: &[String]) -> Result<Self, SelectionError> {
        let codes = |words: &[String]| {
            let codes: Result<Vec<_>, _> = words.iter().map(|word| codes(word)).collect();
            codes.map(|codes| codes.into_iter().flatten().collect::<BTreeSet<_>>())
        };
        let selected = codes(select)?;
        Ok(Self { select: (!select.is_empty()).then_some(selected), ignore: codes(ignore)? })
    }

    /// These codes, and no other.
    pub(super) fn only(codes: BTreeSet<&'static str>) -> Self {
        Self { select: Some(codes), ignore: BTreeSet::new() }
    }

    fn is_on(&self, policy: &Policy, rule: &Rule) -> bool {
        let selected = match &self.select {
            Some(codes) => codes.contains(rule.code()),
            None => is_on_by(policy, rule),
        };
        selected && !self.ignore.contains(rule.code())
    }

    /// The rules that run.
    pub(super) fn rules(&self, policy: &Policy) -> Vec<&'static Rule> {
        rules::all().into_iter().filter(|rule| self.is_on(policy, rule)).collect()
    }
}

/// The codes of the built rules that a word names.
fn codes(word: &str) -> Result<Vec<&'static str>, SelectionError> {
    let upper = word.to_ascii_uppercase();
    let family = Family::parse(word).or_else(|| Family::of_letters(&upper));
    let is_named = |entry: &catalogue::Entry| {
        entry.code == upper || entry.name == word || (family.is_some() && entry.family() == family)
    };
    let named: Vec<_> = catalogue::CATALOGUE.iter().filter(|entry| is_named(entry)).collect();
    let built = rules::all().into_iter().map(Rule::code);
    let built: Vec<_> = built.filter(|code| named.iter().any(|entry| entry.code == *code)).collect();
    match (named.is_empty(), built.is_empty()) {
        (_, false) => Ok(built),
        (false, true) => Err(SelectionError::NotBuilt(word.to_owned())),
        (true, true) => Err(unknown(word, &upper)),
    }
}

fn unknown(word: &str, upper: &str) -> SelectionError {
    let names = catalogue::CATALOGUE.iter().map(|entry| entry.name);
    let names = names.chain(Family::ALL.into_iter().map(Family::as_str));
    let codes = catalogue::CATALOGUE.iter().map(|entry| entry.code);
    let codes = codes.chain(Family::ALL.into_iter().map(Family::letters));
    match nearest(upper, codes).or_else(|| nearest(word, names)) {
        Some(near) => SelectionError::Misspelt { word: word.to_owned(), near: near.to_owned() },
        None => SelectionError::Unknown(word.to_owned()),
    }
}

/// The setting that applies: the code's before the family's.
pub(super) fn setting<'a>(policy: &'a Policy, rule: &Rule) -> Option<&'a RuleSetting> {
    policy.rules.get(rule.code()).or_else(|| policy.families.get(&rule.entry.family()?))
}

fn is_on_by(policy: &Policy, rule: &Rule) -> bool {
    if rule.entry.always_on {
        return true;
    }
    match setting(policy, rule) {
        Some(setting) => setting.severity.is_some(),
        None => policy.profile != Profile::Essentials || rule.entry.essential,
    }
}

/// Severity belongs to the finding. A policy value below it is a ceiling; one above it raises only findings of the
/// rule's main severity, and only where they are certain.
pub(super) fn severity(policy: &Policy, rule: &Rule, finding: &Finding) -> Severity {
    let Some(wanted) = setting(policy, rule).and_then(|s| s.severity) else { return finding.severity };
    if wanted <= finding.severity {
        return if rule.entry.always_on { finding.severity } else { wanted };
    }
    let may_rise = finding.severity == rule.entry.severity && finding.confidence == Confidence::Certain;
    if may_rise { wanted } else { finding.severity }
}
