//! Contents, byte for byte.

use std::time::Duration;

use red_panda::forge::github::GitHub;
use red_panda::forge::retry::{Retry, Retrying};
use red_panda::forge::{FileWanted, Forge, ForgeError, Reader};
use red_panda::model::change::Mode;
use red_panda::model::id::Sha;
use red_panda::source::Blob;
use red_panda::standin::github::{Fault, When};
use red_panda::standin::repository::Content;
use serde_json::json;

use super::{SETTINGS, Story, text, wanted};

#[tokio::test]
async fn files_come_byte_for_byte_whatever_they_are() {
    let story = Story::begin().await;
    let long = "x".repeat(5000);
    let files = [
        ("long.py", Content::file(long.clone())),
        ("image.png", Content::file(vec![0x89, b'P', b'N', b'G', 0, 1, 2])),
        ("empty.py", Content::file("")),
        ("a b/ü#?%.py", Content::file("odd\n")),
        ("link", Content::symlink("long.py")),
        ("huge.sql", Content::file("y".repeat(3 * 1024 * 1024))),
    ];
    story.hub.set_longest_text(1000);
    let changes: Vec<_> = files.iter().map(|(p, c)| (*p, Some(c.clone()))).collect();
    let head = story.hub.push_contents(&story.repository, "topic", &changes, 0).unwrap();
    let tree = story.github.fetch_tree(&story.repository, &head).await.unwrap();
    assert_eq!(tree.entries["link"].mode, Mode::Symlink);
    for by_blob in [false, true] {
        let github = GitHub::connect(story.hub.settings()).await.unwrap();
        let names = ["long.py", "image.png", "empty.py", "a b/ü#?%.py", "link", "huge.sql"];
        let want = names.map(|path| FileWanted {
            blob: tree.entries[path].blob.clone().filter(|_| by_blob),
            ..wanted(&head, path)
        });
        let blobs = github.fetch_files(&story.repository, &want).await.unwrap();
        assert_eq!(text(&blobs[0]), long);
        assert!(matches!(&blobs[1], Blob::Binary(bytes) if bytes.starts_with(&[0x89, b'P'])));
        assert_eq!((text(&blobs[2]), blobs[2].text().is_some()), ("", true));
        assert_eq!((text(&blobs[3]), text(&blobs[4])), ("odd\n", "long.py"));
        assert!(matches!(blobs[5], Blob::TooLarge(Some(_))));
        story.hub.forget_requests();
        github.fetch_files(&story.repository, &want).await.unwrap();
        assert_eq!(story.requests(), Vec::<String>::new(), "a commit's files never change");
    }
    story.end();
}

#[tokio::test]
async fn a_path_that_is_not_there_is_missing_and_one_that_climbs_is_never_asked_for() {
    let story = Story::begin().await;
    let head = story.hub.git(&story.repository, |g| g.branch("main")).unwrap().unwrap();
    assert!(matches!(story.read(&head, "nowhere.py").await, Blob::Missing));
    assert!(matches!(story.read(&head, "project").await, Blob::Missing), "a folder is no file");
    story.hub.forget_requests();
    for path in ["../../ada/secrets/contents/key", "a/../../b", "/etc/passwd", ""] {
        assert!(matches!(story.read(&head, path).await, Blob::Missing));
    }
    assert_eq!(story.requests(), Vec::<String>::new());
    story.end();
}

#[tokio::test]
async fn a_commit_that_github_does_not_show_yet_does_not_look_like_a_missing_file() {
    let story = Story::begin().await;
    let unknown = Sha::parse(&"f".repeat(40)).unwrap();
    let read = story.github.fetch_files(&story.repository, &[wanted(&unknown, SETTINGS)]).await;
    assert!(matches!(read, Err(ForgeError::Transient { .. })), "{read:?}");
    let base = story.hub.git(&story.repository, |g| g.branch("main")).unwrap().unwrap();
    let change = story.github.fetch_group_change(&story.repository, &unknown, &base).await;
    assert!(matches!(change, Err(ForgeError::Transient { .. })), "{change:?}");
    story.end();
}

#[tokio::test]
async fn without_graphql_files_are_read_one_by_one() {
    let story = Story::begin().await;
    let files = [("a b/ü#?%.py", Some("odd\n")), ("x/y.py", Some("y\n"))];
    let head = story.hub.push(&story.repository, "topic", &files).unwrap();
    story.hub.fail_next(1, "POST", "/graphql", When::Before, 502);
    let want =
        [wanted(&head, "a b/ü#?%.py"), wanted(&head, "x/y.py"), wanted(&head, "x"), wanted(&head, "nowhere")];
    let blobs = story.github.fetch_files(&story.repository, &want).await.unwrap();
    assert_eq!((text(&blobs[0]), text(&blobs[1])), ("odd\n", "y\n"));
    assert!(matches!((&blobs[2], &blobs[3]), (Blob::Missing, Blob::Missing)));
    story.end();
}

#[tokio::test]
async fn two_hundred_and_fifty_files_are_three_queries() {
    let story = Story::begin().await;
    let paths: Vec<String> = (0..250).map(|n| format!("f{n}.py")).collect();
    let changes: Vec<(&str, Option<&str>)> = paths.iter().map(|p| (p.as_str(), Some("x\n"))).collect();
    let head = story.hub.push(&story.repository, "topic", &changes).unwrap();
    let want: Vec<FileWanted> = paths.iter().map(|p| wanted(&head, p)).collect();
    let blobs = story.github.fetch_files(&story.repository, &want).await.unwrap();
    assert_eq!((blobs.len(), blobs.iter().all(|b| text(b) == "x\n")), (250, true));
    assert_eq!(story.requests().iter().filter(|r| *r == "POST /graphql").count(), 3);
    story.end();
}

#[tokio::test]
async fn of_batches_side_by_side_one_that_fails_is_asked_again_and_no_other() {
    let story = Story::begin().await;
    let paths: Vec<String> = (0..250).map(|n| format!("f{n:03}.py")).collect();
    let changes: Vec<(&str, Option<&str>)> = paths.iter().map(|p| (p.as_str(), Some("x\n"))).collect();
    let head = story.hub.push(&story.repository, "topic", &changes).unwrap();
    let want: Vec<FileWanted> = paths.iter().map(|p| wanted(&head, p)).collect();
    story.hub.fail_next(1, "POST", "/graphql", When::Before, 403);
    let broken = story.github.fetch_files(&story.repository, &want).await;
    assert!(matches!(broken, Err(ForgeError::Forbidden { .. })), "{broken:?}");
    story.hub.forget_requests();
    let blobs = story.github.fetch_files(&story.repository, &want).await.unwrap();
    assert!(blobs.iter().all(|b| text(b) == "x\n"));
    assert_eq!(story.requests(), ["POST /graphql"]);
    story.end();
}

#[tokio::test]
async fn what_a_partial_answer_holds_is_kept_and_only_the_rest_is_read_alone() {
    let story = Story::begin().await;
    let head =
        story.hub.push(&story.repository, "topic", &[("a.py", Some("a\n")), ("b.py", Some("b\n"))]).unwrap();
    let a =
        json!({"oid": "a".repeat(40), "byteSize": 2, "isBinary": false, "isTruncated": false, "text": "a\n"});
    let answer = json!({
        "data": {"repository": {"c0": {"oid": head}, "f0": a, "f1": null}},
        "errors": [{"message": "Something went wrong", "path": ["repository", "f1"]}],
    });
    story.hub.inject(Fault {
        method: "POST",
        path: "/graphql".to_owned(),
        times: 1,
        when: When::Before,
        status: 200,
        headers: vec![("content-type", "application/json".to_owned())],
        body: answer.to_string(),
    });
    story.hub.fail_next(1, "GET", "/contents/b.py", When::Before, 502);
    story.hub.forget_requests();
    let want = [wanted(&head, "a.py"), wanted(&head, "b.py")];
    let retry = Retry::with_delays(vec![Duration::ZERO; 3]);
    let reader = Retrying { reader: &story.github, retry: &retry };
    let blobs = reader.fetch_files(&story.repository, &want).await.unwrap();
    assert_eq!((text(&blobs[0]), text(&blobs[1])), ("a\n", "b\n"));
    assert_eq!(story.requests(), ["POST /graphql", "GET /contents/b.py", "POST /graphql"]);
    story.end();
}

/// What cannot be read of a long file is not read either.
#[tokio::test]
async fn a_raw_file_is_not_read_beyond_the_longest_that_is_parsed() {
    let story = Story::begin().await;
    let long = "x".repeat(3 * 1024 * 1024);
    let head = story.hub.push(&story.repository, "topic", &[("huge.sql", Some(&long))]).unwrap();
    story.hub.fail_next(1, "POST", "/graphql", When::Before, 502);
    assert!(matches!(story.read(&head, "huge.sql").await, Blob::TooLarge(_)));
    story.end();
}
