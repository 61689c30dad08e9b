//! Deliveries in: one writer gathers what has come at the same time, commits it together and answers each.

use std::sync::Arc;

use sqlx::{Any, AnyPool, Transaction};
use tokio::sync::{Notify, mpsc, oneshot};

use super::{Backend, Result, Store, StoreError, begin, jobs};
use crate::model::delivery::NewJob;
use crate::model::id::ForgeName;

/// A webhook that was verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    pub forge: ForgeName,
    /// The forge's own id of it: a redelivery by GitHub has the same.
    pub id: String,
    pub received_at: i64,
}

/// What became of a delivery. It is durable before this is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accepted {
    /// It was new: its jobs wait.
    Queued,
    /// It had come before, and all that it asked for was or will be done.
    Known,
    /// It had come before, and a job of it was dead: that one waits again.
    Requeued,
}

/// At most so many deliveries in one commit.
const BATCH: usize = 256;

#[derive(Clone, Debug)]
struct Intake {
    delivery: Delivery,
    jobs: Vec<NewJob>,
}

#[derive(Debug)]
pub(super) struct Request {
    intake: Intake,
    answer: oneshot::Sender<Result<Accepted>>,
}

impl Store {
    /// Takes a delivery in with the jobs it asks for. When this returns, it is committed.
    pub async fn accept(&self, delivery: Delivery, jobs: Vec<NewJob>) -> Result<Accepted> {
        let (answer, answered) = oneshot::channel();
        let request = Request { intake: Intake { delivery, jobs }, answer };
        let closed = || StoreError::Unavailable(sqlx::Error::PoolClosed);
        self.inner.accepts.send(request).await.map_err(|_| closed())?;
        answered.await.map_err(|_| closed())?
    }
}

/// Starts the writer; it ends when the last [`Store`] is dropped.
pub(super) fn start(pool: AnyPool, backend: Backend, ready: Arc<Notify>) -> mpsc::Sender<Request> {
    let (sender, mut receiver) = mpsc::channel(4 * BATCH);
    tokio::spawn(async move {
        let mut batch = Vec::new();
        while receiver.recv_many(&mut batch, BATCH).await > 0 {
            write_batch(&pool, backend, std::mem::take(&mut batch)).await;
            ready.notify_one();
        }
    });
    sender
}

async fn write_batch(pool: &AnyPool, backend: Backend, batch: Vec<Request>) {
    let (intakes, answers): (Vec<_>, Vec<_>) = batch.into_iter().map(|r| (r.intake, r.answer)).unzip();
    metrics::counter!("red_panda_accept_commits_total").increment(1);
    let outcomes = match commit(pool, backend, &intakes).await {
        Ok(outcomes) => outcomes.into_iter().map(Ok).collect(),
        Err(error) if intakes.len() == 1 => vec![Err(error.into())],
        // One of them may be the reason: each gets a commit of its own.
        Err(sqlx::Error::Database(_)) => one_by_one(pool, backend, &intakes).await,
        // The database is away: each further try would only make the forges wait for the same answer.
        Err(error) => all_failed(error, intakes.len()),
    };
    for (answer, outcome) in answers.into_iter().zip(outcomes) {
        // Nobody waits any more when the forge hung up: the row is there all the same.
        drop(answer.send(outcome));
    }
}

async fn one_by_one(pool: &AnyPool, backend: Backend, intakes: &[Intake]) -> Vec<Result<Accepted>> {
    let mut outcomes = Vec::with_capacity(intakes.len());
    for intake in intakes {
        let outcome = match commit(pool, backend, std::slice::from_ref(intake)).await {
            Ok(done) => Ok(done.first().copied().unwrap_or(Accepted::Known)),
            Err(error @ sqlx::Error::Database(_)) => Err(error.into()),
            Err(error) => {
                outcomes.extend(all_failed(error, intakes.len() - outcomes.len()));
                break;
            }
        };
        outcomes.push(outcome);
    }
    outcomes
}

/// The same fault for each; its words are the first one's only, an error of the database cannot be copied.
fn all_failed(error: sqlx::Error, count: usize) -> Vec<Result<Accepted>> {
    let others = (1..count).map(|_| Err(StoreError::Unavailable(sqlx::Error::PoolTimedOut)));
    std::iter::once(Err(error.into())).chain(others).collect()
}

async fn commit(pool: &AnyPool, backend: Backend, intakes: &[Intake]) -> sqlx::Result<Vec<Accepted>> {
    let mut transaction = begin(pool, backend).await?;
    let mut outcomes = Vec::with_capacity(intakes.len());
    for intake in intakes {
        outcomes.push(take_in(&mut transaction, intake).await?);
    }
    transaction.commit().await?;
    Ok(outcomes)
}

async fn take_in(transaction: &mut Transaction<'static, Any>, intake: &Intake) -> sqlx::Result<Accepted> {
    let Delivery { forge, id, received_at } = &intake.delivery;
    let inserted = sqlx::query(
        "INSERT INTO deliveries (forge, delivery_id, received_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
    )
    .bind(&forge.0)
    .bind(id)
    .bind(*received_at)
    .execute(&mut **transaction)
    .await?;
    if inserted.rows_affected() == 0 {
        return requeue_dead(transaction, &intake.delivery).await;
    }
    for job in &intake.jobs {
        let job_id = jobs::put(transaction, job, *received_at).await?;
        sqlx::query(
            "INSERT INTO delivery_jobs (forge, delivery_id, job_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        )
        .bind(&forge.0)
        .bind(id)
        .bind(&job_id)
        .execute(&mut **transaction)
        .await?;
    }
    Ok(Accepted::Queued)
}

/// A redelivery is how a person says "try that again": only what is dead or being given up is.
async fn requeue_dead(
    transaction: &mut Transaction<'static, Any>,
    delivery: &Delivery,
) -> sqlx::Result<Accepted> {
    let revived = sqlx::query(
        "UPDATE jobs SET state = 'ready', giving_up = 0, attempts = 0, limited_since = NULL, run_at = $1
         WHERE id IN (SELECT job_id FROM delivery_jobs WHERE forge = $2 AND delivery_id = $3)
           AND (state = 'dead' OR (state = 'ready' AND giving_up = 1))
           AND NOT EXISTS (SELECT 1 FROM jobs r WHERE r.forge = jobs.forge AND r.repository_id = jobs.repository_id
                AND r.target = jobs.target AND r.kind = jobs.kind AND r.slot = jobs.slot AND r.state = 'ready' AND r.id <> jobs.id)",
    )
    .bind(delivery.received_at)
    .bind(&delivery.forge.0)
    .bind(&delivery.id)
    .execute(&mut **transaction)
    .await?;
    Ok(if revived.rows_affected() > 0 { Accepted::Requeued } else { Accepted::Known })
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn while_the_database_is_away_a_batch_is_tried_once_and_all_are_told() {
        sqlx::any::install_default_drivers();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("postgres://panda@{}/panda", listener.local_addr().unwrap());
        let tries = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&tries);
        tokio::spawn(async move {
            // Whoever connects is hung up on.
            while listener.accept().await.is_ok() {
                counted.fetch_add(1, Ordering::SeqCst);
            }
        });
        let options = sqlx::any::AnyPoolOptions::new().acquire_timeout(Duration::from_secs(5));
        let pool = options.connect_lazy(&url).unwrap();
        let (requests, answers): (Vec<_>, Vec<_>) = (0..20)
            .map(|n| {
                let (answer, answered) = oneshot::channel();
                let delivery =
                    Delivery { forge: ForgeName("forge".into()), id: n.to_string(), received_at: 1 };
                (Request { intake: Intake { delivery, jobs: Vec::new() }, answer }, answered)
            })
            .unzip();
        write_batch(&pool, Backend::Postgres, requests).await;
        for answered in answers {
            assert!(matches!(answered.await.unwrap(), Err(StoreError::Unavailable(_))));
        }
        assert_eq!(tries.load(Ordering::SeqCst), 1);
    }
}
