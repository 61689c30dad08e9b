//! What kombu makes of a broker URL, and where that is not what was meant. Pure: from text to faults.
//!
//! kombu splits fail-over URLs at `;`, reads the transport before `://`, lets `urlparse` cut the rest (the authority ends
//! at the first `/`, `?` or `#`; user and host part at the last `@`; user and password at the first `:`) and unquotes the
//! parts. What the author meant is seen from the other end: from the host behind the last `@`.

mod address;
mod userinfo;

use std::collections::BTreeSet;

use crate::model::finding::Severity;

use super::holes::{Syntax, Unit, units};
use super::transports;

use address::{Host, authority_end, read_address};
use userinfo::{read_userinfo, userinfo_end};

pub(super) use userinfo::escape;

/// What the key says of the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// Celery reads it as `broker_url`.
    Broker,
    /// Celery reads it as `result_backend`, which knows more schemes.
    Backend,
    /// Only its scheme says that it is a broker's address.
    Unknown,
}

/// One thing that is wrong with a URL. Holds nothing of the password but which special characters are in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) kind: Kind,
    pub(super) severity: Severity,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// CEL001
    Unencoded(Userinfo),
    /// CEL002
    Reserved(Userinfo),
    /// CEL004
    RawHole(RawHole),
    /// CEL005
    Artefact(Artefact),
    /// CEL006
    DoubleEncoded,
    /// CEL007
    PasswordAsUser,
    /// CEL008
    Malformed(Malformed),
    /// CEL009
    Vhost(Vhost),
}

impl Kind {
    pub(super) fn code(&self) -> &'static str {
        match self {
            Self::Unencoded(_) => "CEL001",
            Self::Reserved(_) => "CEL002",
            Self::RawHole(_) => "CEL004",
            Self::Artefact(_) => "CEL005",
            Self::DoubleEncoded => "CEL006",
            Self::PasswordAsUser => "CEL007",
            Self::Malformed(_) => "CEL008",
            Self::Vhost(_) => "CEL009",
        }
    }

    /// Keeps the fault and drops what it quotes of the value.
    fn forget_names(&mut self) {
        if let Self::Malformed(Malformed::Query(name)) | Self::Vhost(Vhost::DoubleSlash(name)) = self {
            *name = None;
        }
    }
}

/// User or password hold characters that must be percent-encoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Userinfo {
    /// The characters that the rule is about.
    pub(super) at_fault: BTreeSet<char>,
    /// All characters that the fix encodes.
    pub(super) to_encode: BTreeSet<char>,
    pub(super) in_user: bool,
    pub(super) in_password: bool,
    pub(super) amqp: bool,
    /// A part is percent-encoded here and raw there: nobody can tell which `%` is meant.
    pub(super) mixed: bool,
}

/// A password that comes from a variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RawHole {
    /// The variable's name, where it may be shown.
    pub(super) name: Option<String>,
    /// The same to compare with: it may be a part of the password.
    pub(super) variable: String,
    /// Jinja's `urlencode` leaves `/` as it is.
    pub(super) keeps_slash: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Artefact {
    LeadingSpace,
    TrailingSpace,
    LineEnd,
    Quotes,
    Comment,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Malformed {
    NoScheme,
    Scheme {
        written: String,
        nearest: Option<&'static str>,
    },
    Port,
    PortRange,
    Host,
    /// A key that `kombu.Connection` does not take; its name when it surely is one.
    Query(Option<String>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Vhost {
    /// `//name`; the name when it surely is one.
    DoubleSlash(Option<String>),
    RedisDatabase,
}

/// Everything that was found in one value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Reading {
    /// At most one per rule, in the order of the rules.
    pub(super) faults: Vec<Fault>,
    /// The value with user and password encoded as the author meant them. May hold the password.
    pub(super) fixed: Option<String>,
    /// The password as written, where there is one; of `redis://X@host` the X.
    pub(super) password: Option<String>,
    /// The user name as written, beside a password.
    pub(super) user: Option<String>,
    /// Holes in the password, by [`super::holes::Hole::id`].
    pub(super) password_holes: Vec<usize>,
}

impl Reading {
    pub(super) fn fault(&self, code: &str) -> Option<&Fault> {
        self.faults.iter().find(|fault| fault.kind.code() == code)
    }

    fn add(&mut self, kind: Kind, severity: Severity) {
        if self.fault(kind.code()).is_none() {
            self.faults.push(Fault { kind, severity });
        }
    }
}

/// Reads a value as it reaches whoever fills in its holes.
pub(super) fn read(value: &str, syntax: Syntax, role: Role) -> Reading {
    read_units(&units(value, syntax), role)
}

/// Reads a value whose holes are known already.
pub(super) fn read_units(value: &[Unit], role: Role) -> Reading {
    /// Fail-over lists are short.
    const MOST: usize = 32;
    let mut reading = Reading::default();
    let trimmed = trim(value, &mut reading);
    let mut fixed = Vec::new();
    for (index, segment) in split_fail_over(trimmed).into_iter().take(MOST).enumerate() {
        let role = if index == 0 { role } else { Role::Unknown };
        fixed.push(read_segment(segment, role, &mut reading));
    }
    let repaired = ["CEL001", "CEL002"].iter().any(|code| reading.fault(code).is_some());
    let whole: Option<Vec<String>> = fixed.into_iter().collect();
    reading.fixed = whole.filter(|_| repaired).map(|segments| segments.join(";"));
    reading.faults.sort_by_key(|fault| fault.kind.code());
    let logins = |units: &[Unit]| units.iter().filter(|unit| unit.is('@')).count();
    if logins(value) > logins(trimmed) {
        // What was taken for a comment may be half a password, and so may what stands before it.
        reading.faults.iter_mut().for_each(|fault| fault.kind.forget_names());
    }
    reading
}

/// Takes off what does not belong to the URL: blanks, line ends, quotes, a comment.
fn trim<'a>(value: &'a [Unit], reading: &mut Reading) -> &'a [Unit] {
    let blank = |unit: &Unit| unit.char().is_some_and(|c| c.is_whitespace() || c.is_control());
    let mut rest = value;
    if let Some(end) = comment_start(rest) {
        reading.add(Kind::Artefact(Artefact::Comment), Severity::Error);
        rest = &rest[..end];
    }
    while let [head @ .., last] = rest
        && blank(last)
    {
        let line_end = matches!(last.char(), Some('\r' | '\n'));
        let artefact = if line_end { Artefact::LineEnd } else { Artefact::TrailingSpace };
        reading.add(Kind::Artefact(artefact), Severity::Error);
        rest = head;
    }
    while let [first, tail @ ..] = rest
        && blank(first)
    {
        reading.add(Kind::Artefact(Artefact::LeadingSpace), Severity::Error);
        rest = tail;
    }
    let quoted = |rest: &[Unit], quote: char| rest.len() > 1 && rest[0].is(quote);
    if let Some(quote) = ['"', '\''].into_iter().find(|quote| quoted(rest, *quote)) {
        reading.add(Kind::Artefact(Artefact::Quotes), Severity::Error);
        rest = &rest[1..];
        if let [head @ .., last] = rest
            && last.is(quote)
        {
            rest = head;
        }
    }
    rest
}

/// Where a comment's blanks begin: a blank and `#` behind a complete address.
fn comment_start(value: &[Unit]) -> Option<usize> {
    let blank = |unit: &Unit| unit.is(' ') || unit.is('\t');
    let hash = (1..value.len()).find(|at| value[*at].is('#') && blank(&value[at - 1]))?;
    let start = value[..hash].iter().rposition(|unit| !blank(unit))? + 1;
    let (before, behind) = (&value[..start], &value[hash..]);
    let complete = match before.iter().rposition(|unit| unit.is('@')) {
        Some(at) => Host::shape(&before[at + 1..]) != Host::None,
        // A comment may hold an `@` of its own.
        None => {
            let host = scheme_end(before).map_or(Host::None, |end| Host::shape(&before[end + 3..]));
            !matches!(host, Host::None | Host::Empty) || !behind.iter().any(|unit| unit.is('@'))
        }
    };
    complete.then_some(start)
}

/// kombu splits at every `;`; what the author meant as one password is kept together here.
fn split_fail_over(value: &[Unit]) -> Vec<&[Unit]> {
    let mut segments = Vec::new();
    let mut start = 0;
    for at in (0..value.len()).filter(|at| value[*at].is(';')) {
        let (own, behind) = (&value[start..at], &value[at + 1..]);
        if scheme_end(behind).is_some() || is_complete(own, behind) {
            segments.push(own);
            start = at + 1;
        }
    }
    segments.push(&value[start..]);
    segments
}

/// `scheme://user@host:5672…` is complete: nothing of a password can follow. So is `scheme://user@host`, where another
/// login follows (`guest:guest@other`).
fn is_complete(segment: &[Unit], behind: &[Unit]) -> bool {
    let Some(scheme) = scheme_end(segment) else { return false };
    let rest = &segment[scheme + 3..];
    let authority = &rest[..authority_end(rest)];
    let Some(at) = authority.iter().rposition(|unit| unit.is('@')) else { return false };
    let login_follows = || {
        let login = behind.iter().position(|unit| unit.is('@')).map_or(&behind[..0], |end| &behind[..end]);
        login.iter().any(|unit| unit.is(':'))
    };
    match Host::shape(&rest[at + 1..]) {
        Host::WithPort | Host::WithSlash => true,
        Host::Bare => login_follows(),
        Host::Empty | Host::None => false,
    }
}

/// Where `://` stands behind a scheme.
fn scheme_end(value: &[Unit]) -> Option<usize> {
    const LONGEST: usize = 40;
    let is_scheme = |unit: &Unit| match unit {
        Unit::Char(c) => c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.' | '_'),
        Unit::Hole(_) => true,
    };
    let end = value.iter().take(LONGEST).position(|unit| !is_scheme(unit)).filter(|end| *end > 0)?;
    value.get(end..end + 3).filter(|mark| spells(mark, "://")).map(|_| end)
}

fn spells(units: &[Unit], text: &str) -> bool {
    units.len() == text.chars().count() && units.iter().zip(text.chars()).all(|(unit, c)| unit.is(c))
}

/// Reads one URL; returns it repaired, `None` when that cannot be done by text alone.
fn read_segment(segment: &[Unit], role: Role, reading: &mut Reading) -> Option<String> {
    let Some(scheme_end) = scheme_end(segment) else {
        if role == Role::Broker && looks_like_address(segment) {
            reading.add(Kind::Malformed(Malformed::NoScheme), Severity::Error);
        }
        return Some(text(segment));
    };
    let scheme: String =
        segment[..scheme_end].iter().filter_map(Unit::char).collect::<String>().to_lowercase();
    let (transport, extra) = scheme.split_once('+').map_or((scheme.as_str(), None), |(t, e)| (t, Some(e)));
    let unclear = segment[..scheme_end].iter().any(|unit| unit.hole().is_some()) || transport.contains('.');
    if !unclear && !transports::is_known(transport) {
        read_scheme(transport, role, reading);
        return Some(text(segment));
    }
    if unclear || extra.is_some() || transports::is_verbatim(transport) {
        return Some(text(segment));
    }
    let rest = &segment[scheme_end + 3..];
    let end = userinfo_end(rest);
    let userinfo = end.map_or(&rest[..0], |end| &rest[..end]);
    let repaired = read_userinfo(userinfo, transport, reading);
    let behind = end.map_or(rest, |end| &rest[end + 1..]);
    read_address(behind, transport, role, end.is_some(), reading);
    let prefix = text(&segment[..scheme_end + 3]);
    let address = text(end.map_or(rest, |end| &rest[end..]));
    repaired.map(|userinfo| format!("{prefix}{userinfo}{address}"))
}

/// `u:p@rabbit:5672/vh`: surely an address with parts, which kombu takes for one long host name.
fn looks_like_address(segment: &[Unit]) -> bool {
    let first_is_hole = segment.first().is_some_and(|unit| unit.hole().is_some());
    let has = |c| segment.iter().any(|unit| unit.is(c));
    let blank = segment.iter().any(|unit| unit.char().is_some_and(char::is_whitespace));
    !first_is_hole && !blank && has(':') && (has('@') || has('/') || ends_with_port(segment))
}

fn ends_with_port(segment: &[Unit]) -> bool {
    Host::shape(segment) == Host::WithPort
}

fn read_scheme(scheme: &str, role: Role, reading: &mut Reading) {
    let nearest = transports::nearest(scheme);
    let wrong = match role {
        Role::Broker => true,
        // Backends come from many packages: only a slip of the pen is surely wrong.
        Role::Backend => {
            nearest.is_some() && !matches!(scheme, "db" | "rpc" | "file" | "cache" | "gs" | "s3")
        }
        Role::Unknown => false,
    };
    if wrong {
        let written = scheme.to_owned();
        reading.add(Kind::Malformed(Malformed::Scheme { written, nearest }), Severity::Error);
    }
}

fn text(units: &[Unit]) -> String {
    let mut out = String::new();
    for unit in units {
        match unit {
            Unit::Char(c) => out.push(*c),
            Unit::Hole(hole) => out.push_str(&hole.written),
        }
    }
    out
}

#[cfg(test)]
mod tests;
