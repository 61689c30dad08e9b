//! A tree at one commit and the files of it read so far. Rules ask for sets; what is not there yet comes back as
//! [`NotLoaded`], is read in one batch, and only those rules run again.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, RwLock};

use crate::model::change::{Change, FileStatus, Mode, Path};
use crate::model::id::Sha;

use super::tree::{Blob, Tree, TreeEntry};

/// Which tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SnapshotId {
    Head,
    MergeBase,
    TargetTip,
    /// A commit that counts as deployed, by its place in the list the run was given.
    Deployed(usize),
    /// A commit of the pull request, by its place in `Change::commits.scanned`.
    Commit(usize),
}

/// One thing to be read.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Want {
    Tree(SnapshotId),
    File { snapshot: SnapshotId, path: Path, blob: Option<Sha> },
}

impl Want {
    /// Where it is read.
    pub fn snapshot(&self) -> SnapshotId {
        match self {
            Self::Tree(id) | Self::File { snapshot: id, .. } => *id,
        }
    }
}

/// Everything that was missing. Merged over all rules before anything is read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NotLoaded {
    pub wants: BTreeSet<Want>,
}

impl NotLoaded {
    pub fn one(want: Want) -> Self {
        Self { wants: BTreeSet::from([want]) }
    }

    pub fn merge(&mut self, other: Self) {
        self.wants.extend(other.wants);
    }

    /// Collects values, or everything that any of them misses: so that a rule asks once for all it needs.
    pub fn all<T>(results: impl IntoIterator<Item = Result<T, Self>>) -> Result<Vec<T>, Self> {
        let mut missing = Self::default();
        let mut values = Vec::new();
        for result in results {
            match result {
                Ok(value) => values.push(value),
                Err(not_loaded) => missing.merge(not_loaded),
            }
        }
        if missing.wants.is_empty() { Ok(values) } else { Err(missing) }
    }
}

/// Both results, or everything that either misses.
pub fn both<A, B>(a: Result<A, NotLoaded>, b: Result<B, NotLoaded>) -> Result<(A, B), NotLoaded> {
    match (a, b) {
        (Ok(a), Ok(b)) => Ok((a, b)),
        (Err(mut a), Err(b)) => {
            a.merge(b);
            Err(a)
        }
        (Err(e), _) | (_, Err(e)) => Err(e),
    }
}

/// A commit's files. Contents only ever grow while a run lasts.
#[derive(Debug)]
pub struct Snapshot {
    id: SnapshotId,
    commit: Sha,
    tree: RwLock<Option<Arc<Tree>>>,
    files: RwLock<HashMap<Path, Arc<Blob>>>,
    /// Its tree is never listed; whoever asks for a file knows that it is there.
    unlisted: bool,
    /// Set in a merge preview: where changed paths are read instead.
    overlay: Option<Overlay>,
}

/// The change laid over the tip: head's version of every changed path, the tip's of all others.
#[derive(Debug)]
struct Overlay {
    head: Arc<Snapshot>,
    tip: Arc<Snapshot>,
    /// `true`: at head; `false`: gone.
    changed: HashMap<Path, bool>,
}

impl Snapshot {
    pub fn new(id: SnapshotId, commit: Sha) -> Self {
        Self { id, commit, tree: RwLock::default(), files: RwLock::default(), unlisted: false, overlay: None }
    }

    /// A commit whose tree nobody lists: its files are asked for by name.
    pub fn unlisted(id: SnapshotId, commit: Sha) -> Self {
        Self { unlisted: true, ..Self::new(id, commit) }
    }

    /// What merging would give, file by file: `tip` with the change's head versions laid over it.
    pub fn merge_preview(head: Arc<Self>, tip: Arc<Self>, change: &Change) -> Self {
        let mut changed = HashMap::new();
        for file in &change.files {
            if let (FileStatus::Renamed, Some(previous)) = (file.status, &file.previous_path) {
                changed.entry(previous.clone()).or_insert(false);
            }
            changed.insert(file.path.clone(), file.status != FileStatus::Deleted);
        }
        let commit = head.commit.clone();
        Self { overlay: Some(Overlay { head, tip, changed }), ..Self::new(SnapshotId::Head, commit) }
    }

    pub fn id(&self) -> SnapshotId {
        self.id
    }

    pub fn commit(&self) -> &Sha {
        &self.commit
    }

    /// All paths of the commit.
    pub fn tree(&self) -> Result<Arc<Tree>, NotLoaded> {
        if let Some(tree) = read(&self.tree).as_ref() {
            return Ok(tree.clone());
        }
        let Some(overlay) = &self.overlay else { return Err(NotLoaded::one(Want::Tree(self.id))) };
        let (head, tip) = both(overlay.head.tree(), overlay.tip.tree())?;
        let mut merged = Tree { entries: tip.entries.clone(), truncated: head.truncated || tip.truncated };
        for (path, at_head) in &overlay.changed {
            merged.entries.remove(path);
            if let (true, Some(entry)) = (at_head, head.entries.get(path)) {
                merged.entries.insert(path.clone(), entry.clone());
            }
        }
        let merged = Arc::new(merged);
        *write(&self.tree) = Some(merged.clone());
        Ok(merged)
    }

    /// One file; [`Blob::Missing`] when the tree does not have it.
    pub fn file(&self, path: &str) -> Result<Arc<Blob>, NotLoaded> {
        if let Some(overlay) = &self.overlay {
            return match overlay.changed.get(path) {
                Some(true) => overlay.head.file(path),
                Some(false) => Ok(Arc::new(Blob::Missing)),
                None => overlay.tip.file(path),
            };
        }
        if let Some(blob) = read(&self.files).get(path) {
            return Ok(blob.clone());
        }
        if self.unlisted {
            return Err(NotLoaded::one(Want::File { snapshot: self.id, path: path.to_owned(), blob: None }));
        }
        let tree = self.tree()?;
        match tree.entries.get(path) {
            None if !tree.truncated => Ok(Arc::new(Blob::Missing)),
            // What it names is a commit of another repository.
            Some(TreeEntry { mode: Mode::Submodule, .. }) => Ok(Arc::new(Blob::Missing)),
            Some(TreeEntry { size: Some(size), .. }) if *size > super::tree::MAX_FILE => {
                Ok(Arc::new(Blob::TooLarge(Some(*size))))
            }
            entry => {
                let blob = entry.and_then(|e| e.blob.clone());
                Err(NotLoaded::one(Want::File { snapshot: self.id, path: path.to_owned(), blob }))
            }
        }
    }

    /// The file's length in bytes, where its tree is known and tells.
    pub fn size(&self, path: &str) -> Option<u64> {
        read(&self.tree).as_ref()?.entries.get(path)?.size
    }

    /// Is the path known to be a symbolic link? Its content is then the path that it leads to.
    pub fn is_symlink(&self, path: &str) -> bool {
        if let Some(overlay) = &self.overlay {
            return match overlay.changed.get(path) {
                Some(at_head) => *at_head && overlay.head.is_symlink(path),
                None => overlay.tip.is_symlink(path),
            };
        }
        let tree = read(&self.tree);
        let entry = tree.as_ref().and_then(|tree| tree.entries.get(path));
        entry.is_some_and(|entry| entry.mode == Mode::Symlink)
    }

    /// Several files in the order asked, or everything of them that is not read yet.
    pub fn files<'a>(&self, paths: impl IntoIterator<Item = &'a str>) -> Result<Vec<Arc<Blob>>, NotLoaded> {
        NotLoaded::all(paths.into_iter().map(|path| self.file(path)))
    }

    pub fn supply_tree(&self, tree: Tree) {
        *write(&self.tree) = Some(Arc::new(tree));
    }

    pub fn supply_file(&self, path: Path, blob: Blob) {
        write(&self.files).insert(path, Arc::new(blob));
    }
}

/// The tree at the merge base follows from the head's and the change list: nobody needs to ask the forge for it.
pub fn merge_base_tree(head: &Tree, change: &Change) -> Tree {
    let mut tree = head.clone();
    for file in &change.files {
        match (file.head_path(), file.base_path()) {
            (Some(new), None) => {
                tree.entries.remove(new);
            }
            (new, Some(old)) => {
                let mode = new.and_then(|p| tree.entries.get(p)).map_or(Mode::File, |e| e.mode);
                if let Some(new) = new {
                    tree.entries.remove(new);
                }
                tree.entries.insert(old.to_owned(), TreeEntry { mode, blob: None, size: None });
            }
            (None, None) => {}
        }
    }
    tree
}

// A panic inside a rule never holds these locks, so a poisoned one still has whole contents.
fn read<T>(lock: &RwLock<T>) -> std::sync::RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(std::sync::PoisonError::into_inner)
}

fn write<T>(lock: &RwLock<T>) -> std::sync::RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(std::sync::PoisonError::into_inner)
}
