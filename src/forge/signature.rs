//! Was a delivery signed with our secret? Every forge signs the raw body with HMAC-SHA-256.

use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

/// Why a delivery is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    #[error("the webhook is not signed: set its secret on the forge to the one in the settings")]
    Missing,
    #[error("the webhook's signature is not 64 hex digits")]
    Malformed,
    #[error(
        "the webhook's signature does not match: the secret in the settings and the one on the forge differ"
    )]
    Mismatch,
    #[error("no webhook secret is set: without one no delivery can be believed")]
    NoSecret,
}

/// Compares in constant time, over the bytes as they came. `signature`: hex digits.
pub fn verify(signature: &str, body: &[u8], secret: &SecretString) -> Result<(), SignatureError> {
    if secret.expose_secret().is_empty() {
        return Err(SignatureError::NoSecret);
    }
    if signature.is_empty() {
        return Err(SignatureError::Missing);
    }
    let told = hex::decode(signature).ok().filter(|s| s.len() == 32).ok_or(SignatureError::Malformed)?;
    let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(secret.expose_secret().as_bytes())
        .map_err(|_| SignatureError::NoSecret)?;
    mac.update(body);
    mac.verify_slice(&told).map_err(|_| SignatureError::Mismatch)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of GitHub's documentation.
    const BODY: &[u8] = b"Hello, World!";
    const SIGNATURE: &str = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";

    fn checked(signature: &str, body: &[u8], secret: &str) -> Result<(), SignatureError> {
        verify(signature, body, &SecretString::from(secret))
    }

    #[test]
    fn the_documented_example_is_believed_and_nothing_near_it() {
        let secret = "It's a Secret to Everybody";
        assert_eq!(checked(SIGNATURE, BODY, secret), Ok(()));
        assert_eq!(checked(SIGNATURE, b"Hello, World?", secret), Err(SignatureError::Mismatch));
        assert_eq!(checked(SIGNATURE, BODY, "another"), Err(SignatureError::Mismatch));
    }

    #[test]
    fn p19_an_empty_or_short_signature_is_never_compared() {
        assert_eq!(checked("", BODY, "s"), Err(SignatureError::Missing));
        assert_eq!(checked(&SIGNATURE[..62], BODY, "s"), Err(SignatureError::Malformed));
        assert_eq!(checked(&"zz".repeat(32), BODY, "s"), Err(SignatureError::Malformed));
        assert_eq!(checked(SIGNATURE, BODY, ""), Err(SignatureError::NoSecret));
    }
}
