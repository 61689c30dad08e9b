//! How many requests a run costs: counted where they are sent, by task, so that no signature has to carry it.

use std::cell::Cell;
use std::future::Future;

tokio::task_local! {
    static SENT: Cell<u64>;
}

/// Runs a job's work with a count of its own.
pub async fn counted<T>(work: impl Future<Output = T>) -> T {
    SENT.scope(Cell::new(0), work).await
}

/// Called once for each request that is sent, also by what plays a forge.
pub fn sent() {
    // Outside of a job (start-up, sweeps) nobody asks.
    let _ = SENT.try_with(|sent| sent.set(sent.get() + 1));
}

/// The requests of the job so far.
pub fn so_far() -> u64 {
    SENT.try_with(Cell::get).unwrap_or(0)
}
