use crate::model::catalogue;
use crate::model::finding::{Finding, Fix, code};
use crate::rules::{Against, Context, Found, Look, Rule, ScopedFile};

use super::broker_url::{BrokerUrl, Purpose};
use super::sources::{self, reading};
use super::url::{Kind, Malformed, UrlFault};
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
        Malformed::Host => (
            format!("The host in {} has brackets around something that is no IPv6 address", named(url)),
            stops("ValueError: Invalid IPv6 URL"),
            Fix::text("Keep brackets for IPv6 addresses: `[::1]:5672`."),
        ),
        Malformed::Query(key) => {
            let key = key.as_deref().map_or_else(|| "a query key".to_owned(), code);
            (
                say(&format!("has {key} in its query, which kombu does not know")),
                "The worker stops with `TypeError: … got an unexpected keyword argument`.".to_owned(),
                Fix::text(
                    "Move it to `broker_transport_options`, or encode `?` as `%3F` if it belongs to the vhost.",
                ),
            )
        }
    }
}
