//! A GitHub in memory, stricter than the real one: it checks the App's token, takes a review whole or not at all,
//! cuts its lists into pages, and writes down as a violation what GitHub would silently make wrong.

mod answer;
mod budget;
mod checks;
mod cost;
mod graphql;
mod hooks;
mod key;
mod pulls;
mod query;
mod repositories;
mod serve;
mod story;
mod world;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use axum::Router;
use secrecy::SecretString;

use crate::forge::github::GitHubSettings;

pub use hooks::{Delivery, register};
pub use story::{ShownCheck, ShownComment, ShownReview};
pub use world::{BOT, Fault, Logged, When};

use world::World;

type Observer = Arc<dyn Fn(&Logged) + Send + Sync>;

/// The stand-in: clones share one world.
#[derive(Clone)]
pub struct GitHubStandIn {
    world: Arc<Mutex<World>>,
    observer: Arc<Mutex<Option<Observer>>>,
}

impl fmt::Debug for GitHubStandIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GitHubStandIn").field("url", &self.url()).finish_non_exhaustive()
    }
}

impl GitHubStandIn {
    /// Listens on a free port of this machine.
    pub async fn start() -> std::io::Result<Self> {
        let standin = Self { world: Arc::new(Mutex::new(World::new())), observer: Arc::default() };
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await?;
        standin.world().base_url = format!("http://{}", listener.local_addr()?);
        let router = Router::new().fallback(serve::serve).with_state(standin.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(standin)
    }

    pub fn url(&self) -> String {
        self.world().base_url.clone()
    }

    /// How our client reaches it.
    pub fn settings(&self) -> GitHubSettings {
        let pem = key::app_key().map_or_else(String::new, |k| k.private_pem.clone());
        GitHubSettings {
            name: "github".to_owned(),
            url: self.url(),
            app_id: world::APP_ID.to_string(),
            private_key: SecretString::from(pem),
            bot_login: None,
            repositories: Vec::new(),
        }
    }

    /// Is shown every request that was answered.
    pub fn observe_with(&self, observer: impl Fn(&Logged) + Send + Sync + 'static) {
        *self.observer.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(observer));
    }

    fn observe(&self, logged: &Logged) {
        let observer = self.observer.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(observer) = observer {
            observer(logged);
        }
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Unix milliseconds.
fn now_ms() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_millis() as i64)
}

/// As GitHub writes a time.
fn rfc3339(ms: i64) -> String {
    chrono::DateTime::from_timestamp_millis(ms).unwrap_or_default().format("%Y-%m-%dT%H:%M:%SZ").to_string()
}
