//! What comes in over HTTP: believed when it is signed, answered when it is durable.

mod connections;
mod pages;
mod webhooks;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use hmac::{Hmac, KeyInit, Mac};
use red_panda::config::settings::{AllowList, ForgeKind};
use red_panda::forge::signature::{self, SignatureError};
use red_panda::model::delivery::{Event, NewJob, Reason};
use red_panda::model::finding::Severity;
use red_panda::server::webhook::{Room, Webhooks};
use red_panda::server::{AppState, HookedForge, RulePage, router};
use red_panda::store::Store;
use red_panda::store::clock::Clock;
use red_panda::store::jobs::Finished;
use secrecy::SecretString;
use serde_json::Value;
use sha2::Sha256;
use tower::ServiceExt;

use crate::databases::{Database, sqlite};
use crate::fixtures::{forge, repository, sha};

const SECRET: &str = "the secret of the hook";
/// The largest body that is read.
const LARGEST: usize = 25 * 1024 * 1024;
const ADMIN: &str = "the token of the operator";

/// Webhooks in the simplest dialect there could be: `x-event`, `x-id` and `x-signature` in hex.
struct Plain;

impl Webhooks for Plain {
    fn verify(&self, headers: &HeaderMap, body: &[u8], secret: &SecretString) -> Result<(), SignatureError> {
        let given = headers.get("x-signature").and_then(|v| v.to_str().ok()).unwrap_or_default();
        signature::verify(given, body, secret)
    }

    fn delivery_id(&self, headers: &HeaderMap) -> Option<String> {
        Some(headers.get("x-id")?.to_str().ok()?.to_owned())
    }

    fn parse(&self, _: &HeaderMap, body: &[u8]) -> Result<Event, String> {
        let body: Value = serde_json::from_slice(body).map_err(|_| "it is not JSON".to_owned())?;
        let mut repository = repository();
        body["owner"].as_str().unwrap_or("alice").clone_into(&mut repository.owner);
        Ok(match (body["pull"].as_u64(), body["branch"].as_str(), body["head"].as_str()) {
            (Some(number), _, _) => {
                Event::Pull { repository, number, head: Some(sha('1')), reason: Reason::Pushed }
            }
            (None, Some(branch), _) => {
                Event::Pushed { repository, branch: branch.to_owned(), after: sha('3') }
            }
            (None, None, Some(_)) => Event::Rerequested { repository, head: sha('1') },
            _ => Event::Ignored("an issue"),
        })
    }
}

struct House {
    router: Router,
    store: Store,
    database: Database,
}

impl House {
    async fn new() -> Self {
        Self::with(true, SECRET).await
    }

    async fn at(now: i64) -> Self {
        Self::built(true, SECRET, now, Room::new(LARGEST, Duration::ZERO)).await
    }

    async fn with(connected: bool, secret: &str) -> Self {
        Self::built(connected, secret, 5_000, Room::new(LARGEST, Duration::ZERO)).await
    }

    async fn built(connected: bool, secret: &str, now: i64, room: Room) -> Self {
        let database = sqlite();
        let store = Store::open(&database.url).await.unwrap();
        let hooked = HookedForge {
            name: forge(),
            kind: ForgeKind::Gitea,
            url: "https://git.example.org".into(),
            webhook_secret: SecretString::from(secret.to_owned()),
            webhooks: Arc::new(Plain),
            repositories: AllowList::new(&["alice/*".to_owned()]).unwrap(),
        };
        let forges = if connected { BTreeMap::from([(forge().0, hooked)]) } else { BTreeMap::new() };
        let state = AppState {
            store: store.clone(),
            clock: Clock::new(move || now),
            forges,
            rules: rules(),
            public_url: Some("https://panda.example.org".into()),
            admin_token: Some(SecretString::from(ADMIN.to_owned())),
            retention_days: 90,
            metrics: None,
            room,
        };
        Self { router: router(Arc::new(state)), store, database }
    }

    async fn send(&self, request: Request<Body>) -> (StatusCode, HeaderMap, String) {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        (parts.status, parts.headers, String::from_utf8(body.to_vec()).unwrap())
    }

    async fn deliver(&self, id: &str, body: &str) -> StatusCode {
        self.send(signed(id, body)).await.0
    }

    async fn get(&self, path: &str) -> (StatusCode, HeaderMap, String) {
        self.send(Request::get(path).body(Body::empty()).unwrap()).await
    }

    async fn next_job(&self) -> Option<NewJob> {
        let claim = self.store.claim("w", 9_000, 99_000).await.unwrap()?;
        self.store.finish(&claim.id, &claim.token, 9_000, Finished::Done).await.unwrap();
        Some(claim.job)
    }
}

fn signature(secret: &str, body: &str) -> String {
    let mac = <Hmac<Sha256> as KeyInit>::new_from_slice(secret.as_bytes()).unwrap();
    hex::encode(mac.chain_update(body).finalize().into_bytes())
}

fn request(id: &str, body: &str, signature: &str) -> Request<Body> {
    Request::post("/webhooks/forgejo")
        .header("content-type", "application/json; charset=utf-8")
        .header("x-id", id)
        .header("x-signature", signature)
        .body(Body::from(body.to_owned()))
        .unwrap()
}

fn signed(id: &str, body: &str) -> Request<Body> {
    request(id, body, &signature(SECRET, body))
}

fn rules() -> Vec<RulePage> {
    let markdown = include_str!("rule_page.md").to_owned();
    let rule = |code: &str, name: &str, severity| RulePage {
        code: code.into(),
        name: name.into(),
        severity,
        markdown: markdown.clone(),
    };
    vec![
        rule("MIG004", "runpython-without-reverse", Severity::Error),
        rule("MIG011", "auto-named-migration", Severity::Warning),
        rule("ENV001", "committed-env-file", Severity::Error),
    ]
}
