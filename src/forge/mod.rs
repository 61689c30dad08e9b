//! The contract between the house and a forge.
//!
//! Verbs: `fetch_*` reads, `ensure_*` is a write that may be repeated: doing it twice leaves the forge as doing it
//! once. Every list is read to its end, but for the open pull requests. No call retries by itself: one policy, in
//! [`retry`], decides by the kind of the error. Nothing here decides what is posted: that is `report::plan`.

mod contents;
pub mod gitea;
pub mod github;
pub mod local;
mod reads;
pub mod requests;
pub mod retry;
pub mod signature;

use std::ops::ControlFlow;

use async_trait::async_trait;

use crate::model::change::{Change, Path};
use crate::model::id::{Repository, Sha};
use crate::model::plan::{CommentEdit, ForgePosting, NewReview};
use crate::model::pull::{Capabilities, OpenPull, PullRequest, Standing};
use crate::model::status::Status;
use crate::source::{Blob, Tree};

/// What went wrong, by what can be done about it.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ForgeError {
    /// There is no such thing, or we may not see it.
    #[error("{what} was not found")]
    NotFound { what: String },
    /// We may see it and may not do this.
    #[error("{what} was refused: {message}")]
    Forbidden { what: String, message: String },
    /// Wait until then (Unix milliseconds) before any further call with this account.
    #[error("the rate limit is used up until {until_ms}")]
    RateLimited { until_ms: i64 },
    /// The forge understood and will never accept it.
    #[error("{what} was rejected: {message}")]
    Invalid { what: String, message: String },
    /// May work later: a 5xx, a timeout, a broken connection. A write may or may not have happened.
    #[error("{what} failed for the moment: {message}")]
    Transient { what: String, message: String },
    /// The token, the installation or the repository is no longer there for us.
    #[error("{what} is gone: {message}")]
    Gone { what: String, message: String },
}

impl ForgeError {
    /// Does it hold for all that this account may ask?
    pub fn is_limit(&self) -> bool {
        matches!(self, Self::RateLimited { .. })
    }
}

pub type Result<T> = std::result::Result<T, ForgeError>;

/// A file to be read.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileWanted {
    /// The commit it is read at.
    pub at: Sha,
    pub path: Path,
    /// Its blob, where the tree told: content is cached by it.
    pub blob: Option<Sha>,
}

/// Is handed the content of a wanted file, by its place in the list, and says whether to go on.
pub type Take<'a> = dyn FnMut(usize, Blob) -> ControlFlow<()> + Send + 'a;

/// Where a repository's files are read. Also the local Git repository, for which the futures never wait.
#[async_trait]
pub trait Reader: Send + Sync {
    /// The whole tree of a commit. A forge that cuts the list says so in [`Tree::truncated`].
    async fn fetch_tree(&self, repository: &Repository, commit: &Sha) -> Result<Tree>;

    /// Contents, each handed over as it comes, in as few requests as the forge allows. A path that is not there is
    /// [`Blob::Missing`], not an error. Reads through the base repository, so heads of forks work.
    ///
    /// When a read fails, no further one is begun, and what the others give is handed over before the error is
    /// returned: whoever asks again asks for the rest. When `take` has had enough, the reading ends well.
    async fn fetch_each(
        &self,
        repository: &Repository,
        wanted: &[FileWanted],
        take: &mut Take<'_>,
    ) -> Result<()>;

    /// All contents, in the order asked.
    async fn fetch_files(&self, repository: &Repository, wanted: &[FileWanted]) -> Result<Vec<Blob>> {
        let mut blobs = vec![Blob::Missing; wanted.len()];
        let mut keep = |place: usize, blob| {
            if let Some(kept) = blobs.get_mut(place) {
                *kept = blob;
            }
            ControlFlow::Continue(())
        };
        self.fetch_each(repository, wanted, &mut keep).await?;
        Ok(blobs)
    }

    /// The commit that a branch, tag or full sha names. `None` when there is no such ref.
    async fn fetch_ref(&self, repository: &Repository, name: &str) -> Result<Option<Sha>>;

    /// Names of all tags.
    async fn fetch_tags(&self, repository: &Repository) -> Result<Vec<String>>;

    /// The commit last deployed to `environment` with success. On a forge without deployment records: the commit of
    /// the newest published release. `None` when there is none.
    async fn fetch_deployed(&self, repository: &Repository, environment: &str) -> Result<Option<Sha>>;
}

/// GitHub, Gitea or Forgejo, as one bot account.
#[async_trait]
pub trait Forge: Reader {
    fn capabilities(&self) -> Capabilities;

    /// Address of a line (or of the whole file) at a commit, for people.
    fn line_url(&self, repository: &Repository, commit: &Sha, path: &str, line: Option<u32>) -> String;

    /// The repository by its number, under its present name.
    async fn fetch_repository(&self, repository: &Repository) -> Result<Repository>;

    /// The accounts that give us repositories: GitHub's installations; elsewhere one, `None`.
    async fn fetch_installations(&self) -> Result<Vec<Option<u64>>>;

    /// Every repository of this account that we work for, as far as the allow-list lets us.
    async fn fetch_repositories(&self, installation: Option<u64>) -> Result<Vec<Repository>>;

    async fn fetch_pull(&self, repository: &Repository, number: u64) -> Result<PullRequest>;

    /// Where it stands just now: asked right before publishing. May be answered from a batch of files at this head
    /// that brought it along within the last two seconds.
    async fn fetch_standing(&self, pull: &PullRequest) -> Result<Standing> {
        Ok(self.fetch_pull(&pull.repository, pull.number).await?.standing())
    }

    /// For how many repositories [`Self::fetch_open_pulls`] may be asked at once.
    fn lists_at_once(&self) -> usize;

    /// The open pull requests of several repositories of one installation, in the order asked, in as few requests as
    /// the forge allows. The only list that is not read to its end: the caller asks for what comes next, and may stop.
    /// A list that cannot be read costs itself only. An entry that the forge cannot show is left out.
    async fn fetch_open_pulls(&self, asked: &[ListAsked]) -> Result<Lists>;

    /// What the forge said last of the account's budgets; empty where it has none, or was not asked yet.
    fn budgets(&self, installation: Option<u64>) -> Vec<Budget>;

    /// Files with hunks, and commits, of exactly `pull.head` against its merge base with the target's tip.
    /// A forge whose answer lags behind `head` waits and asks again (Transient when it never catches up).
    async fn fetch_change(&self, pull: &PullRequest) -> Result<Change>;

    /// The change of a merge group: its head against the target's tip.
    async fn fetch_group_change(&self, repository: &Repository, head: &Sha, base: &Sha) -> Result<Change>;

    /// Comments and reviews of ours that carry our marker, and only those written by our own account.
    async fn fetch_own_postings(&self, pull: &PullRequest) -> Result<Vec<ForgePosting>>;

    /// May this account write to the repository? For commands.
    async fn fetch_may_write(&self, repository: &Repository, login: &str) -> Result<bool>;

    /// Sets our one status on a commit; finds an earlier one of the same run before it makes another.
    async fn ensure_status(&self, repository: &Repository, status: &Status) -> Result<()>;

    /// Posts one review, in one call where the forge has one. Drafts of our own that a crash left are removed first.
    /// When the forge refuses single comments, they are moved into the body and named in `demoted`.
    async fn ensure_review(&self, pull: &PullRequest, review: &NewReview) -> Result<PostedReview>;

    /// Gives a comment of ours a new text. NotFound when a person removed it.
    async fn ensure_comment(&self, pull: &PullRequest, edit: &CommentEdit) -> Result<()>;

    /// Acknowledges a command with a reaction.
    async fn ensure_reaction(&self, repository: &Repository, comment_id: u64) -> Result<()>;
}

/// Which part of a repository's list of open pull requests is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListAsked {
    pub repository: Repository,
    /// What the part before it named as [`OpenPulls::next`]; `None`: from the beginning.
    pub after: Option<String>,
}

/// Part of a repository's list of open pull requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenPulls {
    /// Under its present name.
    pub repository: Repository,
    pub default_branch: String,
    pub pulls: Vec<OpenPull>,
    /// `None`: this was the end of the list.
    pub next: Option<String>,
}

/// What a question for several lists brought.
#[derive(Debug)]
pub struct Lists {
    /// In the order asked.
    pub parts: Vec<Result<OpenPulls>>,
    /// What it cost of a budget, in the forge's own points.
    pub points: u64,
}

/// What an account may still ask for, as the forge said it last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Points, or requests, of a whole hour.
    pub limit: u64,
    pub remaining: u64,
    /// When all of it is there again, in Unix milliseconds.
    pub resets_at: i64,
}

/// What a posted review became on the forge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostedReview {
    /// The summary first, then the inline comments.
    pub postings: Vec<ForgePosting>,
    /// Indexes into [`NewReview::comments`] that the forge would not take inline.
    pub demoted: Vec<usize>,
}
