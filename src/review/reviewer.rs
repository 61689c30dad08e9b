//! The way of a job: read the pull request afresh, judge it, publish what came of it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use crate::forge::retry::Retry;
use crate::forge::{Forge, requests};
use crate::model::change::Change;
use crate::model::delivery::{GroupArgument, JobKind, NewJob, Reason};
use crate::model::id::{ForgeName, Sha, Target};
use crate::model::policy::Policy;
use crate::model::pull::PullRequest;
use crate::project::django::apps::looks_like_migration;
use crate::report::status::Stage;
use crate::store::Store;
use crate::store::clock::Clock;
use crate::store::jobs::Claim;
use crate::store::runs::RunOutcome;

use super::judge::{Judged, judge};
use super::ledger;
use super::look::{look_at, unless_early};
use super::perform::{JobEnd, JobError, Lease, Perform};
use super::prepare::{self, Branches, PolicyRead};
use super::publish::{Ended, publish};
use super::run::{About, Run, Work};
use super::{earlier, status};

/// How often, and with which waits, a pull request is read again when its head is not yet the one the payload named.
const HEAD_WAITS: [Duration; 3] = [Duration::from_secs(1), Duration::from_secs(2), Duration::from_secs(4)];

/// Findings of one run that are told: more help nobody, and each is compared with all that was posted.
const MAX_FINDINGS: usize = 2_000;

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
        let work = self.work(job, lease)?;
        match (&job.job.kind, &job.job.target) {
            (JobKind::Review, Target::Pull(number)) => {
                requests::counted(pull(&work, *number, &self.head_waits)).await
            }
            (JobKind::Review, Target::Group(head)) => requests::counted(group(&work, head)).await,
            (JobKind::Command | JobKind::Sweep, _) | (_, Target::Repository) => Err(no_review()),
        }
    }

    async fn put_off(
        &self,
        job: &Claim,
        why: &JobError,
        until_ms: i64,
        lease: &dyn Lease,
    ) -> Result<(), JobError> {
        let work = self.work(job, lease)?;
        let begun = self.store.run_summary(&job.run).await?;
        let about = match &begun {
            Some(run) if run.finished_at.is_some() => return Ok(()),
            Some(run) => Some(About::of_run(run)),
            // It may be an hour before anything can be read.
            None if matches!(why, JobError::RateLimited { .. }) => named_by(&job.job),
            None => None,
        };
        let Some(about) = about else { return Ok(()) };
        let run = work.run(&job.job.repository, &about);
        let run = if begun.is_none() { ledger::begin(run).await? } else { run };
        status::tell(&run, &Stage::PutOff { reason: &why.to_string(), until_ms }).await
    }

    async fn give_up(&self, job: &Claim, error: &str, lease: &dyn Lease) -> Result<(), JobError> {
        if job.job.reason == Reason::Closed {
            // Nobody waits for a status: a new one would only stand beside what was merged.
            return Ok(());
        }
        let work = self.work(job, lease)?;
        let begun = self.store.run_summary(&job.run).await?;
        let about = match (&begun, named_by(&job.job), &job.job.target) {
            (Some(run), _, _) => About::of_run(run),
            (None, Some(about), _) => about,
            (None, None, Target::Pull(number)) => {
                About::of(&work.forge.fetch_pull(&job.job.repository, *number).await?)
            }
            (None, None, _) => return Err(no_review()),
        };
        let run = work.run(&job.job.repository, &about);
        if begun.is_none() {
            // The status will link to the run's page.
            ledger::begin(run).await?;
        }
        let stage = Stage::GaveUp { reason: error };
        status::conclude(&run, &stage, RunOutcome::Broken, "Could not finish", error.to_owned()).await
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

    fn work<'a>(&'a self, job: &'a Claim, lease: &'a dyn Lease) -> Result<Work<'a>, JobError> {
        let forge = self.forges.get(&job.job.forge).ok_or_else(|| JobError::not_served(&job.job.forge))?;
        Ok(Work {
            job,
            lease,
            forge: forge.as_ref(),
            store: &self.store,
            clock: &self.clock,
            retry: &self.retry,
            public_url: self.public_url.as_deref(),
        })
    }
}

/// A pull request: read, judged, published.
async fn pull(work: &Work<'_>, number: u64, head_waits: &[Duration]) -> Result<JobEnd, JobError> {
    let found = look_at(work, number, head_waits).await?;
    let repository = found.as_ref().map_or(&work.job.job.repository, |seen| &seen.pull.repository);
    let open = found.as_ref().filter(|seen| seen.pull.is_open());
    earlier::leave(work, repository, open.map(|seen| &seen.pull.head)).await?;
    let Some(seen) = open else { return Ok(JobEnd::Superseded) };
    let pull = &seen.pull;
    if was_only_late(work, pull).await? {
        return Ok(JobEnd::Done);
    }
    let about = About::of(pull);
    let run = ledger::begin(work.run(&pull.repository, &about)).await?;
    status::tell(&run, &Stage::Reading { files: pull.changed_files }).await?;
    let change = work.retry.run(|| work.forge.fetch_change(pull)).await;
    let change = change.map_err(|error| unless_early(work, error))?;
    let touches = change.files.iter().any(|f| looks_like_migration(&f.path));
    work.store.note_pull(&seen.known(&work.job.job.forge, Some(touches))).await?;
    let Some(policy) = policy_of(&run, &change).await? else { return Ok(JobEnd::Done) };
    let max_comments = policy.max_comments;
    let judged = judged(&run, change, policy, pull.default_branch.clone()).await?;
    let review_wanted = is_review_wanted(work, pull).await?;
    match publish(&run, pull, &judged, max_comments, review_wanted).await? {
        Ended::Published => Ok(JobEnd::Done),
        Ended::Moved(now) => {
            ledger::follow(work, pull, &now).await?;
            Ok(JobEnd::Superseded)
        }
    }
}

/// A merge group is judged on its own head: status only.
async fn group(work: &Work<'_>, head: &Sha) -> Result<JobEnd, JobError> {
    let job = &work.job.job;
    let repository = &job.repository;
    if job.reason == Reason::Closed {
        // GitHub also says so after the merge: what was never begun gets no status.
        earlier::leave(work, repository, None).await?;
        return Ok(JobEnd::Superseded);
    }
    let argument = job.argument.as_deref().and_then(GroupArgument::parse);
    let Some(GroupArgument { base, base_branch }) = argument else {
        return Err(JobError::Fatal("the merge group came without its base".to_owned()));
    };
    earlier::leave(work, repository, Some(head)).await?;
    let about = About { base_branch, ..About::head(head) };
    let run = ledger::begin(work.run(repository, &about)).await?;
    status::tell(&run, &Stage::Reading { files: None }).await?;
    let change = work.retry.run(|| work.forge.fetch_group_change(repository, head, &base)).await;
    let change = change.map_err(|error| unless_early(work, error))?;
    let Some(policy) = policy_of(&run, &change).await? else { return Ok(JobEnd::Done) };
    // The queue does not say which branch is the default one; the pull requests in it were judged by it.
    let default = work.store.default_branch(&job.forge, repository.id).await?;
    let default = default.unwrap_or_else(|| about.base_branch.clone());
    let judged = judged(&run, change, policy, default).await?;
    status::conclude_judged(&run, &judged.judgement, &[]).await?;
    Ok(JobEnd::Done)
}

/// The policy that judges the change. `None`: it is broken, and the forge shows so.
async fn policy_of(run: &Run<'_>, change: &Change) -> Result<Option<Policy>, JobError> {
    let fault = match prepare::policy(&run.work.reader(), run.repository, change).await? {
        PolicyRead::Valid(policy) => return Ok(Some(*policy)),
        PolicyRead::Broken(fault) => prepare::broken_policy(&fault, &run.about.base_branch),
    };
    let stage = Stage::PolicyUnreadable { fault: &fault };
    status::conclude(run, &stage, RunOutcome::Broken, "The policy is broken", fault.clone()).await?;
    Ok(None)
}

/// `default`: the repository's default branch.
async fn judged(run: &Run<'_>, change: Change, policy: Policy, default: String) -> Result<Judged, JobError> {
    let branches = Branches { target: run.about.base_branch.clone(), default };
    let reader = run.work.reader();
    let input = prepare::input(&reader, run.repository, change, policy, &branches).await?;
    let mut judged = judge(&reader, run.repository, input).await?;
    judged.judgement.limit(MAX_FINDINGS);
    Ok(judged)
}

/// Nobody asked for this job, and what it would say is said already: the webhook of it was only late.
async fn was_only_late(work: &Work<'_>, pull: &PullRequest) -> Result<bool, JobError> {
    if !matches!(work.job.job.reason, Reason::Swept | Reason::Backlog | Reason::Closed) {
        return Ok(false);
    }
    let key = work.key(&pull.repository, pull.number);
    Ok(work.store.is_judged(&key, &pull.head, &pull.base_branch, pull.draft).await?)
}

/// What is older than our being here gets its review with its next event: a push to its target is none of its own.
async fn is_review_wanted(work: &Work<'_>, pull: &PullRequest) -> Result<bool, JobError> {
    Ok(match work.job.job.reason {
        _ if pull.draft => false,
        Reason::Backlog => false,
        Reason::TargetMoved => {
            let key = work.key(&pull.repository, pull.number);
            let since = work.store.served_since(&key.forge, key.repository, work.clock.now()).await?;
            pull.head_since.is_none_or(|at| at >= since) || !work.store.postings(&key).await?.is_empty()
        }
        _ => true,
    })
}

/// What a job is about, where it says so itself and somebody waits to be told: its pull request may be what could not be
/// read.
fn named_by(job: &NewJob) -> Option<About> {
    match (&job.target, &job.head_hint) {
        _ if job.reason == Reason::Closed => None,
        (Target::Group(head), _) | (Target::Pull(_), Some(head)) => Some(About::head(head)),
        (Target::Pull(_), None) | (Target::Repository, _) => None,
    }
}

fn no_review() -> JobError {
    JobError::Fatal("commands and sweeps are no reviews".to_owned())
}
