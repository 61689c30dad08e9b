//! The one commit status. Any state but the four words opens a required gate, so no other is ever sent.

use serde_json::json;

use crate::forge::Result;
use crate::model::id::{Repository, Sha};
use crate::model::status::{STATUS_NAME, Status};

use super::api::{Call, repo};
use super::wire::CommitStatus;
use super::{Gitea, of};

/// Longest description, in characters.
pub(super) const DESCRIPTION: usize = 255;
const REMEMBERED: u64 = 2_000;

/// What was last sent to each commit by this process: state, description, address.
pub(super) struct Sent(moka::future::Cache<(u64, Sha), Row>);

impl Default for Sent {
    fn default() -> Self {
        Self(moka::future::Cache::new(REMEMBERED))
    }
}

/// Two equal ones in a row are one.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Row {
    state: String,
    description: String,
    target_url: String,
}

impl From<&Status> for Row {
    fn from(status: &Status) -> Self {
        Self {
            state: status.outcome.gitea_state().to_owned(),
            description: status.description.chars().take(DESCRIPTION).collect(),
            target_url: status.details_url.clone().unwrap_or_default(),
        }
    }
}

impl From<CommitStatus> for Row {
    fn from(status: CommitStatus) -> Self {
        Self { state: status.status, description: status.description, target_url: status.target_url }
    }
}

impl Gitea {
    /// Every post adds a row on the forge, so the same one is not sent twice. What this process remembers can only say
    /// that they differ: that they are equal the forge has to confirm, for another replica may have written since.
    pub(super) async fn write_status(&self, repository: &Repository, status: &Status) -> Result<()> {
        let (key, row) = ((repository.id, status.sha.clone()), Row::from(status));
        let differs = self.sent.0.get(&key).await.is_some_and(|last| last != row);
        if !differs && self.last_status(repository, &status.sha).await?.map(Row::from).as_ref() == Some(&row)
        {
            self.sent.0.insert(key, row).await;
            return Ok(());
        }
        let what = of(format!("the status of {}", status.sha.short()), repository);
        let body = json!({
            "context": STATUS_NAME,
            "state": row.state,
            "description": row.description,
            "target_url": row.target_url,
        });
        self.api
            .send(Call::post(what, format!("{}/statuses/{}", repo(repository), status.sha), body))
            .await?;
        self.sent.0.insert(key, row).await;
        Ok(())
    }

    /// The newest under our name. Newest come first, so the first page that has one of ours ends the reading; among
    /// them the number decides.
    async fn last_status(&self, repository: &Repository, sha: &Sha) -> Result<Option<CommitStatus>> {
        let what = of(format!("the statuses of {}", sha.short()), repository);
        let path = format!("{}/commits/{sha}/statuses", repo(repository));
        let call = || Call::get(what.clone(), path.clone()).query("sort", "highestindex");
        let is_ours = |status: &CommitStatus| status.context == STATUS_NAME;
        let (statuses, _) = self.api.list_until(call, |read| read.iter().any(is_ours)).await?;
        Ok(statuses.into_iter().filter(is_ours).max_by_key(|s| s.id))
    }
}
