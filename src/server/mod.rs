//! HTTP in: webhooks, the pages people read, probes and metrics. Whoever answers here never reviews anything.

mod admin;
pub mod dispatch;
mod headers;
mod markdown;
mod pages;
mod probes;
mod run_page;
mod view;
pub mod webhook;

pub use probes::install_metrics;

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::{get, post};
use futures::FutureExt;
use metrics_exporter_prometheus::PrometheusHandle;
use secrecy::SecretString;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::timeout::TimeoutLayer;

use crate::config::settings::{AllowList, ForgeKind};
use crate::model::finding::Severity;
use crate::model::id::ForgeName;
use crate::store::Store;
use crate::store::clock::Clock;

use webhook::{Room, Webhooks};

/// A forge whose webhooks are taken.
pub struct HookedForge {
    pub name: ForgeName,
    pub kind: ForgeKind,
    /// Its address, for the front page.
    pub url: String,
    pub webhook_secret: SecretString,
    pub webhooks: Arc<dyn Webhooks>,
    pub repositories: AllowList,
}

impl std::fmt::Debug for HookedForge {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HookedForge")
            .field("name", &self.name)
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

/// A rule's page as `/rules/{code}` shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RulePage {
    /// `MIG004`
    pub code: String,
    /// `runpython-without-reverse`
    pub name: String,
    pub severity: Severity,
    pub markdown: String,
}

/// Everything the handlers share.
#[derive(Debug)]
pub struct AppState {
    pub store: Store,
    pub clock: Clock,
    pub forges: BTreeMap<String, HookedForge>,
    /// Sorted as they are to be listed.
    pub rules: Vec<RulePage>,
    /// Where people reach this server, without a slash at its end.
    pub public_url: Option<String>,
    pub admin_token: Option<SecretString>,
    /// For how many days a run's page is kept.
    pub retention_days: u32,
    /// `None` where no recorder was installed: `/metrics` is empty then.
    pub metrics: Option<PrometheusHandle>,
    /// For the bodies of webhooks.
    pub room: Room,
}

type Shared = Arc<AppState>;

/// Longest time for one answer, the reading of the request included.
const PATIENCE: Duration = Duration::from_secs(30);

/// All routes.
pub fn router(state: Arc<AppState>) -> Router {
    Router::new()
        .route("/", get(pages::front))
        .route("/webhooks/{forge}", post(webhook::receive).get(pages::webhook_by_hand))
        .route("/runs/{id}", get(run_page::run))
        .route("/rules", get(pages::rules))
        .route("/rules/{code}", get(pages::rule))
        .route("/overview", get(admin::overview).post(admin::overview_by_form))
        .route("/static/panda.css", get(pages::stylesheet))
        .route("/live/", get(probes::live))
        .route("/ready/", get(probes::ready))
        .route("/healthz", get(probes::ready))
        .route("/metrics", get(probes::metrics))
        .fallback(pages::not_found)
        .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, PATIENCE))
        .layer(CatchPanicLayer::custom(pages::after_panic))
        .layer(axum::middleware::from_fn(headers::secure))
        .with_state(state)
}

/// Serves until `stop` resolves; requests under way are answered first, as far as they come to their end within `grace`.
pub async fn serve(
    listener: tokio::net::TcpListener,
    router: Router,
    stop: impl Future<Output = ()> + Send + 'static,
    grace: Duration,
) -> std::io::Result<()> {
    let stop = stop.shared();
    // Half a request may be all that ever comes: nobody may keep us from stopping with one.
    let late = stop.clone().then(|()| tokio::time::sleep(grace));
    tokio::select! {
        served = axum::serve(listener, router).with_graceful_shutdown(stop) => served,
        () = late => Ok(()),
    }
}
