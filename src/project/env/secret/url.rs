//! Passwords in URLs.

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
