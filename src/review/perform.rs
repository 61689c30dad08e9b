//! What the worker and a review agree on: the lease of a job, how it ends, and why it does not.

use async_trait::async_trait;

use crate::forge::ForgeError;
use crate::model::id::ForgeName;
use crate::store::StoreError;
use crate::store::jobs::Claim;

/// Proof that a job is still ours, asked before each write to a forge.
#[async_trait]
pub trait Lease: Send + Sync {
    /// `false`: another replica has taken the job over; stop without a further write.
    async fn holds(&self) -> bool;
}

/// How a job ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobEnd {
    /// The forge shows the outcome.
    Done,
    /// A newer head took over, or the pull request is closed.
    Superseded,
    /// The lease was lost: somebody else carries on.
    LeaseLost,
}

/// Why a job has to wait or stop.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JobError {
    /// Waits without spending an attempt.
    #[error("the forge's rate limit is used up")]
    RateLimited { until_ms: i64 },
    /// Nobody waits for it: it makes room for what somebody waits for, without spending an attempt.
    #[error("put aside until {until_ms}, for half of the rate limit is used")]
    Aside { until_ms: i64 },
    /// May work later.
    #[error("{0}")]
    Retry(String),
    /// Will not work however often it is tried.
    #[error("{0}")]
    Fatal(String),
}

impl JobError {
    pub fn not_served(forge: &ForgeName) -> Self {
        Self::Fatal(format!("forge \"{forge}\" is no longer in the settings"))
    }

    /// Whoever took the job over carries on: written down under our token, this changes nothing.
    pub(super) fn lease_lost() -> Self {
        Self::Retry("the lease was lost before a write".to_owned())
    }
}

impl From<ForgeError> for JobError {
    fn from(error: ForgeError) -> Self {
        match error {
            ForgeError::RateLimited { until_ms } => Self::RateLimited { until_ms },
            ForgeError::Transient { .. } => Self::Retry(error.to_string()),
            ForgeError::NotFound { .. }
            | ForgeError::Forbidden { .. }
            | ForgeError::Invalid { .. }
            | ForgeError::Gone { .. } => Self::Fatal(error.to_string()),
        }
    }
}

impl From<StoreError> for JobError {
    fn from(error: StoreError) -> Self {
        // The sentence goes on to the forge, where it is everybody's to read.
        tracing::error!(error = error.chain(), "the store failed in the middle of a job");
        Self::Retry(error.to_string())
    }
}

/// Does the work of a job. The worker knows nothing else of reviews.
#[async_trait]
pub trait Perform: Send + Sync {
    async fn perform(&self, job: &Claim, lease: &dyn Lease) -> Result<JobEnd, JobError>;

    /// Says on the status when the job is tried again, and why it was not finished.
    async fn put_off(
        &self,
        job: &Claim,
        why: &JobError,
        until_ms: i64,
        lease: &dyn Lease,
    ) -> Result<(), JobError>;

    /// Tells the forge that a dead job will not be tried again: no status is left running.
    async fn give_up(&self, job: &Claim, error: &str, lease: &dyn Lease) -> Result<(), JobError>;
}
