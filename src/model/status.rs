//! The one status of a commit that branch protection can require, and the only mapping of outcomes to it.

use super::finding::Span;
use super::id::{RunId, Sha};
use super::judgement::Verdict;

/// Name of the check run and context of the commit status. Never changed: branch protection names it.
pub const STATUS_NAME: &str = "Red Panda Approval";

/// How a run stands or ended. `neutral` and `skipped` do not exist here: they open a required gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Running,
    Verdict(Verdict),
    /// Policy unreadable, or the job is dead.
    Broken,
    /// A newer head took over, or the pull request was closed.
    Superseded,
}

impl Outcome {
    /// GitHub's check-run conclusion; `None` while running.
    pub fn github_conclusion(self) -> Option<&'static str> {
        match self {
            Self::Running => None,
            Self::Verdict(Verdict::Approved) => Some("success"),
            Self::Verdict(Verdict::ChangesRequested | Verdict::Incomplete) | Self::Broken => Some("failure"),
            Self::Superseded => Some("cancelled"),
        }
    }

    /// Gitea's and Forgejo's commit-status state: no other word than these four is ever sent.
    pub fn gitea_state(self) -> &'static str {
        match self {
            Self::Running => "pending",
            Self::Verdict(Verdict::Approved) => "success",
            Self::Verdict(Verdict::ChangesRequested) => "failure",
            Self::Verdict(Verdict::Incomplete) | Self::Broken | Self::Superseded => "error",
        }
    }

    /// Exit code of `red-panda check`.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Verdict(Verdict::Approved) => 0,
            Self::Verdict(Verdict::ChangesRequested) => 1,
            _ => 2,
        }
    }
}

/// A status to be set on a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    pub sha: Sha,
    pub outcome: Outcome,
    /// One line, cut to the forge's length; also the check run's title.
    pub description: String,
    /// Markdown of the check run; not shown where there are no check runs.
    pub summary: String,
    /// Findings without an inline comment; empty where there are no check runs.
    pub annotations: Vec<Annotation>,
    /// Page of the run, where `public_url` is known.
    pub details_url: Option<String>,
    /// The check run's `external_id`: it is found again by this before one is created.
    pub run: RunId,
    /// Not the first attempt of its job: another process may have made the check run already. A first attempt that
    /// this process knows nothing of creates one without looking.
    pub resumed: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnnotationLevel {
    Notice,
    Warning,
    Failure,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Annotation {
    pub path: String,
    pub span: Span,
    pub level: AnnotationLevel,
    pub title: String,
    pub message: String,
}
