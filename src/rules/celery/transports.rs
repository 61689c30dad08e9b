//! The transports that kombu knows by name, and which of them a scheme was meant to be.

/// `kombu.transport.TRANSPORT_ALIASES`, in lower case.
const ALIASES: [&str; 25] = [
    "amqp",
    "amqps",
    "azureservicebus",
    "azurestoragequeues",
    "confluentkafka",
    "consul",
    "etcd",
    "filesystem",
    "gcpubsub",
    "kafka",
    "librabbitmq",
    "memory",
    "mongodb",
    "pgmq",
    "pyamqp",
    "pyro",
    "qpid",
    "redis",
    "rediss",
    "sentinel",
    "slmq",
    "sqla",
    "sqlalchemy",
    "sqs",
    "zookeeper",
];

/// Transports that get the address as it stands: kombu does not take it apart.
const VERBATIM: [&str; 6] =
    ["azureservicebus", "azurestoragequeues", "gcpubsub", "mongodb", "sqla", "sqlalchemy"];

pub(super) fn is_known(scheme: &str) -> bool {
    ALIASES.contains(&scheme)
}

pub(super) fn is_verbatim(scheme: &str) -> bool {
    VERBATIM.contains(&scheme)
}

/// What people write for a broker and kombu does not know.
pub(super) fn is_mistaken(scheme: &str) -> bool {
    const MISTAKEN: [&str; 12] = [
        "http",
        "https",
        "mqtt",
        "mqtts",
        "rabbit",
        "rabbitmq",
        "rabbitmqs",
        "rmq",
        "ssl",
        "stomp",
        "tcp",
        "tls",
    ];
    MISTAKEN.contains(&scheme)
}

pub(super) fn is_amqp(scheme: &str) -> bool {
    matches!(scheme, "amqp" | "amqps" | "pyamqp" | "librabbitmq")
}

pub(super) fn is_redis(scheme: &str) -> bool {
    matches!(scheme, "redis" | "rediss")
}

/// The transport that was misspelt. Of the short names only the one that people write: two slips make any of them.
pub(super) fn nearest(scheme: &str) -> Option<&'static str> {
    crate::model::nearest::nearest(
        scheme,
        ALIASES.into_iter().filter(|known| known.len() > 4 || *known == "amqp"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_has_a_nearest_transport_and_another_word_has_none() {
        assert_eq!(nearest("ampq"), Some("amqp"));
        assert_eq!(nearest("rdis"), Some("redis"));
        assert_eq!(nearest("redis5"), Some("redis"));
        assert_eq!(nearest("rabbitmq"), None);
        assert_eq!(nearest("http"), None);
        assert_eq!(nearest("tcp"), None);
    }
}
