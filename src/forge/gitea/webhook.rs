//! What a Gitea or Forgejo delivers. Its wire format ends here.

use http::{HeaderMap, header};
use secrecy::SecretString;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::forge::signature::{self, SignatureError};
use crate::model::command::asks_recheck;
use crate::model::delivery::{Event, Reason};
use crate::model::id::Sha;

use super::wire::{Repo, Side, User, lenient};

/// Why a believed delivery is not understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WebhookError {
    #[error("the delivery names no event in X-Gitea-Event: is this route the one of a Gitea or Forgejo")]
    NoEvent,
    #[error("the webhook's content type has to be application/json")]
    NotJson,
    #[error("the delivery of event `{0}` is not what the forge's documentation promises")]
    Malformed(&'static str),
}

/// The id under which the forge delivers it; a redelivery by hand has a new one.
pub fn delivery_id(headers: &HeaderMap) -> Option<&str> {
    text(headers, "x-gitea-delivery").filter(|id| !id.is_empty() && id.len() <= 64)
}

/// Was it signed with our secret? Checked over the raw body, before anything reads it.
pub fn verify(headers: &HeaderMap, body: &[u8], secret: &SecretString) -> Result<(), SignatureError> {
    let told = text(headers, "x-gitea-signature").or_else(|| text(headers, "x-forgejo-signature"));
    signature::verify(told.unwrap_or_default(), body, secret)
}

/// What it says, in our words. `bot_login`: our own comments ask for nothing.
pub fn parse(headers: &HeaderMap, body: &[u8], bot_login: &str) -> Result<Event, WebhookError> {
    let event = text(headers, "x-gitea-event").filter(|e| !e.is_empty()).ok_or(WebhookError::NoEvent)?;
    let kind = headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    if !kind.to_ascii_lowercase().starts_with("application/json") {
        return Err(WebhookError::NotJson);
    }
    match event {
        "pull_request" => Ok(pull_request(read("pull_request", body)?)),
        "issue_comment" => Ok(issue_comment(read("issue_comment", body)?, bot_login)),
        "push" => Ok(push(read("push", body)?)),
        "pull_request_approved" | "pull_request_rejected" | "pull_request_comment" => {
            Ok(Event::Ignored("a review by somebody"))
        }
        _ => Ok(Event::Ignored("an event we do not work with")),
    }
}

fn read<T: DeserializeOwned>(event: &'static str, body: &[u8]) -> Result<T, WebhookError> {
    serde_json::from_slice(body).map_err(|_| WebhookError::Malformed(event))
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|v| v.to_str().ok()).map(str::trim)
}

#[derive(Deserialize)]
struct PullPayload {
    #[serde(default, deserialize_with = "lenient")]
    action: String,
    number: u64,
    #[serde(default, deserialize_with = "lenient")]
    changes: Changes,
    #[serde(default, deserialize_with = "lenient")]
    pull_request: PullPart,
    repository: Repo,
}

/// Its `ref.from` holds the new branch, so it is only asked whether it is there.
#[derive(Default, Deserialize)]
struct Changes {
    title: Option<serde::de::IgnoredAny>,
    #[serde(rename = "ref")]
    base: Option<serde::de::IgnoredAny>,
}

#[derive(Default, Deserialize)]
struct PullPart {
    #[serde(default, deserialize_with = "lenient")]
    head: Side,
}

fn pull_request(payload: PullPayload) -> Event {
    let repository = payload.repository.to_model();
    let (number, head) = (payload.number, Sha::parse(&payload.pull_request.head.sha));
    let reason = match payload.action.as_str() {
        "opened" => Reason::Opened,
        "synchronized" => Reason::Pushed,
        "reopened" => Reason::Reopened,
        "edited" if payload.changes.base.is_some() => Reason::Retargeted,
        "edited" if payload.changes.title.is_some() => Reason::Edited,
        "edited" => return Event::Ignored("only the description was edited"),
        "closed" => return Event::PullClosed { repository, number, head },
        _ => return Event::Ignored("nothing that changes what is judged"),
    };
    Event::Pull { repository, number, head, reason }
}

#[derive(Deserialize)]
struct CommentPayload {
    #[serde(default, deserialize_with = "lenient")]
    action: String,
    #[serde(default, deserialize_with = "lenient")]
    is_pull: bool,
    issue: Option<IssuePart>,
    /// Missing in a review that old servers deliver under this event.
    comment: Option<CommentPart>,
    repository: Repo,
}

#[derive(Deserialize)]
struct IssuePart {
    number: u64,
}

#[derive(Deserialize)]
struct CommentPart {
    id: u64,
    user: Option<User>,
    #[serde(default, deserialize_with = "lenient")]
    body: String,
}

fn issue_comment(payload: CommentPayload, bot_login: &str) -> Event {
    let repository = payload.repository.to_model();
    let (Some(issue), Some(comment), "created") = (payload.issue, payload.comment, payload.action.as_str())
    else {
        return Event::Ignored("not a new comment");
    };
    if !payload.is_pull {
        return Event::Ignored("a comment under an issue");
    }
    let author = comment.user.unwrap_or_default().login;
    if author.is_empty() || author.eq_ignore_ascii_case(bot_login) {
        return Event::Ignored("our own comment");
    }
    if !asks_recheck(&comment.body) {
        return Event::Ignored("a comment without a command");
    }
    Event::Command { repository, number: issue.number, comment_id: comment.id, author }
}

#[derive(Deserialize)]
struct PushPayload {
    #[serde(rename = "ref", default, deserialize_with = "lenient")]
    name: String,
    #[serde(default, deserialize_with = "lenient")]
    before: String,
    #[serde(default, deserialize_with = "lenient")]
    after: String,
    repository: Repo,
}

fn push(payload: PushPayload) -> Event {
    let Some(branch) = payload.name.strip_prefix("refs/heads/") else {
        return Event::Ignored("a push to something that is no branch");
    };
    // The forge's test button sends the tip as both.
    if payload.before == payload.after {
        return Event::Ping;
    }
    match Sha::parse(&payload.after) {
        Some(after) if !after.is_zero() => {
            Event::Pushed { repository: payload.repository.to_model(), branch: branch.to_owned(), after }
        }
        _ => Event::Ignored("a branch was deleted"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::model::id::Repository;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (name.parse::<http::HeaderName>().unwrap(), value.parse().unwrap()))
            .collect()
    }

    fn check(headers: &HeaderMap) -> Result<(), SignatureError> {
        verify(headers, b"{}", &SecretString::from("key"))
    }

    #[test]
    fn p19_an_empty_or_missing_signature_is_never_right() {
        assert_eq!(check(&HeaderMap::new()), Err(SignatureError::Missing));
        assert_eq!(check(&headers(&[("x-gitea-signature", "")])), Err(SignatureError::Missing));
        assert_eq!(check(&headers(&[("x-hub-signature-256", "sha256=00")])), Err(SignatureError::Missing));
        assert_eq!(check(&headers(&[("x-forgejo-signature", "00")])), Err(SignatureError::Malformed));
        assert_eq!(check(&headers(&[("x-gitea-signature", &"0".repeat(64))])), Err(SignatureError::Mismatch));
    }

    fn event(name: &str, payload: &Value) -> Event {
        let headers = headers(&[("x-gitea-event", name), ("content-type", "application/json")]);
        parse(&headers, payload.to_string().as_bytes(), "red-panda").unwrap()
    }

    fn repository() -> Value {
        json!({"id": 5, "name": "blog", "owner": {"login": "ada"}, "default_branch": "main"})
    }

    fn model() -> Repository {
        Repository { id: 5, owner: "ada".into(), name: "blog".into(), installation: None }
    }

    fn pull(action: &str, changes: &Value) -> Value {
        json!({"action": action, "number": 7, "changes": changes, "repository": repository(), "sender": {"login": "ada"},
               "pull_request": {"number": 7, "head": {"sha": "a".repeat(40)}}})
    }

    #[test]
    fn an_action_on_a_pull_request_gives_its_reason() {
        let from = json!({"from": "x"});
        for (action, changes, reason) in [
            ("opened", json!(null), Reason::Opened),
            ("synchronized", json!(null), Reason::Pushed),
            ("reopened", json!(null), Reason::Reopened),
            ("edited", json!({"title": from}), Reason::Edited),
            ("edited", json!({"ref": from, "title": from}), Reason::Retargeted),
        ] {
            let head = Sha::parse(&"a".repeat(40));
            let expected = Event::Pull { repository: model(), number: 7, head, reason };
            assert_eq!(event("pull_request", &pull(action, &changes)), expected);
        }
    }

    #[test]
    fn a_closed_pull_request_is_closed_and_a_label_is_nothing() {
        let head = Sha::parse(&"a".repeat(40));
        let closed = event("pull_request", &pull("closed", &json!(null)));
        assert_eq!(closed, Event::PullClosed { repository: model(), number: 7, head });
        for (action, changes) in
            [("label_updated", json!(null)), ("edited", json!({"body": {"from": ""}})), ("", json!({}))]
        {
            assert!(matches!(event("pull_request", &pull(action, &changes)), Event::Ignored(_)), "{action}");
        }
    }

    fn comment(author: &str, body: &str) -> Value {
        json!({"action": "created", "is_pull": true, "issue": {"number": 7}, "repository": repository(),
               "comment": {"id": 41, "user": {"login": author}, "body": body}})
    }

    #[test]
    fn a_command_is_heard_from_people_only() {
        let command = event("issue_comment", &comment("grace", "again:\n/red-panda recheck"));
        assert_eq!(
            command,
            Event::Command { repository: model(), number: 7, comment_id: 41, author: "grace".into() }
        );
        for payload in [comment("Red-Panda", "/red-panda recheck"), comment("grace", "> /red-panda recheck")]
        {
            assert!(matches!(event("issue_comment", &payload), Event::Ignored(_)));
        }
    }

    #[test]
    fn a_comment_event_without_a_comment_is_nothing() {
        let mut payload = comment("grace", "/red-panda recheck");
        payload["comment"] = json!(null);
        payload["action"] = json!("reviewed");
        assert!(matches!(event("issue_comment", &payload), Event::Ignored(_)));
        let mut payload = comment("grace", "/red-panda recheck");
        payload["is_pull"] = json!(false);
        assert!(matches!(event("issue_comment", &payload), Event::Ignored(_)));
    }

    #[test]
    fn a_push_to_a_branch_is_told_and_the_test_button_is_a_ping() {
        let (one, two, none) = ("a".repeat(40), "b".repeat(40), "0".repeat(40));
        let push = |name: &str, before: &str, after: &str| {
            event("push", &json!({"ref": name, "before": before, "after": after, "repository": repository()}))
        };
        let after = Sha::parse(&two).unwrap();
        let pushed = Event::Pushed { repository: model(), branch: "feature/x".into(), after };
        assert_eq!(push("refs/heads/feature/x", &one, &two), pushed);
        assert_eq!(push("refs/heads/main", &one, &one), Event::Ping);
        assert!(matches!(push("refs/heads/main", &one, &none), Event::Ignored(_)));
        assert!(matches!(push("refs/tags/v1", &none, &one), Event::Ignored(_)));
    }

    #[test]
    fn what_is_not_ours_is_refused_by_name() {
        let json = ("content-type", "application/json");
        assert_eq!(parse(&headers(&[json]), b"{}", "bot"), Err(WebhookError::NoEvent));
        let form =
            headers(&[("x-gitea-event", "push"), ("content-type", "application/x-www-form-urlencoded")]);
        assert_eq!(parse(&form, b"payload=%7B%7D", "bot"), Err(WebhookError::NotJson));
        let push = headers(&[("x-gitea-event", "push"), json]);
        assert_eq!(parse(&push, b"[]", "bot"), Err(WebhookError::Malformed("push")));
    }

    proptest! {
        #[test]
        fn no_body_makes_it_panic(
            name in prop::sample::select(vec!["push", "pull_request", "issue_comment", "pull_request_comment", "x"]),
            body in prop::collection::vec(any::<u8>(), 0..300),
        ) {
            let headers = headers(&[("x-gitea-event", name), ("content-type", "application/json")]);
            let _ = parse(&headers, &body, "bot");
        }

        #[test]
        fn no_odd_field_makes_it_panic(
            key in prop::sample::select(vec!["action", "number", "changes", "pull_request", "repository", "comment", "issue", "ref"]),
            value in prop::sample::select(vec![json!(null), json!(-1), json!("ä"), json!([]), json!({}), json!({"ref": 1})]),
        ) {
            for (name, mut payload) in [("pull_request", pull("edited", &json!({}))), ("issue_comment", comment("a", "b"))] {
                payload[key] = value.clone();
                let headers = headers(&[("x-gitea-event", name), ("content-type", "application/json")]);
                let _ = parse(&headers, payload.to_string().as_bytes(), "bot");
            }
        }
    }
}
