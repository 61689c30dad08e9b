//! What the house remembers: deliveries, jobs, runs, postings. One SQL text for SQLite and PostgreSQL.
//!
//! Every time is Unix milliseconds and passed in. On SQLite all writes go through one connection; on
//! PostgreSQL any number of replicas share the tables, and unique indexes decide what two of them may not both do.

mod accept;
pub mod clock;
mod fence;
pub mod forges;
pub mod jobs;
pub mod overview;
pub mod postings;
pub mod pulls;
mod retention;
pub mod runs;
mod schema;
pub mod sweeps;

use std::sync::Arc;
use std::time::Duration;

use sqlx::AnyPool;
use sqlx::any::AnyPoolOptions;
use sqlx::{Executor, Row};
use tokio::sync::{Notify, mpsc};

pub use accept::{Accepted, Delivery};

/// Why the store could not answer.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database cannot be reached, or refused.
    #[error("the database did not answer")]
    Unavailable(#[source] sqlx::Error),
    #[error("the tables could not be brought up to date")]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// A row holds what this version cannot read.
    #[error("the store holds an unreadable {what}")]
    Unreadable { what: &'static str },
}

impl StoreError {
    /// With all its causes, for the log only: the database's own words hold its address and role.
    pub fn chain(&self) -> String {
        let causes = std::iter::successors(Some(self as &dyn std::error::Error), |error| error.source());
        causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        Self::Unavailable(error)
    }
}

pub type Result<T> = std::result::Result<T, StoreError>;

/// The two databases, where they differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Backend {
    Sqlite,
    Postgres,
}

/// A handle to the database; cheap to clone.
#[derive(Clone, Debug)]
pub struct Store {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    backend: Backend,
    read: AnyPool,
    /// On SQLite one connection, else the same pool as `read`.
    write: AnyPool,
    accepts: mpsc::Sender<accept::Request>,
    ready: Arc<Notify>,
}

/// How many readers SQLite has beside its writer; on PostgreSQL the pool holds twice that.
const READERS: u32 = 4;

impl Store {
    /// Opens the database, makes SQLite's file where there is none, and brings the tables up to date.
    pub async fn open(url: &str) -> Result<Self> {
        sqlx::any::install_default_drivers();
        let backend = if url.starts_with("sqlite:") { Backend::Sqlite } else { Backend::Postgres };
        let (read, write) = match backend {
            Backend::Sqlite => {
                let url = sqlite_url(url);
                // The writer first: it makes the file and turns on the log that lets readers in beside it.
                let write = sqlite_options(1).connect(&url).await?;
                (sqlite_options(READERS).connect_lazy(&url)?, write)
            }
            Backend::Postgres => {
                let pool = pool_options(2 * READERS).connect(url).await?;
                (pool.clone(), pool)
            }
        };
        schema::migrator().run(&write).await?;
        let ready = Arc::new(Notify::new());
        let accepts = accept::start(write.clone(), backend, Arc::clone(&ready));
        Ok(Self { inner: Arc::new(Inner { backend, read, write, accepts, ready }) })
    }

    /// Nobody else works on this database: SQLite is one process's own file.
    pub fn is_embedded(&self) -> bool {
        self.inner.backend == Backend::Sqlite
    }

    /// Does the database answer? For the readiness probe.
    pub async fn ping(&self) -> Result<()> {
        sqlx::query("SELECT 1").execute(&self.inner.read).await?;
        Ok(())
    }

    /// Resolves when this process has queued a job since the last call.
    pub async fn job_queued(&self) {
        self.inner.ready.notified().await;
    }

    /// Closes all connections; what was accepted is committed.
    pub async fn close(&self) {
        self.inner.read.close().await;
        self.inner.write.close().await;
    }

    fn read(&self) -> &AnyPool {
        &self.inner.read
    }

    fn write(&self) -> &AnyPool {
        &self.inner.write
    }

    /// A transaction that may read before it writes: on SQLite it takes the write lock at once.
    async fn begin(&self) -> Result<sqlx::Transaction<'static, sqlx::Any>> {
        Ok(begin(&self.inner.write, self.inner.backend).await?)
    }
}

async fn begin(pool: &AnyPool, backend: Backend) -> sqlx::Result<sqlx::Transaction<'static, sqlx::Any>> {
    match backend {
        Backend::Sqlite => pool.begin_with("BEGIN IMMEDIATE").await,
        Backend::Postgres => pool.begin().await,
    }
}

/// `mode=rwc` makes the file; a caller who gave parameters of their own knows better.
fn sqlite_url(url: &str) -> String {
    if url.contains('?') { url.to_owned() } else { format!("{url}?mode=rwc") }
}

fn pool_options(connections: u32) -> AnyPoolOptions {
    AnyPoolOptions::new().max_connections(connections).acquire_timeout(Duration::from_secs(5))
}

fn sqlite_options(connections: u32) -> AnyPoolOptions {
    pool_options(connections).after_connect(|connection, _| {
        Box::pin(async move {
            for pragma in ["PRAGMA busy_timeout=5000", "PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL"] {
                connection.execute(pragma).await?;
            }
            Ok(())
        })
    })
}

/// Ids of forges are unsigned and the databases' integers are not: same bits, so nothing is lost.
fn to_row(id: u64) -> i64 {
    id.cast_signed()
}

fn from_row(id: i64) -> u64 {
    id.cast_unsigned()
}

/// A count that is never negative.
fn count(row: &sqlx::any::AnyRow, column: &str) -> sqlx::Result<u64> {
    Ok(row.try_get::<i64, _>(column)?.max(0).cast_unsigned())
}

fn is_unique_violation(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(|e| e.is_unique_violation())
}

/// `($2, $3), ($4, $5)`: so many rows of so many parameters from `first` on.
fn rows(first: usize, columns: usize, rows: usize) -> String {
    let rows: Vec<_> = (0..rows).map(|row| parameters(first + row * columns, columns)).collect();
    rows.join(", ")
}

/// `($2, $3, $4)`: so many parameters from `first` on.
fn parameters(first: usize, count: usize) -> String {
    let parameters: Vec<_> = (first..first + count).map(|n| format!("${n}")).collect();
    format!("({})", parameters.join(", "))
}
