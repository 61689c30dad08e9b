//! A file's text with an index of its lines.

use std::ops::Range;
use std::sync::Arc;

use crate::model::finding::{Position, Span};

/// UTF-8 text; byte offsets in, 1-based lines and character columns out.
#[derive(Clone, Debug)]
pub struct Text {
    content: Arc<str>,
    /// Byte offset at which each line starts.
    starts: Arc<[usize]>,
}

impl PartialEq for Text {
    fn eq(&self, other: &Self) -> bool {
        self.content == other.content
    }
}

impl Eq for Text {}

impl std::hash::Hash for Text {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.content.hash(state);
    }
}

impl Text {
    pub fn new(content: &str) -> Self {
        let starts = std::iter::once(0)
            .chain(content.bytes().enumerate().filter(|(_, b)| *b == b'\n').map(|(i, _)| i + 1))
            .collect();
        Self { content: content.into(), starts }
    }

    /// Where the content is kept: the same for all clones of a text, and for no other text while one of them lives.
    pub fn address(&self) -> usize {
        self.content.as_ptr().addr()
    }

    pub fn as_str(&self) -> &str {
        &self.content
    }

    /// Number of lines; a final line end does not begin another line.
    pub fn line_count(&self) -> u32 {
        let ended = self.content.is_empty() || self.content.ends_with('\n');
        (self.starts.len() - usize::from(ended)) as u32
    }

    /// The text of a 1-based line without its line end (neither LF nor CRLF); empty past the end.
    pub fn line(&self, line: u32) -> &str {
        let bytes = self.line_bytes(line);
        self.content.get(bytes).unwrap_or("").trim_end_matches('\n').trim_end_matches('\r')
    }

    /// Byte range of a 1-based line with its line end.
    pub fn line_bytes(&self, line: u32) -> Range<usize> {
        let index = (line as usize).saturating_sub(1);
        let start = self.starts.get(index).copied().unwrap_or(self.content.len());
        let end = self.starts.get(index + 1).copied().unwrap_or(self.content.len());
        start..end.max(start)
    }

    /// All lines without their line ends, with their 1-based numbers.
    pub fn lines(&self) -> impl Iterator<Item = (u32, &str)> {
        (1..=self.line_count()).map(|n| (n, self.line(n)))
    }

    /// Where a byte offset stands. An offset inside a character counts as its start; past the end, as the end.
    pub fn position(&self, offset: usize) -> Position {
        let mut offset = offset.min(self.content.len());
        while !self.content.is_char_boundary(offset) {
            offset -= 1;
        }
        let index = self.starts.partition_point(|s| *s <= offset).saturating_sub(1);
        let column = self.content[self.starts[index]..offset].chars().count() as u32 + 1;
        Position { line: index as u32 + 1, column }
    }

    pub fn span(&self, bytes: Range<usize>) -> Span {
        Span { start: self.position(bytes.start), end: self.position(bytes.end) }
    }

    /// The span of a whole 1-based line, without its line end.
    pub fn line_span(&self, line: u32) -> Span {
        Span::line(line, self.line(line).chars().count() as u32)
    }
}
