//! All that stands at a commit or in the working tree, as a change from nothing; and the paths that somebody named of it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use crate::model::change::{Change, ChangedFile, Commits, FileStatus, Mode, Uncommitted};
use crate::model::id::Sha;
use crate::model::judgement::NotLookedAt;
use crate::model::nearest::nearest;
use crate::source::Tree;
use crate::source::tree::{above, file_name, folder};

use super::{Local, LocalError, Result};

/// A side that is compared with nothing.
#[derive(Debug)]
pub struct Whole {
    /// As people are told: the branch that was named, or the working tree.
    pub name: String,
    pub head: Sha,
    /// The tree without files.
    nothing: Sha,
    uncommitted: BTreeMap<String, Uncommitted>,
    pub unread: Vec<NotLookedAt>,
    pub notes: Vec<String>,
}

impl Local {
    /// Without `head`: the working tree, in a bare repository `HEAD`. A working tree needs no commit.
    pub fn whole(&mut self, head: Option<&str>) -> Result<Whole> {
        // Git knows this tree without having it.
        let nothing = self.git.run(&["hash-object", "-t", "tree", "--stdin"])?;
        let nothing = Sha::parse(nothing.trim()).ok_or_else(|| LocalError::Git {
            command: "hash-object".to_owned(),
            message: "it named no tree".to_owned(),
        })?;
        if head.is_none() && !self.bare {
            let tip = self.resolve("HEAD").unwrap_or_else(|| nothing.clone());
            let (uncommitted, held) = self.hold(tip)?;
            let name = "the working tree".to_owned();
            return Ok(Whole {
                name,
                head: held.tree,
                nothing,
                uncommitted,
                unread: held.unread,
                notes: held.notes,
            });
        }
        let name = head.unwrap_or("HEAD");
        let (commit, notes) = self.commit(name)?;
        let (uncommitted, unread) = (BTreeMap::new(), Vec::new());
        let name = Sha::readable(name).to_owned();
        Ok(Whole { name, head: commit, nothing, uncommitted, unread, notes })
    }

    /// Every file added, as a whole.
    pub fn all_files(&self, whole: &Whole) -> Result<Change> {
        let tree = self.tree(&whole.head)?;
        let added = |(path, mode): (String, Mode)| ChangedFile {
            path,
            previous_path: None,
            status: FileStatus::Added,
            hunks: (mode == Mode::Submodule).then(Vec::new),
        };
        let files = tree.entries.into_iter().map(|(path, entry)| (path, entry.mode));
        Ok(Change {
            merge_base: whole.nothing.clone(),
            target_tip: whole.nothing.clone(),
            head: whole.head.clone(),
            files: files.map(added).collect(),
            commits: Commits::default(),
            uncommitted: whole.uncommitted.clone(),
            truncated: None,
        })
    }

    /// Files and folders as the repository calls them, of what somebody wrote in the folder `from`.
    pub fn named(&self, whole: &Whole, from: &Path, wanted: &[PathBuf]) -> Result<Vec<String>> {
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        let (top, tree) = (self.top(from)?, self.tree(&whole.head)?);
        let folders: BTreeSet<&str> = tree.entries.keys().flat_map(|path| above(path)).collect();
        let known = |path: &str| tree.contains(path) || folders.contains(path) || path.is_empty();
        let named = wanted.iter().map(|written| {
            let path = below(&top, from, written).ok_or_else(|| LocalError::Outside {
                path: written.display().to_string(),
                top: top.display().to_string(),
            })?;
            if known(&path) {
                return Ok(path);
            }
            let of = whole.name.clone();
            Err(match likely(&path, &tree, &folders) {
                Some(near) => LocalError::Misspelt { path, of, near },
                None => LocalError::NoSuchPath { path, of },
            })
        });
        named.collect()
    }

    /// The folder that paths are relative to; of a bare repository there is none, and it is where somebody stands.
    fn top(&self, from: &Path) -> Result<PathBuf> {
        if self.bare {
            return Ok(from.to_owned());
        }
        self.git.top()
    }
}

/// The path below `top`, without a slash at its end, if it is there.
fn below(top: &Path, from: &Path, written: &Path) -> Option<String> {
    let absolute = normal(&from.join(written));
    let inside = absolute.strip_prefix(top).map(Path::to_owned).or_else(|_| {
        // Somebody came through a symbolic link.
        let real = absolute.canonicalize().unwrap_or_default();
        real.strip_prefix(top).map(Path::to_owned)
    });
    let parts: Option<Vec<&str>> =
        inside.as_ref().ok()?.components().map(|part| part.as_os_str().to_str()).collect();
    Some(parts?.join("/"))
}

/// Without `.` and `..`, whether the path exists or not.
fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => drop(normal.pop()),
            other => normal.push(other),
        }
    }
    normal
}

/// What stands in the same folder and is called almost so.
fn likely(path: &str, tree: &Tree, folders: &BTreeSet<&str>) -> Option<String> {
    let paths = tree.entries.keys().map(String::as_str).chain(folders.iter().copied());
    let beside = paths.filter(|other| folder(other) == folder(path) && !other.is_empty()).map(file_name);
    let near = nearest(file_name(path), beside)?;
    Some(crate::source::tree::join(folder(path), near))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_understood_from_where_it_is_written() {
        let (top, from) = (Path::new("/srv/shop"), Path::new("/srv/shop/blog"));
        let below = |written: &str| below(top, from, Path::new(written));
        for (written, path) in [
            ("models.py", "blog/models.py"),
            ("./migrations/", "blog/migrations"),
            ("../shop", "shop"),
            (".", "blog"),
            ("..", ""),
            ("/srv/shop/manage.py", "manage.py"),
        ] {
            assert_eq!(below(written).as_deref(), Some(path), "{written}");
        }
        assert_eq!(below("../../other"), None);
    }
}
