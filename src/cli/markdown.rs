//! Markdown for a terminal, without its signs: the page of a rule, a comment as it stands on the forge.

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

use crate::report::wrap::{width, wrap};
use crate::rules::example;

/// Columns of running text.
const COLUMNS: usize = 88;
/// Columns that the last cell of a table's row has at least; with fewer it goes on the next line.
const NARROWEST: usize = 30;

const BOLD: &str = "\u{1b}[1m";
const DIM: &str = "\u{1b}[2m";
const CYAN: &str = "\u{1b}[36m";
const RESET: &str = "\u{1b}[0m";

/// Every line of it behind `bar`. What only browsers show (tags, addresses, hidden comments) is left out.
pub(super) fn render(markdown: &str, bar: &str, colour: bool) -> String {
    let mut page = Page { bar: bar.to_owned(), colour, ..Page::default() };
    for event in Parser::new_ext(markdown, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH) {
        page.event(event);
    }
    page.flush();
    page.text.trim_end_matches([' ', '\n', '│']).to_owned() + "\n"
}

#[derive(Default)]
struct Page {
    text: String,
    /// Stands before every line.
    bar: String,
    /// What has been read of a paragraph, a heading or a cell.
    words: String,
    /// What a paragraph's lines begin with, the first and the others: a quote's bar, a list's dash.
    hang: (&'static str, &'static str),
    /// Inside a code block: its lines so far.
    code: Option<String>,
    /// Inside a table: its rows so far.
    rows: Option<Vec<Vec<String>>>,
    colour: bool,
}

impl Page {
    fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(&tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) => self.code.as_mut().unwrap_or(&mut self.words).push_str(&text),
            Event::Code(code) => {
                let code = self.painted(CYAN, &code);
                self.words.push_str(&code);
            }
            Event::SoftBreak => self.words.push(' '),
            Event::HardBreak => self.flush(),
            Event::Html(html) | Event::InlineHtml(html) if html.contains("<summary>") => {
                let title = html.split("<summary>").nth(1).and_then(|rest| rest.split("</summary>").next());
                self.words.push_str(&format!("▸ {}", title.unwrap_or_default()));
                self.flush();
            }
            _ => {}
        }
    }

    fn start(&mut self, tag: &Tag<'_>) {
        match tag {
            Tag::BlockQuote(_) => self.hang = ("│ ", "│ "),
            Tag::Item => self.hang = ("• ", "  "),
            Tag::CodeBlock(kind) => {
                self.flush();
                self.blank();
                if let CodeBlockKind::Fenced(info) = kind
                    && let Some(caption) = example::caption(info)
                {
                    self.line(&self.painted(DIM, &caption));
                }
                self.code = Some(String::new());
            }
            Tag::Table(_) => self.rows = Some(Vec::new()),
            Tag::TableHead | Tag::TableRow => self.rows.get_or_insert_default().push(Vec::new()),
            Tag::Heading { .. } | Tag::Paragraph => self.blank(),
            Tag::Strong => self.paint(BOLD),
            Tag::Strikethrough => self.paint(DIM),
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::BlockQuote(_) => self.hang = ("", ""),
            TagEnd::Item => {
                self.flush();
                self.hang = ("", "");
            }
            TagEnd::CodeBlock => {
                for line in self.code.take().unwrap_or_default().lines() {
                    self.line(&format!("    {line}"));
                }
            }
            TagEnd::Heading(_) => {
                let heading = std::mem::take(&mut self.words);
                self.line(&self.painted(BOLD, &heading));
            }
            TagEnd::Paragraph => self.flush(),
            TagEnd::TableCell => {
                let cell = std::mem::take(&mut self.words);
                if let Some(row) = self.rows.as_mut().and_then(|rows| rows.last_mut()) {
                    row.push(cell);
                }
            }
            TagEnd::Table => self.table(),
            TagEnd::Strong | TagEnd::Strikethrough => self.paint(RESET),
            _ => {}
        }
    }

    /// The rows below each other, the last cell wrapped in its column; a head says nothing that the cells do not.
    fn table(&mut self) {
        self.blank();
        let rows: Vec<_> = self.rows.take().unwrap_or_default().into_iter().skip(1).collect();
        let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
        let widest = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|c| width(c)).max();
        let widths: Vec<usize> = (0..columns).map(|column| widest(column).unwrap_or(0)).collect();
        for row in &rows {
            let Some((last, firsts)) = row.split_last() else { continue };
            let cells = firsts.iter().zip(&widths);
            let padded = cells.map(|(cell, wide)| format!("{cell}{}  ", " ".repeat(wide - width(cell))));
            let first: String = padded.collect();
            let indent = width(&first);
            let text = if indent + NARROWEST <= COLUMNS {
                wrap(last, &first, &" ".repeat(indent), COLUMNS)
            } else {
                format!("{}\n{}", first.trim_end(), wrap(last, "    ", "    ", COLUMNS))
            };
            text.lines().for_each(|line| self.line(line));
        }
    }

    fn flush(&mut self) {
        let words = std::mem::take(&mut self.words);
        if !words.trim().is_empty() {
            wrap(&words, self.hang.0, self.hang.1, COLUMNS).lines().for_each(|line| self.line(line));
        }
    }

    /// One empty line, unless the page begins or one is there.
    fn blank(&mut self) {
        let empty = format!("{}\n", self.bar.trim_end());
        if self.hang.0 != "• " && !self.text.is_empty() && !self.text.ends_with(&format!("\n{empty}")) {
            self.text.push_str(&empty);
        }
    }

    fn line(&mut self, line: &str) {
        self.text.push_str(format!("{}{line}", self.bar).trim_end());
        self.text.push('\n');
    }

    fn paint(&mut self, colour: &str) {
        if self.colour {
            self.words.push_str(colour);
        }
    }

    fn painted(&self, colour: &str, text: &str) -> String {
        if self.colour { format!("{colour}{text}{RESET}") } else { text.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_reads_well_without_colour() {
        let page = "# T\n\n> Q\n\nOne `two`\nthree.\n\n- a\n- b\n\n```py x.py bad\nf()\n```\n";
        assert_eq!(
            render(page, "", false),
            "T\n\n│ Q\n\nOne two three.\n• a\n• b\n\nx.py · reported\n    f()\n"
        );
    }

    #[test]
    fn of_a_comment_only_what_people_read_is_shown() {
        let body = "### Two\n\n| | where | what |\n|---|---|---|\n| error | [`a.py:1`](https://x/y) | It breaks |\n| advice | `b.py` | It is **odd** |\n\n<details><summary>1 piece</summary>\n\nfolded\n\n</details>\n\n<sub>error · [MIG004](z)</sub>\n<!-- red-panda:v1 fp= -->";
        assert_eq!(
            render(body, "│ ", false),
            "│ Two\n│\n│ error   a.py:1  It breaks\n│ advice  b.py    It is odd\n│ ▸ 1 piece\n│\n│ folded\n│\n│ error · MIG004\n"
        );
    }
}
