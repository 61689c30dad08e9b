//! What is written down of a run besides its verdict: that it began, what it leaves, and what comes after it.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::forge::Forge;
use crate::model::delivery::{JobKind, NewJob, Reason};
use crate::model::id::{ForgeName, Repository, Sha, Target};
use crate::model::pull::PullRequest;
use crate::store::jobs::Claim;
use crate::store::pulls::KnownPull;
use crate::store::runs::{RunStart, RunSummary};

use super::publish::Publisher;
use super::reviewer::Reviewer;
use super::{JobError, Lease};

/// What a run is about.
#[derive(Debug)]
pub(super) struct About {
    pub(super) head: Sha,
    /// Name of the branch it is to be merged into; empty while that is not known.
    pub(super) base_branch: String,
    pub(super) draft: bool,
    /// The pull request's page on the forge.
    pub(super) web_url: Option<String>,
}

impl About {
    pub(super) fn of(pull: &PullRequest) -> Self {
        Self {
            head: pull.head.clone(),
            base_branch: pull.base_branch.clone(),
            draft: pull.draft,
            web_url: Some(pull.web_url.clone()),
        }
    }

    /// As far as nothing but the head is known.
    pub(super) fn head(head: &Sha) -> Self {
        Self { head: head.clone(), base_branch: String::new(), draft: false, web_url: None }
    }

    /// As it was when the run began.
    pub(super) fn of_run(run: &RunSummary) -> Self {
        Self { base_branch: run.base_branch.clone(), ..Self::head(&run.head) }
    }
}

impl Reviewer {
    /// Writes that the run began.
    pub(super) async fn begin<'a>(
        &'a self,
        forge: &'a Arc<dyn Forge>,
        job: &'a Claim,
        repository: &'a Repository,
        about: &'a About,
        lease: &'a dyn Lease,
    ) -> Result<Publisher<'a>, JobError> {
        let publisher = self.publisher(forge, job, repository, about, lease);
        let start = RunStart {
            id: job.run.clone(),
            forge: job.job.forge.clone(),
            repository: repository.id,
            owner: repository.owner.clone(),
            name: repository.name.clone(),
            target: job.job.target.clone(),
            reason: job.job.reason,
            head: about.head.clone(),
            base_branch: about.base_branch.clone(),
            web_url: about.web_url.clone(),
            draft: about.draft,
            started_at: publisher.started,
        };
        let resumed = job.attempt > 1 || self.store.run(&job.run).await?.is_some();
        self.store.begin_run(&start).await?;
        Ok(Publisher { resumed, ..publisher })
    }

    /// Leaves the heads that were judged before: their statuses must not run for ever, and are now those of the other
    /// pull requests there. `head`: what is to be judged now; none when the pull request is closed or the group gone.
    pub(super) async fn leave_earlier(
        &self,
        forge: &Arc<dyn Forge>,
        job: &Claim,
        repository: &Repository,
        head: Option<&Sha>,
        lease: &dyn Lease,
    ) -> Result<(), JobError> {
        let NewJob { forge: name, target, .. } = &job.job;
        let latest = self.store.runs_of(name, repository.id, target, 1).await?.pop();
        let mut left: BTreeSet<Sha> = latest.map(|run| run.head).into_iter().collect();
        for run in self.store.unfinished_runs(name, repository.id, target).await? {
            let same_head = head == Some(&run.head);
            if same_head && run.id == job.run {
                continue;
            }
            let about = About::of_run(&run);
            let publisher =
                Publisher { run: &run.id, ..self.publisher(forge, job, repository, &about, lease) };
            if same_head && !forge.capabilities().check_runs {
                publisher.leave().await?;
            } else {
                publisher.supersede(head.filter(|_| !same_head)).await?;
            }
            left.insert(run.head);
        }
        for old_head in left.iter().filter(|old| head != Some(old)) {
            self.free(job, repository, old_head).await?;
        }
        Ok(())
    }

    /// A commit has one status: what it said of this pull request is now to be said of the others with this head.
    async fn free(&self, job: &Claim, repository: &Repository, head: &Sha) -> Result<(), JobError> {
        let others = self.store.pulls_with_head(&job.job.forge, repository.id, head).await?;
        self.ask_again(job, repository, head, others).await
    }

    /// Has these pull requests with this head judged once more.
    pub(super) async fn ask_again(
        &self,
        job: &Claim,
        repository: &Repository,
        head: &Sha,
        numbers: Vec<u64>,
    ) -> Result<(), JobError> {
        for number in numbers {
            let other = NewJob {
                forge: job.job.forge.clone(),
                repository: repository.clone(),
                target: Target::Pull(number),
                kind: JobKind::Review,
                reason: Reason::Rerequested,
                head_hint: Some(head.clone()),
                priority: 0,
                argument: None,
            };
            self.store.enqueue(&other, self.clock.now()).await?;
        }
        Ok(())
    }

    /// It moved under us: its own webhook may be lost, so what it is now is queued here too. That job ends this run.
    pub(super) async fn follow(
        &self,
        job: &Claim,
        was: &PullRequest,
        now: &PullRequest,
    ) -> Result<(), JobError> {
        let reason = if !now.is_open() {
            Reason::Closed
        } else if now.base_branch != was.base_branch {
            Reason::Retargeted
        } else {
            Reason::Pushed
        };
        let next = NewJob {
            repository: now.repository.clone(),
            reason,
            head_hint: Some(now.head.clone()),
            ..job.job.clone()
        };
        Ok(self.store.enqueue(&next, self.clock.now()).await?)
    }
}

pub(super) fn known_pull(
    forge: &ForgeName,
    pull: &PullRequest,
    seen_at: i64,
    touches_migrations: Option<bool>,
) -> KnownPull {
    KnownPull {
        forge: forge.clone(),
        repository: pull.repository.clone(),
        number: pull.number,
        head: pull.head.clone(),
        base_branch: pull.base_branch.clone(),
        default_branch: pull.default_branch.clone(),
        touches_migrations,
        open: pull.is_open(),
        seen_at,
    }
}
