//! GitHub, on github.com or an own server, as one App.

mod account;
mod answer;
mod change;
mod check;
mod files;
mod history;
mod http;
mod lists;
mod path;
mod pulls;
pub mod queries;
mod review;
pub mod webhook;
mod wire;

use std::fmt;

use async_trait::async_trait;
use secrecy::{ExposeSecret, SecretString};

use self::http::{Http, invalid};
use super::contents::{Contents, Trees};
use super::{Budget, FileWanted, Forge, ForgeError, ListAsked, Lists, PostedReview, Reader, Result, Take};
use crate::config::settings::AllowList;
use crate::model::change::Change;
use crate::model::id::{Repository, Sha};
use crate::model::plan::{CommentEdit, ForgePosting, NewReview};
use crate::model::pull::{Capabilities, PullRequest, Standing};
use crate::model::status::Status;
use crate::source::Tree;

/// What the App may do, and what for. The manifest asks for exactly this; a test compares.
pub const PERMISSIONS: [(&str, &str, &str); 7] = [
    ("checks", "write", "the check run; hearing of re-runs"),
    ("contents", "read", "trees, files, comparisons, refs, tags"),
    ("deployments", "read", "what counts as deployed (MIG001, MIG002)"),
    ("issues", "read", "hearing of commands: GitHub delivers comments under pull requests as issue comments"),
    ("merge_queues", "read", "hearing of merge groups"),
    ("metadata", "read", "repositories, and who may write"),
    ("pull_requests", "write", "pull requests, reviews, their comments, reactions to commands"),
];

/// How to reach GitHub, and as whom.
#[derive(Debug)]
pub struct GitHubSettings {
    /// The forge's name in the settings.
    pub name: String,
    /// `https://api.github.com`, or `https://HOST/api/v3`.
    pub url: String,
    pub app_id: String,
    /// PEM, with real line ends.
    pub private_key: SecretString,
    /// Whose comments are ours; asked for when it is not set.
    pub bot_login: Option<String>,
    /// Globs of `owner/name`; empty allows every repository of the installations.
    pub repositories: Vec<String>,
}

/// GitHub as one App.
pub struct GitHub {
    name: String,
    app_id: u64,
    bot_login: String,
    /// Where people look, without a final slash.
    web: String,
    allowed: AllowList,
    http: Http,
    installations: moka::future::Cache<u64, u64>,
    contents: Contents,
    trees: Trees,
    sizes: files::Sizes,
    commits: change::Scanned,
    prefetched: pulls::Prefetched,
    checks: check::Checks,
}

impl fmt::Debug for GitHub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GitHub")
            .field("name", &self.name)
            .field("bot_login", &self.bot_login)
            .finish_non_exhaustive()
    }
}

impl GitHub {
    /// Reads the key and asks GitHub who we are: a wrong key or id fails here, not at the first webhook.
    pub async fn connect(settings: GitHubSettings) -> Result<Self> {
        let what = "the App's id";
        let app_id = settings.app_id.trim().parse().map_err(|_| {
            let message =
                format!("`{}` is not the number that the App's settings page shows", settings.app_id);
            invalid(what, message)
        })?;
        let http = Http::new(&settings.url, app_id, settings.private_key.expose_secret())?;
        let bot_login = match (own_login(&http).await.map_err(refused_key), settings.bot_login) {
            (Ok(_), Some(login)) => login,
            // A GitHub that is down need not keep us from starting.
            (Err(ForgeError::Transient { .. }), Some(login)) => login,
            (asked, _) => asked?,
        };
        Ok(Self {
            name: settings.name,
            app_id,
            bot_login,
            web: path::web(&settings.url),
            allowed: AllowList::new(&settings.repositories)
                .map_err(|e| invalid("the list of repositories", e.to_string()))?,
            http,
            installations: moka::future::Cache::new(10_000),
            contents: Contents::default(),
            trees: Trees::default(),
            sizes: moka::future::Cache::new(20_000),
            commits: change::Scanned::default(),
            prefetched: pulls::Prefetched::new(),
            checks: moka::future::Cache::new(1_000),
        })
    }

    /// The login our comments carry, `[bot]` included.
    pub fn bot_login(&self) -> &str {
        &self.bot_login
    }

    /// Does the allow-list let us work for this repository?
    pub fn allows(&self, repository: &Repository) -> bool {
        self.allowed.allows(&repository.full_name())
    }

    /// What a webhook must know of us to leave our own events alone.
    pub fn identity(&self) -> webhook::Identity {
        webhook::Identity { app_id: self.app_id, bot_login: self.bot_login.clone() }
    }

    fn is_own(&self, login: &str) -> bool {
        login.eq_ignore_ascii_case(&self.bot_login)
    }

    fn is_author(&self, user: Option<&wire::Account>) -> bool {
        user.is_some_and(|u| self.is_own(&u.login))
    }
}

async fn own_login(http: &Http) -> Result<String> {
    let app: wire::App = http.app_get("/app", "the App").await?.json("the App")?;
    Ok(format!("{}[bot]", app.slug))
}

/// While we serve, a refused token of the App passes; at the start its key or its id is wrong, or the clock.
fn refused_key(error: ForgeError) -> ForgeError {
    match error {
        ForgeError::Transient { what, message } if message.contains("JSON web token") => {
            let next = "compare app_id and the private key with the App's page, and this machine's clock with the time";
            invalid(&what, format!("GitHub does not accept its key ({message}): {next}"))
        }
        other => other,
    }
}

#[async_trait]
impl Reader for GitHub {
    async fn fetch_tree(&self, repository: &Repository, commit: &Sha) -> Result<Tree> {
        self.read_tree(repository, commit).await
    }

    async fn fetch_each(
        &self,
        repository: &Repository,
        wanted: &[FileWanted],
        take: &mut Take<'_>,
    ) -> Result<()> {
        self.read_files(repository, wanted, take).await
    }

    async fn fetch_ref(&self, repository: &Repository, name: &str) -> Result<Option<Sha>> {
        self.read_ref(repository, name).await
    }

    async fn fetch_tags(&self, repository: &Repository) -> Result<Vec<String>> {
        self.read_tags(repository).await
    }

    async fn fetch_deployed(&self, repository: &Repository, environment: &str) -> Result<Option<Sha>> {
        self.read_deployed(repository, environment).await
    }
}

#[async_trait]
impl Forge for GitHub {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            check_runs: true,
            suggestions: true,
            multi_line: true,
            status_description: 140,
            body: review::BODY,
        }
    }

    fn line_url(&self, repository: &Repository, commit: &Sha, path: &str, line: Option<u32>) -> String {
        path::line(&self.web, repository, commit, path, line)
    }

    async fn fetch_repository(&self, repository: &Repository) -> Result<Repository> {
        self.read_repository(repository).await
    }

    async fn fetch_installations(&self) -> Result<Vec<Option<u64>>> {
        self.read_installations().await
    }

    async fn fetch_repositories(&self, installation: Option<u64>) -> Result<Vec<Repository>> {
        self.read_repositories(installation).await
    }

    async fn fetch_pull(&self, repository: &Repository, number: u64) -> Result<PullRequest> {
        self.read_pull(repository, number).await
    }

    async fn fetch_standing(&self, pull: &PullRequest) -> Result<Standing> {
        self.read_standing(pull).await
    }

    fn lists_at_once(&self) -> usize {
        lists::AT_ONCE
    }

    async fn fetch_open_pulls(&self, asked: &[ListAsked]) -> Result<Lists> {
        self.read_lists(asked).await
    }

    fn budgets(&self, installation: Option<u64>) -> Vec<Budget> {
        installation.map(|id| self.http.budgets(id)).unwrap_or_default()
    }

    async fn fetch_change(&self, pull: &PullRequest) -> Result<Change> {
        self.read_change(pull).await
    }

    async fn fetch_group_change(&self, repository: &Repository, head: &Sha, base: &Sha) -> Result<Change> {
        self.read_group_change(repository, head, base).await
    }

    async fn fetch_own_postings(&self, pull: &PullRequest) -> Result<Vec<ForgePosting>> {
        self.read_own_postings(pull).await
    }

    async fn fetch_may_write(&self, repository: &Repository, login: &str) -> Result<bool> {
        self.read_may_write(repository, login).await
    }

    async fn ensure_status(&self, repository: &Repository, status: &Status) -> Result<()> {
        self.set_status(repository, status).await
    }

    async fn ensure_review(&self, pull: &PullRequest, review: &NewReview) -> Result<PostedReview> {
        review::check_length(review)?;
        self.post_review(pull, review).await
    }

    async fn ensure_comment(&self, pull: &PullRequest, edit: &CommentEdit) -> Result<()> {
        self.edit(pull, edit).await
    }

    async fn ensure_reaction(&self, repository: &Repository, comment_id: u64) -> Result<()> {
        self.react(repository, comment_id).await
    }
}
