//! Puts settings, forges, store, worker and server together: the one place where all floors meet.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;

use anyhow::Context as _;
use axum::http::HeaderMap;
use metrics_exporter_prometheus::PrometheusHandle;
use secrecy::{ExposeSecret, SecretString};
use tokio::net::TcpListener;

use crate::config::settings::{Account, ForgeSettings, Settings};
use crate::forge::Forge;
use crate::forge::gitea::{self, Gitea, GiteaSettings};
use crate::forge::github::{self, GitHub, GitHubSettings};
use crate::forge::signature::SignatureError;
use crate::model::delivery::Event;
use crate::model::id::ForgeName;
use crate::review::Reviewer;
use crate::rules;
use crate::server::webhook::{Room, Webhooks};
use crate::server::{AppState, HookedForge, RulePage};
use crate::store::Store;
use crate::store::clock::Clock;
use crate::worker::{GRACE, Options, ServedForge, Worker};

/// A server and its worker, ready to run.
#[derive(Debug)]
pub struct Assembly {
    pub state: Arc<AppState>,
    pub worker: Worker,
    pub store: Store,
}

/// One forge with both of its ends: what reads and writes, and what understands its webhooks.
struct Connected {
    forge: Arc<dyn Forge>,
    webhooks: Arc<dyn Webhooks>,
}

impl Assembly {
    /// Opens the store and connects to every forge of the settings: a wrong token fails here, not at the first webhook.
    pub async fn new(
        settings: Settings,
        clock: Clock,
        metrics: Option<PrometheusHandle>,
    ) -> anyhow::Result<Self> {
        let store =
            Store::open(settings.database_url.expose_secret()).await.context("the store does not open")?;
        let (mut forges, mut served, mut hooked) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        for forge in settings.forges {
            let name = ForgeName(forge.name.clone());
            // Before the first webhook can come: what is opened from now on is not backlog.
            store.first_started(&name, clock.now()).await.context("the store does not answer")?;
            let connected =
                connect(&forge).await.with_context(|| format!("forge \"{name}\" at {}", forge.url))?;
            let allowed = forge.repositories.clone();
            let allows = Arc::new(move |repository: &str| allowed.allows(repository));
            served.insert(name.clone(), ServedForge { forge: connected.forge.clone(), allows });
            forges.insert(name.clone(), connected.forge);
            let kind = forge.kind();
            let ForgeSettings { url, webhook_secret, repositories, .. } = forge;
            let webhooks = connected.webhooks;
            let entry = HookedForge { name: name.clone(), kind, url, webhook_secret, webhooks, repositories };
            hooked.insert(name.0, entry);
        }
        let reviewer = Reviewer::new(forges, store.clone(), clock.clone(), settings.public_url.clone());
        let retention_days = settings.retention_days;
        let options = Options { retention_days, ..Options::new(worker_name(&store, &clock).await?) };
        let worker = Worker::new(store.clone(), Arc::new(reviewer), served, clock.clone(), options);
        let state = AppState {
            store: store.clone(),
            clock,
            forges: hooked,
            rules: rule_pages(),
            public_url: settings.public_url,
            admin_token: settings.admin_token,
            retention_days,
            metrics,
            room: Room::default(),
        };
        Ok(Self { state: Arc::new(state), worker, store })
    }

    /// Serves and works until `stop` resolves: the server first, so that nothing new comes in while jobs end.
    pub async fn run(
        self,
        listener: TcpListener,
        stop: impl Future<Output = ()> + Send + 'static,
    ) -> anyhow::Result<()> {
        let stopped = futures::FutureExt::shared(futures::FutureExt::boxed(stop));
        let server =
            crate::server::serve(listener, crate::server::router(self.state), stopped.clone(), GRACE);
        let (served, ()) = tokio::join!(server, self.worker.run(stopped));
        self.store.close().await;
        served.context("the server stopped")
    }
}

/// What this process is called in the store. On an embedded store it is always the same: what that worker still holds
/// was left by a process that is gone, and is taken up at once.
async fn worker_name(store: &Store, clock: &Clock) -> anyhow::Result<String> {
    const EMBEDDED: &str = "embedded";
    if !store.is_embedded() {
        return Ok(uuid::Uuid::new_v4().to_string());
    }
    let left = store.reap_worker(EMBEDDED, clock.now()).await.context("the store does not answer")?;
    if left > 0 {
        tracing::info!(jobs = left, "taking up what an earlier process left");
    }
    Ok(EMBEDDED.to_owned())
}

/// The pages that comments link to.
fn rule_pages() -> Vec<RulePage> {
    let page = |rule: &&rules::Rule| RulePage {
        code: rule.code().to_owned(),
        name: rule.entry.name.to_owned(),
        severity: rule.entry.severity,
        markdown: rule.page.to_owned(),
    };
    rules::all().iter().map(page).collect()
}

async fn connect(settings: &ForgeSettings) -> anyhow::Result<Connected> {
    let name = ForgeName(settings.name.clone());
    let repositories = settings.repositories.patterns().to_vec();
    let (url, bot_login) = (settings.url.clone(), settings.bot_login.clone());
    Ok(match &settings.account {
        Account::GitHub { app_id, private_key } => {
            let (app_id, private_key) = (app_id.to_string(), private_key.clone());
            let forge = GitHub::connect(GitHubSettings {
                name: name.0,
                url,
                app_id,
                private_key,
                bot_login,
                repositories,
            })
            .await?;
            let own = forge.identity();
            Connected { forge: Arc::new(forge), webhooks: Arc::new(GitHubWebhooks { own }) }
        }
        Account::Gitea { token } => {
            let token = token.clone();
            let forge = Gitea::connect(GiteaSettings { name, url, token, bot_login, repositories }).await?;
            let bot_login = forge.bot_login().to_owned();
            Connected { forge: Arc::new(forge), webhooks: Arc::new(GiteaWebhooks { bot_login }) }
        }
    })
}

struct GitHubWebhooks {
    own: github::webhook::Identity,
}

impl Webhooks for GitHubWebhooks {
    fn verify(&self, headers: &HeaderMap, body: &[u8], secret: &SecretString) -> Result<(), SignatureError> {
        github::webhook::verify(headers, body, secret)
    }

    fn delivery_id(&self, headers: &HeaderMap) -> Option<String> {
        github::webhook::delivery_id(headers).map(str::to_owned)
    }

    fn parse(&self, headers: &HeaderMap, body: &[u8]) -> Result<Event, String> {
        github::webhook::parse(headers, body, &self.own).map_err(|error| error.to_string())
    }
}

struct GiteaWebhooks {
    bot_login: String,
}

impl Webhooks for GiteaWebhooks {
    fn verify(&self, headers: &HeaderMap, body: &[u8], secret: &SecretString) -> Result<(), SignatureError> {
        gitea::webhook::verify(headers, body, secret)
    }

    fn delivery_id(&self, headers: &HeaderMap) -> Option<String> {
        gitea::webhook::delivery_id(headers).map(str::to_owned)
    }

    fn parse(&self, headers: &HeaderMap, body: &[u8]) -> Result<Event, String> {
        gitea::webhook::parse(headers, body, &self.bot_login).map_err(|error| error.to_string())
    }
}
