//! The way of a job: read the pull request afresh, judge it, publish what came of it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use crate::forge::retry::Retry;
use crate::forge::{Forge, ForgeError, requests};
use crate::model::delivery::{GroupArgument, JobKind, NewJob, Reason};
use crate::model::id::{ForgeName, Repository, Sha, Target};
use crate::model::pull::PullRequest;
use crate::project::django::apps::looks_like_migration;
use crate::report::status::Stage;
use crate::store::Store;
use crate::store::clock::Clock;
use crate::store::jobs::Claim;
use crate::store::pulls::PullKey;
use crate::store::runs::RunOutcome;

use super::ledger::{About, known_pull};
use super::publish::{Ended, Publisher};
use super::{JobEnd, JobError, Lease, Perform};

/// How often, and with which waits, a pull request is read again when its head is not yet the one the payload named.
const HEAD_WAITS: [Duration; 3] = [Duration::from_secs(1), Duration::from_secs(2), Duration::from_secs(4)];

/// So many attempts of a job that a webhook asked for take what is not found as not there yet.
const EARLY_ATTEMPTS: u32 = 3;

/// Performs reviews on every forge of the settings.
pub struct Reviewer {
    pub forges: BTreeMap<ForgeName, Arc<dyn Forge>>,
    pub store: Store,
    pub clock: Clock,
    /// Where our own pages are; `None`: comments stand without links to them.
    pub public_url: Option<String>,
    pub retry: Retry,
    /// Between two looks at a head that lags behind its payload.
    pub head_waits: Vec<Duration>,
}

impl std::fmt::Debug for Reviewer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reviewer").field("forges", &self.forges.keys()).finish_non_exhaustive()
    }
}

#[async_trait]
impl Perform for Reviewer {
    async fn perform(&self, job: &Claim, lease: &dyn Lease) -> Result<JobEnd, JobError> {
        let forge = self.forge(job)?;
        match (&job.job.kind, &job.job.target) {
            (JobKind::Review, Target::Pull(number)) => {
                requests::counted(self.pull(forge, job, *number, lease)).await
            }
            (JobKind::Review, Target::Group(head)) => {
                requests::counted(self.group(forge, job, head, lease)).await
            }
            (JobKind::Command | JobKind::Sweep, _) | (_, Target::Repository) => Err(no_review()),
        }
    }

    async fn put_off(
        &self,
        job: &Claim,
        error: &str,
        until_ms: i64,
        lease: &dyn Lease,
    ) -> Result<(), JobError> {
        let begun = self.store.run(&job.run).await?.map(|run| run.summary);
        let Some(run) = begun.filter(|run| run.finished_at.is_none()) else { return Ok(()) };
        let about = About::of_run(&run);
        let publisher = self.publisher(self.forge(job)?, job, &job.job.repository, &about, lease);
        publisher.tell(&Stage::PutOff { reason: error, until_ms }).await
    }

    async fn give_up(&self, job: &Claim, error: &str, lease: &dyn Lease) -> Result<(), JobError> {
        if job.job.reason == Reason::Closed {
            // Nobody waits for a status: a new one would only stand beside what was merged.
            return Ok(());
        }
        let (forge, repository) = (self.forge(job)?, &job.job.repository);
        let begun = self.store.run(&job.run).await?;
        let about = match &begun {
            Some(run) => About::of_run(&run.summary),
            None => self.named_by(forge, job).await?,
        };
        if begun.is_none() {
            // The status will link to the run's page.
            self.begin(forge, job, repository, &about, lease).await?;
        }
        let publisher = self.publisher(forge, job, repository, &about, lease);
        let stage = Stage::GaveUp { reason: error };
        publisher.conclude(&stage, RunOutcome::Broken, "Could not finish", error.to_owned()).await
    }
}

impl Reviewer {
    pub fn new(
        forges: BTreeMap<ForgeName, Arc<dyn Forge>>,
        store: Store,
        clock: Clock,
        public_url: Option<String>,
    ) -> Self {
        Self { forges, store, clock, public_url, retry: Retry::default(), head_waits: HEAD_WAITS.to_vec() }
    }

    fn forge(&self, job: &Claim) -> Result<&Arc<dyn Forge>, JobError> {
        self.forges.get(&job.job.forge).ok_or_else(|| JobError::not_served(&job.job.forge))
    }

    pub(super) fn publisher<'a>(
        &'a self,
        forge: &'a Arc<dyn Forge>,
        job: &'a Claim,
        repository: &'a Repository,
        about: &'a About,
        lease: &'a dyn Lease,
    ) -> Publisher<'a> {
        let (run, started) = (&job.run, self.clock.now());
        Publisher { reviewer: self, forge, job, run, repository, about, lease, started, resumed: true }
    }

    /// What a job is about, as far as it says so itself: its pull request may be what could not be read.
    async fn named_by(&self, forge: &Arc<dyn Forge>, job: &Claim) -> Result<About, JobError> {
        match (&job.job.target, &job.job.head_hint) {
            (Target::Group(head), _) | (Target::Pull(_), Some(head)) => Ok(About::head(head)),
            (Target::Pull(number), None) => {
                Ok(About::of(&forge.fetch_pull(&job.job.repository, *number).await?))
            }
            (Target::Repository, _) => Err(no_review()),
        }
    }

    async fn pull(
        &self,
        forge: &Arc<dyn Forge>,
        job: &Claim,
        number: u64,
        lease: &dyn Lease,
    ) -> Result<JobEnd, JobError> {
        let found = self.look_at(forge, job, number).await?;
        let repository = found.as_ref().map_or(&job.job.repository, |(pull, _)| &pull.repository);
        let open = found.as_ref().filter(|(pull, _)| pull.is_open());
        self.leave_earlier(forge, job, repository, open.map(|(pull, _)| &pull.head), lease).await?;
        let Some((pull, seen_at)) = open else { return Ok(JobEnd::Superseded) };
        let key = PullKey { forge: job.job.forge.clone(), repository: pull.repository.id, number };
        let unasked = matches!(job.job.reason, Reason::Swept | Reason::Backlog | Reason::Closed);
        if unasked && self.store.is_judged(&key, &pull.head, &pull.base_branch, pull.draft).await? {
            // Its webhook was only late.
            return Ok(JobEnd::Done);
        }
        let about = About::of(pull);
        let publisher = self.begin(forge, job, &pull.repository, &about, lease).await?;
        publisher.tell(&Stage::Reading { files: pull.changed_files }).await?;
        let change = self.retry.run(|| forge.fetch_change(pull)).await;
        let change = change.map_err(|error| unless_early(job, error))?;
        let touches = change.files.iter().any(|f| looks_like_migration(&f.path));
        self.store.note_pull(&known_pull(&key.forge, pull, *seen_at, Some(touches))).await?;
        let Some(policy) = publisher.policy(&change).await? else { return Ok(JobEnd::Done) };
        let max_comments = policy.max_comments;
        let judged = publisher.judge(change, policy, pull.default_branch.clone()).await?;
        let review_wanted = self.review_wanted(job, pull, &key).await?;
        match publisher.publish(pull, &judged, max_comments, review_wanted).await? {
            Ended::Published => Ok(JobEnd::Done),
            Ended::Moved(now) => {
                self.follow(job, pull, &now).await?;
                Ok(JobEnd::Superseded)
            }
        }
    }

    /// A merge group is judged on its own head: status only.
    async fn group(
        &self,
        forge: &Arc<dyn Forge>,
        job: &Claim,
        head: &Sha,
        lease: &dyn Lease,
    ) -> Result<JobEnd, JobError> {
        let repository = &job.job.repository;
        if job.job.reason == Reason::Closed {
            // GitHub also says so after the merge: what was never begun gets no status.
            self.leave_earlier(forge, job, repository, None, lease).await?;
            return Ok(JobEnd::Superseded);
        }
        let argument = job.job.argument.as_deref().and_then(GroupArgument::parse);
        let Some(GroupArgument { base, base_branch }) = argument else {
            return Err(JobError::Fatal("the merge group came without its base".to_owned()));
        };
        self.leave_earlier(forge, job, repository, Some(head), lease).await?;
        let about = About { base_branch, ..About::head(head) };
        let publisher = self.begin(forge, job, repository, &about, lease).await?;
        publisher.tell(&Stage::Reading { files: None }).await?;
        let change = self.retry.run(|| forge.fetch_group_change(repository, head, &base)).await;
        let change = change.map_err(|error| unless_early(job, error))?;
        let Some(policy) = publisher.policy(&change).await? else { return Ok(JobEnd::Done) };
        // The queue does not say which branch is the default one; the pull requests in it were judged by it.
        let default = self.store.default_branch(&job.job.forge, repository.id).await?;
        let default = default.unwrap_or_else(|| about.base_branch.clone());
        let judged = publisher.judge(change, policy, default).await?;
        publisher.publish_status(&judged, &[]).await?;
        Ok(JobEnd::Done)
    }

    /// The pull request as it is now, and when that was, which the store is told. `None`: there is none.
    async fn look_at(
        &self,
        forge: &Arc<dyn Forge>,
        job: &Claim,
        number: u64,
    ) -> Result<Option<(PullRequest, i64)>, JobError> {
        let NewJob { forge: name, repository, .. } = &job.job;
        let asked_at = self.clock.now();
        match self.read_pull(forge, job, number).await {
            Ok((pull, seen_at)) => {
                self.store.note_pull(&known_pull(name, &pull, seen_at, None)).await?;
                Ok(Some((pull, seen_at)))
            }
            Err(error) if may_still_come(job, &error) => Err(JobError::Retry(error.to_string())),
            Err(error) if is_none_of_ours(job, &error) => {
                let key = PullKey { forge: name.clone(), repository: repository.id, number };
                self.store.close_pull(&key, asked_at).await?;
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// What is older than our being here gets its review with its next event: a push to its target is none of its own.
    async fn review_wanted(&self, job: &Claim, pull: &PullRequest, key: &PullKey) -> Result<bool, JobError> {
        Ok(match job.job.reason {
            _ if pull.draft => false,
            Reason::Backlog => false,
            Reason::TargetMoved => {
                let since = self.store.served_since(&key.forge, key.repository, self.clock.now()).await?;
                pull.head_since.is_none_or(|at| at >= since) || !self.store.postings(key).await?.is_empty()
            }
            _ => true,
        })
    }

    /// The pull request as it is now, and when that was asked. The payload's head is a hint: if the API shows another,
    /// it may lag behind.
    async fn read_pull(
        &self,
        forge: &Arc<dyn Forge>,
        job: &Claim,
        number: u64,
    ) -> Result<(PullRequest, i64), ForgeError> {
        let mut repository = job.job.repository.clone();
        let fetch = async |repository: &Repository| {
            let asked_at = self.clock.now();
            let pull = self.retry.run(|| forge.fetch_pull(repository, number)).await?;
            Ok((pull, asked_at))
        };
        let (mut pull, mut asked_at) = match fetch(&repository).await {
            // Renamed, and its old name leads nowhere or to another repository.
            Err(error @ (ForgeError::NotFound { .. } | ForgeError::Gone { .. })) => {
                let renamed = self.retry.run(|| forge.fetch_repository(&repository)).await?;
                if renamed == repository {
                    return Err(error);
                }
                repository = renamed;
                fetch(&repository).await?
            }
            other => other?,
        };
        for wait in &self.head_waits {
            let lags = job.attempt == 1 && job.job.head_hint.as_ref().is_some_and(|hint| *hint != pull.head);
            if !lags || !pull.is_open() {
                break;
            }
            tokio::time::sleep(*wait).await;
            (pull, asked_at) = fetch(&repository).await?;
        }
        Ok((pull, asked_at))
    }
}

/// Deleted with its repository, or it never was; or the forge leaves it out of its list because it cannot show it.
fn is_none_of_ours(job: &Claim, error: &ForgeError) -> bool {
    match error {
        ForgeError::NotFound { .. } | ForgeError::Gone { .. } => true,
        ForgeError::Invalid { .. } => job.job.reason == Reason::Closed,
        _ => false,
    }
}

fn no_review() -> JobError {
    JobError::Fatal("commands and sweeps are no reviews".to_owned())
}

/// A webhook may be ahead of what the forge's own replicas know: what it told of is not missing yet.
fn may_still_come(job: &Claim, error: &ForgeError) -> bool {
    let told = !matches!(
        job.job.reason,
        Reason::Swept | Reason::Backlog | Reason::TargetMoved | Reason::Closed | Reason::Command
    );
    told && job.attempt <= EARLY_ATTEMPTS && matches!(error, ForgeError::NotFound { .. })
}

fn unless_early(job: &Claim, error: ForgeError) -> JobError {
    if may_still_come(job, &error) { JobError::Retry(error.to_string()) } else { error.into() }
}
