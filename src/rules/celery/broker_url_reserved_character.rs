use crate::model::catalogue;
use crate::model::finding::{Finding, Fix, Severity};
use crate::rules::{Against, Context, Found, Look, Rule, ScopedFile};

use super::broker_url::{BrokerUrl, Origin, Purpose};
use super::holes::Syntax;
use super::sources::{self, reading};
use super::url::{Kind, UrlFault};
use super::wording::{characters, encode, finding, hold, named_first, part};

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
    let userinfo = match &fault.kind {
        Kind::EatenPercent => return Some(eaten(url, fault.severity)),
        Kind::Reserved(userinfo) => userinfo,
        _ => return None,
    };
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

/// A single `%40` in a file whose reader hands on `%%` only.
fn eaten(url: &BrokerUrl, severity: Severity) -> Finding {
    let (reader, consequence) = match url.syntax {
        Syntax::Supervisor => (
            "supervisor",
            "supervisord stops with `Format string … is badly formatted`, or writes its own variables into the URL.",
        ),
        Syntax::Systemd => (
            "systemd",
            "systemd leaves the line out with `Failed to resolve specifiers`, or writes something else into the URL.",
        ),
        _ => (
            "Python's `%`",
            "Python stops with `TypeError` or `ValueError` where it fills the template in, or writes something else into the URL.",
        ),
    };
    let headline =
        format!("{} has a single `%`, which {reader} takes for a sign of its own", named_first(url));
    let fix = Fix::text("Write `%%` for each `%` that belongs to the URL.");
    finding(&RULE, url, severity, headline, consequence).with_fix(fix)
}
