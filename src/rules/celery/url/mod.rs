//! What kombu makes of a broker URL, and where that is not what was meant. Pure: from text to faults.
//!
//! kombu splits fail-over URLs at `;`, reads the transport before `://`, lets `urlparse` cut the rest (the authority ends
//! at the first `/`, `?` or `#`; user and host part at the last `@`; user and password at the first `:`) and unquotes the
//! parts. What the author meant is seen from the other end: from the host behind the last `@`.

mod address;
mod fault;
mod scheme;
mod trim;
mod userinfo;

use crate::model::finding::Severity;

use super::holes::{Syntax, Unit, text, units};
use super::transports;

use address::{Host, authority_end, read_address};
use scheme::{looks_like_address, read_scheme, scheme_end};
use trim::trim;
use userinfo::{read_userinfo, userinfo_end};

pub(super) use fault::{Artefact, Kind, Malformed, RawHole, Role, UrlFault, UrlReading, Userinfo, Vhost};
pub(super) use userinfo::escape;

/// Reads a value as it reaches whoever fills in its holes.
pub(super) fn read(value: &str, syntax: Syntax, role: Role) -> UrlReading {
    read_units(&units(value, syntax), role)
}

/// Reads a value whose holes are known already.
pub(super) fn read_units(value: &[Unit], role: Role) -> UrlReading {
    /// Fail-over lists are short.
    const MOST: usize = 32;
    let mut reading = UrlReading::default();
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

/// Reads one URL; returns it repaired, `None` when that cannot be done by text alone.
fn read_segment(segment: &[Unit], role: Role, reading: &mut UrlReading) -> Option<String> {
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

#[cfg(test)]
mod tests;
