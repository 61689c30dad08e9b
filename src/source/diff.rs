//! Hunks: from a forge's patch of one file, and from two texts.

use similar::{ChangeTag, TextDiff};

use crate::model::change::Hunk;

/// Lines of context around a computed hunk, as forges show them.
const CONTEXT: usize = 3;

/// Hunks between two texts, computed by us where the forge gave no patch.
pub fn hunks(old: &str, new: &str) -> Vec<Hunk> {
    let diff = TextDiff::from_lines(old, new);
    diff.grouped_ops(CONTEXT)
        .iter()
        .filter_map(|ops| {
            let (first, last) = (ops.first()?, ops.last()?);
            let mut hunk = Hunk {
                old: line(first.old_range().start)..line(last.old_range().end),
                new: line(first.new_range().start)..line(last.new_range().end),
                added: Vec::new(),
                removed: Vec::new(),
            };
            for change in ops.iter().flat_map(|op| diff.iter_changes(op)) {
                match change.tag() {
                    ChangeTag::Insert => hunk.added.extend(change.new_index().map(line)),
                    ChangeTag::Delete => hunk.removed.extend(change.old_index().map(line)),
                    ChangeTag::Equal => {}
                }
            }
            Some(hunk)
        })
        .collect()
}

fn line(index: usize) -> u32 {
    index as u32 + 1
}

/// Hunks of one file's patch text (`@@ … @@` and the lines below). `None` when it is cut or not a patch:
/// then the hunks are computed from both blobs.
pub fn parse_patch(patch: &str) -> Option<Vec<Hunk>> {
    let mut hunks = Vec::new();
    let mut lines = patch.lines().peekable();
    while let Some(header) = lines.next() {
        let (old, new) = parse_header(header)?;
        let mut hunk = Hunk { old: old.clone(), new: new.clone(), added: Vec::new(), removed: Vec::new() };
        let (mut at_old, mut at_new) = (old.start, new.start);
        while at_old < old.end || at_new < new.end {
            match lines.next()?.as_bytes().first() {
                Some(b'+') => {
                    hunk.added.push(at_new);
                    at_new += 1;
                }
                Some(b'-') => {
                    hunk.removed.push(at_old);
                    at_old += 1;
                }
                // An empty context line may have lost its leading blank on the way.
                Some(b' ') | None => {
                    at_old += 1;
                    at_new += 1;
                }
                Some(b'\\') => {}
                Some(_) => return None,
            }
        }
        if at_old != old.end || at_new != new.end {
            return None;
        }
        while lines.next_if(|l| l.starts_with('\\')).is_some() {}
        hunks.push(hunk);
    }
    Some(hunks)
}

/// `@@ -12,3 +14,5 @@ def f():` as half-open line ranges. A count of 0 leaves an empty range after that line.
fn parse_header(header: &str) -> Option<(std::ops::Range<u32>, std::ops::Range<u32>)> {
    let inner = header.strip_prefix("@@ -")?;
    let (ranges, _) = inner.split_once(" @@")?;
    let (old, new) = ranges.split_once(" +")?;
    Some((parse_range(old)?, parse_range(new)?))
}

fn parse_range(text: &str) -> Option<std::ops::Range<u32>> {
    let (start, count) = text.split_once(',').unwrap_or((text, "1"));
    let (start, count): (u32, u32) = (start.parse().ok()?, count.parse().ok()?);
    // Git writes "-5,0": nothing, after line 5.
    let start = if count == 0 { start.checked_add(1)? } else { start };
    Some(start..start.checked_add(count)?)
}
