//! The values of an env file, and which of them look real. Nothing here has a `Debug`: it holds what must not be shown.

use std::collections::BTreeSet;

use crate::model::finding::code;
use crate::project::env::env_files::{is_private_key_of_sealed, is_sealed, is_sealed_value};
use crate::project::env::secret::{self, Kind};
use crate::syntax::dotenv::{Content, EnvFile};

/// How many keys a sentence names.
const MOST_NAMES: usize = 5;

/// One value that is written in an env file.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Value {
    pub(super) key: String,
    pub(super) text: String,
    sensitivity: Sensitivity,
}

/// What it would mean to publish it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Sensitivity {
    Placeholder,
    /// Filled in, though nothing says that it is a secret.
    Filled,
    Real,
}

impl Value {
    pub(super) fn is_real(&self) -> bool {
        self.sensitivity == Sensitivity::Real
    }

    pub(super) fn is_placeholder(&self) -> bool {
        self.sensitivity == Sensitivity::Placeholder
    }
}

/// All values, without those that a tool encrypted. Of commented-out lines only what looks real: it is published all
/// the same.
pub(super) fn values(file: &EnvFile) -> BTreeSet<Value> {
    let sealed = is_sealed(file);
    let mut values = BTreeSet::new();
    for line in file.lines() {
        let Some(assignment) = line.written() else { continue };
        let (key, text) = (file.key(assignment), file.value(assignment));
        if sealed && is_sealed_value(key, text) {
            continue;
        }
        let sensitivity = sensitivity(key, text);
        if sensitivity == Sensitivity::Real || matches!(line.content, Content::Assignment(_)) {
            values.insert(Value { key: key.to_owned(), text: text.to_owned(), sensitivity });
        }
    }
    values
}

fn sensitivity(key: &str, text: &str) -> Sensitivity {
    let opens_sealed = is_private_key_of_sealed(key) && !secret::is_placeholder(key, text);
    if opens_sealed || secret::classify(key, text).is_some_and(Kind::looks_real) {
        Sensitivity::Real
    } else if secret::is_placeholder(key, text) {
        Sensitivity::Placeholder
    } else {
        Sensitivity::Filled
    }
}

/// `KEY_A`, `KEY_B` and 2 more; `None` where none looks real.
pub(super) fn real_keys<'a>(values: impl IntoIterator<Item = &'a Value>) -> Option<RealKeys> {
    let keys: BTreeSet<&str> = values.into_iter().filter(|v| v.is_real()).map(|v| v.key.as_str()).collect();
    let named: Vec<String> =
        keys.iter().filter(|key| secret::is_nameable(key)).take(MOST_NAMES).map(|key| code(key)).collect();
    let more = keys.len() - named.len();
    let names = match (named.as_slice(), more) {
        ([], _) => String::new(),
        (all, 0) => all.join(", "),
        (some, more) => format!("{} and {more} more", some.join(", ")),
    };
    (!keys.is_empty()).then_some(RealKeys { count: keys.len(), names })
}

/// The keys whose values look real.
pub(super) struct RealKeys {
    pub(super) count: usize,
    /// Empty when none of them can be named.
    names: String,
}

impl RealKeys {
    /// "2 values that look real: `A`, `B`"
    pub(super) fn phrase(&self) -> String {
        let values = if self.count == 1 { "1 value that looks real" } else { "values that look real" };
        let counted = if self.count == 1 { values.to_owned() } else { format!("{} {values}", self.count) };
        if self.names.is_empty() { counted } else { format!("{counted}: {}", self.names) }
    }

    /// "rotate `A`, `B`"
    pub(super) fn rotate(&self) -> String {
        match (self.names.as_str(), self.count) {
            ("", 1) => "rotate it".to_owned(),
            ("", _) => "rotate them".to_owned(),
            (names, _) => format!("rotate {names}"),
        }
    }
}

/// `git rm --cached …` for a path that needs no quoting; for any other, words.
pub(super) fn git_rm(path: &str) -> String {
    let plain = !path.starts_with('-')
        && path
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-' | b'/' | b'@' | b'+'));
    if plain { code(&format!("git rm --cached {path}")) } else { "`git rm --cached`".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_only_offered_for_a_path_that_needs_no_quoting() {
        assert_eq!(git_rm("project/.env"), "`git rm --cached project/.env`");
        assert_eq!(git_rm("$(rm -rf ~)/.env"), "`git rm --cached`");
        assert_eq!(git_rm("-r/.env"), "`git rm --cached`");
    }
}
