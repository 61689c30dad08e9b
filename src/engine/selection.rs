//! Which rules are on, and how severe a finding of theirs may be.

use crate::model::finding::{Confidence, Finding, Severity};
use crate::model::policy::{Policy, Profile, RuleSetting};
use crate::rules::Rule;

/// The setting that applies: the code's before the family's.
fn setting<'a>(policy: &'a Policy, rule: &Rule) -> Option<&'a RuleSetting> {
    policy.rules.get(rule.code()).or_else(|| policy.families.get(&rule.entry.family()?))
}

/// Is the rule on?
pub(super) fn is_on(policy: &Policy, rule: &Rule) -> bool {
    if rule.entry.always_on {
        return true;
    }
    match setting(policy, rule) {
        Some(setting) => setting.severity.is_some(),
        None => policy.profile == Profile::Standard || rule.entry.essential,
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
