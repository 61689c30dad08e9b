use crate::model::catalogue;
use crate::model::finding::{Finding, Fix, code};
use crate::rules::{Against, Context, Found, Look, Rule, ScopedFile};

use super::broker_url::{BrokerUrl, Origin, Purpose};
use super::sources::{self, reading};
use super::url::{Commas, Kind, Malformed, QueryEffect, UrlFault};
use super::wording::{edit, finding, named, named_first};

pub(super) static RULE: Rule = Rule {
    entry: &catalogue::CEL008,
    page: include_str!("broker_url_malformed.md"),
    against: Against::ChangedLines,
    looks: &[Look::File(reading, check)],
};

fn check(context: &Context<'_>, file: ScopedFile<'_>) -> Found {
    sources::each(context, file, &RULE, &[Purpose::Code], judge)
}

fn judge(url: &BrokerUrl, fault: &UrlFault) -> Option<Finding> {
    let Kind::Malformed(malformed) = &fault.kind else { return None };
    if url.custom_transport && matches!(malformed, Malformed::Scheme { .. } | Malformed::NoScheme) {
        return None;
    }
    // Whole URLs in a row may be meant for somebody who takes them apart; only Python code shows that nobody does.
    let is_list = matches!(malformed, Malformed::Commas(Commas::Urls));
    if is_list && (url.origin != Origin::Python || url.splits_lists) {
        return None;
    }
    let (headline, consequence, fix) = words(url, malformed);
    Some(finding(&RULE, url, fault.severity, headline, &consequence).with_fix(fix))
}

fn words(url: &BrokerUrl, malformed: &Malformed) -> (String, String, Fix) {
    let say = |what: &str| format!("{} {what}", named_first(url));
    let stops = |error: &str| format!("The worker stops with {}.", code(error));
    match malformed {
        Malformed::NoScheme => (
            say("has no `://`, so kombu takes all of it for a host name"),
            "The worker looks for a host of that name and never connects.".to_owned(),
            Fix::text("Begin the value with `amqp://`."),
        ),
        Malformed::Scheme { written, nearest } => {
            let fix = match nearest {
                Some(right) => {
                    let start = url.value.len() - url.value.trim_start().len();
                    let text = format!("Write {}.", code(&format!("{right}://")));
                    edit(url, &text, start..start + written.len(), right)
                }
                None => Fix::text("Write `amqp://` for RabbitMQ."),
            };
            let error = format!("KeyError: 'No such transport: {written}'");
            (
                say(&format!("begins with {}, which is not a kombu transport", code(written))),
                stops(&error),
                fix,
            )
        }
        Malformed::Port => (
            format!("The port in {} is not a number", named(url)),
            stops("ValueError: Port could not be cast to integer value"),
            Fix::text("Write the port in digits, or leave it out."),
        ),
        Malformed::PortRange => (
            format!("The port in {} is above 65535", named(url)),
            stops("ValueError: Port out of range 0-65535"),
            Fix::text("Write a port up to 65535; RabbitMQ's is 5672."),
        ),
        Malformed::Host { closed } => (
            format!("The host in {} has brackets around something that is no IPv6 address", named(url)),
            stops(if *closed {
                "ValueError: … does not appear to be an IPv4 or IPv6 address"
            } else {
                "ValueError: Invalid IPv6 URL"
            }),
            Fix::text("Keep brackets for IPv6 addresses: `[::1]:5672`."),
        ),
        Malformed::Query { name, effect, amqp } => {
            let key = name.as_deref().map_or_else(|| "a query key".to_owned(), code);
            let (why, consequence, fix) = query_words(*effect, *amqp);
            (say(&format!("has {key} in its query, which {why}")), consequence.to_owned(), Fix::text(fix))
        }
        Malformed::Commas(commas) => (
            say("joins brokers with commas, where kombu splits at `;` only"),
            comma_words(*commas).to_owned(),
            Fix::text(
                "Write one whole URL for each broker, with its scheme and login, and `;` between them.",
            ),
        ),
        Malformed::BlankHost { port } => (
            say("has a space before `;`, which kombu does not take off"),
            if *port {
                stops("ValueError: Port could not be cast to integer value")
            } else {
                "The worker looks for a host whose name ends in a space, and never connects to that broker."
                    .to_owned()
            },
            Fix::text("Take the space before `;` out."),
        ),
        Malformed::NoSchemeBehind => (
            say("names a broker behind `;` without a scheme, so kombu takes all of it for a host name"),
            "When the first broker fails, the worker looks for a host of that name and never connects."
                .to_owned(),
            Fix::text("Write a whole URL behind each `;`, with its scheme and login."),
        ),
    }
}

/// Why kombu does not take it, what happens, and what to do.
fn query_words(effect: QueryEffect, amqp: bool) -> (&'static str, &'static str, &'static str) {
    match (effect, amqp) {
        (QueryEffect::Taken, _) => (
            "kombu takes from the address",
            "The worker stops with `TypeError: … got multiple values for keyword argument`.",
            "Write it into the address, and not into the query.",
        ),
        (QueryEffect::Dropped, _) => (
            "kombu drops",
            "The vhost ends before `?`: RabbitMQ closes the connection with `NOT_ALLOWED - vhost not found` if it was meant to go on.",
            "Encode `?` as `%3F` if it belongs to the vhost, or leave the key out.",
        ),
        (QueryEffect::Unknown, true) => (
            "kombu does not know",
            "The worker stops with `TypeError: … got an unexpected keyword argument`.",
            "Move it to `broker_transport_options`, or encode `?` as `%3F` if it belongs to the vhost.",
        ),
        (QueryEffect::Unknown, false) => (
            "kombu does not know",
            "The worker stops with `TypeError: … got an unexpected keyword argument`.",
            "Move it to `broker_transport_options`.",
        ),
    }
}

fn comma_words(commas: Commas) -> &'static str {
    match commas {
        Commas::Port => "The worker stops with `ValueError: Port could not be cast to integer value`.",
        Commas::Host => "The worker looks for one host with commas in its name and never connects.",
        Commas::Login => "All but the last host becomes a part of the password, and the login is refused.",
        Commas::Urls => {
            "All that follows the first comma becomes a part of the port, database or vhost: the worker stops with `ValueError`, or never connects."
        }
    }
}
