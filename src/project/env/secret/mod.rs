//! Is a value a secret, or does it only stand where one will be? Pure text, by key and value; names of kinds only go
//! out of here, never values.

mod placeholder;
mod provider;
mod stand_in;
mod url;

pub use placeholder::is_placeholder;
use placeholder::{is_filler, is_label, says_placeholder};
use provider::{by_form, provider};
pub use stand_in::{is_stand_in, may_hold_login};
use url::url_password;

/// How sure we are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Strength {
    /// Real, but made for development or for the public: `django-insecure-…`, the public half of a Sentry DSN.
    Development,
    /// By key name and randomness.
    Likely,
    /// By a provider's own form.
    Certain,
}

/// What a value looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kind {
    /// Fits behind "looks like": `an AWS key`.
    pub what: &'static str,
    pub strength: Strength,
}

impl Kind {
    /// Would a stranger be able to use it? Development keys are no reason to say that a value looks real.
    pub fn looks_real(self) -> bool {
        self.strength != Strength::Development
    }

    const fn certain(what: &'static str) -> Self {
        Self { what, strength: Strength::Certain }
    }

    const fn likely(what: &'static str) -> Self {
        Self { what, strength: Strength::Likely }
    }

    const fn development(what: &'static str) -> Self {
        Self { what, strength: Strength::Development }
    }
}

/// Does the key's name say that its value is secret?
pub fn is_sensitive(key: &str) -> bool {
    const NAMES: [&str; 12] = [
        "SECRET",
        "PASSWORD",
        "PASSWD",
        "PASSPHRASE",
        "TOKEN",
        "APIKEY",
        "API_KEY",
        "ACCESS_KEY",
        "PRIVATE",
        "CREDENTIAL",
        "ENCRYPTION_KEY",
        "DSN",
    ];
    // What a key with such a name says about a secret, without being one.
    const ABOUT: [&str; 40] = [
        "_FILE",
        "_PATH",
        "_DIR",
        "_NAME",
        "_NAMES",
        "_ID",
        "_URL",
        "_URI",
        "_HOST",
        "_PORT",
        "_HEADER",
        "_TYPE",
        "_PREFIX",
        "_ALGORITHM",
        "_ALG",
        "_BACKEND",
        "_CLASS",
        "_HASHER",
        "_HASHERS",
        "_VALIDATORS",
        "_VALIDATOR",
        "_TTL",
        "_TIMEOUT",
        "_LIFETIME",
        "_EXPIRY",
        "_EXPIRES",
        "_EXPIRATION",
        "_DAYS",
        "_HOURS",
        "_MINUTES",
        "_SECONDS",
        "_LENGTH",
        "_LEN",
        "_ENABLED",
        "_POLICY",
        "_ISSUER",
        "_AUDIENCE",
        "_SCOPES",
        "_PROJECT",
        "_REGION",
    ];
    let key = key.to_ascii_uppercase().replace(['-', '.'], "_");
    NAMES.iter().any(|name| key.contains(name))
        && !ABOUT.iter().any(|about| key.ends_with(about) && !key.ends_with("_SECRET_ID"))
        && !["PUBLIC", "PUBLISHABLE"].iter().any(|open| key.contains(open))
}

/// May this key be named? What stands left of a `=` may also be a stretch of a key that was pasted over several lines.
pub fn is_nameable(key: &str) -> bool {
    let calm =
        |part: &str| part.len() <= 24 && is_written_as_word(part) && (part.is_empty() || is_label(part));
    let begins = key.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    begins && key.len() <= 80 && key.split(['_', '.', '-']).all(calm) && provider("", key).is_none()
}

/// `KEY`, `key`, `S3`, `I18N`, `camelCaseKey`: of one case with few digits, or words without any.
fn is_written_as_word(part: &str) -> bool {
    let bytes = part.as_bytes();
    let switches = bytes.windows(2).filter(|w| w[0].is_ascii_digit() != w[1].is_ascii_digit()).count();
    let no = |is: fn(&u8) -> bool| !bytes.iter().any(is);
    if no(u8::is_ascii_lowercase) || no(u8::is_ascii_uppercase) {
        return switches <= 2;
    }
    let begins = |at: usize| at == 0 || bytes.get(at).is_some_and(u8::is_ascii_uppercase);
    let mut starts = (0..bytes.len()).filter(|at| begins(*at)).chain([bytes.len()]).peekable();
    let mut words = std::iter::from_fn(|| Some((starts.next()?, *starts.peek()?)));
    no(u8::is_ascii_digit) && words.all(|(from, to)| to - from >= 3)
}

/// The real-secret test.
pub fn classify(key: &str, value: &str) -> Option<Kind> {
    let value = unquoted(value.trim());
    if value.is_empty() {
        return None;
    }
    if let Some(rest) = strip_prefix_ignoring_case(value, "django-insecure-") {
        return (!is_filler(rest) && !says_placeholder(rest))
            .then_some(Kind::development("a development `SECRET_KEY`"));
    }
    if let Some(kind) = provider(key, value) {
        return Some(kind);
    }
    if is_placeholder(key, value) {
        return None;
    }
    if let Some(password) = url_password(value) {
        return is_strong(&password.text).then_some(Kind::likely("a password in a URL"));
    }
    let random = is_sensitive(key) && is_strong(value) && !value.contains(char::is_whitespace);
    (random && !is_words(value) && !is_counted(&value.to_ascii_lowercase())).then(|| by_name(key))
}

/// A provider's own form of a key, whatever the value is called.
pub fn of_provider(value: &str) -> Option<Kind> {
    by_form(value).filter(|kind| kind.strength == Strength::Certain)
}

fn by_name(key: &str) -> Kind {
    let key = key.to_ascii_uppercase();
    let names = [
        ("PASSPHRASE", "a passphrase"),
        ("PASS", "a password"),
        ("TOKEN", "a token"),
        ("API", "an API key"),
        ("PRIVATE", "a private key"),
        ("ENCRYPTION", "an encryption key"),
        ("CREDENTIAL", "a credential"),
    ];
    Kind::likely(names.iter().find(|(name, _)| key.contains(name)).map_or("a secret", |(_, what)| what))
}

/// At least 8 characters of 3 classes, or 3.5 bits a character.
fn is_strong(value: &str) -> bool {
    value.chars().count() >= 8 && (classes(value) >= 3 || entropy(value) >= 3.5)
}

fn classes(value: &str) -> usize {
    let tests: [fn(char) -> bool; 4] =
        [|c| c.is_lowercase(), |c| c.is_uppercase(), |c| c.is_numeric(), |c| !c.is_alphanumeric()];
    tests.iter().filter(|test| value.chars().any(test)).count()
}

/// Shannon entropy in bits a character.
fn entropy(value: &str) -> f64 {
    let mut counts = std::collections::BTreeMap::<char, u32>::new();
    value.chars().for_each(|c| *counts.entry(c).or_default() += 1);
    let total = f64::from(counts.values().sum::<u32>());
    counts.values().map(|n| f64::from(*n) / total).map(|p| -p * p.log2()).sum()
}

/// `1234567890`: counted up on a keyboard.
fn is_counted(lower: &str) -> bool {
    ["12345678", "23456789", "0123456", "abcdefgh", "abcdef01"].iter().any(|s| lower.contains(s))
}

/// `my-very-long-development-token`: words that describe what should stand here.
fn is_words(value: &str) -> bool {
    const OF_PLACEHOLDERS: [&str; 19] = [
        "my",
        "secret",
        "key",
        "token",
        "password",
        "super",
        "some",
        "this",
        "random",
        "string",
        "value",
        "here",
        "default",
        "dev",
        "development",
        "local",
        "long",
        "strong",
        "very",
    ];
    let words: Vec<&str> = value.split(['-', '_', '.', ' ']).collect();
    words.len() >= 2
        && words.iter().all(|w| !w.is_empty() && w.len() <= 15 && w.bytes().all(|b| b.is_ascii_alphabetic()))
        && words.iter().any(|w| OF_PLACEHOLDERS.iter().any(|p| w.eq_ignore_ascii_case(p)))
}

fn unquoted(value: &str) -> &str {
    let inner = |quote: char| value.strip_prefix(quote).and_then(|v| v.strip_suffix(quote));
    inner('"').or_else(|| inner('\'')).map_or(value, str::trim)
}

fn strip_prefix_ignoring_case<'a>(value: &'a str, prefix: &str) -> Option<&'a str> {
    let head = value.get(..prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then(|| value.get(prefix.len()..)).flatten()
}

#[cfg(test)]
mod tests;
