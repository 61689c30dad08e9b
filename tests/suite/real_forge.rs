//! The same client against a real Forgejo or Gitea. See `tests/forgejo/README.md`.

#[path = "../forgejo/fixture.rs"]
pub(crate) mod fixture;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use http::HeaderMap;
use red_panda::forge::gitea::webhook::{delivery_id, parse, verify};
use red_panda::forge::gitea::{Gitea, GiteaSettings};
use red_panda::forge::{FileWanted, Forge, ForgeError, Reader};
use red_panda::model::change::{Change, FileStatus};
use red_panda::model::delivery::Event;
use red_panda::model::id::{ForgeName, RunId, Sha};
use red_panda::model::judgement::Verdict;
use red_panda::model::marker;
use red_panda::model::plan::{CommentEdit, ForgePosting, NewComment, NewReview, PostingKind, Side};
use red_panda::model::pull::PullRequest;
use red_panda::model::status::{Outcome, STATUS_NAME, Status};
use secrecy::SecretString;
use serde_json::{Value, json};

use fixture::{As, Fixture, server};

use crate::fixtures::list;
use crate::gitea::{fp, inline};

const BASE: &[(&str, &str)] =
    &[("a.py", "one\ntwo\nthree\n"), ("old name.py", "1\n2\n3\n4\n"), ("gone.py", "x\n")];

async fn connect(fixture: &Fixture) -> Gitea {
    let settings = GiteaSettings {
        name: ForgeName("real".into()),
        url: fixture.url.clone(),
        token: SecretString::from(fixture.bot_token.clone()),
        bot_login: None,
        repositories: vec![format!("{}/*", fixture.owner)],
    };
    Gitea::connect(settings).await.unwrap()
}

/// A pull request that changes line 2 of `a.py`, with our client for it.
async fn pull() -> (Fixture, Gitea, PullRequest) {
    let (url, token) = server();
    let fixture = Fixture::create(&url, &token, BASE).await;
    let head = fixture.commit("main", Some("topic"), &[("a.py", Some("one\nTWO\nthree\n"))]).await;
    let number = fixture.open_pull("topic", "Change two").await;
    let client = connect(&fixture).await;
    let pull = at_head(&fixture, &client, number, &head).await;
    (fixture, client, pull)
}

/// The pull request, once the forge shows this head.
async fn at_head(fixture: &Fixture, client: &Gitea, number: u64, head: &Sha) -> PullRequest {
    for _ in 0..50 {
        let pull = client.fetch_pull(&fixture.repository(), number).await.unwrap();
        if pull.head == *head {
            return pull;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("the forge never shows {head}");
}

/// Its change, tried again as a job would: a busy forge may lag for longer than one try waits.
async fn change_of(client: &Gitea, pull: &PullRequest) -> Change {
    for _ in 0..4 {
        match client.fetch_change(pull).await {
            Err(ForgeError::Transient { .. }) => {}
            other => return other.unwrap(),
        }
    }
    client.fetch_change(pull).await.unwrap()
}

fn review(pull: &PullRequest, comments: Vec<NewComment>) -> NewReview {
    let body = format!("### 🐾 Something\n\n{}", marker::render(PostingKind::Summary, &[fp('f')]));
    NewReview { head: pull.head.clone(), body, comments }
}

fn edit(posting: &ForgePosting) -> CommentEdit {
    CommentEdit {
        kind: posting.kind,
        forge_id: posting.forge_id,
        review_id: posting.review_id,
        body: format!("~~Finding~~ Fixed.\n\n{}", marker::render(posting.kind, &posting.fingerprints)),
        fingerprints: posting.fingerprints.clone(),
        fixed: true,
    }
}

fn status(sha: &Sha, outcome: Outcome) -> Status {
    Status {
        sha: sha.clone(),
        outcome,
        description: "3 files checked".into(),
        summary: String::new(),
        annotations: Vec::new(),
        details_url: Some("https://panda.example.test/runs/r1".into()),
        run: RunId("r1".into()),
        resumed: false,
    }
}

#[tokio::test]
#[ignore = "needs a real forge: tests/forgejo/README.md"]
async fn a_change_is_read_with_awkward_names() {
    let (url, token) = server();
    let fixture = Fixture::create(&url, &token, BASE).await;
    let renamed = "pkg/größe \"q\" #1.py";
    fixture.commit("main", Some("topic"), &[(".env", Some("KEY=1\n")), ("pkg/__init__.py", Some(""))]).await;
    let changes =
        [(".env", None), ("old name.py", None), (renamed, Some("1\n2\n3\n4\n5\n")), ("gone.py", None)];
    let head = fixture.commit("topic", None, &changes).await;
    let number = fixture.open_pull("topic", "WIP: Change").await;
    let client = connect(&fixture).await;
    let pull = at_head(&fixture, &client, number, &head).await;
    assert!(pull.draft && pull.is_open() && pull.default_branch == "main");

    let change = change_of(&client, &pull).await;
    let mut files: Vec<_> = change.files.iter().map(|f| (f.path.as_str(), f.status)).collect();
    files.sort_by_key(|(path, _)| *path);
    let expected = [
        ("gone.py", FileStatus::Deleted),
        ("pkg/__init__.py", FileStatus::Added),
        (renamed, FileStatus::Renamed),
    ];
    assert_eq!(files, expected);
    let commits: Vec<usize> = change.commits.scanned.iter().map(|c| c.paths.len()).collect();
    assert_eq!(commits, [2, 1]);
    assert!(change.commits.scanned[0].paths.contains(&".env".to_owned()));

    let tree = client.fetch_tree(&pull.repository, &head).await.unwrap();
    assert!(tree.contains(renamed) && !tree.contains("gone.py") && !tree.truncated);
    let wanted = |path: &str| FileWanted {
        at: head.clone(),
        path: path.into(),
        blob: tree.entries.get(path).and_then(|e| e.blob.clone()),
    };
    let read = client
        .fetch_files(&pull.repository, &[renamed, "pkg/__init__.py", "nothing", "pkg"].map(wanted))
        .await
        .unwrap();
    let texts: Vec<_> = read.iter().map(|b| b.text().map(|t| t.as_str())).collect();
    assert_eq!(texts, [Some("1\n2\n3\n4\n5\n"), Some(""), None, None]);
}

#[tokio::test]
#[ignore = "needs a real forge: tests/forgejo/README.md"]
async fn comments_stand_on_their_lines_and_are_edited() {
    let (fixture, client, pull) = pull().await;
    let comments = vec![
        inline("a.py", Side::Head, 2, 'a'),
        inline("a.py", Side::Base, 2, 'b'),
        inline("a.py", Side::Head, 3, 'c'),
    ];
    let wanted = review(&pull, comments);

    let posted = client.ensure_review(&pull, &wanted).await.unwrap();
    assert_eq!(
        posted.postings.iter().map(|p| p.fingerprints[0].clone()).collect::<Vec<_>>(),
        ['f', 'a', 'b', 'c'].map(fp)
    );
    assert_eq!(client.ensure_review(&pull, &wanted).await.unwrap(), posted);
    assert_eq!(client.fetch_own_postings(&pull).await.unwrap(), posted.postings);

    let shown = fixture.inline_comments(pull.number).await;
    assert_eq!(shown.len(), 3);
    for comment in &shown {
        // The hunk ends at the line the comment stands on.
        let last = comment["diff_hunk"].as_str().unwrap().lines().last().unwrap().to_owned();
        let digit = comment["body"].as_str().unwrap().chars().nth(10).unwrap();
        let line = match digit {
            'a' => "+TWO",
            'b' => "-two",
            _ => " three",
        };
        assert_eq!(last, line, "{comment}");
    }

    for posting in &posted.postings {
        client.ensure_comment(&pull, &edit(posting)).await.unwrap();
    }
    let shown = fixture.inline_comments(pull.number).await;
    assert!(shown.iter().all(|c| c["body"].as_str().unwrap().starts_with("~~Finding~~")));
    assert_eq!(client.fetch_own_postings(&pull).await.unwrap(), posted.postings);
}

#[tokio::test]
#[ignore = "needs a real forge: tests/forgejo/README.md"]
async fn a_comment_removed_by_a_person_is_not_found() {
    let (fixture, client, pull) = pull().await;
    let posted =
        client.ensure_review(&pull, &review(&pull, vec![inline("a.py", Side::Head, 2, 'a')])).await.unwrap();
    let (summary, comment) = (&posted.postings[0], &posted.postings[1]);

    let path = fixture
        .path(&format!("pulls/{}/reviews/{}/comments/{}", pull.number, comment.review_id, comment.forge_id));
    let (removed, _) = fixture.call(As::Token(&fixture.bot_token), "DELETE", &path, &Value::Null).await;
    assert_eq!(removed, 204);
    assert!(matches!(client.ensure_comment(&pull, &edit(comment)).await, Err(ForgeError::NotFound { .. })));
    assert_eq!(client.fetch_own_postings(&pull).await.unwrap(), std::slice::from_ref(summary));

    let path = fixture.path(&format!("pulls/{}/reviews/{}", pull.number, summary.review_id));
    fixture.call(As::Token(&fixture.bot_token), "DELETE", &path, &Value::Null).await;
    assert!(matches!(client.ensure_comment(&pull, &edit(summary)).await, Err(ForgeError::NotFound { .. })));
    assert_eq!(client.fetch_own_postings(&pull).await.unwrap(), []);
}

#[tokio::test]
#[ignore = "needs a real forge: tests/forgejo/README.md"]
async fn p3_a_sticky_draft_is_not_published() {
    let (fixture, client, pull) = pull().await;
    let path = fixture.path(&format!("pulls/{}/reviews", pull.number));
    let draft = json!({ "event": "PENDING", "body": "left by a crash", "commit_id": pull.head,
        "comments": [{ "path": "a.py", "body": "half", "new_position": 1 }] });
    let (made, _) = fixture.call(As::Token(&fixture.bot_token), "POST", &path, &draft).await;
    assert_eq!(made, 200);

    client.ensure_review(&pull, &review(&pull, vec![inline("a.py", Side::Head, 2, 'a')])).await.unwrap();

    let shown = fixture.inline_comments(pull.number).await;
    assert_eq!(shown.len(), 1, "{shown:?}");
}

#[tokio::test]
#[ignore = "needs a real forge: tests/forgejo/README.md"]
async fn the_status_decides_the_merge() {
    let (fixture, client, pull) = pull().await;
    fixture.require(STATUS_NAME).await;
    let repository = fixture.repository();
    for outcome in [Outcome::Running, Outcome::Verdict(Verdict::ChangesRequested), Outcome::Broken] {
        client.ensure_status(&repository, &status(&pull.head, outcome)).await.unwrap();
        client.ensure_status(&repository, &status(&pull.head, outcome)).await.unwrap();
        assert_eq!(
            fixture.merge(pull.number).await,
            Err("not allowed to merge [reason: Not all required status checks successful]".into())
        );
    }
    let path = fixture.path(&format!("commits/{}/statuses", pull.head));
    let rows = fixture.owner_must("GET", &path, &Value::Null).await;
    assert_eq!(rows.as_array().unwrap().len(), 3);

    let other = connect(&fixture).await;
    other.ensure_status(&repository, &status(&pull.head, Outcome::Broken)).await.unwrap();
    assert_eq!(fixture.owner_must("GET", &path, &Value::Null).await.as_array().unwrap().len(), 3);
    client
        .ensure_status(&repository, &status(&pull.head, Outcome::Verdict(Verdict::Approved)))
        .await
        .unwrap();
    assert_eq!(fixture.merge(pull.number).await, Ok(()));

    let merged = client.fetch_pull(&repository, pull.number).await.unwrap();
    assert!(!merged.is_open());
    let change = client.fetch_change(&merged).await.unwrap();
    assert_eq!(change.files.len(), 1);
}

#[tokio::test]
#[ignore = "needs a real forge: tests/forgejo/README.md"]
async fn lag_after_quick_pushes_never_gives_an_old_change() {
    let (fixture, client, pull) = pull().await;
    for round in 1..=5 {
        let path = format!("new{round}.py");
        let head = fixture.commit("topic", None, &[(&path, Some("n\n"))]).await;
        let pull = at_head(&fixture, &client, pull.number, &head).await;
        let change = change_of(&client, &pull).await;
        assert_eq!(change.files.len(), round + 1);
        let wanted = [FileWanted { at: head, path, blob: None }];
        let read = client.fetch_files(&pull.repository, &wanted).await.unwrap();
        assert!(read[0].text().is_some());
    }
}

#[tokio::test]
#[ignore = "needs a real forge: tests/forgejo/README.md"]
async fn lag_of_the_merge_base_is_waited_for_when_main_is_merged_in() {
    let (fixture, client, pull) = pull().await;
    for round in 1..=3 {
        let main = fixture.commit("main", None, &[(&format!("main{round}.py"), Some("m\n"))]).await;
        let path = fixture.path(&format!("pulls/{}/update?style=merge", pull.number));
        let mut updated = (0, Value::Null);
        for _ in 0..100 {
            updated = fixture.call(As::Token(&fixture.owner_token), "POST", &path, &Value::Null).await;
            if updated.0 == 200 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        assert_eq!(updated.0, 200, "{}", updated.1);
        let tip = client.fetch_ref(&fixture.repository(), "topic").await.unwrap().unwrap();
        let pull = at_head(&fixture, &client, pull.number, &tip).await;
        let change = change_of(&client, &pull).await;
        assert_eq!(change.files.iter().map(|f| f.path.as_str()).collect::<Vec<_>>(), ["a.py"]);
        assert_eq!(change.merge_base, main);
        assert_eq!(change.commits.scanned.len(), 1);
    }
}

#[tokio::test]
#[ignore = "needs a real forge: tests/forgejo/README.md"]
async fn names_are_looked_up_and_renames_followed() {
    let (fixture, client, pull) = pull().await;
    let repository = fixture.repository();
    assert_eq!(client.bot_login(), fixture.bot);
    assert_eq!(client.fetch_ref(&repository, "topic").await.unwrap(), Some(pull.head.clone()));
    assert_eq!(client.fetch_ref(&repository, pull.head.as_str()).await.unwrap(), Some(pull.head.clone()));
    assert_eq!(client.fetch_ref(&repository, &"1".repeat(40)).await.unwrap(), None);
    assert_eq!(client.fetch_ref(&repository, "nothing").await.unwrap(), None);
    assert_eq!(client.fetch_deployed(&repository, "production").await.unwrap(), None);
    let release = json!({ "tag_name": "v1", "target_commitish": "topic", "name": "v1" });
    fixture.owner_must("POST", &fixture.path("releases"), &release).await;
    assert_eq!(client.fetch_tags(&repository).await.unwrap(), ["v1"]);
    assert_eq!(client.fetch_deployed(&repository, "production").await.unwrap(), Some(pull.head.clone()));
    assert_eq!(client.fetch_repositories(None).await.unwrap(), std::slice::from_ref(&repository));
    assert_eq!(list(&client, &repository).await.unwrap().len(), 1);
    assert!(client.fetch_may_write(&repository, &fixture.bot).await.unwrap());
    assert!(client.fetch_may_write(&repository, &fixture.owner).await.unwrap());
    assert!(!client.fetch_may_write(&repository, "nobody-at-all").await.unwrap());

    let name = format!("we{}", fixture.name);
    fixture.owner_must("PATCH", fixture.path("").trim_end_matches('/'), &json!({ "name": name })).await;
    client.ensure_status(&repository, &status(&pull.head, Outcome::Running)).await.unwrap();
    assert_eq!(client.fetch_repository(&repository).await.unwrap().name, name);
}

/// Only an admin of the repository may ask for a permission, and we are none: people are told apart all the same.
#[tokio::test]
#[ignore = "needs a real forge: tests/forgejo/README.md"]
async fn who_may_write_is_known_to_a_bot_that_is_no_admin() {
    let (fixture, client, _) = pull().await;
    let (_, admin_token) = server();
    let asked = fixture.path(&format!("collaborators/{}/permission", fixture.owner));
    let (status, _) = fixture.call(As::Token(&fixture.bot_token), "GET", &asked, &Value::Null).await;
    assert_eq!(status, 403);
    for (permission, may_write) in [("read", false), ("write", true), ("admin", true)] {
        let login = fixture.invite(&admin_token, permission).await;
        let answer = client.fetch_may_write(&fixture.repository(), &login).await.unwrap();
        assert_eq!(answer, may_write, "{permission}");
    }
}

#[tokio::test]
#[ignore = "needs a real forge: tests/forgejo/README.md"]
async fn a_refusal_is_of_its_kind() {
    let (fixture, client, pull) = pull().await;
    assert!(matches!(client.fetch_pull(&fixture.repository(), 99).await, Err(ForgeError::NotFound { .. })));
    let path = fixture.path(&format!("collaborators/{}", fixture.bot));
    fixture.owner_must("DELETE", &path, &Value::Null).await;
    let refused = client.ensure_status(&pull.repository, &status(&pull.head, Outcome::Running)).await;
    assert!(matches!(refused, Err(ForgeError::Forbidden { .. })), "{refused:?}");
}

type Received = Arc<Mutex<Vec<(HeaderMap, Bytes)>>>;

/// A receiver that keeps what it gets.
async fn receiver() -> (String, Received) {
    let received = Received::default();
    let keep = |State(received): State<Received>, headers: HeaderMap, body: Bytes| async move {
        received.lock().unwrap().push((headers, body));
    };
    let router = Router::new().fallback(keep).with_state(received.clone());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/webhooks/real", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    (url, received)
}

#[tokio::test]
#[ignore = "needs a real forge: tests/forgejo/README.md"]
async fn deliveries_are_believed_and_understood() {
    let (fixture, client, pull) = pull().await;
    let (url, received) = receiver().await;
    fixture.add_hook(&url, "secret").await;
    fixture.commit("topic", None, &[("new.py", Some("n\n"))]).await;
    let retitled = fixture.path(&format!("pulls/{}", pull.number));
    fixture.owner_must("PATCH", &retitled, &json!({ "title": "WIP: later" })).await;
    let command = fixture.comment(pull.number, "again\n\n/red-panda recheck").await;
    client.ensure_reaction(&pull.repository, command).await.unwrap();
    client.ensure_reaction(&pull.repository, command).await.unwrap();
    client.ensure_review(&pull, &review(&pull, vec![inline("a.py", Side::Head, 2, 'a')])).await.unwrap();
    fixture.owner_must("PATCH", &retitled, &json!({ "state": "closed" })).await;

    for _ in 0..100 {
        if received.lock().unwrap().len() >= 6 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let mut told = Vec::new();
    for (headers, body) in received.lock().unwrap().iter() {
        verify(headers, body, &SecretString::from("secret")).unwrap();
        assert!(verify(headers, body, &SecretString::from("other")).is_err());
        assert!(delivery_id(headers).is_some());
        told.push(match parse(headers, body, &fixture.bot).unwrap() {
            Event::Pull { repository, number, reason, .. } => {
                assert_eq!((repository, number), (fixture.repository(), pull.number));
                reason.as_str()
            }
            Event::PullClosed { .. } => "closed",
            Event::Command { comment_id, author, .. } => {
                assert_eq!((comment_id, author), (command, fixture.owner.clone()));
                "command"
            }
            Event::Pushed { branch, .. } => {
                assert_eq!(branch, "topic");
                "branch"
            }
            Event::Ignored(_) => "ignored",
            other => panic!("{other:?}"),
        });
    }
    told.sort_unstable();
    assert_eq!(told, ["branch", "closed", "command", "edited", "ignored", "pushed"]);
}
