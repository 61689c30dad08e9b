//! Broker URLs in files that are read line by line: scripts, Makefiles, Dockerfiles, unit files, templates.

use std::ops::Range;

use crate::project::broker::starts_like_broker;
use crate::rules::celery::broker_url::{BrokerUrl, Origin};
use crate::rules::celery::holes::Syntax;
use crate::rules::celery::url::Role;
use crate::syntax::shell::logical_lines;

use super::commands::{Written, in_exec_form, in_words, mentions_key};
use super::file::{Candidate, File, offset_in};

pub(super) fn urls(file: &File<'_>, syntax: Syntax) -> Vec<BrokerUrl> {
    match syntax {
        Syntax::Shell => {
            let lines = logical_lines(file.text).into_iter();
            lines.flat_map(|line| in_command(file, line, syntax)).collect()
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
pub(super) fn in_line(file: &File<'_>, line: Range<usize>, syntax: Syntax) -> Vec<BrokerUrl> {
    let source = file.text.as_str();
    let written = source.get(line.clone()).unwrap_or("");
    let trimmed = written.trim_start();
    let is_comment = trimmed.starts_with(['#', ';']) || trimmed.starts_with("//");
    if is_comment || !written.contains("://") && !mentions_key(written) {
        return Vec::new();
    }
    let Some((key, value)) = key_and_value(written) else {
        return in_words(file, &Written::at(file, line), syntax, &[]);
    };
    let role = file.role(key);
    if starts_like_broker(value) || value.starts_with("${") || role != Role::Unknown {
        let start = line.start + offset_in(written, value);
        let keys = vec![key.to_owned()];
        let bytes = start..start + value.len();
        let found = Candidate { keys, role, syntax, value: value.to_owned(), bytes, origin: Origin::Other };
        return file.url(found).into_iter().collect();
    }
    in_words(file, &Written::at(file, line), syntax, &[])
}

/// A line of a script or a Dockerfile.
fn in_command(file: &File<'_>, line: Range<usize>, syntax: Syntax) -> Vec<BrokerUrl> {
    if let Some(found) = env_instruction(file, &line, syntax) {
        return file.url(found).into_iter().collect();
    }
    let list = exec_list(file, &line).and_then(|list| in_exec_form(file, &Written::at(file, list), syntax));
    list.unwrap_or_else(|| in_words(file, &Written::at(file, line), syntax, &[]))
}

/// Where the list of `CMD ["…"]` may begin: behind instructions and their flags.
fn exec_list(file: &File<'_>, line: &Range<usize>) -> Option<Range<usize>> {
    let written = file.text.as_str().get(line.clone())?;
    let (instructions, _) = written.split_once('[')?;
    let instruction =
        |word: &str| word.starts_with("--") || word.bytes().all(|b| b.is_ascii_uppercase() || b == b'\\');
    let mut words = instructions.split_whitespace().peekable();
    let list = line.start + instructions.len()..line.end;
    (words.peek().is_some() && words.all(instruction)).then_some(list)
}

/// `ENV KEY value` of a Dockerfile: all that follows the key is the value, blanks and all.
fn env_instruction(file: &File<'_>, line: &Range<usize>, syntax: Syntax) -> Option<Candidate> {
    let written = file.text.as_str().get(line.clone())?;
    let rest =
        written.trim_start().strip_prefix("ENV").filter(|rest| rest.starts_with([' ', '\t']))?.trim_start();
    let (key, value) = rest.split_once([' ', '\t'])?;
    let value = value.trim();
    if key.contains(['=', '"', '\'']) || value.starts_with(['"', '\'']) || written.contains('\n') {
        return None;
    }
    let start = line.start + offset_in(written, value);
    Some(Candidate {
        keys: vec![key.to_owned()],
        role: file.role(key),
        syntax,
        value: value.to_owned(),
        bytes: start..start + value.len(),
        origin: Origin::Other,
    })
}

/// The key and the value between its quotes, or up to its comment. `"KEY=value"` stands in quotes as a whole.
fn key_and_value(line: &str) -> Option<(&str, &str)> {
    let quote_of = |text: &str| text.chars().next().filter(|c| matches!(c, '"' | '\''));
    let rest = line.trim_start().trim_start_matches("- ").trim_start();
    let rest = rest.strip_prefix("export ").unwrap_or(rest);
    let around = quote_of(rest);
    let rest = rest.trim_start_matches(['"', '\'']);
    let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.')))?;
    let (key, rest) = rest.split_at(end);
    let around = around.filter(|quote| !rest.starts_with(*quote));
    let rest = rest.trim_start_matches(['"', '\'']).trim_start();
    let value = rest.strip_prefix('=').or_else(|| rest.strip_prefix(": "))?.trim();
    let value = match (quote_of(value), around) {
        (Some(quote), _) => until(value.get(1..)?, quote),
        (None, Some(quote)) => until(value, quote),
        (None, None) => value.split_once(" #").map_or(value, |(value, _)| value).trim_end(),
    };
    (!key.is_empty()).then_some((key, value))
}

/// The text up to a closing quote; in double quotes a backslash keeps one from closing.
fn until(text: &str, quote: char) -> &str {
    let mut escaped = false;
    let end = text.char_indices().find(|(_, c)| {
        let closes = *c == quote && !escaped;
        escaped = quote == '"' && *c == '\\' && !escaped;
        closes
    });
    end.and_then(|(at, _)| text.get(..at)).unwrap_or(text)
}
