//! What is old is forgotten: nothing in the store grows for ever.

use crate::store::Result;

use super::Worker;

const DAY: i64 = 86_400_000;

/// How long deliveries and ended jobs are remembered: longer than any forge sends again.
const QUEUE_DAYS: i64 = 35;

impl Worker {
    /// A store that cannot tidy up still works: the next sweep tries again.
    pub(super) async fn tidy_up(&self) {
        if let Err(error) = self.prune().await {
            tracing::warn!(error = error.chain(), "old rows could not be removed");
        }
    }

    async fn prune(&self) -> Result<()> {
        let now = self.now();
        self.store.prune_queue(now - QUEUE_DAYS * DAY).await?;
        self.store.prune_history(now - i64::from(self.options.retention_days) * DAY).await
    }
}
