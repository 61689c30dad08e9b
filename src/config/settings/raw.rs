//! Keys and values as they were written, each with its place, before anything is believed.

use std::collections::BTreeMap;
use std::fmt;

use secrecy::{ExposeSecret, SecretString};

use crate::model::nearest::nearest;

use super::SettingsError;

/// Top-level keys. Those that end in `_file` name a file with the value of the key before it.
pub(super) const TOP_KEYS: [&str; 6] =
    ["listen", "public_url", "database_url", "retention_days", "admin_token", "admin_token_file"];

/// Keys whose value is a number, which the file may write without quotes.
const NUMBERS: [&str; 2] = ["app_id", "retention_days"];

/// Keys of a `[[forge]]`, `name` aside.
pub(super) const FORGE_KEYS: [&str; 11] = [
    "kind",
    "url",
    "app_id",
    "private_key",
    "private_key_file",
    "webhook_secret",
    "webhook_secret_file",
    "token",
    "token_file",
    "repositories",
    "bot_login",
];

const PREFIX: &str = "RED_PANDA_";
const FORGE_PREFIX: &str = "RED_PANDA_FORGE_";

/// A value that may be a secret: its `Debug` shows only where it stands.
#[derive(Clone)]
pub(super) struct Value {
    text: SecretString,
    /// `red-panda.toml, line 3` or the name of an environment variable.
    pub(super) place: String,
}

impl Value {
    fn new(text: impl Into<String>, place: impl Into<String>) -> Self {
        Self { text: SecretString::from(text.into()), place: place.into() }
    }

    pub(super) fn text(&self) -> &str {
        self.text.expose_secret()
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Value({})", self.place)
    }
}

pub(super) type Keys = BTreeMap<&'static str, Value>;

#[derive(Debug)]
pub(super) struct RawForge {
    pub(super) name: String,
    /// Where the forge is declared.
    pub(super) place: String,
    pub(super) keys: Keys,
}

#[derive(Debug, Default)]
pub(super) struct Raw {
    pub(super) top: Keys,
    pub(super) forges: Vec<RawForge>,
}

impl Raw {
    pub(super) fn from_toml(file: &str, text: &str) -> Result<Self, SettingsError> {
        let document = toml_edit::Document::parse(text).map_err(|error| {
            let line = error.span().map_or(1, |s| line_of(text, s.start));
            SettingsError::new(
                format!("{file}, line {line}"),
                format!("not TOML: {}", error.message().trim()),
            )
        })?;
        let file = TomlFile { name: file, text };
        let mut raw = Self::default();
        for (key, item) in document.as_table() {
            let place = file.place(document.as_table(), key);
            if key == "forge" {
                raw.forges = file.forges(item, &place)?;
                continue;
            }
            let known = known(&TOP_KEYS, key)
                .ok_or_else(|| unknown(&place, key, &[&TOP_KEYS[..], &["forge"]].concat()))?;
            raw.top.insert(known, file.value(item, key, &place)?);
        }
        Ok(raw)
    }

    /// The environment's keys replace the file's; a forge it names and the file does not have is added.
    pub(super) fn add_environment(
        &mut self,
        environment: &BTreeMap<String, String>,
    ) -> Result<(), SettingsError> {
        let mut top = Keys::new();
        let mut forges: BTreeMap<String, Keys> = BTreeMap::new();
        if let Some(url) = environment.get("DATABASE_URL").filter(|v| !v.is_empty()) {
            top.insert("database_url", Value::new(url, "DATABASE_URL"));
        }
        for (variable, text) in environment.iter().filter(|(_, text)| !text.is_empty()) {
            if let Some(rest) = variable.strip_prefix(FORGE_PREFIX) {
                let (forge, key) = forge_variable(variable, &rest.to_ascii_lowercase())?;
                let text = if key == "repositories" { text.replace(',', "\n") } else { text.clone() };
                forges.entry(forge).or_default().insert(key, Value::new(text, variable));
            } else if let Some(key) = variable.strip_prefix(PREFIX)
                && let Some(key) = top_variable(variable, &key.to_ascii_lowercase())?
            {
                top.insert(key, Value::new(text, variable));
            }
        }
        replace(&mut self.top, top);
        for (name, keys) in forges {
            match self.forges.iter_mut().find(|forge| variable_name(&forge.name) == name) {
                Some(forge) => replace(&mut forge.keys, keys),
                None => self.forges.push(RawForge {
                    place: format!("{FORGE_PREFIX}{}_*", name.to_ascii_uppercase()),
                    name: name.replace('_', "-"),
                    keys,
                }),
            }
        }
        Ok(())
    }
}

/// The key that a variable sets, in lower case. Kubernetes puts RED_PANDA_SERVICE_HOST and the like there: only what
/// looks like a slip is refused.
fn top_variable(variable: &str, key: &str) -> Result<Option<&'static str>, SettingsError> {
    let known = known(&TOP_KEYS, key);
    match nearest(key, TOP_KEYS).filter(|_| known.is_none()) {
        Some(near) => {
            let problem = format!("unknown setting; did you mean {PREFIX}{}?", near.to_ascii_uppercase());
            Err(SettingsError::new(variable, problem))
        }
        None => Ok(known),
    }
}

/// The forge's name and the key that a variable sets; `rest` follows the prefix, in lower case.
fn forge_variable(variable: &str, rest: &str) -> Result<(String, &'static str), SettingsError> {
    let split = FORGE_KEYS
        .iter()
        .filter_map(|key| Some((rest.strip_suffix(key)?.strip_suffix('_')?, *key)))
        .filter(|(name, _)| !name.is_empty())
        .max_by_key(|(_, key)| key.len());
    split.map(|(name, key)| (name.to_owned(), key)).ok_or_else(|| {
        let keys: Vec<_> = FORGE_KEYS.iter().map(|k| k.to_ascii_uppercase()).collect();
        let problem =
            format!("unknown setting; write {FORGE_PREFIX}<NAME>_<KEY> with one of {}", keys.join(", "));
        SettingsError::new(variable, problem)
    })
}

/// A secret may be given as itself or as a file: the environment's form replaces both of the file's.
fn replace(keys: &mut Keys, environment: Keys) {
    let plain = |key: &'static str| key.strip_suffix("_file").unwrap_or(key);
    keys.retain(|key, _| !environment.keys().any(|other| plain(other) == plain(key)));
    keys.extend(environment);
}

/// A forge's name as environment variables spell it, in lower case.
fn variable_name(name: &str) -> String {
    name.to_ascii_lowercase().replace('-', "_")
}

fn known(keys: &[&'static str], key: &str) -> Option<&'static str> {
    keys.iter().find(|k| **k == key).copied()
}

fn unknown(place: &str, key: &str, keys: &[&'static str]) -> SettingsError {
    let hint = match nearest(key, keys.iter().copied()) {
        Some(near) => format!("did you mean \"{near}\"?"),
        None => format!("the keys here are {}.", keys.join(", ")),
    };
    SettingsError::new(place, format!("unknown key \"{key}\"; {hint}"))
}

fn line_of(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|b| *b == b'\n').count() + 1
}

/// The settings file, for the places in it.
struct TomlFile<'a> {
    name: &'a str,
    text: &'a str,
}

impl TomlFile<'_> {
    fn place(&self, table: &toml_edit::Table, key: &str) -> String {
        let span = table.get_key_value(key).and_then(|(k, item)| k.span().or_else(|| item.span()));
        self.line(span)
    }

    fn line(&self, span: Option<std::ops::Range<usize>>) -> String {
        match span {
            Some(span) => format!("{}, line {}", self.name, line_of(self.text, span.start)),
            None => self.name.to_owned(),
        }
    }

    fn forges(&self, item: &toml_edit::Item, place: &str) -> Result<Vec<RawForge>, SettingsError> {
        let tables = item.as_array_of_tables().ok_or_else(|| {
            SettingsError::new(place, "a forge is a table in double brackets; write [[forge]]")
        })?;
        tables.iter().map(|table| self.forge(table)).collect()
    }

    fn forge(&self, table: &toml_edit::Table) -> Result<RawForge, SettingsError> {
        let here = self.line(table.span());
        let mut name = None;
        let mut keys = Keys::new();
        for (key, item) in table {
            let place = self.place(table, key);
            if key == "name" {
                name = Some(self.value(item, key, &place)?.text().to_owned());
                continue;
            }
            let known = known(&FORGE_KEYS, key)
                .ok_or_else(|| unknown(&place, key, &[&["name"], &FORGE_KEYS[..]].concat()))?;
            keys.insert(known, self.value(item, key, &place)?);
        }
        let name = name.ok_or_else(|| {
            SettingsError::new(
                &here,
                "this forge has no name; add name = \"github\": it becomes the webhook's address",
            )
        })?;
        Ok(RawForge { name, place: here, keys })
    }

    /// A list becomes one line an entry; the environment has commas between them.
    fn value(&self, item: &toml_edit::Item, key: &str, place: &str) -> Result<Value, SettingsError> {
        let wrong = |wanted: &str| SettingsError::new(place, format!("\"{key}\" must be {wanted}"));
        if key == "repositories" {
            let entries: Option<Vec<&str>> =
                item.as_array().and_then(|a| a.iter().map(|v| v.as_str()).collect());
            let entries = entries.ok_or_else(|| wrong("a list of texts, such as [\"alice/*\"]"))?;
            return Ok(Value::new(entries.join("\n"), place));
        }
        let is_number = NUMBERS.contains(&key);
        if let Some(number) = item.as_integer().filter(|_| is_number) {
            return Ok(Value::new(number.to_string(), place));
        }
        let text =
            item.as_str().ok_or_else(|| wrong(if is_number { "a number" } else { "a text in quotes" }))?;
        Ok(Value::new(text, place))
    }
}
