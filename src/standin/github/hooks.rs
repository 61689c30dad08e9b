//! Webhooks as GitHub sends them: made from the state, signed, and kept until the story delivers them.

use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::model::id::Sha;

use super::pulls::pull_json;
use super::repositories::repository_json;
use super::world::{APP_ID, INSTALLATION, World};

/// The permission, read or write, without which GitHub neither registers an event nor delivers it.
const NEEDED: [(&str, &str); 6] = [
    ("check_run", "checks"),
    ("check_suite", "checks"),
    ("issue_comment", "issues"),
    ("merge_group", "merge_queues"),
    ("pull_request", "pull_requests"),
    ("push", "contents"),
];

/// What registering an App by its manifest answers: every default event needs its permission.
pub fn register(manifest: &Value) -> Result<(), String> {
    let permitted = |event: &str| {
        let needed = NEEDED.iter().find(|(name, _)| *name == event).map(|(_, permission)| *permission);
        needed.is_some_and(|permission| manifest["default_permissions"].get(permission).is_some())
    };
    let events = manifest["default_events"].as_array().map_or(&[][..], Vec::as_slice);
    let refused: Vec<&str> =
        events.iter().filter_map(Value::as_str).filter(|event| !permitted(event)).collect();
    if refused.is_empty() {
        return Ok(());
    }
    Err(format!("Default events are not supported by permissions: {}", refused.join(", ")))
}

/// One delivery: headers and body as they go over the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    pub event: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl World {
    fn deliver(&mut self, event: &str, repo: u64, sender: &str, mut payload: Value) {
        let may_hear =
            |(name, permission): &(&str, &str)| *name == event && self.permissions.contains_key(permission);
        let Some(repository) = self.repositories.iter().find(|r| r.id == repo) else { return };
        if !NEEDED.iter().any(may_hear) {
            return;
        }
        payload["repository"] = repository_json(repository);
        payload["installation"] = json!({"id": INSTALLATION});
        payload["sender"] = json!({"login": sender});
        let body = payload.to_string().into_bytes();
        let guid = format!("00000000-0000-4000-8000-{:012}", self.next_id());
        let headers = [
            ("content-type", "application/json".to_owned()),
            ("user-agent", "GitHub-Hookshot/standin".to_owned()),
            ("x-github-event", event.to_owned()),
            ("x-github-delivery", guid),
            ("x-github-hook-installation-target-id", APP_ID.to_string()),
            ("x-hub-signature-256", format!("sha256={}", sign(&self.webhook_secret, &body))),
        ];
        let headers = headers.map(|(name, value)| (name.to_owned(), value)).to_vec();
        self.deliveries.push(Delivery { event: event.to_owned(), headers, body });
    }

    pub(super) fn tell_pull(&mut self, repo: u64, number: u64, action: &str, sender: &str, more: Value) {
        let found = self.repositories.iter().find(|r| r.id == repo);
        let Some((repository, pull)) = found.and_then(|r| Some((r, r.pulls.get(&number)?))) else { return };
        let mut shown = pull_json(self, repository, pull);
        // A payload is written when it happens: it does not lag.
        shown["head"]["sha"] = json!(pull.head);
        let mut payload = json!({"action": action, "number": number, "pull_request": shown});
        if let (Value::Object(payload), Value::Object(more)) = (&mut payload, more) {
            payload.extend(more);
        }
        self.deliver("pull_request", repo, sender, payload);
    }

    pub(super) fn tell_push(&mut self, repo: u64, branch: &str, before: &Sha, after: &Sha, sender: &str) {
        let payload = json!({"ref": format!("refs/heads/{branch}"), "before": before, "after": after});
        self.deliver("push", repo, sender, payload);
    }

    pub(super) fn tell_rerequested(&mut self, repo: u64, head: &Sha, sender: &str) {
        let run = json!({"head_sha": head, "app": {"id": APP_ID}, "pull_requests": []});
        self.deliver("check_run", repo, sender, json!({"action": "rerequested", "check_run": run}));
    }

    pub(super) fn tell_comment(&mut self, repo: u64, number: u64, comment: u64, author: &str, body: &str) {
        let payload = json!({
            "action": "created", "issue": {"number": number, "pull_request": {}},
            "comment": {"id": comment, "body": body, "user": {"login": author}},
        });
        self.deliver("issue_comment", repo, author, payload);
    }

    pub(super) fn tell_group(&mut self, repo: u64, action: &str, head: &Sha, base: &Sha, branch: &str) {
        let group = json!({"head_sha": head, "base_sha": base, "base_ref": format!("refs/heads/{branch}")});
        self.deliver(
            "merge_group",
            repo,
            "github-merge-queue[bot]",
            json!({"action": action, "merge_group": group}),
        );
    }
}

fn sign(secret: &str, body: &[u8]) -> String {
    let Ok(mut mac) = <Hmac<Sha256> as KeyInit>::new_from_slice(secret.as_bytes()) else {
        return String::new();
    };
    mac.update(body);
    hex::encode(mac.finalize().into_bytes())
}
