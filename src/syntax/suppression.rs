//! `# red-panda: ignore[MIG004] -- reason`: our own suppression comments, in every file type that has comments.

use regex::Regex;
use std::sync::LazyLock;

use crate::model::finding::Span;
use crate::source::Text;

use super::python::Module;

/// One comment of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suppression {
    /// The line it stands on, 1-based.
    pub line: u32,
    /// From its `#` to its end.
    pub span: Span,
    /// As written, in order; empty when the brackets are missing or empty.
    pub codes: Vec<String>,
    /// What stands after `--`.
    pub reason: Option<String>,
}

/// What every comment of ours holds.
pub const MARK: &str = "red-panda:";

/// Longest list of codes that is read.
const MAX_CODES: usize = 50;

static COMMENT: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?:^|[\s{])#\s*red-panda:\s*ignore\b(?:\s*\[(?P<codes>[^\]\n]*)\])?(?P<rest>[^\n]*)").ok()
});

/// The suppressions of a Python file: comments only, never text inside strings.
pub fn in_python(module: &Module) -> Vec<Suppression> {
    let comments = module.comments().iter();
    comments.filter_map(|comment| read(module.text(), comment.line, comment.text)).collect()
}

/// The suppressions of a file whose comments begin with `#` (YAML, TOML, env, nginx, Dockerfile) or stand in `{# #}`.
pub fn in_text(text: &Text) -> Vec<Suppression> {
    text.lines()
        .filter(|(_, line)| line.contains(MARK))
        .filter_map(|(number, line)| read(text, number, line))
        .collect()
}

fn read(text: &Text, number: u32, written: &str) -> Option<Suppression> {
    let found = COMMENT.as_ref()?.captures(written)?;
    let rest = found.name("rest").map_or("", |m| m.as_str()).trim().trim_end_matches("#}").trim();
    let reason =
        rest.strip_prefix("--").map(str::trim).filter(|reason| !reason.is_empty()).map(str::to_owned);
    let codes =
        found.name("codes").map_or("", |m| m.as_str()).split(',').map(str::trim).filter(|c| !c.is_empty());
    let line = text.line(number);
    let start = line.find(MARK).and_then(|at| line[..at].rfind('#')).unwrap_or(0);
    let column = line[..start].chars().count() as u32 + 1;
    let mut span = text.line_span(number);
    span.start.column = column;
    Some(Suppression {
        line: number,
        span,
        codes: codes.take(MAX_CODES).map(str::to_owned).collect(),
        reason,
    })
}

/// Longest run of comment lines above a finding in which a suppression is looked for.
const MAX_COMMENT: usize = 200;

/// A text with the blocks that its indentation makes, which holds for Python, YAML and nginx alike.
#[derive(Debug)]
pub struct Blocks {
    text: Text,
    /// By line: the first line of the block around it; 0 for none.
    enclosing: Vec<u32>,
}

impl Blocks {
    /// One pass: however many findings a file has, and however it is indented.
    pub fn of(text: &Text) -> Self {
        let mut enclosing = Vec::new();
        // Code lines that a later line can still be inside of, each further in than the one before.
        let mut open: Vec<(u32, usize)> = Vec::new();
        for (number, line) in text.lines() {
            let indentation = line.len() - line.trim_start().len();
            let around = open.iter().rposition(|(_, outer)| *outer < indentation);
            enclosing.push(around.map_or(0, |at| open[at].0));
            let is_code = !matches!(line.trim_start().chars().next(), None | Some('#'));
            if is_code {
                open.truncate(around.map_or(0, |at| at + 1));
                open.push((number, indentation));
            }
        }
        Self { text: text.clone(), enclosing }
    }

    /// The lines on which a suppression of a finding at `span` may stand: its first and last line, the comment lines
    /// right above, and the first line of every block around it.
    pub fn lines_that_speak_for(&self, span: Span) -> Vec<u32> {
        let lines = span.lines();
        let mut speaking = vec![lines.start, lines.end.saturating_sub(1)];
        let above = (1..lines.start).rev().take(MAX_COMMENT);
        speaking.extend(above.take_while(|number| is_comment(self.text.line(*number))));
        let around = |line: u32| {
            let index = (line as usize).checked_sub(1)?;
            self.enclosing.get(index).copied().filter(|first| *first > 0)
        };
        speaking.extend(std::iter::successors(around(lines.start), |line| around(*line)));
        speaking
    }
}

fn is_comment(line: &str) -> bool {
    line.trim_start().starts_with(['#', '{']) && line.contains('#')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_reason_are_read_in_every_kind_of_comment() {
        let text = Text::new(
            "a: 1  # red-panda: ignore[CEL001, CEL002] -- the broker decodes it\n{# red-panda: ignore[TPL001] -- x #}\n# red-panda: ignore\n",
        );
        let found = in_text(&text);
        assert_eq!(found[0].codes, ["CEL001", "CEL002"]);
        assert_eq!(found[0].reason.as_deref(), Some("the broker decodes it"));
        assert_eq!(found[1].reason.as_deref(), Some("x"));
        assert_eq!((found[2].codes.len(), &found[2].reason), (0, &None));
    }

    #[test]
    fn comments_and_blank_lines_open_and_close_no_block() {
        let text = Text::new("a:\n    b:\n\n# at the left\n        # inside\n      c:\n    d: 1\ne: 2\n");
        let around = |line| Blocks::of(&text).lines_that_speak_for(Span::line(line, 1)).split_off(2);
        assert_eq!(around(6), [5, 4, 2, 1]);
        assert_eq!((around(7), around(8)), (vec![1], vec![]));
    }

    #[test]
    fn text_in_a_python_string_is_no_comment() {
        let module = Module::parse(&Text::new("x = '''\n# red-panda: ignore[MIG004] -- no\n'''\n"));
        assert_eq!(in_python(&module), []);
    }

    #[test]
    fn a_comment_may_stand_on_the_line_above_it_and_at_the_head_of_its_block() {
        let text = Text::new(
            "class M:\n    ops = [\n        # one\n        # two\n        f(\n            1,\n        ),\n    ]\n",
        );
        let span = Span {
            start: crate::model::finding::Position { line: 5, column: 9 },
            end: crate::model::finding::Position { line: 7, column: 10 },
        };
        assert_eq!(Blocks::of(&text).lines_that_speak_for(span), [5, 7, 4, 3, 2, 1]);
    }
}
