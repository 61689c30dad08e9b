//! The one status of a run's head: while it runs, and its last word.

use std::collections::HashSet;

use crate::forge::{ForgeError, requests};
use crate::model::finding::Fingerprint;
use crate::model::id::{Sha, Target};
use crate::model::judgement::Judgement;
use crate::model::plan::Posting;
use crate::model::status::Status;
use crate::report::status::{self, Setting, Stage};
use crate::store::runs::RunOutcome;

use super::ledger;
use super::page::{self, Effort};
use super::perform::JobError;
use super::run::Run;
use super::shared_head::{greener, worse_than_own};

/// A status that is not the last: before anything is read, and when the run is put off.
pub(super) async fn tell(run: &Run<'_>, stage: &Stage<'_>) -> Result<(), JobError> {
    run.work.still_ours().await?;
    Ok(set(run, &made(run, stage, &run.about.head)).await?)
}

/// The final status of a judgement, and the run's page.
pub(super) async fn conclude_judged(
    run: &Run<'_>,
    judgement: &Judgement,
    postings: &[Posting],
) -> Result<(), JobError> {
    let inline: HashSet<&Fingerprint> = status::inline(postings);
    let status = made(run, &Stage::Judged { judgement, inline: &inline }, &judgement.merge_base);
    let outcome = RunOutcome::Verdict(judgement.verdict());
    let status = speak_for_the_worst(run, outcome, status).await?;
    run.work.still_ours().await?;
    set(run, &status).await?;
    outweigh(run, outcome).await?;
    let milliseconds = u64::try_from(run.work.clock.now() - run.started).unwrap_or(0);
    let effort = Effort { requests: requests::so_far(), milliseconds };
    let page = page::page(judgement, &inline, &run.links(&judgement.merge_base), effort);
    ledger::finish(run, outcome, Some(judgement), page).await
}

/// Ends a run without a verdict. One whose last word the forge refused stays unfinished, so that a sweep returns.
pub(super) async fn conclude(
    run: &Run<'_>,
    stage: &Stage<'_>,
    mut outcome: RunOutcome,
    heading: &str,
    reason: String,
) -> Result<(), JobError> {
    let mut status = made(run, stage, &run.about.head);
    if outcome != RunOutcome::Superseded {
        status = speak_for_the_worst(run, outcome, status).await?;
    }
    run.work.still_ours().await?;
    match set(run, &status).await {
        Ok(()) => {}
        // The commit is gone with its branch: nobody was told, and it does not count as judged should it return.
        Err(ForgeError::NotFound { .. } | ForgeError::Gone { .. }) => outcome = RunOutcome::Superseded,
        // A newer run speaks for the pull request, or it is closed.
        Err(error @ (ForgeError::Forbidden { .. } | ForgeError::Invalid { .. }))
            if outcome == RunOutcome::Superseded =>
        {
            tracing::warn!(%error, "an earlier status could not be concluded");
        }
        Err(error) => return Err(error.into()),
    }
    outweigh(run, outcome).await?;
    ledger::finish(run, outcome, None, page::without_verdict(heading, reason)).await
}

/// Ends a run that a newer one took over from, or whose pull request or group is gone.
pub(super) async fn supersede(run: &Run<'_>, by: Option<&Sha>) -> Result<(), JobError> {
    let stage = Stage::Superseded { by };
    conclude(run, &stage, RunOutcome::Superseded, "Superseded", String::new()).await
}

/// Ends a run whose status is not to be touched: a newer run's is the same one.
pub(super) async fn leave(run: &Run<'_>) -> Result<(), JobError> {
    let page = page::without_verdict("Superseded", String::new());
    ledger::finish(run, RunOutcome::Superseded, None, page).await
}

fn made(run: &Run<'_>, stage: &Stage<'_>, merge_base: &Sha) -> Status {
    let setting = Setting {
        sha: &run.about.head,
        run: run.id,
        resumed: run.resumed,
        capabilities: run.work.forge.capabilities(),
        links: &run.links(merge_base),
        base_branch: &run.about.base_branch,
    };
    status::status(&setting, stage)
}

async fn set(run: &Run<'_>, status: &Status) -> Result<(), ForgeError> {
    run.work.retry.run(|| run.work.forge.ensure_status(run.repository, status)).await
}

/// Where two open pull requests share the head, its one status is that of the worse.
async fn speak_for_the_worst(run: &Run<'_>, own: RunOutcome, status: Status) -> Result<Status, JobError> {
    let Target::Pull(number) = run.work.job.job.target else { return Ok(status) };
    let all = ledger::save_verdict(run, number, own, &status.description).await?;
    if let Some(worse) = worse_than_own(own, number, all) {
        let longest = run.work.forge.capabilities().status_description;
        let outcome = worse.outcome.outcome();
        return Ok(status::speaking_for(worse.number, outcome, &worse.description, status, longest));
    }
    Ok(status)
}

/// A check run that was begun after ours hides it, and a status that was on its way replaces it. So whoever is green
/// at this head, and we are not, is judged again: by then it speaks for us.
async fn outweigh(run: &Run<'_>, own: RunOutcome) -> Result<(), JobError> {
    let (Target::Pull(number), false) = (&run.work.job.job.target, own == RunOutcome::Superseded) else {
        return Ok(());
    };
    let others = greener(own, *number, ledger::verdicts(run).await?);
    ledger::ask_again(&run.work, run.repository, &run.about.head, others).await
}
