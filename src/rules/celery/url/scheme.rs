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

/// `u:p@rabbit:5672/vh`: surely an address with parts, which kombu takes for one long host name.
pub(super) fn looks_like_address(segment: &[Unit]) -> bool {
    let first_is_hole = segment.first().is_some_and(|unit| unit.hole().is_some());
    let has = |c| segment.iter().any(|unit| unit.is(c));
    let blank = segment.iter().any(|unit| unit.char().is_some_and(char::is_whitespace));
    !first_is_hole && !blank && has(':') && (has('@') || has('/') || ends_with_port(segment))
}

fn ends_with_port(segment: &[Unit]) -> bool {
    Host::shape(segment) == Host::WithPort
}

pub(super) fn read_scheme(scheme: &str, role: Role, reading: &mut UrlReading) {
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
