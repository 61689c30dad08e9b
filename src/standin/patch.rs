//! The difference of two trees, and its text exactly as `git diff -p` prints it with `core.quotePath=false`.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;

use similar::{Algorithm, DiffOp, capture_diff_slices, group_diff_ops};

use crate::model::change::{FileStatus, Mode};

use super::repository::{Content, Files};

const CONTEXT: usize = 3;
/// Git calls two files a rename from this share of equal bytes on.
const SIMILAR_PERCENT: usize = 50;
/// Git looks this far for a NUL byte.
const BINARY_PROBE: usize = 8000;
/// The longest function name git writes behind `@@`.
const FUNCTION: usize = 80;

/// One changed file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileDiff {
    /// At head; of a deleted file, at the base.
    pub path: String,
    /// Of a renamed file, its path at the base.
    pub previous_path: Option<String>,
    pub status: FileStatus,
    pub old: Option<Content>,
    pub new: Option<Content>,
    pub binary: bool,
    pub additions: usize,
    pub deletions: usize,
    /// The hunks' text, from the first `@@` on; empty for binary, empty and merely renamed files.
    pub patch: Vec<u8>,
    /// New-side and old-side line numbers that the hunks show: where a comment can hang.
    pub shown_new: BTreeSet<u32>,
    pub shown_old: BTreeSet<u32>,
    similarity: usize,
}

/// Added, modified, deleted and renamed files between two trees, by path.
pub fn diff_files(base: &Files, head: &Files) -> Vec<FileDiff> {
    let mut deleted: BTreeMap<&str, &Content> = BTreeMap::new();
    let mut added: BTreeMap<&str, &Content> = BTreeMap::new();
    let mut diffs = Vec::new();
    for (path, old) in base {
        match head.get(path) {
            None => {
                deleted.insert(path, old);
            }
            Some(new) if new == old => {}
            Some(new) if kind(new.mode) == kind(old.mode) => {
                diffs.push(FileDiff::new(path, FileStatus::Modified, Some(old), Some(new)));
            }
            // A file that becomes a symlink is deleted and made anew.
            Some(new) => {
                diffs.push(FileDiff::new(path, FileStatus::Deleted, Some(old), None));
                diffs.push(FileDiff::new(path, FileStatus::Added, None, Some(new)));
            }
        }
    }
    added.extend(
        head.iter().filter(|(path, _)| !base.contains_key(*path)).map(|(path, new)| (path.as_str(), new)),
    );
    for (similarity, from, to) in renames(&deleted, &added) {
        if let (Some(old), Some(new)) = (deleted.remove(from), added.remove(to)) {
            let mut diff = FileDiff::new(to, FileStatus::Renamed, Some(old), Some(new));
            diff.previous_path = Some(from.to_owned());
            diff.similarity = similarity;
            diffs.push(diff);
        }
    }
    diffs.extend(
        deleted.into_iter().map(|(path, old)| FileDiff::new(path, FileStatus::Deleted, Some(old), None)),
    );
    diffs
        .extend(added.into_iter().map(|(path, new)| FileDiff::new(path, FileStatus::Added, None, Some(new))));
    diffs.sort_by(|a, b| {
        a.path.cmp(&b.path).then((a.status == FileStatus::Added).cmp(&(b.status == FileStatus::Added)))
    });
    diffs
}

/// Pairs of a deleted and an added file that git calls one file, the most similar first, each file at most once.
fn renames<'a>(
    deleted: &BTreeMap<&'a str, &'a Content>,
    added: &BTreeMap<&'a str, &'a Content>,
) -> Vec<(usize, &'a str, &'a str)> {
    let mut pairs = Vec::new();
    for (from, old) in deleted {
        for (to, new) in added {
            let percent = similarity(old, new);
            if percent >= SIMILAR_PERCENT {
                pairs.push((percent, *from, *to));
            }
        }
    }
    let same_name = |from: &str, to: &str| from.rsplit('/').next() == to.rsplit('/').next();
    pairs.sort_by_key(|(percent, from, to)| (100 - percent, !same_name(from, to), *from, *to));
    let (mut used_from, mut used_to) = (BTreeSet::new(), BTreeSet::new());
    pairs.retain(|(_, from, to)| {
        !used_from.contains(from) && !used_to.contains(to) && {
            used_from.insert(*from);
            used_to.insert(*to)
        }
    });
    pairs
}

/// The share of bytes in lines that both have, as git estimates it.
fn similarity(old: &Content, new: &Content) -> usize {
    if kind(old.mode) != kind(new.mode) {
        return 0;
    }
    if old.bytes == new.bytes {
        return 100;
    }
    let longer = old.bytes.len().max(new.bytes.len());
    let mut waiting: HashMap<&[u8], usize> = HashMap::new();
    for line in lines(&old.bytes) {
        *waiting.entry(line).or_default() += 1;
    }
    let mut kept = 0;
    for line in lines(&new.bytes) {
        if let Some(count) = waiting.get_mut(line).filter(|c| **c > 0) {
            *count -= 1;
            kept += line.len();
        }
    }
    // Only equal contents are 100 %.
    (kept * 100 / longer.max(1)).min(99)
}

fn kind(mode: Mode) -> u8 {
    match mode {
        Mode::File | Mode::Executable => 0,
        Mode::Symlink => 1,
        Mode::Submodule => 2,
    }
}

fn octal(mode: Mode) -> &'static str {
    match mode {
        Mode::File => "100644",
        Mode::Executable => "100755",
        Mode::Symlink => "120000",
        Mode::Submodule => "160000",
    }
}

/// What git shows as a file's text.
fn shown(content: Option<&Content>) -> Vec<u8> {
    match content {
        None => Vec::new(),
        Some(content) if content.mode == Mode::Submodule => {
            [b"Subproject commit ", content.bytes.as_ref(), b"\n"].concat()
        }
        Some(content) => content.bytes.to_vec(),
    }
}

fn is_binary(text: &[u8]) -> bool {
    text.iter().take(BINARY_PROBE).any(|b| *b == 0)
}

/// Lines with their ends.
fn lines(text: &[u8]) -> Vec<&[u8]> {
    text.split_inclusive(|b| *b == b'\n').collect()
}

impl FileDiff {
    fn new(path: &str, status: FileStatus, old: Option<&Content>, new: Option<&Content>) -> Self {
        let (before, after) = (shown(old), shown(new));
        let binary = is_binary(&before) || is_binary(&after);
        let mut diff = Self {
            path: path.to_owned(),
            previous_path: None,
            status,
            old: old.cloned(),
            new: new.cloned(),
            binary,
            additions: 0,
            deletions: 0,
            patch: Vec::new(),
            shown_new: BTreeSet::new(),
            shown_old: BTreeSet::new(),
            similarity: 0,
        };
        if !binary {
            diff.write_hunks(&lines(&before), &lines(&after));
        }
        diff
    }

    fn write_hunks(&mut self, old: &[&[u8]], new: &[&[u8]]) {
        let ops = capture_diff_slices(Algorithm::Myers, old, new);
        for group in group_diff_ops(ops, CONTEXT) {
            let (Some(first), Some(last)) = (group.first(), group.last()) else { continue };
            let old_range = first.old_range().start..last.old_range().end;
            let new_range = first.new_range().start..last.new_range().end;
            let header = format!("@@ -{} +{} @@", range(&old_range), range(&new_range));
            self.patch.extend_from_slice(header.as_bytes());
            if let Some(function) = function_above(old, old_range.start) {
                self.patch.push(b' ');
                self.patch.extend_from_slice(&function);
            }
            self.patch.push(b'\n');
            self.shown_old.extend(old_range.map(|i| i as u32 + 1));
            self.shown_new.extend(new_range.map(|i| i as u32 + 1));
            for op in &group {
                self.write_op(op, old, new);
            }
        }
    }

    fn write_op(&mut self, op: &DiffOp, old: &[&[u8]], new: &[&[u8]]) {
        if let DiffOp::Equal { .. } = op {
            return self.write_lines(b' ', &old[op.old_range()]);
        }
        self.deletions += op.old_range().len();
        self.additions += op.new_range().len();
        self.write_lines(b'-', &old[op.old_range()]);
        self.write_lines(b'+', &new[op.new_range()]);
    }

    fn write_lines(&mut self, sign: u8, lines: &[&[u8]]) {
        for line in lines {
            self.patch.push(sign);
            self.patch.extend_from_slice(line);
            if !line.ends_with(b"\n") {
                self.patch.extend_from_slice(b"\n\\ No newline at end of file\n");
            }
        }
    }

    /// This file's part of `git diff -p`.
    pub fn to_git(&self) -> Vec<u8> {
        let before = self.previous_path.as_deref().unwrap_or(&self.path);
        let (a, b) = (quoted("a/", before), quoted("b/", &self.path));
        let mut text = format!("diff --git {a} {b}\n");
        match (&self.old, &self.new) {
            (None, Some(new)) => text.push_str(&format!("new file mode {}\n", octal(new.mode))),
            (Some(old), None) => text.push_str(&format!("deleted file mode {}\n", octal(old.mode))),
            (Some(old), Some(new)) if old.mode != new.mode => {
                text.push_str(&format!("old mode {}\nnew mode {}\n", octal(old.mode), octal(new.mode)));
            }
            _ => {}
        }
        if let Some(previous) = &self.previous_path {
            let (from, to) = (quoted("", previous), quoted("", &self.path));
            text.push_str(&format!(
                "similarity index {}%\nrename from {from}\nrename to {to}\n",
                self.similarity
            ));
        }
        text.push_str(&self.index_line());
        let old_name = if self.old.is_some() { &a } else { "/dev/null" };
        let new_name = if self.new.is_some() { &b } else { "/dev/null" };
        if self.binary && !self.same_bytes() {
            text.push_str(&format!("Binary files {old_name} and {new_name} differ\n"));
        }
        if !self.patch.is_empty() {
            text.push_str(&format!("--- {old_name}{}\n", tab(old_name)));
            text.push_str(&format!("+++ {new_name}{}\n", tab(new_name)));
        }
        let mut text = text.into_bytes();
        text.extend_from_slice(&self.patch);
        text
    }

    /// The hunks as text; bytes that are not UTF-8 are replaced, as forges do in JSON.
    pub fn patch_text(&self) -> String {
        String::from_utf8_lossy(&self.patch).into_owned()
    }

    fn same_bytes(&self) -> bool {
        matches!((&self.old, &self.new), (Some(old), Some(new)) if old.bytes == new.bytes)
    }

    fn index_line(&self) -> String {
        if self.same_bytes() {
            return String::new();
        }
        let id = |content: &Option<Content>| content.as_ref().map_or_else(|| "0".repeat(7), short_id);
        let mode = match (&self.old, &self.new) {
            (Some(old), Some(new)) if old.mode == new.mode => format!(" {}", octal(new.mode)),
            _ => String::new(),
        };
        format!("index {}..{}{mode}\n", id(&self.old), id(&self.new))
    }
}

fn short_id(content: &Content) -> String {
    if content.mode == Mode::Submodule {
        return String::from_utf8_lossy(&content.bytes).chars().take(7).collect();
    }
    content.id().short().to_owned()
}

/// Git marks the end of a name with a blank in it by a tab.
fn tab(name: &str) -> &'static str {
    if name.contains(' ') { "\t" } else { "" }
}

/// A count of 1 is left out; an empty range names the line before it.
fn range(lines: &Range<usize>) -> String {
    match lines.len() {
        0 => format!("{},0", lines.start),
        1 => format!("{}", lines.start + 1),
        count => format!("{},{count}", lines.start + 1),
    }
}

/// The nearest line above that begins like a function, as git's default pattern finds it.
fn function_above(old: &[&[u8]], start: usize) -> Option<Vec<u8>> {
    let begins =
        |line: &&&[u8]| line.first().is_some_and(|b| b.is_ascii_alphabetic() || matches!(b, b'_' | b'$'));
    let line = old.get(..start)?.iter().rev().find(begins)?;
    Some(line[..line.len().min(FUNCTION)].trim_ascii_end().to_vec())
}

/// `prefix` and name, C-quoted as a whole where git quotes with `core.quotePath=false`.
fn quoted(prefix: &str, name: &str) -> String {
    let plain = !name.chars().any(|c| c.is_ascii_control() || matches!(c, '"' | '\\'));
    if plain {
        return format!("{prefix}{name}");
    }
    let mut text = format!("\"{prefix}");
    for c in name.chars() {
        match c {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\u{7}' => text.push_str("\\a"),
            '\u{8}' => text.push_str("\\b"),
            '\t' => text.push_str("\\t"),
            '\n' => text.push_str("\\n"),
            '\u{b}' => text.push_str("\\v"),
            '\u{c}' => text.push_str("\\f"),
            '\r' => text.push_str("\\r"),
            c if c.is_ascii_control() => text.push_str(&format!("\\{:03o}", u32::from(c))),
            c => text.push(c),
        }
    }
    text.push('"');
    text
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::path::Path;
    use std::process::Command;

    use super::super::repository::GitRepository;
    use super::*;

    /// Writes both trees into a real repository and lets git print the difference. Its SHA-256 format makes the
    /// abbreviated ids the same as ours.
    fn real_git_diff(base: &Files, head: &Files) -> String {
        let folder = tempfile::tempdir().unwrap();
        git(folder.path(), &["init", "-q", "--object-format=sha256"]);
        for files in [base, head] {
            write_tree(folder.path(), files);
            git(folder.path(), &["add", "-A"]);
            let author = ["-c", "user.name=a", "-c", "user.email=a@example.test"];
            git(folder.path(), &[&author[..], &["commit", "-q", "--allow-empty", "-m", "x"]].concat());
        }
        let options = ["-c", "core.quotePath=false", "-c", "diff.indentHeuristic=false", "diff", "-p", "-M"];
        git(folder.path(), &[&options[..], &["HEAD~1", "HEAD"]].concat())
    }

    fn git(folder: &Path, arguments: &[&str]) -> String {
        let mut command = Command::new("git");
        command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_SYSTEM", "/dev/null");
        let output = command.current_dir(folder).args(arguments).output().unwrap();
        assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    fn write_tree(folder: &Path, files: &Files) {
        for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
            match entry.file_type().unwrap() {
                kind if entry.file_name() == ".git"
                    || !kind.is_dir() && std::fs::remove_file(entry.path()).is_ok() => {}
                _ => std::fs::remove_dir_all(entry.path()).unwrap(),
            }
        }
        for (path, content) in files {
            let path = folder.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            if content.mode == Mode::Symlink {
                symlink(std::str::from_utf8(&content.bytes).unwrap(), &path).unwrap();
                continue;
            }
            std::fs::write(&path, &content.bytes).unwrap();
            let mode = if content.mode == Mode::Executable { 0o755 } else { 0o644 };
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        }
    }

    fn numbered(count: usize) -> String {
        (1..=count).map(|n| format!("line {n} of the file\n")).collect()
    }

    #[test]
    fn our_text_is_what_git_prints() {
        let code = format!("import os\n\n\ndef first():\n{}    return 1\n", "    pass\n".repeat(20));
        let changed = code.replace("return 1", "return 2").replace("import os\n", "import os\nimport sys\n");
        let base = Files::from([
            ("code.py".into(), Content::file(code)),
            ("gone.py".into(), Content::file("x\ny\n")),
            ("old name.py".into(), Content::file(numbered(20))),
            ("pure.py".into(), Content::file(numbered(9))),
            ("tool.sh".into(), Content::file("#!/bin/sh\n")),
            ("blob.bin".into(), Content::file(&b"\0\x01\x02"[..])),
            ("no_end".into(), Content::file("a\nb")),
            ("link".into(), Content::file("was a file\n")),
            ("empty_gone".into(), Content::file("")),
            ("both.sh".into(), Content::file("echo 1\n")),
        ]);
        let head = Files::from([
            ("code.py".into(), Content::file(changed)),
            ("new name.py".into(), Content::file(numbered(20).replace("line 7", "LINE 7"))),
            ("moved/pure.py".into(), Content::file(numbered(9))),
            ("tool.sh".into(), Content::executable("#!/bin/sh\n")),
            ("blob.bin".into(), Content::file(&b"\0\x01\x03"[..])),
            ("new.bin".into(), Content::file(&b"\0"[..])),
            ("no_end".into(), Content::file("a\nc")),
            ("link".into(), Content::symlink("code.py")),
            ("größe extra.py".into(), Content::file("x = 1\n")),
            ("tab\there \"q\".py".into(), Content::file("y = 2\n")),
            ("empty_new/__init__.py".into(), Content::file("# not empty\n")),
            ("both.sh".into(), Content::executable("echo 2\n")),
        ]);
        let ours: Vec<u8> = diff_files(&base, &head).iter().flat_map(FileDiff::to_git).collect();
        assert_eq!(String::from_utf8_lossy(&ours), real_git_diff(&base, &head));
    }

    #[test]
    fn an_empty_file_has_a_header_and_no_hunk() {
        let (empty, one) = (Files::new(), Files::from([("a/__init__.py".into(), Content::file(""))]));
        for (base, head) in [(&empty, &one), (&one, &empty)] {
            let ours: Vec<u8> = diff_files(base, head).iter().flat_map(FileDiff::to_git).collect();
            assert_eq!(String::from_utf8_lossy(&ours), real_git_diff(base, head));
        }
    }

    #[test]
    fn half_the_lines_make_a_rename_and_fewer_do_not() {
        let renamed = |kept: usize| {
            let mut git = GitRepository::new("main", &[("a.py", &numbered(9)[..])]);
            let base = git.branch("main").unwrap();
            let rest: String = (0..9 - kept).map(|n| format!("LINE {n} of another\n")).collect();
            let text: String = numbered(9).split_inclusive('\n').take(kept).collect::<String>() + &rest;
            let head = git.commit("main", &[("a.py", None), ("b.py", Some(&text))]);
            git.diff(&base, &head).iter().any(|f| f.status == FileStatus::Renamed)
        };
        assert!(renamed(6));
        assert!(!renamed(3));
    }

    #[test]
    fn the_shown_lines_are_those_of_the_hunks() {
        let base = Files::from([("a.py".into(), Content::file(numbered(20)))]);
        let head =
            Files::from([("a.py".into(), Content::file(numbered(20).replace("line 10 ", "LINE 10 ")))]);
        let diff = &diff_files(&base, &head)[0];
        assert_eq!(diff.shown_new, (7..=13).collect());
        assert_eq!((diff.additions, diff.deletions), (1, 1));
    }
}
