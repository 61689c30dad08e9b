//! What stands behind the `@`: host, port, path, query.

use crate::model::finding::Severity;
use crate::rules::celery::holes::{Unit, text};
use crate::rules::celery::transports;

use super::fault::{Kind, Malformed, QueryEffect, Role, UrlReading, Vhost};

/// What stands behind an `@`, as far as it looks like a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Host {
    None,
    Empty,
    Bare,
    WithPort,
    WithSlash,
}

impl Host {
    pub(super) fn shape(behind: &[Unit]) -> Self {
        let authority = &behind[..authority_end(behind)];
        let colon = authority.iter().rposition(|unit| unit.is(':'));
        let bracketed = authority.first().is_some_and(|unit| unit.is('['));
        let closed = authority.iter().rposition(|unit| unit.is(']'));
        let colon = colon.filter(|at| !bracketed || closed.is_some_and(|close| close < *at));
        let (host, port) =
            colon.map_or((authority, None), |at| (&authority[..at], Some(&authority[at + 1..])));
        let in_host = |unit: &Unit| match unit {
            Unit::Char(c) => c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'),
            Unit::Hole(_) => true,
        };
        let in_address =
            |unit: &Unit| matches!(unit.char(), Some('[' | ']' | ':' | '.' | '%')) || in_host(unit);
        let is_host = if bracketed { host.iter().all(in_address) } else { host.iter().all(in_host) };
        let is_port = |unit: &Unit| unit.char().is_none_or(|c| c.is_ascii_digit());
        if !is_host || port.is_some_and(|port| port.is_empty() || !port.iter().all(is_port)) {
            return Self::None;
        }
        match (host.is_empty(), port, behind.get(authority.len())) {
            (false, Some(_), _) => Self::WithPort,
            (true, Some(_), _) => Self::None,
            (false, None, Some(next)) if next.is('/') => Self::WithSlash,
            (false, None, _) => Self::Bare,
            (true, None, None) => Self::Empty,
            (true, None, Some(_)) => Self::None,
        }
    }
}

/// The authority ends at the first `/`, `?` or `#`.
pub(super) fn authority_end(rest: &[Unit]) -> usize {
    rest.iter().position(|unit| matches!(unit.char(), Some('/' | '?' | '#'))).unwrap_or(rest.len())
}

pub(super) fn read_address(
    behind: &[Unit],
    transport: &str,
    role: Role,
    has_userinfo: bool,
    reading: &mut UrlReading,
) {
    // A password that breaks the address shifts everything behind it: nothing there is its own fault.
    if reading.fault("CEL001").is_some() {
        return;
    }
    let end = authority_end(behind);
    let (authority, rest) = behind.split_at(end);
    if role != Role::Unknown {
        read_authority(authority, reading);
    }
    // With another `@` further on, what looks like a path or a query may be half a password.
    let has_userinfo = has_userinfo && !rest.iter().any(|unit| unit.is('@'));
    let path_end = rest.iter().position(|unit| matches!(unit.char(), Some('?' | '#'))).unwrap_or(rest.len());
    read_path(&rest[..path_end], transport, role, has_userinfo, reading);
    if role == Role::Broker {
        read_query(&rest[path_end..], transports::is_amqp(transport), has_userinfo, reading);
    }
}

fn read_authority(authority: &[Unit], reading: &mut UrlReading) {
    if authority.iter().any(|unit| unit.hole().is_some()) {
        return;
    }
    let authority = text(authority);
    if authority.contains(['[', ']']) {
        let inner = authority.strip_prefix('[').and_then(|a| a.split_once(']'));
        let is_address = |ip: &str| {
            let ip = ip.split('%').next().unwrap_or(ip);
            ip.parse::<std::net::Ipv6Addr>().is_ok() || ip.starts_with(['v', 'V'])
        };
        if !inner.is_some_and(|(ip, port)| is_address(ip) && (port.is_empty() || port.starts_with(':'))) {
            let closed = authority.contains('[') && authority.contains(']');
            return reading.add(Kind::Malformed(Malformed::Host { closed }), Severity::Error);
        }
    }
    let host_end = authority.rfind(']').unwrap_or(0);
    let Some((_, port)) = authority.get(host_end..).and_then(|a| a.split_once(':')) else { return };
    if port.is_empty() || port.eq_ignore_ascii_case("port") {
        return;
    }
    if !port.bytes().all(|b| b.is_ascii_digit()) {
        reading.add(Kind::Malformed(Malformed::Port), Severity::Error);
    } else if port.parse::<u16>().is_err() {
        reading.add(Kind::Malformed(Malformed::PortRange), Severity::Error);
    }
}

fn read_path(path: &[Unit], transport: &str, role: Role, has_userinfo: bool, reading: &mut UrlReading) {
    if path.iter().any(|unit| unit.hole().is_some()) {
        return;
    }
    let path = text(path);
    if transports::is_amqp(transport)
        && let Some(name) = path.strip_prefix("//").filter(|name| !name.is_empty())
    {
        // Without an `@` before it, what looks like a vhost may be half a password.
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        let shown = (has_userinfo && name.len() <= 64 && name.chars().all(plain)).then(|| name.to_owned());
        reading.add(Kind::Vhost(Vhost::DoubleSlash(shown)), Severity::Warning);
    }
    if transports::is_redis(transport) && role != Role::Unknown {
        let database = path.trim_start_matches('/');
        let number = database.bytes().all(|b| b.is_ascii_digit());
        if !number && !database.contains('%') && !is_word_for_number(database) {
            reading.add(Kind::Vhost(Vhost::RedisDatabase), Severity::Error);
        }
    }
}

/// `redis://host:port/db` in an explanation.
fn is_word_for_number(database: &str) -> bool {
    ["db", "database", "db_number", "virtual_host", "vhost", "n"]
        .iter()
        .any(|word| database.eq_ignore_ascii_case(word))
}

/// The query becomes keyword arguments, whatever the transport is: `parse_url` and `Connection._init_params` of kombu.
fn read_query(rest: &[Unit], amqp: bool, has_userinfo: bool, reading: &mut UrlReading) {
    /// Keyword arguments of `kombu.Connection` that a query may give.
    const KNOWN: [&str; 6] =
        ["insist", "ssl", "connect_timeout", "login_method", "heartbeat", "credential_provider"];
    /// Those that the address gives already.
    const TAKEN: [&str; 6] = ["hostname", "password", "port", "transport", "userid", "virtual_host"];
    if rest.iter().any(|unit| unit.hole().is_some()) {
        return;
    }
    let rest = text(rest);
    let Some(query) = rest.strip_prefix('?') else { return };
    let query = query.split('#').next().unwrap_or(query);
    let pairs = query.split('&').map(|pair| pair.split_once('=').ok_or(pair));
    let wrong = pairs.filter_map(|pair| match pair {
        // `parse_qsl` drops a key without a value.
        Ok((_, "")) => None,
        Ok((key, _)) if KNOWN.contains(&key) || key.starts_with("ssl_") => None,
        Ok((key, _)) if TAKEN.contains(&key) => Some((key, QueryEffect::Taken)),
        Ok((key, _)) => Some((key, QueryEffect::Unknown)),
        Err(key) => (amqp && !key.is_empty()).then_some((key, QueryEffect::Dropped)),
    });
    let first = wrong.min_by_key(|(_, effect)| *effect == QueryEffect::Dropped);
    if let Some((key, effect)) = first {
        // Without an `@` before it, what looks like a key may be half a password.
        let plain =
            has_userinfo && key.len() <= 40 && key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        let name = plain.then(|| key.to_owned());
        reading.add(Kind::Malformed(Malformed::Query { name, effect, amqp }), Severity::Error);
    }
}
