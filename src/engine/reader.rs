//! What a run has read, and how much of it there may be.

use std::collections::{BTreeSet, HashMap, HashSet};

use crate::model::change::Change;
use crate::model::id::Sha;
use crate::source::SnapshotId;
use crate::source::{Blob, NotLoaded, Tree, Want, snapshot::merge_base_tree};

use super::Sides;
use super::bounds::Bounds;

/// All that came in so far.
#[derive(Debug)]
pub(super) struct Intake {
    bounds: Bounds,
    rounds: usize,
    bytes: usize,
    /// Contents by their id: what one commit gave is not read again for another.
    contents: HashMap<Sha, Blob>,
}

impl Intake {
    pub(super) fn new(bounds: Bounds) -> Self {
        Self { bounds, rounds: 0, bytes: 0, contents: HashMap::new() }
    }

    pub(super) fn supply_tree(&mut self, sides: &Sides, change: &Change, want: &Want, tree: Tree) {
        let id = want.snapshot();
        if id == SnapshotId::Head {
            sides.merge_base.snapshot().supply_tree(merge_base_tree(&tree, change));
        }
        if let Some(snapshot) = sides.snapshot(id) {
            snapshot.supply_tree(tree);
        }
    }

    pub(super) fn supply_file(&mut self, sides: &Sides, want: &Want, blob: Blob) {
        let Want::File { snapshot, path, blob: id } = want else { return };
        let blob = sides.facts.shared(blob);
        self.bytes += blob.weight();
        if let Some(id) = id {
            self.contents.insert(id.clone(), blob.clone());
        }
        if let Some(snapshot) = sides.snapshot(*snapshot) {
            snapshot.supply_file(path.clone(), blob);
        }
    }

    /// May it be given more?
    pub(super) fn has_room(&self) -> bool {
        self.bytes <= self.bounds.bytes
    }

    /// Begins a round; what the run asks for too much of, once it does.
    pub(super) fn next_round(&mut self) -> Result<(), String> {
        self.rounds += 1;
        if self.has_room() { Ok(()) } else { Err(self.too_long()) }
    }

    /// May these be read in this round? Sizes decide before a byte is asked for; where a tree does not tell them, what
    /// has come does.
    pub(super) fn may_ask(&self, sides: &Sides, wants: &BTreeSet<Want>) -> Result<(), String> {
        if self.rounds > self.bounds.rounds {
            return Err(format!("more files than {} rounds of reading give", self.bounds.rounds));
        }
        let size = |want: &Want| match want {
            Want::Tree(_) => None,
            Want::File { snapshot, path, .. } => sides.snapshot(*snapshot)?.size(path),
        };
        let sizes = wants.iter().filter_map(size).map(|bytes| usize::try_from(bytes).unwrap_or(usize::MAX));
        if self.bytes + sizes.sum::<usize>() > self.bounds.bytes { Err(self.too_long()) } else { Ok(()) }
    }

    fn too_long(&self) -> String {
        format!("files that are longer than {} MiB together", self.bounds.bytes >> 20)
    }

    /// Gives what another commit has too, and leaves one want for each content that nobody has read yet.
    pub(super) fn give_known(&self, sides: &Sides, missing: NotLoaded) -> NotLoaded {
        let mut asked: HashSet<Sha> = HashSet::new();
        let wants = missing.wants.into_iter().filter(|want| {
            let Want::File { snapshot, path, blob: Some(id) } = want else { return true };
            match (self.contents.get(id), sides.snapshot(*snapshot)) {
                (Some(blob), Some(snapshot)) => {
                    snapshot.supply_file(path.clone(), blob.clone());
                    false
                }
                _ => asked.insert(id.clone()),
            }
        });
        NotLoaded { wants: wants.collect() }
    }
}
