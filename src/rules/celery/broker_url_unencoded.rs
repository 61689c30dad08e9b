use std::collections::BTreeSet;

use crate::model::catalogue;
use crate::model::finding::Finding;
use crate::rules::{Against, Context, Found, Look, Rule, ScopedFile};

use super::broker_url::{BrokerUrl, Purpose};
use super::sources::{self, reading};
use super::url::{Kind, UrlFault};
use super::wording::{characters, encode, finding, hold, part};

pub(super) static RULE: Rule = Rule {
    entry: &catalogue::CEL001,
    page: include_str!("broker_url_unencoded.md"),
    against: Against::ChangedLines,
    looks: &[Look::File(reading, check)],
};

fn check(context: &Context<'_>, file: ScopedFile<'_>) -> Found {
    sources::each(context, file, &RULE, &[Purpose::Code, Purpose::Test, Purpose::Docs], judge)
}

fn judge(url: &BrokerUrl, fault: &UrlFault) -> Option<Finding> {
    let Kind::Unencoded(userinfo) = &fault.kind else { return None };
    let effect = Effect::of(&userinfo.at_fault);
    let (part, at_fault) = (part(userinfo, url), characters(&userinfo.at_fault));
    let headline = format!("{part} {} {at_fault}, {}", hold(userinfo), effect.headline());
    let found = finding(&RULE, url, fault.severity, headline, effect.consequence());
    Some(found.with_fix(encode(userinfo, url)))
}

/// What the worst of the characters does.
enum Effect {
    EndsAuthority,
    Bracket,
    FailOver,
    Dropped,
    Refused,
}

impl Effect {
    fn of(characters: &BTreeSet<char>) -> Self {
        let has = |any: &[char]| any.iter().any(|c| characters.contains(c));
        if has(&['/', '?', '#']) {
            Self::EndsAuthority
        } else if has(&['[', ']']) {
            Self::Bracket
        } else if has(&[';']) {
            Self::FailOver
        } else if has(&['\t', '\r', '\n']) {
            Self::Dropped
        } else {
            Self::Refused
        }
    }

    fn headline(&self) -> &'static str {
        match self {
            Self::EndsAuthority => "where kombu ends host and login",
            Self::Bracket => "which kombu reads as an IPv6 address",
            Self::FailOver => "where kombu splits the URL in two",
            Self::Dropped => "which Python drops from URLs",
            Self::Refused => "which Python refuses in URLs",
        }
    }

    fn consequence(&self) -> &'static str {
        match self {
            Self::EndsAuthority => {
                "The worker stops with `ValueError: Port could not be cast to integer value` or `Port out of range 0-65535`, or connects to another host without a word."
            }
            Self::Bracket => "The worker stops with `ValueError: Invalid IPv6 URL`.",
            Self::FailOver => {
                "What stands behind it becomes a second broker, and the login at the first one fails."
            }
            Self::Dropped => {
                "The login is refused with `ACCESS_REFUSED`, because a character of it is missing."
            }
            Self::Refused => {
                "The worker stops with `ValueError`: the character turns into one of `/ ? # @ :` under NFKC normalization."
            }
        }
    }
}
