//! What is remembered of a forge and of our accounts there.

use std::collections::BTreeMap;

use sqlx::any::AnyRow;
use sqlx::{AssertSqlSafe, Row};

use super::{Result, Store, from_row, parameters, to_row};
use crate::model::id::ForgeName;

/// The clocks of two replicas differ by less.
const SKEW: i64 = 600_000;

impl Store {
    /// When this forge was first served: now, if it never was, or if the clock was ahead when it was.
    pub async fn first_started(&self, forge: &ForgeName, now: i64) -> Result<i64> {
        sqlx::query(
            "INSERT INTO forges (name, first_started_at, swept_at) VALUES ($1, $2, 0)
             ON CONFLICT (name) DO UPDATE SET first_started_at = excluded.first_started_at
                WHERE forges.first_started_at > excluded.first_started_at",
        )
        .bind(&forge.0)
        .bind(now)
        .execute(self.write())
        .await?;
        let row = sqlx::query("SELECT first_started_at FROM forges WHERE name = $1")
            .bind(&forge.0)
            .fetch_one(self.write())
            .await?;
        Ok(row.try_get("first_started_at")?)
    }

    /// Takes the sweep of a forge that must have been started before: `true` for one replica in `every` milliseconds.
    /// A sweep of the future, by a clock that was ahead, does not count.
    pub async fn take_sweep(&self, forge: &ForgeName, now: i64, every: i64) -> Result<bool> {
        let taken = sqlx::query(
            "UPDATE forges SET swept_at = $1 WHERE name = $2 AND (swept_at <= $3 OR swept_at > $1 + 600000)",
        )
        .bind(now)
        .bind(&forge.0)
        .bind(now - every)
        .execute(self.write())
        .await?;
        Ok(taken.rows_affected() == 1)
    }

    /// Gives a sweep back that did not come to its end: the next look takes it again.
    pub async fn return_sweep(&self, forge: &ForgeName) -> Result<()> {
        sqlx::query("UPDATE forges SET swept_at = 0 WHERE name = $1")
            .bind(&forge.0)
            .execute(self.write())
            .await?;
        Ok(())
    }

    /// Since when a repository is ours to look at: since it was given to us, or where the forge does not tell (or our
    /// clock was ahead when it did), since we first served the forge.
    pub async fn served_since(&self, forge: &ForgeName, repository: u64, now: i64) -> Result<i64> {
        match self.installed_since(forge, &[repository], now).await?.get(&repository) {
            Some(since) => Ok(*since),
            None => self.first_started(forge, now).await,
        }
    }

    /// When these repositories were given to us, as far as the forge told.
    pub async fn installed_since(
        &self,
        forge: &ForgeName,
        repositories: &[u64],
        now: i64,
    ) -> Result<BTreeMap<u64, i64>> {
        if repositories.is_empty() {
            return Ok(BTreeMap::new());
        }
        let text = format!(
            "SELECT repository_id, since FROM installed WHERE forge = $1 AND since <= $2 AND repository_id IN {}",
            parameters(3, repositories.len())
        );
        let query = sqlx::query(AssertSqlSafe(text)).bind(&forge.0).bind(now + SKEW);
        let query = repositories.iter().fold(query, |query, id| query.bind(to_row(*id)));
        let rows = query.fetch_all(self.read()).await?;
        let since = |row: &AnyRow| Ok((from_row(row.try_get("repository_id")?), row.try_get("since")?));
        rows.iter().map(since).collect()
    }

    /// Remembers when a repository was given to us.
    pub async fn note_installed(&self, forge: &ForgeName, repository: u64, since: i64) -> Result<()> {
        sqlx::query(
            "INSERT INTO installed (forge, repository_id, since) VALUES ($1, $2, $3)
             ON CONFLICT (forge, repository_id) DO UPDATE SET since = excluded.since",
        )
        .bind(&forge.0)
        .bind(to_row(repository))
        .bind(since)
        .execute(self.write())
        .await?;
        Ok(())
    }

    /// Reserves the account's next write, `gap` milliseconds after the one before: returns when it may be sent. No
    /// queue of writes is ten minutes long: a later turn was taken by a clock that was ahead.
    pub async fn reserve_write(
        &self,
        forge: &ForgeName,
        installation: Option<u64>,
        now: i64,
        gap: i64,
    ) -> Result<i64> {
        let row = sqlx::query(
            "INSERT INTO accounts (forge, installation, next_write_at, paused_until) VALUES ($1, $2, $3 + $4, 0)
             ON CONFLICT (forge, installation) DO UPDATE SET next_write_at =
                CASE WHEN accounts.next_write_at > $3 AND accounts.next_write_at <= $3 + 600000
                    THEN accounts.next_write_at ELSE $3 END + $4
             RETURNING next_write_at",
        )
        .bind(&forge.0)
        .bind(account(installation))
        .bind(now)
        .bind(gap)
        .fetch_one(self.write())
        .await?;
        Ok(row.try_get::<i64, _>("next_write_at")? - gap)
    }

    /// No job of this account is claimed before `until`.
    pub async fn pause_account(
        &self,
        forge: &ForgeName,
        installation: Option<u64>,
        until: i64,
    ) -> Result<()> {
        sqlx::query(
            "INSERT INTO accounts (forge, installation, next_write_at, paused_until) VALUES ($1, $2, 0, $3)
             ON CONFLICT (forge, installation) DO UPDATE SET paused_until =
                CASE WHEN accounts.paused_until > $3 AND accounts.paused_until <= $3 + 7200000
                    THEN accounts.paused_until ELSE $3 END",
        )
        .bind(&forge.0)
        .bind(account(installation))
        .bind(until)
        .execute(self.write())
        .await?;
        Ok(())
    }

    /// Does this account wait for a limit to end?
    pub async fn is_paused(&self, forge: &ForgeName, installation: Option<u64>, now: i64) -> Result<bool> {
        let row = sqlx::query(
            "SELECT 1 FROM accounts WHERE forge = $1 AND installation = $2 AND paused_until > $3
                AND paused_until <= $3 + 7200000",
        )
        .bind(&forge.0)
        .bind(account(installation))
        .bind(now)
        .fetch_optional(self.read())
        .await?;
        Ok(row.is_some())
    }
}

/// Forges without installations have one account: 0.
pub(super) fn account(installation: Option<u64>) -> i64 {
    installation.map_or(0, to_row)
}
