//! What a setting's name says about the string it holds.

use super::url::Role;

/// No address is longer, and no file holds more of them: bounds the work on hostile ones.
pub(super) const LONGEST_VALUE: usize = 4_096;
pub(super) const MOST_VALUES: usize = 500;

/// Settings that Celery reads as its broker.
const BROKER: [&str; 12] = [
    "CELERY_BROKER_URL",
    "CELERY_BROKER",
    "CELERY_BROKER_READ_URL",
    "CELERY_BROKER_WRITE_URL",
    "BROKER_URL",
    "BROKER_READ_URL",
    "BROKER_WRITE_URL",
    "broker_url",
    "broker_read_url",
    "broker_write_url",
    "DJANGO_CELERY_BROKER_URL",
    "FLOWER_BROKER_URL",
];

const BACKEND: [&str; 4] =
    ["CELERY_RESULT_BACKEND", "CELERY_RESULT_BACKEND_URL", "result_backend", "DJANGO_CELERY_RESULT_BACKEND"];

/// Names that say it of themselves; `BROKER_URL` alone may be another package's (MQTT, Redis), so its file must set
/// Celery up.
pub(super) fn role(key: &str, file_knows_celery: bool) -> Role {
    let known = file_knows_celery || key.to_ascii_uppercase().contains("CELERY");
    if known && (BROKER.contains(&key) || key.ends_with("_CELERY_BROKER_URL")) {
        Role::Broker
    } else if known && (BACKEND.contains(&key) || key.ends_with("_CELERY_RESULT_BACKEND")) {
        Role::Backend
    } else {
        Role::Unknown
    }
}

/// Does the text set Celery up, or start it?
pub(super) fn knows_celery(text: &str) -> bool {
    const SIGNS: [&str; 10] = [
        "Celery(",
        "import celery",
        "from celery",
        "kombu",
        "CELERY_BROKER",
        "CELERY_RESULT",
        "CELERY_TASK",
        "CELERY_ACCEPT",
        "celery -",
        "celery worker",
    ];
    SIGNS.iter().any(|sign| text.contains(sign))
}

/// Can the file hold a broker's address? One cheap scan that spares parsing nearly all files.
pub(super) fn may_hold_broker(text: &str) -> bool {
    ["amqp", "redis", "sentinel", "sqs", "BROKER", "broker", "RESULT_BACKEND", "result_backend"]
        .iter()
        .any(|word| text.contains(word))
        || ["AMQP", "REDIS", "SQS", "Redis"].iter().any(|word| text.contains(word))
        || (text.contains("celery") && text.contains("-b"))
}
