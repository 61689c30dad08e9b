//! What GitHub's answers mean: pure, from status, headers and body to a value or the kind of error.

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;

use crate::forge::{Budget, ForgeError, Result};

/// How long to wait when GitHub says "slow down" but not until when.
const UNSAID_WAIT_MS: i64 = 60_000;
/// GitHub's message is put into ours up to this many characters.
const LONGEST_MESSAGE: usize = 300;

#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    /// There was more than the asker wanted to read.
    pub(super) cut: bool,
}

/// One entry of a GraphQL answer's `errors`.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct GraphError {
    #[serde(rename = "type", default)]
    kind: String,
    #[serde(default)]
    message: String,
    /// Keys from `data` down to what is missing.
    #[serde(default)]
    path: Vec<Value>,
}

impl Reply {
    /// Itself when it is a success, else the error its status, headers and body stand for.
    pub(super) fn checked(self, what: &str, now_ms: i64) -> Result<Self> {
        if self.status.is_success() { Ok(self) } else { Err(self.error(what, now_ms)) }
    }

    pub(super) fn json<T: DeserializeOwned>(&self, what: &str) -> Result<T> {
        if self.cut {
            let message = format!("the answer is longer than {} MiB", self.body.len() >> 20);
            return Err(ForgeError::Invalid { what: what.to_owned(), message });
        }
        // A body that does not decode is most often an error page of something in between.
        serde_json::from_slice(&self.body)
            .map_err(|e| transient(what, format!("GitHub's answer does not decode: {e}")))
    }

    /// Is it a description in JSON, and not a file's bytes under GitHub's own media type?
    pub(super) fn is_plain_json(&self) -> bool {
        let kind = self.headers.get(http::header::CONTENT_TYPE).and_then(|v| v.to_str().ok());
        kind.is_some_and(|k| k.starts_with("application/json"))
    }

    /// The path that a redirect names below the interface's address, on the same server.
    pub(super) fn moved_to(&self, api: &str) -> Option<String> {
        let moved = matches!(self.status.as_u16(), 301 | 302 | 307 | 308);
        let location = self.headers.get(http::header::LOCATION).filter(|_| moved)?.to_str().ok()?;
        let api = Url::parse(api).ok()?;
        let location = api.join(location).ok().filter(|location| location.origin() == api.origin())?;
        path_below(&api, &location)
    }

    /// `data` and `errors` of a GraphQL answer; an error when nothing of it can be used.
    pub(super) fn graphql(&self, what: &str, now_ms: i64) -> Result<(Value, Vec<GraphError>)> {
        #[derive(Deserialize)]
        struct Envelope {
            #[serde(default)]
            data: Value,
            #[serde(default)]
            errors: Vec<GraphError>,
        }
        let Envelope { data, errors } = self.json(what)?;
        if errors.iter().any(|e| e.kind == "RATE_LIMITED" || speaks_of_limit(&e.message)) {
            return Err(ForgeError::RateLimited { until_ms: self.wait_until(now_ms) });
        }
        match errors.first() {
            Some(first) if data.is_null() => Err(first.as_error(what)),
            None if data.is_null() => Err(transient(what, "GitHub answered without data".to_owned())),
            _ => Ok((data, errors)),
        }
    }

    fn error(&self, what: &str, now_ms: i64) -> ForgeError {
        let (what_owned, message) = (what.to_owned(), self.message());
        match self.status.as_u16() {
            404 => ForgeError::NotFound { what: what_owned },
            410 | 451 => ForgeError::Gone { what: what_owned, message },
            429 => ForgeError::RateLimited { until_ms: self.wait_until(now_ms) },
            403 if self.is_limit(&message) => ForgeError::RateLimited { until_ms: self.wait_until(now_ms) },
            403 => ForgeError::Forbidden { what: what_owned, message },
            // A token made a moment ago may not be known on every server yet; a conflict passes, too.
            401 | 408 | 409 | 500.. => transient(what, message),
            _ => ForgeError::Invalid { what: what_owned, message },
        }
    }

    /// A 403 is a limit when it says when to come back, else it is a missing permission.
    fn is_limit(&self, message: &str) -> bool {
        self.number("retry-after").is_some()
            || self.number("x-ratelimit-remaining") == Some(0)
            || speaks_of_limit(message)
    }

    /// `retry-after`, else the reset of an empty budget, else a minute: Unix milliseconds.
    fn wait_until(&self, now_ms: i64) -> i64 {
        if let Some(seconds) = self.number("retry-after") {
            return now_ms.saturating_add(seconds.saturating_mul(1000));
        }
        let spent = self.number("x-ratelimit-remaining") == Some(0);
        let reset = self.number("x-ratelimit-reset").filter(|_| spent).map(|s| s.saturating_mul(1000));
        reset.filter(|until| *until > now_ms).unwrap_or_else(|| now_ms.saturating_add(UNSAID_WAIT_MS))
    }

    /// The budget that the request was taken from, by GitHub's name for it; none on a server without limits.
    pub(super) fn budget(&self) -> Option<(&str, Budget)> {
        let count = |header| self.number(header).and_then(|n| u64::try_from(n).ok());
        let name = self.headers.get("x-ratelimit-resource")?.to_str().ok()?;
        let (limit, remaining) = (count("x-ratelimit-limit")?, count("x-ratelimit-remaining")?);
        let resets_at = self.number("x-ratelimit-reset")?.saturating_mul(1000);
        // GitHub has half a dozen; a name that no list holds must not grow ours.
        matches!(name, "core" | "graphql").then_some((name, Budget { limit, remaining, resets_at }))
    }

    fn number(&self, header: &str) -> Option<i64> {
        self.headers.get(header)?.to_str().ok()?.trim().parse().ok()
    }

    /// GitHub's own words, with the entries of `errors`: strings or objects, as the endpoint likes.
    fn message(&self) -> String {
        let body: Value = serde_json::from_slice(&self.body).unwrap_or_default();
        let mut parts: Vec<&str> = body.get("message").and_then(Value::as_str).into_iter().collect();
        for error in body.get("errors").and_then(Value::as_array).into_iter().flatten() {
            parts.extend(error.as_str().or_else(|| error.get("message").and_then(Value::as_str)));
        }
        let text = if parts.is_empty() {
            format!("GitHub answered {}", self.status.as_u16())
        } else {
            parts.join("; ")
        };
        text.chars().filter(|c| !c.is_control()).take(LONGEST_MESSAGE).collect()
    }
}

impl GraphError {
    /// Does it speak of this part of the data?
    pub(super) fn is_about(&self, path: &[&str]) -> bool {
        self.path.len() >= path.len() && self.path.iter().zip(path).all(|(a, b)| a.as_str() == Some(*b))
    }

    pub(super) fn as_error(&self, what: &str) -> ForgeError {
        let message: String = self.message.chars().take(LONGEST_MESSAGE).collect();
        match self.kind.as_str() {
            "NOT_FOUND" => ForgeError::NotFound { what: what.to_owned() },
            "FORBIDDEN" | "INSUFFICIENT_SCOPES" => ForgeError::Forbidden { what: what.to_owned(), message },
            _ => transient(what, message),
        }
    }
}

fn speaks_of_limit(message: &str) -> bool {
    let message = message.to_ascii_lowercase();
    message.contains("rate limit") || message.contains("abuse detection")
}

pub(super) fn transient(what: &str, message: String) -> ForgeError {
    ForgeError::Transient { what: what.to_owned(), message }
}

/// An error with its causes: octocrab and reqwest hide the reason below the first line.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut causes: Vec<String> = Vec::new();
    for cause in std::iter::successors(Some(error), |e| e.source()).map(|e| without_address(&e.to_string())) {
        // A wrapper often says what it wraps.
        if causes.last() != Some(&cause) {
            causes.push(cause);
        }
    }
    causes.join(": ")
}

/// reqwest names the address that it asked, which says nothing to whoever reads a status.
fn without_address(message: &str) -> String {
    match message.split_once(" for url (") {
        Some((before, after)) => {
            format!("{before}{}", after.split_once(')').map_or("", |(_, rest)| rest))
        }
        None => message.to_owned(),
    }
}

/// The address behind `rel="next"`.
fn next_link(headers: &HeaderMap) -> Option<&str> {
    let links = headers.get(http::header::LINK)?.to_str().ok()?;
    let mut parts = links.split('<').filter_map(|link| link.split_once('>'));
    parts.find(|(_, relation)| relation.contains("rel=\"next\"")).map(|(url, _)| url)
}

/// The path of the next page below the interface's address, with its query. Which server the link names does not
/// matter: ours may be reached by another name than its own, and it is the one that is asked.
pub(super) fn next_path(headers: &HeaderMap, api: &str, what: &str) -> Result<Option<String>> {
    let Some(link) = next_link(headers) else { return Ok(None) };
    let path =
        Url::parse(api).ok().zip(Url::parse(link).ok()).and_then(|(api, link)| path_below(&api, &link));
    // Taken for the last page, it would cut the list without a word.
    path.map(Some).ok_or_else(|| ForgeError::Invalid {
        what: what.to_owned(),
        message: "its next page is linked outside of GitHub's interface".to_owned(),
    })
}

fn path_below(api: &Url, link: &Url) -> Option<String> {
    let below = link.path().strip_prefix(api.path().trim_end_matches('/'))?;
    below.starts_with('/').then(|| match link.query() {
        Some(query) => format!("{below}?{query}"),
        None => below.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_000_000_000_000;

    fn reply(status: u16, headers: &[(&'static str, &str)], body: &str) -> Reply {
        let headers =
            headers.iter().map(|(k, v)| (http::HeaderName::from_static(k), v.parse().unwrap())).collect();
        Reply {
            status: StatusCode::from_u16(status).unwrap(),
            headers,
            body: Bytes::copy_from_slice(body.as_bytes()),
            cut: false,
        }
    }

    fn error(status: u16, headers: &[(&'static str, &str)], body: &str) -> ForgeError {
        reply(status, headers, body).checked("it", NOW).unwrap_err()
    }

    #[test]
    fn p8_a_403_with_a_time_is_a_limit_and_any_other_403_a_permission() {
        let until = |headers: &[(&'static str, &str)], body: &str| match error(403, headers, body) {
            ForgeError::RateLimited { until_ms } => Some(until_ms - NOW),
            _ => None,
        };
        assert_eq!(until(&[("retry-after", "7"), ("x-ratelimit-remaining", "0")], "{}"), Some(7_000));
        let reset = (NOW / 1000 + 90).to_string();
        assert_eq!(
            until(&[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", &reset)], "{}"),
            Some(90_000)
        );
        // A budget that is not spent says nothing about when a secondary limit ends.
        let secondary = r#"{"message":"You have exceeded a secondary rate limit."}"#;
        assert_eq!(
            until(&[("x-ratelimit-remaining", "4000"), ("x-ratelimit-reset", &reset)], secondary),
            Some(60_000)
        );
        assert_eq!(until(&[], r#"{"message":"Resource not accessible by integration"}"#), None);
        assert!(
            matches!(error(429, &[], ""), ForgeError::RateLimited { until_ms } if until_ms == NOW + 60_000)
        );
    }

    #[test]
    fn the_kind_of_an_error_says_what_can_be_done() {
        assert!(matches!(error(404, &[], ""), ForgeError::NotFound { .. }));
        assert!(matches!(error(451, &[], ""), ForgeError::Gone { .. }));
        assert!(matches!(error(403, &[], "{}"), ForgeError::Forbidden { .. }));
        for status in [401, 409, 500, 502, 503, 504] {
            assert!(matches!(error(status, &[], "<html>"), ForgeError::Transient { .. }), "{status}");
        }
        let body = r#"{"message":"Unprocessable Entity","errors":["Line could not be resolved",{"message":"too long"}]}"#;
        assert_eq!(
            error(422, &[], body).to_string(),
            "it was rejected: Unprocessable Entity; Line could not be resolved; too long"
        );
    }

    #[test]
    fn graphql_says_a_rate_limit_with_http_200() {
        let body = r#"{"data":null,"errors":[{"type":"RATE_LIMITED","message":"API rate limit exceeded"}]}"#;
        let reset = (NOW / 1000 + 5).to_string();
        let headers = [("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", reset.as_str())];
        let answer = reply(200, &headers, body).graphql("it", NOW);
        assert!(matches!(answer, Err(ForgeError::RateLimited { until_ms }) if until_ms == NOW + 5_000));
    }

    #[test]
    fn a_budget_is_told_with_every_answer() {
        let headers = [
            ("x-ratelimit-resource", "graphql"),
            ("x-ratelimit-limit", "5000"),
            ("x-ratelimit-remaining", "4990"),
            ("x-ratelimit-reset", "1700000000"),
        ];
        let budget = Budget { limit: 5_000, remaining: 4_990, resets_at: 1_700_000_000_000 };
        assert_eq!(reply(200, &headers, "{}").budget(), Some(("graphql", budget)));
        assert_eq!(reply(200, &headers[..2], "{}").budget(), None, "a server without limits");
        assert_eq!(reply(200, &[("x-ratelimit-resource", "search")], "{}").budget(), None);
    }

    #[test]
    fn a_partial_graphql_answer_is_an_answer() {
        let body = r#"{"data":{"repository":{"f0":null}},"errors":[{"message":"timeout","path":["repository","f0"]}]}"#;
        let (data, errors) = reply(200, &[], body).graphql("it", NOW).unwrap();
        assert!(data["repository"]["f0"].is_null());
        assert!(errors[0].is_about(&["repository", "f0"]) && !errors[0].is_about(&["repository", "f1"]));
    }

    #[test]
    fn p6_the_next_page_is_where_the_link_says() {
        let link =
            r#"<https://api.github.com/x?page=1>; rel="prev", <https://api.github.com/x?page=3>; rel="next""#;
        assert_eq!(
            next_link(&reply(200, &[("link", link)], "").headers),
            Some("https://api.github.com/x?page=3")
        );
        let last = r#"<https://api.github.com/x?page=1>; rel="first""#;
        assert_eq!(next_link(&reply(200, &[("link", last)], "").headers), None);
        let comma = r#"<https://api.github.com/x?names=a,b&page=2>; rel="next""#;
        let path = |link: &str, api: &str| next_path(&reply(200, &[("link", link)], "").headers, api, "it");
        assert_eq!(path(comma, "https://api.github.com").unwrap().as_deref(), Some("/x?names=a,b&page=2"));
    }

    #[test]
    fn a_redirect_is_followed_on_the_same_server_only() {
        let moved = |status, to: &str| {
            reply(status, &[("location", to)], "").moved_to("https://git.example.org/api/v3")
        };
        let home = "https://git.example.org/api/v3/repositories/7/pulls?page=2";
        assert_eq!(moved(301, home).as_deref(), Some("/repositories/7/pulls?page=2"));
        assert_eq!(moved(307, "/api/v3/repositories/7").as_deref(), Some("/repositories/7"));
        assert_eq!(moved(302, "https://storage.example.org/api/v3/blob"), None);
        assert_eq!(moved(302, "https://git.example.org/login"), None);
        assert_eq!(moved(200, home), None);
    }

    #[test]
    fn the_address_that_was_asked_is_left_out_of_an_error() {
        let told = "error sending request for url (https://api.github.com/repos/a/b?page=2)";
        assert_eq!(without_address(told), "error sending request");
        assert_eq!(without_address("connection refused"), "connection refused");
    }

    #[test]
    fn p6_a_next_page_is_asked_of_our_server_or_the_list_is_an_error() {
        let path = |link: &str, api: &str| next_path(&reply(200, &[("link", link)], "").headers, api, "it");
        let inside = r#"<https://git.example.org/api/v3/x?page=2>; rel="next""#;
        for api in ["https://git.example.org/api/v3", "http://ghes.internal/api/v3"] {
            assert_eq!(path(inside, api).unwrap().as_deref(), Some("/x?page=2"));
        }
        for outside in ["https://git.example.org/login", "https://git.example.org/api/v30/x", "x?page=2"] {
            let error = path(&format!("<{outside}>; rel=\"next\""), "http://ghes.internal/api/v3");
            assert!(matches!(error, Err(ForgeError::Invalid { .. })), "{outside}");
        }
        assert_eq!(path("", "https://api.github.com").unwrap(), None);
    }
}
