use crate::model::catalogue;
use crate::model::finding::{Confidence, Finding, Fix, Severity};
use crate::rules::{Against, Context, Found, Look, Rule, ScopedFile};

use super::broker_url::{BrokerUrl, Kept, Purpose};
use super::sources::{self, reading};
use super::url::{Artefact, Kind, UrlFault};
use super::wording::{finding, named_first};

pub(super) static RULE: Rule = Rule {
    entry: &catalogue::CEL005,
    page: include_str!("broker_url_artefact.md"),
    against: Against::ChangedLines,
    looks: &[Look::File(reading, check)],
};

fn check(context: &Context<'_>, file: ScopedFile<'_>) -> Found {
    sources::each(context, file, &RULE, &[Purpose::Code], judge)
}

fn judge(url: &BrokerUrl, fault: &UrlFault) -> Option<Finding> {
    let Kind::Artefact(artefact) = fault.kind else { return None };
    let what = match artefact {
        Artefact::LeadingSpace => "a leading space",
        Artefact::TrailingSpace => "a trailing space",
        Artefact::LineEnd => "a line end",
        Artefact::Quotes => "its quotes",
        Artefact::Comment => "a comment",
    };
    let consequence = match (url.kept, artefact) {
        (Kept::No, _) => "The readers of this file take it off; `docker run --env-file` and others do not.",
        (_, Artefact::LeadingSpace) => {
            "Everything behind it becomes the vhost: Celery connects to `localhost` as `guest`."
        }
        (_, Artefact::TrailingSpace | Artefact::Comment) if !is_amqp(url) => {
            "It becomes part of the URL's end: the worker looks for a host or database of that name, or stops with `ValueError`."
        }
        (_, Artefact::TrailingSpace | Artefact::Comment) => {
            "The vhost then ends in a space: RabbitMQ closes the connection with `NOT_ALLOWED - vhost not found`."
        }
        (_, Artefact::LineEnd) => {
            "Python drops it, other readers of the value do not: they look for a vhost that ends in it."
        }
        (_, Artefact::Quotes) => {
            "The scheme then begins with a quote: the worker stops with `KeyError: No such transport`."
        }
    };
    let (severity, confidence) = match url.kept {
        Kept::Surely => (Severity::Error, Confidence::Certain),
        Kept::Perhaps => (Severity::Warning, Confidence::Likely),
        Kept::No => (Severity::Advice, Confidence::Certain),
    };
    let fix = match artefact {
        Artefact::Comment => "Put the comment on a line of its own above.",
        Artefact::Quotes => "Take the quotes off, or put nothing behind the closing one.",
        Artefact::LeadingSpace | Artefact::TrailingSpace | Artefact::LineEnd => {
            "Let the value begin and end with the URL."
        }
    };
    let headline = format!("{} carries {what} into the URL", named_first(url));
    let found = finding(&RULE, url, severity, headline, consequence);
    Some(found.with_confidence(confidence).with_fix(Fix::text(fix)))
}

fn is_amqp(url: &BrokerUrl) -> bool {
    let url = url.value.trim_start_matches([' ', '"', '\'']);
    url.starts_with("amqp") || url.starts_with("pyamqp")
}
