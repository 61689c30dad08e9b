//! `git diff-tree --raw -p -z` and `git log --raw -z`, read.

use crate::model::change::{ChangedFile, CommitFiles, FileStatus};
use crate::model::id::Sha;
use crate::source::diff::parse_patch;

/// One `--raw -z` record: `:100644 100644 <sha> <sha> M\0path\0` (two paths for renames and copies).
struct Record {
    status: u8,
    submodule: bool,
    path: String,
    previous: Option<String>,
}

/// The records, then the patches in the same order.
pub fn parse(output: &[u8]) -> Vec<ChangedFile> {
    let (records, patches) = records(output);
    let mut sections = sections(patches).into_iter();
    let files = records.into_iter().map(|record| {
        let mut hunks = sections.next().and_then(|section| patch_of(&section));
        // A changed type is two patches: the old one removed, the new one added.
        if record.status == b'T' {
            hunks = sections.next().and_then(|section| patch_of(&section));
        }
        let status = match record.status {
            b'A' => FileStatus::Added,
            b'D' => FileStatus::Deleted,
            b'R' => FileStatus::Renamed,
            b'C' => FileStatus::Copied,
            _ => FileStatus::Modified,
        };
        let hunks = if record.submodule { Some(Vec::new()) } else { hunks };
        ChangedFile { path: record.path, previous_path: record.previous, status, hunks }
    });
    files.collect()
}

fn records(output: &[u8]) -> (Vec<Record>, &[u8]) {
    let mut records = Vec::new();
    let mut rest = output;
    while let Some(after) = rest.strip_prefix(b":") {
        let Some((meta, after)) = cut(after) else { break };
        let meta = String::from_utf8_lossy(meta);
        let status = meta.rsplit(' ').next().and_then(|s| s.bytes().next()).unwrap_or(b'M');
        let submodule = meta.split(' ').take(2).any(|mode| mode == "160000");
        let Some((first, mut after)) = cut(after) else { break };
        let first = String::from_utf8_lossy(first).into_owned();
        let (path, previous) = if matches!(status, b'R' | b'C') {
            let Some((second, next)) = cut(after) else { break };
            after = next;
            (String::from_utf8_lossy(second).into_owned(), Some(first))
        } else {
            (first, None)
        };
        records.push(Record { status, submodule, path, previous });
        rest = after;
    }
    (records, rest.strip_prefix(b"\0").unwrap_or(rest))
}

fn cut(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = bytes.iter().position(|b| *b == 0)?;
    Some((&bytes[..at], &bytes[at + 1..]))
}

/// The patch text of each file. Content lines never start like a header: they begin with a blank, `+`, `-` or `\`.
fn sections(patches: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(patches);
    let mut sections: Vec<String> = Vec::new();
    for line in text.split_inclusive('\n') {
        if line.starts_with("diff --git ") {
            sections.push(String::new());
        }
        if let Some(section) = sections.last_mut() {
            section.push_str(line);
        }
    }
    sections
}

/// `None` for a binary file; no hunks for a change of mode or name alone.
fn patch_of(section: &str) -> Option<Vec<crate::model::change::Hunk>> {
    match section.find("\n@@ ") {
        Some(at) => parse_patch(&section[at + 1..]),
        None if section.contains("\nBinary files ") || section.contains("\nGIT binary patch") => None,
        None => Some(Vec::new()),
    }
}

/// `\x01<sha>\0` before each commit's records, as `log -z --raw --format=%x01%H` prints them.
pub fn parse_log(output: &[u8]) -> Vec<CommitFiles> {
    let mut commits = Vec::new();
    for part in output.split(|b| *b == 1).skip(1) {
        let sha = part.get(..64).and_then(|s| std::str::from_utf8(s).ok()).and_then(Sha::parse);
        let sha =
            sha.or_else(|| part.get(..40).and_then(|s| std::str::from_utf8(s).ok()).and_then(Sha::parse));
        let Some(sha) = sha else { continue };
        let body = &part[sha.as_str().len()..];
        let start = body.iter().position(|b| *b == b':').unwrap_or(body.len());
        let (records, _) = records(&body[start..]);
        let kept = records.into_iter().filter(|r| r.status != b'D' && !r.submodule);
        commits.push(CommitFiles { sha, paths: kept.map(|r| r.path).collect() });
    }
    commits
}
