//! How far the sweep of an account has come, what it has spent, and what a page of its lists brings.

use sqlx::{Any, Row, Transaction};

use super::forges::account;
use super::jobs::put_swept;
use super::pulls::{KnownPull, note};
use super::{Result, Store, count, from_row, to_row};
use crate::model::delivery::NewJob;
use crate::model::id::ForgeName;

/// Spending is added up by so many milliseconds.
const SLICE: i64 = 300_000;
const HOUR: i64 = 3_600_000;

/// Where the sweep of an account stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SweepState {
    /// The repository it goes on from, by id; 0: from the first.
    pub next: u64,
    /// How many requests it took last to list the account's repositories.
    pub listing: u64,
    /// Requests and points that it has spent in the last hour.
    pub spent: u64,
}

/// What a page of lists brings: written at once, so that the sweep never goes on past what is not noted.
#[derive(Clone, Copy, Debug)]
pub struct SweptPage<'a> {
    pub forge: &'a ForgeName,
    pub installation: Option<u64>,
    pub pulls: &'a [KnownPull],
    /// Looks at pull requests that left their list: at once.
    pub left: &'a [NewJob],
    /// Reviews of what was found, one after another: the first at `turn`, each `gap` milliseconds after the other.
    pub found: &'a [NewJob],
    pub turn: i64,
    pub gap: i64,
    /// Where the account's sweep goes on; `None`: this page is none of it.
    pub next: Option<u64>,
    pub points: u64,
}

impl Store {
    pub async fn sweep_state(
        &self,
        forge: &ForgeName,
        installation: Option<u64>,
        now: i64,
    ) -> Result<SweepState> {
        let stands =
            sqlx::query("SELECT next_repository, listing FROM sweeps WHERE forge = $1 AND installation = $2")
                .bind(&forge.0)
                .bind(account(installation))
                .fetch_optional(self.read())
                .await?;
        // A slice counts until all of it is an hour old; one of the future was written by a clock that was ahead.
        let spent = sqlx::query(
            "SELECT CAST(COALESCE(SUM(points), 0) AS BIGINT) AS points FROM sweep_points
             WHERE forge = $1 AND installation = $2 AND spent_at > $3 AND spent_at <= $4",
        )
        .bind(&forge.0)
        .bind(account(installation))
        .bind(now - HOUR - SLICE)
        .bind(now + SLICE)
        .fetch_one(self.read())
        .await?;
        let mut state = SweepState { spent: count(&spent, "points")?, ..SweepState::default() };
        if let Some(row) = stands {
            state.next = from_row(row.try_get("next_repository")?);
            state.listing = count(&row, "listing")?;
        }
        Ok(state)
    }

    /// The account's repositories were listed with so many requests.
    pub async fn note_listing(
        &self,
        forge: &ForgeName,
        installation: Option<u64>,
        requests: u64,
        now: i64,
    ) -> Result<()> {
        let mut transaction = self.begin().await?;
        sqlx::query(
            "INSERT INTO sweeps (forge, installation, next_repository, listing) VALUES ($1, $2, 0, $3)
             ON CONFLICT (forge, installation) DO UPDATE SET listing = excluded.listing",
        )
        .bind(&forge.0)
        .bind(account(installation))
        .bind(to_row(requests))
        .execute(&mut *transaction)
        .await?;
        spend(&mut transaction, forge, installation, requests, now).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Writes a page of the sweep. Returns how many of the found were queued.
    pub async fn save_swept(&self, page: &SweptPage<'_>, now: i64) -> Result<usize> {
        let mut transaction = self.begin().await?;
        note(&mut transaction, page.pulls).await?;
        for job in page.left {
            put_swept(&mut transaction, job, now, now).await?;
        }
        let (mut queued, mut turn) = (0, page.turn);
        for job in page.found {
            if put_swept(&mut transaction, job, now, turn).await? {
                queued += 1;
                turn += page.gap;
            }
        }
        if let Some(next) = page.next {
            sqlx::query(
                "INSERT INTO sweeps (forge, installation, next_repository, listing) VALUES ($1, $2, $3, 0)
                 ON CONFLICT (forge, installation) DO UPDATE SET next_repository = excluded.next_repository",
            )
            .bind(&page.forge.0)
            .bind(account(page.installation))
            .bind(to_row(next))
            .execute(&mut *transaction)
            .await?;
        }
        spend(&mut transaction, page.forge, page.installation, page.points, now).await?;
        transaction.commit().await?;
        self.inner.ready.notify_one();
        Ok(queued)
    }
}

async fn spend(
    transaction: &mut Transaction<'static, Any>,
    forge: &ForgeName,
    installation: Option<u64>,
    points: u64,
    now: i64,
) -> sqlx::Result<()> {
    sqlx::query("DELETE FROM sweep_points WHERE forge = $1 AND installation = $2 AND spent_at < $3")
        .bind(&forge.0)
        .bind(account(installation))
        .bind(now - 2 * HOUR)
        .execute(&mut **transaction)
        .await?;
    sqlx::query(
        "INSERT INTO sweep_points (forge, installation, spent_at, points) VALUES ($1, $2, $3, $4)
         ON CONFLICT (forge, installation, spent_at) DO UPDATE SET points = sweep_points.points + excluded.points",
    )
    .bind(&forge.0)
    .bind(account(installation))
    .bind(now - now.rem_euclid(SLICE))
    .bind(to_row(points))
    .execute(&mut **transaction)
    .await?;
    Ok(())
}
