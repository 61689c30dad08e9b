//! The wire. octocrab carries every request: it signs what the App itself asks (JWT) and bears an installation's token
//! for all else. Under it works a reqwest client of ours, which octocrab has no settings for: one deadline for a whole
//! answer, the system's proxy, no redirect that is not looked at. Of octocrab's calls only `execute` is used: its typed
//! ones hide statuses, headers (limits, `Retry-After`, pages), raw bytes and partial answers of GraphQL, and read
//! answers of any length.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::BytesMut;
use http::{HeaderValue, Method, header};
use http_body_util::BodyExt;
use jsonwebtoken::EncodingKey;
use octocrab::Octocrab;
use octocrab::models::AppId;
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::answer::{self, Reply};
use crate::forge::requests;
use crate::forge::{Budget, ForgeError, Result};

/// The longest answer that is read, in bytes: a tree of 100,000 entries is about 30 MB.
const LONGEST_ANSWER: usize = 64 * 1024 * 1024;
/// The longest answer of GraphQL that is read: a batch of files is asked for by the megabyte where sizes are known.
const LONGEST_GRAPH: usize = 16 * 1024 * 1024;
/// No list of ours is longer: a forge that links pages in a circle ends here, with an error.
const MOST_PAGES: usize = 500;
/// A renamed repository redirects once; from one name to the next a few times.
const MOST_REDIRECTS: usize = 3;
/// GitHub's tokens live an hour.
const TOKEN_LIFE: Duration = Duration::from_secs(55 * 60);
const TIMEOUT: Duration = Duration::from_secs(30);

pub(super) const JSON: &str = "application/vnd.github+json";
pub(super) const RAW: &str = "application/vnd.github.raw";
pub(super) const SHA: &str = "application/vnd.github.sha";
/// The version of the REST interface that we speak.
const API_VERSION: HeaderValue = HeaderValue::from_static("2022-11-28");

/// One request.
#[derive(Clone, Debug)]
pub(super) struct Ask {
    pub(super) method: Method,
    /// From `/repos` on, segments percent-encoded, with its query.
    pub(super) path: String,
    pub(super) body: Option<Value>,
    pub(super) accept: &'static str,
    /// Of its answer no more bytes than this are read; [`Reply::cut`] tells when there were more.
    pub(super) longest: usize,
    /// How an error names it.
    pub(super) what: String,
}

impl Ask {
    pub(super) fn get(path: impl Into<String>, what: impl Into<String>) -> Self {
        let (path, what) = (path.into(), what.into());
        Self { method: Method::GET, path, body: None, accept: JSON, longest: LONGEST_ANSWER, what }
    }

    pub(super) fn send(
        method: Method,
        path: impl Into<String>,
        body: Value,
        what: impl Into<String>,
    ) -> Self {
        Self { method, body: Some(body), ..Self::get(path, what) }
    }

    pub(super) fn accept(mut self, accept: &'static str) -> Self {
        self.accept = accept;
        self
    }

    pub(super) fn longest(mut self, bytes: usize) -> Self {
        self.longest = bytes;
        self
    }

    fn to_request(&self) -> Result<http::Request<String>> {
        let request = http::Request::builder()
            .method(&self.method)
            .uri(&self.path)
            .header(header::ACCEPT, self.accept)
            .header("x-github-api-version", API_VERSION);
        let request = match &self.body {
            Some(body) => request.header(header::CONTENT_TYPE, "application/json").body(body.to_string()),
            None => request.body(String::new()),
        };
        request.map_err(|e| invalid(&self.what, answer::chain(&e)))
    }
}

/// What GraphQL answered: data may be partial, errors name what is missing.
#[derive(Clone, Debug)]
pub(super) struct GraphReply {
    pub(super) data: Value,
    pub(super) errors: Vec<answer::GraphError>,
}

pub(super) struct Http {
    /// Asks as the App.
    app: Octocrab,
    /// Its address has `/graphql` right below: on an own server that is not where the REST interface is.
    graph: Octocrab,
    api: String,
    tokens: moka::future::Cache<u64, SecretString>,
    /// By installation and GitHub's name for the budget.
    budgets: Mutex<BTreeMap<(u64, String), Budget>>,
}

impl Http {
    pub(super) fn new(url: &str, app_id: u64, pem: &str) -> Result<Self> {
        let unusable = |e: &dyn std::error::Error| invalid("the connection to GitHub", answer::chain(e));
        let api = url.trim_end_matches('/').to_owned();
        let key = encoding_key(pem)?;
        let client = reqwest::Client::builder()
            .user_agent(concat!("red-panda/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(Duration::from_secs(10))
            .timeout(TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .build()
            .map_err(|e| unusable(&e))?;
        let app = Octocrab::builder()
            .base_uri(api.as_str())
            .and_then(|builder| builder.app(AppId(app_id), key).build_with_reqwest(client.clone()))
            .map_err(|e| unusable(&e))?;
        let graph = Octocrab::builder()
            .base_uri(graphql_home(&api))
            .and_then(|builder| builder.build_with_reqwest(client))
            .map_err(|e| unusable(&e))?;
        let tokens = moka::future::Cache::builder().max_capacity(10_000).time_to_live(TOKEN_LIFE).build();
        Ok(Self { app, graph, api, tokens, budgets: Mutex::default() })
    }

    /// What only the App itself may ask, signed with its key.
    pub(super) async fn app_get(&self, path: &str, what: &str) -> Result<Reply> {
        self.as_app(&Ask::get(path, what)).await
    }

    async fn as_app(&self, ask: &Ask) -> Result<Reply> {
        self.follow(&self.app, ask).await?.checked(&ask.what, now_ms())
    }

    /// Every page of a list that the App itself may ask for.
    pub(super) async fn app_pages<T: DeserializeOwned>(&self, path: &str, what: &str) -> Result<Vec<T>> {
        let mut items = Vec::new();
        let mut path = path.to_owned();
        for _ in 0..MOST_PAGES {
            let reply = self.app_get(&path, what).await?;
            items.extend(reply.json::<Vec<T>>(what)?);
            match answer::next_path(&reply.headers, &self.api, what)? {
                Some(next) => path = next,
                None => return Ok(items),
            }
        }
        Err(endless(what))
    }

    /// One request of an installation. A refused token is made anew once and the request sent once more.
    pub(super) async fn send(&self, installation: u64, ask: &Ask) -> Result<Reply> {
        self.as_installation(&self.app, installation, ask).await?.checked(&ask.what, now_ms())
    }

    pub(super) async fn json<T: DeserializeOwned>(&self, installation: u64, ask: &Ask) -> Result<T> {
        self.send(installation, ask).await?.json(&ask.what)
    }

    /// Every page of a list: the only list primitive. `items` takes a page apart.
    pub(super) async fn pages<P: DeserializeOwned, T>(
        &self,
        installation: u64,
        mut ask: Ask,
        items: impl Fn(P) -> Vec<T>,
    ) -> Result<Vec<T>> {
        let mut all = Vec::new();
        for _ in 0..MOST_PAGES {
            let reply = self.send(installation, &ask).await?;
            all.extend(items(reply.json(&ask.what)?));
            match answer::next_path(&reply.headers, &self.api, &ask.what)? {
                Some(path) => ask.path = path,
                None => return Ok(all),
            }
        }
        Err(endless(&ask.what))
    }

    /// One GraphQL query. Its answer may be partial; what cannot be answered at all is an error.
    pub(super) async fn graphql(
        &self,
        installation: u64,
        query: &str,
        variables: Value,
        what: &str,
    ) -> Result<GraphReply> {
        let body = json!({"query": query, "variables": variables});
        let ask = Ask::send(Method::POST, "/graphql", body, what).longest(LONGEST_GRAPH);
        let reply = self.as_installation(&self.graph, installation, &ask).await?.checked(what, now_ms())?;
        let (data, errors) = reply.graphql(what, now_ms())?;
        Ok(GraphReply { data, errors })
    }

    async fn as_installation(&self, crab: &Octocrab, installation: u64, ask: &Ask) -> Result<Reply> {
        let token = self.token(installation).await?;
        let reply = self.bearing(crab, installation, &token, ask).await?;
        if reply.status != http::StatusCode::UNAUTHORIZED {
            return Ok(reply);
        }
        // Only the token that was refused is dropped: another task may have made a new one meanwhile.
        if self.tokens.get(&installation).await.is_some_and(|known| is_same(&known, &token)) {
            self.tokens.invalidate(&installation).await;
        }
        let token = self.token(installation).await?;
        self.bearing(crab, installation, &token, ask).await
    }

    fn note_budget(&self, installation: u64, reply: &Reply) {
        if let Some((name, budget)) = reply.budget() {
            let mut budgets = self.budgets.lock().unwrap_or_else(PoisonError::into_inner);
            budgets.insert((installation, name.to_owned()), budget);
        }
    }

    /// What was said last of the budgets of an installation.
    pub(super) fn budgets(&self, installation: u64) -> Vec<Budget> {
        let budgets = self.budgets.lock().unwrap_or_else(PoisonError::into_inner);
        budgets.iter().filter(|((of, _), _)| *of == installation).map(|(_, budget)| *budget).collect()
    }

    async fn bearing(
        &self,
        crab: &Octocrab,
        installation: u64,
        token: &SecretString,
        ask: &Ask,
    ) -> Result<Reply> {
        let crab = crab.user_access_token(token.clone());
        let crab = crab.map_err(|e| invalid(&ask.what, answer::chain(&e)))?;
        requests::sent();
        let reply = self.follow(&crab, ask).await?;
        self.note_budget(installation, &reply);
        Ok(reply)
    }

    /// Sends it; where the repository was renamed, again under the new name, with the same method and body. A redirect
    /// out of the interface would carry the question away: it is an answer like any other.
    async fn follow(&self, crab: &Octocrab, ask: &Ask) -> Result<Reply> {
        let mut reply = self.once(crab, ask).await?;
        for _ in 0..MOST_REDIRECTS {
            let Some(path) = reply.moved_to(&self.api) else { break };
            reply = self.once(crab, &Ask { path, ..ask.clone() }).await?;
        }
        Ok(reply)
    }

    async fn once(&self, crab: &Octocrab, ask: &Ask) -> Result<Reply> {
        tracing::debug!(method = %ask.method, path = ask.path, "asking GitHub");
        let transient = |e: octocrab::Error| answer::transient(&ask.what, answer::chain(&e));
        let response = crab.execute(ask.to_request()?).await.map_err(transient)?;
        let (head, mut rest) = response.into_parts();
        let (mut body, mut cut) = (BytesMut::new(), false);
        while let Some(frame) = rest.frame().await {
            let Ok(chunk) = frame.map_err(transient)?.into_data() else { continue };
            let room = ask.longest - body.len();
            cut = chunk.len() > room;
            body.extend_from_slice(&chunk[..chunk.len().min(room)]);
            if cut {
                break;
            }
        }
        Ok(Reply { status: head.status, headers: head.headers, body: body.freeze(), cut })
    }

    /// The installation's token; made once however many ask for it together.
    async fn token(&self, installation: u64) -> Result<SecretString> {
        self.tokens.try_get_with(installation, self.mint(installation)).await.map_err(Arc::unwrap_or_clone)
    }

    async fn mint(&self, installation: u64) -> Result<SecretString> {
        #[derive(serde::Deserialize)]
        struct Minted {
            token: SecretString,
        }
        let what = "the installation's token";
        let path = format!("/app/installations/{installation}/access_tokens");
        match self.as_app(&Ask { method: Method::POST, ..Ask::get(path, what) }).await {
            Ok(reply) => Ok(reply.json::<Minted>(what)?.token),
            Err(ForgeError::NotFound { .. }) => {
                let message = format!("installation {installation} of the App is no longer there");
                Err(ForgeError::Gone { what: what.to_owned(), message })
            }
            Err(error) => Err(error),
        }
    }
}

fn encoding_key(pem: &str) -> Result<EncodingKey> {
    // The library's own error could carry bytes of the key.
    EncodingKey::from_rsa_pem(pem.as_bytes()).map_err(|_| {
        let message = "it is not an RSA key in PEM form; download a new one from the App's settings page";
        invalid("the App's private key", message.to_owned())
    })
}

/// What `/graphql` lies below: `https://api.github.com`, `https://HOST/api`, else where the REST paths begin.
fn graphql_home(api: &str) -> &str {
    match api.strip_suffix("/v3") {
        Some(home) if home.ends_with("/api") => home,
        _ => api,
    }
}

fn is_same(a: &SecretString, b: &SecretString) -> bool {
    a.expose_secret() == b.expose_secret()
}

pub(super) fn invalid(what: &str, message: String) -> ForgeError {
    ForgeError::Invalid { what: what.to_owned(), message }
}

fn endless(what: &str) -> ForgeError {
    invalid(what, format!("the list does not end within {MOST_PAGES} pages"))
}

/// Unix milliseconds.
pub(super) fn now_ms() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_millis() as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p21_what_is_no_rsa_key_is_refused_without_any_of_it() {
        let framed = "-----BEGIN RSA PRIVATE KEY-----\nhunter2\n-----END RSA PRIVATE KEY-----\n";
        for text in ["", "hunter2", "aHVudGVyMg==", "-----BEGIN RSA PRIVATE KEY-----\nhunter2", framed] {
            let error = encoding_key(text).err().unwrap().to_string();
            assert!(error.contains("not an RSA key") && !error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn graphql_lives_beside_the_rest_interface_wherever_that_is() {
        assert_eq!(graphql_home("https://api.github.com"), "https://api.github.com");
        assert_eq!(graphql_home("https://git.example.org/api/v3"), "https://git.example.org/api");
        assert_eq!(graphql_home("http://127.0.0.1:4000"), "http://127.0.0.1:4000");
    }
}
