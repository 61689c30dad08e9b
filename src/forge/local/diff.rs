//! `git diff-tree --raw -p -z` and `git log --raw -z`, read.

use std::io::{self, BufRead, Read};

use crate::model::change::{ChangedFile, CommitFiles, FileStatus, Hunk};
use crate::model::id::Sha;
use crate::source::diff::PatchReader;

/// One `--raw -z` record: `:100644 100644 <sha> <sha> M\0path\0` (two paths for renames and copies).
struct Record {
    status: u8,
    submodule: bool,
    path: String,
    previous: Option<String>,
}

/// So many changed lines are held in all. What comes after is known by its name only, and the engine diffs what it reads.
const MAX_LINES: usize = 16_000_000;
/// Of a line of a patch, this much is looked at: a header fits, and a line may be megabytes long.
const LINE: usize = 256;

/// The records, then the patches in the same order. Neither the patches nor a line of them is ever held as a whole.
pub fn parse(mut output: impl BufRead) -> io::Result<Vec<ChangedFile>> {
    let records = records(&mut output)?;
    let mut patches = Patches { output, line: Vec::new(), held: 0 };
    patches.next_line()?;
    let mut files = Vec::with_capacity(records.len());
    for record in records {
        let mut hunks = patches.next_file()?;
        // A changed type is two patches: the old one removed, the new one added.
        if record.status == b'T' {
            hunks = patches.next_file()?;
        }
        let status = match record.status {
            b'A' => FileStatus::Added,
            b'D' => FileStatus::Deleted,
            b'R' => FileStatus::Renamed,
            b'C' => FileStatus::Copied,
            _ => FileStatus::Modified,
        };
        let hunks = if record.submodule { Some(Vec::new()) } else { hunks };
        files.push(ChangedFile { path: record.path, previous_path: record.previous, status, hunks });
    }
    Ok(files)
}

/// Up to the NUL that ends them, or the end.
fn records(output: &mut impl BufRead) -> io::Result<Vec<Record>> {
    let mut records = Vec::new();
    while let Some(meta) = word(output)?.filter(|meta| meta.starts_with(':')) {
        let status = meta.rsplit(' ').next().and_then(|s| s.bytes().next()).unwrap_or(b'M');
        let submodule = meta.trim_start_matches(':').split(' ').take(2).any(|mode| mode == "160000");
        let Some(first) = word(output)? else { break };
        let (path, previous) = if matches!(status, b'R' | b'C') {
            let Some(second) = word(output)? else { break };
            (second, Some(first))
        } else {
            (first, None)
        };
        records.push(Record { status, submodule, path, previous });
    }
    Ok(records)
}

/// What stands before the next NUL.
fn word(output: &mut impl BufRead) -> io::Result<Option<String>> {
    let mut bytes = Vec::new();
    output.read_until(0, &mut bytes)?;
    Ok((bytes.pop() == Some(0)).then(|| String::from_utf8_lossy(&bytes).into_owned()))
}

/// The patches of all files. Content lines never start like a header: they begin with a blank, `+`, `-` or `\`.
struct Patches<R> {
    output: R,
    /// The beginning of the line that comes next; empty at the end.
    line: Vec<u8>,
    /// Changed lines of all files so far.
    held: usize,
}

impl<R: BufRead> Patches<R> {
    /// `None` for a binary file; no hunks for a change of mode or name alone.
    fn next_file(&mut self) -> io::Result<Option<Vec<Hunk>>> {
        if !self.line.starts_with(b"diff --git ") {
            return Ok(None);
        }
        let (mut patch, mut begun, mut binary) = (PatchReader::default(), false, false);
        self.next_line()?;
        while !self.line.is_empty() && !self.line.starts_with(b"diff --git ") {
            begun |= self.line.starts_with(b"@@ ");
            binary |= self.line.starts_with(b"Binary files ") || self.line.starts_with(b"GIT binary patch");
            if begun && self.held < MAX_LINES {
                self.held += usize::from(matches!(self.line.first(), Some(b'+' | b'-')));
                patch.line(String::from_utf8_lossy(&self.line).trim_end_matches(['\n', '\r']));
            }
            self.next_line()?;
        }
        let cut = begun && self.held >= MAX_LINES;
        Ok(if cut || (binary && !begun) { None } else { patch.end() })
    }

    fn next_line(&mut self) -> io::Result<()> {
        self.line.clear();
        (&mut self.output).take(LINE as u64).read_until(b'\n', &mut self.line)?;
        let mut ended = self.line.last().is_none_or(|byte| *byte == b'\n');
        while !ended {
            let rest = self.output.fill_buf()?;
            let end = rest.iter().position(|byte| *byte == b'\n');
            let passed = end.map_or(rest.len(), |end| end + 1);
            ended = end.is_some() || rest.is_empty();
            self.output.consume(passed);
        }
        Ok(())
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
        let kept = records(&mut &body[start..])
            .unwrap_or_default()
            .into_iter()
            .filter(|r| r.status != b'D' && !r.submodule);
        commits.push(CommitFiles { sha, paths: kept.map(|r| r.path).collect() });
    }
    commits
}
