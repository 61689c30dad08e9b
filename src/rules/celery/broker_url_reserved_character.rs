use crate::model::catalogue;
use crate::model::finding::{Finding, Severity};
use crate::rules::{Against, Context, Look, Rule};
use crate::source::NotLoaded;

use super::broker_url::{Origin, Purpose};
use super::sources;
use super::url::{Kind, UrlFault};
use super::wording::{characters, encode, finding, hold, part};

pub(super) static RULE: Rule = Rule {
    entry: &catalogue::CEL002,
    page: include_str!("broker_url_reserved_character.md"),
    against: Against::ChangedLines,
    looks: &[Look::Change(check)],
    wants: None,
};

fn check(context: &Context<'_>) -> Result<Vec<Finding>, NotLoaded> {
    let mut findings = Vec::new();
    for url in sources::in_change(context, &[Purpose::Code, Purpose::Test])? {
        let fault = url.reading.fault(RULE.code());
        let Some(UrlFault { kind: Kind::Reserved(userinfo), severity }) = fault else { continue };
        // What else is in a password that Python fills in is CEL003's.
        if url.origin == Origin::Python && !url.reading.password_holes.is_empty() {
            continue;
        }
        let headline = format!(
            "{} {} {} unencoded",
            part(userinfo, &url),
            hold(userinfo),
            characters(&userinfo.at_fault)
        );
        let consequence = match (severity, userinfo.amqp) {
            (Severity::Advice, _) => {
                "RFC 3986 does not allow it there: Python's parser copes, other clients need not."
            }
            (_, true) => {
                "Python's parser copes; the URL standard and AMQP clients in Go, Rust and Node read another login or host."
            }
            (_, false) => {
                "Python's parser copes; the URL standard and clients in other languages read another login or host."
            }
        };
        let found = finding(&RULE, &url, *severity, headline, consequence);
        findings.push(found.with_fix(encode(userinfo, &url)));
    }
    Ok(findings)
}
