//! One HTTP call to a Gitea or Forgejo, and what its answer means. No call retries by itself.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::{Host, Url};

use crate::forge::{ForgeError, Result, requests};
use crate::model::id::Repository;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// For an answer that the forge has ready.
pub(super) const SHORT: Duration = Duration::from_secs(20);
/// For one it has to work for: each inline comment costs it a blame and a diff.
pub(super) const LONG: Duration = Duration::from_secs(120);
/// The longest JSON answer that is read.
const JSON_CAP: usize = 16 * 1024 * 1024;
/// Entries asked for in a page; the forge may give fewer.
const PAGE: usize = 50;
/// A list longer than this many pages is a fault.
const PAGES: usize = 400;
/// Of the forge's own words, this many characters go into an error.
const MESSAGE: usize = 200;
/// How long we stay away when the forge does not say.
const DEFAULT_WAIT_MS: i64 = 60_000;

/// The path of a URL keeps only what no parser takes for its own.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// A forge's API with our account.
#[derive(Debug)]
pub(super) struct Api {
    client: reqwest::Client,
    /// Ends in `/api/v1/`.
    root: Url,
    token: SecretString,
    authorization: HeaderValue,
}

/// What is asked, with `what` as an error names it.
#[derive(Debug)]
pub(super) struct Call {
    what: String,
    method: Method,
    path: String,
    query: Vec<(&'static str, String)>,
    body: Option<Value>,
    timeout: Duration,
    cap: usize,
}

impl Call {
    fn new(method: Method, what: impl Into<String>, path: String) -> Self {
        let (query, body) = (Vec::new(), None);
        Self { what: what.into(), method, path, query, body, timeout: SHORT, cap: JSON_CAP }
    }

    pub(super) fn get(what: impl Into<String>, path: String) -> Self {
        Self::new(Method::GET, what, path)
    }

    pub(super) fn post(what: impl Into<String>, path: String, body: Value) -> Self {
        Self { body: Some(body), ..Self::new(Method::POST, what, path) }
    }

    pub(super) fn patch(what: impl Into<String>, path: String, body: Value) -> Self {
        Self { body: Some(body), ..Self::new(Method::PATCH, what, path) }
    }

    pub(super) fn delete(what: impl Into<String>, path: String) -> Self {
        Self::new(Method::DELETE, what, path)
    }

    pub(super) fn query(mut self, key: &'static str, value: impl ToString) -> Self {
        self.query.push((key, value.to_string()));
        self
    }

    pub(super) fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Reads no more than this; [`Reply::cut`] tells when there was more.
    pub(super) fn cap(mut self, bytes: usize) -> Self {
        self.cap = bytes;
        self
    }
}

/// An answer with a 2xx status.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: StatusCode,
    pub(super) body: Vec<u8>,
    /// There was more than the call's cap.
    pub(super) cut: bool,
    total: Option<usize>,
    what: String,
}

impl Reply {
    pub(super) fn json<T: DeserializeOwned>(&self) -> Result<T> {
        if self.cut {
            let message = format!("the answer is longer than {} MiB", JSON_CAP / 1024 / 1024);
            return Err(ForgeError::Invalid { what: self.what.clone(), message });
        }
        // The fault's own text may quote the body: it is left out.
        serde_json::from_slice(&self.body).map_err(|fault| ForgeError::Transient {
            what: self.what.clone(),
            message: format!("the answer is not what the API promises (line {})", fault.line()),
        })
    }
}

impl Api {
    pub(super) fn new(url: &str, token: SecretString) -> Result<Self> {
        let invalid = |message: &str| ForgeError::Invalid { what: "`url`".into(), message: message.into() };
        let root = Url::parse(&format!("{}/api/v1/", url.trim_end_matches('/')))
            .map_err(|_| invalid("it is not an address like https://forge.example.org"))?;
        if !matches!(root.scheme(), "http" | "https")
            || !root.username().is_empty()
            || root.password().is_some()
        {
            return Err(invalid("it is not an http or https address without a name and password"));
        }
        let mut authorization =
            HeaderValue::from_str(&format!("token {}", token.expose_secret())).map_err(|_| {
                ForgeError::Invalid { what: "the token".into(), message: "it holds a line end".into() }
            })?;
        authorization.set_sensitive(true);
        let mut client = reqwest::Client::builder()
            .user_agent(concat!("red-panda/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT_TIMEOUT)
            // A 301 to a POST would come back as a GET: redirects are followed by hand.
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never());
        if is_loopback(&root) {
            client = client.no_proxy();
        }
        let client = client
            .build()
            .map_err(|_| invalid("no TLS connection can be made: are the system's certificates there"))?;
        Ok(Self { client, root, token, authorization })
    }

    /// The address people use, without `/` at its end.
    pub(super) fn web(&self) -> &str {
        self.root.as_str().trim_end_matches("/api/v1/")
    }

    pub(super) async fn send(&self, call: Call) -> Result<Reply> {
        let mut url =
            self.root.join(&call.path).map_err(|_| ForgeError::NotFound { what: call.what.clone() })?;
        url.query_pairs_mut().extend_pairs(&call.query);
        if call.query.is_empty() {
            url.set_query(None);
        }
        let answer = tokio::time::timeout(call.timeout, self.follow(&call, url)).await;
        answer.unwrap_or_else(|_| {
            let message = format!("no answer within {} s", call.timeout.as_secs());
            Err(ForgeError::Transient { what: call.what.clone(), message })
        })
    }

    /// Sends it; where the repository was renamed, once more under the new name with the same method and body.
    async fn follow(&self, call: &Call, url: Url) -> Result<Reply> {
        let response = self.request(call, url.clone()).await?;
        match self.new_home(&url, &response) {
            Some(moved) => {
                let response = self.request(call, moved).await?;
                self.read(call, response).await
            }
            None => self.read(call, response).await,
        }
    }

    async fn request(&self, call: &Call, url: Url) -> Result<reqwest::Response> {
        let request = self
            .client
            .request(call.method.clone(), url)
            .header(header::AUTHORIZATION, self.authorization.clone())
            .header(header::ACCEPT, "application/json, */*;q=0.5");
        let request = match &call.body {
            Some(body) => request.json(body),
            None => request,
        };
        requests::sent();
        request.send().await.map_err(|fault| unreachable_forge(call, &fault))
    }

    /// Where a redirect leads, as long as it stays inside this API: the token goes nowhere else.
    fn new_home(&self, asked: &Url, response: &reqwest::Response) -> Option<Url> {
        if !matches!(response.status().as_u16(), 301 | 302 | 307 | 308) {
            return None;
        }
        let location = asked.join(response.headers().get(header::LOCATION)?.to_str().ok()?).ok()?;
        let mut home = self.root.clone();
        home.set_path(location.path());
        home.set_query(location.query().or(asked.query()));
        home.path().starts_with(self.root.path()).then_some(home)
    }

    async fn read(&self, call: &Call, mut response: reqwest::Response) -> Result<Reply> {
        let (status, headers) = (response.status(), response.headers().clone());
        let (mut body, mut cut) = (Vec::new(), false);
        while let Some(chunk) = response.chunk().await.map_err(|fault| unreachable_forge(call, &fault))? {
            let room = call.cap - body.len();
            cut = chunk.len() > room;
            body.extend_from_slice(&chunk[..chunk.len().min(room)]);
            if cut {
                break;
            }
        }
        if !status.is_success() {
            return Err(self.refusal(&call.what, status, &headers, &body.into()));
        }
        let total = headers.get("x-total-count").and_then(|v| v.to_str().ok()).and_then(|v| v.parse().ok());
        Ok(Reply { status, body, cut, total, what: call.what.clone() })
    }

    /// Every entry of a list. It ends at an empty page or at the announced total, never at a short page: the forge
    /// may give fewer than were asked for. `Link` is not followed, it is built from the forge's own idea of its address.
    /// `most` ends the reading early; the total, where it was announced, comes along.
    pub(super) async fn list<T: DeserializeOwned>(
        &self,
        most: usize,
        call: impl Fn() -> Call,
    ) -> Result<(Vec<T>, Option<usize>)> {
        self.list_until(call, |entries| entries.len() >= most).await
    }

    /// The same, until what was read so far is enough.
    pub(super) async fn list_until<T: DeserializeOwned>(
        &self,
        call: impl Fn() -> Call,
        enough: impl Fn(&[T]) -> bool,
    ) -> Result<(Vec<T>, Option<usize>)> {
        let (mut entries, mut seen, mut total) = (Vec::new(), 0, None);
        for page in 1..=PAGES {
            let answer = self.send(call().query("limit", PAGE).query("page", page)).await?;
            // An entry that the forge cannot convert is null.
            let batch: Option<Vec<Option<T>>> = answer.json()?;
            let batch = batch.unwrap_or_default();
            total = answer.total.or(total);
            seen += batch.len();
            let ended = batch.is_empty() || total.is_some_and(|t| seen >= t);
            entries.extend(batch.into_iter().flatten());
            if ended || enough(&entries) {
                return Ok((entries, total));
            }
        }
        let message = format!("the list does not end within {PAGES} pages");
        Err(ForgeError::Invalid { what: call().what, message })
    }

    fn refusal(&self, what: &str, status: StatusCode, headers: &HeaderMap, body: &Bytes) -> ForgeError {
        let what = what.to_owned();
        let is_json = headers
            .get(header::CONTENT_TYPE)
            .and_then(|v| v.to_str().ok())
            .is_some_and(|v| v.starts_with("application/json"));
        let message = self.words_of(status, is_json.then_some(body));
        match status.as_u16() {
            401 => ForgeError::Forbidden { what, message: "the forge does not accept the token".into() },
            // An unknown address is text or HTML; a thing that is not there is JSON.
            404 if !is_json => {
                let message =
                    "the server does not know this call: is `url` the address of a Gitea or Forgejo".into();
                ForgeError::Invalid { what, message }
            }
            404 => ForgeError::NotFound { what },
            410 => ForgeError::Gone { what, message },
            403 => ForgeError::Forbidden { what, message },
            423 => ForgeError::Forbidden { what, message: format!("the repository is archived ({message})") },
            429 => {
                ForgeError::RateLimited { until_ms: retry_at(headers, chrono::Utc::now().timestamp_millis()) }
            }
            408 | 425 | 500..=599 => ForgeError::Transient { what, message },
            _ => ForgeError::Invalid { what, message },
        }
    }

    /// The status and, of a JSON error, the forge's own message: short, one line, without our token.
    fn words_of(&self, status: StatusCode, body: Option<&Bytes>) -> String {
        #[derive(serde::Deserialize)]
        struct Said {
            #[serde(default)]
            message: String,
        }
        let said =
            body.and_then(|b| serde_json::from_slice::<Said>(b).ok()).map(|s| s.message).unwrap_or_default();
        let said = said.replace(self.token.expose_secret(), "…");
        let line: String = said.chars().map(|c| if c.is_control() { ' ' } else { c }).take(MESSAGE).collect();
        let line = line.trim();
        if line.is_empty() {
            format!("the forge answered {status}")
        } else {
            format!("{line} ({})", status.as_u16())
        }
    }
}

/// `repos/{owner}/{name}`
pub(super) fn repo(repository: &Repository) -> String {
    format!("repos/{}/{}", segment(&repository.owner), segment(&repository.name))
}

/// One segment of a path, safe from every parser on the way.
pub(super) fn segment(text: &str) -> String {
    utf8_percent_encode(text, SEGMENT).to_string()
}

/// A path with its slashes kept.
pub(super) fn segments(path: &str) -> String {
    path.split('/').map(segment).collect::<Vec<_>>().join("/")
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

fn unreachable_forge(call: &Call, fault: &reqwest::Error) -> ForgeError {
    let message = if fault.is_connect() { "no connection to the forge" } else { "the connection broke" };
    ForgeError::Transient { what: call.what.clone(), message: message.into() }
}

/// When we may call again, by `Retry-After` in seconds or as a date.
fn retry_at(headers: &HeaderMap, now_ms: i64) -> i64 {
    let told = headers.get(header::RETRY_AFTER).and_then(|v| v.to_str().ok()).map(str::trim);
    let by_seconds =
        told.and_then(|v| v.parse::<i64>().ok()).map(|s| now_ms.saturating_add(s.saturating_mul(1000)));
    let by_date =
        || told.and_then(|v| chrono::DateTime::parse_from_rfc2822(v).ok()).map(|d| d.timestamp_millis());
    by_seconds.or_else(by_date).filter(|at| *at > now_ms).unwrap_or(now_ms + DEFAULT_WAIT_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn api() -> Api {
        Api::new("https://forge.example.test/git/", SecretString::from("s3cret-token")).unwrap()
    }

    fn refusal(status: u16, kind: &str, body: &'static str) -> ForgeError {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, kind.parse().unwrap());
        api().refusal("it", StatusCode::from_u16(status).unwrap(), &headers, &Bytes::from(body))
    }

    #[test]
    fn a_status_decides_the_kind_of_the_error() {
        let json = |status| refusal(status, "application/json;charset=utf-8", r#"{"message":"no"}"#);
        assert!(matches!(json(401), ForgeError::Forbidden { .. }), "nothing was deleted");
        assert!(matches!(json(403), ForgeError::Forbidden { .. }));
        assert!(matches!(json(404), ForgeError::NotFound { .. }));
        assert!(matches!(json(409), ForgeError::Invalid { .. }));
        assert!(matches!(json(422), ForgeError::Invalid { .. }));
        assert!(matches!(json(423), ForgeError::Forbidden { .. }));
        assert!(matches!(json(429), ForgeError::RateLimited { .. }));
        assert!(matches!(json(500), ForgeError::Transient { .. }));
        assert!(matches!(json(502), ForgeError::Transient { .. }));
    }

    #[test]
    fn an_unknown_address_is_not_a_missing_thing() {
        assert!(matches!(refusal(404, "text/plain", "404 page not found"), ForgeError::Invalid { .. }));
    }

    #[test]
    fn an_error_carries_neither_the_token_nor_a_page() {
        let html = refusal(500, "text/html", "<html>s3cret-token, a stack, and more</html>");
        assert_eq!(
            html.to_string(),
            "it failed for the moment: the forge answered 500 Internal Server Error"
        );
        let json = refusal(422, "application/json", r#"{"message":"token s3cret-token\nis bad"}"#);
        assert_eq!(json.to_string(), "it was rejected: token … is bad (422)");
        assert!(!format!("{:?}", api()).contains("s3cret"));
    }

    #[test]
    fn the_wait_is_what_the_forge_asks_for() {
        let wait = |value: &'static str| {
            let headers = HeaderMap::from_iter([(header::RETRY_AFTER, HeaderValue::from_static(value))]);
            retry_at(&headers, 1_000)
        };
        assert_eq!(wait("7"), 8_000);
        assert_eq!(wait("Thu, 01 Jan 1970 00:05:00 GMT"), 300_000);
        assert_eq!(wait("soon"), 61_000);
        assert_eq!(wait("-5"), 61_000);
    }

    #[test]
    fn a_path_survives_every_character() {
        assert_eq!(segments("a b/ä#?%&\"\t.py"), "a%20b/%C3%A4%23%3F%25%26%22%09.py");
        assert_eq!(api().web(), "https://forge.example.test/git");
    }

    #[test]
    fn an_address_with_a_password_is_refused() {
        for url in ["ftp://forge.example.test", "https://me:pw@forge.example.test", "forge.example.test", ""]
        {
            assert!(Api::new(url, SecretString::from("t")).is_err(), "{url}");
        }
    }
}
