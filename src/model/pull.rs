//! A pull request as a forge shows it, stripped to what the house needs.

use super::id::{Repository, Sha};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PullState {
    Open,
    Closed,
    Merged,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PullRequest {
    pub repository: Repository,
    pub number: u64,
    /// Login of the author.
    pub author: String,
    pub state: PullState,
    pub draft: bool,
    pub head: Sha,
    /// Name of the branch it is to be merged into, without `refs/heads/`.
    pub base_branch: String,
    /// The tip of that branch.
    pub base_tip: Sha,
    /// Known without another request on Gitea and Forgejo; possibly stale for a second after a push.
    pub merge_base: Option<Sha>,
    pub default_branch: String,
    /// How many files the forge counts; `None` where it does not say.
    pub changed_files: Option<usize>,
    /// When the head was last moved, or failing that when the pull request was made: Unix milliseconds.
    pub head_since: Option<i64>,
    /// Page of the pull request for people.
    pub web_url: String,
}

impl PullRequest {
    pub fn is_open(&self) -> bool {
        self.state == PullState::Open
    }

    /// What a run must find unchanged before it publishes.
    pub fn standing(&self) -> Standing {
        Standing { head: self.head.clone(), base_branch: self.base_branch.clone(), is_open: self.is_open() }
    }
}

/// Where a pull request stands: what it would be merged from and into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    pub head: Sha,
    pub base_branch: String,
    pub is_open: bool,
}

/// An open pull request as a list shows it: enough to know whether its head was judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenPull {
    pub number: u64,
    pub head: Sha,
    pub base_branch: String,
    pub draft: bool,
    /// As [`PullRequest::head_since`].
    pub head_since: Option<i64>,
}

impl From<PullRequest> for OpenPull {
    fn from(pull: PullRequest) -> Self {
        let PullRequest { number, head, base_branch, draft, head_since, .. } = pull;
        Self { number, head, base_branch, draft, head_since }
    }
}

/// What only some forges can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// Status is a check run with title, summary and annotations; else a commit status.
    pub check_runs: bool,
    /// ```` ```suggestion ```` becomes a button.
    pub suggestions: bool,
    /// A comment may span several lines.
    pub multi_line: bool,
    /// Longest status description, in characters.
    pub status_description: usize,
    /// Longest comment or review body, in bytes.
    pub body: usize,
}
