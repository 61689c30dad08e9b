//! Webhooks, byte by byte as Forgejo 12 sends them: once, and never again.

use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::model::id::Sha;

use super::wire;
use super::world::{Delivery, World};

/// Something happened to a pull request.
pub(super) fn pull(world: &mut World, full_name: &str, number: u64, action: &str, changes: &Value, by: &str) {
    let kind = if action == "synchronized" { "pull_request_sync" } else { "pull_request" };
    let Some(repo) = world.repository(full_name) else { return };
    let Some(pull) = repo.pulls.get(&number) else { return };
    let mut payload = json!({
        "action": action,
        "number": number,
        "pull_request": wire::pull(world, repo, pull),
        "requested_reviewer": null,
        "repository": wire::repository(world, repo),
        "sender": wire::user(by),
        "commit_id": "",
        "review": null,
    });
    if !changes.is_null() {
        payload["changes"] = changes.clone();
    }
    send(world, full_name, "pull_request", kind, &payload);
}

/// Somebody wrote under a pull request.
pub(super) fn comment(world: &mut World, full_name: &str, id: u64) {
    let Some(repo) = world.repository(full_name) else { return };
    let Some(comment) = repo.comments.iter().find(|c| c.id == id) else { return };
    let Some(pull) = repo.pulls.get(&comment.pull) else { return };
    let payload = json!({
        "action": "created",
        "issue": { "number": pull.number, "title": pull.title, "user": wire::user(&pull.author), "state": "open" },
        "pull_request": wire::pull(world, repo, pull),
        "comment": wire::issue_comment(comment),
        "repository": wire::repository(world, repo),
        "sender": wire::user(&comment.author),
        "is_pull": true,
    });
    send(world, full_name, "issue_comment", "pull_request_comment", &payload);
}

/// A review was submitted: no id and no comments come along.
pub(super) fn review(world: &mut World, full_name: &str, number: u64, state: &str, body: &str, by: &str) {
    let (event, kind) = match state {
        "APPROVED" => ("pull_request_approved", "pull_request_review_approved"),
        "REQUEST_CHANGES" => ("pull_request_rejected", "pull_request_review_rejected"),
        _ => ("pull_request_comment", "pull_request_review_comment"),
    };
    let Some(repo) = world.repository(full_name) else { return };
    let Some(pull) = repo.pulls.get(&number) else { return };
    let payload = json!({
        "action": "reviewed",
        "number": number,
        "pull_request": wire::pull(world, repo, pull),
        "repository": wire::repository(world, repo),
        "sender": wire::user(by),
        "commit_id": "",
        "review": { "type": kind, "content": body },
    });
    send(world, full_name, event, kind, &payload);
}

/// A branch moved.
pub(super) fn push(
    world: &mut World,
    full_name: &str,
    branch: &str,
    before: Option<&Sha>,
    after: &Sha,
    by: &str,
) {
    let Some(repo) = world.repository(full_name) else { return };
    let zero = "0".repeat(40);
    let payload = json!({
        "ref": format!("refs/heads/{branch}"),
        "before": before.map_or(zero.as_str(), Sha::as_str),
        "after": after,
        "commits": [],
        "total_commits": 1,
        "repository": wire::repository(world, repo),
        "pusher": wire::user(by),
        "sender": wire::user(by),
    });
    send(world, full_name, "push", "push", &payload);
}

fn send(world: &mut World, full_name: &str, event: &str, kind: &str, payload: &Value) {
    let Some(repo) = world.repository(full_name) else { return };
    let body = serde_json::to_vec_pretty(payload).unwrap_or_default();
    for hook in repo.hooks.clone() {
        let id = uuid::Uuid::from_u128(u128::from(world.next())).to_string();
        let headers = headers(event, kind, &id, &hook.secret, &body);
        world.deliveries.push(Delivery { url: hook.url, headers, body: body.clone().into() });
    }
}

/// All four families of headers at once; without a secret the signatures are there and empty.
fn headers(event: &str, kind: &str, id: &str, secret: &str, body: &[u8]) -> HeaderMap {
    let sha256 = signature(secret, body);
    let mut headers = HeaderMap::new();
    let mut set = |name: String, value: &str| {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::from_str(value)) {
            headers.insert(name, value);
        }
    };
    for family in ["gitea", "gogs", "forgejo", "github"] {
        set(format!("x-{family}-event"), event);
        set(format!("x-{family}-event-type"), kind);
        set(format!("x-{family}-delivery"), id);
    }
    for family in ["gitea", "gogs", "forgejo"] {
        set(format!("x-{family}-signature"), &sha256);
    }
    set("x-hub-signature-256".into(), &format!("sha256={sha256}"));
    set("content-type".into(), "application/json");
    set("user-agent".into(), "Go-http-client/1.1");
    headers
}

fn signature(secret: &str, body: &[u8]) -> String {
    let mac =
        <Hmac<Sha256> as KeyInit>::new_from_slice(secret.as_bytes()).ok().filter(|_| !secret.is_empty());
    mac.map_or_else(String::new, |mut mac| {
        mac.update(body);
        hex::encode(mac.finalize().into_bytes())
    })
}
