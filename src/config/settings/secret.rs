//! Secrets: given as themselves or as a file, never shown.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretString};

use super::raw::{Keys, Value};
use super::{Inputs, SettingsError};

/// The secret under `key` or in the file under `key_file`, with the place it came from.
/// An empty one is `Some`: what that means is the caller's to say.
pub(super) fn secret(
    keys: &Keys,
    key: &'static str,
    key_file: &'static str,
    inputs: &Inputs<'_>,
) -> Result<Option<(SecretString, String)>, SettingsError> {
    let found = match (keys.get(key), keys.get(key_file)) {
        (Some(_), Some(file)) => {
            let problem = format!("both \"{key}\" and \"{key_file}\" are set; keep one");
            return Err(SettingsError::new(&file.place, problem));
        }
        (Some(value), None) => (SecretString::from(value.text().trim().to_owned()), value.place.clone()),
        (None, Some(file)) => (from_file(file, key_file, inputs)?, file.place.clone()),
        (None, None) => return Ok(None),
    };
    if found.0.expose_secret().starts_with("change-me") {
        let problem = format!("\"{key}\" is still the example's; make one with openssl rand -hex 32");
        return Err(SettingsError::new(found.1, problem));
    }
    Ok(Some(found))
}

fn from_file(value: &Value, key_file: &str, inputs: &Inputs<'_>) -> Result<SecretString, SettingsError> {
    let path = inputs.folder().join(value.text());
    let text = (inputs.read)(&path).map_err(|error| {
        let problem =
            format!("{} cannot be read ({error}); correct \"{key_file}\" or its permissions", path.display());
        SettingsError::new(&value.place, problem)
    })?;
    Ok(SecretString::from(text.trim().to_owned()))
}

const BEGIN: &str = "-----BEGIN";

/// A private key with real line ends, from a PEM that has them, one with `\n` written out, one with CRLF, or base64 of
/// any.
pub(super) fn normalised_pem(given: &SecretString) -> Option<SecretString> {
    let text = given.expose_secret().trim().trim_matches(['"', '\'']);
    let plain = if text.contains(BEGIN) { text.to_owned() } else { decoded(text)? };
    let lines = plain.replace("\\r", "").replace("\\n", "\n").replace('\r', "");
    let lines: Vec<&str> = lines.lines().map(str::trim).filter(|l| !l.is_empty()).collect();
    let (first, last) = (lines.first()?, lines.last()?);
    let framed =
        first.starts_with(BEGIN) && first.contains("PRIVATE KEY-----") && last.starts_with("-----END");
    framed.then(|| SecretString::from(lines.join("\n") + "\n"))
}

fn decoded(text: &str) -> Option<String> {
    let compact: String = text.split_whitespace().collect();
    String::from_utf8(STANDARD.decode(compact).ok()?).ok().filter(|t| t.contains(BEGIN))
}
