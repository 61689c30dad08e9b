//! What is remembered of our comments on the forges.

use sqlx::{Any, Row, Transaction};

use super::jobs::Claim;
use super::pulls::PullKey;
use super::{Result, Store, StoreError, from_row, to_row};
use crate::model::plan::{Posting, PostingKind};

impl Store {
    /// All postings of a pull request, in the order of their forge ids.
    pub async fn postings(&self, pull: &PullKey) -> Result<Vec<Posting>> {
        let rows = sqlx::query(
            "SELECT kind, forge_id, review_id, fingerprints, headline, body_hash, fixed, removed FROM postings
             WHERE forge = $1 AND repository_id = $2 AND pull = $3 ORDER BY forge_id, kind",
        )
        .bind(&pull.forge.0)
        .bind(to_row(pull.repository))
        .bind(to_row(pull.number))
        .fetch_all(self.write())
        .await?;
        rows.iter().map(posting).collect()
    }

    /// Writes postings as they are now; those of the same kind and forge id are replaced. `false`: the job's token no
    /// longer holds, and nothing was written.
    pub async fn save_postings(&self, claim: &Claim, pull: &PullKey, postings: &[Posting]) -> Result<bool> {
        let Some(mut transaction) = self.begin_as_holder(claim).await? else { return Ok(false) };
        for posting in postings {
            save(&mut transaction, pull, posting).await?;
        }
        transaction.commit().await?;
        Ok(true)
    }
}

async fn save(transaction: &mut Transaction<'static, Any>, pull: &PullKey, posting: &Posting) -> Result<()> {
    let fingerprints = serde_json::to_string(&posting.fingerprints).map_err(|_| unreadable())?;
    sqlx::query(
        "INSERT INTO postings (forge, repository_id, pull, kind, forge_id, review_id, fingerprints, headline,
            body_hash, fixed, removed) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
         ON CONFLICT (forge, repository_id, pull, kind, forge_id) DO UPDATE SET review_id = excluded.review_id,
            fingerprints = excluded.fingerprints, headline = excluded.headline, body_hash = excluded.body_hash, fixed = excluded.fixed,
            removed = excluded.removed",
    )
    .bind(&pull.forge.0)
    .bind(to_row(pull.repository))
    .bind(to_row(pull.number))
    .bind(kind_text(posting.kind))
    .bind(to_row(posting.forge_id))
    .bind(to_row(posting.review_id))
    .bind(fingerprints)
    .bind(&posting.headline)
    .bind(&posting.body_hash)
    .bind(i64::from(posting.fixed))
    .bind(i64::from(posting.removed))
    .execute(&mut **transaction)
    .await?;
    Ok(())
}

fn posting(row: &sqlx::any::AnyRow) -> Result<Posting> {
    let kind = match row.try_get::<String, _>("kind")?.as_str() {
        "inline" => PostingKind::Inline,
        "summary" => PostingKind::Summary,
        _ => return Err(unreadable()),
    };
    Ok(Posting {
        kind,
        forge_id: from_row(row.try_get("forge_id")?),
        review_id: from_row(row.try_get("review_id")?),
        fingerprints: serde_json::from_str(&row.try_get::<String, _>("fingerprints")?)
            .map_err(|_| unreadable())?,
        headline: row.try_get("headline")?,
        body_hash: row.try_get("body_hash")?,
        fixed: row.try_get::<i64, _>("fixed")? == 1,
        removed: row.try_get::<i64, _>("removed")? == 1,
    })
}

fn kind_text(kind: PostingKind) -> &'static str {
    match kind {
        PostingKind::Inline => "inline",
        PostingKind::Summary => "summary",
    }
}

fn unreadable() -> StoreError {
    StoreError::Unreadable { what: "posting" }
}
