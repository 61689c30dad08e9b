//! Passwords in URLs.

use super::placeholder::is_stand_in;

/// Holds a secret: no `Debug`.
pub(super) struct Password {
    pub(super) user: String,
    pub(super) text: String,
}

/// The password of `scheme://user:password@host`. One with a raw `/`, `?` or `#` is found too: what stands left of
/// the `@` and is no port cannot be anything else.
pub(super) fn url_password(value: &str) -> Option<Password> {
    let (scheme, rest) = value.split_once("://")?;
    if scheme.is_empty()
        || !scheme.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.' | b'_'))
    {
        return None;
    }
    let authority = rest.split(['/', '?', '#']).next().unwrap_or("");
    let user_info = match authority.rsplit_once('@') {
        Some((user_info, _)) => user_info,
        None => {
            let (_, after_user) = authority.split_once(':')?;
            if after_user.is_empty() || after_user.bytes().all(|b| b.is_ascii_digit()) {
                return None;
            }
            rest.rsplit_once('@')?.0
        }
    };
    let (user, text) = user_info.split_once(':')?;
    Some(Password { user: user.to_owned(), text: text.to_owned() })
}

/// Could a URL hold a login that is more than a stand-in for one? A password may hold any sign, so it ends at the last
/// `@`, wherever a reader would end it.
pub fn may_hold_login(url: &str) -> bool {
    let login = url.split_once("://").and_then(|(_, rest)| rest.rsplit_once('@')).map(|(login, _)| login);
    // Without a password the name is the secret: some put a token there.
    login.is_some_and(|login| !is_stand_in(login.split_once(':').map_or(login, |(_, password)| password)))
}
