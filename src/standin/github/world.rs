//! All that the stand-in GitHub knows.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::Value;

use crate::model::id::Sha;
use crate::standin::repository::{FileDiff, GitRepository};

use super::budget::Budget;
use super::hooks::Delivery;

pub(super) const APP_ID: u64 = 4711;
pub(super) const INSTALLATION: u64 = 90_001;
pub(super) const SLUG: &str = "red-panda";
/// The login of the App's own account, as REST writes it.
pub const BOT: &str = "red-panda[bot]";
/// Ids do not fit into 32 bits: GitHub's outgrew them.
const FIRST_ID: u64 = 3_000_000_000;

#[derive(Debug)]
pub(super) struct World {
    pub(super) repositories: Vec<Repo>,
    pub(super) base_url: String,
    pub(super) webhook_secret: String,
    last_id: u64,
    /// Tokens by their expiry, Unix milliseconds.
    pub(super) tokens: HashMap<String, i64>,
    pub(super) permissions: BTreeMap<&'static str, &'static str>,
    /// An installation besides ours that mints no token: its owner lets no address of ours in.
    pub(super) closed_installation: bool,
    /// What may be asked over REST, and over GraphQL.
    pub(super) requests: Budget,
    pub(super) points: Budget,
    /// No page holds more than this, whatever was asked.
    pub(super) longest_page: usize,
    /// GraphQL cuts texts from here on, in bytes.
    pub(super) longest_text: usize,
    /// Patches with more bytes are left out.
    pub(super) longest_patch: usize,
    /// A review with a comment that holds this text is refused, wherever its anchor is.
    pub(super) refused_text: Option<String>,
    pub(super) faults: Vec<Fault>,
    pub(super) log: Vec<Logged>,
    pub(super) violations: Vec<String>,
    pub(super) deliveries: Vec<Delivery>,
}

/// When an injected fault strikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// The request has no effect.
    Before,
    /// The request does its work, and its answer is lost.
    After,
}

/// A fault that the next matching requests meet.
#[derive(Clone, Debug)]
pub struct Fault {
    pub method: &'static str,
    /// Part of the path.
    pub path: String,
    pub times: usize,
    pub when: When,
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: String,
}

/// One request as it came.
#[derive(Clone, Debug, PartialEq)]
pub struct Logged {
    pub method: String,
    /// Without the query, still percent-encoded.
    pub path: String,
    /// Decoded.
    pub query: Vec<(String, String)>,
    pub body: Option<Value>,
    pub status: u16,
}

#[derive(Debug)]
pub(super) struct Repo {
    pub(super) id: u64,
    pub(super) owner: String,
    pub(super) name: String,
    pub(super) former_names: Vec<String>,
    pub(super) archived: bool,
    pub(super) default_branch: String,
    pub(super) git: GitRepository,
    pub(super) pulls: BTreeMap<u64, Pull>,
    pub(super) checks: Vec<Check>,
    pub(super) deployments: Vec<Deployment>,
    /// Login → permission.
    pub(super) collaborators: BTreeMap<String, String>,
    /// Comment → reactions.
    pub(super) conversation: BTreeMap<u64, BTreeSet<String>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Open,
    Closed,
    Merged,
}

#[derive(Debug)]
pub(super) struct Pull {
    pub(super) number: u64,
    pub(super) author: String,
    pub(super) state: State,
    pub(super) draft: bool,
    pub(super) head_branch: String,
    pub(super) from_fork: bool,
    pub(super) head: Sha,
    /// What readers still see, and for how many more requests.
    pub(super) lag: Option<(Sha, usize)>,
    pub(super) base_branch: String,
    pub(super) created: i64,
    pub(super) updated: u64,
    pub(super) reviews: Vec<Review>,
    pub(super) comments: Vec<Comment>,
}

impl Pull {
    /// The head that a reader is shown.
    pub(super) fn shown_head(&self) -> &Sha {
        self.lag.as_ref().map_or(&self.head, |(old, _)| old)
    }
}

#[derive(Clone, Debug)]
pub(super) struct Review {
    pub(super) id: u64,
    pub(super) login: String,
    pub(super) body: String,
    /// `PENDING` or `COMMENTED`.
    pub(super) state: &'static str,
    pub(super) commit: Sha,
}

#[derive(Clone, Debug)]
pub(super) struct Comment {
    pub(super) id: u64,
    pub(super) review: u64,
    pub(super) login: String,
    pub(super) path: String,
    pub(super) line: u32,
    pub(super) start_line: Option<u32>,
    pub(super) side: String,
    pub(super) body: String,
}

#[derive(Clone, Debug)]
pub(super) struct Check {
    pub(super) id: u64,
    pub(super) head: Sha,
    pub(super) name: String,
    pub(super) external_id: String,
    pub(super) status: String,
    pub(super) conclusion: Option<String>,
    pub(super) title: String,
    pub(super) summary: String,
    pub(super) details_url: Option<String>,
    pub(super) annotations: Vec<Value>,
}

#[derive(Clone, Debug)]
pub(super) struct Deployment {
    pub(super) id: u64,
    pub(super) environment: String,
    pub(super) sha: Sha,
    /// Oldest first.
    pub(super) states: Vec<String>,
}

impl World {
    pub(super) fn new() -> Self {
        let permissions = crate::forge::github::PERMISSIONS.map(|(name, level, _)| (name, level));
        Self {
            repositories: Vec::new(),
            base_url: String::new(),
            webhook_secret: String::new(),
            last_id: FIRST_ID,
            tokens: HashMap::new(),
            permissions: BTreeMap::from(permissions),
            closed_installation: false,
            requests: Budget::new("core"),
            points: Budget::new("graphql"),
            longest_page: 100,
            longest_text: 512 * 1024,
            longest_patch: 100_000,
            refused_text: None,
            faults: Vec::new(),
            log: Vec::new(),
            violations: Vec::new(),
            deliveries: Vec::new(),
        }
    }

    pub(super) fn next_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    /// By owner and name, also by a former name.
    pub(super) fn repo(&self, owner: &str, name: &str) -> Option<&Repo> {
        let all = || self.repositories.iter().filter(|r| r.owner == owner);
        all().find(|r| r.name == name).or_else(|| all().find(|r| r.former_names.iter().any(|n| n == name)))
    }

    pub(super) fn repo_mut(&mut self, id: u64) -> Option<&mut Repo> {
        self.repositories.iter_mut().find(|r| r.id == id)
    }

    pub(super) fn violate(&mut self, what: String) {
        self.violations.push(what);
    }
}

impl Repo {
    pub(super) fn full_name(&self) -> String {
        format!("{}/{}", self.owner, self.name)
    }

    /// What the pull request changes: merge base to the head that is shown.
    pub(super) fn diff_of(&self, pull: &Pull) -> Vec<FileDiff> {
        let head = pull.shown_head();
        let base = self.git.branch(&pull.base_branch).and_then(|tip| self.git.merge_base(&tip, head));
        base.map_or_else(Vec::new, |base| self.git.diff(&base, head))
    }
}
