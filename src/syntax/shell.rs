//! Lines and words as a shell reads them: continued lines joined, quotes taken off, operators between words. Serves
//! scripts, Makefiles, Procfiles, Dockerfiles, unit files and commands inside other formats; it knows words, not grammar.

use std::ops::Range;

use crate::source::Text;

/// How many substitutions are read inside one another.
const MAX_NESTED: usize = 16;

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

    /// The words of the text from byte `from` on, as the shell reads it that is given it: `sh -c '…'`.
    pub fn words(&self, from: usize) -> Vec<Self> {
        let mut words = words(&self.text, from..self.text.len());
        let in_source = |offset: &mut usize| *offset = self.offsets.get(*offset).copied().unwrap_or(*offset);
        words.iter_mut().flat_map(|word| &mut word.offsets).for_each(in_source);
        words
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

/// The words of one logical line; an operator ends a word, a comment the line.
pub fn words(source: &str, line: Range<usize>) -> Vec<Word> {
    // What opens a substitution and is never closed is a character like any other.
    let words = split(source, line.clone(), MAX_NESTED).or_else(|| split(source, line, 0));
    words.unwrap_or_default()
}

/// `None`: a substitution is left open.
fn split(source: &str, line: Range<usize>, most_nested: usize) -> Option<Vec<Word>> {
    let base = line.start;
    let text = source.get(line)?;
    let mut splitter = Splitter { text, base, most_nested, ..Splitter::default() };
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        match (splitter.quote, c) {
            (None, '\\') if matches!(chars.peek(), Some((_, '\n' | '\r'))) => {
                chars.next();
            }
            (None, '#') if splitter.open.is_none() => {
                // To the end of this physical line: a continued line may go on.
                while chars.next_if(|(_, c)| *c != '\n').is_some() {}
            }
            (None | Some('"'), '\\') => {
                if let Some((at, c)) = chars.next() {
                    splitter.push(c, at);
                }
            }
            (None | Some('"'), '$') => {
                splitter.push(c, at);
                let open = chars.next_if(|(_, c)| matches!(c, '(' | '{'));
                if let Some((at, c)) = open {
                    splitter.push(c, at);
                    splitter.enter(if c == '(' { ')' } else { '}' }, false);
                }
            }
            (_, c) => splitter.take(c, at),
        }
    }
    splitter.end();
    splitter.nested.is_empty().then_some(splitter.words)
}

/// The state between two characters of a line.
#[derive(Default)]
struct Splitter<'a> {
    text: &'a str,
    base: usize,
    words: Vec<Word>,
    open: Option<Word>,
    /// The open word has a parenthesis of its own: `%(HOST)s`.
    in_parentheses: bool,
    /// The open word is an address, or assigns one.
    is_address: bool,
    quote: Option<char>,
    /// Substitutions that are open, outermost first.
    nested: Vec<Nested>,
    most_nested: usize,
    /// Words are those of a command in backticks.
    ticked: bool,
    /// The run of characters up to the next blank: where it ends, and where its last `@` stands.
    run: Option<(usize, Option<usize>)>,
}

/// A substitution, or what a template fills in.
struct Nested {
    close: char,
    /// The quote around it.
    quote: Option<char>,
    /// Its quotes are the template's.
    template: bool,
}

impl Splitter<'_> {
    fn take(&mut self, c: char, at: usize) {
        match (self.quote, c) {
            (None, c) if self.nested.last().is_some_and(|nested| nested.close == c) => {
                self.push(c, at);
                self.quote = self.nested.pop().and_then(|nested| nested.quote);
            }
            (None, c) if self.nested.last().is_some_and(|nested| nested.template) => self.push(c, at),
            (None, ' ' | '\t' | '\n' | '\r') if self.nested.is_empty() => self.end(),
            (None, '`') if self.nested.is_empty() && (self.ticked || self.open.is_none()) => {
                self.end();
                self.ticked = !self.ticked;
            }
            (None | Some('"'), '`') => {
                self.push(c, at);
                self.enter('`', false);
            }
            // `{{ host }}` of a template is filled in before a shell sees it.
            (None, '{') if self.open.as_ref().is_some_and(|word| word.text.ends_with('{')) => {
                self.push(c, at);
                self.enter('}', true);
            }
            (None, c) if self.is_operator(c) && !self.address_goes_on(at) => self.end(),
            (None, '"' | '\'') => {
                self.quote = Some(c);
                let single_quoted = self.open.is_none() && c == '\'';
                let word = Word { text: String::new(), offsets: Vec::new(), single_quoted };
                self.open.get_or_insert(word);
            }
            (Some(quote), c) if c == quote => self.quote = None,
            (_, c) => self.push(c, at),
        }
    }

    fn push(&mut self, c: char, at: usize) {
        let bare = self.quote.is_none();
        let fresh = || Word { text: String::new(), offsets: Vec::new(), single_quoted: false };
        let word = self.open.get_or_insert_with(fresh);
        word.single_quoted &= !bare;
        word.text.push(c);
        let start = self.base + at;
        word.offsets.extend(start..start + c.len_utf8());
        self.in_parentheses |= c == '(';
        self.is_address |= c == '/' && word.text.ends_with("://");
    }

    fn end(&mut self) {
        self.words.extend(self.open.take());
        (self.in_parentheses, self.is_address) = (false, false);
    }

    /// What stands in a substitution has quotes of its own, and its blanks end no word.
    fn enter(&mut self, close: char, template: bool) {
        if self.nested.len() < self.most_nested {
            self.nested.push(Nested { close, quote: self.quote.take(), template });
        }
    }

    /// `&&`, `|`, `;`, a subshell's parentheses.
    fn is_operator(&self, c: char) -> bool {
        let between = match c {
            ';' | '&' | '|' => true,
            '(' => self.open.is_none(),
            ')' => !self.in_parentheses,
            _ => false,
        };
        between && self.nested.is_empty()
    }

    /// An address whose login is not over: `amqp://user:pa;ss@host`. A shell would cut it there; its author did not mean
    /// that.
    fn address_goes_on(&mut self, at: usize) -> bool {
        if !self.is_address {
            return false;
        }
        let (_, last) = match self.run.filter(|(end, _)| *end > at) {
            Some(run) => run,
            None => *self.run.insert(run(self.text, at)),
        };
        last.is_some_and(|last| last > at)
    }
}

/// Where the run of characters at this place ends, and where its last `@` stands.
fn run(text: &str, at: usize) -> (usize, Option<usize>) {
    let rest = text.get(at..).unwrap_or("");
    let end = rest.find([' ', '\t', '\n', '"', '\'']).unwrap_or(rest.len());
    let last = rest.get(..end).and_then(|run| run.rfind('@'));
    (at + end, last.map(|last| at + last))
}

/// The strings of an exec form, `["celery", "-b", "…"]`; `None` for anything else.
pub fn exec_form(source: &str, line: Range<usize>) -> Option<Vec<Word>> {
    let base = line.start;
    let mut chars = source.get(line)?.char_indices().filter(|(_, c)| *c != '\r').peekable();
    // A continued line is one line here, too.
    let blank = |c: char| c.is_ascii_whitespace() || c == '\\';
    let mut words = Vec::new();
    chars.next_if(|(_, c)| *c == '[')?;
    loop {
        while chars.next_if(|(_, c)| blank(*c) || *c == ',').is_some() {}
        match chars.next()? {
            (_, ']') => return Some(words),
            (_, '"') => {}
            _ => return None,
        }
        let mut word = Word { text: String::new(), offsets: Vec::new(), single_quoted: false };
        loop {
            let (at, c) = match chars.next()? {
                (_, '"') => break,
                (_, '\\') => chars.next()?,
                other => other,
            };
            word.text.push(c);
            word.offsets.extend(base + at..base + at + c.len_utf8());
        }
        words.push(word);
    }
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
    fn operators_end_words_and_substitutions_hold_them_together() {
        assert_eq!(read("a&&b; (c|d)"), ["a", "b", "c", "d"]);
        assert_eq!(read("A=\"$(cat \"/x y\")z\" ${B:-c d};e"), ["A=$(cat /x y)z", "${B:-c d}", "e"]);
        assert_eq!(read("redis://h/0; x amqp://u:a;b@h&"), ["redis://h/0", "x", "amqp://u:a;b@h"]);
        assert_eq!(read("X=$(a -b 'c"), ["X=$(a", "-b", "c"]);
        assert_eq!(read("`a b` c x:`cat /y`@h"), ["a", "b", "c", "x:`cat /y`@h"]);
        assert_eq!(read("A=\"x`y\" B=$(c"), ["A=x`y", "B=$(c"]);
        assert_eq!(read("a://{{ b|c('/') }}:1 d"), ["a://{{ b|c('/') }}:1", "d"]);
        assert_eq!(read("redis://%(HOST)s:1/0 x"), ["redis://%(HOST)s:1/0", "x"]);
    }

    #[test]
    fn a_shell_in_a_shell_has_words_in_the_same_source() {
        let text = "sh -c \"a \\\"é b\\\" && c\"";
        let inner = words(text, 0..text.len()).pop().unwrap().words(0);
        let texts: Vec<_> = inner.iter().map(|word| word.text.as_str()).collect();
        assert_eq!(texts, ["a", "é b", "c"]);
        assert_eq!(&text[inner[1].bytes(0)], "é b");
        assert_eq!(&text[inner[2].bytes(0)], "c");
    }

    #[test]
    fn an_exec_form_is_a_list_of_strings() {
        let text = "CMD [\"a\",\"b \\\"c\\\"\", \\\n  \"d\"]";
        let words = exec_form(text, 4..text.len()).unwrap();
        let texts: Vec<_> = words.iter().map(|word| word.text.as_str()).collect();
        assert_eq!(texts, ["a", "b \"c\"", "d"]);
        assert_eq!(&text[words[2].bytes(0)], "d");
        assert_eq!(exec_form("[ -f x ]", 0..8), None);
    }

    #[test]
    fn mebibytes_of_operators_are_read_once() {
        for unit in ["://;", "$(", "a)(", "${\"", "`"] {
            words(&unit.repeat(1 << 18), 0..unit.len() << 18);
        }
    }

    #[test]
    fn an_open_quote_takes_the_rest() {
        assert_eq!(read("a 'b c"), ["a", "b c"]);
    }
}
