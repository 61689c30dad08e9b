//! What an operator sees at a glance.

use sqlx::Row;

use super::jobs::{QueueCounts, repository_of};
use super::runs::{RunSummary, parse_target, summary};
use super::{Result, Store, from_row};
use crate::model::id::{ForgeName, Repository, RunId, Target};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Overview {
    pub queue: QueueCounts,
    pub repositories: Vec<RepositoryOverview>,
    pub dead: Vec<DeadJob>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RepositoryOverview {
    pub forge: ForgeName,
    pub repository: Repository,
    pub pulls: Vec<PullOverview>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PullOverview {
    pub target: Target,
    pub latest: Option<RunSummary>,
}

/// A job that will not be tried again unless its delivery is sent again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadJob {
    pub forge: ForgeName,
    pub full_name: String,
    pub target: Target,
    pub error: String,
    /// Its run, if it came as far as beginning one.
    pub run: Option<RunId>,
    pub stopped_at: Option<i64>,
}

/// At most so many dead jobs are listed.
const DEAD_SHOWN: i64 = 50;

impl Store {
    pub async fn overview(&self) -> Result<Overview> {
        Ok(Overview {
            queue: self.queue_counts().await?,
            repositories: self.open_repositories().await?,
            dead: self.dead_jobs().await?,
        })
    }

    /// Every pull request that is open as far as we know, with its latest run.
    async fn open_repositories(&self) -> Result<Vec<RepositoryOverview>> {
        let rows = sqlx::query(
            "SELECT p.forge, p.repository_id, p.owner, p.name, p.installation, p.number, r.id, r.target, r.reason, r.head,
                r.base_branch, r.web_url, r.base, r.merge_base, r.outcome, r.errors, r.warnings, r.advice, r.started_at,
                r.finished_at
             FROM pulls_known p LEFT JOIN runs r ON r.id = (SELECT l.id FROM runs l WHERE l.forge = p.forge
                AND l.repository_id = p.repository_id AND l.target = 'pull/' || CAST(p.number AS TEXT)
                ORDER BY l.started_at DESC, l.id DESC LIMIT 1)
             WHERE p.is_open = 1 ORDER BY p.forge, p.owner, p.name, p.number DESC LIMIT 1000",
        )
        .fetch_all(self.read())
        .await?;
        let mut repositories: Vec<RepositoryOverview> = Vec::new();
        for row in &rows {
            let forge = ForgeName(row.try_get("forge")?);
            let repository = repository_of(row)?;
            let has_run = row.try_get::<Option<String>, _>("id")?.is_some();
            let pull = PullOverview {
                target: Target::Pull(from_row(row.try_get("number")?)),
                latest: has_run.then(|| summary(row)).transpose()?,
            };
            match repositories.last_mut().filter(|r| r.forge == forge && r.repository.id == repository.id) {
                Some(known) => known.pulls.push(pull),
                None => repositories.push(RepositoryOverview { forge, repository, pulls: vec![pull] }),
            }
        }
        Ok(repositories)
    }

    async fn dead_jobs(&self) -> Result<Vec<DeadJob>> {
        let rows = sqlx::query(
            "SELECT j.forge, j.owner, j.name, j.target, j.last_error, j.stopped_at, r.id AS run
             FROM jobs j LEFT JOIN runs r ON r.id = j.run_id
             WHERE j.state = 'dead' OR (j.state = 'ready' AND j.giving_up = 1) ORDER BY j.stopped_at DESC LIMIT $1",
        )
        .bind(DEAD_SHOWN)
        .fetch_all(self.read())
        .await?;
        rows.iter()
            .map(|row| {
                let (owner, name): (String, String) = (row.try_get("owner")?, row.try_get("name")?);
                Ok(DeadJob {
                    forge: ForgeName(row.try_get("forge")?),
                    full_name: format!("{owner}/{name}"),
                    target: parse_target(&row.try_get::<String, _>("target")?)?,
                    error: row.try_get::<Option<String>, _>("last_error")?.unwrap_or_default(),
                    run: row.try_get::<Option<String>, _>("run")?.map(RunId),
                    stopped_at: row.try_get("stopped_at")?,
                })
            })
            .collect()
    }
}
