//! Open pull requests as we last saw them, and their latest verdict.

use std::collections::BTreeMap;

use sqlx::any::AnyRow;
use sqlx::{Any, AssertSqlSafe, Row, Transaction};

use super::jobs::Claim;
use super::runs::RunOutcome;
use super::{Result, Store, StoreError, from_row, parameters, rows, to_row};
use crate::model::id::{ForgeName, Repository, Sha, Target};
use crate::model::pull::OpenPull;

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
    /// When it was seen so, by our clock, in Unix milliseconds: when the request began that showed it. What was seen
    /// later is not overwritten, however late this is written.
    pub seen_at: i64,
}

/// A pull request that is open as far as we know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenSince {
    /// The repository's id.
    pub repository: u64,
    pub number: u64,
    /// When it was last seen open, in Unix milliseconds.
    pub seen_at: i64,
}

/// The latest verdict on a head, of one of the pull requests that share it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeadVerdict {
    pub number: u64,
    pub outcome: RunOutcome,
    pub description: String,
}

/// Rows of one statement: SQLite takes 32,766 parameters.
const ROWS: usize = 500;

/// What is written of a pull request that was seen later than the row says, in the order of the parameters. A row that
/// says more than an hour later was written by a clock that was ahead.
const SEEN: [&str; 8] =
    ["owner", "name", "installation", "head", "base_branch", "default_branch", "is_open", "seen_at"];

impl Store {
    pub async fn note_pull(&self, pull: &KnownPull) -> Result<()> {
        let mut transaction = self.begin().await?;
        note(&mut transaction, std::slice::from_ref(pull)).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// It leaves the list of open ones, unless it was seen open after `seen_at`.
    pub async fn close_pull(&self, pull: &PullKey, seen_at: i64) -> Result<()> {
        sqlx::query(
            "UPDATE pulls_known SET is_open = 0, seen_at = $4 WHERE forge = $1 AND repository_id = $2 AND number = $3
                AND (seen_at <= $4 OR seen_at > $4 + 3600000)",
        )
        .bind(&pull.forge.0)
        .bind(to_row(pull.repository))
        .bind(to_row(pull.number))
        .bind(seen_at)
        .execute(self.write())
        .await?;
        Ok(())
    }

    /// The pull requests of these repositories that are open as far as we know.
    pub async fn open_in(&self, forge: &ForgeName, repositories: &[u64]) -> Result<Vec<OpenSince>> {
        if repositories.is_empty() {
            return Ok(Vec::new());
        }
        let text = format!(
            "SELECT repository_id, number, seen_at FROM pulls_known WHERE forge = $1 AND is_open = 1
                AND repository_id IN {}",
            parameters(2, repositories.len())
        );
        let query = sqlx::query(AssertSqlSafe(text)).bind(&forge.0);
        let query = repositories.iter().fold(query, |query, id| query.bind(to_row(*id)));
        let rows = query.fetch_all(self.read()).await?;
        let open = |row: &AnyRow| {
            Ok(OpenSince {
                repository: from_row(row.try_get("repository_id")?),
                number: from_row(row.try_get("number")?),
                seen_at: row.try_get("seen_at")?,
            })
        };
        rows.iter().map(open).collect()
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
        row.as_ref().map_or(Ok(false), |row| still_stands(row, base_branch, draft))
    }

    /// Of these pull requests, by their places in the list, those whose head is not judged (as [`Self::is_judged`] means
    /// it) and for which nothing waits or runs.
    pub async fn unjudged(&self, forge: &ForgeName, listed: &[(u64, &OpenPull)]) -> Result<Vec<usize>> {
        let mut unjudged = Vec::new();
        for (chunk, first) in listed.chunks(ROWS).zip((0..).step_by(ROWS)) {
            let text = format!(
                "WITH listed (place, repository_id, target, head) AS (VALUES {})
                 SELECT l.place, r.outcome, r.base_branch, r.draft
                 FROM listed l LEFT JOIN runs r ON r.id = (SELECT n.id FROM runs n WHERE n.forge = $1
                    AND n.repository_id = l.repository_id AND n.target = l.target AND n.head = l.head
                    ORDER BY n.started_at DESC, n.id DESC LIMIT 1)
                 WHERE NOT EXISTS (SELECT 1 FROM jobs j WHERE j.forge = $1 AND j.repository_id = l.repository_id
                    AND j.target = l.target AND j.state IN ('ready', 'running'))
                 ORDER BY l.place",
                rows(2, 4, chunk.len())
            );
            let mut query = sqlx::query(AssertSqlSafe(text)).bind(&forge.0);
            for (place, (repository, pull)) in (0_i64..).zip(chunk) {
                let target = Target::Pull(pull.number).to_string();
                query = query.bind(place).bind(to_row(*repository)).bind(target).bind(pull.head.as_str());
            }
            for row in query.fetch_all(self.read()).await? {
                let place = usize::try_from(row.try_get::<i64, _>("place")?).unwrap_or(usize::MAX);
                let Some((_, pull)) = chunk.get(place) else { continue };
                let was_run = row.try_get::<Option<String>, _>("base_branch")?.is_some();
                if !was_run || !still_stands(&row, &pull.base_branch, pull.draft)? {
                    unjudged.push(first + place);
                }
            }
        }
        Ok(unjudged)
    }
}

/// Is what a run said still the answer for a pull request into this branch?
fn still_stands(run: &AnyRow, base_branch: &str, draft: bool) -> Result<bool> {
    let outcome: Option<String> = run.try_get("outcome")?;
    let said = outcome.is_some_and(|outcome| outcome != RunOutcome::Superseded.as_str());
    let same_branch = run.try_get::<String, _>("base_branch")? == base_branch;
    let review_due = run.try_get::<i64, _>("draft")? == 1 && !draft;
    Ok(said && same_branch && !review_due)
}

/// Writes what was seen of these pull requests, some hundreds with one statement.
pub(super) async fn note(
    transaction: &mut Transaction<'static, Any>,
    pulls: &[KnownPull],
) -> sqlx::Result<()> {
    // A list whose pages shift under the reader shows one twice, and no statement may write a row twice.
    let pulls: BTreeMap<_, _> =
        pulls.iter().map(|pull| ((&pull.forge, pull.repository.id, pull.number), pull)).collect();
    let pulls: Vec<&KnownPull> = pulls.into_values().collect();
    for chunk in pulls.chunks(ROWS) {
        let mut query = sqlx::query(AssertSqlSafe(note_statement(chunk.len())));
        for pull in chunk {
            query = query
                .bind(&pull.forge.0)
                .bind(to_row(pull.repository.id))
                .bind(to_row(pull.number))
                .bind(pull.touches_migrations.map(i64::from))
                .bind(&pull.repository.owner)
                .bind(&pull.repository.name)
                .bind(pull.repository.installation.map(to_row))
                .bind(pull.head.as_str())
                .bind(&pull.base_branch)
                .bind(&pull.default_branch)
                .bind(i64::from(pull.open))
                .bind(pull.seen_at);
        }
        query.execute(&mut **transaction).await?;
    }
    Ok(())
}

fn note_statement(pulls: usize) -> String {
    let newer = "excluded.seen_at >= pulls_known.seen_at OR pulls_known.seen_at > excluded.seen_at + 3600000";
    let set = SEEN.map(|c| format!("{c} = CASE WHEN {newer} THEN excluded.{c} ELSE pulls_known.{c} END"));
    format!(
        "INSERT INTO pulls_known (forge, repository_id, number, touches_migrations, {})
         VALUES {} ON CONFLICT (forge, repository_id, number) DO UPDATE SET
            touches_migrations = COALESCE(excluded.touches_migrations, pulls_known.touches_migrations), {}",
        SEEN.join(", "),
        rows(1, 4 + SEEN.len(), pulls),
        set.join(", ")
    )
}

fn numbers(rows: &[sqlx::any::AnyRow]) -> Result<Vec<u64>> {
    Ok(rows.iter().map(|row| row.try_get("number").map(from_row)).collect::<sqlx::Result<_>>()?)
}
