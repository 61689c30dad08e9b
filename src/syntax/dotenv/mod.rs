//! Env files: every line with its parts, and what each reader of such files makes of it.
//!
//! Tolerant and lossless: each physical line belongs to exactly one [`Line`]. A value without quotes ends with its line,
//! always; a quoted one may go on over several, where a closing quote proves that it does.
//!
//! Values may be secrets: nothing here shows one in `Debug`.

mod readers;
mod rest;

use std::fmt;
use std::ops::Range;

use crate::model::finding::Span;
use crate::source::Text;

pub use readers::{EnvReader, Reading};

/// How many lines a quoted value may go on for. Bounds the work on a file of unclosed quotes.
const LONGEST_VALUE: u32 = 200;

/// What stands around a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quote {
    None,
    Single,
    Double,
    /// It begins with a quote that does not close where the value ends.
    Broken,
}

/// What stands between key and value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Separator {
    Equals,
    /// `KEY: v`, which only compose understands.
    Colon,
}

/// `KEY=value` as byte ranges of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment {
    /// From the first character (`export` included, a comment's `#` not) to the end of the line's text.
    pub statement: Range<usize>,
    pub key: Range<usize>,
    pub export: bool,
    /// Blanks before the statement.
    pub indented: bool,
    /// It stands in a quote that is open since further up: to some readers it is a part of that value.
    pub within_quote: bool,
    pub separator: Separator,
    /// The separator with the blanks on both sides.
    pub separator_bytes: Range<usize>,
    pub space_before_separator: bool,
    /// All that stands right of the separator, with its blanks, to the end of the line (of the last line, when quoted).
    pub raw: Range<usize>,
    pub quote: Quote,
    /// What the author meant: without quotes, comment and blanks around it. Escapes are as written.
    pub value: Range<usize>,
    /// An inline comment behind the value, from its `#`.
    pub comment: Option<Range<usize>>,
}

/// What a line is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    Blank,
    Comment,
    Assignment(Assignment),
    /// `# KEY=value`
    CommentedOut(Assignment),
    /// Neither of these: shell code, prose, a key without a value.
    Other,
}

/// One line, or the lines of one quoted value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// First and last physical line, 1-based.
    pub number: u32,
    pub last: u32,
    /// Its bytes with the line end.
    pub bytes: Range<usize>,
    /// It ends with CR LF.
    pub crlf: bool,
    /// It may be the rest of a value that begins further up: then what looks like a name is a piece of that.
    pub may_be_rest: bool,
    pub content: Content,
}

impl Line {
    /// The assignment that is in force on this line.
    pub fn assignment(&self) -> Option<&Assignment> {
        match &self.content {
            Content::Assignment(assignment) => Some(assignment),
            _ => None,
        }
    }

    /// The assignment that is written here, in force or commented out.
    pub fn written(&self) -> Option<&Assignment> {
        match &self.content {
            Content::Assignment(assignment) | Content::CommentedOut(assignment) => Some(assignment),
            _ => None,
        }
    }
}

/// A whole env file.
#[derive(Clone)]
pub struct EnvFile {
    text: Text,
    lines: Vec<Line>,
    bom: bool,
}

impl fmt::Debug for EnvFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EnvFile").field("lines", &self.lines.len()).finish_non_exhaustive()
    }
}

impl EnvFile {
    /// Never fails: what is no assignment is [`Content::Other`].
    pub fn parse(text: &Text) -> Self {
        let bom = text.as_str().starts_with('\u{FEFF}');
        let mut lines = Vec::new();
        let mut number = 1;
        while number <= text.line_count() {
            let line = read_line(text, number);
            number = line.last + 1;
            lines.push(line);
        }
        rest::mark(text, &mut lines);
        Self { text: text.clone(), lines, bom }
    }

    pub fn text(&self) -> &Text {
        &self.text
    }

    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// It begins with a byte order mark.
    pub fn has_bom(&self) -> bool {
        self.bom
    }

    /// The assignments in force, in file order.
    pub fn assignments(&self) -> impl Iterator<Item = &Assignment> {
        self.lines.iter().filter_map(Line::assignment)
    }

    /// The assignment of a key that is in force: the last one wins, in every reader.
    pub fn get(&self, key: &str) -> Option<&Assignment> {
        self.lines.iter().rev().filter_map(Line::assignment).find(|a| self.key(a) == key)
    }

    pub fn key(&self, assignment: &Assignment) -> &str {
        self.slice(&assignment.key)
    }

    /// The value as meant: without quotes, comment and blanks around it.
    pub fn value(&self, assignment: &Assignment) -> &str {
        self.slice(&assignment.value)
    }

    /// All that stands right of the separator.
    pub fn raw(&self, assignment: &Assignment) -> &str {
        self.slice(&assignment.raw)
    }

    pub fn slice(&self, bytes: &Range<usize>) -> &str {
        self.text.as_str().get(bytes.clone()).unwrap_or("")
    }

    pub fn span(&self, bytes: &Range<usize>) -> Span {
        self.text.span(bytes.clone())
    }

    /// Is it an assignment to every reader? Those that know no `export` are not asked where one stands.
    pub fn is_for_all(&self, assignment: &Assignment) -> bool {
        let knows_export = |reader: &EnvReader| !matches!(reader, EnvReader::Decouple | EnvReader::DockerRun);
        let mut readers = EnvReader::ALL.into_iter().filter(|r| !assignment.export || knows_export(r));
        readers.all(|reader| matches!(self.read(assignment, reader), Reading::Value(_)))
    }

    /// What a reader gets for this assignment, with no other variable set.
    pub fn read(&self, assignment: &Assignment, reader: EnvReader) -> Reading {
        readers::read(self, assignment, reader)
    }
}

fn read_line(text: &Text, number: u32) -> Line {
    let bytes = text.line_bytes(number);
    let source = text.as_str();
    let whole = source.get(bytes.clone()).unwrap_or("");
    let crlf = whole.ends_with("\r\n");
    let mut start = bytes.start;
    if number == 1 && whole.starts_with('\u{FEFF}') {
        start += '\u{FEFF}'.len_utf8();
    }
    let end = bytes.start + whole.trim_end_matches('\n').trim_end_matches('\r').len();
    let line = source.get(start..end).unwrap_or("");
    let trimmed = line.trim_start();
    let at = start + (line.len() - trimmed.len());
    let one =
        |content| Line { number, last: number, bytes: bytes.clone(), crlf, may_be_rest: false, content };
    if trimmed.is_empty() {
        return one(Content::Blank);
    }
    if let Some(comment) = trimmed.strip_prefix('#') {
        let inner = comment.trim_start_matches(['#', ' ', '\t']);
        let at = at + (trimmed.len() - inner.len());
        let commented_out = head(source, at, end, true).map(|head| value_on_line(source, head, end));
        return one(commented_out.map_or(Content::Comment, Content::CommentedOut));
    }
    let Some(mut head) = head(source, at, end, false) else { return one(Content::Other) };
    head.indented = at > start;
    if let Some((last, assignment)) = value_over_lines(text, &head, number, end) {
        let bytes = bytes.start..text.line_bytes(last).end;
        let content = Content::Assignment(assignment);
        return Line { number, last, bytes, crlf, may_be_rest: false, content };
    }
    one(Content::Assignment(value_on_line(source, head, end)))
}

/// Everything left of the value; its ranges of value and rest are still empty.
fn head(source: &str, at: usize, end: usize, commented: bool) -> Option<Assignment> {
    let statement = source.get(at..end)?;
    let after_export = statement
        .strip_prefix("export")
        .filter(|rest| rest.starts_with([' ', '\t']))
        .map(|rest| rest.trim_start_matches([' ', '\t']));
    let rest = after_export.unwrap_or(statement);
    let key_start = end - rest.len();
    let key_length = rest.find(|c: char| !is_key(c)).unwrap_or(rest.len());
    let key = rest.get(..key_length).filter(|key| !key.is_empty())?;
    let behind = rest.get(key_length..)?;
    let separator_text = behind.trim_start_matches([' ', '\t']);
    let space_before_separator = separator_text.len() < behind.len();
    let right = separator_text.get(1..).unwrap_or("");
    let separator = match separator_text.chars().next()? {
        '=' => Separator::Equals,
        ':' if !commented && (right.is_empty() || right.starts_with([' ', '\t'])) => Separator::Colon,
        _ => return None,
    };
    // The end of something in base64, not an assignment.
    if separator == Separator::Equals && right.trim() == "=" {
        return None;
    }
    // In a comment only what a person would uncomment as it stands: prose holds equal signs too.
    if commented && (space_before_separator || key.starts_with(['.', '-']) || right.starts_with('=')) {
        return None;
    }
    let raw = end - right.len()..end;
    let value_start = end - right.trim_start_matches([' ', '\t']).len();
    Some(Assignment {
        statement: at..end,
        key: key_start..key_start + key_length,
        export: after_export.is_some(),
        indented: false,
        within_quote: false,
        separator,
        separator_bytes: key_start + key_length..value_start,
        space_before_separator,
        raw,
        quote: Quote::None,
        value: value_start..end,
        comment: None,
    })
}

fn is_key(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-')
}

/// The value when it ends with its line.
fn value_on_line(source: &str, mut head: Assignment, end: usize) -> Assignment {
    let start = head.value.start;
    let right = source.get(start..end).unwrap_or("");
    match right.as_bytes().first() {
        Some(&quote @ (b'"' | b'\'')) => {
            let closed =
                closing_quote(right, quote).and_then(|close| Some((close, comment_after(right, close + 1)?)));
            if let Some((close, comment)) = closed {
                head.quote = if quote == b'"' { Quote::Double } else { Quote::Single };
                head.value = start + 1..start + close;
                head.comment = comment.map(|at| start + at..end);
            } else {
                head.quote = Quote::Broken;
                let inner = right.trim_end().trim_matches(char::from(quote));
                let skip = right.len() - right.trim_start_matches(char::from(quote)).len();
                head.value = start + skip..(start + skip + inner.len()).min(end);
            }
        }
        // `KEY= # note`, `KEY=# note`: nothing but a comment. Without a blank (`KEY=#note`) the `#` belongs to the value.
        Some(b'#') if start > head.raw.start || right.trim_start_matches('#').starts_with([' ', '\t']) => {
            head.comment = Some(start..end);
            head.value = start..start;
        }
        _ => {
            let comment = inline_comment(right);
            let value = right.get(..comment.unwrap_or(right.len())).unwrap_or("").trim_end();
            head.comment = comment.map(|at| start + at + 1..end);
            head.value = start..start + value.len();
        }
    }
    head
}

/// Where a comment behind a value without quotes begins, with the blank before it.
fn inline_comment(right: &str) -> Option<usize> {
    [" #", "\t#"].iter().filter_map(|mark| right.find(mark)).min()
}

/// A quoted value that closes on a later line: only where nothing but a comment follows the closing quote, and no
/// line in between looks like the next assignment (then the quote is merely unbalanced).
fn value_over_lines(text: &Text, head: &Assignment, number: u32, end: usize) -> Option<(u32, Assignment)> {
    let source = text.as_str();
    let start = head.value.start;
    let first = source.get(start..end)?;
    let quote = *first.as_bytes().first().filter(|b| matches!(b, b'"' | b'\''))?;
    if closing_quote(first, quote).is_some() {
        return None;
    }
    let is_pem = first.get(1..)?.starts_with("-----BEGIN");
    for last in number + 1..=text.line_count().min(number + LONGEST_VALUE) {
        let line_start = text.line_bytes(last).start;
        let line = text.line(last);
        if let Some(close) = closing_quote_from(line, quote, 0) {
            let comment = comment_after(line, close + 1)?;
            let line_end = line_start + line.len();
            let mut assignment = head.clone();
            assignment.quote = if quote == b'"' { Quote::Double } else { Quote::Single };
            assignment.raw.end = line_end;
            assignment.statement.end = line_end;
            assignment.value = start + 1..line_start + close;
            assignment.comment = comment.map(|at| line_start + at..line_end);
            return Some((last, assignment));
        }
        if !is_pem && looks_like_assignment(line) {
            return None;
        }
    }
    None
}

/// `UPPER_CASE=` as a line of its own.
fn looks_like_assignment(line: &str) -> bool {
    let line = line.trim_start();
    let line = line.strip_prefix("export ").unwrap_or(line);
    line.split_once('=').is_some_and(|(key, _)| {
        key.len() >= 3
            && key.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
            && key.bytes().any(|b| b.is_ascii_uppercase())
    })
}

/// Byte offset of the unescaped quote that closes a text beginning with one.
fn closing_quote(text: &str, quote: u8) -> Option<usize> {
    closing_quote_from(text, quote, 1)
}

fn closing_quote_from(text: &str, quote: u8, from: usize) -> Option<usize> {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(from) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b if b == quote => return Some(at),
            _ => {}
        }
    }
    None
}

/// What stands behind a closing quote: `Some(None)` blank, `Some(Some(at))` a comment, `None` something else.
fn comment_after(text: &str, from: usize) -> Option<Option<usize>> {
    let rest = text.get(from..)?;
    let trimmed = rest.trim_start();
    match trimmed.chars().next() {
        None => Some(None),
        Some('#') => Some(Some(text.len() - trimmed.len())),
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests;
