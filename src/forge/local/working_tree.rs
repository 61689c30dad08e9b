//! The working tree as Git would commit all of it, but for what it cannot take in.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;

use crate::model::finding::code;
use crate::model::id::Sha;
use crate::model::judgement::NotLookedAt;

use super::command::Git;
use super::{LocalError, Result};

/// So many different filters may fail.
const MAX_FILTERS: usize = 16;

/// A working tree, held as a tree object.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) tree: Sha,
    /// Files and folders that are as they were before, because nobody could read them.
    pub(super) unread: Vec<NotLookedAt>,
    pub(super) notes: Vec<String>,
}

impl Git {
    /// Tracked changes and untracked files that Git does not ignore, written to a scratch folder.
    pub(super) fn hold_working_tree(&mut self) -> Result<Held> {
        self.leave_repository()?;
        let (mut unread, mut notes) = (Vec::new(), Vec::new());
        let Added { complete, filtered, closed } = self.add_all()?;
        unread.extend(closed.into_iter().map(|(path, why)| NotLookedAt {
            path,
            reason: format!("the folder cannot be opened: {}", why.to_lowercase()),
        }));
        let left = if complete { Vec::new() } else { self.left_over()? };
        for path in left {
            if path.ends_with('/') {
                let path = code(&path);
                notes.push(format!(
                    "{path} is a repository of its own without a commit: Git would not add it"
                ));
                continue;
            }
            let reason = match filtered.get(path.as_bytes()) {
                Some(filter) => format!("its Git filter {} does not run", code(filter)),
                None => why_unreadable(&self.folder().join(&path)),
            };
            unread.push(NotLookedAt { path, reason });
        }
        let tree = self.run(&["write-tree"])?;
        let tree = Sha::parse(tree.trim()).ok_or_else(|| LocalError::Git {
            command: "write-tree".to_owned(),
            message: "it named no tree".to_owned(),
        })?;
        Ok(Held { tree, unread, notes })
    }

    /// Takes in what can be taken in. A filter that fails stops all of it: then once more without its files.
    fn add_all(&self) -> Result<Added> {
        let (mut filters, mut filtered) = (BTreeSet::new(), Filtered::new());
        loop {
            let add = add_all_but(&filtered);
            let ended = self.ask(&add, list(&filtered))?;
            // What goes on after an error of a single file says nothing fatal.
            let stopped = !ended.success && ended.complaints.lines().any(|line| line.starts_with("fatal:"));
            if !stopped {
                let complete = ended.success && filters.is_empty();
                return Ok(Added { complete, filtered, closed: closed(&ended.complaints) });
            }
            let known = filters.len();
            match failed_filter(&ended.complaints) {
                Some(filter) => drop(filters.insert(filter.to_owned())),
                // A filter that Git talks to may be gone before it could be named.
                None => filters.extend(self.filters()?),
            }
            if filters.len() == known || known >= MAX_FILTERS {
                return Err(ended.refusal(&add));
            }
            filtered = self.filtered_by(&filters)?;
        }
    }

    /// Filters that programs are set for.
    fn filters(&self) -> Result<Vec<String>> {
        const SET: [&str; 5] =
            ["config", "-z", "--name-only", "--get-regexp", r"^filter\..*\.(clean|process)$"];
        let names = self.ask(&SET, Vec::new())?.value.map_err(LocalError::NoGit)?;
        let names = names.split(|byte| *byte == 0).map(String::from_utf8_lossy);
        let name = |key: &str| Some(key.strip_prefix("filter.")?.rsplit_once('.')?.0.to_owned());
        Ok(names.filter_map(|key| name(&key)).collect())
    }

    /// Paths that go through one of these filters.
    fn filtered_by(&self, filters: &BTreeSet<String>) -> Result<Filtered> {
        let paths = self.run_bytes(&["ls-files", "-z", "-c", "-o", "--exclude-standard"])?;
        let attributes = self.ask(&["check-attr", "-z", "--stdin", "filter"], paths)?.value;
        let attributes = attributes.map_err(LocalError::NoGit)?;
        // `<path> NUL filter NUL <value> NUL`
        let words: Vec<&[u8]> = attributes.split(|byte| *byte == 0).collect();
        let pairs =
            words.chunks_exact(3).map(|word| (word[0].to_vec(), String::from_utf8_lossy(word[2]).into()));
        Ok(pairs.filter(|(_, filter)| filters.contains(filter)).collect())
    }

    /// What still differs from the index.
    fn left_over(&self) -> Result<Vec<String>> {
        let untracked = self.run_bytes(&["ls-files", "-z", "-o", "--exclude-standard"])?;
        let changed = self.run_bytes(&["diff-files", "-z", "--name-only", "--ignore-submodules=all"])?;
        let names = untracked.split(|byte| *byte == 0).chain(changed.split(|byte| *byte == 0));
        let names =
            names.filter(|name| !name.is_empty()).map(|name| String::from_utf8_lossy(name).into_owned());
        Ok(names.collect())
    }
}

/// Paths that are left out, with the filters that failed for them.
type Filtered = BTreeMap<Vec<u8>, String>;

/// What was taken in.
struct Added {
    complete: bool,
    filtered: Filtered,
    /// Folders that could not be opened, and why.
    closed: BTreeMap<String, String>,
}

/// Goes on after an error of a single file.
fn add_all_but(filtered: &Filtered) -> Vec<&'static str> {
    let mut add = vec!["add", "-A", "--ignore-errors"];
    if !filtered.is_empty() {
        add.extend(["--pathspec-from-file=-", "--pathspec-file-nul"]);
    }
    add
}

/// The whole tree without some paths, in the form of Git's lists.
fn list(filtered: &Filtered) -> Vec<u8> {
    if filtered.is_empty() {
        return Vec::new();
    }
    let mut list = b":/\0".to_vec();
    for path in filtered.keys() {
        list.extend_from_slice(b":(top,exclude,literal)");
        list.extend_from_slice(path);
        list.push(0);
    }
    list
}

/// `lfs` of `fatal: a.bin: clean filter 'lfs' failed`.
fn failed_filter(complaints: &str) -> Option<&str> {
    let line = complaints.lines().rfind(|line| line.ends_with("' failed"))?;
    let (_, name) = line.strip_suffix("' failed")?.rsplit_once(": clean filter '")?;
    Some(name)
}

/// `shut/` and why, of `warning: could not open directory 'shut/': Permission denied`, each once.
fn closed(complaints: &str) -> BTreeMap<String, String> {
    let paths = complaints.lines().filter_map(|line| {
        let rest = line.strip_prefix("warning: could not open directory '")?;
        rest.rsplit_once("': ").map(|(path, why)| (path.to_owned(), why.to_owned()))
    });
    paths.collect()
}

/// Why Git could not take in a file.
fn why_unreadable(path: &Path) -> String {
    match path.symlink_metadata() {
        Err(error) => unreadable(&error),
        // To open a pipe would be to wait for whoever writes to it.
        Ok(kind) if !kind.is_file() => "it is no regular file".to_owned(),
        Ok(_) => match std::fs::File::open(path) {
            Err(error) => unreadable(&error),
            Ok(_) => "Git cannot add it".to_owned(),
        },
    }
}

fn unreadable(error: &io::Error) -> String {
    format!("it cannot be read: {}", error.kind())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn complaints_name_the_filter_and_the_folders() {
        let said = "warning: could not open directory 'shut/it's': Permission denied\n\
                    error: external filter 'git-lfs clean -- %f' failed 127\n\
                    fatal: x.bin: clean filter 'lfs' failed\n";
        assert_eq!(failed_filter(said), Some("lfs"));
        let shut = BTreeMap::from([("shut/it's".to_owned(), "Permission denied".to_owned())]);
        assert_eq!(closed(&said.repeat(2)), shut);
        assert_eq!(failed_filter("error: external filter 'cat' failed\n"), None);
    }

    #[test]
    fn what_may_not_be_read_is_told_with_the_reason_of_the_system() {
        let denied = io::Error::from(io::ErrorKind::PermissionDenied);
        assert_eq!(unreadable(&denied), "it cannot be read: permission denied");
    }
}
