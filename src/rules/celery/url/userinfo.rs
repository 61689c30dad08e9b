//! User and password: where the author meant them to end, and which of their characters must be encoded.

use std::collections::BTreeSet;

use unicode_normalization::UnicodeNormalization;

use crate::model::finding::Severity;
use crate::rules::celery::holes::{Filling, Syntax, Unit, spells, text, written};
use crate::rules::celery::transports;

use super::address::{Host, authority_end};
use super::fault::{Kind, RawHole, UrlReading, Userinfo};

/// The `@` that the author meant to end the password with.
pub(super) fn userinfo_end(rest: &[Unit], transport: &str) -> Option<usize> {
    // Amazon's queues have no host: `sqs://key:secret@`, and a secret may begin like a port.
    if transport == "sqs" && rest.last().is_some_and(|unit| unit.is('@')) {
        return Some(rest.len() - 1);
    }
    let end = authority_end(rest);
    let authority = &rest[..end];
    let by_kombu = authority.iter().rposition(|unit| unit.is('@'));
    // kombu's own reading makes sense: then an `@` further on must be followed by more than a word.
    let sensible = match by_kombu {
        Some(at) => !matches!(Host::shape(&rest[at + 1..]), Host::None),
        None => matches!(Host::shape(rest), Host::Bare | Host::WithPort | Host::WithSlash),
    };
    let later = (end..rest.len()).rev().filter(|at| rest[*at].is('@')).find(|at| {
        match Host::shape(&rest[at + 1..]) {
            Host::WithPort | Host::WithSlash => true,
            Host::Bare | Host::Empty => !sensible,
            Host::None => false,
        }
    });
    later.or(by_kombu)
}

/// Classifies user and password; returns them encoded, `None` when that cannot be done by text alone.
pub(super) fn read_userinfo(
    userinfo: &[Unit],
    syntax: Syntax,
    transport: &str,
    reading: &mut UrlReading,
) -> Option<String> {
    if userinfo.is_empty() {
        return Some(String::new());
    }
    let colon = userinfo.iter().position(|unit| unit.is(':'));
    let user = &userinfo[..colon.unwrap_or(userinfo.len())];
    let password = colon.map(|at| &userinfo[at + 1..]);
    reading.password = reading.password.take().or_else(|| Some(text(password.unwrap_or(user))));
    reading.user = reading.user.take().or_else(|| password.map(|_| text(user)));
    reading.password_holes.extend(
        password
            .unwrap_or(&[])
            .iter()
            .filter_map(Unit::hole)
            .filter(|h| h.filling == Filling::Raw)
            .map(|h| h.id),
    );
    let before = reading.faults.len();
    read_characters(user, password.unwrap_or(&[]), transport, reading);
    if double_encoded(userinfo) {
        reading.add(Kind::DoubleEncoded, Severity::Advice);
    }
    if transports::is_redis(transport) && password.is_none() && is_meant_as_password(user) {
        reading.add(Kind::PasswordAsUser, Severity::Warning);
    }
    if reading.faults.len() == before {
        read_holes(password.unwrap_or(&[]), reading);
    }
    let user = encoded(user, syntax)?;
    Some(match password {
        Some(password) => format!("{user}:{}", encoded(password, syntax)?),
        None => user,
    })
}

/// Special characters: CEL001 before CEL002, never both on one URL.
fn read_characters(user: &[Unit], password: &[Unit], transport: &str, reading: &mut UrlReading) {
    let (mut breaking, mut reserved, mut foreign) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    let (mut in_user, mut in_password) = (false, false);
    for (part, hit) in [(user, &mut in_user), (password, &mut in_password)] {
        for (at, unit) in part.iter().enumerate() {
            let Some(c) = unit.char() else { continue };
            let into = match class_of(c, &part[at + 1..]) {
                CharClass::Fine => continue,
                CharClass::Breaks => &mut breaking,
                CharClass::Reserved => &mut reserved,
                CharClass::Foreign => &mut foreign,
            };
            into.insert(c);
            *hit = true;
        }
    }
    let to_encode: BTreeSet<char> = breaking.iter().chain(&reserved).chain(&foreign).copied().collect();
    let amqp = transports::is_amqp(transport);
    let mixed = [user, password].iter().any(|part| encoded(part, Syntax::Literal).is_none());
    let userinfo = |at_fault| Userinfo { at_fault, to_encode, in_user, in_password, amqp, mixed };
    if !breaking.is_empty() {
        reading.add(Kind::Unencoded(userinfo(breaking)), Severity::Error);
    } else if !reserved.is_empty() {
        let severity = if amqp { Severity::Error } else { Severity::Warning };
        reading.add(Kind::Reserved(userinfo(reserved)), severity);
    } else if !foreign.is_empty() {
        reading.add(Kind::Reserved(userinfo(foreign)), Severity::Advice);
    }
}

/// What a raw character does in user or password.
enum CharClass {
    Fine,
    /// kombu fails, or connects elsewhere.
    Breaks,
    /// kombu copes; the standard and other clients do not.
    Reserved,
    /// Outside RFC 3986.
    Foreign,
}

fn class_of(c: char, behind: &[Unit]) -> CharClass {
    match c {
        '/' | '?' | '#' | '[' | ']' | ';' | '\t' | '\r' | '\n' => CharClass::Breaks,
        '%' if is_escape(behind) => CharClass::Fine,
        '@' | ':' | '%' | '+' | '&' | '=' | ' ' => CharClass::Reserved,
        c if c.is_ascii_alphanumeric() => CharClass::Fine,
        '-' | '.' | '_' | '~' | '!' | '$' | '\'' | '(' | ')' | '*' | ',' => CharClass::Fine,
        c if !c.is_ascii() && breaks_when_normalised(c) => CharClass::Breaks,
        _ => CharClass::Foreign,
    }
}

/// Two hex digits, or a hole that may hold them.
fn is_escape(behind: &[Unit]) -> bool {
    let hex = |unit: &Unit| unit.char().is_none_or(|c| c.is_ascii_hexdigit());
    behind.first().is_some_and(hex) && (behind.get(1).is_some_and(hex) || behind[0].hole().is_some())
}

/// `＠`, `＃`, `℀`: `urlsplit` refuses an authority that holds one.
fn breaks_when_normalised(c: char) -> bool {
    std::iter::once(c).nfkc().any(|c| matches!(c, '/' | '?' | '#' | '@' | ':'))
}

/// As `urllib.parse.quote(part, safe="")` writes it. A part without a character to encode stays; one that is
/// encoded in places cannot be told.
fn encoded(part: &[Unit], syntax: Syntax) -> Option<String> {
    let wrong =
        |at: usize| part[at].char().is_some_and(|c| !matches!(class_of(c, &part[at + 1..]), CharClass::Fine));
    if !(0..part.len()).any(wrong) {
        return Some(written(part, syntax));
    }
    let escaped = (0..part.len()).any(|at| part[at].is('%') && is_escape(&part[at + 1..]));
    if escaped || part.iter().any(|unit| unit.hole().is_some()) {
        return None;
    }
    let mut out = String::new();
    for c in part.iter().filter_map(Unit::char) {
        if c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | '~') {
            out.push(c);
        } else {
            out.push_str(&escape(c, syntax));
        }
    }
    Some(out)
}

/// `#` as `%23`, `é` as `%C3%A9`; `%%23` in a file whose reader takes `%%` for `%`.
pub(crate) fn escape(c: char, syntax: Syntax) -> String {
    let percent = if syntax.doubles_percent() { "%%" } else { "%" };
    c.encode_utf8(&mut [0; 4]).bytes().map(|byte| format!("{percent}{byte:02X}")).collect()
}

/// `%25` and two hex digits.
fn double_encoded(userinfo: &[Unit]) -> bool {
    userinfo.windows(5).any(|five| {
        spells(&five[..3], "%25")
            && five[3..].iter().all(|unit| unit.char().is_some_and(|c| c.is_ascii_hexdigit()))
    })
}

/// `redis://X@host`: X is no name of a user.
fn is_meant_as_password(user: &[Unit]) -> bool {
    if let [only] = user
        && let Some(hole) = only.hole()
    {
        return hole.filling != Filling::Placeholder && hole.is_named_secret();
    }
    let name = text(user).to_ascii_lowercase();
    user.iter().all(|unit| unit.hole().is_none())
        && !matches!(name.as_str(), "default" | "user" | "username" | "userid" | "redis_user")
}

/// A password from a variable that nobody says is encoded.
fn read_holes(password: &[Unit], reading: &mut UrlReading) {
    let raw = password
        .iter()
        .filter_map(Unit::hole)
        .find(|hole| matches!(hole.filling, Filling::Raw | Filling::KeepsSlash));
    if let Some(hole) = raw {
        let keeps_slash = hole.filling == Filling::KeepsSlash;
        // Beside other characters a hole may be no hole at all, but the end of a password.
        let alone = password.len() == 1;
        let name = hole.shown_name().filter(|_| alone);
        let raw = RawHole { name, variable: hole.name.clone(), keeps_slash };
        reading.add(Kind::RawHole(raw), Severity::Warning);
    }
}
