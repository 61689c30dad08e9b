//! Broker URLs in files that are read line by line: scripts, Makefiles, Dockerfiles, unit files, templates.

use std::ops::Range;

use crate::rules::celery::holes::Syntax;
use crate::rules::celery::transports::starts_like_broker;
use crate::rules::celery::url::Role;
use crate::syntax::shell::{Word, logical_lines, words};

use super::{File, Found, Origin, Source};

pub(super) fn sources(file: &File<'_>, syntax: Syntax) -> Vec<Source> {
    match syntax {
        Syntax::Shell => {
            let lines = logical_lines(file.text).into_iter();
            lines.flat_map(|line| in_words(file, line, syntax, &[])).collect()
        }
        _ => file
            .text
            .lines()
            .flat_map(|(number, line)| {
                let start = file.text.line_bytes(number).start;
                in_line(file, start..start + line.len(), syntax)
            })
            .collect(),
    }
}

/// `KEY: value`, `KEY = value`, `- KEY=value`; with what stands after the separator taken as a whole.
pub(super) fn in_line(file: &File<'_>, line: Range<usize>, syntax: Syntax) -> Vec<Source> {
    let source = file.text.as_str();
    let written = source.get(line.clone()).unwrap_or("");
    if written.trim_start().starts_with(['#', ';']) || !written.contains("://") && !mentions_key(written) {
        return Vec::new();
    }
    let Some((key, value)) = key_and_value(written) else {
        return in_words(file, line, syntax, &[]);
    };
    let role = file.role(key);
    if starts_like_broker(value) || (role != Role::Unknown && !value.is_empty()) {
        let start = line.start + (value.as_ptr() as usize - written.as_ptr() as usize);
        let keys = vec![key.to_owned()];
        let bytes = start..start + value.len();
        let found =
            Found { keys, role, syntax, value: value.to_owned(), bytes, origin: Origin::Other };
        return vec![file.source(found)];
    }
    in_words(file, line, syntax, &[])
}

fn mentions_key(line: &str) -> bool {
    ["BROKER", "broker", "RESULT_BACKEND", "result_backend"].iter().any(|word| line.contains(word))
}

/// The key and the value between its quotes, or up to its comment.
fn key_and_value(line: &str) -> Option<(&str, &str)> {
    let rest = line.trim_start().trim_start_matches("- ").trim_start();
    let rest = rest.strip_prefix("export ").unwrap_or(rest).trim_start_matches(['"', '\'']);
    let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.')))?;
    let (key, rest) = rest.split_at(end);
    let rest = rest.trim_start_matches(['"', '\'']).trim_start();
    let value = rest.strip_prefix('=').or_else(|| rest.strip_prefix(": "))?.trim();
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''));
    let value = match quote {
        Some(quote) => value.get(1..)?.split(quote).next()?,
        None => value.split_once(" #").map_or(value, |(value, _)| value).trim_end(),
    };
    (!key.is_empty()).then_some((key, value))
}

/// Words that are addresses, or assign one.
pub(super) fn in_words(
    file: &File<'_>,
    line: Range<usize>,
    syntax: Syntax,
    path: &[String],
) -> Vec<Source> {
    let source = file.text.as_str();
    let written = source.get(line.clone()).unwrap_or("");
    if !written.contains("://") && !mentions_key(written) {
        return Vec::new();
    }
    let words = words(source, line);
    let is_celery = words.iter().any(|word| word.text.contains("celery") || word.text.contains("flower"));
    let mut found: Vec<Source> = Vec::new();
    for (index, word) in words.iter().enumerate() {
        let (key, from) = match assignment(&word.text) {
            Some((key, from)) => (key.trim_start_matches('-'), from),
            None => (before(&words, index), 0),
        };
        let to = from + own_length(source, word, from);
        let Some(value) = word.text.get(from..to) else { continue };
        let role = match key {
            "b" | "broker" if is_celery => Role::Broker,
            "result-backend" if is_celery => Role::Backend,
            _ => file.role(key),
        };
        let expected = role != Role::Unknown && from > 0 && !value.is_empty();
        if starts_like_broker(value) || value.starts_with("${") && value.contains("://") || expected {
            let syntax = if word.single_quoted && syntax == Syntax::Shell { Syntax::Literal } else { syntax };
            let mut bytes = word.bytes(from);
            bytes.end = bytes.end.min(bytes.start.max(word.bytes(to.saturating_sub(1)).start + 1));
            let keys = path.iter().cloned().chain((!key.is_empty()).then(|| key.to_owned())).collect();
            let value = value.to_owned();
            found.push(file.source(Found { keys, role, syntax, value, bytes, origin: Origin::Other }));
        }
    }
    found
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

/// Without what follows the closing quote or ends the command: `"amqp://…"]`, `amqp://…;`, `A="…",B="…"`.
fn own_length(source: &str, word: &Word, from: usize) -> usize {
    let value = word.text.get(from..).unwrap_or("");
    let mut length = value.len();
    while let Some(last) = value.get(..length).and_then(|v| v.chars().last()) {
        let at = word.bytes(from + length - last.len_utf8()).start;
        let quoted_before = at.checked_sub(1).and_then(|at| source.as_bytes().get(at));
        let outside = matches!(quoted_before, Some(b'"' | b'\''));
        if (outside && matches!(last, ',' | ']' | ')' | '}')) || last == ';' {
            length -= last.len_utf8();
        } else {
            break;
        }
    }
    // The next assignment of a list.
    let comma = value.get(..length).unwrap_or("").match_indices(',').map(|(at, _)| at).find(|at| {
        value.get(at + 1..).is_some_and(|rest| {
            rest.split_once('=').is_some_and(|(key, _)| {
                !key.is_empty() && key.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
            })
        })
    });
    comma.unwrap_or(length)
}
