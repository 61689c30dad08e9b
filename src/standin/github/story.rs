//! What people do, and what they see: the verbs of a story.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::model::id::{Repository, Sha};
use crate::model::status::STATUS_NAME;
use crate::standin::repository::{Content, GitRepository};

use super::hooks::Delivery;
use super::world::{Check, Deployment, Fault, INSTALLATION, Logged, Pull, Repo, State, When};
use super::{GitHubStandIn, now_ms};

/// A comment as people see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShownComment {
    pub id: u64,
    pub author: String,
    pub path: String,
    pub line: u32,
    pub start_line: Option<u32>,
    /// `LEFT` or `RIGHT`.
    pub side: String,
    pub body: String,
}

/// A review as people see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShownReview {
    pub id: u64,
    pub author: String,
    pub body: String,
    /// `PENDING` or `COMMENTED`.
    pub state: &'static str,
    pub commit: Sha,
}

/// A check run as people see it.
#[derive(Clone, Debug, PartialEq)]
pub struct ShownCheck {
    pub id: u64,
    pub external_id: String,
    pub status: String,
    pub conclusion: Option<String>,
    pub title: String,
    pub summary: String,
    pub annotations: Vec<Value>,
}

impl GitHubStandIn {
    /// A repository whose branch `main` holds these files. `ada` may write to it.
    pub fn create_repository(&self, owner: &str, name: &str, files: &[(&str, &str)]) -> Repository {
        let mut world = self.world();
        let id = world.next_id();
        world.repositories.push(Repo {
            id,
            owner: owner.to_owned(),
            name: name.to_owned(),
            former_names: Vec::new(),
            archived: false,
            default_branch: "main".to_owned(),
            git: GitRepository::new("main", files),
            pulls: BTreeMap::new(),
            checks: Vec::new(),
            deployments: Vec::new(),
            collaborators: BTreeMap::from([("ada".to_owned(), "write".to_owned())]),
            conversation: BTreeMap::new(),
        });
        Repository { id, owner: owner.to_owned(), name: name.to_owned(), installation: Some(INSTALLATION) }
    }

    /// Looks at, or changes, the repository's Git behind GitHub's back: no webhook tells of it.
    pub fn git<T>(&self, repository: &Repository, then: impl FnOnce(&mut GitRepository) -> T) -> Option<T> {
        self.world().repo_mut(repository.id).map(|r| then(&mut r.git))
    }

    /// One commit on a branch, made from `main` when it is not there; pull requests from it follow.
    pub fn push(
        &self,
        repository: &Repository,
        branch: &str,
        changes: &[(&str, Option<&str>)],
    ) -> Option<Sha> {
        self.push_lagging(repository, branch, changes, 0)
    }

    /// As [`Self::push`]; the next `reads` looks at the pull request still show the former head.
    pub fn push_lagging(
        &self,
        repository: &Repository,
        branch: &str,
        changes: &[(&str, Option<&str>)],
        reads: usize,
    ) -> Option<Sha> {
        let contents = changes
            .iter()
            .map(|(path, text)| (*path, text.map(|t| Content::file(t.to_owned()))))
            .collect::<Vec<_>>();
        self.push_contents(repository, branch, &contents, reads)
    }

    /// As [`Self::push_lagging`], with modes and bytes.
    pub fn push_contents(
        &self,
        repository: &Repository,
        branch: &str,
        changes: &[(&str, Option<Content>)],
        reads: usize,
    ) -> Option<Sha> {
        let mut world = self.world();
        let stamp = world.next_id();
        let repo = world.repo_mut(repository.id)?;
        if repo.git.branch(branch).is_none() {
            let main = repo.git.branch(&repo.default_branch)?;
            repo.git.set_branch(branch, &main);
        }
        let before = repo.git.branch(branch)?;
        let after = repo.git.commit_contents(branch, changes);
        let mut moved = Vec::new();
        for pull in repo.pulls.values_mut().filter(|p| p.head_branch == branch && p.state == State::Open) {
            pull.lag = (reads > 0).then(|| (pull.head.clone(), reads));
            pull.head = after.clone();
            pull.updated = stamp;
            moved.push(pull.number);
        }
        world.tell_push(repository.id, branch, &before, &after, "ada");
        for number in moved {
            world.tell_pull(
                repository.id,
                number,
                "synchronize",
                "ada",
                json!({"before": before, "after": after}),
            );
        }
        Some(after)
    }

    /// A pull request by `ada` from `branch` into `base`.
    pub fn open_pull(&self, repository: &Repository, branch: &str, base: &str) -> Option<u64> {
        self.open(repository, branch, base, false)
    }

    /// As [`Self::open_pull`], from a fork by `contributor`.
    pub fn open_fork_pull(&self, repository: &Repository, branch: &str, base: &str) -> Option<u64> {
        self.open(repository, branch, base, true)
    }

    fn open(&self, repository: &Repository, branch: &str, base: &str, from_fork: bool) -> Option<u64> {
        let mut world = self.world();
        let stamp = world.next_id();
        let author = if from_fork { "contributor" } else { "ada" };
        let repo = world.repo_mut(repository.id)?;
        let head = repo.git.branch(branch)?;
        let number = repo.pulls.len() as u64 + 1;
        repo.pulls.insert(
            number,
            Pull {
                number,
                author: author.to_owned(),
                state: State::Open,
                draft: false,
                head_branch: branch.to_owned(),
                from_fork,
                head,
                lag: None,
                base_branch: base.to_owned(),
                created: now_ms(),
                updated: stamp,
                reviews: Vec::new(),
                comments: Vec::new(),
            },
        );
        world.tell_pull(repository.id, number, "opened", author, json!({}));
        Some(number)
    }

    pub fn close_pull(&self, repository: &Repository, number: u64) {
        self.change_pull(repository, number, "closed", json!({}), |p| p.state = State::Closed);
    }

    pub fn set_draft(&self, repository: &Repository, number: u64, draft: bool) {
        let action = if draft { "converted_to_draft" } else { "ready_for_review" };
        self.change_pull(repository, number, action, json!({}), |p| p.draft = draft);
    }

    pub fn retarget(&self, repository: &Repository, number: u64, base: &str) {
        let changes = json!({"changes": {"base": {"ref": {"from": "main"}}}});
        self.change_pull(repository, number, "edited", changes, |p| p.base_branch = base.to_owned());
    }

    fn change_pull(
        &self,
        repository: &Repository,
        number: u64,
        action: &str,
        more: Value,
        change: impl FnOnce(&mut Pull),
    ) {
        let mut world = self.world();
        if let Some(pull) = world.repo_mut(repository.id).and_then(|r| r.pulls.get_mut(&number)) {
            change(pull);
        }
        world.tell_pull(repository.id, number, action, "ada", more);
    }

    /// Branch protection: the newest "Red Panda Approval" of the head has to have ended well.
    pub fn merge(&self, repository: &Repository, number: u64) -> Result<Sha, String> {
        let mut world = self.world();
        let repo = world.repo_mut(repository.id).ok_or("no such repository")?;
        let pull = repo.pulls.get_mut(&number).ok_or("no such pull request")?;
        let check = repo.checks.iter().rev().find(|c| c.head == pull.head && c.name == STATUS_NAME);
        match check.map(|c| (c.status.as_str(), c.conclusion.as_deref())) {
            None => return Err(format!("{STATUS_NAME}: Expected, waiting for status to be reported")),
            Some(("completed", Some("success" | "neutral" | "skipped"))) => {}
            Some((status, conclusion)) => {
                return Err(format!("{STATUS_NAME}: {}", conclusion.unwrap_or(status)));
            }
        }
        let merged = repo.git.merge(&pull.base_branch, &pull.head).ok_or("nothing to merge")?;
        pull.state = State::Merged;
        world.tell_pull(repository.id, number, "closed", "ada", json!({}));
        Ok(merged)
    }

    /// Everything inline that people see, oldest first.
    pub fn comments_on(&self, repository: &Repository, number: u64) -> Vec<ShownComment> {
        self.look(repository, |r| {
            let pull = r.pulls.get(&number)?;
            let draft = |id| pull.reviews.iter().any(|r| r.id == id && r.state == "PENDING");
            let shown = pull.comments.iter().filter(|c| !draft(c.review));
            Some(
                shown
                    .map(|c| ShownComment {
                        id: c.id,
                        author: c.login.clone(),
                        path: c.path.clone(),
                        line: c.line,
                        start_line: c.start_line,
                        side: c.side.clone(),
                        body: c.body.clone(),
                    })
                    .collect(),
            )
        })
    }

    /// All reviews, drafts included.
    pub fn reviews_on(&self, repository: &Repository, number: u64) -> Vec<ShownReview> {
        self.look(repository, |r| {
            let shown = r.pulls.get(&number)?.reviews.iter().map(|r| ShownReview {
                id: r.id,
                author: r.login.clone(),
                body: r.body.clone(),
                state: r.state,
                commit: r.commit.clone(),
            });
            Some(shown.collect())
        })
    }

    /// A person deletes a comment.
    pub fn remove_comment(&self, repository: &Repository, id: u64) {
        if let Some(repo) = self.world().repo_mut(repository.id) {
            for pull in repo.pulls.values_mut() {
                pull.comments.retain(|c| c.id != id);
            }
        }
    }

    /// Somebody reviews: a body, perhaps with our marker copied into it.
    pub fn review_by(&self, repository: &Repository, number: u64, login: &str, body: &str) {
        let mut world = self.world();
        let id = world.next_id();
        if let Some(pull) = world.repo_mut(repository.id).and_then(|r| r.pulls.get_mut(&number)) {
            let review = super::world::Review {
                id,
                login: login.to_owned(),
                body: body.to_owned(),
                state: "COMMENTED",
                commit: pull.head.clone(),
            };
            pull.reviews.push(review);
        }
    }

    /// A draft review of ours, as a crash leaves it.
    pub fn leave_draft(&self, repository: &Repository, number: u64) {
        self.review_by(repository, number, super::BOT, "");
        if let Some(pull) = self.world().repo_mut(repository.id).and_then(|r| r.pulls.get_mut(&number))
            && let Some(review) = pull.reviews.last_mut()
        {
            review.state = "PENDING";
        }
    }

    /// Somebody writes under the pull request.
    pub fn comment(&self, repository: &Repository, number: u64, author: &str, body: &str) -> u64 {
        let mut world = self.world();
        let id = world.next_id();
        if let Some(repo) = world.repo_mut(repository.id) {
            repo.conversation.insert(id, BTreeSet::new());
        }
        world.tell_comment(repository.id, number, id, author, body);
        id
    }

    pub fn reactions_to(&self, repository: &Repository, comment: u64) -> Vec<String> {
        self.look(repository, |r| Some(r.conversation.get(&comment)?.iter().cloned().collect()))
    }

    /// The newest check run "Red Panda Approval" of a commit.
    pub fn check_of(&self, repository: &Repository, commit: &Sha) -> Option<ShownCheck> {
        self.checks_of(repository, commit).pop()
    }

    /// All of them, oldest first.
    pub fn checks_of(&self, repository: &Repository, commit: &Sha) -> Vec<ShownCheck> {
        self.look(repository, |r| {
            Some(r.checks.iter().filter(|c| c.head == *commit && c.name == STATUS_NAME).map(shown).collect())
        })
    }

    /// Somebody asks for the check again.
    pub fn rerequest(&self, repository: &Repository, commit: &Sha) {
        self.world().tell_rerequested(repository.id, commit, "ada");
    }

    /// The merge queue asks about a pull request: its group's head and base.
    pub fn queue_merge(&self, repository: &Repository, number: u64) -> Option<(Sha, Sha)> {
        let mut world = self.world();
        let repo = world.repo_mut(repository.id)?;
        let pull = repo.pulls.get(&number)?;
        let (branch, from) = (pull.base_branch.clone(), pull.head.clone());
        let base = repo.git.branch(&branch)?;
        let group = format!("gh-readonly-queue/{branch}/pr-{number}");
        repo.git.set_branch(&group, &base);
        let head = repo.git.merge(&group, &from)?;
        world.tell_group(repository.id, "checks_requested", &head, &base, &branch);
        Some((head, base))
    }

    /// A deployment with its states, oldest first.
    pub fn deploy(&self, repository: &Repository, environment: &str, commit: &Sha, states: &[&str]) {
        let mut world = self.world();
        let id = world.next_id();
        if let Some(repo) = world.repo_mut(repository.id) {
            let states = states.iter().map(|s| (*s).to_owned()).collect();
            repo.deployments.push(Deployment {
                id,
                environment: environment.to_owned(),
                sha: commit.clone(),
                states,
            });
        }
    }

    /// A tag; what GitHub makes a release of changes nothing for us.
    pub fn release(&self, repository: &Repository, tag: &str, commit: &Sha) {
        if let Some(repo) = self.world().repo_mut(repository.id) {
            repo.git.set_tag(tag, commit);
        }
    }

    pub fn rename(&self, repository: &Repository, name: &str) {
        if let Some(repo) = self.world().repo_mut(repository.id) {
            let former = std::mem::replace(&mut repo.name, name.to_owned());
            repo.former_names.push(former);
        }
    }

    /// The next `times` requests whose method and path match meet this status.
    pub fn fail_next(&self, times: usize, method: &'static str, path: &str, when: When, status: u16) {
        let body = json!({"message": "Server Error"}).to_string();
        self.inject(Fault { method, path: path.to_owned(), times, when, status, headers: Vec::new(), body });
    }

    /// The next matching request meets the secondary rate limit.
    pub fn limit_next(&self, method: &'static str, path: &str, headers: &[(&'static str, &str)]) {
        let body = json!({"message": "You have exceeded a secondary rate limit. Please wait a few minutes."})
            .to_string();
        let headers = headers.iter().map(|(k, v)| (*k, (*v).to_owned())).collect();
        self.inject(Fault {
            method,
            path: path.to_owned(),
            times: 1,
            when: When::Before,
            status: 403,
            headers,
            body,
        });
    }

    pub fn inject(&self, fault: Fault) {
        self.world().faults.push(fault);
    }

    /// Every token handed out so far is refused from now on.
    pub fn expire_tokens(&self) {
        self.world().tokens.clear();
    }

    /// Takes a permission away from the App.
    pub fn forbid(&self, permission: &'static str) {
        self.world().permissions.remove(permission);
    }

    /// The App is also installed where an IP allow list keeps it out.
    pub fn install_behind_an_allow_list(&self) {
        self.world().closed_installation = true;
    }

    /// So many requests over REST, and so many points over GraphQL, may be spent in an hour.
    pub fn set_budgets(&self, requests: u64, points: u64) {
        let mut world = self.world();
        (world.requests.limit, world.points.limit) = (requests, points);
    }

    /// What is left of them.
    pub fn left_of_budgets(&self) -> (u64, u64) {
        let world = self.world();
        (world.requests.remaining(), world.points.remaining())
    }

    /// No list shows more than this on a page.
    pub fn set_page_size(&self, entries: usize) {
        self.world().longest_page = entries;
    }

    /// GraphQL cuts texts that are longer.
    pub fn set_longest_text(&self, bytes: usize) {
        self.world().longest_text = bytes;
    }

    /// Patches that are longer are left out.
    pub fn set_longest_patch(&self, bytes: usize) {
        self.world().longest_patch = bytes;
    }

    /// Reviews with a comment that holds this text are refused, and nobody says which comment it was.
    pub fn refuse_comments_with(&self, text: &str) {
        self.world().refused_text = Some(text.to_owned());
    }

    pub fn set_webhook_secret(&self, secret: &str) {
        self.world().webhook_secret = secret.to_owned();
    }

    /// The webhooks since the last call, in the order they happened.
    pub fn webhooks(&self) -> Vec<Delivery> {
        std::mem::take(&mut self.world().deliveries)
    }

    /// Every request since the last [`Self::forget_requests`].
    pub fn requests(&self) -> Vec<Logged> {
        self.world().log.clone()
    }

    pub fn forget_requests(&self) {
        self.world().log.clear();
    }

    /// What GitHub would have silently made wrong, or does not have.
    pub fn violations(&self) -> Vec<String> {
        self.world().violations.clone()
    }

    fn look<T: Default>(&self, repository: &Repository, then: impl FnOnce(&Repo) -> Option<T>) -> T {
        self.world().repo_mut(repository.id).and_then(|r| then(r)).unwrap_or_default()
    }
}

fn shown(check: &Check) -> ShownCheck {
    ShownCheck {
        id: check.id,
        external_id: check.external_id.clone(),
        status: check.status.clone(),
        conclusion: check.conclusion.clone(),
        title: check.title.clone(),
        summary: check.summary.clone(),
        annotations: check.annotations.clone(),
    }
}
