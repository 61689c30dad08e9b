//! The one retry policy. The decision is pure; the driver only waits and asks again.

use std::collections::BTreeSet;
use std::future::Future;
use std::ops::ControlFlow;
use std::time::Duration;

use async_trait::async_trait;

use super::{FileWanted, ForgeError, Reader, Result, Take};
use crate::model::id::{Repository, Sha};
use crate::source::Tree;

/// What to do after a call failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    After(Duration),
    /// Hand the error up. A rate limit is the job's to wait for: it must not hold a worker.
    GiveUp,
}

/// A reader that tries each call again by itself: what was read is not read twice because the next call failed.
pub struct Retrying<'a> {
    pub reader: &'a dyn Reader,
    pub retry: &'a Retry,
}

impl std::fmt::Debug for Retrying<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Retrying").field("retry", self.retry).finish_non_exhaustive()
    }
}

#[async_trait]
impl Reader for Retrying<'_> {
    async fn fetch_tree(&self, repository: &Repository, commit: &Sha) -> Result<Tree> {
        self.retry.run(|| self.reader.fetch_tree(repository, commit)).await
    }

    /// Asks again for what has not come yet.
    async fn fetch_each(
        &self,
        repository: &Repository,
        wanted: &[FileWanted],
        take: &mut Take<'_>,
    ) -> Result<()> {
        let mut waiting: Vec<(usize, FileWanted)> = wanted.iter().cloned().enumerate().collect();
        let mut failed = 0;
        loop {
            let (places, files): (Vec<usize>, Vec<FileWanted>) = waiting.iter().cloned().unzip();
            let mut came = BTreeSet::new();
            let mut hand_over = |at: usize, blob| {
                let Some(place) = places.get(at) else { return ControlFlow::Continue(()) };
                came.insert(*place);
                take(*place, blob)
            };
            let Err(error) = self.reader.fetch_each(repository, &files, &mut hand_over).await else {
                return Ok(());
            };
            failed += 1;
            self.retry.pause(error, failed).await?;
            waiting.retain(|(place, _)| !came.contains(place));
        }
    }

    async fn fetch_ref(&self, repository: &Repository, name: &str) -> Result<Option<Sha>> {
        self.retry.run(|| self.reader.fetch_ref(repository, name)).await
    }

    async fn fetch_tags(&self, repository: &Repository) -> Result<Vec<String>> {
        self.retry.run(|| self.reader.fetch_tags(repository)).await
    }

    async fn fetch_deployed(&self, repository: &Repository, environment: &str) -> Result<Option<Sha>> {
        self.retry.run(|| self.reader.fetch_deployed(repository, environment)).await
    }
}

/// How long to wait before the second, third and fourth try.
#[derive(Clone, Debug)]
pub struct Retry {
    delays: Vec<Duration>,
}

impl Default for Retry {
    fn default() -> Self {
        Self { delays: [1, 2, 4].map(Duration::from_secs).to_vec() }
    }
}

impl Retry {
    /// Other waits, one per further try: tests pass zeroes.
    pub fn with_delays(delays: Vec<Duration>) -> Self {
        Self { delays }
    }

    /// The decision after `failed` tries.
    pub fn next(&self, error: &ForgeError, failed: usize) -> Next {
        match error {
            ForgeError::Transient { .. } => {
                self.delays.get(failed.saturating_sub(1)).map_or(Next::GiveUp, |delay| Next::After(*delay))
            }
            _ => Next::GiveUp,
        }
    }

    /// Calls until it works or the decision is to give up: for reads, and for writes that may be done twice.
    pub async fn run<T, F>(&self, mut call: impl FnMut() -> F) -> Result<T>
    where
        F: Future<Output = Result<T>>,
    {
        let mut failed = 0;
        loop {
            let error = match call().await {
                Ok(value) => return Ok(value),
                Err(error) => error,
            };
            failed += 1;
            self.pause(error, failed).await?;
        }
    }

    /// Waits before the next try, or hands the error up.
    async fn pause(&self, error: ForgeError, failed: usize) -> Result<()> {
        match self.next(&error, failed) {
            Next::After(delay) => {
                tokio::time::sleep(delay).await;
                Ok(())
            }
            Next::GiveUp => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    fn transient() -> ForgeError {
        ForgeError::Transient { what: "the tree".into(), message: "502".into() }
    }

    #[test]
    fn a_read_waits_one_two_four_seconds_and_then_gives_up() {
        let retry = Retry::default();
        let after = |failed| retry.next(&transient(), failed);
        assert_eq!([1, 2, 3].map(after), [1, 2, 4].map(|s| Next::After(Duration::from_secs(s))));
        assert_eq!(after(4), Next::GiveUp);
    }

    #[test]
    fn only_what_may_work_later_is_tried_again() {
        let retry = Retry::default();
        let (what, message) = (String::from("it"), String::from("no"));
        let errors = [
            ForgeError::NotFound { what: what.clone() },
            ForgeError::Forbidden { what: what.clone(), message: message.clone() },
            ForgeError::RateLimited { until_ms: 5 },
            ForgeError::Invalid { what: what.clone(), message: message.clone() },
            ForgeError::Gone { what, message },
        ];
        for error in errors {
            assert_eq!(retry.next(&error, 1), Next::GiveUp, "{error}");
        }
    }

    #[tokio::test]
    async fn there_are_four_tries() {
        let retry = Retry::with_delays(vec![Duration::ZERO; 3]);
        let calls = Cell::new(0);
        let failing = || {
            calls.set(calls.get() + 1);
            async { Err::<(), _>(transient()) }
        };
        assert!(retry.run(failing).await.is_err());
        assert_eq!(calls.get(), 4);
    }

    #[tokio::test]
    async fn the_third_try_may_be_the_one_that_works() {
        let retry = Retry::with_delays(vec![Duration::ZERO; 3]);
        let calls = Cell::new(0);
        let call = || {
            calls.set(calls.get() + 1);
            let answer = if calls.get() < 3 { Err(transient()) } else { Ok(calls.get()) };
            async { answer }
        };
        assert_eq!(retry.run(call).await.ok(), Some(3));
    }
}
