//! Refs, tags and what was deployed.

use super::GitHub;
use super::http::{Ask, SHA};
use super::path;
use super::wire::{Deployment, DeploymentStatus, Tag};
use crate::forge::{ForgeError, Result};
use crate::model::id::{Repository, Sha};

/// How far back a successful deployment is looked for.
const MOST_DEPLOYMENTS: usize = 30;

impl GitHub {
    pub(super) async fn read_ref(&self, repository: &Repository, name: &str) -> Result<Option<Sha>> {
        let installation = self.installation(repository).await?;
        let address = format!("{}/commits/{}", path::repository(repository), path::segment(name));
        let ask = Ask::get(address, format!("the ref {}", Sha::readable(name))).accept(SHA);
        match self.http.send(installation, &ask).await {
            Ok(reply) => Ok(std::str::from_utf8(&reply.body).ok().and_then(|t| Sha::parse(t.trim()))),
            // GitHub says 422 for "No commit found for SHA".
            Err(ForgeError::NotFound { .. } | ForgeError::Invalid { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub(super) async fn read_tags(&self, repository: &Repository) -> Result<Vec<String>> {
        let installation = self.installation(repository).await?;
        let ask = Ask::get(format!("{}/tags?per_page=100", path::repository(repository)), "the tags");
        let tags = self.http.pages(installation, ask, |page: Vec<Tag>| page).await?;
        Ok(tags.into_iter().map(|t| t.name).collect())
    }

    /// The newest deployment whose latest status is success. Releases do not stand in for it: where there are
    /// deployments, an environment without one is a mistake in the policy.
    pub(super) async fn read_deployed(
        &self,
        repository: &Repository,
        environment: &str,
    ) -> Result<Option<Sha>> {
        let installation = self.installation(repository).await?;
        let home = path::repository(repository);
        let filter = format!("environment={}&per_page={MOST_DEPLOYMENTS}", path::segment(environment));
        let ask = Ask::get(format!("{home}/deployments?{filter}"), "the deployments");
        let deployments: Vec<Deployment> = self.http.json(installation, &ask).await?;
        for deployment in deployments {
            let address = format!("{home}/deployments/{}/statuses?per_page=1", deployment.id);
            let statuses: Vec<DeploymentStatus> =
                self.http.json(installation, &Ask::get(address, "a deployment's status")).await?;
            if statuses.first().is_some_and(|s| s.state == "success") {
                return Ok(Sha::parse(&deployment.sha));
            }
        }
        Ok(None)
    }
}
