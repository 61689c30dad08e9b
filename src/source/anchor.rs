//! Where in the diff a comment can hang. One pure step against the hunks of the exact head: never an off-diff comment.

use std::ops::Range;

use crate::model::change::{Change, Hunk};
use crate::model::finding::{Finding, Place, Span};
use crate::model::plan::{Anchor, Side};

/// The anchor for a finding, if a hunk shows its place or its cause. `multi_line`: the forge can hang a comment on
/// several lines.
pub fn resolve(change: &Change, finding: &Finding, multi_line: bool) -> Option<Anchor> {
    match &finding.place {
        Place::Head { path, span } => {
            let file = change.file_at_head(path)?;
            let hunks = file.hunks.as_deref()?;
            let at_cause = || first_added(hunks, finding.cause?).map(|(_, line)| (None, line));
            let at_place = on_head(hunks, *span, multi_line);
            at_place.or_else(at_cause).map(|(start_line, line)| Anchor {
                path: path.clone(),
                side: Side::Head,
                line,
                start_line,
            })
        }
        Place::Base { path, span } => {
            let file = change.files.iter().find(|f| f.base_path() == Some(path))?;
            let line = removed_line(file.hunks.as_deref()?, *span)?;
            Some(Anchor { path: file.path.clone(), side: Side::Base, line, start_line: None })
        }
        Place::Path(_) | Place::Repository => None,
    }
}

/// The span's first line when it was added; else its first added line; else its first line when a hunk shows it.
fn on_head(hunks: &[Hunk], span: Span, multi_line: bool) -> Option<(Option<u32>, u32)> {
    let lines = span.lines();
    let Some((hunk, line)) = first_added(hunks, span) else {
        return hunks.iter().any(|h| h.new.contains(&lines.start)).then_some((None, lines.start));
    };
    let whole_in_hunk = hunk.new.contains(&lines.start) && lines.end <= hunk.new.end;
    if multi_line && whole_in_hunk && lines.end - lines.start > 1 {
        return Some((Some(lines.start), lines.end - 1));
    }
    Some((None, line))
}

fn first_added(hunks: &[Hunk], span: Span) -> Option<(&Hunk, u32)> {
    hunks.iter().find_map(|hunk| Some((hunk, first_in(&hunk.added, &span.lines())?)))
}

fn removed_line(hunks: &[Hunk], span: Span) -> Option<u32> {
    hunks.iter().find_map(|h| first_in(&h.removed, &span.lines()))
}

/// Does the change add or change a line of the span, or take one out of it?
pub fn touches(hunks: &[Hunk], span: Span) -> bool {
    let lines = span.lines();
    let inside = |before: u32| lines.start < before && before < lines.end;
    hunks.iter().any(|hunk| {
        let near = hunk.new.start <= lines.end && lines.start <= hunk.new.end;
        near && (first_in(&hunk.added, &lines).is_some() || removals(hunk).any(inside))
    })
}

/// The first of some ascending lines that lies in a range.
fn first_in(ascending: &[u32], lines: &Range<u32>) -> Option<u32> {
    let from = ascending.partition_point(|line| *line < lines.start);
    ascending.get(from).copied().filter(|line| lines.contains(line))
}

/// The head lines before which lines were removed: each stands as far below the hunk's start as unchanged and added
/// lines do above it.
fn removals(hunk: &Hunk) -> impl Iterator<Item = u32> + '_ {
    let mut added = hunk.added.iter().copied().peekable();
    let (mut old, mut new) = (hunk.old.start, hunk.new.start);
    hunk.removed.iter().map(move |removed| {
        while old < *removed {
            if added.next_if_eq(&new).is_none() {
                old += 1;
            }
            new += 1;
        }
        old += 1;
        new
    })
}

/// How far the span's first line is from the nearest added line.
pub fn distance(hunks: &[Hunk], span: Span) -> u32 {
    let line = span.start.line;
    let nearest = |added: &[u32]| {
        let behind = added.partition_point(|l| *l < line);
        let around = [behind.checked_sub(1), Some(behind)].into_iter().flatten();
        around.filter_map(|at| added.get(at)).map(|l| l.abs_diff(line)).min()
    };
    hunks.iter().filter_map(|hunk| nearest(&hunk.added)).min().unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::diff;

    fn lines(start: u32, end: u32) -> Span {
        let mut span = Span::line(start, 1);
        span.end.line = end;
        span
    }

    #[test]
    fn the_nearest_added_line_is_before_behind_or_in_another_hunk() {
        let (old, new) = ("a\n".repeat(40), format!("a\nx\ny\n{}z\n", "a\n".repeat(39)));
        let hunks = diff::hunks(&old, &new);
        assert_eq!(hunks.len(), 2);
        let of = |line| distance(&hunks, lines(line, line));
        assert_eq!([1, 2, 3, 4, 13, 40, 43, 50].map(of), [1, 0, 0, 1, 10, 3, 0, 7]);
        assert_eq!(distance(&[], lines(1, 1)), u32::MAX);
    }

    #[test]
    fn a_line_taken_out_of_the_span_touches_it_and_one_beside_it_does_not() {
        let hunks = diff::hunks("a\nb\nf(\n  one,\n  two,\n)\nc\n", "a\nf(\n  one,\n)\nc\nd\n");
        assert!(touches(&hunks, lines(2, 4)));
        assert!(touches(&hunks, lines(6, 6)));
        assert!(!touches(&hunks, lines(1, 1)));
        assert!(!touches(&hunks, lines(2, 3)));
        assert!(!touches(&hunks, lines(4, 5)));
    }
}
