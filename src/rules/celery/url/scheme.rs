//! The scheme of a broker URL, and values that should have one.

use crate::model::finding::Severity;
use crate::rules::celery::holes::{Unit, spells};
use crate::rules::celery::transports;

use super::address::Host;
use super::fault::{Kind, Malformed, Role, UrlReading};

/// Where `://` stands behind a scheme.
pub(super) fn scheme_end(value: &[Unit]) -> Option<usize> {
    const LONGEST: usize = 40;
    let is_scheme = |unit: &Unit| match unit {
        Unit::Char(c) => c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.' | '_'),
        Unit::Hole(_) => true,
    };
    let end = value.iter().take(LONGEST).position(|unit| !is_scheme(unit)).filter(|end| *end > 0)?;
    value.get(end..end + 3).filter(|mark| spells(mark, "://")).map(|_| end)
}

/// `u:p@rabbit:5672/vh`, `rabbit:5672`: surely an address with parts, which kombu takes for one long host name. What only
/// has a colon and slashes may be anything: `vault:secret/shop`.
pub(super) fn looks_like_address(segment: &[Unit]) -> bool {
    let first_is_hole = segment.first().is_some_and(|unit| unit.hole().is_some());
    let blank = segment.iter().any(|unit| unit.char().is_some_and(char::is_whitespace));
    !first_is_hole && !blank && (has_login(segment) || Host::shape(segment) == Host::WithPort)
}

fn has_login(segment: &[Unit]) -> bool {
    let Some(at) = segment.iter().rposition(|unit| unit.is('@')) else { return false };
    segment[..at].iter().any(|unit| unit.is(':')) && Host::shape(&segment[at + 1..]) != Host::None
}

/// `rest`: what stands behind `://`.
pub(super) fn read_scheme(scheme: &str, rest: &[Unit], role: Role, reading: &mut UrlReading) {
    let nearest = transports::nearest(scheme);
    // `team-vault://shop/broker` is somebody's reference to a secret.
    let is_address = rest.iter().any(|unit| unit.is('@')) || Host::shape(rest) == Host::WithPort;
    let wrong = match role {
        Role::Broker => nearest.is_some() || transports::is_mistaken(scheme) || is_address,
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
