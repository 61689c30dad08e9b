//! Several brokers in one value: kombu splits at `;`, takes no blanks off, and knows nothing of commas. What it makes of
//! each is in `tests/data/kombu_urls.json`.

use crate::model::finding::Severity;
use crate::rules::celery::holes::Unit;
use crate::rules::celery::transports;

use super::address::{Host, authority_end};
use super::fault::{Commas, Kind, Malformed, UrlReading, Vhost};
use super::scheme::{looks_like_address, scheme_end};
use super::userinfo::userinfo_end;

/// kombu splits at every `;`; what the author meant as one password is kept together here.
pub(super) fn split_fail_over(value: &[Unit]) -> Vec<&[Unit]> {
    let mut segments = Vec::new();
    let mut start = 0;
    for at in (0..value.len()).filter(|at| value[*at].is(';')) {
        let (own, behind) = (&value[start..at], &value[at + 1..]);
        if scheme_end(without_blanks(behind)).is_some() || is_complete(own, behind) {
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

fn is_blank(unit: &Unit) -> bool {
    unit.char().is_some_and(char::is_whitespace)
}

fn without_blanks(value: &[Unit]) -> &[Unit] {
    &value[value.iter().position(|unit| !is_blank(unit)).unwrap_or(value.len())..]
}

/// The segments without the blanks around `;`, and what kombu makes of those, and of a segment without a scheme.
pub(super) fn trim_segments<'a>(segments: &mut [&'a [Unit]], reading: Option<&mut UrlReading>) {
    let mut found = UrlReading::default();
    let last = segments.len() - 1;
    for (index, segment) in segments.iter_mut().enumerate() {
        let own: &'a [Unit] = without_blanks(segment);
        let end = own.iter().rposition(|unit| !is_blank(unit)).map_or(0, |at| at + 1);
        let (leads, trails) = (own.len() < segment.len(), end < own.len());
        *segment = &own[..end];
        let has_scheme = scheme_end(segment).is_some();
        if index > 0 && !has_scheme && looks_like_address(segment) {
            found.add(Kind::Malformed(Malformed::NoSchemeBehind), Severity::Warning);
        }
        if index > 0 && leads && has_scheme {
            found.add(Kind::Vhost(Vhost::BlankBehind), Severity::Warning);
        }
        if index < last && trails {
            read_blank_end(segment, &mut found);
        }
    }
    if let Some(reading) = reading {
        found.faults.into_iter().for_each(|fault| reading.add(fault.kind, fault.severity));
    }
}

/// A blank between an address and `;`. Behind a Redis database it does nothing: Python reads `0 ` as a number.
fn read_blank_end(segment: &[Unit], reading: &mut UrlReading) {
    let Some((transport, rest)) = transport_of(segment) else { return };
    let behind = userinfo_end(rest, &transport).map_or(rest, |at| &rest[at + 1..]);
    let path = &behind[authority_end(behind)..];
    match path.first() {
        None => {
            let port = Host::shape(behind) == Host::WithPort;
            let severity = if port { Severity::Error } else { Severity::Warning };
            reading.add(Kind::Malformed(Malformed::BlankHost { port }), severity);
        }
        Some(slash) if slash.is('/') && transports::is_amqp(&transport) => {
            let is_path = path.iter().all(|unit| !unit.is('?') && !unit.is('#'));
            if is_path {
                reading.add(Kind::Vhost(Vhost::BlankBefore), Severity::Warning);
            }
        }
        Some(_) => {}
    }
}

fn transport_of(segment: &[Unit]) -> Option<(String, &[Unit])> {
    let end = scheme_end(segment)?;
    let transport: String = segment[..end].iter().filter_map(Unit::char).collect();
    let transport = transport.to_lowercase();
    let is_read = transports::is_known(&transport) && !transports::is_verbatim(&transport);
    is_read.then(|| (transport, &segment[end + 3..]))
}

/// Are several brokers joined by commas? `rest`: what stands behind `://`.
pub(super) fn commas(rest: &[Unit], transport: &str) -> Option<Commas> {
    let mut at_commas = (0..rest.len()).filter(|at| rest[*at].is(','));
    if at_commas.any(|at| scheme_end(without_blanks(&rest[at + 1..])).is_some()) {
        return Some(Commas::Urls);
    }
    let end = userinfo_end(rest, transport);
    if end.is_some_and(|end| joins_logins(&rest[..end])) {
        return Some(Commas::Login);
    }
    let behind = end.map_or(rest, |end| &rest[end + 1..]);
    let hosts = &behind[..authority_end(behind)];
    let comma =
        hosts.iter().rposition(|unit| unit.is(',')).filter(|_| !hosts.iter().any(|unit| unit.is('[')))?;
    let has_port = hosts[..comma].iter().any(|unit| unit.is(':'));
    Some(if has_port { Commas::Port } else { Commas::Host })
}

/// `u:p@h1:5672,u:p` before the last `@`: a host with its port and a comma, or a host and the same user again.
fn joins_logins(userinfo: &[Unit]) -> bool {
    let Some(at) = userinfo.iter().position(|unit| unit.is('@')) else { return false };
    let behind = &userinfo[at + 1..];
    let Some(comma) = behind.iter().position(|unit| unit.is(',')) else { return false };
    match Host::shape(&behind[..comma]) {
        Host::WithPort => true,
        Host::Bare => {
            let user =
                userinfo.iter().position(|unit| unit.is(':')).map_or(&[][..], |colon| &userinfo[..=colon]);
            user.len() > 1 && without_blanks(&behind[comma + 1..]).starts_with(user)
        }
        _ => false,
    }
}
