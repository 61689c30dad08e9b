//! The queue. One row waits per key and kind, one runs per key; unique indexes hold that between replicas.
//!
//! A job that will not be tried again first waits once more with `giving_up` set: whoever claims it then tells the
//! forge, under the same lease as any other write, and only after that it is `dead`. A newer job takes its place.

mod queries;
mod sql;

use sqlx::any::AnyRow;
use sqlx::{Any, Row, Transaction};
use uuid::Uuid;

use super::{Backend, Result, Store, StoreError, from_row, is_unique_violation, to_row};
use crate::model::delivery::{JobKind, NewJob, Reason};
use crate::model::id::{ForgeName, Repository, RunId, Sha, Target};

pub use queries::{Idle, QueueCounts};
use sql::{CLAIM_POSTGRES, CLAIM_SQLITE, FATAL, LIMITED, PUT, REAP, RETRY, UNSPENT};

/// How often a job is tried, and then how often telling the forge that it died.
pub const MAX_ATTEMPTS: i64 = 8;

/// A job that meets nothing but rate limits is given up after so long, and after as long again if the forge cannot be
/// told of that either. Budgets are filled every hour.
pub const MAX_LIMITED: i64 = 6 * 3_600_000;

/// Why it was given up, for people.
const LIMITED_TOO_LONG: &str = "the forge's rate limit has been in the way for 6 hours";

/// A dead job of which the forge was told keeps the sweep from trying the same head again for so long.
const DEAD_RESTS: i64 = 6 * 3_600_000;

/// A job under our lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    pub id: String,
    /// Proof of the lease: a write with another token does nothing.
    pub token: String,
    pub job: NewJob,
    /// 1 at the first try.
    pub attempt: u32,
    /// The same for all attempts of a job: a resumed run finds what it already wrote.
    pub run: RunId,
    /// Set when the work is only to tell the forge that the job died of this error.
    pub giving_up: Option<String>,
}

/// How a job that ran to its end is remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finished {
    Done,
    Superseded,
}

/// Why a job did not run to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Try again then, if attempts are left.
    Retry { at: i64, error: String },
    /// Wait without spending an attempt, but not for ever; its account's other jobs wait too.
    RateLimited { until: i64 },
    /// Wait without spending an attempt; nobody else waits.
    Aside { until: i64 },
    /// Never try again.
    Fatal { error: String },
    /// We are shutting down: somebody else may have it at once.
    Released,
}

/// What became of a job that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    WillRetry,
    /// It waits once more, for the forge to be told.
    GivingUp,
    Dead,
    /// A newer job for the same pull request has its place.
    Superseded,
    /// The lease was lost: somebody else decides.
    LeaseLost,
}

impl Store {
    /// Queues a job; one of the same key and kind that waits is replaced unless it matters more.
    pub async fn enqueue(&self, job: &NewJob, now: i64) -> Result<()> {
        let mut transaction = self.begin().await?;
        put(&mut transaction, job, now).await?;
        transaction.commit().await?;
        self.inner.ready.notify_one();
        Ok(())
    }

    /// Queues what a sweep found, to run at `run_at`, unless something is already under way for the key, or the same
    /// head died lately and its status says so. `true` when it was queued.
    pub async fn enqueue_swept(&self, job: &NewJob, now: i64, run_at: i64) -> Result<bool> {
        let mut transaction = self.begin().await?;
        let queued = put_swept(&mut transaction, job, now, run_at).await?;
        transaction.commit().await?;
        self.inner.ready.notify_one();
        Ok(queued)
    }

    /// Takes the next job whose turn it is, until `lease_until`. `None`: nothing to do, or another replica was faster.
    pub async fn claim(&self, worker: &str, now: i64, lease_until: i64) -> Result<Option<Claim>> {
        let token = Uuid::new_v4().simple().to_string();
        let statement = match self.inner.backend {
            Backend::Sqlite => CLAIM_SQLITE,
            Backend::Postgres => CLAIM_POSTGRES,
        };
        let claimed = sqlx::query(statement)
            .bind(lease_until)
            .bind(&token)
            .bind(worker)
            .bind(now)
            .fetch_optional(self.write())
            .await;
        match claimed {
            Ok(Some(row)) => Ok(Some(claim_of(&row, token)?)),
            Ok(None) => Ok(None),
            // Two replicas took two kinds of job of one key in the same moment: the index let one through.
            Err(error) if is_unique_violation(&error) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Prolongs the lease. `false`: it is lost.
    pub async fn heartbeat(&self, id: &str, token: &str, lease_until: i64) -> Result<bool> {
        let kept = sqlx::query(
            "UPDATE jobs SET lease_until = $1 WHERE id = $2 AND lease_token = $3 AND state = 'running'",
        )
        .bind(lease_until)
        .bind(id)
        .bind(token)
        .execute(self.write())
        .await?;
        Ok(kept.rows_affected() == 1)
    }

    /// Is the job still ours? Asked before each write to a forge.
    pub async fn holds(&self, id: &str, token: &str, now: i64) -> Result<bool> {
        let row = sqlx::query(
            "SELECT 1 FROM jobs WHERE id = $1 AND lease_token = $2 AND state = 'running' AND lease_until >= $3",
        )
        .bind(id)
        .bind(token)
        .bind(now)
        .fetch_optional(self.write())
        .await?;
        Ok(row.is_some())
    }

    /// Ends a job; one that was being given up is dead now. `false`: the lease was lost and nothing changed.
    pub async fn finish(&self, id: &str, token: &str, now: i64, finished: Finished) -> Result<bool> {
        let state = match finished {
            Finished::Done => "done",
            Finished::Superseded => "superseded",
        };
        let ended = sqlx::query(
            "UPDATE jobs SET state = CASE WHEN giving_up = 1 THEN 'dead' ELSE $1 END, stopped_at = $2,
                lease_token = NULL, lease_until = NULL
             WHERE id = $3 AND lease_token = $4 AND state = 'running'",
        )
        .bind(state)
        .bind(now)
        .bind(id)
        .bind(token)
        .execute(self.write())
        .await?;
        Ok(ended.rows_affected() == 1)
    }

    /// Puts a job back, or on its way to be dead.
    pub async fn fail(&self, id: &str, token: &str, now: i64, failure: &Failure) -> Result<Fate> {
        match failure {
            Failure::Retry { at, error } => {
                let query = sqlx::query(RETRY).bind(now).bind(*at).bind(error).bind(id).bind(token);
                fate(query.fetch_optional(self.write()).await?.as_ref())
            }
            Failure::Fatal { error } => {
                let query = sqlx::query(FATAL).bind(now).bind(error).bind(id).bind(token);
                fate(query.fetch_optional(self.write()).await?.as_ref())
            }
            Failure::RateLimited { until } => {
                let query =
                    sqlx::query(LIMITED).bind(now).bind(*until).bind(LIMITED_TOO_LONG).bind(id).bind(token);
                let row = query.bind(now - MAX_LIMITED).fetch_optional(self.write()).await?;
                if let Some(row) = &row {
                    let forge = ForgeName(row.try_get("forge")?);
                    let installation: Option<i64> = row.try_get("installation")?;
                    self.pause_account(&forge, installation.map(from_row), *until).await?;
                }
                fate(row.as_ref())
            }
            Failure::Aside { until } => fate(self.unspent(id, token, now, *until).await?.as_ref()),
            Failure::Released => fate(self.unspent(id, token, now, now).await?.as_ref()),
        }
    }

    /// Puts a job back as if it had not been tried.
    async fn unspent(&self, id: &str, token: &str, now: i64, run_at: i64) -> Result<Option<AnyRow>> {
        let query = sqlx::query(UNSPENT).bind(now).bind(run_at).bind(id).bind(token);
        Ok(query.fetch_optional(self.write()).await?)
    }

    /// Puts back what a worker still holds: it is shutting down.
    pub async fn release_worker(&self, worker: &str, now: i64) -> Result<()> {
        let held = sqlx::query("SELECT id, lease_token FROM jobs WHERE state = 'running' AND worker = $1")
            .bind(worker)
            .fetch_all(self.write())
            .await?;
        for row in held {
            let (id, token): (String, String) = (row.try_get("id")?, row.try_get("lease_token")?);
            self.fail(&id, &token, now, &Failure::Released).await?;
        }
        Ok(())
    }

    /// Puts back what a worker held that is known to be gone, without waiting for its leases.
    pub async fn reap_worker(&self, worker: &str, now: i64) -> Result<usize> {
        sqlx::query("UPDATE jobs SET lease_until = $1 WHERE state = 'running' AND worker = $2")
            .bind(now - 1)
            .bind(worker)
            .execute(self.write())
            .await?;
        self.reap(now).await
    }

    /// Puts the jobs back whose worker stopped answering. Returns how many.
    pub async fn reap(&self, now: i64) -> Result<usize> {
        let reaped = sqlx::query(REAP).bind(now).bind(now).bind("the worker stopped in the middle");
        match reaped.fetch_all(self.write()).await {
            Ok(rows) => Ok(rows.len()),
            // A newer job was queued in the same moment; the next reap sees it.
            Err(error) if is_unique_violation(&error) => Ok(0),
            Err(error) => Err(error.into()),
        }
    }
}

/// Queues a job to run now, and returns the id of the row that waits for it.
pub(super) async fn put(
    transaction: &mut Transaction<'static, Any>,
    job: &NewJob,
    now: i64,
) -> sqlx::Result<String> {
    put_at(transaction, job, now, now).await
}

/// As [`Store::enqueue_swept`] promises.
pub(super) async fn put_swept(
    transaction: &mut Transaction<'static, Any>,
    job: &NewJob,
    now: i64,
    run_at: i64,
) -> sqlx::Result<bool> {
    let busy = sqlx::query(
        "SELECT 1 FROM jobs WHERE forge = $1 AND repository_id = $2 AND target = $3
            AND (state IN ('ready', 'running')
                OR (state = 'dead' AND stopped_at > $4 AND COALESCE(head_hint, $5) = $5
                    AND EXISTS (SELECT 1 FROM runs r WHERE r.id = jobs.run_id AND r.outcome <> 'superseded')))
         LIMIT 1",
    )
    .bind(&job.forge.0)
    .bind(to_row(job.repository.id))
    .bind(job.target.to_string())
    .bind(now - DEAD_RESTS)
    .bind(job.head_hint.as_ref().map_or("", Sha::as_str))
    .fetch_optional(&mut **transaction)
    .await?;
    if busy.is_none() {
        put_at(transaction, job, now, run_at).await?;
    }
    Ok(busy.is_none())
}

async fn put_at(
    transaction: &mut Transaction<'static, Any>,
    job: &NewJob,
    now: i64,
    run_at: i64,
) -> sqlx::Result<String> {
    let row = sqlx::query(PUT)
        .bind(Uuid::now_v7().simple().to_string())
        .bind(&job.forge.0)
        .bind(to_row(job.repository.id))
        .bind(&job.repository.owner)
        .bind(&job.repository.name)
        .bind(job.repository.installation.map(to_row))
        .bind(job.target.to_string())
        .bind(job.kind.as_str())
        .bind(job.reason.as_str())
        .bind(job.head_hint.as_ref().map(Sha::as_str))
        .bind(job.priority)
        .bind(job.argument.as_deref())
        .bind(MAX_ATTEMPTS)
        .bind(run_at)
        .bind(RunId::new(Uuid::new_v4().as_u128(), now).0)
        .bind(now)
        .bind(slot(job))
        .fetch_one(&mut **transaction)
        .await?;
    row.try_get("id")
}

/// Two reviews of a pull request are one; two commands may be of two people, and one must not undo the other's.
fn slot(job: &NewJob) -> &str {
    match job.kind {
        JobKind::Command => job.argument.as_deref().unwrap_or_default(),
        JobKind::Review | JobKind::Sweep => "",
    }
}

fn fate(row: Option<&AnyRow>) -> Result<Fate> {
    let Some(row) = row else { return Ok(Fate::LeaseLost) };
    let giving_up = row.try_get::<i64, _>("giving_up")? == 1;
    Ok(match row.try_get::<String, _>("state")?.as_str() {
        "superseded" => Fate::Superseded,
        "dead" => Fate::Dead,
        _ if giving_up => Fate::GivingUp,
        _ => Fate::WillRetry,
    })
}

/// The repository of a row that has its columns.
pub(super) fn repository_of(row: &AnyRow) -> sqlx::Result<Repository> {
    Ok(Repository {
        id: from_row(row.try_get("repository_id")?),
        owner: row.try_get("owner")?,
        name: row.try_get("name")?,
        installation: row.try_get::<Option<i64>, _>("installation")?.map(from_row),
    })
}

fn job_of(row: &AnyRow) -> Result<NewJob> {
    let unreadable = || StoreError::Unreadable { what: "job" };
    let text = |column: &str| row.try_get::<String, _>(column);
    Ok(NewJob {
        forge: ForgeName(text("forge")?),
        repository: repository_of(row)?,
        target: Target::parse(&text("target")?).ok_or_else(unreadable)?,
        kind: JobKind::parse(&text("kind")?).ok_or_else(unreadable)?,
        reason: Reason::parse(&text("reason")?).ok_or_else(unreadable)?,
        head_hint: row.try_get::<Option<String>, _>("head_hint")?.as_deref().and_then(Sha::parse),
        priority: row.try_get("priority")?,
        argument: row.try_get("argument")?,
    })
}

fn claim_of(row: &AnyRow, token: String) -> Result<Claim> {
    let text = |column: &str| row.try_get::<String, _>(column);
    let giving_up = row.try_get::<i64, _>("giving_up")? == 1;
    let last_error: Option<String> = row.try_get("last_error")?;
    Ok(Claim {
        id: text("id")?,
        token,
        job: job_of(row)?,
        attempt: u32::try_from(row.try_get::<i64, _>("attempts")?).unwrap_or(u32::MAX),
        run: RunId(text("run_id")?),
        giving_up: giving_up.then(|| last_error.unwrap_or_default()),
    })
}
