//! Where in the diff a comment can hang. One pure step against the hunks of the exact head: never an off-diff comment.

use crate::model::change::{Change, Hunk};
use crate::model::finding::{Place, Span};
use crate::model::plan::{Anchor, Side};

/// The anchor for a place, if a hunk shows it. `multi_line`: the forge can hang a comment on several lines.
pub fn resolve(change: &Change, place: &Place, multi_line: bool) -> Option<Anchor> {
    match place {
        Place::Head { path, span } => {
            let file = change.file_at_head(path)?;
            let hunks = file.hunks.as_deref()?;
            on_head(hunks, *span, multi_line).map(|(start_line, line)| Anchor {
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
    let hunk = hunks.iter().find(|h| h.added.iter().any(|l| lines.contains(l)));
    if let Some(hunk) = hunk {
        let first_added = *hunk.added.iter().find(|l| lines.contains(l))?;
        let whole_in_hunk = hunk.new.contains(&lines.start) && lines.end <= hunk.new.end;
        if multi_line && whole_in_hunk && lines.end - lines.start > 1 {
            return Some((Some(lines.start), lines.end - 1));
        }
        let line = if hunk.added.contains(&lines.start) { lines.start } else { first_added };
        return Some((None, line));
    }
    hunks.iter().any(|h| h.new.contains(&lines.start)).then_some((None, lines.start))
}

fn removed_line(hunks: &[Hunk], span: Span) -> Option<u32> {
    let lines = span.lines();
    hunks.iter().flat_map(|h| &h.removed).copied().find(|l| lines.contains(l))
}

/// Does the span touch a line that the change added or changed?
pub fn touches(hunks: &[Hunk], span: Span) -> bool {
    let lines = span.lines();
    hunks.iter().flat_map(|h| &h.added).any(|l| lines.contains(l))
}

/// How far the span's first line is from the nearest added line.
pub fn distance(hunks: &[Hunk], span: Span) -> u32 {
    hunks.iter().flat_map(|h| &h.added).map(|l| l.abs_diff(span.start.line)).min().unwrap_or(u32::MAX)
}
