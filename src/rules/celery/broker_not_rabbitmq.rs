use crate::model::catalogue;
use crate::model::finding::{Finding, Fix, code};
use crate::rules::{Against, Context, Found, Look, Rule, ScopedFile};

use super::broker_url::{BrokerUrl, Origin, Purpose};
use super::keys;
use super::sources::{self, reading};
use super::transports;
use super::url::Role;
use super::wording::{finding, named_first};

pub(super) static RULE: Rule = Rule {
    entry: &catalogue::CEL010,
    page: include_str!("broker_not_rabbitmq.md"),
    against: Against::ChangedLines,
    looks: &[Look::File(reading, check)],
};

/// https://docs.celeryq.dev/en/stable/getting-started/backends-and-brokers/redis.html#visibility-timeout
const VISIBILITY: &str = "It hands out again what no worker has acknowledged within its visibility timeout: a task that waits or runs longer is run twice.";
/// https://docs.celeryq.dev/en/stable/getting-started/backends-and-brokers/index.html#broker-overview
const UNMONITORED: &str =
    "Celery's events and remote control do not work over it: nobody sees what the workers do.";

fn check(context: &Context<'_>, file: ScopedFile<'_>) -> Found {
    let urls = sources::of(context, file, &[Purpose::Code])?;
    Ok(urls.iter().filter_map(|url| judge(url)).collect())
}

fn judge(url: &BrokerUrl) -> Option<Finding> {
    let is_broker = keys::role(&url.key, true) == Role::Broker && url.origin != Origin::Other;
    let (scheme, _) = url.value.trim().split_once("://").filter(|_| is_broker)?;
    let transport = scheme.split('+').next().unwrap_or(scheme).to_ascii_lowercase();
    // In memory and in files nobody runs a project: they are for tests.
    let is_other = transports::is_known(&transport)
        && !transports::is_amqp(&transport)
        && !matches!(transport.as_str(), "memory" | "filesystem");
    if !is_other {
        return None;
    }
    let consequence = match transport.as_str() {
        "redis" | "rediss" | "sentinel" | "sqs" => VISIBILITY,
        _ => UNMONITORED,
    };
    let headline = format!("{} names a broker of {}, not RabbitMQ", named_first(url), code(&transport));
    let found = finding(&RULE, url, RULE.entry.severity, headline, consequence);
    Some(found.with_fix(Fix::text("Write `amqp://<user>:<password>@<host>:5672/<vhost>`.")))
}
