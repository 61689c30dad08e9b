//! The App's private key, in whatever form it came through an environment variable or a file.

use base64::Engine;
use jsonwebtoken::EncodingKey;

use super::http::invalid;
use crate::forge::Result;

const BEGIN: &str = "-----BEGIN";

/// The key with real line ends, from a PEM that has them, one with `\n` written out, one with CRLF, or base64 of any.
pub fn normalise_pem(text: &str) -> Option<String> {
    let text = text.trim().trim_matches(['"', '\'']);
    let plain = if text.contains(BEGIN) { text.to_owned() } else { decoded(text)? };
    let lines = plain.replace("\\r", "").replace("\\n", "\n").replace('\r', "");
    let lines: Vec<&str> = lines.lines().map(str::trim).filter(|l| !l.is_empty()).collect();
    let framed = lines.first()?.starts_with(BEGIN) && lines.last()?.starts_with("-----END");
    framed.then(|| lines.join("\n") + "\n")
}

fn decoded(text: &str) -> Option<String> {
    let compact: String = text.split_whitespace().collect();
    let bytes = base64::engine::general_purpose::STANDARD.decode(compact).ok()?;
    String::from_utf8(bytes).ok().filter(|t| t.contains(BEGIN))
}

pub(super) fn encoding_key(text: &str) -> Result<EncodingKey> {
    let refused = || {
        let message = "it is not an RSA key in PEM form; download a new one from the App's settings page";
        invalid("the App's private key", message.to_owned())
    };
    let pem = normalise_pem(text).ok_or_else(refused)?;
    // The library's own error could carry bytes of the key.
    EncodingKey::from_rsa_pem(pem.as_bytes()).map_err(|_| refused())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Not a key: only its frame matters here.
    const PEM: &str = "-----BEGIN RSA PRIVATE KEY-----\nAAAA\nBBBB\n-----END RSA PRIVATE KEY-----\n";

    #[test]
    fn p21_a_key_is_read_in_every_form_that_environments_make_of_it() {
        let base64 = base64::engine::general_purpose::STANDARD.encode(PEM);
        let forms = [
            PEM.to_owned(),
            PEM.replace('\n', "\r\n"),
            PEM.replace('\n', "\\n"),
            PEM.replace('\n', "\\r\\n"),
            format!("\"{}\"", PEM.replace('\n', "\\n")),
            format!("  {}  ", PEM.replace('\n', "\n   ")),
            base64.clone(),
            format!("{}\n{}", &base64[..40], &base64[40..]),
        ];
        for form in forms {
            assert_eq!(normalise_pem(&form).as_deref(), Some(PEM), "{form:?}");
        }
    }

    #[test]
    fn p21_what_is_no_key_is_refused_in_one_sentence_without_any_of_it() {
        for text in ["", "hunter2", "aHVudGVyMg==", "-----BEGIN RSA PRIVATE KEY-----\nhunter2"] {
            assert_eq!(normalise_pem(text), None);
            let error = encoding_key(text).err().unwrap().to_string();
            assert!(error.contains("not an RSA key") && !error.contains("hunter2"), "{error}");
        }
        assert!(encoding_key(PEM).is_err());
    }
}
