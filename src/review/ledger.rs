//! What is written down of a run: that it began, how it ended, what it said, and what comes after it.
//!
//! The store takes none of it from a run whose job has been taken over.

use crate::model::delivery::{JobKind, NewJob, Reason};
use crate::model::id::{Repository, Sha, Target};
use crate::model::judgement::Judgement;
use crate::model::plan::Posting;
use crate::model::pull::PullRequest;
use crate::store::pulls::{HeadVerdict, PullKey};
use crate::store::runs::{Begun, RunEnd, RunOutcome, RunPage, RunStart};

use super::perform::JobError;
use super::run::{Run, Work};

/// Writes that the run began.
pub(super) async fn begin(run: Run<'_>) -> Result<Run<'_>, JobError> {
    run.work.still_ours().await?;
    let Work { job, store, .. } = run.work;
    let start = RunStart {
        id: run.id.clone(),
        forge: job.job.forge.clone(),
        repository: run.repository.id,
        owner: run.repository.owner.clone(),
        name: run.repository.name.clone(),
        target: job.job.target.clone(),
        reason: job.job.reason,
        head: run.about.head.clone(),
        base_branch: run.about.base_branch.clone(),
        web_url: run.about.web_url.clone(),
        draft: run.about.draft,
        started_at: run.started,
    };
    match store.begin_run(job, &start).await? {
        Begun::First => Ok(Run { resumed: job.attempt > 1, ..run }),
        Begun::Again => Ok(Run { resumed: true, ..run }),
        Begun::LeaseLost => Err(JobError::lease_lost()),
    }
}

/// Writes how the run ended, with its page; `judgement` where there is one.
pub(super) async fn finish(
    run: &Run<'_>,
    outcome: RunOutcome,
    judgement: Option<&Judgement>,
    page: RunPage,
) -> Result<(), JobError> {
    let end = RunEnd {
        outcome,
        base: judgement.map(|j| j.target_tip.clone()),
        merge_base: judgement.map(|j| j.merge_base.clone()),
        finished_at: run.work.clock.now(),
        page,
    };
    as_holder(run.work.store.finish_run(run.work.job, run.id, &end).await?)
}

/// Writes what stands on the forge.
pub(super) async fn save_postings(
    run: &Run<'_>,
    key: &PullKey,
    postings: &[Posting],
) -> Result<(), JobError> {
    as_holder(run.work.store.save_postings(run.work.job, key, postings).await?)
}

/// Writes what is about to be said of the head for this pull request, and gives what all those with this head say.
pub(super) async fn save_verdict(
    run: &Run<'_>,
    number: u64,
    outcome: RunOutcome,
    description: &str,
) -> Result<Vec<HeadVerdict>, JobError> {
    run.work.still_ours().await?;
    let Work { job, store, clock, .. } = run.work;
    let key = run.work.key(run.repository, number);
    let verdict = HeadVerdict { number, outcome, description: description.to_owned() };
    as_holder(store.save_verdict(job, &key, &run.about.head, &verdict, clock.now()).await?)?;
    verdicts(run).await
}

/// What the store says of a write: it takes none from who is no longer the job's holder.
fn as_holder(taken: bool) -> Result<(), JobError> {
    if taken { Ok(()) } else { Err(JobError::lease_lost()) }
}

/// What the pull requests with this head say of it.
pub(super) async fn verdicts(run: &Run<'_>) -> Result<Vec<HeadVerdict>, JobError> {
    let Work { job, store, .. } = run.work;
    Ok(store.latest_verdicts_for_head(&job.job.forge, run.repository.id, &run.about.head).await?)
}

/// Has these pull requests with this head judged once more.
pub(super) async fn ask_again(
    work: &Work<'_>,
    repository: &Repository,
    head: &Sha,
    numbers: Vec<u64>,
) -> Result<(), JobError> {
    for number in numbers {
        let other = NewJob {
            forge: work.job.job.forge.clone(),
            repository: repository.clone(),
            target: Target::Pull(number),
            kind: JobKind::Review,
            reason: Reason::Rerequested,
            head_hint: Some(head.clone()),
            priority: 0,
            argument: None,
        };
        work.store.enqueue(&other, work.clock.now()).await?;
    }
    Ok(())
}

/// It moved under us: its own webhook may be lost, so what it is now is queued here too. That job ends this run.
pub(super) async fn follow(work: &Work<'_>, was: &PullRequest, now: &PullRequest) -> Result<(), JobError> {
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
        ..work.job.job.clone()
    };
    Ok(work.store.enqueue(&next, work.clock.now()).await?)
}
