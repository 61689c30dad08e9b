//! What no webhook told us: forges lose deliveries and do not send them again.

mod account;
mod page;
mod repository;
mod round;
pub(super) mod share;
mod todo;

use std::time::Duration;

use tokio::sync::watch;

use crate::model::id::ForgeName;
use crate::review::JobError;

use super::{ServedForge, Worker};
use account::Account;

const EVERY: i64 = 600_000;

/// At a start, a sweep this young is not done again: replicas start together.
const FRESH: i64 = 60_000;

/// No merge queue waits longer for a status.
const QUEUE_WAITS: i64 = 6 * 3_600_000;

impl Worker {
    pub(super) async fn sweep_now_and_then(&self, mut stop: watch::Receiver<bool>) {
        // An embedded store has no replicas: what stood still before this start was not looked after by anybody.
        let mut at_least = if self.store.is_embedded() { 0 } else { FRESH };
        while !*stop.borrow() {
            tokio::select! {
                () = self.sweep_if_due(at_least) => {}
                _ = stop.changed() => return,
            }
            at_least = EVERY;
            tokio::select! {
                // Looks more often than it sweeps, so that another replica's start does not shift ours far.
                () = tokio::time::sleep(Duration::from_secs(60)) => {}
                _ = stop.changed() => return,
            }
        }
    }

    /// Sweeps every forge now. For stories; [`Worker::run`] does it by itself.
    pub async fn sweep(&self) {
        self.sweep_if_due(0).await;
    }

    async fn sweep_if_due(&self, every: i64) {
        for (name, served) in self.forges.iter() {
            if let Err(error) = self.sweep_forge(name, served, every).await {
                tracing::warn!(forge = %name, %error, "the sweep did not come to its end; the next one carries on");
            }
        }
    }

    async fn sweep_forge(&self, name: &ForgeName, served: &ServedForge, every: i64) -> Result<(), JobError> {
        let first_started = self.store.first_started(name, self.now()).await?;
        if !self.store.take_sweep(name, self.now(), every).await? {
            return Ok(());
        }
        // Whoever takes the sweep also tidies up.
        self.tidy_up().await;
        let swept = self.look_through_all(name, served, first_started).await;
        if let Err(JobError::Retry(_) | JobError::Fatal(_)) = &swept {
            self.store.return_sweep(name).await?;
        }
        swept
    }

    /// Each account by itself: one that uses up its budget, or does not answer, costs itself only. Fails when all do.
    async fn look_through_all(
        &self,
        name: &ForgeName,
        served: &ServedForge,
        first_started: i64,
    ) -> Result<(), JobError> {
        self.return_to_groups(name, served).await?;
        let mut turn = self.next_turn(name).await?;
        let (mut accounts, mut failed) = (0, Vec::new());
        for installation in served.forge.fetch_installations().await? {
            accounts += 1;
            let account = Account { worker: self, name, served, installation, first_started };
            if let Err(error) = account.sweep(&mut turn).await {
                tracing::warn!(forge = %name, installation, %error, "an account was not swept to its end");
                failed.push(error);
            }
        }
        let all = failed.len() == accounts;
        failed.into_iter().next().filter(|_| all).map_or(Ok(()), Err)
    }

    /// Merge groups that the forge would not let us answer. It lists none: what we know of them are their jobs.
    async fn return_to_groups(&self, name: &ForgeName, served: &ServedForge) -> Result<(), JobError> {
        let groups = self.store.untold_groups(name, self.now() - QUEUE_WAITS).await?;
        for group in groups.iter().filter(|g| (served.allows)(&g.repository.full_name())) {
            self.store.enqueue_swept(group, self.now(), self.now()).await?;
        }
        Ok(())
    }

    /// When the next pull request that a sweep finds may be looked at.
    async fn next_turn(&self, name: &ForgeName) -> Result<i64, JobError> {
        let last = self.store.last_swept_run_at(name).await?;
        Ok(last.map_or(self.now(), |last| self.now().max(last + page::GAP)))
    }
}
