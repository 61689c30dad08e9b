//! What only the holder of a job may write.

use sqlx::{Any, Transaction};

use super::jobs::Claim;
use super::{Result, Store};

impl Store {
    /// A transaction under the job's token. `None`: the token no longer holds, and nothing may be written.
    pub(super) async fn begin_as_holder(&self, claim: &Claim) -> Result<Option<Transaction<'static, Any>>> {
        let mut transaction = self.begin().await?;
        // Changes nothing, but locks the row: until the transaction ends, nobody can take the job over.
        let held = sqlx::query(
            "UPDATE jobs SET lease_token = lease_token WHERE id = $1 AND lease_token = $2 AND state = 'running'",
        )
        .bind(&claim.id)
        .bind(&claim.token)
        .execute(&mut *transaction)
        .await?;
        Ok((held.rows_affected() == 1).then_some(transaction))
    }
}
