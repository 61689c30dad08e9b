//! By what a string is known to be a broker's address.

/// Schemes that only brokers have.
pub const SCHEMES: [&str; 7] = ["amqp", "amqps", "pyamqp", "redis", "rediss", "sentinel", "sqs"];

/// Does the text begin with the scheme of a broker?
pub fn starts_like_broker(text: &str) -> bool {
    let Some((scheme, _)) = text.split_once("://") else { return false };
    // `redis+socket`, `sentinel+ssl`
    let transport = scheme.split('+').next().unwrap_or(scheme);
    SCHEMES.iter().any(|known| transport.eq_ignore_ascii_case(known))
}
