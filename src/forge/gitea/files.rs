//! Trees and contents. Contents are cached by blob id: an id never gets another content.

use std::collections::HashMap;

use futures::{StreamExt, TryStreamExt, stream};

use crate::forge::{FileWanted, ForgeError, Result};
use crate::model::change::Mode;
use crate::model::id::{Repository, Sha};
use crate::source::tree::MAX_FILE;
use crate::source::{Blob, Tree, TreeEntry};

use super::api::{Call, repo, segments};
use super::{Gitea, PARALLEL, found, of, wire};

/// Entries of a tree asked for at once: the forge's own limit.
const TREE_PAGE: usize = 1000;
/// A larger tree is cut, and says so.
const TREE_PAGES: usize = 200;
const CACHE_BYTES: u64 = 32 * 1024 * 1024;
const KNOWN_COMMITS: u64 = 2_000;
/// What an entry costs beside its content.
const ENTRY_BYTES: u32 = 128;

/// By repository number and object id.
type Key = (u64, Sha);

/// Contents read, and commits that are known to exist on the forge.
pub(super) struct Cache {
    blobs: moka::future::Cache<Key, Blob>,
    commits: moka::future::Cache<Key, ()>,
}

impl Default for Cache {
    fn default() -> Self {
        let weigh = |_: &Key, blob: &Blob| {
            u32::try_from(blob.weight()).unwrap_or(u32::MAX - ENTRY_BYTES) + ENTRY_BYTES
        };
        Self {
            blobs: moka::future::Cache::builder().weigher(weigh).max_capacity(CACHE_BYTES).build(),
            commits: moka::future::Cache::new(KNOWN_COMMITS),
        }
    }
}

impl Cache {
    pub(super) async fn knows(&self, repository: &Repository, commit: &Sha) -> bool {
        self.commits.get(&(repository.id, commit.clone())).await.is_some()
    }

    pub(super) async fn learn(&self, repository: &Repository, commit: &Sha) {
        self.commits.insert((repository.id, commit.clone()), ()).await;
    }
}

impl Gitea {
    pub(super) async fn read_tree(&self, repository: &Repository, commit: &Sha) -> Result<Tree> {
        let first = self.tree_page(repository, commit, 1).await?;
        let pages = pages_after(&first);
        let rest = stream::iter(2..2 + pages.min(TREE_PAGES - 1))
            .map(|page| self.tree_page(repository, commit, page));
        let rest: Vec<wire::TreePage> = rest.buffered(PARALLEL).try_collect().await?;

        let mut rows = first.tree.len();
        let mut tree = Tree::default();
        tree.entries.extend(first.tree.into_iter().filter_map(entry));
        for page in rest {
            rows += page.tree.len();
            tree.entries.extend(page.tree.into_iter().filter_map(entry));
        }
        // An old server that does not count says on its only page whether there is more.
        tree.truncated = if first.total_count > 0 { rows < first.total_count } else { first.truncated };
        self.files.learn(repository, commit).await;
        Ok(tree)
    }

    async fn tree_page(&self, repository: &Repository, commit: &Sha, page: usize) -> Result<wire::TreePage> {
        let what = of(format!("the tree {}", commit.short()), repository);
        let call = Call::get(what, format!("{}/git/trees/{commit}", repo(repository)));
        let call = call.query("recursive", true).query("per_page", TREE_PAGE).query("page", page);
        self.api.send(call).await?.json()
    }

    /// Six at a time; what several ask for is read once.
    pub(super) async fn read_files(
        &self,
        repository: &Repository,
        wanted: &[FileWanted],
    ) -> Result<Vec<Blob>> {
        let unique: HashMap<Source<'_>, &FileWanted> = wanted.iter().map(|w| (source(w), w)).collect();
        let reads: Vec<_> = unique
            .into_iter()
            .map(|(source, wanted)| async move {
                self.read_file(repository, wanted).await.map(|blob| (source, blob))
            })
            .collect();
        let read: HashMap<Source<'_>, Blob> =
            stream::iter(reads).buffer_unordered(PARALLEL).try_collect().await?;
        Ok(wanted.iter().map(|w| read.get(&source(w)).cloned().unwrap_or(Blob::Missing)).collect())
    }

    async fn read_file(&self, repository: &Repository, wanted: &FileWanted) -> Result<Blob> {
        let Some(blob) = &wanted.blob else { return self.read_raw(repository, wanted).await };
        let key = (repository.id, blob.clone());
        if let Some(known) = self.files.blobs.get(&key).await {
            return Ok(known);
        }
        let content = self.read_raw(repository, wanted).await?;
        self.files.blobs.insert(key, content.clone()).await;
        Ok(content)
    }

    async fn read_raw(&self, repository: &Repository, wanted: &FileWanted) -> Result<Blob> {
        // Git has no such paths; an address parser would resolve them.
        if wanted.path.split('/').any(|s| matches!(s, "" | "." | "..")) {
            return Ok(Blob::Missing);
        }
        let what = of("a file", repository);
        let path = format!("{}/raw/{}", repo(repository), segments(&wanted.path));
        let call = Call::get(what.clone(), path).query("ref", &wanted.at).cap(MAX_FILE as usize);
        match found(self.api.send(call).await)? {
            Some(answer) if answer.cut => Ok(Blob::TooLarge(None)),
            Some(answer) => Ok(Blob::from_bytes(&answer.body)),
            // For a moment after a push the forge shows a head that it cannot read yet: 404 as for a missing file.
            None if wanted.blob.is_some() || !self.commit_exists(repository, &wanted.at).await? => {
                let message = format!("the forge cannot read {} yet", wanted.at.short());
                Err(ForgeError::Transient { what, message })
            }
            None => Ok(Blob::Missing),
        }
    }
}

/// What makes two wanted files the same content.
type Source<'a> = (Option<&'a Sha>, Option<(&'a Sha, &'a str)>);

fn source(wanted: &FileWanted) -> Source<'_> {
    match &wanted.blob {
        Some(blob) => (Some(blob), None),
        None => (None, Some((&wanted.at, &wanted.path))),
    }
}

/// How many pages follow, by the size the first one has: the forge may give fewer entries than were asked for.
fn pages_after(first: &wire::TreePage) -> usize {
    if first.tree.is_empty() { 0 } else { first.total_count.div_ceil(first.tree.len()).saturating_sub(1) }
}

/// `None` for folders.
fn entry(row: wire::TreeRow) -> Option<(String, TreeEntry)> {
    let mode = Mode::parse(&row.mode)?;
    // A submodule's object is a commit of another repository: it cannot be read here.
    let blob = if mode == Mode::Submodule { None } else { Sha::parse(&row.sha) };
    Some((row.path, TreeEntry { mode, blob, size: row.size }))
}
