//! Lines and words as a shell reads them: continued lines joined, quotes taken off. Serves scripts, Makefiles, Procfiles,
//! Dockerfiles, unit files and commands inside other formats; it knows words, not grammar.

use std::ops::Range;

use crate::source::Text;

/// A word without its quotes. What a shell would expand is left as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    pub text: String,
    /// For each byte of `text`, where it stands in the source.
    offsets: Vec<usize>,
    /// All of it stands in single quotes: a shell expands nothing in it.
    pub single_quoted: bool,
}

impl Word {
    /// Where the text from byte `from` on stands in the source.
    pub fn bytes(&self, from: usize) -> Range<usize> {
        let start = self.offsets.get(from).or(self.offsets.last()).copied().unwrap_or(0);
        let end = self.offsets.last().map_or(start, |last| last + 1);
        start..end.max(start)
    }
}

/// Byte ranges of the lines of a text, each with the lines it is continued on (`\` at its end).
pub fn logical_lines(text: &Text) -> Vec<Range<usize>> {
    let mut lines: Vec<Range<usize>> = Vec::new();
    let mut continued = false;
    for (number, line) in text.lines() {
        let bytes = text.line_bytes(number);
        let end = bytes.start + line.len();
        match lines.last_mut().filter(|_| continued) {
            Some(open) => open.end = end,
            None => lines.push(bytes.start..end),
        }
        // In a Dockerfile a comment between continued lines does not end them.
        continued = line.trim_end().ends_with('\\') || (continued && line.trim_start().starts_with('#'));
    }
    lines
}

/// The words of one logical line; a comment ends it.
pub fn words(source: &str, line: Range<usize>) -> Vec<Word> {
    let base = line.start;
    let Some(text) = source.get(line) else { return Vec::new() };
    let mut words = Vec::new();
    let mut open: Option<Word> = None;
    let mut quote = None;
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        match (quote, c) {
            (None, ' ' | '\t' | '\n' | '\r') => words.extend(open.take()),
            (None, '\\') if matches!(chars.peek(), Some((_, '\n' | '\r'))) => {
                chars.next();
            }
            (None, '#') if open.is_none() => {
                // To the end of this physical line: a continued line may go on.
                while chars.next_if(|(_, c)| *c != '\n').is_some() {}
            }
            (None, '"' | '\'') => {
                quote = Some(c);
                let single_quoted = open.is_none() && c == '\'';
                open.get_or_insert_with(|| Word { text: String::new(), offsets: Vec::new(), single_quoted });
            }
            (Some(q), c) if c == q => quote = None,
            (Some('"') | None, '\\') => {
                if let Some((at, c)) = chars.next() {
                    push(&mut open, c, base + at);
                }
            }
            (_, c) => {
                if quote.is_none()
                    && let Some(word) = &mut open
                {
                    word.single_quoted = false;
                }
                push(&mut open, c, base + at);
            }
        }
    }
    words.extend(open);
    words
}

fn push(open: &mut Option<Word>, c: char, at: usize) {
    let word =
        open.get_or_insert_with(|| Word { text: String::new(), offsets: Vec::new(), single_quoted: false });
    word.text.push(c);
    word.offsets.extend(at..at + c.len_utf8());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<String> {
        let source = Text::new(text);
        let lines = logical_lines(&source);
        lines.into_iter().flat_map(|line| words(text, line)).map(|word| word.text).collect()
    }

    #[test]
    fn quotes_come_off_and_comments_end_a_line() {
        assert_eq!(read("export A=\"b c\"'d' # e\nf#g"), ["export", "A=b cd", "f#g"]);
        assert_eq!(read("A=\"x\\\"y\" '\\n'"), ["A=x\"y", "\\n"]);
    }

    #[test]
    fn a_continued_line_is_one_line() {
        assert_eq!(read("ENV A=1 \\\n    # about b\n    B=2\nRUN x"), ["ENV", "A=1", "B=2", "RUN", "x"]);
    }

    #[test]
    fn a_word_knows_its_place() {
        let text = "export A=\"é b\"";
        let word = words(text, 0..text.len()).pop().unwrap();
        assert_eq!(&text[word.bytes(2)], "é b");
        assert!(!word.single_quoted);
        assert!(words("'$A'", 0..4)[0].single_quoted);
    }

    #[test]
    fn an_open_quote_takes_the_rest() {
        assert_eq!(read("a 'b c"), ["a", "b c"]);
    }
}
