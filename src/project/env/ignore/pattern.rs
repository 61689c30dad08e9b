//! One line of a `.gitignore`, as gitignore(5) has it: <https://git-scm.com/docs/gitignore#_pattern_format>.

use std::cell::Cell;

use super::glob::Glob;

/// A line that can match something.
#[derive(Clone, Debug)]
pub(super) struct Pattern {
    /// 1-based.
    pub(super) line: u32,
    /// `!`: what it matches is not ignored after all.
    pub(super) lets_in: bool,
    only_folders: bool,
    /// It holds no slash: it is held against the name alone, at any depth.
    name_only: bool,
    glob: Glob,
}

impl Pattern {
    fn parse(line: &[u8], number: u32) -> Option<Self> {
        if line.starts_with(b"#") {
            return None;
        }
        // To Git a line is a C string.
        let line = without_blanks(line.split(|byte| *byte == 0).next()?);
        let (lets_in, line) = line.strip_prefix(b"!").map_or((false, line), |rest| (true, rest));
        let (only_folders, line) = line.strip_suffix(b"/").map_or((false, line), |rest| (true, rest));
        let name_only = !line.contains(&b'/');
        let anchored = line.strip_prefix(b"/").unwrap_or(line);
        let glob = Glob::parse(anchored, !name_only).filter(|_| !anchored.is_empty())?;
        Some(Self { line: number, lets_in, only_folders, name_only, glob })
    }

    /// Of a path seen from the folder of its `.gitignore`; `None` when it costs more than what is left to spend.
    pub(super) fn matches(&self, path: &[u8], is_folder: bool, left: &Cell<usize>) -> Option<bool> {
        if self.only_folders && !is_folder {
            return Some(false);
        }
        let name = path.rsplit(|byte| *byte == b'/').next().unwrap_or(path);
        self.glob.matches(if self.name_only { name } else { path }, left)
    }
}

/// All patterns of a file, in its order.
pub(super) fn patterns(file: &[u8]) -> Vec<Pattern> {
    let file = file.strip_prefix("\u{FEFF}".as_bytes()).unwrap_or(file);
    let lines = (1..).zip(file.split(|byte| *byte == b'\n'));
    lines
        .filter_map(|(number, line)| Pattern::parse(line.strip_suffix(b"\r").unwrap_or(line), number))
        .collect()
}

/// Spaces at the end do not count, unless a backslash stands before them; tabs do.
fn without_blanks(line: &[u8]) -> &[u8] {
    let (mut kept, mut at) = (0, 0);
    while let Some(byte) = line.get(at) {
        at += if *byte == b'\\' { 2 } else { 1 };
        if *byte != b' ' {
            kept = at;
        }
    }
    line.get(..kept).unwrap_or(line)
}
