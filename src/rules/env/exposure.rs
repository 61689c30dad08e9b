//! The values of an env file, and which of them look real. Nothing here has a `Debug`: it holds what must not be shown.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use crate::model::finding::code;
use crate::model::id::Sha;
use crate::project::env::env_files::{is_private_key_of_sealed, is_sealed, is_sealed_value};
use crate::project::env::secret::{self, Kind};
use crate::syntax::dotenv::{Content, EnvFile, Line};

use super::lines;

/// How many keys a sentence names.
const MOST_NAMES: usize = 5;

/// One value that is written in an env file; the same wherever it stands.
#[derive(Clone)]
pub(super) struct Value {
    key: String,
    text: String,
    pub(super) sensitivity: Sensitivity,
    /// The key may be told.
    is_named: bool,
    /// 1-based.
    pub(super) lines: RangeInclusive<u32>,
}

impl Ord for Value {
    fn cmp(&self, other: &Self) -> Ordering {
        (&self.key, &self.text).cmp(&(&other.key, &other.text))
    }
}

impl PartialOrd for Value {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Value {}

/// What it would mean to publish it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Sensitivity {
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
    let below = file.lines().iter().skip(1).map(Some).chain([None]);
    for (line, below) in file.lines().iter().zip(below) {
        let Some(assignment) = line.written() else { continue };
        let (key, text) = (file.key(assignment), file.value(assignment));
        if sealed && is_sealed_value(key, text) {
            continue;
        }
        let holds_key = below.is_some_and(|below| begins_private_key(file, text, below));
        let sensitivity = if holds_key { Sensitivity::Real } else { sensitivity(key, text) };
        if sensitivity == Sensitivity::Real || matches!(line.content, Content::Assignment(_)) {
            values.insert(Value {
                key: key.to_owned(),
                text: text.to_owned(),
                sensitivity,
                is_named: lines::name(file, line, assignment).is_some(),
                lines: line.number..=line.last,
            });
        }
    }
    values
}

/// A PEM key without quotes, whose lines no reader puts together: is there more below than the words of a template?
fn begins_private_key(file: &EnvFile, text: &str, below: &Line) -> bool {
    let body = file.slice(&below.bytes).trim();
    let is_base64 = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=');
    text.starts_with("-----BEGIN ")
        && text.ends_with("PRIVATE KEY-----")
        && below.may_be_rest
        && body.len() >= 32
        && body.bytes().all(is_base64)
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
    let real: Vec<&Value> = values.into_iter().filter(|v| v.is_real()).collect();
    let keys: BTreeSet<&str> = real.iter().map(|v| v.key.as_str()).collect();
    let names: BTreeSet<&str> = real.iter().filter(|v| v.is_named).map(|v| v.key.as_str()).collect();
    let named: Vec<String> = names.iter().take(MOST_NAMES).map(|key| code(key)).collect();
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

/// A command of Git with a path that needs no quoting; for any other, the command alone.
pub(super) fn git(command: &str, path: &str) -> String {
    if is_plain(path) { code(&format!("git {command} {path}")) } else { code(&format!("git {command}")) }
}

/// What to do about what a commit of the branch holds: `rotate` says of what.
pub(super) fn rewrite(rotate: &str, sha: &Sha) -> String {
    format!(
        "Treat it as leaked: {rotate}, then take it out of that commit before the branch is merged, with {} and {}.",
        code(&format!("git rebase -i {}^", sha.short())),
        code("git push --force-with-lease")
    )
}

/// Does it stand for itself in a shell and in a `.gitignore`?
pub(super) fn is_plain(path: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-' | b'/' | b'@' | b'+');
    !path.starts_with('-') && path.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_only_offered_for_a_path_that_needs_no_quoting() {
        assert_eq!(git("rm --cached", "project/.env"), "`git rm --cached project/.env`");
        assert_eq!(git("rm --cached", "$(rm -rf ~)/.env"), "`git rm --cached`");
        assert_eq!(git("rm --cached", "-r/.env"), "`git rm --cached`");
    }
}
