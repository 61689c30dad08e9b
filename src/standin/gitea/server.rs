//! The forge as a server: where it listens, who has tokens, how it misbehaves, and what it was asked.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;

use crate::standin::repository::GitRepository;

use super::world::{DEFAULT_BRANCH, Delivery, Fault, Moment, Permission, Repo, Request, Token, World};
use super::{BOT, BOT_TOKEN, Repository, Shared, http, lock};

/// The forge.
#[derive(Clone, Debug)]
pub struct Forgejo {
    world: Shared,
}

impl Default for Forgejo {
    fn default() -> Self {
        Self::new()
    }
}

impl Forgejo {
    /// A forge with the bot's account, not yet listening.
    pub fn new() -> Self {
        let forge = Self { world: Arc::new(Mutex::new(World::new())) };
        forge.set_token(BOT_TOKEN, BOT, &["write:repository", "write:issue", "read:user"]);
        forge
    }

    /// Its API.
    pub fn router(&self) -> Router {
        http::router(self.world.clone())
    }

    /// Listens on a free loopback port for as long as the runtime lives.
    pub async fn start() -> std::io::Result<Self> {
        let forge = Self::new();
        forge.listen(SocketAddr::from(([127, 0, 0, 1], 0))).await?;
        Ok(forge)
    }

    /// Listens on this address; [`Self::url`] is then where it is found.
    pub async fn listen(&self, address: SocketAddr) -> std::io::Result<()> {
        let listener = tokio::net::TcpListener::bind(address).await?;
        lock(&self.world).root_url = format!("http://{}", listener.local_addr()?);
        let server = axum::serve(listener, self.router());
        tokio::spawn(async move { server.await });
        Ok(())
    }

    /// As people open it, and as the settings of a client want it.
    pub fn url(&self) -> String {
        lock(&self.world).root_url.clone()
    }

    /// Makes or changes a token.
    pub fn set_token(&self, token: &str, login: &str, scopes: &[&str]) {
        let scopes = scopes.iter().map(|s| (*s).to_owned()).collect();
        lock(&self.world).tokens.insert(token.to_owned(), Token { login: login.to_owned(), scopes });
    }

    pub fn revoke_token(&self, token: &str) {
        lock(&self.world).tokens.remove(token);
    }

    /// A repository `owner/name` whose branch `main` holds these files; the bot may write to it.
    pub fn repository(&self, full_name: &str, files: &[(&str, &str)]) -> Repository {
        let mut world = lock(&self.world);
        let (owner, name) = full_name.split_once('/').unwrap_or(("ada", full_name));
        let id = world.repositories.len() as u64 + 1;
        world.repositories.push(Repo {
            id,
            owner: owner.to_owned(),
            name: name.to_owned(),
            former_names: Vec::new(),
            git: GitRepository::new(DEFAULT_BRANCH, files),
            private: false,
            archived: false,
            collaborators: [(BOT.to_owned(), Permission::Write)].into(),
            required: Vec::new(),
            pulls: [].into(),
            comments: Vec::new(),
            statuses: Vec::new(),
            hooks: Vec::new(),
            releases: Vec::new(),
        });
        Repository { world: self.world.clone(), id, owner: owner.to_owned() }
    }

    /// Most entries in a page, however many are asked for.
    pub fn set_page(&self, entries: usize) {
        lock(&self.world).page = entries;
    }

    /// After each later push, so many reads still see the old head in the diff, and the old merge base.
    pub fn set_lag(&self, head_reads: usize, merge_base_reads: usize) {
        let mut world = lock(&self.world);
        (world.head_lag, world.merge_base_lag) = (head_reads, merge_base_reads);
    }

    /// The next `count` calls of `method` whose path contains `path` answer 500.
    pub fn fail_next(&self, count: usize, method: &str, path: &str, moment: Moment) {
        let fault = Fault { method: method.to_owned(), path: path.to_owned(), left: count, moment };
        lock(&self.world).faults.push(fault);
    }

    /// From now on every call answers 429, or none does.
    pub fn set_limited(&self, limited: bool) {
        lock(&self.world).limited = limited;
    }

    /// Every call so far.
    pub fn requests(&self) -> Vec<Request> {
        lock(&self.world).requests.clone()
    }

    /// How many calls of `method` had `path` in theirs.
    pub fn count(&self, method: &str, path: &str) -> usize {
        self.requests().iter().filter(|r| r.method == method && r.path.contains(path)).count()
    }

    pub fn forget_requests(&self) {
        lock(&self.world).requests.clear();
    }

    /// What a real forge would have swallowed and made wrong. A test asserts that there is none.
    pub fn violations(&self) -> Vec<String> {
        lock(&self.world).violations.clone()
    }

    /// Webhooks that wait to be sent, in order; they are gone from here then.
    pub fn take_deliveries(&self) -> Vec<Delivery> {
        std::mem::take(&mut lock(&self.world).deliveries)
    }

    /// Sends the waiting webhooks, each once whatever the answer, and tells the answers' statuses; 0 without one.
    pub async fn deliver(&self) -> Vec<u16> {
        let client = reqwest::Client::builder().no_proxy().timeout(std::time::Duration::from_secs(5)).build();
        let Ok(client) = client else { return Vec::new() };
        let mut statuses = Vec::new();
        for delivery in self.take_deliveries() {
            let Some(url) = delivery.url else { continue };
            let sent = client.post(url).headers(delivery.headers).body(delivery.body).send().await;
            statuses.push(sent.map_or(0, |answer| answer.status().as_u16()));
        }
        statuses
    }
}
