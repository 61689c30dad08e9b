//! The pull request as it is now: a payload's head is only a hint, and what a webhook told of may not be there yet.

use std::time::Duration;

use crate::forge::ForgeError;
use crate::model::delivery::Reason;
use crate::model::id::{ForgeName, Repository};
use crate::model::pull::PullRequest;
use crate::store::pulls::KnownPull;

use super::perform::JobError;
use super::run::Work;

/// So many attempts of a job that a webhook asked for take what is not found as not there yet.
const EARLY_ATTEMPTS: u32 = 3;

/// A pull request, and when it was so, by our clock, in Unix milliseconds: when the request began that showed it.
pub(super) struct Seen {
    pub(super) pull: PullRequest,
    pub(super) at: i64,
}

impl Seen {
    /// As the store is told; `touches_migrations` where its files were read.
    pub(super) fn known(&self, forge: &ForgeName, touches_migrations: Option<bool>) -> KnownPull {
        let pull = &self.pull;
        KnownPull {
            forge: forge.clone(),
            repository: pull.repository.clone(),
            number: pull.number,
            head: pull.head.clone(),
            base_branch: pull.base_branch.clone(),
            default_branch: pull.default_branch.clone(),
            touches_migrations,
            open: pull.is_open(),
            seen_at: self.at,
        }
    }
}

/// The pull request as it is now, which the store is told. `None`: there is none.
pub(super) async fn look_at(
    work: &Work<'_>,
    number: u64,
    head_waits: &[Duration],
) -> Result<Option<Seen>, JobError> {
    let (job, asked_at) = (&work.job.job, work.clock.now());
    match read_pull(work, number, head_waits).await {
        Ok(seen) => {
            work.store.note_pull(&seen.known(&job.forge, None)).await?;
            Ok(Some(seen))
        }
        Err(error) if may_still_come(work, &error) => Err(JobError::Retry(error.to_string())),
        Err(error) if is_none_of_ours(work, &error) => {
            work.store.close_pull(&work.key(&job.repository, number), asked_at).await?;
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

/// The pull request as it is now. If the API shows another head than the payload, it may lag behind.
async fn read_pull(work: &Work<'_>, number: u64, head_waits: &[Duration]) -> Result<Seen, ForgeError> {
    let Work { job, forge, retry, clock, .. } = work;
    let mut repository = job.job.repository.clone();
    let fetch = async |repository: &Repository| {
        let at = clock.now();
        let pull = retry.run(|| forge.fetch_pull(repository, number)).await?;
        Ok(Seen { pull, at })
    };
    let mut seen = match fetch(&repository).await {
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
        let lags = job.attempt == 1 && job.job.head_hint.as_ref().is_some_and(|hint| *hint != seen.pull.head);
        if !lags || !seen.pull.is_open() {
            break;
        }
        tokio::time::sleep(*wait).await;
        seen = fetch(&repository).await?;
    }
    Ok(seen)
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
