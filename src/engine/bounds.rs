//! How much a run may take, and what of a change it is about.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::source::tree::above;

/// What a run may take. Beyond it the verdict is incomplete, with a sentence that says what was not looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Batches of reading.
    pub rounds: usize,
    /// Source that is held, in bytes.
    pub bytes: usize,
    /// What the rules compute; waiting for a turn is not counted, nor is reading.
    pub time: Duration,
}

impl Bounds {
    /// For what anybody may send.
    pub const FORGE: Self = Self { rounds: 32, bytes: 64 << 20, time: Duration::from_secs(60) };
    /// For a person who looks at a project of their own, on their own machine.
    pub const LOCAL: Self = Self { rounds: 64, bytes: 1 << 30, time: Duration::from_secs(60 * 60) };
}

/// What is judged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Scope {
    /// What the change introduces.
    #[default]
    Change,
    /// All that stands at head, which is a change from nothing; told of these paths alone.
    Whole(Paths),
}

impl Scope {
    pub(super) fn is_whole(&self) -> bool {
        matches!(self, Self::Whole(_))
    }

    /// All files, none left out?
    pub(super) fn is_everything(&self) -> bool {
        matches!(self, Self::Whole(paths) if paths.is_all())
    }

    pub(super) fn contains(&self, path: &str) -> bool {
        match self {
            Self::Change => true,
            Self::Whole(paths) => paths.contains(path),
        }
    }

    /// Is a finding told that stands in this file, or in none?
    pub(super) fn tells(&self, path: Option<&str>) -> bool {
        match self {
            Self::Change => true,
            Self::Whole(paths) => path.map_or(paths.0.is_empty(), |path| paths.contains(path)),
        }
    }
}

/// Files, and folders with all that is in them; all files where none is named.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Paths(BTreeSet<String>);

impl Paths {
    /// An empty path is the repository's own folder.
    pub fn new(paths: impl IntoIterator<Item = String>) -> Self {
        let paths: BTreeSet<String> = paths.into_iter().collect();
        if paths.contains("") { Self::default() } else { Self(paths) }
    }

    pub fn is_all(&self) -> bool {
        self.0.is_empty()
    }

    pub fn contains(&self, path: &str) -> bool {
        self.is_all() || self.0.contains(path) || above(path).any(|folder| self.0.contains(folder))
    }
}

/// How far a run has come, for whoever watches it from another thread.
#[derive(Debug, Default)]
pub struct Progress {
    looked_at: AtomicUsize,
    files: AtomicUsize,
}

impl Progress {
    pub(super) fn begin(&self, files: usize) {
        self.files.store(files, Ordering::Relaxed);
    }

    pub(super) fn looked_at(&self, files: usize) {
        self.looked_at.fetch_add(files, Ordering::Relaxed);
    }

    /// Files that rules have looked at, of how many; `None` until that is known.
    pub fn now(&self) -> Option<(usize, usize)> {
        let files = self.files.load(Ordering::Relaxed);
        (files > 0).then(|| (self.looked_at.load(Ordering::Relaxed), files))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_takes_in_what_is_below_it_and_nothing_beside_it() {
        let paths = Paths::new(["blog".to_owned(), "shop/models.py".to_owned()]);
        for (path, inside) in [
            ("blog/models.py", true),
            ("blog/migrations/0001_initial.py", true),
            ("shop/models.py", true),
            ("shop/models.pyi", false),
            ("blogs/models.py", false),
            ("manage.py", false),
        ] {
            assert_eq!(paths.contains(path), inside, "{path}");
        }
        assert!(Paths::new([String::new(), "blog".to_owned()]).contains("manage.py"));
    }
}
