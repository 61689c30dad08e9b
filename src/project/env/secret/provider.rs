//! Providers' own forms of keys: prefix, length and alphabet say whose they are.

use super::placeholder::{SAYS, says_change_me};
use super::{Kind, classes, is_counted, is_words};

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

pub(super) fn provider(key: &str, value: &str) -> Option<Kind> {
    by_form(value).or_else(|| if value.contains("-----BEGIN") { None } else { fernet(key, value) })
}

/// What the value alone tells, whatever its name.
pub(super) fn by_form(value: &str) -> Option<Kind> {
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
    token.or_else(|| words.clone().find_map(jwt))
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
    // Three letters `xxx` do occur in random text; a run of five equal characters does not.
    let said =
        SAYS.iter().filter(|word| **word != "xxx").any(|word| lower.contains(word)) || says_change_me(&lower);
    distinct.len() < 6 || run || is_counted(&lower) || said
}
