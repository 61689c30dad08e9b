//! How findings about URLs are put into words, so that nothing of a password gets into them.

use std::collections::BTreeSet;

use crate::model::finding::{Edit, Finding, Fix, FixSafety, NodeText, Severity, code};
use crate::project::env::secret;
use crate::rules::Rule;
use crate::source::tree::file_name;

use super::broker_url::{BrokerUrl, Origin, Purpose};
use super::holes::Syntax;
use super::url::{Userinfo, escape};

/// A finding about a URL: capped where the file only talks about URLs, compared by value in memory.
pub(super) fn finding(
    rule: &Rule,
    url: &BrokerUrl,
    severity: Severity,
    headline: String,
    consequence: &str,
) -> Finding {
    let node = NodeText::Secret(url.value.clone());
    rule.finding(url.place(), url.subject(), node, headline, consequence)
        .with_severity(capped(url.purpose, severity))
}

/// Tests may assert the fault, and text for people only explains.
pub(super) fn capped(purpose: Purpose, severity: Severity) -> Severity {
    match purpose {
        Purpose::Code => severity,
        Purpose::Test => severity.min(Severity::Warning),
        Purpose::Docs => Severity::Advice,
    }
}

/// `CELERY_BROKER_URL` as code, or "the URL in `celery.py`".
pub(super) fn named(url: &BrokerUrl) -> String {
    telling(&url.key).map_or_else(|| format!("the URL in {}", code(file_name(&url.path))), code)
}

/// The same at the head of a sentence.
pub(super) fn named_first(url: &BrokerUrl) -> String {
    telling(&url.key).map_or_else(|| format!("The URL in {}", code(file_name(&url.path))), code)
}

/// A name by which people find what is meant: one letter is none.
pub(super) fn telling(name: &str) -> Option<&str> {
    (name.chars().count() > 1).then_some(name)
}

/// `the URL of CELERY_BROKER_URL`, of a URL that Python builds.
pub(super) fn whose(url: &BrokerUrl) -> String {
    match url.keys.last().and_then(|key| telling(key)) {
        Some(key) => format!("the URL of {}", code(key)),
        None => "a broker URL".to_owned(),
    }
}

/// `password in CELERY_BROKER_URL`
pub(super) fn part(userinfo: &Userinfo, url: &BrokerUrl) -> String {
    let part = match (userinfo.in_user, userinfo.in_password) {
        (true, true) => "user name and password",
        (true, false) => "user name",
        _ => "password",
    };
    format!("The {part} in {}", named(url))
}

/// `holds`, or `hold` of two parts.
pub(super) fn hold(userinfo: &Userinfo) -> &'static str {
    if userinfo.in_user && userinfo.in_password { "hold" } else { "holds" }
}

/// The distinct special characters, in the order of their code points: nothing about where or how often.
pub(super) fn characters(characters: &BTreeSet<char>) -> String {
    let names: BTreeSet<String> = characters.iter().map(|c| character(*c)).collect();
    list(&names.into_iter().collect::<Vec<_>>())
}

fn character(c: char) -> String {
    match c {
        ' ' => "a space".to_owned(),
        '\t' => "a tab".to_owned(),
        '\r' | '\n' => "a line end".to_owned(),
        '`' => "a backtick".to_owned(),
        c if c.is_control() => "a control character".to_owned(),
        c if !c.is_ascii() => "a character outside ASCII".to_owned(),
        c => format!("`{c}`"),
    }
}

fn list(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [head @ .., last] => format!("{} and {last}", head.join(", ")),
    }
}

/// How to encode: the characters by name; the whole URL where its password only stands for one.
pub(super) fn encode(userinfo: &Userinfo, url: &BrokerUrl) -> Fix {
    if userinfo.mixed {
        return Fix::text(
            "Percent-encode the whole password once, with `urllib.parse.quote(password, safe=\"\")`: parts of it are encoded already.",
        );
    }
    let plain = |c: &&char| c.is_ascii() && !c.is_control() && **c != '`';
    let mut pairs: Vec<String> = userinfo
        .to_encode
        .iter()
        .filter(plain)
        .map(|c| {
            if *c == ' ' {
                format!("a space as `{}`", escape(' ', url.syntax))
            } else {
                format!("`{c}` as `{}`", escape(*c, url.syntax))
            }
        })
        .collect();
    if userinfo.to_encode.iter().any(|c| !plain(&c)) {
        pairs.push("other characters as `urllib.parse.quote(password, safe=\"\")` does".to_owned());
    }
    let text = format!("Write {}.{}", list(&pairs), doubled(url));
    // Of a file whose reader nobody knows, nobody knows whether it doubles.
    let is_known = url.syntax != Syntax::Percent;
    let edit = url.whole().filter(|_| is_known && login_may_be_shown(url)).zip(url.reading.fixed.clone());
    match edit {
        Some((span, replacement)) => {
            Fix { safety: FixSafety::Safe, text, edits: vec![Edit { span, replacement }] }
        }
        None => Fix::text(text),
    }
}

/// Who wants `%` doubled.
fn doubled(url: &BrokerUrl) -> &'static str {
    match (url.syntax, url.origin) {
        (Syntax::Supervisor, _) => " supervisor takes `%%` for `%`.",
        (Syntax::Systemd, _) => " systemd takes `%%` for `%`.",
        (Syntax::Percent, Origin::Python) => " The template takes `%%` for `%`.",
        (Syntax::Percent, _) => {
            " That is for `configparser`, which takes `%%` for `%`; for another reader write one `%`."
        }
        _ => "",
    }
}

/// A fix with an edit, which a suggestion shows with the rest of its line: only where no password stands there.
pub(super) fn edit(url: &BrokerUrl, text: &str, bytes: std::ops::Range<usize>, replacement: &str) -> Fix {
    match url.part(bytes).filter(|_| login_may_be_shown(url)) {
        Some(span) => Fix {
            safety: FixSafety::Safe,
            text: text.to_owned(),
            edits: vec![Edit { span, replacement: replacement.to_owned() }],
        },
        None => Fix::text(text),
    }
}

/// There is no login, or it only stands for one: `change#me` says what it is.
fn login_may_be_shown(url: &BrokerUrl) -> bool {
    !secret::may_hold_login(&url.value) && !url.reading.user.as_deref().is_some_and(may_be_secret)
}

/// A user name that looks like a secret, or with special characters: it may be a password misread.
fn may_be_secret(user: &str) -> bool {
    let plain = user.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
    !plain || secret::classify("PASSWORD", user).is_some()
}
