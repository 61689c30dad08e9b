use crate::model::catalogue;
use crate::model::finding::{Finding, Fix, code};
use crate::rules::{Against, Context, Found, Look, Rule, ScopedFile};

use super::broker_url::{BrokerUrl, Purpose};
use super::sources::{self, reading};
use super::url::{Kind, UrlFault, Vhost};
use super::wording::{edit, finding, named};

pub(super) static RULE: Rule = Rule {
    entry: &catalogue::CEL009,
    page: include_str!("broker_url_vhost.md"),
    against: Against::ChangedLines,
    looks: &[Look::File(reading, check)],
};

fn check(context: &Context<'_>, file: ScopedFile<'_>) -> Found {
    sources::each(context, file, &RULE, &[Purpose::Code], judge)
}

fn judge(url: &BrokerUrl, fault: &UrlFault) -> Option<Finding> {
    let Kind::Vhost(vhost) = &fault.kind else { return None };
    let (headline, consequence, fix) = words(url, vhost);
    Some(finding(&RULE, url, fault.severity, headline, &consequence).with_fix(fix))
}

fn words(url: &BrokerUrl, vhost: &Vhost) -> (String, String, Fix) {
    match vhost {
        Vhost::DoubleSlash(name) => {
            let (read, meant) = match name {
                Some(name) => (code(&format!("/{name}")), code(name)),
                None => ("a name that begins with `/`".to_owned(), "one without".to_owned()),
            };
            let slash = url.value.rfind("//").filter(|at| *at > url.value.find("://").map_or(0, |s| s + 1));
            let text = "Write one slash before the vhost.";
            let fix = slash.map_or_else(|| Fix::text(text), |at| edit(url, text, at..at + 1, ""));
            (
                format!("The vhost in {} resolves to {read}, not {meant}", named(url)),
                "RabbitMQ closes the connection with `NOT_ALLOWED - vhost not found`.".to_owned(),
                fix,
            )
        }
        Vhost::BlankBefore => (
            format!("The vhost in {} ends in the space before `;`", named(url)),
            "RabbitMQ closes the connection with `NOT_ALLOWED - vhost not found`.".to_owned(),
            Fix::text("Take the space before `;` out."),
        ),
        Vhost::BlankBehind => (
            format!("The space behind `;` in {} makes a vhost of the whole address", named(url)),
            if url.value.starts_with("amqp") || url.value.starts_with("pyamqp") {
                "When the first broker fails, Celery looks for the next one at `localhost`.".to_owned()
            } else {
                "When the first broker fails, the worker stops with `ValueError: Database is int between 0 and limit - 1`.".to_owned()
            },
            Fix::text("Take the space behind `;` out."),
        ),
        Vhost::RedisDatabase => (
            format!("The database in {} is not a number", named(url)),
            "Redis numbers its databases: the worker stops with `ValueError: Database is int between 0 and limit - 1`.".to_owned(),
            Fix::text("End the URL with a number, as in `redis://redis:6379/0`."),
        ),
    }
}
