//! What stands where a secret will be, and what is no secret at all.

use super::url::{Password, url_password};
use super::{is_sensitive, unquoted};

/// The placeholder test: this value is no secret.
pub fn is_placeholder(key: &str, value: &str) -> bool {
    let value = unquoted(value.trim());
    if value.is_empty() || value.eq_ignore_ascii_case(key) || key.to_ascii_uppercase().ends_with("_FILE") {
        return true;
    }
    if let Some(password) = url_password(value) {
        return password_is_placeholder(key, &password);
    }
    names_its_key(key, value) || is_settled(key, value) || is_reference(key, value)
}

/// `!!!SET POSTGRES_PASSWORD!!!`, `the-mail-token`
fn names_its_key(key: &str, value: &str) -> bool {
    let squeezed = |text: &str| squeezed(&text.to_ascii_lowercase());
    key.len() >= 8 && !value.contains(['$', '=']) && squeezed(value).contains(&squeezed(key))
}

/// Says so itself, without a reference to elsewhere.
fn is_settled(key: &str, value: &str) -> bool {
    is_filler(value) || says_placeholder(value) || is_harmless(key, value)
}

/// Words with which people mark a value that is to be filled in.
pub(super) const SAYS: [&str; 20] = [
    "replace",
    "your-",
    "your_",
    "your ",
    "example",
    "placeholder",
    "dummy",
    "sample",
    "fake",
    "test",
    "todo",
    "fixme",
    "xxx",
    "insecure",
    "redacted",
    "insert-",
    "insert_",
    "insert ",
    "goes-here",
    "goes_here",
];

pub(super) fn says_placeholder(value: &str) -> bool {
    let lower = value.to_ascii_lowercase();
    let squeezed = squeezed(&lower);
    SAYS.iter().any(|word| lower.contains(word))
        || says_change_me(&lower)
        || squeezed.ends_with("secretkey")
        || squeezed.ends_with("password")
        || lower.find('<').is_some_and(|at| lower.get(at..).is_some_and(|rest| rest.contains('>')))
}

pub(super) fn says_change_me(lower: &str) -> bool {
    let squeezed = squeezed(lower);
    ["changeme", "changeit", "changethis", "notasecret", "setme", "fillme"]
        .iter()
        .any(|s| squeezed.contains(s))
}

fn squeezed(lower: &str) -> String {
    lower.chars().filter(|c| !matches!(c, '-' | '_' | ' ' | '.')).collect()
}

/// Nothing but one repeated filler character, dots and dashes.
pub(super) fn is_filler(value: &str) -> bool {
    let mut left = value.chars().filter(|c| !matches!(c, '-' | '_' | '.' | ' ' | '…' | ':' | '/' | '@'));
    let first = left.next();
    left.all(|c| Some(c) == first) && first.is_none_or(|c| !c.is_ascii_digit() || value.len() > 1)
}

/// `${…}`, `$VAR`, `{{…}}`, `%(…)s`, `$(…)`, `env(…)`: the value comes from elsewhere.
fn is_reference(key: &str, value: &str) -> bool {
    let name = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let whole = |open: &str, close: &str| {
        value.strip_prefix(open).and_then(|v| v.strip_suffix(close)).filter(|inner| !inner.contains(open))
    };
    if value.strip_prefix('$').is_some_and(name) || whole("`", "`").is_some() || whole("$(", ")").is_some() {
        return true;
    }
    if whole("env(", ")").is_some() || whole("[", "]").is_some_and(name) || whole("{", "}").is_some_and(name)
    {
        return true;
    }
    if whole("__", "__").or_else(|| whole("@", "@")).or_else(|| whole("%", "%")).is_some_and(name) {
        return true;
    }
    // The default inside `${NAME:-default}` is a value like any other.
    if let Some(inner) = whole("${", "}") {
        return inner.split_once(":-").is_none_or(|(_, default)| is_placeholder(key, default));
    }
    let holes = [("${", "}"), ("{{", "}}"), ("{%", "%}"), ("%(", ")s"), ("<%", "%>")];
    holes
        .iter()
        .any(|(open, close)| without_holes(value, open, close).is_some_and(|rest| is_settled(key, &rest)))
}

/// The value with every `open…close` taken out; `None` when it has none.
fn without_holes(value: &str, open: &str, close: &str) -> Option<String> {
    let (mut rest, mut out, mut any) = (value, String::new(), false);
    while let Some((before, after)) = rest.split_once(open) {
        let Some((_, behind)) = after.split_once(close) else { break };
        out.push_str(before);
        (rest, any) = (behind, true);
    }
    out.push_str(rest);
    any.then_some(out)
}

/// Accounts and settings that are no secret in any case.
fn is_common(value: &str) -> bool {
    const WORDS: [&str; 37] = [
        "admin",
        "guest",
        "postgres",
        "root",
        "user",
        "password",
        "secret",
        "django",
        "true",
        "false",
        "yes",
        "no",
        "on",
        "off",
        "none",
        "null",
        "nil",
        "undefined",
        "localhost",
        "debug",
        "info",
        "warning",
        "warn",
        "error",
        "critical",
        "development",
        "dev",
        "local",
        "production",
        "prod",
        "staging",
        "utf-8",
        "utf8",
        "utc",
        "n/a",
        "tbd",
        "pass",
    ];
    WORDS.iter().any(|word| value.eq_ignore_ascii_case(word))
}

/// Booleans, numbers, hosts, paths, plain settings; lists of them.
fn is_harmless(key: &str, value: &str) -> bool {
    let plain = |value: &str| {
        is_common(value)
            || is_number(value)
            || is_host(key, value)
            || is_path(key, value)
            || is_paths_of_shell(key, value)
            || is_example_mail(value)
            || is_plain_url(value)
            || is_variable_name(value)
    };
    plain(value)
        || (value.contains(',') && value.split(',').all(|part| part.trim().is_empty() || plain(part.trim())))
}

/// `42`, `0.5`, `-1`, `30s`, `10MB`, `127.0.0.1:80`, `2024-01-31`
fn is_number(value: &str) -> bool {
    let digits = value.trim_start_matches(['-', '+']).trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = value.len() - value.trim_end_matches(|c: char| c.is_ascii_alphabetic()).len();
    !digits.is_empty()
        && unit <= 3
        && digits.starts_with(|c: char| c.is_ascii_digit() || c == '.')
        && digits.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'_' | b':' | b'-' | b'/'))
}

/// `db.internal:5432`, `*.example.org`, `config.settings.local`; a single label only where the key says so.
fn is_host(key: &str, value: &str) -> bool {
    let (name, port) = value.rsplit_once(':').map_or((value, "0"), |(name, port)| (name, port));
    let name = name.trim_start_matches("*.").trim_start_matches('.');
    let key = key.to_ascii_uppercase();
    let expects_host = ["HOST", "SERVER", "DOMAIN", "ADDR"].iter().any(|word| key.contains(word));
    let port_is_one = !port.is_empty() && port.len() <= 5 && port.bytes().all(|b| b.is_ascii_digit());
    let enough = name.contains('.')
        || (expects_host && !is_sensitive(&key))
        || (port != "0" && port_is_one && !is_sensitive(&key));
    value == "*" || (enough && port_is_one && name.split('.').all(is_label))
}

/// A part of a name that a person chose: not a stretch of random characters.
pub(super) fn is_label(label: &str) -> bool {
    let (upper, lower, digit) = (
        label.bytes().any(|b| b.is_ascii_uppercase()),
        label.bytes().any(|b| b.is_ascii_lowercase()),
        label.bytes().any(|b| b.is_ascii_digit()),
    );
    let random =
        label.len() >= 12 && upper && lower && digit || label.len() >= 20 && digit && (upper || lower);
    !label.is_empty()
        && label.len() <= 63
        && label.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
        && !random
}

/// `/run/secrets/x`, `./data`, `C:\data`; without such a start only `Europe/Berlin` and the like.
fn is_path(key: &str, value: &str) -> bool {
    let drive = value.get(1..3).is_some_and(|s| s == ":\\" || s == ":/");
    let value = value.trim_end_matches('/');
    let rooted =
        ["/", "./", "../", "~/"].iter().any(|start| value.starts_with(start)) || drive || value.is_empty();
    let calm = value.split(['/', '\\']).all(|part| {
        let part = part.trim_end_matches(':');
        part.is_empty()
            || part.split(['.', '@', '~', ' ', '+', '{', '}']).all(|p| p.is_empty() || is_label(p))
    });
    calm && (rooted || (value.contains('/') && !is_sensitive(key)))
}

/// `$PWD/src`, `$(pwd)/bin:$PATH`, and under the name of a path `.venv`: what a folder's own set-up holds.
fn is_paths_of_shell(key: &str, value: &str) -> bool {
    const FOLDERS: [&str; 5] = ["PATH", "_DIR", "_HOME", "_ROOT", "VIRTUAL_ENV"];
    let names_folder = FOLDERS.iter().any(|end| key.to_ascii_uppercase().ends_with(end));
    let is_calm = |path: &str| path.split(['/', '.']).all(|part| part.is_empty() || is_label(part));
    let below = |part: &str| match part.strip_prefix("$(pwd)").or_else(|| behind_variable(part)) {
        Some(rest) => (rest.is_empty() || rest.starts_with('/')) && is_calm(rest),
        None => is_path(key, part) || (names_folder && is_calm(part)),
    };
    !is_sensitive(key) && value.split(':').all(below)
}

/// What follows `$NAME` or `${NAME}`.
fn behind_variable(text: &str) -> Option<&str> {
    let after = text.strip_prefix('$')?;
    let braced = after.strip_prefix('{');
    let name = braced.unwrap_or(after);
    let end = name.find(|c: char| !c.is_ascii_uppercase() && c != '_').unwrap_or(name.len());
    let rest = name.get(end..).filter(|_| end > 0)?;
    if braced.is_some() { rest.strip_prefix('}') } else { Some(rest) }
}

fn is_example_mail(value: &str) -> bool {
    let host = value.split_once('@').map_or("", |(_, host)| host).trim_end_matches('>');
    host.starts_with("example.") || host == "localhost"
}

/// A URL without user information, and without a long query.
fn is_plain_url(value: &str) -> bool {
    let Some((scheme, rest)) = value.split_once("://") else { return false };
    let is_scheme = !scheme.is_empty()
        && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'));
    let calm = rest
        .split(['/', '?', '&', '=', '.', ':', '#', ',', '@', '*', '%', '~', '+'])
        .all(|p| p.is_empty() || is_label(p));
    is_scheme && calm
}

/// `MY_API_KEY_NAME`: the name of a variable where its value should stand (gitleaks #1857).
fn is_variable_name(value: &str) -> bool {
    value.contains('_')
        && value.starts_with(|c: char| c.is_ascii_uppercase())
        && value.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
        && value.bytes().filter(u8::is_ascii_digit).count() <= 2
}

/// Where only a password can stand nothing is a host, a path or a number.
fn password_is_placeholder(key: &str, password: &Password) -> bool {
    let text = password.text.as_str();
    text.is_empty()
        || text.eq_ignore_ascii_case(&password.user)
        || is_filler(text)
        || says_placeholder(text)
        || is_common(text)
        || is_variable_name(text)
        || is_reference(key, text)
}
