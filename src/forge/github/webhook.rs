//! What GitHub delivers. Its wire format ends here.

use http::HeaderMap;
use secrecy::SecretString;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::forge::signature::{self, SignatureError};
use crate::model::command::asks_recheck;
use crate::model::delivery::{Event, Reason};
use crate::model::id::{Repository, Sha};

/// The events the App subscribes to: the manifest's `default_events`. `installation`, `installation_repositories` and
/// `ping` come to every App and cannot be subscribed to.
pub const EVENTS: [&str; 6] =
    ["check_run", "check_suite", "issue_comment", "merge_group", "pull_request", "push"];

/// Who we are: our own events ask for nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    pub app_id: u64,
    /// `[bot]` included.
    pub bot_login: String,
}

/// Why a believed delivery is not understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WebhookError {
    #[error("the delivery names no event in X-GitHub-Event: is this the route of a GitHub forge")]
    NoEvent,
    #[error("the delivery of event `{0}` is not what GitHub's documentation promises")]
    Malformed(&'static str),
}

/// The id of the delivery; GitHub uses the same one when it delivers again.
pub fn delivery_id(headers: &HeaderMap) -> Option<&str> {
    text(headers, "x-github-delivery").filter(|id| !id.is_empty() && id.len() <= 64)
}

/// Was it signed with our secret? Only the SHA-256 signature counts: the SHA-1 one beside it is ignored.
pub fn verify(headers: &HeaderMap, body: &[u8], secret: &SecretString) -> Result<(), SignatureError> {
    let told = text(headers, "x-hub-signature-256").ok_or(SignatureError::Missing)?;
    signature::verify(told.strip_prefix("sha256=").ok_or(SignatureError::Malformed)?, body, secret)
}

/// What it says, in our words. Events and actions that GitHub may add one day are ignored, not errors.
pub fn parse(headers: &HeaderMap, body: &[u8], own: &Identity) -> Result<Event, WebhookError> {
    let event = text(headers, "x-github-event").filter(|e| !e.is_empty()).ok_or(WebhookError::NoEvent)?;
    match event {
        "pull_request" => subject("pull_request", body, own, pull_request),
        "check_run" => subject("check_run", body, own, |p| check_run(p, own)),
        "check_suite" => subject("check_suite", body, own, |p| check_suite(p, own)),
        "merge_group" => subject("merge_group", body, own, merge_group),
        "issue_comment" => subject("issue_comment", body, own, issue_comment),
        "push" => subject("push", body, own, push),
        "installation" => Ok(installation(read("installation", body)?)),
        "installation_repositories" => Ok(installation(read("installation_repositories", body)?)),
        "ping" => Ok(Event::Ping),
        _ => Ok(Event::Ignored("an event we do not work with")),
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|v| v.to_str().ok())
}

fn read<T: DeserializeOwned>(event: &'static str, json: &[u8]) -> Result<T, WebhookError> {
    serde_json::from_slice(json).map_err(|_| WebhookError::Malformed(event))
}

/// Events about a repository: who sent it is looked at before what it says.
fn subject<T: DeserializeOwned>(
    event: &'static str,
    json: &[u8],
    own: &Identity,
    then: impl FnOnce(Payload<T>) -> Option<Event>,
) -> Result<Event, WebhookError> {
    #[derive(Deserialize)]
    struct Sent {
        sender: Option<User>,
    }
    let sender = read::<Sent>(event, json)?.sender;
    if sender.is_some_and(|s| s.login.eq_ignore_ascii_case(&own.bot_login)) {
        return Ok(Event::Ignored("our own doing"));
    }
    then(read(event, json)?).ok_or(WebhookError::Malformed(event))
}

#[derive(Deserialize)]
struct Payload<T> {
    #[serde(default)]
    action: String,
    repository: Option<WireRepository>,
    installation: Option<WireInstallation>,
    #[serde(flatten)]
    rest: T,
}

impl<T> Payload<T> {
    fn repository(&self) -> Option<Repository> {
        self.repository.as_ref()?.repository(self.installation.as_ref().map(|i| i.id))
    }
}

#[derive(Deserialize)]
struct WireRepository {
    id: u64,
    full_name: String,
}

impl WireRepository {
    fn repository(&self, installation: Option<u64>) -> Option<Repository> {
        let (owner, name) = self.full_name.split_once('/')?;
        Some(Repository { id: self.id, owner: owner.to_owned(), name: name.to_owned(), installation })
    }
}

#[derive(Deserialize)]
struct WireInstallation {
    id: u64,
}

#[derive(Deserialize)]
struct User {
    login: String,
}

#[derive(Deserialize)]
struct PullRest {
    number: u64,
    pull_request: WirePull,
    #[serde(default)]
    changes: Changes,
}

#[derive(Deserialize)]
struct WirePull {
    head: Head,
}

#[derive(Deserialize)]
struct Head {
    sha: String,
}

#[derive(Default, Deserialize)]
struct Changes {
    base: Option<serde_json::Value>,
}

fn pull_request(payload: Payload<PullRest>) -> Option<Event> {
    let (repository, number) = (payload.repository()?, payload.rest.number);
    let head = Sha::parse(&payload.rest.pull_request.head.sha);
    let reason = match payload.action.as_str() {
        "opened" => Reason::Opened,
        "synchronize" => Reason::Pushed,
        "reopened" => Reason::Reopened,
        "ready_for_review" => Reason::Ready,
        "edited" if payload.rest.changes.base.is_some() => Reason::Retargeted,
        "edited" => return Some(Event::Ignored("an edit that changes neither code nor target")),
        "closed" => return Some(Event::PullClosed { repository, number, head }),
        _ => return Some(Event::Ignored("a change to a pull request that changes no code")),
    };
    Some(Event::Pull { repository, number, head, reason })
}

#[derive(Deserialize)]
struct CheckRunRest {
    check_run: WireCheck,
}

#[derive(Deserialize)]
struct CheckSuiteRest {
    check_suite: WireCheck,
}

#[derive(Deserialize)]
struct WireCheck {
    head_sha: String,
    app: Option<WireApp>,
}

#[derive(Deserialize)]
struct WireApp {
    id: u64,
}

fn check_run(payload: Payload<CheckRunRest>, own: &Identity) -> Option<Event> {
    rerequested(&payload.action, payload.repository(), &payload.rest.check_run, own)
}

fn check_suite(payload: Payload<CheckSuiteRest>, own: &Identity) -> Option<Event> {
    rerequested(&payload.action, payload.repository(), &payload.rest.check_suite, own)
}

/// By commit, not by pull request: of a fork's GitHub names none.
fn rerequested(
    action: &str,
    repository: Option<Repository>,
    check: &WireCheck,
    own: &Identity,
) -> Option<Event> {
    if action != "rerequested" {
        return Some(Event::Ignored("a check that nobody asked for again"));
    }
    if check.app.as_ref().is_some_and(|app| app.id != own.app_id) {
        return Some(Event::Ignored("another App's check"));
    }
    Some(Event::Rerequested { repository: repository?, head: Sha::parse(&check.head_sha)? })
}

#[derive(Deserialize)]
struct GroupRest {
    merge_group: WireGroup,
}

#[derive(Deserialize)]
struct WireGroup {
    head_sha: String,
    base_sha: String,
    base_ref: String,
}

fn merge_group(payload: Payload<GroupRest>) -> Option<Event> {
    let repository = payload.repository()?;
    let group = &payload.rest.merge_group;
    let head = Sha::parse(&group.head_sha)?;
    Some(match payload.action.as_str() {
        "checks_requested" => Event::GroupRequested {
            repository,
            head,
            base: Sha::parse(&group.base_sha)?,
            base_branch: branch(&group.base_ref).unwrap_or(&group.base_ref).to_owned(),
        },
        "destroyed" => Event::GroupDestroyed { repository, head },
        _ => Event::Ignored("a merge group that asks for nothing"),
    })
}

#[derive(Deserialize)]
struct CommentRest {
    issue: WireIssue,
    comment: WireComment,
}

#[derive(Deserialize)]
struct WireIssue {
    number: u64,
    pull_request: Option<serde_json::Value>,
}

#[derive(Deserialize)]
struct WireComment {
    id: u64,
    #[serde(default)]
    body: Option<String>,
    user: Option<User>,
}

fn issue_comment(payload: Payload<CommentRest>) -> Option<Event> {
    let repository = payload.repository()?;
    let CommentRest { issue, comment } = payload.rest;
    let asked = comment.body.as_deref().is_some_and(asks_recheck);
    Some(match comment.user {
        Some(user) if payload.action == "created" && issue.pull_request.is_some() && asked => {
            Event::Command { repository, number: issue.number, comment_id: comment.id, author: user.login }
        }
        _ => Event::Ignored("a comment without a command"),
    })
}

#[derive(Deserialize)]
struct PushRest {
    #[serde(rename = "ref")]
    name: String,
    after: String,
}

fn push(payload: Payload<PushRest>) -> Option<Event> {
    let after = Sha::parse(&payload.rest.after)?;
    Some(match branch(&payload.rest.name) {
        Some(branch) if !after.is_zero() => {
            Event::Pushed { repository: payload.repository()?, branch: branch.to_owned(), after }
        }
        _ => Event::Ignored("a push that moves no branch"),
    })
}

fn branch(name: &str) -> Option<&str> {
    name.strip_prefix("refs/heads/")
}

#[derive(Deserialize)]
struct InstallationPayload {
    action: String,
    installation: WireInstallation,
    #[serde(default)]
    repositories: Option<Vec<WireRepository>>,
    #[serde(default)]
    repositories_added: Vec<WireRepository>,
}

fn installation(payload: InstallationPayload) -> Event {
    let listed = match payload.action.as_str() {
        "created" => payload.repositories.unwrap_or_default(),
        "added" => payload.repositories_added,
        _ => return Event::Ignored("an installation that gives no new access"),
    };
    let id = Some(payload.installation.id);
    Event::Installed { repositories: listed.iter().filter_map(|r| r.repository(id)).collect() }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn own() -> Identity {
        Identity { app_id: 7, bot_login: "red-panda[bot]".into() }
    }

    fn parsed(event: &str, payload: Value) -> Result<Event, WebhookError> {
        let headers =
            HeaderMap::from_iter([(http::HeaderName::from_static("x-github-event"), event.parse().unwrap())]);
        parse(&headers, payload.to_string().as_bytes(), &own())
    }

    fn in_repository(mut payload: Value) -> Value {
        payload["repository"] = json!({"id": 5, "full_name": "ada/trees"});
        payload["installation"] = json!({"id": 9});
        if payload.get("sender").is_none() {
            payload["sender"] = json!({"login": "ada"});
        }
        payload
    }

    fn sha() -> String {
        "a".repeat(40)
    }

    #[test]
    fn only_actions_that_change_code_or_target_make_work() {
        let reason = |action: &str, changes: Value| {
            let payload = json!({"action": action, "number": 3, "changes": changes, "pull_request": {"head": {"sha": sha()}}});
            match parsed("pull_request", in_repository(payload)) {
                Ok(Event::Pull { reason, number: 3, repository, .. })
                    if repository.installation == Some(9) =>
                {
                    Some(reason)
                }
                Ok(Event::Ignored(_)) => None,
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(reason("opened", json!({})), Some(Reason::Opened));
        assert_eq!(reason("synchronize", json!({})), Some(Reason::Pushed));
        assert_eq!(reason("ready_for_review", json!({})), Some(Reason::Ready));
        assert_eq!(reason("edited", json!({"base": {"ref": {"from": "main"}}})), Some(Reason::Retargeted));
        assert_eq!(reason("edited", json!({"title": {"from": "x"}})), None);
        assert_eq!(reason("converted_to_draft", json!({})), None);
        assert_eq!(reason("labeled", json!({})), None);
    }

    #[test]
    fn p13_a_rerun_is_ours_only_for_our_check_and_never_by_ourselves() {
        let check = |app: u64, sender: &str| {
            let payload = json!({"action": "rerequested", "sender": {"login": sender},
                "check_run": {"head_sha": sha(), "app": {"id": app}, "pull_requests": []}});
            parsed("check_run", in_repository(payload))
        };
        assert!(matches!(check(7, "ada"), Ok(Event::Rerequested { .. })));
        assert!(matches!(check(8, "ada"), Ok(Event::Ignored(_))));
        assert_eq!(check(7, "red-panda[bot]"), Ok(Event::Ignored("our own doing")));
    }

    #[test]
    fn p10_a_merge_group_is_answered_on_its_own_head() {
        let group = json!({"head_sha": sha(), "base_sha": "b".repeat(40), "base_ref": "refs/heads/main"});
        let event =
            parsed("merge_group", in_repository(json!({"action": "checks_requested", "merge_group": group})));
        let Ok(Event::GroupRequested { head, base_branch, .. }) = event else { panic!("{event:?}") };
        assert_eq!((head.as_str(), base_branch.as_str()), (sha().as_str(), "main"));
    }

    #[test]
    fn a_command_stands_under_a_pull_request_on_a_line_of_its_own() {
        let comment = |body: &str, issue: Value| {
            let comment = json!({"id": 4, "body": body, "user": {"login": "ada"}});
            parsed(
                "issue_comment",
                in_repository(json!({"action": "created", "issue": issue, "comment": comment})),
            )
        };
        let pull = json!({"number": 3, "pull_request": {}});
        assert!(matches!(
            comment("so\n/red-panda recheck", pull.clone()),
            Ok(Event::Command { comment_id: 4, .. })
        ));
        assert!(matches!(comment("> /red-panda recheck", pull), Ok(Event::Ignored(_))));
        assert!(matches!(comment("/red-panda recheck", json!({"number": 3})), Ok(Event::Ignored(_))));
    }

    #[test]
    fn a_deleted_branch_and_a_tag_move_no_branch() {
        let push =
            |name: &str, after: &str| parsed("push", in_repository(json!({"ref": name, "after": after})));
        assert!(
            matches!(push("refs/heads/a/b", &sha()), Ok(Event::Pushed { branch, .. }) if branch == "a/b")
        );
        assert!(matches!(push("refs/heads/a", &"0".repeat(40)), Ok(Event::Ignored(_))));
        assert!(matches!(push("refs/tags/v1", &sha()), Ok(Event::Ignored(_))));
    }

    #[test]
    fn what_is_broken_is_an_error_and_what_is_new_is_ignored() {
        assert_eq!(
            parsed("pull_request", json!({"action": "opened"})),
            Err(WebhookError::Malformed("pull_request"))
        );
        assert!(matches!(parsed("moon_phase", json!({})), Ok(Event::Ignored(_))));
        assert_eq!(parse(&HeaderMap::new(), b"{}", &own()), Err(WebhookError::NoEvent));
    }
}
