//! `/red-panda recheck`: acknowledged, and turned into a review.

use crate::forge::ForgeError;
use crate::model::delivery::{CommandArgument, JobKind, NewJob, Reason};
use crate::model::id::Target;
use crate::review::{JobEnd, JobError};

use super::{ServedForge, Worker};

impl Worker {
    /// Only the pull request's author and people who may write to the repository are obeyed; others are not answered.
    pub(super) async fn command(&self, job: &NewJob) -> Result<JobEnd, JobError> {
        let served = self.served(&job.forge)?;
        let command = job.argument.as_deref().and_then(CommandArgument::parse);
        let command =
            command.ok_or_else(|| JobError::Fatal("the command has no comment and author".to_owned()))?;
        if !self.is_obeyed(served, job, &command.author).await? {
            tracing::info!("a command of somebody who is not the author and may not write was not obeyed");
            return Ok(JobEnd::Done);
        }
        let review = NewJob {
            kind: JobKind::Review,
            reason: Reason::Command,
            priority: 0,
            argument: None,
            ..job.clone()
        };
        self.store.enqueue(&review, self.now()).await?;
        // The review is what was asked for, and trying again would ask for another one.
        if let Err(error) = served.forge.ensure_reaction(&job.repository, command.comment_id).await {
            tracing::info!(%error, "the command could not be acknowledged");
        }
        Ok(JobEnd::Done)
    }

    /// The author is asked for first: a bot without the right to see who may write still obeys them.
    async fn is_obeyed(&self, served: &ServedForge, job: &NewJob, login: &str) -> Result<bool, ForgeError> {
        let repository = &job.repository;
        if let Target::Pull(number) = job.target {
            let author = served.forge.fetch_pull(repository, number).await?.author;
            if author == login {
                return Ok(true);
            }
        }
        served.forge.fetch_may_write(repository, login).await
    }
}
