//! Takes jobs from the store under a lease, has them performed, and writes down how they ended.

mod command;
mod lease;
mod sweep;
mod tidy;

use std::collections::BTreeMap;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tracing::Instrument;

use crate::config::settings::DEFAULT_RETENTION_DAYS;
use crate::forge::Forge;
use crate::model::delivery::{JobKind, NewJob, Reason};
use crate::model::id::ForgeName;
use crate::review::{JobEnd, JobError, Perform};
use crate::store::clock::Clock;
use crate::store::jobs::{Claim, Failure, Fate, Finished, MAX_ATTEMPTS};
use crate::store::{Result, Store};

use lease::StoreLease;
use sweep::share::is_plenty;

/// Which repositories of a forge are ours to look at, by `owner/name`.
pub type Allows = Arc<dyn Fn(&str) -> bool + Send + Sync>;

/// A forge as the worker needs it: for sweeps and commands.
#[derive(Clone)]
pub struct ServedForge {
    pub forge: Arc<dyn Forge>,
    pub allows: Allows,
}

impl std::fmt::Debug for ServedForge {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ServedForge")
    }
}

/// How long what is under way may go on after the word to stop: running jobs, and requests to the server.
pub const GRACE: Duration = Duration::from_secs(20);

/// How a worker works.
#[derive(Clone, Debug)]
pub struct Options {
    /// Names this process in the store; no two processes may have the same.
    pub name: String,
    /// How many jobs run at once.
    pub jobs: usize,
    /// How long a job is ours without a heartbeat, in milliseconds; one is sent at a third of it.
    pub lease: i64,
    /// How long running jobs may go on after the word to stop.
    pub grace: Duration,
    /// For how many days runs, verdicts and closed pull requests are kept.
    pub retention_days: u32,
}

impl Options {
    pub fn new(name: impl Into<String>) -> Self {
        let retention_days = DEFAULT_RETENTION_DAYS;
        Self { name: name.into(), jobs: 8, lease: 60_000, grace: GRACE, retention_days }
    }
}

/// Between two looks for jobs of other replicas, and for leases that ran out.
const TICK: Duration = Duration::from_secs(1);

/// Cheap to clone; each running job holds a clone.
#[derive(Clone)]
pub struct Worker {
    store: Store,
    perform: Arc<dyn Perform>,
    forges: Arc<BTreeMap<ForgeName, ServedForge>>,
    clock: Clock,
    options: Options,
}

impl std::fmt::Debug for Worker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Worker").field("options", &self.options).field("forges", &self.forges.keys()).finish()
    }
}

impl Worker {
    pub fn new(
        store: Store,
        perform: Arc<dyn Perform>,
        forges: BTreeMap<ForgeName, ServedForge>,
        clock: Clock,
        options: Options,
    ) -> Self {
        Self { store, perform, forges: Arc::new(forges), clock, options }
    }

    /// Works until `stop` resolves: sweeps at start and every ten minutes, reaps, performs. Running jobs get the
    /// grace of the options to end; what is then still running is put back for others.
    pub async fn run(&self, stop: impl Future<Output = ()>) {
        let stopping = watch::Sender::new(false);
        let work = async {
            tokio::join!(
                self.sweep_now_and_then(stopping.subscribe()),
                self.perform_until(stopping.subscribe())
            );
        };
        let stop_then_wait = async {
            stop.await;
            stopping.send_replace(true);
            tokio::time::sleep(self.options.grace).await;
        };
        tokio::select! {
            () = work => {}
            () = stop_then_wait => {}
        }
        self.release_all().await;
    }

    /// Performs everything whose turn it is now, also what comes of it, and returns how many jobs that were.
    pub async fn drain(&self) -> Result<usize> {
        self.store.reap(self.now()).await?;
        let mut running = JoinSet::new();
        let mut performed = 0;
        loop {
            while running.len() < self.options.jobs {
                let Some(claim) = self.claim().await? else { break };
                self.spawn(&mut running, claim);
            }
            if running.join_next().await.is_none() {
                return Ok(performed);
            }
            performed += 1;
        }
    }

    /// A task of its own: one that computes for long keeps no other from its heartbeat. Dropping the set ends them.
    fn spawn(&self, running: &mut JoinSet<()>, claim: Claim) {
        let worker = self.clone();
        running.spawn(async move { worker.handle(claim).await });
    }

    fn served(&self, forge: &ForgeName) -> std::result::Result<&ServedForge, JobError> {
        self.forges.get(forge).ok_or_else(|| JobError::not_served(forge))
    }

    fn now(&self) -> i64 {
        self.clock.now()
    }

    async fn claim(&self) -> Result<Option<Claim>> {
        let now = self.now();
        self.store.claim(&self.options.name, now, now + self.options.lease).await
    }

    async fn perform_until(&self, mut stop: watch::Receiver<bool>) {
        let mut running = JoinSet::new();
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            while !*stop.borrow() && running.len() < self.options.jobs {
                match self.claim().await {
                    Ok(Some(claim)) => self.spawn(&mut running, claim),
                    Ok(None) => break,
                    Err(error) => {
                        tracing::error!(error = error.chain(), "no job could be claimed");
                        break;
                    }
                }
            }
            if *stop.borrow() && running.is_empty() {
                return;
            }
            tokio::select! {
                Some(_) = running.join_next() => {}
                () = self.store.job_queued(), if running.len() < self.options.jobs => {}
                _ = tick.tick() => self.reap().await,
                // After the word to stop, only the running jobs are waited for.
                _ = stop.changed(), if !*stop.borrow() => {}
            }
        }
    }

    async fn reap(&self) {
        match self.store.reap(self.now()).await {
            Ok(0) => {}
            Ok(reaped) => tracing::warn!(reaped, "jobs of a worker that stopped answering wait again"),
            Err(error) => tracing::error!(error = error.chain(), "leases could not be looked through"),
        }
    }

    async fn release_all(&self) {
        if let Err(error) = self.store.release_worker(&self.options.name, self.now()).await {
            tracing::error!(
                error = error.chain(),
                "running jobs could not be put back; their leases will run out"
            );
        }
    }

    /// One job, from claim to row. Never fails: what goes wrong is written down, or the lease runs out.
    async fn handle(&self, claim: Claim) {
        let job = &claim.job;
        let span = tracing::info_span!(
            "job", forge = %job.forge, repo = %job.repository.full_name(), target = %job.target, run = %claim.run,
            head = job.head_hint.as_ref().map(tracing::field::display), attempt = claim.attempt,
        );
        async {
            let lease = StoreLease::new(self.store.clone(), self.clock.clone(), &claim);
            // A task of its own, which ends with this one: a job that computes for long keeps its lease.
            let (mut beating, kept, length) = (JoinSet::new(), lease.clone(), self.options.lease);
            beating.spawn(async move { kept.keep(length).await });
            let end = tokio::select! {
                end = AssertUnwindSafe(self.execute(&claim, &lease)).catch_unwind() => end.unwrap_or_else(|_| {
                    tracing::error!("the job panicked");
                    Err(JobError::Retry(format!("internal error (run {})", claim.run.short())))
                }),
                _ = beating.join_next() => Ok(JobEnd::LeaseLost),
            };
            if let Err(error) = self.settle(&claim, end).await {
                tracing::error!(error = error.chain(), "how the job ended could not be written; its lease will run out");
            }
        }
        .instrument(span)
        .await;
    }

    async fn execute(&self, claim: &Claim, lease: &StoreLease) -> std::result::Result<JobEnd, JobError> {
        if let Some(error) = &claim.giving_up {
            return match claim.job.kind {
                JobKind::Review => self.perform.give_up(claim, error, lease).await.map(|()| JobEnd::Done),
                JobKind::Command | JobKind::Sweep => Ok(JobEnd::Done),
            };
        }
        match claim.job.kind {
            JobKind::Command => self.command(&claim.job).await,
            JobKind::Sweep => self.sweep_repository(&claim.job).await,
            JobKind::Review => {
                self.stand_aside(&claim.job)?;
                let end = self.perform.perform(claim, lease).await;
                if let Err(why) = &end {
                    self.say_when(claim, why, lease).await;
                }
                end
            }
        }
    }

    /// What a sweep found waits while less than half of the account's budget is left: nobody asked for it, and what
    /// somebody asks for must not have to wait for it.
    fn stand_aside(&self, job: &NewJob) -> std::result::Result<(), JobError> {
        if !matches!(job.reason, Reason::Swept | Reason::Backlog) {
            return Ok(());
        }
        let budgets = self.served(&job.forge)?.forge.budgets(job.repository.installation);
        let until = budgets.iter().map(|budget| budget.resets_at).max();
        match until.filter(|_| !is_plenty(&budgets, self.now())) {
            Some(until_ms) => Err(JobError::Aside { until_ms }),
            None => Ok(()),
        }
    }

    /// A forge that is down, or that listens to nobody for now, is not told; the run's page says it too.
    async fn say_when(&self, job: &Claim, why: &JobError, lease: &StoreLease) {
        let Some(at) = tried_again_at(why, job.attempt, self.now()) else { return };
        if let Err(error) = self.perform.put_off(job, why, at, lease).await {
            tracing::info!(%error, "the forge could not be told when the job is tried again");
        }
    }

    async fn settle(&self, claim: &Claim, end: std::result::Result<JobEnd, JobError>) -> Result<()> {
        let now = self.now();
        let (id, token) = (&claim.id, &claim.token);
        let ended = match end {
            Ok(JobEnd::Done) => self.finish(claim, Finished::Done, "done").await?,
            Ok(JobEnd::Superseded) => self.finish(claim, Finished::Superseded, "superseded").await?,
            Ok(JobEnd::LeaseLost) => "lease_lost",
            Err(error) => {
                match error {
                    JobError::Aside { .. } => tracing::info!(%error, "the job waits"),
                    _ => tracing::warn!(%error, "the job did not come to its end"),
                }
                let failure = failure(error, claim, now);
                match self.store.fail(id, token, now, &failure).await? {
                    Fate::WillRetry => "retry",
                    Fate::GivingUp => "giving_up",
                    Fate::Dead => "dead",
                    Fate::Superseded => "superseded",
                    Fate::LeaseLost => "lease_lost",
                }
            }
        };
        metrics::counter!("red_panda_jobs_total", "kind" => claim.job.kind.as_str(), "end" => ended)
            .increment(1);
        tracing::info!(end = ended, "job ended");
        Ok(())
    }

    async fn finish(&self, claim: &Claim, finished: Finished, ended: &'static str) -> Result<&'static str> {
        let ours = self.store.finish(&claim.id, &claim.token, self.now(), finished).await?;
        Ok(if ours { ended } else { "lease_lost" })
    }
}

/// GitHub's budgets are filled every hour: a forge, or what stands before it, that names a later time is asked again.
const LONGEST_LIMIT: i64 = 3_600_000;

/// Ten seconds, doubled with every attempt, at most ten minutes.
fn backoff(attempt: u32) -> i64 {
    let doubled = 10_000_i64.checked_shl(attempt.saturating_sub(1).min(16)).unwrap_or(i64::MAX);
    doubled.min(600_000)
}

/// `None`: it is not.
fn tried_again_at(why: &JobError, attempt: u32, now: i64) -> Option<i64> {
    match why {
        JobError::RateLimited { until_ms } | JobError::Aside { until_ms } => {
            Some(limited_until(*until_ms, now))
        }
        JobError::Retry(_) => (i64::from(attempt) < MAX_ATTEMPTS).then(|| now + backoff(attempt)),
        JobError::Fatal(_) => None,
    }
}

/// At least a second, so that a clock that runs behind the forge's does not spin.
fn limited_until(until_ms: i64, now: i64) -> i64 {
    until_ms.clamp(now + 1_000, now + LONGEST_LIMIT)
}

fn failure(error: JobError, claim: &Claim, now: i64) -> Failure {
    match error {
        JobError::Aside { until_ms } => Failure::Aside { until: limited_until(until_ms, now) },
        JobError::RateLimited { until_ms } => Failure::RateLimited { until: limited_until(until_ms, now) },
        JobError::Retry(error) => Failure::Retry { at: now + backoff(claim.attempt), error },
        JobError::Fatal(error) => Failure::Fatal { error },
    }
}

#[cfg(test)]
mod tests {
    use super::backoff;

    #[test]
    fn the_wait_doubles_up_to_ten_minutes() {
        let waits: Vec<_> = [1, 2, 3, 7, 8, 400].into_iter().map(backoff).collect();
        assert_eq!(waits, [10_000, 20_000, 40_000, 600_000, 600_000, 600_000]);
    }
}
