//! What kombu makes of a broker URL, and where that is not what was meant. Pure: from text to faults.
//!
//! kombu splits fail-over URLs at `;`, reads the transport before `://`, lets `urlparse` cut the rest (the authority ends
//! at the first `/`, `?` or `#`; user and host part at the last `@`; user and password at the first `:`) and unquotes the
//! parts. What the author meant is seen from the other end: from the host behind the last `@`.

mod address;
mod fault;
mod lists;
mod reference;
mod scheme;
mod trim;
mod userinfo;

use crate::model::finding::Severity;

use super::holes::{Filling, Syntax, Unit, units, written};
use super::transports;

use address::read_address;
use lists::{commas, split_fail_over, trim_segments};
use reference::is_reference;
use scheme::{looks_like_address, read_scheme, scheme_end};
use trim::trim;
use userinfo::{read_userinfo, userinfo_end};

pub(super) use fault::{
    Artefact, Commas, Kind, Malformed, QueryEffect, RawHole, Role, UrlFault, UrlReading, Userinfo, Vhost,
};
pub(super) use userinfo::escape;

/// Reads a value as it reaches whoever fills in its holes.
pub(super) fn read(value: &str, syntax: Syntax, role: Role) -> UrlReading {
    read_units(&units(value, syntax), syntax, role)
}

/// Reads a value whose holes are known already.
pub(super) fn read_units(value: &[Unit], syntax: Syntax, role: Role) -> UrlReading {
    /// Fail-over lists are short.
    const MOST: usize = 32;
    let mut reading = UrlReading::default();
    let trimmed = trim(value, &mut reading);
    if is_reference(trimmed) {
        return UrlReading::default();
    }
    let mut segments = split_fail_over(trimmed);
    segments.truncate(MOST);
    trim_segments(&mut segments, (role == Role::Broker).then_some(&mut reading));
    let mut fixed = Vec::new();
    for (index, segment) in segments.into_iter().enumerate() {
        let role = if index == 0 { role } else { Role::Unknown };
        fixed.push(read_segment(segment, syntax, role, &mut reading));
    }
    let repaired = ["CEL001", "CEL002"].iter().any(|code| reading.fault(code).is_some());
    let whole: Option<Vec<String>> = fixed.into_iter().collect();
    reading.fixed = whole.filter(|_| repaired).map(|segments| segments.join(";"));
    let is_eaten = |unit: &Unit| unit.hole().is_some_and(|hole| hole.filling == Filling::Eaten);
    if trimmed.iter().any(is_eaten) && reading.fault("CEL001").is_none() {
        reading.fixed = None;
        reading.faults.retain(|fault| fault.kind.code() != "CEL002");
        reading.add(Kind::EatenPercent, Severity::Error);
    }
    reading.faults.sort_by_key(|fault| fault.kind.code());
    let logins = |units: &[Unit]| units.iter().filter(|unit| unit.is('@')).count();
    if logins(value) > logins(trimmed) {
        // What was taken for a comment may be half a password, and so may what stands before it.
        reading.faults.iter_mut().for_each(|fault| fault.kind.forget_names());
    }
    reading
}

/// Reads one URL; returns it repaired, `None` when that cannot be done by text alone.
fn read_segment(segment: &[Unit], syntax: Syntax, role: Role, reading: &mut UrlReading) -> Option<String> {
    let Some(scheme_end) = scheme_end(segment) else {
        if role == Role::Broker && looks_like_address(segment) {
            reading.add(Kind::Malformed(Malformed::NoScheme), Severity::Error);
        }
        return Some(written(segment, syntax));
    };
    let scheme: String =
        segment[..scheme_end].iter().filter_map(Unit::char).collect::<String>().to_lowercase();
    let (transport, extra) = scheme.split_once('+').map_or((scheme.as_str(), None), |(t, e)| (t, Some(e)));
    let unclear = segment[..scheme_end].iter().any(|unit| unit.hole().is_some()) || transport.contains('.');
    if !unclear && !transports::is_known(transport) {
        read_scheme(transport, &segment[scheme_end + 3..], role, reading);
        return Some(written(segment, syntax));
    }
    if unclear || extra.is_some() || transports::is_verbatim(transport) {
        return Some(written(segment, syntax));
    }
    let rest = &segment[scheme_end + 3..];
    let commas = commas(rest, transport).filter(|commas| role == Role::Broker || commas.hides_login());
    if let Some(commas) = commas {
        if role != Role::Unknown {
            reading.add(Kind::Malformed(Malformed::Commas(commas)), Severity::Error);
        }
        return Some(written(segment, syntax));
    }
    let end = userinfo_end(rest, transport);
    let userinfo = end.map_or(&rest[..0], |end| &rest[..end]);
    let repaired = read_userinfo(userinfo, syntax, transport, reading);
    let behind = end.map_or(rest, |end| &rest[end + 1..]);
    read_address(behind, transport, role, end.is_some(), reading);
    let prefix = written(&segment[..scheme_end + 3], syntax);
    let address = written(end.map_or(rest, |end| &rest[end..]), syntax);
    repaired.map(|userinfo| format!("{prefix}{userinfo}{address}"))
}

#[cfg(test)]
mod tests;
