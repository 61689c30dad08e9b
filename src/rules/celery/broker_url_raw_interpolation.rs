use crate::model::catalogue;
use crate::model::finding::{Confidence, Edit, Finding, Fix, FixSafety, Severity, code};
use crate::rules::{Against, Context, Found, Look, Rule, ScopedFile};

use super::broker_url::{BrokerUrl, Origin, Purpose};
use super::sources::{self, reading};
use super::url::{Kind, RawHole, UrlFault};
use super::wording::{finding, named, named_first, telling};

pub(super) static RULE: Rule = Rule {
    entry: &catalogue::CEL004,
    page: include_str!("broker_url_raw_interpolation.md"),
    against: Against::ChangedLines,
    looks: &[Look::File(reading, check)],
};

fn check(context: &Context<'_>, file: ScopedFile<'_>) -> Found {
    sources::each(context, file, &RULE, &[Purpose::Code, Purpose::Test], judge)
}

fn judge(url: &BrokerUrl, fault: &UrlFault) -> Option<Finding> {
    let Kind::RawHole(hole) = &fault.kind else { return None };
    // What Python builds is CEL003's.
    (url.origin != Origin::Python && !url.says_encoded()).then(|| pasted(url, hole))
}

fn pasted(url: &BrokerUrl, hole: &RawHole) -> Finding {
    let told = hole.name.as_deref().and_then(telling);
    let name = told.map_or_else(|| "a variable".to_owned(), code);
    if hole.keeps_slash {
        let headline = format!("The password in {} goes through `urlencode`, which keeps `/`", named(url));
        let consequence = "Jinja's filter leaves `/` as it is, and kombu ends host and login there: the worker stops with `ValueError`.";
        return finding(&RULE, url, Severity::Warning, headline, consequence).with_fix(replace_slash(url));
    }
    let raw_elsewhere = used_raw(url, &hole.variable);
    if let Some(consumer) = raw_elsewhere {
        let name = told.map_or_else(|| "One variable".to_owned(), code);
        let headline = format!(
            "{name} is both the raw password for {} and part of the URL in {}",
            code(consumer),
            named(url)
        );
        let consequence = "One value cannot be both: with a special character either the server gets the encoded text or Celery gets a broken URL.";
        return finding(&RULE, url, Severity::Error, headline, consequence)
            .with_confidence(Confidence::Certain)
            .with_fix(one_variable(url));
    }
    let headline = format!("{} pastes {name} into a URL as it is", named_first(url));
    let consequence = "A password with `#`, `/`, `?` or `@` in that variable sends Celery to the wrong host, or stops it with `ValueError`.";
    let fix = one_variable(url);
    // Compose fills `$word` in, whoever wrote it as a part of a password.
    let is_unsure = hole.name.is_none() && url.syntax.doubles_dollar();
    let own = if is_unsure { " A `$` that belongs to the password is written `%24`." } else { "" };
    let fix = Fix { text: format!("{}{own}", fix.text), ..fix };
    finding(&RULE, url, Severity::Warning, headline, consequence).with_fix(fix)
}

fn one_variable(url: &BrokerUrl) -> Fix {
    // An option (`-b`) or a key of YAML (`value`) is no name for a variable.
    let is_variable =
        url.key.contains('_') && !url.key.contains(|c: char| c.is_ascii_lowercase() || c == '-');
    let key = if is_variable { &url.key } else { "CELERY_BROKER_URL" };
    Fix::text(format!(
        "Pass one {} that holds the whole URL, its password percent-encoded.",
        code(&format!("${{{key}}}"))
    ))
}

/// Appends the filter that encodes the slash.
fn replace_slash(url: &BrokerUrl) -> Fix {
    const FILTER: &str = "| replace('/', '%2F')";
    let text = format!("Append `{FILTER}` to the filter.");
    let only = url.value.match_indices("urlencode").collect::<Vec<_>>();
    let end = match only.as_slice() {
        [(at, word)] => url.value.get(at + word.len()..).and_then(|rest| {
            rest.find("}}")
                .filter(|end| rest.get(..*end).is_some_and(|r| r.trim_matches([' ', '-']).is_empty()))?;
            Some(at + word.len())
        }),
        _ => None,
    };
    match end.and_then(|end| url.part(end..end)) {
        // A quote that ends the value around it would be a fault of our own.
        Some(span) if !url.text.line(span.start.line).contains('\'') => Fix {
            safety: FixSafety::Safe,
            text,
            edits: vec![Edit { span, replacement: format!(" {FILTER}") }],
        },
        _ => Fix::text(text),
    }
}

/// What takes the same variable as the password itself, in the same file.
fn used_raw(url: &BrokerUrl, name: &str) -> Option<&'static str> {
    const CONSUMERS: [&str; 8] = [
        "RABBITMQ_DEFAULT_PASS",
        "RABBITMQ_PASSWORD",
        "--requirepass",
        "REDISCLI_AUTH",
        "REDIS_PASSWORD",
        "PGPASSWORD",
        "POSTGRES_PASSWORD",
        "MYSQL_PASSWORD",
    ];
    url.text.lines().filter(|(_, line)| !line.trim_start().starts_with('#')).find_map(|(_, line)| {
        let consumer = CONSUMERS.into_iter().find(|consumer| {
            line.find(consumer).is_some_and(|at| takes(line.get(at + consumer.len()..).unwrap_or(""), name))
        });
        consumer.filter(|_| !line.contains("://"))
    })
}

/// `: ${NAME}`, `=$NAME`, ` "{{ NAME }}"`: the variable and nothing else.
fn takes(rest: &str, name: &str) -> bool {
    if name.is_empty() {
        return false;
    }
    let value = rest.trim_start_matches([':', '=', ' ', '"', '\'']);
    let Some(inner) = ["${{", "${", "$(", "{{", "$"].iter().find_map(|open| value.strip_prefix(open)) else {
        return false;
    };
    inner
        .trim_start()
        .strip_prefix(name)
        .is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.')))
}
