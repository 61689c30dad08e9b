//! Broker URLs in text for people: in code blocks and inline code only.

use crate::project::broker::starts_like_broker;
use crate::rules::celery::broker_url::{BrokerUrl, Origin};
use crate::rules::celery::holes::Syntax;
use crate::rules::celery::url::Role;

use super::file::{Candidate, File, offset_in};

pub(super) fn urls(file: &File<'_>) -> Vec<BrokerUrl> {
    let mut urls = Vec::new();
    let mut fence: Option<&str> = None;
    for (number, line) in file.text.lines() {
        let start = file.text.line_bytes(number).start;
        let trimmed = line.trim_start();
        let mark = ["```", "~~~"].into_iter().find(|mark| trimmed.starts_with(mark));
        if let Some(mark) = mark.filter(|mark| fence.is_none_or(|open| open == *mark)) {
            fence = if fence.is_some() { None } else { Some(mark) };
            continue;
        }
        // An indented line is a block in Markdown and reStructuredText alike.
        let block = fence.is_some() || line.starts_with("    ") || line.starts_with('\t');
        let spans = if block { vec![(0, line)] } else { inline_code(line) };
        for (at, code) in spans {
            for (offset, url) in addresses(code) {
                let from = start + at + offset;
                urls.extend(file.url(Candidate {
                    keys: Vec::new(),
                    role: Role::Unknown,
                    syntax: Syntax::Docs,
                    value: url.to_owned(),
                    bytes: from..from + url.len(),
                    origin: Origin::Other,
                }));
            }
        }
    }
    urls
}

/// What stands between backticks, one or two of them, with its offset.
fn inline_code(line: &str) -> Vec<(usize, &str)> {
    let (mut found, mut rest, mut inside) = (Vec::new(), line, false);
    while let Some((part, behind)) = rest.split_once('`') {
        if inside {
            found.push((offset_in(line, part), part));
        }
        inside = !inside;
        rest = behind.trim_start_matches('`');
    }
    found
}

/// Addresses up to the next blank or quote, with their offsets.
fn addresses(code: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(mark) = code.get(from..).and_then(|rest| rest.find("://")).map(|at| from + at) {
        let head = code.get(from..mark).unwrap_or("");
        let scheme = head.rsplit(|c: char| !(c.is_ascii_alphanumeric() || c == '+')).next().unwrap_or("");
        let start = mark - scheme.len();
        let rest = code.get(start..).unwrap_or("");
        let end = rest.find([' ', '\t', '"', '\'', '`', '\\', '|', ',']).unwrap_or(rest.len());
        let url = rest.get(..end).unwrap_or(rest).trim_end_matches(['.', ')', ';', ':']);
        if !scheme.is_empty() && starts_like_broker(url) {
            found.push((start, url));
        }
        from = (start + end).max(mark + 3);
    }
    found
}
