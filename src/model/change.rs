//! What a pull request changes: merge base → head, files with their hunks.

use std::collections::BTreeMap;
use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::id::Sha;

/// Paths everywhere are relative to the repository root, `/`-separated, as Git stores them.
pub type Path = String;

/// What happened to a file between merge base and head.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FileStatus {
    Added,
    Modified,
    Deleted,
    Renamed,
    Copied,
}

/// The kinds of tree entry that Git knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mode {
    File,
    Executable,
    Symlink,
    Submodule,
}

impl Mode {
    /// From Git's octal text, `100644` and so on.
    pub fn parse(octal: &str) -> Option<Self> {
        match octal {
            "100644" | "100664" => Some(Self::File),
            "100755" => Some(Self::Executable),
            "120000" => Some(Self::Symlink),
            "160000" => Some(Self::Submodule),
            _ => None,
        }
    }
}

/// One run of changed lines with the context the forge shows around it. Line numbers are 1-based, ranges half-open.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Hunk {
    /// Lines of the merge base's file that this hunk shows.
    pub old: Range<u32>,
    /// Lines of the head's file that this hunk shows.
    pub new: Range<u32>,
    /// Head lines that were added or changed, ascending.
    pub added: Vec<u32>,
    /// Merge-base lines that were removed or changed, ascending.
    pub removed: Vec<u32>,
}

/// One changed file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangedFile {
    /// Its path at head; of a deleted file, its path at the merge base.
    pub path: Path,
    /// Of a renamed or copied file, the path at the merge base.
    pub previous_path: Option<Path>,
    pub status: FileStatus,
    /// `None` where the forge gave no textual patch (binary, too large): the engine computes it from both blobs.
    pub hunks: Option<Vec<Hunk>>,
}

impl ChangedFile {
    /// The path at head, if the file is still there.
    pub fn head_path(&self) -> Option<&str> {
        (self.status != FileStatus::Deleted).then_some(self.path.as_str())
    }

    /// The path at the merge base, if the file was there. A copy's source is another file: it counts as new.
    pub fn base_path(&self) -> Option<&str> {
        match self.status {
            FileStatus::Added | FileStatus::Copied => None,
            FileStatus::Renamed => self.previous_path.as_deref(),
            FileStatus::Modified | FileStatus::Deleted => Some(&self.path),
        }
    }
}

/// What one commit of the pull request added or modified: for rules about published history (ENV001).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommitFiles {
    pub sha: Sha,
    /// Paths added or modified by this commit, at this commit.
    pub paths: Vec<Path>,
}

/// The commits merge base..head without merges, as far as the forge let us look.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Commits {
    /// Oldest first.
    pub scanned: Vec<CommitFiles>,
    /// How many more there are that were not looked at one by one.
    pub not_scanned: usize,
}

/// How far Git has a file of a working tree that no commit holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Uncommitted {
    /// Nobody added it, and Git does not ignore it.
    Untracked,
    Staged,
}

/// The change of one pull request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    pub merge_base: Sha,
    /// The tip of the target branch.
    pub target_tip: Sha,
    pub head: Sha,
    pub files: Vec<ChangedFile>,
    pub commits: Commits,
    /// Where the head is a working tree: its files that the newest commit does not have.
    pub uncommitted: BTreeMap<Path, Uncommitted>,
    /// Why `files` is not all of it, when the forge or our limit cut the list.
    pub truncated: Option<String>,
}

impl Change {
    /// The path at head of what was `base_path` at the merge base; itself when the change does not rename it.
    pub fn head_path_of<'a>(&'a self, base_path: &'a str) -> &'a str {
        self.files
            .iter()
            .find(|f| f.status == FileStatus::Renamed && f.previous_path.as_deref() == Some(base_path))
            .map_or(base_path, |f| f.path.as_str())
    }

    /// The changed file at this head path.
    pub fn file_at_head(&self, path: &str) -> Option<&ChangedFile> {
        self.files.iter().find(|f| f.head_path() == Some(path))
    }
}
