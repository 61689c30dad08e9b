//! Trees and contents.

use futures::{StreamExt, TryStreamExt, stream};

use crate::forge::contents::{Contents, Distinct, Trees, read_each};
use crate::forge::{FileWanted, ForgeError, Result, Take};
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
const KNOWN_COMMITS: u64 = 2_000;

/// Contents read, and commits that are known to exist on the forge.
pub(super) struct Cache {
    contents: Contents,
    trees: Trees,
    /// By repository number.
    commits: moka::future::Cache<(u64, Sha), ()>,
}

impl Default for Cache {
    fn default() -> Self {
        let commits = moka::future::Cache::new(KNOWN_COMMITS);
        Self { contents: Contents::default(), trees: Trees::default(), commits }
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
        if let Some(known) = self.files.trees.get(repository, commit).await {
            return Ok(known);
        }
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
        self.files.trees.keep(repository, commit, &tree).await;
        Ok(tree)
    }

    async fn tree_page(&self, repository: &Repository, commit: &Sha, page: usize) -> Result<wire::TreePage> {
        let what = of(format!("the tree {}", commit.short()), repository);
        let call = Call::get(what, format!("{}/git/trees/{commit}", repo(repository)));
        let call = call.query("recursive", true).query("per_page", TREE_PAGE).query("page", page);
        self.api.send(call).await?.json()
    }

    /// Six at a time.
    pub(super) async fn read_files(
        &self,
        repository: &Repository,
        wanted: &[FileWanted],
        take: &mut Take<'_>,
    ) -> Result<()> {
        let mut reads = Vec::new();
        for distinct in Distinct::of(wanted) {
            reads.push(async move {
                match self.read_file(repository, distinct.file).await {
                    Ok(blob) => (vec![(distinct, blob)], Ok(())),
                    Err(error) => (Vec::new(), Err(error)),
                }
            });
        }
        read_each(PARALLEL, reads.into_iter(), |(distinct, blob)| distinct.hand_over(&blob, take)).await
    }

    async fn read_file(&self, repository: &Repository, wanted: &FileWanted) -> Result<Blob> {
        if let Some(known) = self.files.contents.get(repository, wanted.content_id()).await {
            return Ok(known);
        }
        let content = self.read_raw(repository, wanted).await?;
        self.files.contents.keep(repository, wanted.content_id(), content.clone()).await;
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
