//! The way of a job: read the pull request afresh, judge it, publish what came of it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use crate::forge::retry::{Repeat, Retry};
use crate::forge::{Forge, ForgeError, requests};
use crate::model::change::Change;
use crate::model::delivery::{GroupArgument, JobKind, NewJob, Reason};
use crate::model::id::{ForgeName, Repository, Sha, Target};
use crate::model::pull::PullRequest;
use crate::project::apps::looks_like_migration;
use crate::report::status::Stage;
use crate::store::Store;
use crate::store::clock::Clock;
use crate::store::pulls::{KnownPull, PullKey};
use crate::store::runs::{RunOutcome, RunStart};

use super::judge::judge;
use super::prepare::{self, Branches, PolicyRead};
use super::publish::{Ended, Publisher};
use super::{ClaimedJob, JobEnd, JobError, Lease, Perform};

/// How often, and with which waits, a pull request is read again when its head is not yet the one the payload named.
const HEAD_WAITS: [Duration; 3] = [Duration::from_secs(1), Duration::from_secs(2), Duration::from_secs(4)];

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
    async fn perform(&self, job: &ClaimedJob, lease: &dyn Lease) -> Result<JobEnd, JobError> {
        let forge = self.forge(job)?;
        match (&job.job.kind, &job.job.target) {
            (JobKind::Review, Target::Pull(number)) => {
                requests::counted(self.pull(forge, job, *number, lease)).await
            }
            (JobKind::Review, Target::Group(head)) => {
                requests::counted(self.group(forge, job, head, lease)).await
            }
            (JobKind::Command | JobKind::Sweep, _) => {
                Err(JobError::Fatal("commands and sweeps are no reviews".to_owned()))
            }
        }
    }

    async fn give_up(&self, job: &ClaimedJob, error: &str) -> Result<(), JobError> {
        let forge = self.forge(job)?;
        let running = self.store.run(&job.run).await?;
        let head = running.and_then(|run| run.summary.head).or_else(|| job.job.head_hint.clone());
        let (head, base_branch) = match (&job.job.target, head) {
            (Target::Group(head), _) => (head.clone(), String::new()),
            (Target::Pull(_), Some(head)) => (head, String::new()),
            (Target::Pull(number), None) => {
                let pull = forge.fetch_pull(&job.job.repository, *number).await?;
                (pull.head, pull.base_branch)
            }
        };
        let publisher = self.publisher(&forge, job, &job.job.repository, &head, &base_branch);
        let stage = Stage::GaveUp { reason: error, retry_at_ms: None };
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

    fn forge(&self, job: &ClaimedJob) -> Result<Arc<dyn Forge>, JobError> {
        let name = &job.job.forge;
        let known = self.forges.get(name).cloned();
        known.ok_or_else(|| JobError::Fatal(format!("forge \"{name}\" is no longer in the settings")))
    }

    fn publisher<'a>(
        &'a self,
        forge: &'a Arc<dyn Forge>,
        job: &'a ClaimedJob,
        repository: &'a Repository,
        head: &'a Sha,
        base_branch: &'a str,
    ) -> Publisher<'a> {
        Publisher { reviewer: self, forge, job, repository, head, base_branch, resumed: true }
    }

    async fn pull(
        &self,
        forge: Arc<dyn Forge>,
        job: &ClaimedJob,
        number: u64,
        lease: &dyn Lease,
    ) -> Result<JobEnd, JobError> {
        let started = self.clock.now();
        let pull = match self.read_pull(&forge, job, number).await {
            Ok(pull) => pull,
            // Deleted with its repository, or never was: there is nobody to tell.
            Err(ForgeError::NotFound { .. } | ForgeError::Gone { .. }) => return Ok(JobEnd::Superseded),
            Err(error) => return Err(error.into()),
        };
        let key = PullKey { forge: job.job.forge.clone(), repository: pull.repository.id, number };
        self.supersede_earlier(&forge, job, &pull).await?;
        if !pull.is_open() {
            self.store.close_pull(&key).await?;
            return Ok(JobEnd::Superseded);
        }
        let resumed = self.begin(job, &pull.repository, &pull.head, started).await?;
        self.store.note_pull(&known_pull(&job.job.forge, &pull, None)).await?;
        let mut publisher = self.publisher(&forge, job, &pull.repository, &pull.head, &pull.base_branch);
        publisher.resumed = resumed;
        publisher.running(lease, pull.changed_files).await?;
        let change = self.retry.run(Repeat::Harmless, || forge.fetch_change(&pull)).await?;
        let touches = change.files.iter().any(|f| looks_like_migration(&f.path));
        self.store.note_pull(&known_pull(&job.job.forge, &pull, Some(touches))).await?;
        let branches = Branches { target: pull.base_branch.clone(), default: pull.default_branch.clone() };
        let policy = self
            .retry
            .run(Repeat::Harmless, || prepare::policy(forge.as_ref(), &pull.repository, &change))
            .await?;
        let policy = match policy {
            PolicyRead::Valid(policy) => *policy,
            PolicyRead::Broken(fault) => {
                let sentence = prepare::broken_policy(&fault, &pull.base_branch);
                let stage = Stage::PolicyUnreadable { fault: &sentence };
                publisher
                    .conclude(&stage, RunOutcome::Broken, "The policy is broken", sentence.clone())
                    .await?;
                return Ok(JobEnd::Done);
            }
        };
        let max_comments = policy.max_comments;
        let input = self
            .retry
            .run(Repeat::Harmless, || {
                prepare::input(forge.as_ref(), &pull.repository, change.clone(), policy.clone(), &branches)
            })
            .await?;
        let judged = self
            .retry
            .run(Repeat::Harmless, || judge(forge.as_ref(), &pull.repository, input.clone()))
            .await?;
        let review_wanted = !pull.draft && job.job.reason != Reason::Backlog;
        match publisher.publish(&pull, &judged, max_comments, review_wanted, lease, started).await? {
            Ended::Published => Ok(JobEnd::Done),
            Ended::LeaseLost => Ok(JobEnd::LeaseLost),
            Ended::Moved(now) => {
                let by = (now.head != pull.head).then_some(&now.head);
                if by.is_some() || !now.is_open() {
                    publisher
                        .conclude(
                            &Stage::Superseded { by },
                            RunOutcome::Superseded,
                            "Superseded",
                            String::new(),
                        )
                        .await?;
                }
                self.follow(job, &now).await?;
                Ok(JobEnd::Superseded)
            }
        }
    }

    /// The pull request as it is now. The payload's head is a hint: if the API shows another, it may lag behind.
    async fn read_pull(
        &self,
        forge: &Arc<dyn Forge>,
        job: &ClaimedJob,
        number: u64,
    ) -> Result<PullRequest, ForgeError> {
        let mut repository = job.job.repository.clone();
        let first = self.retry.run(Repeat::Harmless, || forge.fetch_pull(&repository, number)).await;
        let mut pull = match first {
            Err(ForgeError::NotFound { what }) => {
                let renamed = forge.fetch_repository(&repository).await?;
                if renamed == repository {
                    return Err(ForgeError::NotFound { what });
                }
                repository = renamed;
                forge.fetch_pull(&repository, number).await?
            }
            other => other?,
        };
        for wait in &self.head_waits {
            let lags = job.attempt == 1 && job.job.head_hint.as_ref().is_some_and(|hint| *hint != pull.head);
            if !lags || !pull.is_open() {
                break;
            }
            tokio::time::sleep(*wait).await;
            pull = self.retry.run(Repeat::Harmless, || forge.fetch_pull(&repository, number)).await?;
        }
        Ok(pull)
    }

    /// Runs of this pull request that were begun and never ended, on other heads: their statuses must not run for ever.
    async fn supersede_earlier(
        &self,
        forge: &Arc<dyn Forge>,
        job: &ClaimedJob,
        pull: &PullRequest,
    ) -> Result<(), JobError> {
        let earlier = self.store.unfinished_runs(&job.job.forge, pull.repository.id, &job.job.target).await?;
        for run in earlier {
            let Some(head) = run.head.filter(|head| *head != pull.head || !pull.is_open()) else { continue };
            let old = ClaimedJob { run: run.id, attempt: 2, ..job.clone() };
            let publisher = self.publisher(forge, &old, &pull.repository, &head, &pull.base_branch);
            let by = pull.is_open().then_some(&pull.head);
            publisher
                .conclude(&Stage::Superseded { by }, RunOutcome::Superseded, "Superseded", String::new())
                .await?;
        }
        Ok(())
    }

    /// Writes that the run began. `true`: it had begun before.
    async fn begin(
        &self,
        job: &ClaimedJob,
        repository: &Repository,
        head: &Sha,
        now: i64,
    ) -> Result<bool, JobError> {
        let start = RunStart {
            id: job.run.clone(),
            job: job.id.clone(),
            forge: job.job.forge.clone(),
            repository: repository.id,
            owner: repository.owner.clone(),
            name: repository.name.clone(),
            target: job.job.target.clone(),
            reason: job.job.reason,
            head: Some(head.clone()),
            started_at: now,
        };
        let resumed = job.attempt > 1 || self.store.run(&job.run).await?.is_some();
        self.store.begin_run(&start).await?;
        Ok(resumed)
    }

    /// The head moved under us: its own webhook may be lost, so the newer head is queued here too.
    async fn follow(&self, job: &ClaimedJob, now: &PullRequest) -> Result<(), JobError> {
        if now.is_open() {
            let next = NewJob {
                repository: now.repository.clone(),
                reason: Reason::Pushed,
                head_hint: Some(now.head.clone()),
                ..job.job.clone()
            };
            self.store.enqueue(&next, self.clock.now()).await?;
        }
        Ok(())
    }

    /// A merge group is judged on its own head: status only.
    async fn group(
        &self,
        forge: Arc<dyn Forge>,
        job: &ClaimedJob,
        head: &Sha,
        lease: &dyn Lease,
    ) -> Result<JobEnd, JobError> {
        let started = self.clock.now();
        let repository = &job.job.repository;
        let argument = job.job.argument.as_deref().and_then(GroupArgument::parse);
        let Some(GroupArgument { base, base_branch }) = argument else {
            return Err(JobError::Fatal("the merge group came without its base".to_owned()));
        };
        let mut publisher = self.publisher(&forge, job, repository, head, &base_branch);
        if job.job.reason == Reason::Closed {
            publisher
                .conclude(
                    &Stage::Superseded { by: None },
                    RunOutcome::Superseded,
                    "Superseded",
                    String::new(),
                )
                .await?;
            return Ok(JobEnd::Superseded);
        }
        publisher.resumed = self.begin(job, repository, head, started).await?;
        publisher.running(lease, None).await?;
        let change: Change =
            self.retry.run(Repeat::Harmless, || forge.fetch_group_change(repository, head, &base)).await?;
        let policy = match prepare::policy(forge.as_ref(), repository, &change).await? {
            PolicyRead::Valid(policy) => *policy,
            PolicyRead::Broken(fault) => {
                let sentence = prepare::broken_policy(&fault, &base_branch);
                let stage = Stage::PolicyUnreadable { fault: &sentence };
                publisher
                    .conclude(&stage, RunOutcome::Broken, "The policy is broken", sentence.clone())
                    .await?;
                return Ok(JobEnd::Done);
            }
        };
        let branches = Branches { target: base_branch.clone(), default: base_branch.clone() };
        let input = prepare::input(forge.as_ref(), repository, change, policy, &branches).await?;
        let judged = judge(forge.as_ref(), repository, input).await?;
        publisher.publish_status(&judged, &[], None, lease, started).await
    }
}

fn known_pull(forge: &ForgeName, pull: &PullRequest, touches_migrations: Option<bool>) -> KnownPull {
    KnownPull {
        forge: forge.clone(),
        repository: pull.repository.clone(),
        number: pull.number,
        head: pull.head.clone(),
        base_branch: pull.base_branch.clone(),
        touches_migrations,
        open: pull.is_open(),
    }
}
