//! The lease of one job: kept while it runs, asked before each write to a forge.

use std::time::Duration;

use async_trait::async_trait;

use crate::review::Lease;
use crate::store::Store;
use crate::store::clock::Clock;
use crate::store::jobs::Claim;

#[derive(Clone)]
pub(super) struct StoreLease {
    store: Store,
    clock: Clock,
    id: String,
    token: String,
}

impl StoreLease {
    pub(super) fn new(store: Store, clock: Clock, claim: &Claim) -> Self {
        Self { store, clock, id: claim.id.clone(), token: claim.token.clone() }
    }

    /// Prolongs the lease at a third of its length; resolves when it is lost.
    pub(super) async fn keep(&self, length: i64) {
        let third = Duration::from_millis(length.max(3).cast_unsigned() / 3);
        loop {
            tokio::time::sleep(third).await;
            match self.store.heartbeat(&self.id, &self.token, self.clock.now() + length).await {
                Ok(true) => {}
                Ok(false) => return,
                // Two more beats fit into the lease; if they fail too, `holds` says no.
                Err(error) => tracing::warn!(error = error.chain(), "the lease could not be prolonged"),
            }
        }
    }
}

#[async_trait]
impl Lease for StoreLease {
    async fn holds(&self) -> bool {
        match self.store.holds(&self.id, &self.token, self.clock.now()).await {
            Ok(holds) => holds,
            Err(error) => {
                tracing::warn!(error = error.chain(), "the lease could not be checked: taken as lost");
                false
            }
        }
    }
}
