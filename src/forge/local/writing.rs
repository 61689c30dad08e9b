//! What `check --fix` does to a working tree: files that are there get another content, and nothing else happens.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::model::change::Mode;
use crate::model::id::Sha;

use super::{Local, LocalError, Result};

impl Local {
    /// Files whose content Git has nowhere: with unstaged changes, or never added. Asked before a side is resolved: then
    /// it works on a copy of the index.
    pub fn unstaged(&self) -> Result<BTreeSet<String>> {
        const EDITED: [&str; 6] =
            ["diff", "--name-only", "-z", "--no-ext-diff", "--no-relative", "--ignore-submodules=all"];
        const UNTRACKED: [&str; 7] =
            ["ls-files", "--others", "--exclude-standard", "--full-name", "-z", "--", ":/"];
        let mut paths = self.git.run(&EDITED)?;
        paths.push_str(&self.git.run(&UNTRACKED)?);
        Ok(paths.split_terminator('\0').map(str::to_owned).collect())
    }

    /// The working tree's own folder; a bare repository has none.
    pub fn working_tree(&self) -> Result<PathBuf> {
        if self.bare { Err(LocalError::Bare) } else { self.git.top() }
    }

    /// The held working tree with other contents of some files, held in its place. The files themselves stay as they
    /// are.
    pub fn replace(&self, held: &Sha, contents: &[(&str, &str)]) -> Result<Sha> {
        let tree = self.tree(held)?;
        let mut list = Vec::new();
        for (path, content) in contents {
            let mode = match tree.entries.get(*path).map(|entry| entry.mode) {
                Some(Mode::Executable) => "100755",
                _ => "100644",
            };
            let hash = ["hash-object", "-w", "--no-filters", "--stdin"];
            let blob = self.git.told(&hash, content.as_bytes().to_vec())?;
            list.extend_from_slice(format!("{mode} {}\t{path}\0", blob.trim()).as_bytes());
        }
        self.git.told(&["update-index", "-z", "--index-info"], list)?;
        let tree = self.git.run(&["write-tree"])?;
        Sha::parse(tree.trim()).ok_or_else(|| LocalError::Git {
            command: "write-tree".to_owned(),
            message: "it named no tree".to_owned(),
        })
    }
}

/// Why a file is not written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    #[error("it is no regular file, or is reached through a symbolic link")]
    NotRegular,
    #[error("it was changed in the meantime")]
    Changed,
    #[error("{0}")]
    Io(#[from] std::io::Error),
}

/// What the file of this path holds.
pub fn read(top: &Path, path: &str) -> std::result::Result<Vec<u8>, WriteError> {
    Ok(std::fs::read(regular(top, path)?)?)
}

/// Gives a file another content at once, with its mode. `old` is what it must hold until then.
pub fn write(top: &Path, path: &str, old: &[u8], new: &[u8]) -> std::result::Result<(), WriteError> {
    let target = regular(top, path)?;
    if std::fs::read(&target)? != old {
        return Err(WriteError::Changed);
    }
    let mode = std::fs::metadata(&target)?.permissions();
    let folder = target.parent().ok_or(WriteError::NotRegular)?;
    let mut file = tempfile::Builder::new().prefix(".red-panda-").tempfile_in(folder)?;
    file.write_all(new)?;
    file.as_file().set_permissions(mode)?;
    file.as_file().sync_all()?;
    file.persist(&target).map_err(|error| error.error)?;
    Ok(())
}

/// The file below `top`, when no part of the way to it is a link.
fn regular(top: &Path, path: &str) -> std::result::Result<PathBuf, WriteError> {
    let mut at = top.to_owned();
    let mut parts = path.split('/').peekable();
    while let Some(part) = parts.next() {
        if matches!(part, "" | "." | "..") {
            return Err(WriteError::NotRegular);
        }
        at.push(part);
        let kind = std::fs::symlink_metadata(&at)?.file_type();
        let fits = if parts.peek().is_some() { kind.is_dir() } else { kind.is_file() };
        if !fits {
            return Err(WriteError::NotRegular);
        }
    }
    Ok(at)
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    #[test]
    fn nothing_is_written_through_a_link_or_outside_or_over_what_came_later() {
        let (top, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        std::fs::write(other.path().join("a.py"), "x").unwrap();
        symlink(other.path(), top.path().join("folder")).unwrap();
        symlink(other.path().join("a.py"), top.path().join("link.py")).unwrap();
        for path in ["folder/a.py", "link.py", "../a.py", "/a.py", "folder"] {
            let result = write(top.path(), path, b"x", b"y");
            assert!(matches!(result, Err(WriteError::NotRegular)), "{path}: {result:?}");
        }
        std::fs::write(top.path().join("b.py"), "later").unwrap();
        assert!(matches!(write(top.path(), "b.py", b"x", b"y"), Err(WriteError::Changed)));
        assert_eq!(std::fs::read(other.path().join("a.py")).unwrap(), b"x");
    }

    #[test]
    fn a_file_keeps_its_mode_and_nothing_is_left_beside_it() {
        let top = tempfile::tempdir().unwrap();
        let path = top.path().join("run.py");
        std::fs::write(&path, "x").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o751)).unwrap();
        write(top.path(), "run.py", b"x", b"y").unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o751);
        assert_eq!(
            (std::fs::read(&path).unwrap(), std::fs::read_dir(top.path()).unwrap().count()),
            (b"y".to_vec(), 1)
        );
    }
}
