//! Open pull requests as we last saw them, and their latest verdict.

use sqlx::Row;

use super::jobs::Claim;
use super::runs::RunOutcome;
use super::{Result, Store, StoreError, from_row, to_row};
use crate::model::id::{ForgeName, Repository, Sha, Target};

/// A pull request of one repository of one forge.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PullKey {
    pub forge: ForgeName,
    /// The repository's id.
    pub repository: u64,
    pub number: u64,
}

/// A pull request as a run or a sweep saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownPull {
    pub forge: ForgeName,
    pub repository: Repository,
    pub number: u64,
    pub head: Sha,
    pub base_branch: String,
    /// The repository's default branch.
    pub default_branch: String,
    /// `None` where the files were not read: what was known stays.
    pub touches_migrations: Option<bool>,
    pub open: bool,
}

/// The latest verdict on a head, of one of the pull requests that share it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeadVerdict {
    pub number: u64,
    pub outcome: RunOutcome,
    pub description: String,
}

impl Store {
    pub async fn note_pull(&self, pull: &KnownPull) -> Result<()> {
        sqlx::query(
            "INSERT INTO pulls_known (forge, repository_id, number, owner, name, installation, head, base_branch,
                touches_migrations, is_open, default_branch)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, COALESCE($9, 0), $10, $11)
             ON CONFLICT (forge, repository_id, number) DO UPDATE SET owner = excluded.owner, name = excluded.name,
                installation = excluded.installation, head = excluded.head, base_branch = excluded.base_branch,
                touches_migrations = COALESCE($9, pulls_known.touches_migrations), is_open = excluded.is_open,
                default_branch = excluded.default_branch",
        )
        .bind(&pull.forge.0)
        .bind(to_row(pull.repository.id))
        .bind(to_row(pull.number))
        .bind(&pull.repository.owner)
        .bind(&pull.repository.name)
        .bind(pull.repository.installation.map(to_row))
        .bind(pull.head.as_str())
        .bind(&pull.base_branch)
        .bind(pull.touches_migrations.map(i64::from))
        .bind(i64::from(pull.open))
        .bind(&pull.default_branch)
        .execute(self.write())
        .await?;
        Ok(())
    }

    /// It leaves the list of open ones.
    pub async fn close_pull(&self, pull: &PullKey) -> Result<()> {
        sqlx::query(
            "UPDATE pulls_known SET is_open = 0 WHERE forge = $1 AND repository_id = $2 AND number = $3",
        )
        .bind(&pull.forge.0)
        .bind(to_row(pull.repository))
        .bind(to_row(pull.number))
        .execute(self.write())
        .await?;
        Ok(())
    }

    /// Numbers of the pull requests that are open as far as we know.
    pub async fn open_pulls(&self, forge: &ForgeName, repository: u64) -> Result<Vec<u64>> {
        let rows = sqlx::query(
            "SELECT number FROM pulls_known WHERE forge = $1 AND repository_id = $2 AND is_open = 1",
        )
        .bind(&forge.0)
        .bind(to_row(repository))
        .fetch_all(self.read())
        .await?;
        numbers(&rows)
    }

    /// The default branch of a repository, as its pull requests told it.
    pub async fn default_branch(&self, forge: &ForgeName, repository: u64) -> Result<Option<String>> {
        let row = sqlx::query(
            "SELECT default_branch FROM pulls_known WHERE forge = $1 AND repository_id = $2
             ORDER BY is_open DESC, number DESC LIMIT 1",
        )
        .bind(&forge.0)
        .bind(to_row(repository))
        .fetch_optional(self.read())
        .await?;
        Ok(row.map(|r| r.try_get("default_branch")).transpose()?)
    }

    /// Open pull requests into `branch`, newest first, of which a push to it may say something else: those that touch
    /// migrations, and those whose last run was broken, for the push may mend the policy.
    pub async fn pulls_a_push_concerns(
        &self,
        forge: &ForgeName,
        repository: u64,
        branch: &str,
        limit: i64,
    ) -> Result<Vec<u64>> {
        let rows = sqlx::query(
            "SELECT number FROM pulls_known p WHERE forge = $1 AND repository_id = $2 AND base_branch = $3 AND is_open = 1
                AND (touches_migrations = 1 OR 'broken' = (SELECT r.outcome FROM runs r WHERE r.forge = p.forge
                    AND r.repository_id = p.repository_id AND r.target = 'pull/' || CAST(p.number AS TEXT)
                    AND r.finished_at IS NOT NULL ORDER BY r.started_at DESC, r.id DESC LIMIT 1))
             ORDER BY number DESC LIMIT $4",
        )
        .bind(&forge.0)
        .bind(to_row(repository))
        .bind(branch)
        .bind(limit)
        .fetch_all(self.read())
        .await?;
        numbers(&rows)
    }

    /// Open pull requests whose head this commit is (GitHub does not say so for forks).
    pub async fn pulls_with_head(&self, forge: &ForgeName, repository: u64, head: &Sha) -> Result<Vec<u64>> {
        let rows = sqlx::query(
            "SELECT number FROM pulls_known WHERE forge = $1 AND repository_id = $2 AND head = $3 AND is_open = 1",
        )
        .bind(&forge.0)
        .bind(to_row(repository))
        .bind(head.as_str())
        .fetch_all(self.read())
        .await?;
        numbers(&rows)
    }

    /// Remembers a verdict. To be called before its status is sent: of two runs on one head, the later sender then
    /// knows both. `false`: the job's token no longer holds, and nothing was written.
    pub async fn save_verdict(
        &self,
        claim: &Claim,
        pull: &PullKey,
        head: &Sha,
        verdict: &HeadVerdict,
        now: i64,
    ) -> Result<bool> {
        let Some(mut transaction) = self.begin_as_holder(claim).await? else { return Ok(false) };
        sqlx::query(
            "INSERT INTO statuses (forge, repository_id, pull, head, outcome, description, saved_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7)
             ON CONFLICT (forge, repository_id, pull, head) DO UPDATE SET outcome = excluded.outcome,
                description = excluded.description, saved_at = excluded.saved_at",
        )
        .bind(&pull.forge.0)
        .bind(to_row(pull.repository))
        .bind(to_row(pull.number))
        .bind(head.as_str())
        .bind(verdict.outcome.as_str())
        .bind(&verdict.description)
        .bind(now)
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// The latest verdict of each pull request with this head that is not known to be closed or to have moved on.
    pub async fn latest_verdicts_for_head(
        &self,
        forge: &ForgeName,
        repository: u64,
        head: &Sha,
    ) -> Result<Vec<HeadVerdict>> {
        let rows = sqlx::query(
            "SELECT s.pull, s.outcome, s.description FROM statuses s
             LEFT JOIN pulls_known p ON p.forge = s.forge AND p.repository_id = s.repository_id AND p.number = s.pull
             WHERE s.forge = $1 AND s.repository_id = $2 AND s.head = $3 AND COALESCE(p.is_open, 1) = 1
                AND COALESCE(p.head, s.head) = s.head ORDER BY s.pull",
        )
        .bind(&forge.0)
        .bind(to_row(repository))
        .bind(head.as_str())
        .fetch_all(self.write())
        .await?;
        rows.iter()
            .map(|row| {
                let outcome: String = row.try_get("outcome")?;
                Ok(HeadVerdict {
                    number: from_row(row.try_get("pull")?),
                    outcome: RunOutcome::parse(&outcome).ok_or(StoreError::Unreadable { what: "outcome" })?,
                    description: row.try_get("description")?,
                })
            })
            .collect()
    }

    /// Is what the latest run on this head said still the answer? Not for another branch, not when it was never said,
    /// and not for a draft that is none any more: its review is still to come.
    pub async fn is_judged(
        &self,
        pull: &PullKey,
        head: &Sha,
        base_branch: &str,
        draft: bool,
    ) -> Result<bool> {
        let row = sqlx::query(
            "SELECT outcome, base_branch, draft FROM runs WHERE forge = $1 AND repository_id = $2 AND target = $3
                AND head = $4 ORDER BY started_at DESC, id DESC LIMIT 1",
        )
        .bind(&pull.forge.0)
        .bind(to_row(pull.repository))
        .bind(Target::Pull(pull.number).to_string())
        .bind(head.as_str())
        .fetch_optional(self.read())
        .await?;
        let Some(row) = row else { return Ok(false) };
        let outcome: Option<String> = row.try_get("outcome")?;
        let said = outcome.is_some_and(|outcome| outcome != RunOutcome::Superseded.as_str());
        let same_branch = row.try_get::<String, _>("base_branch")? == base_branch;
        let review_due = row.try_get::<i64, _>("draft")? == 1 && !draft;
        Ok(said && same_branch && !review_due)
    }
}

fn numbers(rows: &[sqlx::any::AnyRow]) -> Result<Vec<u64>> {
    Ok(rows.iter().map(|row| row.try_get("number").map(from_row)).collect::<sqlx::Result<_>>()?)
}
