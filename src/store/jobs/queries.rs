//! What is asked of the queue without changing it.

use sqlx::Row;

use super::job_of;
use crate::model::delivery::NewJob;
use crate::model::id::{ForgeName, RunId, Sha, Target};
use crate::store::{Result, Store, count, to_row};

/// Where a job stands that does not run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Idle {
    /// It is tried then.
    Until(i64),
    /// It is not tried again, for this reason.
    GivenUp { error: String },
}

/// How many jobs there are, by where they stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QueueCounts {
    pub ready: u64,
    pub running: u64,
    pub dead: u64,
}

impl Store {
    /// When the last job that a sweep of this forge queued was or is to run: the next ones line up behind it, but not
    /// behind one that was put back, which waits for something else.
    pub async fn last_swept_run_at(&self, forge: &ForgeName) -> Result<Option<i64>> {
        let row = sqlx::query(
            "SELECT MAX(run_at) AS last FROM jobs
             WHERE forge = $1 AND reason IN ('swept', 'backlog') AND kind = 'review'
                AND NOT (state = 'ready' AND stopped_at IS NOT NULL)",
        )
        .bind(&forge.0)
        .fetch_one(self.read())
        .await?;
        Ok(row.try_get("last")?)
    }

    /// Where the job of a run stands; `None` for one that is under way or over.
    pub async fn idle(&self, run: &RunId) -> Result<Option<Idle>> {
        let row = sqlx::query(
            "SELECT state, giving_up, run_at, last_error FROM jobs WHERE run_id = $1 AND state IN ('ready', 'dead')",
        )
        .bind(&run.0)
        .fetch_optional(self.read())
        .await?;
        let Some(row) = row else { return Ok(None) };
        let waits = row.try_get::<String, _>("state")? == "ready" && row.try_get::<i64, _>("giving_up")? == 0;
        Ok(Some(if waits {
            Idle::Until(row.try_get("run_at")?)
        } else {
            Idle::GivenUp { error: row.try_get::<Option<String>, _>("last_error")?.unwrap_or_default() }
        }))
    }

    pub async fn queue_counts(&self) -> Result<QueueCounts> {
        let row = sqlx::query(
            "SELECT COUNT(CASE WHEN state = 'ready' AND giving_up = 0 THEN 1 END) AS ready,
                COUNT(CASE WHEN state = 'running' THEN 1 END) AS running,
                COUNT(CASE WHEN state = 'dead' OR (state = 'ready' AND giving_up = 1) THEN 1 END) AS dead
             FROM jobs WHERE state IN ('ready', 'running', 'dead')",
        )
        .fetch_one(self.read())
        .await?;
        Ok(QueueCounts {
            ready: count(&row, "ready")?,
            running: count(&row, "running")?,
            dead: count(&row, "dead")?,
        })
    }

    /// The argument of the last review of a merge group: what a request to check it again needs.
    pub async fn group_argument(
        &self,
        forge: &ForgeName,
        repository: u64,
        head: &Sha,
    ) -> Result<Option<String>> {
        let row = sqlx::query(
            "SELECT argument FROM jobs WHERE forge = $1 AND repository_id = $2 AND target = $3 AND kind = 'review'
                AND argument IS NOT NULL ORDER BY created_at DESC LIMIT 1",
        )
        .bind(&forge.0)
        .bind(to_row(repository))
        .bind(Target::Group(head.clone()).to_string())
        .fetch_optional(self.read())
        .await?;
        Ok(row.map(|r| r.try_get("argument")).transpose()?)
    }

    /// The reviews of merge groups, first asked for after `since`, that died without the forge being told.
    pub async fn untold_groups(&self, forge: &ForgeName, since: i64) -> Result<Vec<NewJob>> {
        let rows = sqlx::query(
            "SELECT forge, repository_id, owner, name, installation, target, kind, reason, head_hint, priority, argument
             FROM jobs j WHERE forge = $1 AND kind = 'review' AND target LIKE 'group/%' AND state = 'dead'
                AND NOT EXISTS (SELECT 1 FROM runs r WHERE r.id = j.run_id AND r.finished_at IS NOT NULL)
                AND (SELECT MIN(f.created_at) FROM jobs f WHERE f.forge = j.forge
                    AND f.repository_id = j.repository_id AND f.target = j.target) > $2",
        )
        .bind(&forge.0)
        .bind(since)
        .fetch_all(self.read())
        .await?;
        rows.iter().map(job_of).collect()
    }
}
