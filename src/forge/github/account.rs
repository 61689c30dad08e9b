//! Who we are, and where we may work.

use http::Method;
use serde_json::json;

use super::GitHub;
use super::http::Ask;
use super::path;
use super::wire::{Installation, Permission, RestRepositories, RestRepository};
use crate::forge::{ForgeError, Result};
use crate::model::id::Repository;

impl GitHub {
    /// The installation that gives access to a repository: known from its webhook, else asked for once.
    pub(super) async fn installation(&self, repository: &Repository) -> Result<u64> {
        if let Some(id) = repository.installation {
            return Ok(id);
        }
        if let Some(id) = self.installations.get(&repository.id).await {
            return Ok(id);
        }
        let path = format!("{}/installation", path::repository(repository));
        let what = format!("the installation of {}", repository.full_name());
        let found: Installation = self.http.app_get(&path, &what).await?.json(&what)?;
        self.installations.insert(repository.id, found.id).await;
        Ok(found.id)
    }

    pub(super) async fn read_repository(&self, repository: &Repository) -> Result<Repository> {
        let what = format!("the repository {}", repository.full_name());
        let installation = self.installation(repository).await?;
        let ask = Ask::get(path::repository(repository), &what);
        match self.http.json::<RestRepository>(installation, &ask).await {
            Ok(found) if found.id == repository.id => return Ok(named(found, installation)),
            // Renamed, and the old name is gone or another repository's: it is found by its number.
            Ok(_) | Err(ForgeError::NotFound { .. }) => {}
            Err(error) => return Err(error),
        }
        let all = self.repositories_of(installation).await?;
        let found = all.into_iter().find(|r| r.id == repository.id);
        found.map(|r| named(r, installation)).ok_or(ForgeError::NotFound { what })
    }

    /// Every installation that is not suspended.
    pub(super) async fn read_installations(&self) -> Result<Vec<Option<u64>>> {
        let path = "/app/installations?per_page=100";
        let found: Vec<Installation> = self.http.app_pages(path, "the installations").await?;
        Ok(found.into_iter().filter(|i| i.suspended_at.is_none()).map(|i| Some(i.id)).collect())
    }

    /// Every repository of an installation that takes comments, as far as the allow-list lets us.
    pub(super) async fn read_repositories(&self, installation: Option<u64>) -> Result<Vec<Repository>> {
        // Without an installation GitHub gives us nothing.
        let Some(installation) = installation else { return Ok(Vec::new()) };
        let found = self.repositories_of(installation).await?.into_iter().filter(|r| !r.archived);
        Ok(found.map(|r| named(r, installation)).filter(|r| self.allows(r)).collect())
    }

    async fn repositories_of(&self, installation: u64) -> Result<Vec<RestRepository>> {
        let ask = Ask::get("/installation/repositories?per_page=100", "the installation's repositories");
        self.http.pages(installation, ask, |page: RestRepositories| page.repositories).await
    }

    pub(super) async fn read_may_write(&self, repository: &Repository, login: &str) -> Result<bool> {
        let installation = self.installation(repository).await?;
        let home = path::repository(repository);
        let ask = Ask::get(
            format!("{home}/collaborators/{}/permission", path::segment(login)),
            format!("the permission of {login}"),
        );
        match self.http.json::<Permission>(installation, &ask).await {
            Ok(found) => Ok(matches!(found.permission.as_str(), "admin" | "write" | "maintain")),
            Err(ForgeError::NotFound { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    pub(super) async fn react(&self, repository: &Repository, comment: u64) -> Result<()> {
        let installation = self.installation(repository).await?;
        let path = format!("{}/issues/comments/{comment}/reactions", path::repository(repository));
        let ask = Ask::send(Method::POST, path, json!({"content": "eyes"}), "the reaction");
        self.http.send(installation, &ask).await.map(drop)
    }
}

fn named(found: RestRepository, installation: u64) -> Repository {
    Repository { id: found.id, owner: found.owner.login, name: found.name, installation: Some(installation) }
}
