use crate::model::catalogue;
use crate::model::finding::{Confidence, Finding, Fix, FixSafety, NodeText, Severity};
use crate::rules::{Against, Context, Found, Look, Rule, ScopedFile};

use super::broker_url::{BrokerUrl, Purpose};
use super::python::judged::Quoting;
use super::python::unquoted::Unquoted;
use super::sources::{self, reading};
use super::url::UrlFault;
use super::wording::{finding, named, whose};

pub(super) static RULE: Rule = Rule {
    entry: &catalogue::CEL006,
    page: include_str!("broker_url_double_encoded.md"),
    against: Against::ChangedLines,
    looks: &[Look::File(reading, check)],
};

fn check(context: &Context<'_>, file: ScopedFile<'_>) -> Found {
    let mut found = sources::each(context, file, &RULE, &[Purpose::Code], judge)?;
    let urls = sources::of(context, file, &[Purpose::Code])?;
    let quoted = urls.iter().filter_map(|url| Some((url, url.unquoted.as_ref()?)));
    let twice = quoted.filter(|(_, unquoted)| unquoted.quoting == Quoting::Twice);
    found.extend(twice.map(|(url, unquoted)| quoted_twice(url, unquoted)));
    Ok(found)
}

fn judge(url: &BrokerUrl, fault: &UrlFault) -> Option<Finding> {
    let headline = format!("The login in {} looks percent-encoded twice", named(url));
    let consequence =
        "kombu decodes once, so the broker is sent a password that still holds `%` and two digits.";
    Some(finding(&RULE, url, fault.severity, headline, consequence))
}

/// `quote(urlparse(…).password)`: no guess, other than what stands in a text.
fn quoted_twice(url: &BrokerUrl, unquoted: &Unquoted) -> Finding {
    const PASTE: &str = "Paste it as it is: `urlparse` and `quote` leave it percent-encoded.";
    let headline =
        format!("The password in {} is percent-encoded already and goes through `quote()` again", whose(url));
    let consequence =
        "kombu decodes once: a password with a special character is refused with `ACCESS_REFUSED`.";
    let fix = match unquoted.edits.clone() {
        edits if edits.is_empty() => Fix::text(PASTE),
        edits => Fix { safety: FixSafety::Safe, text: PASTE.to_owned(), edits },
    };
    RULE.finding(url.place(), url.subject(), NodeText::Secret(url.value.clone()), headline, consequence)
        .with_severity(Severity::Warning)
        .with_confidence(Confidence::Certain)
        .with_fix(fix)
}
