use crate::model::finding::{Confidence, Finding, Severity};
use crate::rules::{Baseline, Context, Rule, Scope};
use crate::source::NotLoaded;

use super::sources;
use super::words::{finding, named};

pub(super) static RULE: Rule = Rule {
    code: "CEL006",
    name: "broker-url-double-encoded",
    severity: Severity::Advice,
    confidence: Confidence::Likely,
    baseline: Baseline::MergeBase,
    scope: Scope::File,
    page: include_str!("broker_url_double_encoded.md"),
    wants: None,
    check,
};

fn check(context: &Context<'_>) -> Result<Vec<Finding>, NotLoaded> {
    let sources = sources::in_change(context, false)?;
    let doubled = sources.iter().filter_map(|source| Some((source, source.reading.fault(RULE.code)?)));
    let judge = |(source, fault): (&sources::Source, &super::url::Fault)| {
        let headline = format!("The login in {} looks percent-encoded twice", named(source));
        let consequence = "kombu decodes once, so the broker is sent a password that still holds `%` and two digits.";
        finding(&RULE, source, fault.severity, headline, consequence)
    };
    Ok(doubled.map(judge).collect())
}
