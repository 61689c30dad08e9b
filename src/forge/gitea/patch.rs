//! The text of `git diff` as files and hunks. It comes from a pull request: nothing in it may stop us or lie about a
//! name. Inside a hunk every line begins with ` `, `+`, `-` or `\`, so a file's header cannot be forged by content.

use std::collections::HashMap;

use crate::model::change::{ChangedFile, FileStatus, Hunk};
use crate::source::diff::parse_patch;

const FILE: &str = "diff --git ";

/// The files of a diff.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Patch {
    /// In the diff's order.
    pub files: Vec<ChangedFile>,
    /// There were more than were asked for.
    pub cut: bool,
}

/// The first `most` files of a diff.
pub fn parse(diff: &[u8], most: usize) -> Patch {
    let text = String::from_utf8_lossy(diff);
    let mut files: Vec<ChangedFile> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    for section in sections(&text) {
        let Some(file) = parse_file(section) else { continue };
        match places.get(&file.path) {
            // A file that became a symlink is told as deleted and added.
            Some(twin) => {
                files[*twin] = ChangedFile { status: FileStatus::Modified, hunks: None, ..file };
            }
            None if files.len() == most => return Patch { files, cut: true },
            None => {
                places.insert(file.path.clone(), files.len());
                files.push(file);
            }
        }
    }
    Patch { files, cut: false }
}

/// Cuts the text before every line that begins a file.
fn sections(text: &str) -> Vec<&str> {
    let mut starts: Vec<usize> = text.match_indices("\ndiff --git ").map(|(at, _)| at + 1).collect();
    if text.starts_with(FILE) {
        starts.insert(0, 0);
    }
    let ends = starts.iter().skip(1).copied().chain([text.len()]);
    starts.iter().zip(ends).map(|(start, end)| &text[*start..end]).collect()
}

/// What the lines between `diff --git` and the first hunk say.
#[derive(Default)]
struct Header {
    both: Option<String>,
    old: Option<String>,
    new: Option<String>,
    from: Option<String>,
    to: Option<String>,
    status: Option<FileStatus>,
    binary: bool,
}

fn parse_file(section: &str) -> Option<ChangedFile> {
    let body = section.find("\n@@ ").map_or(section.len(), |at| at + 1);
    let header = parse_header(&section[..body]);
    let path = match header.status {
        Some(FileStatus::Deleted) => header.old.or(header.both),
        _ => header.to.or(header.new).or(header.both),
    }?;
    Some(ChangedFile {
        path,
        previous_path: header.from,
        status: header.status.unwrap_or(FileStatus::Modified),
        hunks: if header.binary { None } else { hunks(&section[body..]) },
    })
}

fn hunks(text: &str) -> Option<Vec<Hunk>> {
    if text.is_empty() { Some(Vec::new()) } else { parse_patch(text) }
}

fn parse_header(text: &str) -> Header {
    let mut header = Header::default();
    for line in text.split('\n') {
        if let Some(names) = line.strip_prefix(FILE) {
            header.both = same_name(names);
        } else if line.starts_with("new file mode ") {
            header.status = Some(FileStatus::Added);
        } else if line.starts_with("deleted file mode ") {
            header.status = Some(FileStatus::Deleted);
        } else if let Some(name) = line.strip_prefix("rename from ") {
            (header.from, header.status) = (whole(name), Some(FileStatus::Renamed));
        } else if let Some(name) = line.strip_prefix("copy from ") {
            (header.from, header.status) = (whole(name), Some(FileStatus::Copied));
        } else if let Some(name) = line.strip_prefix("rename to ").or_else(|| line.strip_prefix("copy to ")) {
            header.to = whole(name);
        } else if let Some(name) = line.strip_prefix("--- ") {
            header.old = labelled(name, "a/");
        } else if let Some(name) = line.strip_prefix("+++ ") {
            header.new = labelled(name, "b/");
        } else if line.starts_with("Binary files ") || line.starts_with("GIT binary patch") {
            header.binary = true;
        }
    }
    header
}

/// `a/NAME b/NAME`, the only place of the name of an empty, binary or merely re-moded file.
fn same_name(names: &str) -> Option<String> {
    if names.starts_with('"') {
        return unquote(names)?.strip_prefix("a/").map(str::to_owned);
    }
    // Both halves are equal, so the length alone tells where the first one ends: blanks do not matter.
    let name = names.get(2..)?.get(..names.len().checked_sub(5)? / 2)?;
    (names == format!("a/{name} b/{name}")).then(|| name.to_owned())
}

/// A name with its prefix and possibly a tab behind it; `/dev/null` is none.
fn labelled(label: &str, prefix: &str) -> Option<String> {
    let name = if label.starts_with('"') { unquote(label)? } else { label.trim_end_matches('\t').to_owned() };
    name.strip_prefix(prefix).map(str::to_owned)
}

fn whole(name: &str) -> Option<String> {
    if name.starts_with('"') { unquote(name) } else { Some(name.to_owned()) }
}

/// A C-quoted name, from its opening to its closing quote.
fn unquote(text: &str) -> Option<String> {
    let mut bytes = text.strip_prefix('"')?.bytes();
    let mut name = Vec::new();
    loop {
        let byte = match bytes.next()? {
            b'"' => return Some(String::from_utf8_lossy(&name).into_owned()),
            b'\\' => match bytes.next()? {
                b'a' => 7,
                b'b' => 8,
                b't' => b'\t',
                b'n' => b'\n',
                b'v' => 11,
                b'f' => 12,
                b'r' => b'\r',
                high @ b'0'..=b'3' => {
                    let (middle, low) = (octal(bytes.next()?)?, octal(bytes.next()?)?);
                    (high - b'0') * 64 + middle * 8 + low
                }
                literal => literal,
            },
            byte => byte,
        };
        name.push(byte);
    }
}

fn octal(digit: u8) -> Option<u8> {
    matches!(digit, b'0'..=b'7').then(|| digit - b'0')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::change::Mode;
    use crate::standin::patch::{FileDiff, diff_files};
    use crate::standin::repository::{Content, Files};

    const SAMPLE: &str = "\
diff --git a/a b/c d.py b/a b/c d.py
index 1234567..89abcde 100644
--- a/a b/c d.py\t
+++ b/a b/c d.py\t
@@ -1,3 +1,4 @@
 one
+two
 three
--- a/forged.py
+++ b/forged.py
diff --git a/empty/__init__.py b/empty/__init__.py
new file mode 100644
index 0000000..e69de29
diff --git \"a/t\\tab \\\"q\\\" \\303\\244.py\" \"b/t\\tab \\\"q\\\" \\303\\244.py\"
old mode 100644
new mode 100755
diff --git a/old.py b/new.py
similarity index 100%
rename from old.py
rename to new.py
diff --git a/x.bin b/x.bin
index 1234567..89abcde 100644
Binary files a/x.bin and b/x.bin differ
diff --git a/gone.py b/gone.py
deleted file mode 100644
index 1234567..0000000
--- a/gone.py
+++ /dev/null
@@ -1 +0,0 @@
-x
\\ No newline at end of file
";

    #[test]
    fn every_shape_of_header_gives_the_name() {
        let files = parse(SAMPLE.as_bytes(), 6).files;
        let seen: Vec<_> =
            files.iter().map(|f| (f.path.as_str(), f.status, f.hunks.as_ref().map(Vec::len))).collect();
        assert_eq!(
            seen,
            [
                ("a b/c d.py", FileStatus::Modified, Some(1)),
                ("empty/__init__.py", FileStatus::Added, Some(0)),
                ("t\tab \"q\" ä.py", FileStatus::Modified, Some(0)),
                ("new.py", FileStatus::Renamed, Some(0)),
                ("x.bin", FileStatus::Modified, None),
                ("gone.py", FileStatus::Deleted, Some(1)),
            ]
        );
        assert_eq!(files[3].previous_path.as_deref(), Some("old.py"));
    }

    #[test]
    fn content_that_looks_like_a_header_stays_content() {
        let files = parse(SAMPLE.as_bytes(), 6).files;
        let hunk = &files[0].hunks.as_ref().unwrap()[0];
        assert_eq!((&hunk.added, &hunk.removed), (&vec![2, 4], &vec![3]));
    }

    #[test]
    fn files_beyond_the_most_are_left_out_and_that_is_told() {
        let cut = parse(SAMPLE.as_bytes(), 5);
        assert_eq!((cut.files.len(), cut.cut), (5, true));
        assert!(!parse(SAMPLE.as_bytes(), 6).cut);
    }

    #[test]
    fn a_file_that_became_a_symlink_is_one_file_wherever_its_halves_stand() {
        let half =
            |word: &str, name: &str| format!("diff --git a/{name} b/{name}\n{word} file mode 100644\n");
        let diff = [half("deleted", "a"), half("new", "b"), half("new", "a")].concat();
        let files = parse(diff.as_bytes(), 2).files;
        let seen: Vec<_> = files.iter().map(|f| (f.path.as_str(), f.status)).collect();
        assert_eq!(seen, [("a", FileStatus::Modified), ("b", FileStatus::Added)]);
    }

    fn content() -> impl Strategy<Value = Content> {
        let line = prop::sample::select(vec![
            "a\n",
            "b\n",
            "-- a/x\n",
            "diff --git a/x b/x\n",
            "@@ -1 +1 @@\n",
            "c",
            "\0",
            "",
        ]);
        let mode = prop::sample::select(vec![Mode::File, Mode::Executable, Mode::Symlink]);
        (prop::collection::vec(line, 0..12), mode)
            .prop_map(|(lines, mode)| Content { mode, bytes: lines.concat().into() })
    }

    fn files() -> impl Strategy<Value = Files> {
        let name =
            prop::sample::select(vec!["a", "b b", "ä/ö.py", "q\"\\", "t\tab", "dev/null", "n b/n", "l\nf"]);
        prop::collection::btree_map(name.prop_map(str::to_owned), content(), 0..6)
    }

    proptest! {
        #[test]
        fn what_git_prints_is_read_back((base, head) in (files(), files())) {
            let diffs = diff_files(&base, &head);
            let text: Vec<u8> = diffs.iter().flat_map(FileDiff::to_git).collect();
            let read = parse(&text, usize::MAX).files;
            for file in &read {
                let told: Vec<_> = diffs.iter().filter(|d| d.path == file.path).collect();
                if let [diff] = told[..] {
                    prop_assert_eq!(file.status, diff.status);
                    prop_assert_eq!(&file.previous_path, &diff.previous_path);
                    let added: Option<usize> = file.hunks.as_ref().map(|h| h.iter().map(|h| h.added.len()).sum());
                    prop_assert_eq!(added, (!diff.binary || diff.old.as_ref().map(|c| &c.bytes) == diff.new.as_ref().map(|c| &c.bytes)).then_some(diff.additions));
                }
            }
            let mut paths: Vec<_> = diffs.into_iter().map(|d| d.path).collect();
            paths.dedup();
            prop_assert_eq!(read.into_iter().map(|f| f.path).collect::<Vec<_>>(), paths);
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            parse(&bytes, 10);
        }

        #[test]
        fn no_broken_diff_makes_it_panic(cut in 0..SAMPLE.len(), junk in "(diff --git |--- |\"|\\\\|@@ -|ä|\n|a/){0,6}") {
            let mut text = SAMPLE.as_bytes()[..cut].to_vec();
            text.extend_from_slice(junk.as_bytes());
            parse(&text, 10);
        }
    }
}
