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
    /// Characters before each block of [`BLOCK`] bytes, so that a column on a long line is no walk along it. Empty for
    /// ASCII, where bytes are characters.
    characters: Arc<[usize]>,
}

/// Bytes that a column costs at most, twice.
const BLOCK: usize = 256;

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
        let characters = if content.is_ascii() { Arc::default() } else { characters_by_block(content) };
        Self { content: content.into(), starts, characters }
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
        let column = self.characters_before(offset) - self.characters_before(self.starts[index]) + 1;
        Position { line: index as u32 + 1, column: column as u32 }
    }

    /// Characters before a byte offset that begins one.
    fn characters_before(&self, offset: usize) -> usize {
        match self.characters.get(offset / BLOCK) {
            None => offset,
            Some(before) => before + count(&self.content.as_bytes()[offset - offset % BLOCK..offset]),
        }
    }

    /// Where a position stands in bytes; `None` outside the text and behind a line's end.
    pub fn offset(&self, at: Position) -> Option<usize> {
        let start = *self.starts.get((at.line as usize).checked_sub(1)?)?;
        let line = self.content.get(self.line_bytes(at.line))?;
        let column = (at.column as usize).checked_sub(1)?;
        let inside = line.char_indices().nth(column).map(|(offset, _)| offset);
        // Behind the last line's last character there is a place too.
        let offset = inside.or((column == line.chars().count()).then_some(line.len()))?;
        Some(start + offset)
    }

    pub fn span(&self, bytes: Range<usize>) -> Span {
        Span { start: self.position(bytes.start), end: self.position(bytes.end) }
    }

    /// The span of a whole 1-based line, without its line end.
    pub fn line_span(&self, line: u32) -> Span {
        let start = self.line_bytes(line).start;
        let end = start + self.line(line).len();
        Span::line(line, (self.characters_before(end) - self.characters_before(start)) as u32)
    }
}

fn characters_by_block(content: &str) -> Arc<[usize]> {
    let mut before = 0;
    let blocks = content.as_bytes().chunks(BLOCK).map(|block| {
        let own = before;
        before += count(block);
        own
    });
    let mut blocks: Vec<usize> = blocks.collect();
    blocks.push(before);
    blocks.into()
}

/// Characters that begin in these bytes of UTF-8.
fn count(bytes: &[u8]) -> usize {
    #[cfg(test)]
    tests::COUNTED.with(|counted| counted.set(counted.get() + bytes.len()));
    bytes.iter().filter(|byte| !matches!(byte, 0b1000_0000..=0b1011_1111)).count()
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use proptest::prelude::*;

    use super::*;

    thread_local! {
        /// Bytes that were looked through for characters.
        pub(super) static COUNTED: Cell<usize> = const { Cell::new(0) };
    }

    proptest! {
        #[test]
        fn a_position_is_the_count_of_lines_and_characters_before_it(
            text in "([a-z]{0,40}|\\PC{0,40}|\n|\r\n|ä|🐾){0,60}", at in 0..4_000_usize,
        ) {
            let mut start = at.min(text.len());
            while !text.is_char_boundary(start) {
                start -= 1;
            }
            let line = text[..start].matches('\n').count();
            let column = text[..start].rsplit('\n').next().unwrap_or("").chars().count();
            let position = Text::new(&text).position(at);
            prop_assert_eq!((position.line as usize, position.column as usize), (line + 1, column + 1));
            let whole = Text::new(&text);
            let span = whole.line_span(position.line);
            prop_assert_eq!(span.end.column as usize, whole.line(position.line).chars().count() + 1);
        }
    }

    #[test]
    fn positions_on_one_long_line_cost_the_same_wherever_they_are() {
        let asked = 64_000;
        for (unit, most) in [("1 + ", 0), ("ä + ", 2 * BLOCK)] {
            let text = Text::new(&unit.repeat(asked));
            let before = COUNTED.get();
            for at in 0..asked {
                let column = unit.chars().count() * at + 1;
                assert_eq!(text.position(unit.len() * at), Position { line: 1, column: column as u32 });
            }
            assert!(COUNTED.get() - before <= most * asked, "{unit}: {}", COUNTED.get() - before);
        }
    }
}
