//! What may be shown is asked more strictly than what is a secret: only what says in nothing but such words that it
//! stands for one.

use super::placeholder::is_filler;

/// Does a password say itself that it only stands for one? `Summer.fun`, which has the form of a host, and `Latest`,
/// which holds a `test`, do not.
pub fn is_stand_in(password: &str) -> bool {
    const VOCABULARY: [&str; 43] = [
        "a",
        "admin",
        "an",
        "broker",
        "celery",
        "change",
        "changeit",
        "changeme",
        "dev",
        "development",
        "django",
        "dummy",
        "example",
        "fake",
        "fill",
        "fixme",
        "for",
        "guest",
        "here",
        "in",
        "insecure",
        "insert",
        "it",
        "local",
        "me",
        "my",
        "mypassword",
        "pass",
        "password",
        "placeholder",
        "pw",
        "rabbit",
        "rabbitmq",
        "redis",
        "replace",
        "root",
        "sample",
        "secret",
        "test",
        "the",
        "this",
        "todo",
        "your",
    ];
    let mut words = password.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).peekable();
    let known = |word: &str| VOCABULARY.iter().any(|known| word.eq_ignore_ascii_case(known));
    is_filler(password) || (words.peek().is_some() && words.all(known))
}

/// Could a URL hold a login that is more than a stand-in for one? A password may hold any sign, so it ends at the last
/// `@`, wherever a reader would end it.
pub fn may_hold_login(url: &str) -> bool {
    let login = url.split_once("://").and_then(|(_, rest)| rest.rsplit_once('@')).map(|(login, _)| login);
    // Without a password the name is the secret: some put a token there.
    login.is_some_and(|login| !is_stand_in(login.split_once(':').map_or(login, |(_, password)| password)))
}
