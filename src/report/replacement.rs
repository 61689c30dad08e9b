//! A fix as the whole lines that would stand there instead.

use std::ops::Range;

use crate::model::finding::{Edit, Finding, FixSafety, NodeText, Place, Position, is_invisible};

use super::secret_lines::SecretLines;

/// More lines than this are not read in a comment.
const MOST_LINES: u32 = 20;
const MOST_BYTES: usize = 2_000;

/// What `lines` of the head become. An empty text removes them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Replacement {
    pub(super) lines: Range<u32>,
    pub(super) text: String,
}

/// The head's text of a line without its line end; `None` past the end of the file or when it is not known.
pub(super) type LineText<'a> = &'a (dyn Fn(&str, u32) -> Option<String> + Sync);

/// `None` when the fix is words only, too long to be read, or would show a secret or something unseen.
pub(super) fn of(
    finding: &Finding,
    secret_lines: &SecretLines<'_>,
    line_text: LineText<'_>,
) -> Option<Replacement> {
    let Place::Head { path, .. } = &finding.place else { return None };
    let fix = finding.fix.as_ref()?;
    if matches!(finding.node, NodeText::Secret(_)) || fix.safety == FixSafety::Text {
        return None;
    }
    let edits = in_order(&fix.edits)?;
    let (first, last) = (edits.first()?, edits.last()?);
    let (from, to) = (first.span.start.line, last.span.end.line);
    if from == 0 || to - from >= MOST_LINES || secret_lines.hides(path, &(from..to + 1)) {
        return None;
    }
    let replacement = apply(&edits, from..to + 1, &|line| line_text(path, line))?;
    let unseen = |c: char| (c.is_control() && !matches!(c, '\n' | '\t')) || is_invisible(c);
    let fit = replacement.text.len() <= MOST_BYTES && !replacement.text.contains(unseen);
    fit.then_some(replacement)
}

/// By position; `None` when there are none or two overlap.
fn in_order(edits: &[Edit]) -> Option<Vec<&Edit>> {
    let mut sorted: Vec<&Edit> = edits.iter().collect();
    sorted.sort_by_key(|e| (e.span.start, e.span.end));
    let forward = sorted.iter().all(|e| e.span.start <= e.span.end);
    let apart = sorted.iter().zip(sorted.iter().skip(1)).all(|(a, b)| a.span.end <= b.span.start);
    (forward && apart && !sorted.is_empty()).then_some(sorted)
}

fn apply(edits: &[&Edit], lines: Range<u32>, line: &dyn Fn(u32) -> Option<String>) -> Option<Replacement> {
    let last = lines.end - 1;
    let mut text = String::new();
    let mut at = Position { line: lines.start, column: 1 };
    for edit in edits {
        text.push_str(&between(at, edit.span.start, line)?);
        text.push_str(&edit.replacement);
        at = edit.span.end;
    }
    // An edit that ends before a line's first character leaves that line alone.
    let whole_lines_before =
        at.column == 1 && at.line > lines.start && (text.is_empty() || text.ends_with('\n'));
    if whole_lines_before {
        return Some(Replacement { lines: lines.start..last, text });
    }
    let rest = line(last)?;
    text.extend(rest.chars().skip(at.column as usize - 1));
    text.push('\n');
    Some(Replacement { lines, text })
}

/// The present text from one position up to another.
fn between(from: Position, to: Position, line: &dyn Fn(u32) -> Option<String>) -> Option<String> {
    let mut text = String::new();
    for number in from.line..=to.line {
        let start = if number == from.line { from.column.checked_sub(1)? as usize } else { 0 };
        if number < to.line {
            text.extend(line(number)?.chars().skip(start));
            text.push('\n');
        } else {
            let end = to.column.checked_sub(1)? as usize;
            if end > start {
                text.extend(line(number)?.chars().skip(start).take(end - start));
            }
        }
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::finding::Span;

    const FILE: [&str; 3] = ["a = [", "    öl,", "]"];

    fn apply_one(start: (u32, u32), end: (u32, u32), replacement: &str) -> Replacement {
        let span = Span {
            start: Position { line: start.0, column: start.1 },
            end: Position { line: end.0, column: end.1 },
        };
        let edit = Edit { span, replacement: replacement.into() };
        let line = |n: u32| FILE.get(n as usize - 1).map(|l| l.to_string());
        apply(&[&edit], start.0..end.0 + 1, &line).unwrap()
    }

    #[test]
    fn an_edit_inside_a_line_gives_the_whole_line() {
        assert_eq!(apply_one((2, 5), (2, 7), "fat"), Replacement { lines: 2..3, text: "    fat,\n".into() });
    }

    #[test]
    fn a_line_put_in_before_another_keeps_it() {
        assert_eq!(
            apply_one((2, 1), (2, 1), "    x,\n"),
            Replacement { lines: 2..3, text: "    x,\n    öl,\n".into() }
        );
    }

    #[test]
    fn removing_whole_lines_leaves_nothing() {
        assert_eq!(apply_one((2, 1), (3, 1), ""), Replacement { lines: 2..3, text: String::new() });
    }

    #[test]
    fn several_lines_become_one() {
        assert_eq!(apply_one((1, 5), (3, 2), "[]"), Replacement { lines: 1..4, text: "a = []\n".into() });
    }

    #[test]
    fn overlapping_edits_are_refused() {
        let at = |from, to| Edit {
            span: Span { start: Position { line: 1, column: from }, end: Position { line: 1, column: to } },
            replacement: String::new(),
        };
        assert!(in_order(&[at(1, 4), at(3, 5)]).is_none());
        assert!(in_order(&[at(3, 5), at(1, 3)]).is_some());
    }
}
