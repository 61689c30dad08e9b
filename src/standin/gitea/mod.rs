//! A stand-in Forgejo 12: an HTTP server over a world in memory, and the things people do to it.
//!
//! ```text
//! let forge = Forgejo::start().await;
//! let blog = forge.repository("ada/blog", &[("a.py", "a = 1\n")]);
//! blog.push("topic", &[("a.py", Some("a = 2\n"))]);
//! let pull = blog.open_pull("topic", "Change a");
//! ```

mod hooks;
mod http;
mod server;
mod wire;
mod world;
mod write;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::json;

use crate::model::id::Sha;
use crate::standin::repository::Content;

pub use server::Forgejo;
pub use world::{Delivery, Moment, Permission, Request};

use world::{DEFAULT_BRANCH, Hook, IssueComment, Pull, Repo, World};

type Shared = Arc<Mutex<World>>;

/// The account Red Panda works as.
pub const BOT: &str = "red-panda";
/// Its token, with exactly the scopes the documentation asks for.
pub const BOT_TOKEN: &str = "standin-token-of-red-panda";

fn lock(world: &Shared) -> MutexGuard<'_, World> {
    world.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A comment as people see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    pub id: u64,
    pub author: String,
    /// Empty for the text of a review.
    pub path: String,
    /// On the new side, or 0.
    pub line: u64,
    /// On the old side, or 0.
    pub old_line: u64,
    pub body: String,
}

/// A status as people see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShownStatus {
    pub state: String,
    pub description: String,
    pub target_url: String,
}

/// One repository of the forge, and what its people do.
#[derive(Clone, Debug)]
pub struct Repository {
    world: Shared,
    id: u64,
    owner: String,
}

impl Repository {
    fn with<T>(&self, act: impl FnOnce(&mut Repo) -> T) -> Option<T> {
        lock(&self.world).repositories.iter_mut().find(|r| r.id == self.id).map(act)
    }

    fn with_pull<T>(&self, number: u64, act: impl FnOnce(&mut Pull) -> T) -> Option<T> {
        self.with(|repo| repo.pulls.get_mut(&number).map(act)).flatten()
    }

    /// Its number, which survives a rename.
    pub fn id(&self) -> u64 {
        self.id
    }

    /// Under its present name.
    pub fn full_name(&self) -> String {
        self.with(|r| r.full_name()).unwrap_or_default()
    }

    /// As the house names it.
    pub fn model(&self) -> crate::model::id::Repository {
        let name = self.with(|r| r.name.clone()).unwrap_or_default();
        crate::model::id::Repository { id: self.id, owner: self.owner.clone(), name, installation: None }
    }

    /// The commit a branch, a tag or a sha names.
    pub fn resolve(&self, name: &str) -> Option<Sha> {
        self.with(|r| r.git.resolve(name)).flatten()
    }

    /// Commits to a branch and pushes it; a new branch begins at the tip of `main`.
    pub fn push(&self, branch: &str, changes: &[(&str, Option<&str>)]) -> Option<Sha> {
        let changes: Vec<_> = changes
            .iter()
            .map(|(path, text)| {
                (*path, text.map(|t| Content::file(bytes::Bytes::copy_from_slice(t.as_bytes()))))
            })
            .collect();
        self.push_contents(branch, &changes)
    }

    /// As [`Self::push`], with modes and bytes.
    pub fn push_contents(&self, branch: &str, changes: &[(&str, Option<Content>)]) -> Option<Sha> {
        let before = self.resolve(&format!("refs/heads/{branch}"));
        let after = self.with(|repo| {
            if before.is_none()
                && let Some(tip) = repo.tip(DEFAULT_BRANCH)
            {
                repo.git.set_branch(branch, &tip);
            }
            repo.git.commit_contents(branch, changes)
        })?;
        self.moved(branch, before.as_ref(), &after);
        Some(after)
    }

    /// Merges `main` into a branch and pushes it.
    pub fn update_branch(&self, branch: &str) -> Option<Sha> {
        let before = self.resolve(branch);
        let after = self.with(|repo| {
            let tip = repo.tip(DEFAULT_BRANCH)?;
            repo.git.merge(branch, &tip)
        })??;
        self.moved(branch, before.as_ref(), &after);
        Some(after)
    }

    /// Moves a branch without regard to what it was.
    pub fn force_push(&self, branch: &str, to: &Sha) {
        let before = self.resolve(branch);
        self.with(|repo| repo.git.set_branch(branch, to));
        self.moved(branch, before.as_ref(), to);
    }

    fn moved(&self, branch: &str, before: Option<&Sha>, after: &Sha) {
        let full_name = self.full_name();
        lock(&self.world).moved(&full_name, branch, before, after, &self.owner);
    }

    pub fn set_tag(&self, name: &str, to: &Sha) {
        self.with(|repo| repo.git.set_tag(name, to));
    }

    /// Publishes a release of a tag.
    pub fn release(&self, tag: &str) {
        self.with(|repo| repo.releases.push(tag.to_owned()));
    }

    /// Opens a pull request into `main`; `None` when the branch is not there.
    pub fn open_pull(&self, branch: &str, title: &str) -> Option<u64> {
        self.open(branch, title, None)
    }

    /// Somebody forks, commits to a branch of the fork and opens a pull request from it.
    pub fn open_pull_from_fork(
        &self,
        fork_owner: &str,
        changes: &[(&str, Option<&str>)],
        title: &str,
    ) -> Option<u64> {
        let branch = format!("{fork_owner}:patch");
        self.push(&branch, changes)?;
        self.open(&branch, title, Some(fork_owner.to_owned()))
    }

    fn open(&self, branch: &str, title: &str, fork: Option<String>) -> Option<u64> {
        let author = fork.clone().unwrap_or_else(|| self.owner.clone());
        let updated = lock(&self.world).next();
        let number = self.with(|repo| {
            let (head, tip) = (repo.tip(branch)?, repo.tip(DEFAULT_BRANCH)?);
            let number = repo.pulls.len() as u64 + 1;
            let merge_base = repo.git.merge_base(&tip, &head)?;
            repo.pulls.insert(
                number,
                Pull {
                    number,
                    title: title.to_owned(),
                    author: author.clone(),
                    head_branch: branch.to_owned(),
                    fork,
                    fork_gone: false,
                    base_branch: DEFAULT_BRANCH.to_owned(),
                    open: true,
                    merged: false,
                    old_head: head.clone(),
                    head,
                    old_merge_base: merge_base,
                    head_lag: 0,
                    merge_base_lag: 0,
                    null: false,
                    updated,
                    reviews: Vec::new(),
                },
            );
            Some(number)
        })??;
        self.tell(number, "opened", &serde_json::Value::Null, &author);
        Some(number)
    }

    fn tell(&self, number: u64, action: &str, changes: &serde_json::Value, by: &str) {
        let full_name = self.full_name();
        hooks::pull(&mut lock(&self.world), &full_name, number, action, changes, by);
    }

    /// A title that begins with `WIP:` makes a draft of it.
    pub fn retitle(&self, number: u64, title: &str) {
        let from = self.with_pull(number, |p| std::mem::replace(&mut p.title, title.to_owned()));
        self.tell(number, "edited", &json!({ "title": { "from": from } }), &self.owner);
    }

    /// The event's `from` holds the new branch, as on the real one.
    pub fn retarget(&self, number: u64, base: &str) {
        self.with_pull(number, |p| p.base_branch = base.to_owned());
        self.tell(number, "edited", &json!({ "ref": { "from": base } }), &self.owner);
    }

    pub fn close(&self, number: u64) {
        self.with_pull(number, |p| p.open = false);
        self.tell(number, "closed", &serde_json::Value::Null, &self.owner);
    }

    pub fn reopen(&self, number: u64) {
        self.with_pull(number, |p| p.open = true);
        self.tell(number, "reopened", &serde_json::Value::Null, &self.owner);
    }

    /// The merge commit, or why the forge refuses.
    pub fn merge(&self, number: u64) -> Result<Sha, String> {
        let full_name = self.full_name();
        lock(&self.world).merge(&full_name, number, &self.owner)
    }

    /// The fork a pull request came from is deleted.
    pub fn delete_fork(&self, number: u64) {
        self.with_pull(number, |p| p.fork_gone = true);
    }

    /// The forge can no longer convert it: `null` in every answer.
    pub fn damage(&self, number: u64) {
        self.with_pull(number, |p| p.null = true);
    }

    /// A person writes under a pull request.
    pub fn comment(&self, number: u64, author: &str, body: &str) -> u64 {
        let id = lock(&self.world).next();
        let (author, body) = (author.to_owned(), body.to_owned());
        self.with(|repo| {
            repo.comments.push(IssueComment { id, pull: number, author, body, reactions: [].into() });
        });
        let full_name = self.full_name();
        hooks::comment(&mut lock(&self.world), &full_name, id);
        id
    }

    /// A person answers in the thread of an inline comment: the reply belongs to the same review.
    pub fn reply(&self, to: u64, author: &str, body: &str) {
        let id = lock(&self.world).next();
        self.with(|repo| {
            for review in repo.pulls.values_mut().flat_map(|p| &mut p.reviews) {
                if let Some(comment) = review.comments.iter().find(|c| c.id == to).cloned() {
                    let (author, body) = (author.to_owned(), body.to_owned());
                    review.comments.push(world::CodeComment { id, author, body, ..comment });
                }
            }
        });
    }

    /// A person removes a comment, whoever wrote it; the text of a review goes with its review.
    pub fn remove_comment(&self, id: u64) {
        self.with(|repo| {
            repo.comments.retain(|c| c.id != id);
            for pull in repo.pulls.values_mut() {
                pull.reviews.retain(|r| r.comment_id != id);
                pull.reviews.iter_mut().for_each(|r| r.comments.retain(|c| c.id != id));
            }
        });
    }

    /// Reactions to a comment under a pull request: (account, word).
    pub fn reactions_to(&self, id: u64) -> Vec<(String, String)> {
        let reactions = |repo: &mut Repo| {
            repo.comments.iter().find(|c| c.id == id).map(|c| c.reactions.iter().cloned().collect())
        };
        self.with(reactions).flatten().unwrap_or_default()
    }

    /// All that stands under a pull request and is no draft: texts of reviews and inline comments, as edited.
    pub fn comments_on(&self, number: u64) -> Vec<Shown> {
        let shown = |pull: &mut Pull| {
            let mut shown = Vec::new();
            for review in pull.reviews.iter().filter(|r| r.state != "PENDING") {
                let body = review.edited.clone().unwrap_or_else(|| review.body.clone());
                let (author, path) = (review.author.clone(), String::new());
                shown.push(Shown { id: review.comment_id, author, path, line: 0, old_line: 0, body });
                shown.extend(review.comments.iter().map(|c| Shown {
                    id: c.id,
                    author: c.author.clone(),
                    path: c.path.clone(),
                    line: c.new_line,
                    old_line: c.old_line,
                    body: c.body.clone(),
                }));
            }
            shown
        };
        self.with_pull(number, shown).unwrap_or_default()
    }

    /// States of all reviews, drafts too, oldest first.
    pub fn review_states(&self, number: u64) -> Vec<String> {
        self.with_pull(number, |p| p.reviews.iter().map(|r| r.state.clone()).collect()).unwrap_or_default()
    }

    /// Another service posts so many statuses of a context of its own.
    pub fn set_statuses(&self, sha: &Sha, context: &str, count: usize) {
        let creator = self.owner.clone();
        for n in 0..count {
            let id = lock(&self.world).next();
            let row = world::StatusRow {
                id,
                sha: sha.clone(),
                state: "success".to_owned(),
                context: context.to_owned(),
                description: n.to_string(),
                target_url: String::new(),
                creator: creator.clone(),
            };
            self.with(|repo| repo.statuses.push(row));
        }
    }

    /// The newest status of our context on a commit.
    pub fn status_of(&self, sha: &Sha) -> Option<ShownStatus> {
        let shown = |repo: &mut Repo| {
            repo.status(sha, crate::model::status::STATUS_NAME).map(|s| ShownStatus {
                state: s.state.clone(),
                description: s.description.clone(),
                target_url: s.target_url.clone(),
            })
        };
        self.with(shown).flatten()
    }

    /// How many rows of status a commit has.
    pub fn status_count(&self, sha: &Sha) -> usize {
        self.with(|r| r.statuses.iter().filter(|s| s.sha == *sha).count()).unwrap_or(0)
    }

    /// `main` takes no merge without these contexts.
    pub fn require(&self, contexts: &[&str]) {
        self.with(|r| r.required = contexts.iter().map(|c| (*c).to_owned()).collect());
    }

    /// Deliveries go to `url`, or wait for [`Forgejo::take_deliveries`].
    pub fn add_hook(&self, url: Option<&str>, secret: &str) {
        let hook = Hook { url: url.map(str::to_owned), secret: secret.to_owned() };
        self.with(|r| r.hooks.push(hook));
    }

    pub fn set_permission(&self, login: &str, permission: Option<Permission>) {
        self.with(|r| match permission {
            Some(permission) => r.collaborators.insert(login.to_owned(), permission),
            None => r.collaborators.remove(login),
        });
    }

    pub fn set_private(&self, private: bool) {
        self.with(|r| r.private = private);
    }

    pub fn set_archived(&self, archived: bool) {
        self.with(|r| r.archived = archived);
    }

    /// Its old name redirects from now on.
    pub fn rename(&self, name: &str) {
        self.with(|r| {
            let former = r.full_name();
            r.former_names.push(former);
            r.name = name.to_owned();
        });
    }
}
