//! Broker URLs among the words of a command line.

use std::ops::Range;

use crate::project::broker::starts_like_broker;
use crate::rules::celery::broker_url::{BrokerUrl, Origin};
use crate::rules::celery::holes::Syntax;
use crate::rules::celery::url::Role;
use crate::syntax::shell::{Word, exec_form, words};

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

/// How deep a shell may start a shell.
const DEEPEST: usize = 4;
/// How many words before one are asked what runs it.
const MOST_BEFORE: usize = 16;

/// Words that are addresses, or assign one.
pub(super) fn in_words(
    file: &File<'_>,
    written: &Written<'_>,
    syntax: Syntax,
    path: &[String],
) -> Vec<BrokerUrl> {
    if !concerns(written.text) {
        return Vec::new();
    }
    let words = words(written.text, 0..written.text.len());
    Reader { file, written, path, found: Vec::new() }.all(&words, syntax)
}

/// The same of `CMD ["celery", "-b", "…"]`, whose items are words as they are; `None` when it is no such list.
pub(super) fn in_exec_form(file: &File<'_>, written: &Written<'_>, syntax: Syntax) -> Option<Vec<BrokerUrl>> {
    let words = exec_form(written.text, 0..written.text.len())?;
    Some(Reader { file, written, path: &[], found: Vec::new() }.all(&words, syntax))
}

fn concerns(text: &str) -> bool {
    text.contains("://") || mentions_key(text)
}

/// What words stand in.
#[derive(Clone, Copy)]
struct Level {
    syntax: Syntax,
    depth: usize,
    is_celery: bool,
    /// Single quotes keep a shell from expanding: no other shell has expanded before.
    literal: bool,
    /// Nothing says that a shell reads them: only what an option or a variable takes is an address.
    named_only: bool,
}

struct Reader<'a> {
    file: &'a File<'a>,
    written: &'a Written<'a>,
    path: &'a [String],
    found: Vec<BrokerUrl>,
}

impl Reader<'_> {
    fn all(mut self, words: &[Word], syntax: Syntax) -> Vec<BrokerUrl> {
        let level = Level { syntax, depth: 0, is_celery: false, literal: true, named_only: false };
        self.read(words, level);
        self.found
    }

    fn read(&mut self, words: &[Word], level: Level) {
        let is_celery = level.is_celery || words.iter().any(|word| mentions_celery(&word.text));
        let level = Level { is_celery, ..level };
        for (index, word) in words.iter().enumerate() {
            match inner(words, index).filter(|_| level.depth < DEEPEST) {
                Some((inner, named_only)) => {
                    let level = Level {
                        syntax: level.syntax.in_shell(),
                        depth: level.depth + 1,
                        literal: level.literal && word.single_quoted,
                        named_only,
                        is_celery,
                    };
                    self.read(&inner, level);
                }
                None => self.word(words, index, level),
            }
        }
    }

    fn word(&mut self, words: &[Word], index: usize, level: Level) {
        let (word, source) = (&words[index], self.written.text);
        for part in parts(source, word) {
            let text = word.text.get(part.clone()).unwrap_or("");
            let (key, from) = match assignment(text) {
                Some((key, from)) => (key, part.start + from),
                None => (before(words, index), part.start),
            };
            let to = own_end(source, word, from..part.end);
            let Some(value) = word.text.get(from..to).filter(|value| !value.is_empty()) else { continue };
            let option = option_role(key, level.is_celery);
            let role = option.unwrap_or_else(|| self.file.role(key.trim_start_matches('-')));
            let assigned = role != Role::Unknown && (from > part.start || option.is_some());
            let is_address = starts_like_broker(value) || value.starts_with("${") || assigned;
            if !is_address || (level.named_only && key.is_empty()) {
                continue;
            }
            let unexpanded = level.literal && word.single_quoted && level.syntax == Syntax::Shell;
            let syntax = if unexpanded { Syntax::Literal } else { level.syntax };
            let bytes = self.written.place(word.bytes(from).start..word.bytes(to - 1).start + 1);
            let own = (!key.is_empty()).then(|| key.to_owned());
            let keys = self.path.iter().cloned().chain(own).collect();
            let value = value.to_owned();
            let found = Candidate { keys, role, syntax, value, bytes, origin: Origin::Other };
            self.found.extend(self.file.url(found));
        }
    }
}

/// The words of a word that is a command line itself, and whether only its shape says so.
fn inner(words: &[Word], index: usize) -> Option<(Vec<Word>, bool)> {
    let word = words.get(index).filter(|word| concerns(&word.text))?;
    let before = words.get(index.saturating_sub(MOST_BEFORE)..index).unwrap_or_default();
    if before.last().is_some_and(|option| takes_commands(&option.text)) && before.iter().any(is_shell) {
        return Some((word.words(0), false));
    }
    // `X=$(celery -b … inspect ping)`: the command begins before the address does.
    let address = word.text.find("://").unwrap_or(word.text.len());
    let substitution = ["$(", "`"].into_iter().filter_map(|open| Some(word.text.find(open)? + open.len()));
    if let Some(start) = substitution.filter(|start| *start < address).min() {
        return Some((word.words(start), false));
    }
    let is_said = before.iter().any(|word| matches!(word.text.as_str(), "echo" | "printf"));
    if is_said || !word.text.contains(' ') {
        return None;
    }
    // `heroku run "celery -b …"`, `--command="celery -b …"`
    let start = assignment(&word.text).map_or(0, |(_, from)| from);
    let inner = [word.words(start), word.words(0)];
    inner.into_iter().find(|words| runs_something(words)).map(|words| (words, true))
}

/// Are these the words of a command that starts Celery, or a shell that may?
fn runs_something(words: &[Word]) -> bool {
    let starts_shell = || words.iter().any(is_shell) && words.iter().any(|word| takes_commands(&word.text));
    words.iter().any(is_celery_itself) || starts_shell()
}

/// `-c`, `-lc`, `-exc`: what follows is a command line.
pub(super) fn takes_commands(option: &str) -> bool {
    let letters = option.strip_prefix('-').and_then(|letters| letters.strip_suffix('c'));
    letters.is_some_and(|letters| letters.bytes().all(|b| b.is_ascii_alphabetic()))
}

fn is_shell(word: &Word) -> bool {
    const SHELLS: [&str; 9] = ["sh", "bash", "zsh", "dash", "ash", "ksh", "fish", "su", "runuser"];
    let name = word.text.rsplit(['/', '=']).next().unwrap_or("");
    SHELLS.contains(&name)
}

fn is_celery_itself(word: &Word) -> bool {
    matches!(word.text.rsplit('/').next(), Some("celery" | "flower"))
}

pub(super) fn mentions_celery(word: &str) -> bool {
    word.contains("celery") || word.contains("flower")
}

/// What an option of `celery` takes: `-b URL`, `--broker=URL`.
pub(super) fn option_role(option: &str, is_celery: bool) -> Option<Role> {
    match option.trim_start_matches('-') {
        "b" | "broker" if is_celery => Some(Role::Broker),
        "result-backend" if is_celery => Some(Role::Backend),
        _ => None,
    }
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
    if name.starts_with('-') || (is_env && index == 2) { name } else { "" }
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
