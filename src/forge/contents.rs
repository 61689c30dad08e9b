//! Contents of files, and trees: what makes two wanted files the same one, what was read lately, and how many are read
//! at once.

use std::collections::HashMap;
use std::future::Future;
use std::ops::ControlFlow;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures::{StreamExt, stream};

use super::{FileWanted, ForgeError, Result, Take};
use crate::model::change::Path;
use crate::model::id::{Repository, Sha};
use crate::source::{Blob, Tree};

/// Bytes kept in memory for one forge: as many as one run may hold, so that its next attempt finds all of them.
const KEPT: u64 = 64 * 1024 * 1024;
/// What an entry costs beside its content.
const ENTRY: usize = 256;

/// Names a content: a blob never gets another one, and neither does a path at a commit.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum ContentId {
    Blob(Sha),
    At(Sha, Path),
}

impl FileWanted {
    pub(super) fn content_id(&self) -> ContentId {
        match &self.blob {
            Some(blob) => ContentId::Blob(blob.clone()),
            None => ContentId::At(self.at.clone(), self.path.clone()),
        }
    }
}

/// A content that is wanted, and the places of the list that want it.
#[derive(Debug)]
pub(super) struct Distinct<'a> {
    pub(super) file: &'a FileWanted,
    pub(super) places: Vec<usize>,
}

impl<'a> Distinct<'a> {
    /// In the order asked. What several ask for is read once.
    pub(super) fn of(wanted: &'a [FileWanted]) -> Vec<Self> {
        let mut known: HashMap<ContentId, usize> = HashMap::new();
        let mut all: Vec<Self> = Vec::new();
        for (place, file) in wanted.iter().enumerate() {
            let at = *known.entry(file.content_id()).or_insert(all.len());
            match all.get_mut(at) {
                Some(distinct) => distinct.places.push(place),
                None => all.push(Self { file, places: vec![place] }),
            }
        }
        all
    }

    pub(super) fn hand_over(&self, blob: &Blob, take: &mut Take<'_>) -> ControlFlow<()> {
        self.places.iter().try_for_each(|place| take(*place, blob.clone()))
    }
}

/// Contents read lately, in memory only.
pub(super) struct Contents(moka::future::Cache<(u64, ContentId), Blob>);

impl Default for Contents {
    fn default() -> Self {
        let weigh =
            |_: &(u64, ContentId), blob: &Blob| u32::try_from(blob.weight() + ENTRY).unwrap_or(u32::MAX);
        Self(moka::future::Cache::builder().weigher(weigh).max_capacity(KEPT).build())
    }
}

impl Contents {
    pub(super) async fn get(&self, repository: &Repository, id: ContentId) -> Option<Blob> {
        self.0.get(&(repository.id, id)).await
    }

    pub(super) async fn keep(&self, repository: &Repository, id: ContentId, blob: Blob) {
        self.0.insert((repository.id, id), blob).await;
    }
}

/// Bytes of trees kept in memory for one forge.
const TREES: u64 = 16 * 1024 * 1024;

/// Trees lately listed, in memory only: one tip is what many pull requests are compared with.
pub(super) struct Trees(moka::future::Cache<(u64, Sha), Arc<Tree>>);

impl Default for Trees {
    fn default() -> Self {
        let weigh = |_: &(u64, Sha), tree: &Arc<Tree>| {
            let bytes = tree.entries.keys().map(|path| path.len() + ENTRY).sum::<usize>() + ENTRY;
            u32::try_from(bytes).unwrap_or(u32::MAX)
        };
        Self(moka::future::Cache::builder().weigher(weigh).max_capacity(TREES).build())
    }
}

impl Trees {
    pub(super) async fn get(&self, repository: &Repository, commit: &Sha) -> Option<Tree> {
        Some((*self.0.get(&(repository.id, commit.clone())).await?).clone())
    }

    /// A tree that the forge cut may be whole the next time.
    pub(super) async fn keep(&self, repository: &Repository, commit: &Sha, tree: &Tree) {
        if !tree.truncated {
            self.0.insert((repository.id, commit.clone()), Arc::new(tree.clone())).await;
        }
    }
}

/// What one read gave before it ended, well or not.
pub(super) type Part<T> = (Vec<T>, Result<()>);

/// Reads `at_once` at a time and hands over what each gave as it comes. After the first fault, and once `take` has had
/// enough, no read is begun; after a fault those under way are waited for, so that nobody has to ask for them again.
pub(super) async fn read_each<T, F: Future<Output = Part<T>>>(
    at_once: usize,
    mut reads: impl Iterator<Item = F>,
    mut take: impl FnMut(T) -> ControlFlow<()>,
) -> Result<()> {
    let failed = AtomicBool::new(false);
    let begun = std::iter::from_fn(|| if failed.load(Ordering::Relaxed) { None } else { reads.next() });
    let mut parts = pin!(stream::iter(begun).buffer_unordered(at_once));
    let mut fault = None;
    while let Some((came, end)) = parts.next().await {
        for one in came {
            if take(one).is_break() {
                return Ok(());
            }
        }
        if let Err(error) = end {
            failed.store(true, Ordering::Relaxed);
            // A limit says when to come back: of several faults it is the one to be told.
            if fault.is_none() || matches!(error, ForgeError::RateLimited { .. }) {
                fault = Some(error);
            }
        }
    }
    fault.map_or(Ok(()), Err)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(failing: &'static [usize], most: usize) -> (Vec<usize>, Result<()>) {
        let part = |n: usize| async move {
            tokio::task::yield_now().await;
            let fault = ForgeError::NotFound { what: n.to_string() };
            if failing.contains(&n) { (Vec::new(), Err(fault)) } else { (vec![n], Ok(())) }
        };
        let mut came = Vec::new();
        let end = read_each(3, (0..10).map(part), |n| {
            came.push(n);
            if came.len() == most { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        let end = end.await;
        (came, end)
    }

    #[tokio::test]
    async fn after_a_fault_those_under_way_are_waited_for_and_no_other_begins() {
        let (mut came, end) = read(&[4], usize::MAX).await;
        came.sort_unstable();
        assert!(came.starts_with(&[0, 1, 2, 3]) && came.len() < 8, "{came:?}");
        assert!(came.contains(&5), "it was under way: {came:?}");
        assert!(matches!(end, Err(ForgeError::NotFound { what }) if what == "4"));
    }

    #[tokio::test]
    async fn whoever_has_had_enough_gets_no_more() {
        let (came, end) = read(&[], 2).await;
        assert_eq!(came.len(), 2);
        assert!(end.is_ok());
    }
}
