//! The pull request as it is now: a payload's head is only a hint, and what a webhook told of may not be there yet.

use std::time::Duration;

use crate::forge::ForgeError;
use crate::model::delivery::Reason;
use crate::model::id::Repository;
use crate::model::pull::PullRequest;

use super::ledger::known_pull;
use super::perform::JobError;
use super::run::Work;

/// So many attempts of a job that a webhook asked for take what is not found as not there yet.
const EARLY_ATTEMPTS: u32 = 3;

/// The pull request as it is now, which the store is told. `None`: there is none.
pub(super) async fn look_at(
    work: &Work<'_>,
    number: u64,
    head_waits: &[Duration],
) -> Result<Option<PullRequest>, JobError> {
    let job = &work.job.job;
    match read_pull(work, number, head_waits).await {
        Ok(pull) => {
            work.store.note_pull(&known_pull(&job.forge, &pull, None)).await?;
            Ok(Some(pull))
        }
        Err(error) if may_still_come(work, &error) => Err(JobError::Retry(error.to_string())),
        Err(error) if is_none_of_ours(work, &error) => {
            work.store.close_pull(&work.key(&job.repository, number)).await?;
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

/// The pull request as it is now. If the API shows another head than the payload, it may lag behind.
async fn read_pull(work: &Work<'_>, number: u64, head_waits: &[Duration]) -> Result<PullRequest, ForgeError> {
    let Work { job, forge, retry, .. } = work;
    let mut repository = job.job.repository.clone();
    let fetch = async |repository: &Repository| retry.run(|| forge.fetch_pull(repository, number)).await;
    let mut pull = match fetch(&repository).await {
        // Renamed, and its old name leads nowhere or to another repository.
        Err(error @ (ForgeError::NotFound { .. } | ForgeError::Gone { .. })) => {
            let renamed = retry.run(|| forge.fetch_repository(&repository)).await?;
            if renamed == repository {
                return Err(error);
            }
            repository = renamed;
            fetch(&repository).await?
        }
        other => other?,
    };
    for wait in head_waits {
        let lags = job.attempt == 1 && job.job.head_hint.as_ref().is_some_and(|hint| *hint != pull.head);
        if !lags || !pull.is_open() {
            break;
        }
        tokio::time::sleep(*wait).await;
        pull = fetch(&repository).await?;
    }
    Ok(pull)
}

/// Deleted with its repository, or it never was; or the forge leaves it out of its list because it cannot show it.
fn is_none_of_ours(work: &Work<'_>, error: &ForgeError) -> bool {
    match error {
        ForgeError::NotFound { .. } | ForgeError::Gone { .. } => true,
        ForgeError::Invalid { .. } => work.job.job.reason == Reason::Closed,
        _ => false,
    }
}

/// A webhook may be ahead of what the forge's own replicas know: what it told of is not missing yet.
fn may_still_come(work: &Work<'_>, error: &ForgeError) -> bool {
    let told = !matches!(
        work.job.job.reason,
        Reason::Swept | Reason::Backlog | Reason::TargetMoved | Reason::Closed | Reason::Command
    );
    told && work.job.attempt <= EARLY_ATTEMPTS && matches!(error, ForgeError::NotFound { .. })
}

/// What a change that could not be read means for the job.
pub(super) fn unless_early(work: &Work<'_>, error: ForgeError) -> JobError {
    if may_still_come(work, &error) { JobError::Retry(error.to_string()) } else { error.into() }
}
