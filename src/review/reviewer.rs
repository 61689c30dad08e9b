//! The way of a job: read the pull request afresh, judge it, publish what came of it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use crate::forge::retry::{Repeat, Retry, Retrying};
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

    async fn put_off(
        &self,
        job: &ClaimedJob,
        error: &str,
        until_ms: i64,
        lease: &dyn Lease,
    ) -> Result<(), JobError> {
        let begun = self.store.run(&job.run).await?.map(|run| run.summary);
        let Some(run) = begun.filter(|run| run.finished_at.is_none()) else { return Ok(()) };
        let Some(head) = run.head else { return Ok(()) };
        let forge = self.forge(job)?;
        let publisher = self.publisher(&forge, job, &job.job.repository, &head, &run.base_branch, lease);
        publisher.tell(&Stage::PutOff { reason: error, until_ms }).await
    }

    async fn give_up(&self, job: &ClaimedJob, error: &str, lease: &dyn Lease) -> Result<(), JobError> {
        if job.job.reason == Reason::Closed {
            // Nobody waits for a status: a new one would only stand beside what was merged.
            return Ok(());
        }
        let forge = self.forge(job)?;
        let repository = &job.job.repository;
        let begun = self.store.run(&job.run).await?.map(|run| run.summary);
        let (head, base_branch) = match begun.and_then(|run| Some((run.head?, run.base_branch))) {
            Some(begun) => begun,
            None => {
                let about = self.named_by(&forge, job).await?;
                // The status will link to the run's page.
                self.begin(job, repository, &about, self.clock.now()).await?;
                (about.head, about.base_branch)
            }
        };
        let publisher = self.publisher(&forge, job, repository, &head, &base_branch, lease);
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
        lease: &'a dyn Lease,
    ) -> Publisher<'a> {
        Publisher { reviewer: self, forge, job, repository, head, base_branch, lease, resumed: true }
    }

    /// What a job is about, as far as it says so itself: its pull request may be what could not be read.
    async fn named_by(&self, forge: &Arc<dyn Forge>, job: &ClaimedJob) -> Result<About, JobError> {
        let unread = |head: &Sha| About { head: head.clone(), base_branch: String::new(), draft: false };
        match (&job.job.target, &job.job.head_hint) {
            (Target::Group(head), _) | (Target::Pull(_), Some(head)) => Ok(unread(head)),
            (Target::Pull(number), None) => {
                Ok(About::of(&forge.fetch_pull(&job.job.repository, *number).await?))
            }
        }
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
            Err(error) if may_still_come(job, &error) => return Err(JobError::Retry(error.to_string())),
            Err(ForgeError::NotFound { .. } | ForgeError::Gone { .. }) => {
                // Deleted with its repository, or never was: there is nobody to tell.
                let key = PullKey { forge: job.job.forge.clone(), repository: job.job.repository.id, number };
                self.store.close_pull(&key).await?;
                return Ok(JobEnd::Superseded);
            }
            Err(error) => return Err(error.into()),
        };
        let key = PullKey { forge: job.job.forge.clone(), repository: pull.repository.id, number };
        self.store.note_pull(&known_pull(&job.job.forge, &pull, None)).await?;
        let head = pull.is_open().then_some(&pull.head);
        self.leave_earlier(&forge, job, &pull.repository, head, lease).await?;
        if !pull.is_open() {
            return Ok(JobEnd::Superseded);
        }
        let unasked = matches!(job.job.reason, Reason::Swept | Reason::Backlog | Reason::Closed);
        if unasked && self.store.is_judged(&key, &pull.head, &pull.base_branch, pull.draft).await? {
            // Its webhook was only late.
            return Ok(JobEnd::Done);
        }
        let resumed = self.begin(job, &pull.repository, &About::of(&pull), started).await?;
        let mut publisher =
            self.publisher(&forge, job, &pull.repository, &pull.head, &pull.base_branch, lease);
        publisher.resumed = resumed;
        publisher.tell(&Stage::Reading { files: pull.changed_files }).await?;
        let change = self.retry.run(Repeat::Harmless, || forge.fetch_change(&pull)).await;
        let change = change.map_err(|error| unless_early(job, error))?;
        let touches = change.files.iter().any(|f| looks_like_migration(&f.path));
        self.store.note_pull(&known_pull(&job.job.forge, &pull, Some(touches))).await?;
        let branches = Branches { target: pull.base_branch.clone(), default: pull.default_branch.clone() };
        let reader = Retrying { reader: forge.as_ref(), retry: &self.retry };
        let policy = match prepare::policy(&reader, &pull.repository, &change).await? {
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
        let input = prepare::input(&reader, &pull.repository, change, policy, &branches).await?;
        let judged = judge(&reader, &pull.repository, input).await?;
        let review_wanted = self.review_wanted(job, &pull, &key).await?;
        match publisher.publish(&pull, &judged, max_comments, review_wanted, started).await? {
            Ended::Published => Ok(JobEnd::Done),
            Ended::Moved(now) => {
                self.follow(job, &pull, &now).await?;
                Ok(JobEnd::Superseded)
            }
        }
    }

    /// What is older than our being here gets its review with its next event: a push to its target is none of its own.
    async fn review_wanted(
        &self,
        job: &ClaimedJob,
        pull: &PullRequest,
        key: &PullKey,
    ) -> Result<bool, JobError> {
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

    /// Leaves the heads that were judged before: their statuses must not run for ever, and are now those of the other
    /// pull requests there. `head`: what is to be judged now; none when the pull request is closed or the group gone.
    async fn leave_earlier(
        &self,
        forge: &Arc<dyn Forge>,
        job: &ClaimedJob,
        repository: &Repository,
        head: Option<&Sha>,
        lease: &dyn Lease,
    ) -> Result<(), JobError> {
        let NewJob { forge: name, target, .. } = &job.job;
        let latest = self.store.runs_of(name, repository.id, target, 1).await?.pop();
        let mut left: BTreeSet<Sha> = latest.and_then(|run| run.head).into_iter().collect();
        for run in self.store.unfinished_runs(name, repository.id, target).await? {
            let Some(old_head) = run.head else { continue };
            let same_head = head == Some(&old_head);
            if same_head && run.id == job.run {
                continue;
            }
            let old = ClaimedJob { run: run.id, attempt: 2, ..job.clone() };
            let publisher = self.publisher(forge, &old, repository, &old_head, &run.base_branch, lease);
            if same_head && !forge.capabilities().check_runs {
                publisher.leave().await?;
            } else {
                publisher.supersede(head.filter(|_| !same_head)).await?;
            }
            left.insert(old_head);
        }
        for old_head in left.iter().filter(|old| head != Some(old)) {
            self.free(job, repository, old_head).await?;
        }
        Ok(())
    }

    /// A commit has one status: what it said of this pull request is now to be said of the others with this head.
    async fn free(&self, job: &ClaimedJob, repository: &Repository, head: &Sha) -> Result<(), JobError> {
        for number in self.store.pulls_with_head(&job.job.forge, repository.id, head).await? {
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

    /// Writes that the run began. `true`: it had begun before.
    async fn begin(
        &self,
        job: &ClaimedJob,
        repository: &Repository,
        about: &About,
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
            head: Some(about.head.clone()),
            base_branch: about.base_branch.clone(),
            draft: about.draft,
            started_at: now,
        };
        let resumed = job.attempt > 1 || self.store.run(&job.run).await?.is_some();
        self.store.begin_run(&start).await?;
        Ok(resumed)
    }

    /// It moved under us: its own webhook may be lost, so what it is now is queued here too. That job ends this run.
    async fn follow(&self, job: &ClaimedJob, was: &PullRequest, now: &PullRequest) -> Result<(), JobError> {
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
        if job.job.reason == Reason::Closed {
            // GitHub also says so after the merge: what was never begun gets no status.
            self.leave_earlier(&forge, job, repository, None, lease).await?;
            return Ok(JobEnd::Superseded);
        }
        let argument = job.job.argument.as_deref().and_then(GroupArgument::parse);
        let Some(GroupArgument { base, base_branch }) = argument else {
            return Err(JobError::Fatal("the merge group came without its base".to_owned()));
        };
        self.leave_earlier(&forge, job, repository, Some(head), lease).await?;
        let about = About { head: head.clone(), base_branch: base_branch.clone(), draft: false };
        let mut publisher = self.publisher(&forge, job, repository, head, &base_branch, lease);
        publisher.resumed = self.begin(job, repository, &about, started).await?;
        publisher.tell(&Stage::Reading { files: None }).await?;
        let change =
            self.retry.run(Repeat::Harmless, || forge.fetch_group_change(repository, head, &base)).await;
        let change: Change = change.map_err(|error| unless_early(job, error))?;
        let reader = Retrying { reader: forge.as_ref(), retry: &self.retry };
        let policy = match prepare::policy(&reader, repository, &change).await? {
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
        // The queue does not say which branch is the default one; the pull requests in it were judged by it.
        let default = self.store.default_branch(&job.job.forge, repository.id).await?;
        let branches =
            Branches { default: default.unwrap_or_else(|| base_branch.clone()), target: base_branch.clone() };
        let input = prepare::input(&reader, repository, change, policy, &branches).await?;
        let judged = judge(&reader, repository, input).await?;
        publisher.publish_status(&judged, &[], None, started).await?;
        Ok(JobEnd::Done)
    }
}

/// What a run is about.
struct About {
    head: Sha,
    base_branch: String,
    draft: bool,
}

impl About {
    fn of(pull: &PullRequest) -> Self {
        Self { head: pull.head.clone(), base_branch: pull.base_branch.clone(), draft: pull.draft }
    }
}

/// A webhook may be ahead of what the forge's own replicas know: what it told of is not missing yet.
fn may_still_come(job: &ClaimedJob, error: &ForgeError) -> bool {
    let told = !matches!(
        job.job.reason,
        Reason::Swept | Reason::Backlog | Reason::TargetMoved | Reason::Closed | Reason::Command
    );
    told && job.attempt <= EARLY_ATTEMPTS && matches!(error, ForgeError::NotFound { .. })
}

fn unless_early(job: &ClaimedJob, error: ForgeError) -> JobError {
    if may_still_come(job, &error) { JobError::Retry(error.to_string()) } else { error.into() }
}

fn known_pull(forge: &ForgeName, pull: &PullRequest, touches_migrations: Option<bool>) -> KnownPull {
    KnownPull {
        forge: forge.clone(),
        repository: pull.repository.clone(),
        number: pull.number,
        head: pull.head.clone(),
        base_branch: pull.base_branch.clone(),
        default_branch: pull.default_branch.clone(),
        touches_migrations,
        open: pull.is_open(),
    }
}
