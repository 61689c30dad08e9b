//! What no webhook told us: forges lose deliveries and do not send them again.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::sync::watch;

use crate::forge::ForgeError;
use crate::model::delivery::{JobKind, NewJob, Reason};
use crate::model::id::{ForgeName, Repository, Sha, Target};
use crate::model::pull::PullRequest;
use crate::review::{JobEnd, JobError};
use crate::store::pulls::{KnownPull, PullKey};

use super::{ServedForge, Worker};

const EVERY: i64 = 600_000;

/// At a start, a sweep this young is not done again: replicas start together.
const FRESH: i64 = 60_000;

/// Twenty jobs a minute.
const GAP: i64 = 3_000;

/// No merge queue waits longer for a status.
const QUEUE_WAITS: i64 = 6 * 3_600_000;

impl Worker {
    pub(super) async fn sweep_now_and_then(&self, mut stop: watch::Receiver<bool>) {
        // An embedded store has no replicas: what stood still before this start was not looked after by anybody.
        let mut at_least = if self.store.is_embedded() { 0 } else { FRESH };
        while !*stop.borrow() {
            tokio::select! {
                () = self.sweep_if_due(at_least) => {}
                _ = stop.changed() => return,
            }
            at_least = EVERY;
            tokio::select! {
                // Looks more often than it sweeps, so that another replica's start does not shift ours far.
                () = tokio::time::sleep(Duration::from_secs(60)) => {}
                _ = stop.changed() => return,
            }
        }
    }

    /// Sweeps every forge now. For stories; [`Worker::run`] does it by itself.
    pub async fn sweep(&self) {
        self.sweep_if_due(0).await;
    }

    async fn sweep_if_due(&self, every: i64) {
        for (name, served) in self.forges.iter() {
            if let Err(error) = self.sweep_forge(name, served, every).await {
                tracing::warn!(forge = %name, %error, "the sweep did not come to its end; the next one carries on");
            }
        }
    }

    async fn sweep_forge(&self, name: &ForgeName, served: &ServedForge, every: i64) -> Result<(), JobError> {
        self.store.first_started(name, self.now()).await?;
        if !self.store.take_sweep(name, self.now(), every).await? {
            return Ok(());
        }
        // Whoever takes the sweep also tidies up.
        self.tidy_up().await;
        let swept = self.look_through_all(name, served).await;
        if let Err(JobError::Retry(_) | JobError::Fatal(_)) = &swept {
            self.store.return_sweep(name).await?;
        }
        swept
    }

    async fn look_through_all(&self, name: &ForgeName, served: &ServedForge) -> Result<(), JobError> {
        self.return_to_groups(name, served).await?;
        let mut turn = self.next_turn(name).await?;
        let mut limited = BTreeSet::new();
        for repository in served.forge.fetch_repositories().await? {
            if !(served.allows)(&repository.full_name()) || limited.contains(&repository.installation) {
                continue;
            }
            if let Err(error) = self.look_through(name, served, &repository, &mut turn).await {
                tracing::warn!(forge = %name, repo = %repository.full_name(), %error, "not swept");
                // Waiting is the only thing to do, for all of this account's repositories.
                if matches!(error, JobError::RateLimited { .. }) {
                    limited.insert(repository.installation);
                }
            }
        }
        Ok(())
    }

    /// Merge groups that the forge would not let us answer. It lists none: what we know of them are their jobs.
    async fn return_to_groups(&self, name: &ForgeName, served: &ServedForge) -> Result<(), JobError> {
        let groups = self.store.untold_groups(name, self.now() - QUEUE_WAITS).await?;
        for group in groups.iter().filter(|g| (served.allows)(&g.repository.full_name())) {
            self.store.enqueue_swept(group, self.now(), self.now()).await?;
        }
        Ok(())
    }

    /// A sweep of one repository: it was given to us, or a check of a commit was asked for whose pull request we
    /// do not know.
    pub(super) async fn sweep_repository(&self, job: &NewJob) -> Result<JobEnd, JobError> {
        let NewJob { forge: name, repository, target, reason, argument, .. } = job;
        let served = self.served(name)?;
        if let Some(since) =
            argument.as_deref().and_then(|a| a.parse().ok()).filter(|_| *reason == Reason::Backlog)
        {
            self.store.note_installed(name, repository.id, since).await?;
        }
        match target {
            Target::Group(head) => self.look_again(name, served, repository, head).await?,
            Target::Repository => {
                let mut turn = self.next_turn(name).await?;
                self.look_through(name, served, repository, &mut turn).await?;
            }
            Target::Pull(_) => return Err(JobError::Fatal("one pull request is not swept".to_owned())),
        }
        Ok(JobEnd::Done)
    }

    /// When the next pull request that a sweep finds may be looked at.
    async fn next_turn(&self, name: &ForgeName) -> Result<i64, JobError> {
        let last = self.store.last_swept_run_at(name).await?;
        Ok(last.map_or(self.now(), |last| self.now().max(last + GAP)))
    }

    async fn look_through(
        &self,
        name: &ForgeName,
        served: &ServedForge,
        repository: &Repository,
        turn: &mut i64,
    ) -> Result<(), JobError> {
        let since = self.store.served_since(name, repository.id, self.now()).await?;
        for pull in self.fetch_and_note(name, served, repository).await? {
            let old = pull.head_since.is_some_and(|at| at < since);
            if self.queue_unless_judged(name, &pull, old, *turn).await? {
                *turn += GAP;
            }
        }
        Ok(())
    }

    /// A check of this commit was asked for: of every pull request whose head it is.
    async fn look_again(
        &self,
        name: &ForgeName,
        served: &ServedForge,
        repository: &Repository,
        head: &Sha,
    ) -> Result<(), JobError> {
        for pull in self.fetch_and_note(name, served, repository).await?.iter().filter(|p| p.head == *head) {
            let job = NewJob { priority: 0, ..found_open(name, pull, Reason::Rerequested) };
            self.store.enqueue(&job, self.now()).await?;
        }
        Ok(())
    }

    async fn fetch_and_note(
        &self,
        name: &ForgeName,
        served: &ServedForge,
        repository: &Repository,
    ) -> Result<Vec<PullRequest>, JobError> {
        match served.forge.fetch_open_pulls(repository).await {
            Ok(pulls) => {
                self.note_open(name, repository, &pulls).await?;
                Ok(pulls)
            }
            // Pull requests switched off, or the repository went away since it was listed.
            Err(ForgeError::NotFound { .. } | ForgeError::Gone { .. }) => Ok(Vec::new()),
            Err(error) => Err(error.into()),
        }
    }

    /// The store's list of open pull requests becomes the forge's. What is not on it any more is looked at by itself.
    async fn note_open(
        &self,
        name: &ForgeName,
        repository: &Repository,
        pulls: &[PullRequest],
    ) -> Result<(), JobError> {
        for number in self.store.open_pulls(name, repository.id).await? {
            if !pulls.iter().any(|p| p.number == number) {
                let job = found(name, repository, number, Reason::Closed);
                self.store.enqueue_swept(&job, self.now(), self.now()).await?;
            }
        }
        for pull in pulls {
            let known = KnownPull {
                forge: name.clone(),
                repository: pull.repository.clone(),
                number: pull.number,
                head: pull.head.clone(),
                base_branch: pull.base_branch.clone(),
                default_branch: pull.default_branch.clone(),
                touches_migrations: None,
                open: true,
            };
            self.store.note_pull(&known).await?;
        }
        Ok(())
    }

    /// `true` when it was queued.
    async fn queue_unless_judged(
        &self,
        name: &ForgeName,
        pull: &PullRequest,
        old: bool,
        turn: i64,
    ) -> Result<bool, JobError> {
        let key = PullKey { forge: name.clone(), repository: pull.repository.id, number: pull.number };
        if self.store.is_judged(&key, &pull.head, &pull.base_branch, pull.draft).await? {
            return Ok(false);
        }
        let job = found_open(name, pull, if old { Reason::Backlog } else { Reason::Swept });
        let queued = self.store.enqueue_swept(&job, self.now(), turn).await?;
        if queued {
            metrics::counter!("red_panda_swept_total", "forge" => name.0.clone()).increment(1);
        }
        Ok(queued)
    }
}

fn found_open(name: &ForgeName, pull: &PullRequest, reason: Reason) -> NewJob {
    NewJob { head_hint: Some(pull.head.clone()), ..found(name, &pull.repository, pull.number, reason) }
}

fn found(name: &ForgeName, repository: &Repository, number: u64, reason: Reason) -> NewJob {
    NewJob {
        forge: name.clone(),
        repository: repository.clone(),
        target: Target::Pull(number),
        kind: JobKind::Review,
        reason,
        head_hint: None,
        priority: 10,
        argument: None,
    }
}
