//! The stand-in's API: one place that knows who asks, counts, fails when told to, and answers.

use std::collections::HashMap;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode, Uri, header};
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use super::world::{Moment, Permission, Repo, Request, World};
use super::{Shared, lock, wire, write};

/// How long each inline comment of a review takes the forge.
const COMMENT_TIME: Duration = Duration::from_millis(1);

pub(super) fn router(world: Shared) -> Router {
    Router::new().fallback(handle).with_state(world)
}

/// A call as the handlers see it.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) method: Method,
    /// Decoded segments below `/api/v1/`.
    pub(super) path: Vec<String>,
    pub(super) query: HashMap<String, String>,
    pub(super) body: Value,
    pub(super) login: String,
    /// Set when the call is to fail half-way.
    pub(super) moment: Option<Moment>,
}

impl Call {
    fn flag(&self, key: &str) -> Option<&str> {
        self.query.get(key).map(String::as_str)
    }

    fn number(&self, key: &str) -> Option<usize> {
        self.flag(key)?.parse().ok()
    }
}

/// An answer.
#[derive(Debug)]
pub(super) struct Reply {
    status: StatusCode,
    kind: &'static str,
    body: Bytes,
    headers: Vec<(&'static str, String)>,
}

impl Reply {
    pub(super) fn json(status: StatusCode, body: &Value) -> Self {
        let body = body.to_string().into();
        Self { status, kind: "application/json;charset=utf-8", body, headers: Vec::new() }
    }

    pub(super) fn ok(body: &Value) -> Self {
        Self::json(StatusCode::OK, body)
    }

    pub(super) fn empty() -> Self {
        Self {
            status: StatusCode::NO_CONTENT,
            kind: "application/json",
            body: Bytes::new(),
            headers: Vec::new(),
        }
    }

    pub(super) fn fault(status: StatusCode, message: &str) -> Self {
        Self::json(status, &json!({ "message": message, "url": "/api/swagger" }))
    }

    pub(super) fn not_found() -> Self {
        Self::fault(StatusCode::NOT_FOUND, "The target couldn't be found.")
    }

    fn raw(kind: &'static str, body: impl Into<Bytes>) -> Self {
        Self { status: StatusCode::OK, kind, body: body.into(), headers: Vec::new() }
    }

    fn page_fault(status: StatusCode, kind: &'static str, body: &'static str) -> Self {
        Self { status, kind, body: body.into(), headers: Vec::new() }
    }

    pub(super) fn panic() -> Self {
        Self::page_fault(StatusCode::INTERNAL_SERVER_ERROR, "text/html", "<html>Internal Server Error</html>")
    }

    fn header(mut self, name: &'static str, value: impl ToString) -> Self {
        self.headers.push((name, value.to_string()));
        self
    }

    fn into_response(self) -> Response {
        let mut response = Response::builder().status(self.status).header(header::CONTENT_TYPE, self.kind);
        for (name, value) in self.headers {
            response = response.header(name, value);
        }
        response.body(Body::from(self.body)).unwrap_or_default()
    }
}

async fn handle(
    State(world): State<Shared>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let shown = uri.path().trim_start_matches("/api/v1/").to_owned();
    let mut call = Call {
        path: shown.split('/').map(|s| percent_decode_str(s).decode_utf8_lossy().into_owned()).collect(),
        query: url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()).into_owned().collect(),
        body: serde_json::from_slice(&body).unwrap_or_default(),
        login: String::new(),
        moment: None,
        method,
    };
    let refusal = admit(&mut lock(&world), &mut call, &headers, &shown);
    let reply = match refusal {
        Some(refusal) => refusal,
        None => work(&world, &call).await,
    };
    let reply = if call.moment == Some(Moment::After) { Reply::panic() } else { reply };
    let (method, status) = (call.method.to_string(), reply.status.as_u16());
    lock(&world).requests.push(Request { method, path: shown, status });
    reply.into_response()
}

/// Reviews take their time, and nobody else may write one meanwhile: the world is not locked while they do.
async fn work(world: &Shared, call: &Call) -> Reply {
    let Some(post) = write::review_post(call) else { return answer(&mut lock(world), call) };
    let begun = write::begin_review(&mut lock(world), call, &post);
    if let Err(refusal) = begun {
        return refusal;
    }
    tokio::time::sleep(COMMENT_TIME).await;
    let reply = write::review(&mut lock(world), call, &post);
    write::end_review(&mut lock(world), call, &post);
    reply
}

/// Faults that are due, and who asks: a refusal, or nothing.
fn admit(world: &mut World, call: &mut Call, headers: &HeaderMap, shown: &str) -> Option<Reply> {
    if world.limited {
        // By what stands before the forge; neither Gitea nor Forgejo limits by itself.
        let html = "<html>429 Too Many Requests</html>";
        return Some(Reply::page_fault(StatusCode::TOO_MANY_REQUESTS, "text/html", html));
    }
    call.moment = world.fault(call.method.as_str(), shown);
    match call.moment {
        Some(Moment::Before) => return Some(Reply::panic()),
        Some(Moment::Rejected) => return Some(Reply::fault(StatusCode::UNPROCESSABLE_ENTITY, "")),
        _ => {}
    }
    if call.path == ["version"] {
        return None;
    }
    let told = headers
        .get(header::AUTHORIZATION)
        .and_then(|v| v.to_str().ok())
        .and_then(|v| v.strip_prefix("token "));
    let Some(token) = told.and_then(|t| world.tokens.get(t)) else {
        return Some(Reply::fault(StatusCode::UNAUTHORIZED, "invalid username, password or token"));
    };
    call.login = token.login.clone();
    let needed = needed_scope(call);
    let enough =
        |scope: &String| *scope == needed || scope.strip_prefix("write:") == needed.strip_prefix("read:");
    if token.scopes.iter().any(enough) {
        return None;
    }
    let message = format!("token does not have at least one of required scope(s): [{needed}]");
    Some(Reply::fault(StatusCode::FORBIDDEN, &message))
}

fn needed_scope(call: &Call) -> String {
    let level = if call.method == Method::GET { "read" } else { "write" };
    let area = match (call.path.first().map(String::as_str), call.path.get(3).map(String::as_str)) {
        (Some("user"), _) => "user",
        (_, Some("issues")) => "issue",
        _ => "repository",
    };
    format!("{level}:{area}")
}

fn answer(world: &mut World, call: &Call) -> Reply {
    let path: Vec<&str> = call.path.iter().map(String::as_str).collect();
    match (call.method.as_str(), path.as_slice()) {
        ("GET", ["version"]) => Reply::ok(&json!({ "version": "12.0.0-standin+gitea-1.22.0" })),
        ("GET", ["user"]) => Reply::ok(&wire::user(&call.login)),
        ("GET", ["user", "repos"]) => {
            let seen = world
                .repositories
                .iter()
                .filter(|r| r.owner == call.login || r.collaborators.contains_key(&call.login));
            page(world, call, seen.map(|r| wire::repository(world, r)).collect())
        }
        ("GET", ["repositories", id]) => match world.repositories.iter().find(|r| r.id.to_string() == **id) {
            Some(repo) => Reply::ok(&wire::repository(world, repo)),
            None => Reply::not_found(),
        },
        (_, ["repos", owner, name, rest @ ..]) => {
            let full_name = format!("{owner}/{name}");
            match visible(world, call, &full_name) {
                Ok(()) => in_repository(world, call, &full_name, rest),
                Err(refusal) => refusal,
            }
        }
        _ => Reply::page_fault(StatusCode::NOT_FOUND, "text/plain; charset=utf-8", "404 page not found"),
    }
}

/// A renamed repository redirects, a private one is not there for strangers.
pub(super) fn visible(world: &World, call: &Call, full_name: &str) -> Result<(), Reply> {
    if let Some(repo) = world.repository(full_name) {
        return repo.permission(&call.login).map(drop).ok_or_else(Reply::not_found);
    }
    let renamed = world.repositories.iter().find(|r| r.former_names.iter().any(|n| n == full_name));
    let Some(repo) = renamed else { return Err(Reply::not_found()) };
    let rest = call.path.get(3..).unwrap_or_default().join("/");
    let moved = Reply::page_fault(StatusCode::MOVED_PERMANENTLY, "text/html", "");
    Err(moved.header("location", format!("/api/v1/repos/{}/{rest}", repo.full_name())))
}

fn in_repository(world: &mut World, call: &Call, full_name: &str, rest: &[&str]) -> Reply {
    let Some(repo) = world.repository(full_name).cloned() else { return Reply::not_found() };
    match (call.method.as_str(), rest) {
        ("GET", []) => Reply::ok(&wire::repository(world, &repo)),
        ("GET", ["branches", name @ ..]) => match repo.tip(&name.join("/")) {
            Some(sha) => Reply::ok(&json!({ "name": name.join("/"), "commit": { "id": sha } })),
            None => Reply::not_found(),
        },
        ("GET", ["tags"]) => {
            let tags =
                repo.git.tags().iter().map(|(name, sha)| json!({ "name": name, "commit": { "sha": sha } }));
            page(world, call, tags.collect())
        }
        ("GET", ["tags", name @ ..]) => match repo.git.tags().get(&name.join("/")) {
            Some(sha) => Reply::ok(&json!({ "name": name.join("/"), "commit": { "sha": sha } })),
            None => Reply::not_found(),
        },
        ("GET", ["releases", "latest"]) => match repo.releases.last() {
            Some(tag) => Reply::ok(&json!({ "tag_name": tag, "draft": false, "prerelease": false })),
            None => Reply::not_found(),
        },
        ("GET", ["raw", path @ ..]) => raw(&repo, call, &path.join("/")),
        ("GET", ["git", "trees", sha]) => tree(world, &repo, call, sha),
        ("GET", ["git", "commits", sha]) => {
            match repo.git.resolve(sha).filter(|sha| !repo.is_ahead_of_us(sha)) {
                Some(sha) => Reply::ok(&wire::commit(&repo, &sha)),
                None => Reply::not_found(),
            }
        }
        ("GET", ["git", "refs", "pull", number, "head"]) => pull_ref(world, full_name, number),
        ("GET", ["compare", spec]) => {
            match spec.split_once("...").map(|(a, b)| (repo.git.resolve(a), repo.git.resolve(b))) {
                Some((Some(a), Some(b))) => {
                    let commits = repo.git.commits_between(&a, &b).len();
                    Reply::ok(&json!({ "total_commits": commits, "commits": [], "files": [] }))
                }
                _ => Reply::not_found(),
            }
        }
        ("GET", ["pulls"]) => {
            let mut pulls: Vec<_> =
                repo.pulls.values().filter(|p| p.open || call.flag("state") != Some("open")).collect();
            pulls.sort_by_key(|p| std::cmp::Reverse(p.updated));
            let listed = page(world, call, pulls.iter().map(|p| wire::pull(world, &repo, p)).collect());
            // Built from the forge's own idea of its address: whoever follows it is lost.
            listed.header("link", "<http://wrong.invalid/api/v1/next>; rel=\"next\"")
        }
        ("GET", ["pulls", number]) => pull(world, full_name, number),
        ("GET", ["pulls", number, "commits"]) => {
            let Some(pull) = number.parse().ok().and_then(|n| repo.pulls.get(&n)) else {
                return Reply::not_found();
            };
            let base =
                if pull.merged { Some(pull.old_merge_base.clone()) } else { repo.tip(&pull.base_branch) };
            let commits =
                base.map(|b| repo.git.commits_between(&b, &Repo::told_ref(pull))).unwrap_or_default();
            page(world, call, commits.iter().rev().map(|c| wire::commit(&repo, &c.id)).collect())
        }
        ("GET", ["pulls", number, "reviews"]) => {
            let Some(pull) = number.parse().ok().and_then(|n| repo.pulls.get(&n)) else {
                return Reply::not_found();
            };
            let seen = pull.reviews.iter().filter(|r| r.state != "PENDING" || r.author == call.login);
            let rows = seen.map(|r| wire::review(world, &repo, pull.number, r)).collect();
            if call.query.contains_key("page") {
                page(world, call, rows)
            } else {
                Reply::ok(&Value::Array(rows))
            }
        }
        ("GET", ["pulls", number, "reviews", id, "comments"]) => {
            let Some(pull) = number.parse().ok().and_then(|n| repo.pulls.get(&n)) else {
                return Reply::not_found();
            };
            let Some(review) = pull.reviews.iter().find(|r| r.id.to_string() == **id) else {
                return Reply::not_found();
            };
            let shown =
                |c| wire::code_comment(review.id, c, if write::is_shown(&repo, pull, c) { "@@" } else { "" });
            // In no order that could be relied on.
            Reply::ok(&Value::Array(review.comments.iter().rev().map(shown).collect()))
        }
        ("GET", ["commits", sha, "statuses"]) => {
            let rows = repo.statuses.iter().filter(|s| s.sha.as_str() == *sha).map(wire::status);
            // Newest first when that is asked for; else in no order that could be relied on.
            let rows =
                if call.flag("sort") == Some("highestindex") { rows.rev().collect() } else { rows.collect() };
            page(world, call, rows)
        }
        // Not paged; members of teams are collaborators of their repository here.
        ("GET", ["assignees"]) => {
            let writes = |p: &Permission| *p != Permission::Read;
            let people = repo.collaborators.iter().filter(|(_, p)| writes(p)).map(|(login, _)| login);
            Reply::ok(&Value::Array(people.chain([&repo.owner]).map(|login| wire::user(login)).collect()))
        }
        ("GET", ["collaborators", login]) => match repo.collaborators.contains_key(*login) {
            true => Reply::empty(),
            false => Reply::not_found(),
        },
        ("GET", ["collaborators", login, "permission"]) => permission(&repo, call, login),
        _ => write::in_repository(world, call, full_name, rest),
    }
}

/// `null` past the last page of some lists is how it answers; the total is told on most.
fn page(world: &World, call: &Call, rows: Vec<Value>) -> Reply {
    let limit = call.number("limit").filter(|l| *l > 0).unwrap_or(30).min(world.page);
    let from = (call.number("page").unwrap_or(1).max(1) - 1) * limit;
    let total = rows.len();
    let rows: Vec<Value> = rows.into_iter().skip(from).take(limit).collect();
    Reply::ok(&Value::Array(rows)).header("x-total-count", total)
}

fn tree(world: &World, repo: &Repo, call: &Call, sha: &str) -> Reply {
    let commit = repo.git.resolve(sha).filter(|s| !repo.is_ahead_of_us(s));
    let Some(rows) = commit.and_then(|s| wire::tree_rows(repo, &s)) else { return Reply::not_found() };
    // The forge allows more here than in other lists.
    let limit = call.number("per_page").unwrap_or(1000).min(world.page * 20);
    let (number, total) = (call.number("page").unwrap_or(1).max(1), rows.len());
    let rows: Vec<Value> = rows.into_iter().skip((number - 1) * limit).take(limit).collect();
    let shown = if rows.is_empty() { Value::Null } else { Value::Array(rows) };
    Reply::ok(
        &json!({ "sha": sha, "tree": shown, "truncated": number * limit < total, "page": number, "total_count": total }),
    )
}

fn raw(repo: &Repo, call: &Call, path: &str) -> Reply {
    let commit = call.flag("ref").and_then(|name| repo.git.resolve(name)).filter(|s| !repo.is_ahead_of_us(s));
    match commit.and_then(|sha| repo.git.file(&sha, path).cloned()) {
        Some(content) if content.mode != crate::model::change::Mode::Submodule => {
            let tag = format!("\"{}\"", content.id());
            Reply::raw("application/octet-stream", content.bytes).header("etag", tag)
        }
        _ => Reply::not_found(),
    }
}

fn pull(world: &mut World, full_name: &str, number: &str) -> Reply {
    let (number, diff) = match number.strip_suffix(".diff") {
        Some(number) => (number, true),
        None => (number, false),
    };
    let Some(repo) = world.repository_mut(full_name) else { return Reply::not_found() };
    let snapshot = repo.clone();
    let Some(pull) = number.parse().ok().and_then(|n| repo.pulls.get_mut(&n)) else {
        return Reply::not_found();
    };
    if diff {
        let text: Vec<u8> = snapshot.told_diff(pull).iter().flat_map(|f| f.to_git()).collect();
        return Reply::raw("text/plain; charset=utf-8", text);
    }
    let told = pull.clone();
    pull.merge_base_lag = pull.merge_base_lag.saturating_sub(1);
    Reply::ok(&wire::pull(world, &snapshot, &told))
}

/// An array, even of one.
fn pull_ref(world: &mut World, full_name: &str, number: &str) -> Reply {
    let pulls = world.repository_mut(full_name).map(|r| &mut r.pulls);
    let pull = number.parse().ok().and_then(|n| pulls.and_then(|p| p.get_mut(&n)));
    let Some(pull) = pull else { return Reply::not_found() };
    let sha = Repo::told_ref(pull);
    pull.head_lag = pull.head_lag.saturating_sub(1);
    Reply::ok(
        &json!([{ "ref": format!("refs/pull/{number}/head"), "object": { "type": "commit", "sha": sha } }]),
    )
}

fn permission(repo: &Repo, call: &Call, login: &str) -> Reply {
    if repo.permission(&call.login) != Some(Permission::Admin) && call.login != login {
        return Reply::fault(
            StatusCode::FORBIDDEN,
            "Only admins can query all permissions, repo admins can query all repo permissions",
        );
    }
    let word = match repo.permission(login) {
        _ if login == repo.owner => "owner",
        Some(Permission::Admin) => "admin",
        Some(Permission::Write) => "write",
        Some(Permission::Read) => "read",
        None => "none",
    };
    Reply::ok(&json!({ "permission": word, "user": wire::user(login) }))
}
