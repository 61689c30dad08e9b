//! Is a value a secret, or does it only stand where one will be? Pure text, by key and value; names of kinds only go
//! out of here, never values.

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
    const ABOUT: [&str; 38] = [
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
    ];
    let key = key.to_ascii_uppercase().replace(['-', '.'], "_");
    NAMES.iter().any(|name| key.contains(name))
        && !ABOUT.iter().any(|about| key.ends_with(about) && !key.ends_with("_SECRET_ID"))
        && !["PUBLIC", "PUBLISHABLE"].iter().any(|open| key.contains(open))
}

/// The placeholder test: this value is no secret.
pub fn is_placeholder(key: &str, value: &str) -> bool {
    let value = unquoted(value.trim());
    if value.is_empty() || value.eq_ignore_ascii_case(key) || key.to_ascii_uppercase().ends_with("_FILE") {
        return true;
    }
    if let Some(password) = url_password(value) {
        return password_is_placeholder(key, &password);
    }
    is_filler(value) || says_placeholder(value) || is_reference(key, value) || is_harmless(key, value)
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
    (random && !is_words(value)).then(|| by_name(key))
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

// -- providers' own forms

/// Prefix, least and greatest length of what follows, its alphabet, kind.
type Form = (&'static str, usize, usize, fn(u8) -> bool, &'static str);

fn alphanumeric(b: u8) -> bool {
    b.is_ascii_alphanumeric()
}

fn url_safe(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-')
}

fn upper(b: u8) -> bool {
    b.is_ascii_uppercase() || b.is_ascii_digit()
}

const FORMS: [Form; 24] = [
    ("AKIA", 16, 16, upper, "an AWS key"),
    ("ASIA", 16, 16, upper, "an AWS key"),
    ("ghp_", 36, 255, alphanumeric, "a GitHub token"),
    ("gho_", 36, 255, alphanumeric, "a GitHub token"),
    ("ghu_", 36, 255, alphanumeric, "a GitHub token"),
    ("ghs_", 36, 255, alphanumeric, "a GitHub token"),
    ("ghr_", 36, 255, alphanumeric, "a GitHub token"),
    ("github_pat_", 22, 255, url_safe, "a GitHub token"),
    ("glpat-", 20, 255, url_safe, "a GitLab token"),
    ("xoxb-", 20, 255, url_safe, "a Slack token"),
    ("xoxp-", 20, 255, url_safe, "a Slack token"),
    ("xoxa-", 20, 255, url_safe, "a Slack token"),
    ("xoxr-", 20, 255, url_safe, "a Slack token"),
    ("xoxs-", 20, 255, url_safe, "a Slack token"),
    ("xapp-", 20, 255, url_safe, "a Slack token"),
    ("sk_live_", 16, 255, alphanumeric, "a Stripe live key"),
    ("rk_live_", 16, 255, alphanumeric, "a Stripe live key"),
    ("whsec_", 24, 255, alphanumeric, "a webhook signing secret"),
    ("sk-", 20, 255, url_safe, "an OpenAI key"),
    ("AIza", 35, 35, url_safe, "a Google API key"),
    ("hf_", 30, 60, alphanumeric, "a Hugging Face token"),
    ("npm_", 36, 36, alphanumeric, "an npm token"),
    ("pypi-", 60, 255, url_safe, "a PyPI token"),
    ("dop_v1_", 64, 64, alphanumeric, "a DigitalOcean token"),
];

fn provider(key: &str, value: &str) -> Option<Kind> {
    if value.contains("-----BEGIN") {
        let is_private = value.contains("PRIVATE KEY-----") || value.contains("PRIVATE KEY BLOCK-----");
        let body = value.split("-----").nth(2).unwrap_or("");
        let real = body.bytes().filter(|b| b.is_ascii_alphanumeric()).count() >= 32 && !is_made_up(body);
        return (is_private && real).then_some(Kind::certain("a private key"));
    }
    if let Some(kind) = sentry_dsn(value) {
        return Some(kind);
    }
    let words =
        value.split(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | ',' | ';' | '=' | '(' | ')'));
    let token = words.clone().find_map(|word| {
        FORMS.iter().find_map(|(prefix, least, most, alphabet, what)| {
            let rest = word.strip_prefix(prefix)?;
            let fits = (*least..=*most).contains(&rest.len()) && rest.bytes().all(alphabet);
            (fits && !is_made_up(rest) && !(*prefix == "sk-" && is_words(rest)))
                .then_some(Kind::certain(what))
        })
    });
    token.or_else(|| words.clone().find_map(jwt)).or_else(|| fernet(key, value))
}

/// Three dotted parts, the first two JSON in base64.
fn jwt(word: &str) -> Option<Kind> {
    let mut parts = word.split('.');
    let (head, body, signature) = (parts.next()?, parts.next()?, parts.next()?);
    let is_json = |part: &str| part.starts_with("eyJ") && part.len() >= 12 && part.bytes().all(url_safe);
    let signed = signature.len() >= 16 && signature.bytes().all(url_safe) && !is_made_up(signature);
    (parts.next().is_none() && is_json(head) && is_json(body) && signed).then_some(Kind::certain("a JWT"))
}

/// `https://<public>[:<secret>]@host/project`: without its secret half it is made to be seen.
fn sentry_dsn(value: &str) -> Option<Kind> {
    let (scheme, rest) = value.split_once("://")?;
    let (keys, host) = rest.split_once('@')?;
    let (public, secret) = keys.split_once(':').map_or((keys, None), |(p, s)| (p, Some(s)));
    let is_key = |k: &str| k.len() == 32 && k.bytes().all(|b| b.is_ascii_hexdigit()) && !is_made_up(k);
    let is_project =
        host.rsplit('/').next().is_some_and(|p| !p.is_empty() && p.bytes().all(|b| b.is_ascii_digit()));
    if !matches!(scheme, "http" | "https") || !is_key(public) || !is_project {
        return None;
    }
    match secret {
        Some(secret) => is_key(secret).then_some(Kind::certain("a Sentry DSN with its secret key")),
        None => Some(Kind::development("a Sentry DSN with its public key")),
    }
}

/// 32 bytes in URL-safe base64, under a key that does not say it is a hash or public.
fn fernet(key: &str, value: &str) -> Option<Kind> {
    /// The one in Fernet's specification, copied into many a tutorial.
    const OF_THE_DOCS: &str = "cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4=";
    let body = value.strip_suffix('=')?;
    let key = key.to_ascii_uppercase();
    let other = ["HASH", "DIGEST", "CHECKSUM", "SHA", "PUBLIC"].iter().any(|name| key.contains(name));
    let random = body.len() == 43 && body.bytes().all(url_safe) && !is_made_up(body) && classes(body) >= 3;
    // The last of 43 characters carries four bits only.
    let whole = body.ends_with(|c| "AEIMQUYcgkosw048".contains(c));
    (random && whole && !other && value != OF_THE_DOCS).then_some(Kind::certain("a Fernet key"))
}

/// A token's body that a person typed: `xxxx…`, `1234567890`, `your_token_here`.
fn is_made_up(body: &str) -> bool {
    let lower = body.to_ascii_lowercase();
    let mut distinct: Vec<u8> = lower.bytes().collect();
    distinct.sort_unstable();
    distinct.dedup();
    let run = body.as_bytes().windows(5).any(|w| w.iter().all(|b| b == w.first().unwrap_or(b)));
    let counted =
        ["12345678", "23456789", "abcdefgh", "0123456", "abcdef01"].iter().any(|s| lower.contains(s));
    // Three letters `xxx` do occur in random text; a run of five equal characters does not.
    let said =
        SAYS.iter().filter(|word| **word != "xxx").any(|word| lower.contains(word)) || says_change_me(&lower);
    distinct.len() < 6 || run || counted || said
}

// -- placeholders

/// Words with which people mark a value that is to be filled in.
const SAYS: [&str; 20] = [
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

fn says_placeholder(value: &str) -> bool {
    let lower = value.to_ascii_lowercase();
    let squeezed = squeezed(&lower);
    SAYS.iter().any(|word| lower.contains(word))
        || says_change_me(&lower)
        || squeezed.ends_with("secretkey")
        || squeezed.ends_with("password")
        || lower.find('<').is_some_and(|at| lower.get(at..).is_some_and(|rest| rest.contains('>')))
}

fn says_change_me(lower: &str) -> bool {
    let squeezed = squeezed(lower);
    ["changeme", "changeit", "changethis", "notasecret", "setme", "fillme"]
        .iter()
        .any(|s| squeezed.contains(s))
}

fn squeezed(lower: &str) -> String {
    lower.chars().filter(|c| !matches!(c, '-' | '_' | ' ' | '.')).collect()
}

/// Nothing but one repeated filler character, dots and dashes.
fn is_filler(value: &str) -> bool {
    let mut left = value.chars().filter(|c| !matches!(c, '-' | '_' | '.' | ' ' | '…'));
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
    holes.iter().any(|(open, close)| {
        without_holes(value, open, close)
            .is_some_and(|rest| rest.trim().is_empty() || is_placeholder(key, &rest))
    })
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

/// Booleans, numbers, hosts, paths, plain settings; lists of them.
fn is_harmless(key: &str, value: &str) -> bool {
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
    let plain = |value: &str| {
        WORDS.iter().any(|word| value.eq_ignore_ascii_case(word))
            || is_number(value)
            || is_host(key, value)
            || is_path(key, value)
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
fn is_label(label: &str) -> bool {
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

// -- passwords in URLs

struct Password {
    user: String,
    text: String,
}

/// The password of `scheme://user:password@host`. One with a raw `/`, `?` or `#` is found too: what stands left of
/// the `@` and is no port cannot be anything else.
fn url_password(value: &str) -> Option<Password> {
    let (scheme, rest) = value.split_once("://")?;
    if scheme.is_empty()
        || !scheme.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.' | b'_'))
    {
        return None;
    }
    let authority = rest.split(['/', '?', '#']).next().unwrap_or("");
    let user_info = match authority.rsplit_once('@') {
        Some((user_info, _)) => user_info,
        None => {
            let (_, after_user) = authority.split_once(':')?;
            if after_user.is_empty() || after_user.bytes().all(|b| b.is_ascii_digit()) {
                return None;
            }
            rest.rsplit_once('@')?.0
        }
    };
    let (user, text) = user_info.split_once(':')?;
    Some(Password { user: user.to_owned(), text: text.to_owned() })
}

fn password_is_placeholder(key: &str, password: &Password) -> bool {
    let text = password.text.as_str();
    text.is_empty()
        || text.eq_ignore_ascii_case(&password.user)
        || is_filler(text)
        || says_placeholder(text)
        || is_reference(key, text)
        || is_harmless(key, text)
}

// -- randomness

/// At least 8 characters of 3 classes, or 3.5 bits a character.
fn is_strong(value: &str) -> bool {
    value.chars().count() >= 8 && (classes(value) >= 3 || entropy(value) >= 3.5)
}

fn classes(value: &str) -> usize {
    let tests: [fn(char) -> bool; 4] =
        [|c| c.is_lowercase(), |c| c.is_uppercase(), |c| c.is_numeric(), |c| !c.is_alphanumeric()];
    tests.iter().filter(|test| value.chars().any(|c| test(c))).count()
}

/// Shannon entropy in bits a character.
fn entropy(value: &str) -> f64 {
    let mut counts = std::collections::BTreeMap::<char, u32>::new();
    value.chars().for_each(|c| *counts.entry(c).or_default() += 1);
    let total = f64::from(counts.values().sum::<u32>());
    counts.values().map(|n| f64::from(*n) / total).map(|p| -p * p.log2()).sum()
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

// -- text

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
