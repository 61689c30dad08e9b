//! What the stand-in remembers, and what happens in it.

use std::collections::{BTreeMap, BTreeSet};

use http::HeaderMap;
use serde_json::Value;

use crate::model::id::Sha;
use crate::standin::patch::FileDiff;
use crate::standin::repository::GitRepository;

use super::hooks;

/// Where in a call a fault strikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// Nothing happened.
    Before,
    /// Nothing happened, and it never will: 422.
    Rejected,
    /// All happened, and the answer is a 500 all the same.
    After,
    /// Of a review's comments this many were written into the draft.
    AfterComments(usize),
}

/// Calls that are to fail.
#[derive(Clone, Debug)]
pub(super) struct Fault {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) left: usize,
    pub(super) moment: Moment,
}

/// A call that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    pub method: String,
    /// Without `/api/v1/` and the query.
    pub path: String,
    pub status: u16,
}

/// A webhook as it goes out.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// `None`: kept for a test that hands it over itself.
    pub url: Option<String>,
    pub headers: HeaderMap,
    pub body: bytes::Bytes,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Permission {
    Read,
    Write,
    Admin,
}

#[derive(Clone, Debug)]
pub(super) struct Token {
    pub(super) login: String,
    /// `write:repository` and so on.
    pub(super) scopes: Vec<String>,
}

#[derive(Clone, Debug)]
pub(super) struct Hook {
    pub(super) url: Option<String>,
    pub(super) secret: String,
}

#[derive(Clone, Debug)]
pub(super) struct StatusRow {
    pub(super) id: u64,
    pub(super) sha: Sha,
    pub(super) state: String,
    pub(super) context: String,
    pub(super) description: String,
    pub(super) target_url: String,
    pub(super) creator: String,
}

/// An inline comment.
#[derive(Clone, Debug)]
pub(super) struct CodeComment {
    pub(super) id: u64,
    pub(super) author: String,
    pub(super) path: String,
    pub(super) new_line: u64,
    pub(super) old_line: u64,
    pub(super) body: String,
}

#[derive(Clone, Debug)]
pub(super) struct Review {
    pub(super) id: u64,
    /// The comment that carries its text.
    pub(super) comment_id: u64,
    pub(super) author: String,
    pub(super) state: String,
    /// As posted: what the API goes on to tell.
    pub(super) body: String,
    /// As edited: what people see.
    pub(super) edited: Option<String>,
    pub(super) commit_id: String,
    pub(super) comments: Vec<CodeComment>,
}

/// A comment under a pull request.
#[derive(Clone, Debug)]
pub(super) struct IssueComment {
    pub(super) id: u64,
    pub(super) pull: u64,
    pub(super) author: String,
    pub(super) body: String,
    pub(super) reactions: BTreeSet<(String, String)>,
}

#[derive(Clone, Debug)]
pub(super) struct Pull {
    pub(super) number: u64,
    pub(super) title: String,
    pub(super) author: String,
    /// The branch in our own Git that holds the head, also of a fork.
    pub(super) head_branch: String,
    /// The fork's owner.
    pub(super) fork: Option<String>,
    /// The fork was deleted.
    pub(super) fork_gone: bool,
    pub(super) base_branch: String,
    pub(super) open: bool,
    pub(super) merged: bool,
    pub(super) head: Sha,
    /// Head and merge base that the slower parts of the forge still show.
    pub(super) old_head: Sha,
    pub(super) old_merge_base: Sha,
    /// Reads for which they still do.
    pub(super) head_lag: usize,
    pub(super) merge_base_lag: usize,
    /// The forge cannot convert it: null everywhere.
    pub(super) null: bool,
    pub(super) updated: u64,
    pub(super) reviews: Vec<Review>,
}

#[derive(Clone, Debug)]
pub(super) struct Repo {
    pub(super) id: u64,
    pub(super) owner: String,
    pub(super) name: String,
    pub(super) former_names: Vec<String>,
    pub(super) git: GitRepository,
    pub(super) private: bool,
    pub(super) archived: bool,
    pub(super) collaborators: BTreeMap<String, Permission>,
    pub(super) required: Vec<String>,
    pub(super) pulls: BTreeMap<u64, Pull>,
    pub(super) comments: Vec<IssueComment>,
    pub(super) statuses: Vec<StatusRow>,
    pub(super) hooks: Vec<Hook>,
    /// Tag names of published releases, oldest first.
    pub(super) releases: Vec<String>,
}

pub(super) const DEFAULT_BRANCH: &str = "main";

impl Repo {
    pub(super) fn full_name(&self) -> String {
        format!("{}/{}", self.owner, self.name)
    }

    pub(super) fn permission(&self, login: &str) -> Option<Permission> {
        if login == self.owner {
            return Some(Permission::Admin);
        }
        let public = (!self.private).then_some(Permission::Read);
        self.collaborators.get(login).copied().or(public)
    }

    pub(super) fn tip(&self, branch: &str) -> Option<Sha> {
        self.git.branch(branch)
    }

    pub(super) fn merge_base(&self, pull: &Pull) -> Option<Sha> {
        self.git.merge_base(&self.tip(&pull.base_branch)?, &pull.head)
    }

    /// What the API tells as merge base: for a while after a push the one before.
    pub(super) fn told_merge_base(&self, pull: &Pull) -> Option<Sha> {
        if pull.merge_base_lag > 0 { Some(pull.old_merge_base.clone()) } else { self.merge_base(pull) }
    }

    /// What `refs/pull/N/head` is: for a while after a push the one before.
    pub(super) fn told_ref(pull: &Pull) -> Sha {
        if pull.head_lag > 0 { pull.old_head.clone() } else { pull.head.clone() }
    }

    /// A commit that the slower parts of the forge cannot read yet.
    pub(super) fn is_ahead_of_us(&self, sha: &Sha) -> bool {
        self.pulls.values().any(|p| p.head_lag > 0 && p.head == *sha)
    }

    /// The diff that `.diff` shows.
    pub(super) fn told_diff(&self, pull: &Pull) -> Vec<FileDiff> {
        let base = self.told_merge_base(pull);
        base.map(|base| self.git.diff(&base, &Self::told_ref(pull))).unwrap_or_default()
    }

    /// The newest row of a context.
    pub(super) fn status(&self, sha: &Sha, context: &str) -> Option<&StatusRow> {
        self.statuses.iter().rev().find(|s| s.sha == *sha && s.context == context)
    }

    /// Why a merge is refused. As the real one, it lets any unknown word through a required check.
    pub(super) fn merge_refusal(&self, pull: &Pull) -> Option<&'static str> {
        let blocks = |context: &String| match self.status(&pull.head, context).map(|s| s.state.as_str()) {
            None => true,
            Some(state) => matches!(state, "" | "pending" | "failure" | "error" | "warning"),
        };
        self.required
            .iter()
            .any(blocks)
            .then_some("not allowed to merge [reason: Not all required status checks successful]")
    }
}

/// Everything there is.
#[derive(Debug)]
pub(super) struct World {
    pub(super) root_url: String,
    pub(super) tokens: BTreeMap<String, Token>,
    pub(super) repositories: Vec<Repo>,
    /// Most entries in a page.
    pub(super) page: usize,
    /// Reads for which head and merge base lag behind a push.
    pub(super) head_lag: usize,
    pub(super) merge_base_lag: usize,
    pub(super) faults: Vec<Fault>,
    /// Every call answers 429.
    pub(super) limited: bool,
    pub(super) requests: Vec<Request>,
    pub(super) violations: Vec<String>,
    pub(super) deliveries: Vec<Delivery>,
    /// Reviews being written: (repository, pull request, account).
    pub(super) posting: BTreeSet<(u64, u64, String)>,
    counter: u64,
}

impl World {
    pub(super) fn new() -> Self {
        Self {
            root_url: "http://forge.example.test".into(),
            tokens: BTreeMap::new(),
            repositories: Vec::new(),
            page: 50,
            head_lag: 0,
            merge_base_lag: 0,
            faults: Vec::new(),
            limited: false,
            requests: Vec::new(),
            violations: Vec::new(),
            deliveries: Vec::new(),
            posting: BTreeSet::new(),
            counter: 0,
        }
    }

    /// Ids of everything but repositories and pull requests; also the clock.
    pub(super) fn next(&mut self) -> u64 {
        self.counter += 1;
        self.counter
    }

    pub(super) fn violation(&mut self, text: impl Into<String>) {
        self.violations.push(text.into());
    }

    pub(super) fn repository(&self, full_name: &str) -> Option<&Repo> {
        self.repositories.iter().find(|r| r.full_name().eq_ignore_ascii_case(full_name))
    }

    pub(super) fn repository_mut(&mut self, full_name: &str) -> Option<&mut Repo> {
        self.repositories.iter_mut().find(|r| r.full_name().eq_ignore_ascii_case(full_name))
    }

    /// The fault that strikes this call, used up by one.
    pub(super) fn fault(&mut self, method: &str, path: &str) -> Option<Moment> {
        let fault =
            self.faults.iter_mut().find(|f| f.left > 0 && f.method == method && path.contains(&f.path))?;
        fault.left -= 1;
        Some(fault.moment)
    }

    /// A branch moved: pull requests from it get a new head, and the slow parts begin to lag.
    pub(super) fn moved(
        &mut self,
        full_name: &str,
        branch: &str,
        before: Option<&Sha>,
        after: &Sha,
        by: &str,
    ) {
        let (now, head_lag, merge_base_lag) = (self.next(), self.head_lag, self.merge_base_lag);
        let Some(repo) = self.repository_mut(full_name) else { return };
        let snapshot = repo.clone();
        let mut synchronized = Vec::new();
        for pull in repo.pulls.values_mut().filter(|p| p.open && p.head_branch == branch) {
            pull.old_merge_base = snapshot.merge_base(pull).unwrap_or_else(|| pull.old_merge_base.clone());
            pull.old_head = std::mem::replace(&mut pull.head, after.clone());
            (pull.head_lag, pull.merge_base_lag, pull.updated) = (head_lag, merge_base_lag, now);
            synchronized.push(pull.number);
        }
        if !branch.contains(':') {
            hooks::push(self, full_name, branch, before, after, by);
        }
        for number in synchronized {
            hooks::pull(self, full_name, number, "synchronized", &Value::Null, by);
        }
    }

    /// Merges into the base branch, if its protection lets it.
    pub(super) fn merge(&mut self, full_name: &str, number: u64, by: &str) -> Result<Sha, String> {
        let repo = self.repository_mut(full_name).ok_or("no such repository")?;
        let pull = repo
            .pulls
            .get(&number)
            .filter(|p| p.open)
            .cloned()
            .ok_or("no open pull request of that number")?;
        if let Some(refusal) = repo.merge_refusal(&pull) {
            return Err(refusal.to_owned());
        }
        let (base, before) = (repo.merge_base(&pull), repo.tip(&pull.base_branch));
        let merged = repo.git.merge(&pull.base_branch, &pull.head).ok_or("nothing in common")?;
        if let (Some(pull), Some(base)) = (repo.pulls.get_mut(&number), base) {
            (pull.open, pull.merged, pull.old_merge_base) = (false, true, base);
        }
        hooks::pull(self, full_name, number, "closed", &Value::Null, by);
        self.moved(full_name, &pull.base_branch, before.as_ref(), &merged, by);
        Ok(merged)
    }
}
