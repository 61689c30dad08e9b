//! Runs and their pages. No source code and no secret ever enters here.

use serde::{Deserialize, Serialize};
use sqlx::Row;
use sqlx::any::AnyRow;

use super::jobs::Claim;
use super::{Result, Store, StoreError, count, from_row, to_row};
use crate::model::delivery::Reason;
use crate::model::finding::Severity;
use crate::model::id::{ForgeName, RunId, Sha, Target};
use crate::model::judgement::{NotLookedAt, Verdict};
use crate::model::status::Outcome;

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunOutcome {
    Verdict(Verdict),
    /// Policy unreadable, or the job is dead.
    Broken,
    Superseded,
}

impl RunOutcome {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Verdict(Verdict::Approved) => "approved",
            Self::Verdict(Verdict::ChangesRequested) => "changes_requested",
            Self::Verdict(Verdict::Incomplete) => "incomplete",
            Self::Broken => "broken",
            Self::Superseded => "superseded",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "approved" => Self::Verdict(Verdict::Approved),
            "changes_requested" => Self::Verdict(Verdict::ChangesRequested),
            "incomplete" => Self::Verdict(Verdict::Incomplete),
            "broken" => Self::Broken,
            "superseded" => Self::Superseded,
            _ => return None,
        })
    }

    /// As a status is set from it.
    pub fn outcome(self) -> Outcome {
        match self {
            Self::Verdict(verdict) => Outcome::Verdict(verdict),
            Self::Broken => Outcome::Broken,
            Self::Superseded => Outcome::Superseded,
        }
    }
}

/// What a run's page shows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RunPage {
    /// Verdict and counts as the summary's heading has them: `2 things to change before merging, 1 to look at`.
    pub heading: String,
    pub counts: Counts,
    /// Most severe first within a file; the page groups them by file.
    pub findings: Vec<PageFinding>,
    pub not_looked_at: Vec<NotLookedAt>,
    pub notes: Vec<String>,
    pub read: Read,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Counts {
    pub errors: u64,
    pub warnings: u64,
    pub advice: u64,
    pub suppressed: u64,
}

/// A finding without any of its code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageFinding {
    pub severity: Severity,
    /// `MIG004`
    pub code: String,
    /// Plain text with names in backticks.
    pub headline: String,
    /// Plain text with names in backticks; may be empty.
    pub consequence: String,
    /// `None`: about the repository as a whole.
    pub path: Option<String>,
    pub line: Option<u32>,
    /// Its line on the forge.
    pub url: Option<String>,
    /// It has a comment in the diff.
    pub inline: bool,
}

/// What was read, and how long it took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Read {
    /// Changed files that were looked at.
    pub files: u64,
    /// Rules that were on.
    pub rules: u64,
    /// Requests to the forge.
    pub requests: u64,
    pub milliseconds: u64,
}

/// A run that begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunStart {
    pub id: RunId,
    pub forge: ForgeName,
    pub repository: u64,
    pub owner: String,
    pub name: String,
    pub target: Target,
    pub reason: Reason,
    /// The head that is to be judged.
    pub head: Sha,
    /// Name of the branch it is to be merged into; empty while that is not known.
    pub base_branch: String,
    /// The pull request's page on the forge.
    pub web_url: Option<String>,
    /// A draft gets no review.
    pub draft: bool,
    pub started_at: i64,
}

/// A run that ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunEnd {
    pub outcome: RunOutcome,
    pub base: Option<Sha>,
    pub merge_base: Option<Sha>,
    pub finished_at: i64,
    pub page: RunPage,
}

/// A run as it stands in the list of a pull request's runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunSummary {
    pub id: RunId,
    pub forge: ForgeName,
    pub repository: u64,
    pub owner: String,
    pub name: String,
    pub target: Target,
    pub reason: Reason,
    pub head: Sha,
    /// Name of the branch it is to be merged into; empty while that is not known.
    pub base_branch: String,
    /// The pull request's page on the forge.
    pub web_url: Option<String>,
    pub base: Option<Sha>,
    pub merge_base: Option<Sha>,
    /// `None` while it runs.
    pub outcome: Option<RunOutcome>,
    pub errors: u64,
    pub warnings: u64,
    pub advice: u64,
    pub started_at: i64,
    pub finished_at: Option<i64>,
}

/// How a run began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begun {
    First,
    /// An earlier attempt of its job, or a process that was stopped, had begun it.
    Again,
    /// The job's token no longer holds: nothing was written.
    LeaseLost,
}

/// A run with its page, once it has one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunRecord {
    pub summary: RunSummary,
    pub page: Option<RunPage>,
}

// Never the page: it may be large, and a list shows none of it.
macro_rules! summary_columns {
    () => {
        "id, forge, repository_id, owner, name, target, reason, head, base_branch, web_url, base, merge_base,
            outcome, errors, warnings, advice, started_at, finished_at"
    };
}

macro_rules! select_runs {
    ($rest:literal) => {
        concat!("SELECT ", summary_columns!(), " FROM runs ", $rest)
    };
}

impl Store {
    /// Writes that a run began; a later attempt of the same job begins it again.
    pub async fn begin_run(&self, claim: &Claim, run: &RunStart) -> Result<Begun> {
        let Some(mut transaction) = self.begin_as_holder(claim).await? else { return Ok(Begun::LeaseLost) };
        let known = sqlx::query("SELECT 1 FROM runs WHERE id = $1").bind(&run.id.0);
        let known = known.fetch_optional(&mut *transaction).await?.is_some();
        sqlx::query(
            "INSERT INTO runs (id, forge, repository_id, owner, name, target, reason, head, base_branch, web_url, draft,
                errors, warnings, advice, started_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 0, 0, 0, $12)
             ON CONFLICT (id) DO UPDATE SET head = excluded.head, base_branch = excluded.base_branch,
                web_url = excluded.web_url, draft = excluded.draft, outcome = NULL, finished_at = NULL",
        )
        .bind(&run.id.0)
        .bind(&run.forge.0)
        .bind(to_row(run.repository))
        .bind(&run.owner)
        .bind(&run.name)
        .bind(run.target.to_string())
        .bind(run.reason.as_str())
        .bind(run.head.as_str())
        .bind(&run.base_branch)
        .bind(run.web_url.as_deref())
        .bind(i64::from(run.draft))
        .bind(run.started_at)
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(if known { Begun::Again } else { Begun::First })
    }

    /// Ends a run that has begun, the job's own or an earlier one, and writes its page. `false`: the job's token no
    /// longer holds, and nothing was written.
    pub async fn finish_run(&self, claim: &Claim, id: &RunId, end: &RunEnd) -> Result<bool> {
        let page =
            serde_json::to_string(&end.page).map_err(|_| StoreError::Unreadable { what: "run page" })?;
        let counts = end.page.counts;
        let Some(mut transaction) = self.begin_as_holder(claim).await? else { return Ok(false) };
        sqlx::query(
            "UPDATE runs SET outcome = $1, base = $2, merge_base = $3, errors = $4, warnings = $5, advice = $6,
                finished_at = $7, page = $8 WHERE id = $9",
        )
        .bind(end.outcome.as_str())
        .bind(end.base.as_ref().map(Sha::as_str))
        .bind(end.merge_base.as_ref().map(Sha::as_str))
        .bind(to_row(counts.errors))
        .bind(to_row(counts.warnings))
        .bind(to_row(counts.advice))
        .bind(end.finished_at)
        .bind(page)
        .bind(&id.0)
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// A run without its page.
    pub async fn run_summary(&self, id: &RunId) -> Result<Option<RunSummary>> {
        let row = sqlx::query(select_runs!("WHERE id = $1")).bind(&id.0).fetch_optional(self.read()).await?;
        row.as_ref().map(summary).transpose()
    }

    /// A run with its page.
    pub async fn run(&self, id: &RunId) -> Result<Option<RunRecord>> {
        let query = sqlx::query(concat!("SELECT ", summary_columns!(), ", page FROM runs WHERE id = $1"));
        let Some(row) = query.bind(&id.0).fetch_optional(self.read()).await? else { return Ok(None) };
        let page: Option<String> = row.try_get("page")?;
        let page = page.map(|text| serde_json::from_str(&text)).transpose();
        let page = page.map_err(|_| StoreError::Unreadable { what: "run page" })?;
        Ok(Some(RunRecord { summary: summary(&row)?, page }))
    }

    /// The runs of a pull request or merge group, newest first.
    pub async fn runs_of(
        &self,
        forge: &ForgeName,
        repository: u64,
        target: &Target,
        limit: i64,
    ) -> Result<Vec<RunSummary>> {
        let rows = sqlx::query(select_runs!(
            "WHERE forge = $1 AND repository_id = $2 AND target = $3 ORDER BY started_at DESC, id DESC LIMIT $4"
        ))
        .bind(&forge.0)
        .bind(to_row(repository))
        .bind(target.to_string())
        .bind(limit)
        .fetch_all(self.read())
        .await?;
        rows.iter().map(summary).collect()
    }

    /// The head of the run of a pull request or merge group that began last.
    pub async fn last_head(
        &self,
        forge: &ForgeName,
        repository: u64,
        target: &Target,
    ) -> Result<Option<Sha>> {
        let row = sqlx::query(
            "SELECT head FROM runs WHERE forge = $1 AND repository_id = $2 AND target = $3
             ORDER BY started_at DESC, id DESC LIMIT 1",
        )
        .bind(&forge.0)
        .bind(to_row(repository))
        .bind(target.to_string())
        .fetch_optional(self.read())
        .await?;
        let Some(row) = row else { return Ok(None) };
        let head = Sha::parse(&row.try_get::<String, _>("head")?);
        head.map(Some).ok_or(StoreError::Unreadable { what: "run" })
    }

    /// Runs of a target that never came to an end: a newer job took over from one that had begun to write.
    pub async fn unfinished_runs(
        &self,
        forge: &ForgeName,
        repository: u64,
        target: &Target,
    ) -> Result<Vec<RunSummary>> {
        let rows = sqlx::query(select_runs!(
            "WHERE forge = $1 AND repository_id = $2 AND target = $3 AND finished_at IS NULL ORDER BY started_at"
        ))
        .bind(&forge.0)
        .bind(to_row(repository))
        .bind(target.to_string())
        .fetch_all(self.write())
        .await?;
        rows.iter().map(summary).collect()
    }
}

/// A target as a row spells it.
pub(super) fn parse_target(text: &str) -> Result<Target> {
    Target::parse(text).ok_or(StoreError::Unreadable { what: "target" })
}

/// A row's columns as a run.
pub(super) fn summary(row: &AnyRow) -> Result<RunSummary> {
    let sha = |column: &str| -> Result<Option<Sha>> {
        Ok(row.try_get::<Option<String>, _>(column)?.as_deref().and_then(Sha::parse))
    };
    let unreadable = || StoreError::Unreadable { what: "run" };
    let outcome: Option<String> = row.try_get("outcome")?;
    let outcome = outcome.map(|text| RunOutcome::parse(&text).ok_or_else(unreadable)).transpose()?;
    Ok(RunSummary {
        id: RunId(row.try_get("id")?),
        forge: ForgeName(row.try_get("forge")?),
        repository: from_row(row.try_get("repository_id")?),
        owner: row.try_get("owner")?,
        name: row.try_get("name")?,
        target: parse_target(&row.try_get::<String, _>("target")?)?,
        reason: Reason::parse(&row.try_get::<String, _>("reason")?).ok_or_else(unreadable)?,
        head: sha("head")?.ok_or_else(unreadable)?,
        base_branch: row.try_get("base_branch")?,
        web_url: row.try_get("web_url")?,
        base: sha("base")?,
        merge_base: sha("merge_base")?,
        outcome,
        errors: count(row, "errors")?,
        warnings: count(row, "warnings")?,
        advice: count(row, "advice")?,
        started_at: row.try_get("started_at")?,
        finished_at: row.try_get("finished_at")?,
    })
}
