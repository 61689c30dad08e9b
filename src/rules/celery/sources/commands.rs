//! Broker URLs among the words of a command line.

use std::ops::Range;

use crate::project::broker::starts_like_broker;
use crate::rules::celery::broker_url::{BrokerUrl, Origin};
use crate::rules::celery::holes::Syntax;
use crate::rules::celery::url::Role;
use crate::syntax::shell::{Word, words};

use super::file::{Candidate, File};

/// Text that holds words, and where it stands in the file.
pub(super) struct Written<'a> {
    text: &'a str,
    bytes: Range<usize>,
    /// Not as it stands in the file: escapes are undone.
    decoded: bool,
}

impl<'a> Written<'a> {
    pub(super) fn at(file: &'a File<'_>, bytes: Range<usize>) -> Self {
        Self { text: file.text.as_str().get(bytes.clone()).unwrap_or(""), bytes, decoded: false }
    }

    /// A text that the bytes of the file only stand for.
    pub(super) fn decoded(text: &'a str, bytes: Range<usize>) -> Self {
        Self { text, bytes, decoded: true }
    }

    /// Where a part of the text stands in the file; all of it where nobody can tell.
    fn place(&self, part: Range<usize>) -> Range<usize> {
        if self.decoded {
            self.bytes.clone()
        } else {
            self.bytes.start + part.start..self.bytes.start + part.end
        }
    }
}

/// Words that are addresses, or assign one.
pub(super) fn in_words(
    file: &File<'_>,
    written: &Written<'_>,
    syntax: Syntax,
    path: &[String],
) -> Vec<BrokerUrl> {
    let source = written.text;
    if !source.contains("://") && !mentions_key(source) {
        return Vec::new();
    }
    let words = words(source, 0..source.len());
    let is_celery = words.iter().any(|word| word.text.contains("celery") || word.text.contains("flower"));
    let mut found: Vec<BrokerUrl> = Vec::new();
    for (index, word) in words.iter().enumerate() {
        for part in parts(source, word) {
            let text = word.text.get(part.clone()).unwrap_or("");
            let (key, from) = match assignment(text) {
                Some((key, from)) => (key.trim_start_matches('-'), part.start + from),
                None => (before(&words, index), part.start),
            };
            let to = own_end(source, word, from..part.end);
            let Some(value) = word.text.get(from..to).filter(|value| !value.is_empty()) else { continue };
            let role = match key {
                "b" | "broker" if is_celery => Role::Broker,
                "result-backend" if is_celery => Role::Backend,
                _ => file.role(key),
            };
            let assigned = role != Role::Unknown && from > part.start;
            if !(starts_like_broker(value) || value.starts_with("${") || assigned) {
                continue;
            }
            let unexpanded = word.single_quoted && syntax == Syntax::Shell;
            let syntax = if unexpanded { Syntax::Literal } else { syntax };
            let bytes = written.place(word.bytes(from).start..word.bytes(to - 1).start + 1);
            let keys = path.iter().cloned().chain((!key.is_empty()).then(|| key.to_owned())).collect();
            let value = value.to_owned();
            found.extend(file.url(Candidate { keys, role, syntax, value, bytes, origin: Origin::Other }));
        }
    }
    found
}

/// The items of `A="1",URL="amqp://…"`, which is one word to a shell.
fn parts(source: &str, word: &Word) -> Vec<Range<usize>> {
    let mut parts = Vec::new();
    let mut start = 0;
    for (at, _) in word.text.match_indices(',') {
        let (own, rest) = (word.text.get(start..at).unwrap_or(""), word.text.get(at + 1..).unwrap_or(""));
        let in_source = word.bytes(at).start;
        let behind_quote =
            matches!(in_source.checked_sub(1).and_then(|at| source.as_bytes().get(at)), Some(b'"' | b'\''));
        let key = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).filter(|end| *end > 0);
        let assigns = key.is_some_and(|end| rest.get(end..).is_some_and(|rest| rest.starts_with('=')));
        // A password may hold a comma, so within an address a quote must end before it.
        if assigns && (behind_quote || !own.contains("://")) {
            parts.push(start..at);
            start = at + 1;
        }
    }
    parts.push(start..word.text.len());
    parts
}

/// `KEY=`, also inside another assignment (`Environment="KEY=…"`): the innermost key and where its value starts.
fn assignment(word: &str) -> Option<(&str, usize)> {
    let is_key = |key: &str| {
        key.trim_start_matches('-').starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && key.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))
    };
    let mut found = None;
    let mut from = 0;
    while let Some((key, _)) = word.get(from..).and_then(|rest| rest.split_once('=')) {
        if !is_key(key) {
            break;
        }
        found = Some((key, from + key.len() + 1));
        from += key.len() + 1;
    }
    found
}

/// The name for a word of its own: the option before it, or the key of Docker's `ENV KEY value`.
fn before(words: &[Word], index: usize) -> &str {
    let Some(word) = index.checked_sub(1).and_then(|at| words.get(at)) else { return "" };
    let name = word.text.trim_end_matches(',');
    let is_env = words.first().is_some_and(|first| matches!(first.text.as_str(), "ENV" | "ARG"));
    if name.starts_with('-') || (is_env && index == 2) { name.trim_start_matches('-') } else { "" }
}

/// Without what follows the closing quote or ends the command: `"amqp://…"}]`, `amqp://…;`.
fn own_end(source: &str, word: &Word, part: Range<usize>) -> usize {
    let value = word.text.get(part.clone()).unwrap_or("").trim_end_matches(';');
    let inner = value.trim_end_matches([',', ']', ')', '}']);
    let behind_inner = part.start + inner.len();
    let quoted = inner.len() < value.len() && {
        let at = word.bytes(behind_inner).start;
        at.checked_sub(1).and_then(|at| source.as_bytes().get(at)).is_some_and(|b| matches!(b, b'"' | b'\''))
    };
    if quoted { behind_inner } else { part.start + value.len() }
}

pub(super) fn mentions_key(line: &str) -> bool {
    ["BROKER", "broker", "RESULT_BACKEND", "result_backend"].iter().any(|word| line.contains(word))
}
