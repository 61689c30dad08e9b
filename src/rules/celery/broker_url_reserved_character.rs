use crate::model::catalogue;
use crate::model::finding::{Finding, Severity};
use crate::rules::{Against, Context, Found, Look, Rule, ScopedFile};

use super::broker_url::{BrokerUrl, Origin, Purpose};
use super::sources::{self, reading};
use super::url::{Kind, UrlFault};
use super::wording::{characters, encode, finding, hold, part};

pub(super) static RULE: Rule = Rule {
    entry: &catalogue::CEL002,
    page: include_str!("broker_url_reserved_character.md"),
    against: Against::ChangedLines,
    looks: &[Look::File(reading, check)],
};

fn check(context: &Context<'_>, file: ScopedFile<'_>) -> Found {
    sources::each(context, file, &RULE, &[Purpose::Code, Purpose::Test], judge)
}

fn judge(url: &BrokerUrl, fault: &UrlFault) -> Option<Finding> {
    let Kind::Reserved(userinfo) = &fault.kind else { return None };
    // What else is in a password that Python fills in is CEL003's.
    if url.origin == Origin::Python && !url.reading.password_holes.is_empty() {
        return None;
    }
    let at_fault = characters(&userinfo.at_fault);
    let headline = format!("{} {} {at_fault} unencoded", part(userinfo, url), hold(userinfo));
    let consequence = match (fault.severity, userinfo.amqp) {
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
    let found = finding(&RULE, url, fault.severity, headline, consequence);
    Some(found.with_fix(encode(userinfo, url)))
}
