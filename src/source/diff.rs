//! Hunks: from a forge's patch of one file, and from two texts.

use std::ops::Range;

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

/// What changed in one file, as `git apply` takes it; empty where nothing did.
pub fn unified(path: &str, old: &str, new: &str) -> String {
    let (before, after) = (format!("a/{path}"), format!("b/{path}"));
    let diff = TextDiff::from_lines(old, new);
    diff.unified_diff().context_radius(CONTEXT).header(&before, &after).to_string()
}

/// Of a file that nothing stands behind: all of it is new.
pub fn all_new(lines: u32) -> Vec<Hunk> {
    let new = 1..lines + 1;
    let hunk = Hunk { old: 1..1, new: new.clone(), added: new.collect(), removed: Vec::new() };
    if lines == 0 { Vec::new() } else { vec![hunk] }
}

fn line(index: usize) -> u32 {
    index as u32 + 1
}

/// Hunks of one file's patch text (`@@ … @@` and the lines below). `None` when it is cut or not a patch:
/// then the hunks are computed from both blobs.
pub fn parse_patch(patch: &str) -> Option<Vec<Hunk>> {
    let mut read = PatchReader::default();
    patch.lines().for_each(|line| read.line(line));
    read.end()
}

/// Reads a patch line by line: of a content line its first character is enough.
#[derive(Debug, Default)]
pub struct PatchReader {
    hunks: Vec<Hunk>,
    open: Option<OpenHunk>,
    /// What came is no patch.
    broken: bool,
}

/// A hunk of which lines are missing, and the lines that come next.
#[derive(Debug)]
struct OpenHunk {
    hunk: Hunk,
    at_old: u32,
    at_new: u32,
}

impl PatchReader {
    pub fn line(&mut self, line: &str) {
        match &mut self.open {
            Some(open) => self.broken |= !open.line(line),
            // "No newline at end of file" speaks of the line before.
            None if line.starts_with('\\') && !self.hunks.is_empty() => {}
            None => match parse_header(line) {
                Some((old, new)) => self.open = Some(OpenHunk::new(old, new)),
                None => self.broken = true,
            },
        }
        if self.open.as_ref().is_some_and(OpenHunk::is_whole) {
            self.hunks.extend(self.open.take().map(|open| open.hunk));
        }
    }

    pub fn end(self) -> Option<Vec<Hunk>> {
        (!self.broken && self.open.is_none()).then_some(self.hunks)
    }
}

impl OpenHunk {
    fn new(old: Range<u32>, new: Range<u32>) -> Self {
        let (at_old, at_new) = (old.start, new.start);
        Self { hunk: Hunk { old, new, added: Vec::new(), removed: Vec::new() }, at_old, at_new }
    }

    fn is_whole(&self) -> bool {
        self.at_old == self.hunk.old.end && self.at_new == self.hunk.new.end
    }

    /// `false` when a hunk of this length has no such line.
    fn line(&mut self, line: &str) -> bool {
        match line.as_bytes().first() {
            Some(b'+') => {
                self.hunk.added.push(self.at_new);
                self.at_new += 1;
            }
            Some(b'-') => {
                self.hunk.removed.push(self.at_old);
                self.at_old += 1;
            }
            // An empty context line may have lost its leading blank on the way.
            Some(b' ') | None => {
                self.at_old += 1;
                self.at_new += 1;
            }
            Some(b'\\') => {}
            Some(_) => return false,
        }
        self.at_old <= self.hunk.old.end && self.at_new <= self.hunk.new.end
    }
}

/// `@@ -12,3 +14,5 @@ def f():` as half-open line ranges. A count of 0 leaves an empty range after that line.
fn parse_header(header: &str) -> Option<(Range<u32>, Range<u32>)> {
    let inner = header.strip_prefix("@@ -")?;
    let (ranges, _) = inner.split_once(" @@")?;
    let (old, new) = ranges.split_once(" +")?;
    Some((parse_range(old)?, parse_range(new)?))
}

fn parse_range(text: &str) -> Option<Range<u32>> {
    let (start, count) = text.split_once(',').unwrap_or((text, "1"));
    let (start, count): (u32, u32) = (start.parse().ok()?, count.parse().ok()?);
    // Git writes "-5,0": nothing, after line 5.
    let start = if count == 0 { start.checked_add(1)? } else { start };
    Some(start..start.checked_add(count)?)
}
