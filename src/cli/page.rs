//! A rule's page for a terminal: Markdown without its signs, wrapped for reading.

use pulldown_cmark::{CodeBlockKind, Event, Parser, Tag, TagEnd};

use crate::rules::example;

/// Characters a line of prose may have.
const WIDTH: usize = 80;

const BOLD: &str = "\u{1b}[1m";
const DIM: &str = "\u{1b}[2m";
const CYAN: &str = "\u{1b}[36m";
const RESET: &str = "\u{1b}[0m";

/// The page under a line that names the rule.
pub(super) fn render(markdown: &str, name: &str, colour: bool) -> String {
    let mut page =
        Page { text: String::new(), paragraph: String::new(), prefix: String::new(), code: None, colour };
    page.line(&page.painted(DIM, name));
    for event in Parser::new(markdown) {
        page.event(event);
    }
    page.text
}

struct Page {
    text: String,
    paragraph: String,
    /// What each line of the paragraph begins with: a quote's bar, a list's dash.
    prefix: String,
    /// Inside a code block: its lines so far.
    code: Option<String>,
    colour: bool,
}

impl Page {
    fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Start(Tag::BlockQuote(_)) => self.prefix = "│ ".to_owned(),
            Event::End(TagEnd::BlockQuote(_)) => self.prefix.clear(),
            Event::Start(Tag::Item) => self.prefix = "• ".to_owned(),
            Event::End(TagEnd::Item) => {
                self.flush();
                self.prefix.clear();
            }
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info))) => {
                self.line("");
                if let Some(caption) = example::caption(&info) {
                    self.line(&self.painted(DIM, &caption));
                }
                self.code = Some(String::new());
            }
            Event::End(TagEnd::CodeBlock) => self.end_code(),
            Event::End(TagEnd::Heading(_)) => {
                let heading = std::mem::take(&mut self.paragraph);
                self.line("");
                self.line(&self.painted(BOLD, &heading));
            }
            Event::End(TagEnd::Paragraph) => {
                self.line("");
                self.flush();
            }
            Event::Text(text) => match &mut self.code {
                Some(code) => code.push_str(&text),
                None => self.paragraph.push_str(&text),
            },
            Event::Code(code) => self.paragraph.push_str(&self.painted(CYAN, &code)),
            Event::SoftBreak | Event::HardBreak => self.paragraph.push(' '),
            _ => {}
        }
    }

    fn end_code(&mut self) {
        for line in self.code.take().unwrap_or_default().lines() {
            self.line(format!("    {line}").trim_end());
        }
    }

    fn flush(&mut self) {
        let paragraph = std::mem::take(&mut self.paragraph);
        let mut line = self.prefix.clone();
        for word in paragraph.split_whitespace() {
            let begun = line.chars().count() > self.prefix.chars().count();
            if begun && visible(&line) + visible(word) + 1 > WIDTH {
                self.line(&line);
                line = if self.prefix == "• " { "  ".to_owned() } else { self.prefix.clone() };
            } else if begun {
                line.push(' ');
            }
            line.push_str(word);
        }
        if !line.trim().is_empty() && !paragraph.is_empty() {
            self.line(&line);
        }
    }

    fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    fn painted(&self, colour: &str, text: &str) -> String {
        if self.colour { format!("{colour}{text}{RESET}") } else { text.to_owned() }
    }
}

/// Characters without colour codes.
fn visible(text: &str) -> usize {
    let mut count = 0;
    let mut in_code = false;
    for c in text.chars() {
        match c {
            '\u{1b}' => in_code = true,
            'm' if in_code => in_code = false,
            _ if !in_code => count += 1,
            _ => {}
        }
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_reads_well_without_colour() {
        let page = render(
            "# T\n\n> Q\n\nOne `two`\nthree.\n\n- a\n- b\n\n```py x.py bad\nf()\n```\n",
            "MIG004",
            false,
        );
        assert_eq!(page, "MIG004\n\nT\n\n│ Q\n\nOne two three.\n• a\n• b\n\nx.py · reported\n    f()\n");
    }
}
