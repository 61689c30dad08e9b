//! The heads that were judged before: their runs are ended, and who else is there is judged again.

use std::collections::BTreeSet;

use crate::model::delivery::NewJob;
use crate::model::id::{Repository, Sha};

use super::perform::JobError;
use super::run::{About, Run, Work};
use super::{ledger, status};

/// Leaves the heads that were judged before: their statuses must not run for ever, and are now those of the other pull
/// requests there. `head`: what is to be judged now; none when the pull request is closed or the group gone.
pub(super) async fn leave(
    work: &Work<'_>,
    repository: &Repository,
    head: Option<&Sha>,
) -> Result<(), JobError> {
    let NewJob { forge, target, .. } = &work.job.job;
    let mut left = BTreeSet::from_iter(work.store.last_head(forge, repository.id, target).await?);
    for earlier in work.store.unfinished_runs(forge, repository.id, target).await? {
        let same_head = head == Some(&earlier.head);
        if same_head && earlier.id == work.job.run {
            continue;
        }
        let about = About::of_run(&earlier);
        let run = Run { id: &earlier.id, ..work.run(repository, &about) };
        if same_head && !work.forge.capabilities().check_runs {
            status::leave(&run).await?;
        } else {
            status::supersede(&run, head.filter(|_| !same_head)).await?;
        }
        left.insert(earlier.head);
    }
    for old_head in left.iter().filter(|old| head != Some(old)) {
        free(work, repository, old_head).await?;
    }
    Ok(())
}

/// A commit has one status: what it said of this pull request is now to be said of the others with this head.
async fn free(work: &Work<'_>, repository: &Repository, head: &Sha) -> Result<(), JobError> {
    let others = work.store.pulls_with_head(&work.job.job.forge, repository.id, head).await?;
    ledger::ask_again(work, repository, head, others).await
}
