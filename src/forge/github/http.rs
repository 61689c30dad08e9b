//! The wire. octocrab signs what the App itself asks (JWT); everything an installation asks goes through our own
//! client with the installation's token, because only so do we see every status code, header and body as it came.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::BytesMut;
use http::{Method, header};
use jsonwebtoken::EncodingKey;
use octocrab::Octocrab;
use octocrab::models::AppId;
use octocrab::service::middleware::retry::RetryConfig;
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::answer::{self, Reply};
use crate::forge::requests;
use crate::forge::{Budget, ForgeError, Result};

/// The longest answer that is read, in bytes: a tree of 100,000 entries is about 30 MB.
const LONGEST_ANSWER: usize = 64 * 1024 * 1024;
/// No list of ours is longer: a forge that links pages in a circle ends here, with an error.
const MOST_PAGES: usize = 500;
/// GitHub's tokens live an hour.
const TOKEN_LIFE: Duration = Duration::from_secs(55 * 60);
const TIMEOUT: Duration = Duration::from_secs(30);

pub(super) const JSON: &str = "application/vnd.github+json";
pub(super) const RAW: &str = "application/vnd.github.raw";
pub(super) const SHA: &str = "application/vnd.github.sha";

/// One request to the REST interface.
#[derive(Clone, Debug)]
pub(super) struct Ask {
    pub(super) method: Method,
    /// From `/repos` on, segments percent-encoded, with its query.
    pub(super) path: String,
    pub(super) body: Option<Value>,
    pub(super) accept: &'static str,
    /// How an error names it.
    pub(super) what: String,
}

impl Ask {
    pub(super) fn get(path: impl Into<String>, what: impl Into<String>) -> Self {
        Self { method: Method::GET, path: path.into(), body: None, accept: JSON, what: what.into() }
    }

    pub(super) fn send(
        method: Method,
        path: impl Into<String>,
        body: Value,
        what: impl Into<String>,
    ) -> Self {
        Self { method, path: path.into(), body: Some(body), accept: JSON, what: what.into() }
    }

    pub(super) fn accept(mut self, accept: &'static str) -> Self {
        self.accept = accept;
        self
    }
}

/// A GraphQL answer: data may be partial, errors name what is missing.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    pub(super) data: Value,
    pub(super) errors: Vec<answer::GraphError>,
}

pub(super) struct Http {
    client: reqwest::Client,
    app: Octocrab,
    api: String,
    graphql: String,
    tokens: moka::future::Cache<u64, Arc<SecretString>>,
    /// By installation and GitHub's name for the budget.
    budgets: Mutex<BTreeMap<(u64, String), Budget>>,
}

impl Http {
    pub(super) fn new(url: &str, app_id: u64, pem: &str) -> Result<Self> {
        let api = url.trim_end_matches('/').to_owned();
        let key = encoding_key(pem)?;
        let app = Octocrab::builder()
            .base_uri(api.as_str())
            .and_then(|builder| {
                builder
                    .add_retry_config(RetryConfig::None)
                    .set_connect_timeout(Some(Duration::from_secs(10)))
                    .set_read_timeout(Some(TIMEOUT))
                    .app(AppId(app_id), key)
                    .build()
            })
            .map_err(|e| invalid("the connection to GitHub", answer::chain(&e)))?;
        let client = reqwest::Client::builder()
            .user_agent(concat!("red-panda/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(Duration::from_secs(10))
            .timeout(TIMEOUT)
            .redirect(reqwest::redirect::Policy::custom(stay_at_home))
            .build()
            .map_err(|e| invalid("the connection to GitHub", answer::chain(&e)))?;
        let tokens = moka::future::Cache::builder().max_capacity(10_000).time_to_live(TOKEN_LIFE).build();
        Ok(Self { client, app, graphql: graphql_url(&api), api, tokens, budgets: Mutex::default() })
    }

    /// What only the App itself may ask, signed with its key.
    pub(super) async fn app_get(&self, path: &str, what: &str) -> Result<Reply> {
        self.app_send(Method::GET, path, what).await
    }

    async fn app_send(&self, method: Method, path: &str, what: &str) -> Result<Reply> {
        let transient = |e: octocrab::Error| answer::transient(what, answer::chain(&e));
        let sent = match method {
            Method::POST => self.app._post(path, None::<&()>).await,
            _ => self.app._get(path).await,
        };
        let response = sent.map_err(transient)?;
        let (status, headers) = (response.status(), response.headers().clone());
        let body = self.app.body_to_string(response).await.map_err(transient)?;
        Reply { status, headers, body: body.into() }.checked(what, now_ms())
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
        let mut request = reqwest::Request::new(ask.method.clone(), self.url(&ask.path, &ask.what)?);
        let accept = header::HeaderValue::from_static(ask.accept);
        request.headers_mut().insert(header::ACCEPT, accept);
        if let Some(body) = &ask.body {
            set_json(&mut request, body);
        }
        self.send_as(installation, request, &ask.what).await?.checked(&ask.what, now_ms())
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
    ) -> Result<Answer> {
        let url = self.graphql.parse().map_err(|e| invalid(what, answer::chain(&e)))?;
        let mut request = reqwest::Request::new(Method::POST, url);
        set_json(&mut request, &json!({"query": query, "variables": variables}));
        let reply = self.send_as(installation, request, what).await?.checked(what, now_ms())?;
        let (data, errors) = reply.graphql(what, now_ms())?;
        Ok(Answer { data, errors })
    }

    async fn send_as(&self, installation: u64, request: reqwest::Request, what: &str) -> Result<Reply> {
        let token = self.token(installation).await?;
        let reply = self.once(copy(&request), &token, what).await?;
        self.note_budget(installation, &reply);
        if reply.status != http::StatusCode::UNAUTHORIZED {
            return Ok(reply);
        }
        // Only the token that was refused is dropped: another task may have made a new one meanwhile.
        if self.tokens.get(&installation).await.is_some_and(|known| Arc::ptr_eq(&known, &token)) {
            self.tokens.invalidate(&installation).await;
        }
        let token = self.token(installation).await?;
        self.once(request, &token, what).await
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

    async fn once(&self, mut request: reqwest::Request, token: &SecretString, what: &str) -> Result<Reply> {
        let bearer = header::HeaderValue::from_str(&format!("Bearer {}", token.expose_secret()));
        let mut bearer = bearer.map_err(|_| invalid(what, "the token holds a line end".to_owned()))?;
        bearer.set_sensitive(true);
        request.headers_mut().insert(header::AUTHORIZATION, bearer);
        let version = header::HeaderValue::from_static("2022-11-28");
        request.headers_mut().insert("x-github-api-version", version);
        tracing::debug!(method = %request.method(), path = request.url().path(), "asking GitHub");
        let transient = |e: reqwest::Error| answer::transient(what, answer::chain(&e.without_url()));
        requests::sent();
        let mut response = self.client.execute(request).await.map_err(transient)?;
        let (status, headers) = (response.status(), response.headers().clone());
        let mut body = BytesMut::new();
        while let Some(chunk) = response.chunk().await.map_err(transient)? {
            if body.len() + chunk.len() > LONGEST_ANSWER {
                return Err(invalid(what, "the answer is longer than 64 MiB".to_owned()));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Reply { status, headers, body: body.freeze() })
    }

    /// The installation's token; made once however many ask for it together.
    async fn token(&self, installation: u64) -> Result<Arc<SecretString>> {
        self.tokens.try_get_with(installation, self.mint(installation)).await.map_err(Arc::unwrap_or_clone)
    }

    async fn mint(&self, installation: u64) -> Result<Arc<SecretString>> {
        #[derive(serde::Deserialize)]
        struct Minted {
            token: SecretString,
        }
        let what = "the installation's token";
        let path = format!("/app/installations/{installation}/access_tokens");
        match self.app_send(Method::POST, &path, what).await {
            Ok(reply) => Ok(Arc::new(reply.json::<Minted>(what)?.token)),
            Err(ForgeError::NotFound { .. }) => {
                let message = format!("installation {installation} of the App is no longer there");
                Err(ForgeError::Gone { what: what.to_owned(), message })
            }
            Err(error) => Err(error),
        }
    }

    fn url(&self, path: &str, what: &str) -> Result<reqwest::Url> {
        format!("{}{path}", self.api).parse().map_err(|e| invalid(what, answer::chain(&e)))
    }
}

fn encoding_key(pem: &str) -> Result<EncodingKey> {
    // The library's own error could carry bytes of the key.
    EncodingKey::from_rsa_pem(pem.as_bytes()).map_err(|_| {
        let message = "it is not an RSA key in PEM form; download a new one from the App's settings page";
        invalid("the App's private key", message.to_owned())
    })
}

/// `https://api.github.com/graphql`, `https://HOST/api/graphql`, else beside the REST paths.
fn graphql_url(api: &str) -> String {
    match api.strip_suffix("/api/v3") {
        Some(host) => format!("{host}/api/graphql"),
        None => format!("{api}/graphql"),
    }
}

/// A renamed repository redirects; a redirect to another server would carry the question away.
fn stay_at_home(attempt: reqwest::redirect::Attempt<'_>) -> reqwest::redirect::Action {
    let home = attempt.previous().first().is_some_and(|first| first.origin() == attempt.url().origin());
    if home && attempt.previous().len() <= 3 { attempt.follow() } else { attempt.stop() }
}

fn set_json(request: &mut reqwest::Request, body: &Value) {
    let json = header::HeaderValue::from_static("application/json");
    request.headers_mut().insert(header::CONTENT_TYPE, json);
    *request.body_mut() = Some(body.to_string().into());
}

/// A request of ours has its whole body in memory: copying it cannot fail, but for its type's signature.
fn copy(request: &reqwest::Request) -> reqwest::Request {
    request
        .try_clone()
        .unwrap_or_else(|| reqwest::Request::new(request.method().clone(), request.url().clone()))
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
        assert_eq!(graphql_url("https://api.github.com"), "https://api.github.com/graphql");
        assert_eq!(graphql_url("https://git.example.org/api/v3"), "https://git.example.org/api/graphql");
        assert_eq!(graphql_url("http://127.0.0.1:4000"), "http://127.0.0.1:4000/graphql");
    }
}
