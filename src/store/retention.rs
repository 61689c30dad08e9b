//! What is forgotten, and when: nothing grows for ever.
//!
//! An open pull request keeps what its next run, its page and its comments stand on, however old that is.

use sqlx::Row;

use super::{Result, Store};

/// Rows that one statement removes: none may keep the others from writing for long.
const BATCH: u32 = 500;

/// Batches of one kind of row in one call; what is left then goes with the next one.
const BATCHES: usize = 40;

const DELIVERY_JOBS: &str = "DELETE FROM delivery_jobs WHERE (forge, delivery_id, job_id) IN
    (SELECT l.forge, l.delivery_id, l.job_id FROM delivery_jobs l
     JOIN deliveries d ON d.forge = l.forge AND d.delivery_id = l.delivery_id WHERE d.received_at < $1 LIMIT $2)";

const DELIVERIES: &str = "DELETE FROM deliveries WHERE (forge, delivery_id) IN
    (SELECT d.forge, d.delivery_id FROM deliveries d WHERE d.received_at < $1 AND NOT EXISTS
        (SELECT 1 FROM delivery_jobs l WHERE l.forge = d.forge AND l.delivery_id = d.delivery_id) LIMIT $2)";

const JOBS: &str = "DELETE FROM jobs WHERE id IN
    (SELECT id FROM jobs WHERE state IN ('done', 'superseded', 'dead') AND stopped_at < $1 LIMIT $2)";

// Of an open pull request stay the latest run that ended and those that did not end.
const RUNS: &str = "DELETE FROM runs WHERE id IN
    (SELECT r.id FROM runs r WHERE r.started_at < $1 AND COALESCE(r.finished_at, r.started_at) < $1
        AND NOT EXISTS (SELECT 1 FROM pulls_known p WHERE p.forge = r.forge AND p.repository_id = r.repository_id
            AND CAST('pull/' || CAST(p.number AS TEXT) AS TEXT) = r.target AND p.is_open = 1
            AND (r.finished_at IS NULL OR NOT EXISTS (SELECT 1 FROM runs n WHERE n.forge = r.forge
                AND n.repository_id = r.repository_id AND n.target = r.target AND n.finished_at IS NOT NULL
                AND (n.started_at > r.started_at OR (n.started_at = r.started_at AND n.id > r.id)))))
     ORDER BY r.started_at LIMIT $2)";

// What an open pull request's present head was told stays.
const STATUSES: &str = "DELETE FROM statuses WHERE (forge, repository_id, pull, head) IN
    (SELECT s.forge, s.repository_id, s.pull, s.head FROM statuses s WHERE s.saved_at < $1
        AND NOT EXISTS (SELECT 1 FROM pulls_known p WHERE p.forge = s.forge AND p.repository_id = s.repository_id
            AND p.number = s.pull AND p.head = s.head AND p.is_open = 1)
     ORDER BY s.saved_at LIMIT $2)";

// One of which a run or a verdict is left stays: without it, the verdict would count as that of an open one.
const CLOSED_PULLS: &str = "DELETE FROM pulls_known WHERE (forge, repository_id, number) IN
    (SELECT p.forge, p.repository_id, p.number FROM pulls_known p WHERE p.is_open = 0 AND p.seen_at < $1
        AND NOT EXISTS (SELECT 1 FROM runs r WHERE r.forge = p.forge AND r.repository_id = p.repository_id
            AND r.target = 'pull/' || CAST(p.number AS TEXT))
        AND NOT EXISTS (SELECT 1 FROM statuses s WHERE s.forge = p.forge AND s.repository_id = p.repository_id
            AND s.pull = p.number)
     ORDER BY p.seen_at LIMIT $2) RETURNING forge, repository_id, number";

const POSTINGS: &str = "DELETE FROM postings WHERE forge = $1 AND repository_id = $2 AND pull = $3";

impl Store {
    /// Forgets deliveries and ended jobs older than `before`.
    pub async fn prune_queue(&self, before: i64) -> Result<()> {
        for statement in [DELIVERY_JOBS, DELIVERIES, JOBS] {
            self.prune(statement, before).await?;
        }
        Ok(())
    }

    /// Forgets runs and verdicts older than `before`, and pull requests that were closed before it, with our postings.
    pub async fn prune_history(&self, before: i64) -> Result<()> {
        for statement in [RUNS, STATUSES] {
            self.prune(statement, before).await?;
        }
        self.prune_closed_pulls(before).await
    }

    async fn prune(&self, statement: &'static str, before: i64) -> Result<()> {
        for _ in 0..BATCHES {
            let removed = sqlx::query(statement).bind(before).bind(i64::from(BATCH)).execute(self.write());
            if removed.await?.rows_affected() < u64::from(BATCH) {
                break;
            }
        }
        Ok(())
    }

    async fn prune_closed_pulls(&self, before: i64) -> Result<()> {
        for _ in 0..BATCHES {
            let mut transaction = self.begin().await?;
            let query = sqlx::query(CLOSED_PULLS).bind(before).bind(i64::from(BATCH));
            let pulls = query.fetch_all(&mut *transaction).await?;
            for pull in &pulls {
                sqlx::query(POSTINGS)
                    .bind(pull.try_get::<String, _>("forge")?)
                    .bind(pull.try_get::<i64, _>("repository_id")?)
                    .bind(pull.try_get::<i64, _>("number")?)
                    .execute(&mut *transaction)
                    .await?;
            }
            transaction.commit().await?;
            if pulls.len() < BATCH as usize {
                break;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How SQLite would carry a statement out.
    async fn plan(store: &Store, statement: &str) -> Vec<String> {
        let explained = sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {statement}"));
        let rows = sqlx::query(explained).bind(1_i64).bind(1_i64).fetch_all(store.read()).await.unwrap();
        rows.iter().map(|row| row.try_get("detail").unwrap()).collect()
    }

    #[tokio::test]
    async fn who_tidies_up_looks_at_what_is_old_and_not_at_whole_tables() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("panda.db").display());
        let store = Store::open(&url).await.unwrap();
        for statement in [DELIVERY_JOBS, DELIVERIES, JOBS, RUNS, STATUSES, CLOSED_PULLS] {
            let plan = plan(&store, statement).await;
            assert!(plan.len() > 2 && !plan.iter().any(|step| step.starts_with("SCAN")), "{plan:#?}");
        }
        let of_runs = plan(&store, RUNS).await;
        let by_target = |step: &String| step.contains("pulls_known_by_target") && step.contains("<expr>=?");
        assert!(
            of_runs.iter().any(by_target),
            "the one pull request of a run is found at once: {of_runs:#?}"
        );
    }
}
