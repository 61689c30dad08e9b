//! Deliveries, events and jobs: from the webhook to the queue.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::id::{ForgeName, Repository, Sha, Target};

/// What a verified webhook says, in our words. Wire formats end before this.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Something about a pull request changed: look at it.
    Pull {
        repository: Repository,
        number: u64,
        head: Option<Sha>,
        reason: Reason,
    },
    /// It was closed or merged: cancel what waits.
    PullClosed {
        repository: Repository,
        number: u64,
        head: Option<Sha>,
    },
    /// Somebody asked for a check of this commit again; GitHub does not say of which pull request for forks.
    Rerequested {
        repository: Repository,
        head: Sha,
    },
    /// A merge queue asks for its group's own head to be judged.
    GroupRequested {
        repository: Repository,
        head: Sha,
        base: Sha,
        base_branch: String,
    },
    /// The merge queue dropped the group.
    GroupDestroyed {
        repository: Repository,
        head: Sha,
    },
    /// A branch moved: the tip rules of pull requests into it may change.
    Pushed {
        repository: Repository,
        branch: String,
        after: Sha,
    },
    /// `/red-panda recheck` under a pull request.
    Command {
        repository: Repository,
        number: u64,
        comment_id: u64,
        author: String,
    },
    /// The App was installed on, or got access to, these repositories.
    Installed {
        repositories: Vec<Repository>,
    },
    Ping,
    /// Accepted, counted, and nothing to do.
    Ignored(&'static str),
}

/// Why a job exists: shown on the run page, and decides whether a review is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    Opened,
    Pushed,
    Reopened,
    Ready,
    /// Title edited: on Gitea and Forgejo that is how a draft becomes ready.
    Edited,
    Retargeted,
    Rerequested,
    Command,
    MergeGroup,
    TargetMoved,
    Swept,
    /// Found by a sweep, and older than our being here: status and run page only.
    Backlog,
    Closed,
}

impl Reason {
    pub const ALL: [Self; 13] = [
        Self::Opened,
        Self::Pushed,
        Self::Reopened,
        Self::Ready,
        Self::Edited,
        Self::Retargeted,
        Self::Rerequested,
        Self::Command,
        Self::MergeGroup,
        Self::TargetMoved,
        Self::Swept,
        Self::Backlog,
        Self::Closed,
    ];

    /// Its name in the store.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Pushed => "pushed",
            Self::Reopened => "reopened",
            Self::Ready => "ready",
            Self::Edited => "edited",
            Self::Retargeted => "retargeted",
            Self::Rerequested => "rerequested",
            Self::Command => "command",
            Self::MergeGroup => "merge_group",
            Self::TargetMoved => "target_moved",
            Self::Swept => "swept",
            Self::Backlog => "backlog",
            Self::Closed => "closed",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|r| r.as_str() == text)
    }
}

/// What kind of work a job is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobKind {
    Review,
    /// Acknowledge a command and turn it into a review.
    Command,
    Sweep,
}

impl JobKind {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Review => "review",
            Self::Command => "command",
            Self::Sweep => "sweep",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        [Self::Review, Self::Command, Self::Sweep].into_iter().find(|k| k.as_str() == text)
    }
}

/// Work to be queued. Its key is (forge, repository id, target); one runs per key at a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewJob {
    pub forge: ForgeName,
    pub repository: Repository,
    pub target: Target,
    pub kind: JobKind,
    pub reason: Reason,
    /// What the payload said the head was: a hint only.
    pub head_hint: Option<Sha>,
    /// Smaller runs first: 0 for what a person waits for, 10 for what nobody does.
    pub priority: i64,
    /// Kind-specific: [`CommandArgument`], [`GroupArgument`], or of a sweep when its repository was installed.
    pub argument: Option<String>,
}

/// The argument of a command, in its text form `{comment} {author}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandArgument {
    pub comment_id: u64,
    /// Login of who wrote it.
    pub author: String,
}

impl fmt::Display for CommandArgument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.comment_id, self.author)
    }
}

impl CommandArgument {
    /// The inverse of `Display`.
    pub fn parse(text: &str) -> Option<Self> {
        let (comment, author) = text.split_once(' ')?;
        Some(Self { comment_id: comment.parse().ok()?, author: author.to_owned() })
    }
}

/// The argument of a merge group's review, in its text form `{base} {branch}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupArgument {
    pub base: Sha,
    pub base_branch: String,
}

impl fmt::Display for GroupArgument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.base, self.base_branch)
    }
}

impl GroupArgument {
    /// The inverse of `Display`.
    pub fn parse(text: &str) -> Option<Self> {
        let (base, branch) = text.split_once(' ')?;
        Some(Self { base: Sha::parse(base)?, base_branch: branch.to_owned() })
    }
}
