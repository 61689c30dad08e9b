use crate::model::catalogue;
use crate::model::finding::Finding;
use crate::rules::{Against, Context, Found, Look, Rule, ScopedFile};

use super::broker_url::{BrokerUrl, Purpose};
use super::sources::{self, reading};
use super::url::UrlFault;
use super::wording::{finding, named};

pub(super) static RULE: Rule = Rule {
    entry: &catalogue::CEL006,
    page: include_str!("broker_url_double_encoded.md"),
    against: Against::ChangedLines,
    looks: &[Look::File(reading, check)],
};

fn check(context: &Context<'_>, file: ScopedFile<'_>) -> Found {
    sources::each(context, file, &RULE, &[Purpose::Code], judge)
}

fn judge(url: &BrokerUrl, fault: &UrlFault) -> Option<Finding> {
    let headline = format!("The login in {} looks percent-encoded twice", named(url));
    let consequence =
        "kombu decodes once, so the broker is sent a password that still holds `%` and two digits.";
    Some(finding(&RULE, url, fault.severity, headline, consequence))
}
