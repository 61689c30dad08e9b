//! The door: who asks, what breaks, what is written down.

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, Uri};
use axum::response::Response;
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use super::answer::{Answer, Paging};
use super::key::app_key;
use super::world::{APP_ID, Fault, INSTALLATION, Logged, SLUG, When, World};
use super::{GitHubStandIn, checks, graphql, now_ms, pulls, repositories};

/// What GitHub would take for granted, and a later version of it for something else.
const ACCEPTED: [&str; 3] =
    ["application/vnd.github+json", "application/vnd.github.raw", "application/vnd.github.sha"];
const API_VERSION: &str = "2022-11-28";

const CLOSED_INSTALLATION: u64 = INSTALLATION - 1;

/// One request, taken apart.
#[derive(Debug)]
pub(super) struct Asked<'a> {
    pub(super) method: &'a str,
    pub(super) path: &'a str,
    pub(super) query: &'a [(String, String)],
    pub(super) body: &'a Value,
    pub(super) accept: &'a str,
}

impl Asked<'_> {
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(k, _)| k == name).map(|(_, v)| v.as_str())
    }

    pub(super) fn paging<'b>(&'b self, world: &'b World) -> Paging<'b> {
        Paging { base_url: &world.base_url, path: self.path, query: self.query, longest: world.longest_page }
    }
}

pub(super) async fn serve(
    State(standin): State<GitHubStandIn>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let query: Vec<(String, String)> =
        url::form_urlencoded::parse(uri.query().unwrap_or("").as_bytes()).into_owned().collect();
    let json: Option<Value> = serde_json::from_slice(&body).ok();
    let null = Value::Null;
    let asked = Asked {
        method: method.as_str(),
        path: uri.path(),
        query: &query,
        body: json.as_ref().unwrap_or(&null),
        accept: text(&headers, "accept"),
    };
    let (answer, logged) = {
        let mut world = standin.world();
        let answer = answer(&mut world, &asked, &headers);
        let logged = Logged {
            method: asked.method.to_owned(),
            path: asked.path.to_owned(),
            query: query.clone(),
            body: json.clone(),
            status: answer.status,
        };
        world.log.push(logged.clone());
        (answer, logged)
    };
    standin.observe(&logged);
    respond(answer)
}

fn respond(answer: Answer) -> Response {
    let mut builder = Response::builder().status(answer.status);
    for (name, value) in answer.headers {
        builder = builder.header(name, value);
    }
    builder.body(Body::from(answer.body)).unwrap_or_default()
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or("")
}

fn answer(world: &mut World, asked: &Asked<'_>, headers: &HeaderMap) -> Answer {
    if text(headers, "user-agent").is_empty() {
        return Answer::message(
            403,
            "Request forbidden by administrative rules. Make sure your request has a User-Agent header",
        );
    }
    let version = text(headers, "x-github-api-version");
    if !ACCEPTED.contains(&asked.accept) || version != API_VERSION {
        world.violate(format!(
            "{} {} came with Accept `{}` and X-GitHub-Api-Version `{version}`",
            asked.method, asked.path, asked.accept
        ));
    }
    let fault = struck(world, asked);
    if let Some(fault) = fault.as_ref().filter(|f| f.when == When::Before) {
        return broken(fault);
    }
    catch_up(world, asked.path);
    let answer = match text(headers, "authorization").strip_prefix("Bearer ") {
        None => Answer::message(401, "Requires authentication"),
        Some(token) => authenticated(world, asked, token),
    };
    fault.as_ref().map_or(answer, broken)
}

fn struck(world: &mut World, asked: &Asked<'_>) -> Option<Fault> {
    let matches = |f: &Fault| f.times > 0 && f.method == asked.method && asked.path.contains(&f.path);
    let fault = world.faults.iter_mut().find(|f| matches(f))?;
    fault.times -= 1;
    Some(fault.clone())
}

fn broken(fault: &Fault) -> Answer {
    Answer { status: fault.status, headers: fault.headers.clone(), body: fault.body.clone().into_bytes() }
}

/// Every look at pull requests brings a lagging one nearer to the truth.
fn catch_up(world: &mut World, path: &str) {
    if path != "/graphql" && !path.contains("/pulls") {
        return;
    }
    for pull in world.repositories.iter_mut().flat_map(|r| r.pulls.values_mut()) {
        pull.lag = match pull.lag.take() {
            Some((old, more)) if more > 0 => Some((old, more - 1)),
            _ => None,
        };
    }
}

fn authenticated(world: &mut World, asked: &Asked<'_>, token: &str) -> Answer {
    let segments = segments(asked.path);
    let names: Vec<&str> = segments.iter().map(String::as_str).collect();
    if let ["app", ..] | ["repos", _, _, "installation"] = names.as_slice() {
        let checked =
            app_key().map_or(Err("the stand-in has no key"), |k| k.check(token, APP_ID, now_ms() / 1000));
        return match checked {
            Ok(()) => as_app(world, asked, &names),
            Err(message) => Answer::message(401, message),
        };
    }
    match world.tokens.get(token) {
        Some(expiry) if *expiry > now_ms() => within_budget(world, asked, &names),
        _ => Answer::message(401, "Bad credentials"),
    }
}

/// Split first, decoded then: an encoded slash is part of a name.
fn segments(path: &str) -> Vec<String> {
    let parts = path.trim_matches('/').split('/');
    parts.map(|s| percent_decode_str(s).decode_utf8_lossy().into_owned()).collect()
}

fn as_app(world: &mut World, asked: &Asked<'_>, names: &[&str]) -> Answer {
    match (asked.method, names) {
        ("GET", ["app"]) => Answer::ok(&json!({"id": APP_ID, "slug": SLUG, "name": "Red Panda"})),
        ("GET", ["app", "installations"]) => {
            let closed = world.closed_installation.then_some(CLOSED_INSTALLATION);
            let ids = closed.into_iter().chain([INSTALLATION]);
            asked.paging(world).list(ids.map(|id| json!({"id": id, "suspended_at": null})).collect())
        }
        ("POST", ["app", "installations", id, "access_tokens"]) => mint(world, id),
        ("GET", ["repos", owner, name, "installation"]) => match world.repo(owner, name) {
            Some(_) => Answer::ok(&json!({"id": INSTALLATION, "suspended_at": null})),
            None => Answer::not_found(),
        },
        _ => unknown(world, asked),
    }
}

fn mint(world: &mut World, installation: &str) -> Answer {
    if world.closed_installation && installation == CLOSED_INSTALLATION.to_string() {
        return Answer::message(
            403,
            "Although you appear to have the correct authorization credentials, the organization has an IP allow list enabled, and your IP address is not permitted to access this resource.",
        );
    }
    if installation != INSTALLATION.to_string() {
        return Answer::not_found();
    }
    // Longer than the forty characters that tokens once had.
    let token = format!("ghs_{APP_ID}_standin.{:060}", world.next_id());
    let expiry = now_ms() + 3_600_000;
    world.tokens.insert(token.clone(), expiry);
    let expires_at = super::rfc3339(expiry);
    Answer::json(201, &json!({"token": token, "expires_at": expires_at, "permissions": world.permissions}))
}

/// Every request over REST takes one; a query over GraphQL what GitHub's formula says.
fn within_budget(world: &mut World, asked: &Asked<'_>, names: &[&str]) -> Answer {
    let mut answer = if let ["graphql"] = names {
        graphql::cost(world, asked.body)
            .and_then(|cost| world.points.take(cost).map(|()| cost))
            .map_or_else(|refusal| refusal, |_| as_installation(world, asked, names))
    } else {
        world.requests.take(1).map_or_else(|refusal| refusal, |()| as_installation(world, asked, names))
    };
    let budget = if let ["graphql"] = names { &world.points } else { &world.requests };
    budget.tell(&mut answer);
    answer
}

fn as_installation(world: &mut World, asked: &Asked<'_>, names: &[&str]) -> Answer {
    if let Some((permission, level)) = needed(asked.method, names) {
        let had = world.permissions.get(permission).copied();
        if had != Some("write") && had != Some(level) {
            return Answer::message(403, "Resource not accessible by integration");
        }
    }
    match (asked.method, names) {
        ("POST", ["graphql"]) => graphql::answer(world, asked.body),
        ("GET", ["installation", "repositories"]) => repositories::installed(world, asked),
        ("GET", ["repositories", id]) => repositories::by_id(world, id),
        (_, ["repos", owner, name, rest @ ..]) => in_repository(world, asked, owner, name, rest),
        _ => unknown(world, asked),
    }
}

fn in_repository(world: &mut World, asked: &Asked<'_>, owner: &str, name: &str, rest: &[&str]) -> Answer {
    let Some(repo) = world.repo(owner, name) else { return Answer::not_found() };
    let id = repo.id;
    if repo.name != name {
        return moved(world, asked, id, rest);
    }
    match rest {
        ["pulls", ..] => pulls::answer(world, asked, id, rest),
        ["check-runs", ..] | ["commits", _, "check-runs"] => checks::answer(world, asked, id, rest),
        _ => repositories::answer(world, asked, id, rest),
    }
}

/// A former name redirects to the repository by its number: 301 for reads, 307 for writes.
fn moved(world: &World, asked: &Asked<'_>, id: u64, rest: &[&str]) -> Answer {
    let status = if asked.method == "GET" { 301 } else { 307 };
    let mut answer = Answer::message(status, "Moved Permanently");
    let tail: String = rest.iter().map(|s| format!("/{s}")).collect();
    answer.headers.push(("location", format!("{}/repositories/{id}{tail}", world.base_url)));
    answer
}

pub(super) fn unknown(world: &mut World, asked: &Asked<'_>) -> Answer {
    world.violate(format!("no such operation: {} {}", asked.method, asked.path));
    Answer::not_found()
}

/// The permission that an operation needs.
fn needed(method: &str, names: &[&str]) -> Option<(&'static str, &'static str)> {
    let level = if method == "GET" { "read" } else { "write" };
    match names {
        ["graphql"] => Some(("pull_requests", "read")),
        ["repos", _, _, "check-runs", ..] | ["repos", _, _, "commits", _, "check-runs"] => {
            Some(("checks", level))
        }
        ["repos", _, _, "pulls", ..] | ["repos", _, _, "issues", ..] => Some(("pull_requests", level)),
        ["repos", _, _, "deployments", ..] => Some(("deployments", level)),
        ["repos", _, _, "git" | "contents" | "compare" | "commits" | "tags", ..] => Some(("contents", level)),
        _ => None,
    }
}
