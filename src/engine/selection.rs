//! Which rules are on, and how severe a finding of theirs may be.

use crate::model::catalogue::ALWAYS_ON;
use crate::model::finding::{Confidence, Finding, Severity};
use crate::model::policy::{Policy, Profile, RuleSetting};
use crate::rules::Rule;

/// The four named checks and what they stand on.
const ESSENTIALS: [&str; 23] = [
    "MIG001", "MIG002", "MIG003", "MIG004", "MIG005", "MIG006", "MIG007", "MIG009", "MIG010", "MIG014",
    "ENV001", "ENV002", "ENV005", "CEL001", "CEL002", "CEL003", "CEL004", "CEL005", "CEL006", "CEL007",
    "CEL008", "CEL009", "STY008",
];

/// The setting that applies: the code's before the family's.
fn setting<'a>(policy: &'a Policy, rule: &Rule) -> Option<&'a RuleSetting> {
    policy.rules.get(rule.code).or_else(|| policy.families.get(&rule.family()?))
}

/// Is the rule on?
pub(super) fn is_on(policy: &Policy, rule: &Rule) -> bool {
    if ALWAYS_ON.contains(&rule.code) {
        return true;
    }
    match setting(policy, rule) {
        Some(setting) => setting.severity.is_some(),
        None => policy.profile == Profile::Standard || ESSENTIALS.contains(&rule.code),
    }
}

/// Severity belongs to the finding. A policy value below it is a ceiling; one above it raises only findings of the
/// rule's main severity, and only where they are certain.
pub(super) fn severity(policy: &Policy, rule: &Rule, finding: &Finding) -> Severity {
    let Some(wanted) = setting(policy, rule).and_then(|s| s.severity) else { return finding.severity };
    if wanted <= finding.severity {
        return if ALWAYS_ON.contains(&rule.code) { finding.severity } else { wanted };
    }
    let may_rise = finding.severity == rule.severity && finding.confidence == Confidence::Certain;
    if may_rise { wanted } else { finding.severity }
}
