//! Contents, refs and repositories.

use std::ops::ControlFlow;
use std::time::Duration;

use red_panda::forge::gitea::{Gitea, GiteaSettings};
use red_panda::forge::retry::{Retry, Retrying};
use red_panda::forge::{FileWanted, Forge, ForgeError, Reader};
use red_panda::model::id::ForgeName;
use red_panda::model::judgement::Verdict;
use red_panda::model::plan::Side;
use red_panda::model::status::Outcome;
use red_panda::source::Blob;
use red_panda::standin::gitea::{BOT, BOT_TOKEN, Forgejo, Moment, Permission};
use secrecy::SecretString;

use super::{BASE, House, connect, inline, review, status};

#[tokio::test]
async fn lag_of_contents_is_not_taken_for_a_missing_file() {
    let house = House::new().await;
    house.pull().await;
    house.forge.set_lag(1, 0);
    let head = house.blog.push("topic", &[("new.py", Some("n\n"))]).unwrap();
    let wanted = [FileWanted { at: head, path: "new.py".into(), blob: None }];

    let early = house.client.fetch_files(&house.blog.model(), &wanted).await;
    assert!(matches!(early, Err(ForgeError::Transient { .. })));

    let pull = house.fetch(1).await;
    house.client.fetch_change(&pull).await.unwrap();
    let read = house.client.fetch_files(&house.blog.model(), &wanted).await.unwrap();
    assert_eq!(read[0].text().unwrap().as_str(), "n\n");
}

#[tokio::test]
async fn files_come_in_the_order_asked_and_each_blob_once() {
    let house = House::new().await;
    let (blog, head) = (house.blog.model(), house.blog.resolve("main").unwrap());
    let tree = house.client.fetch_tree(&blog, &head).await.unwrap();
    let wanted = |path: &str| FileWanted {
        at: head.clone(),
        path: path.into(),
        blob: tree.entries.get(path).and_then(|e| e.blob.clone()),
    };
    let all = ["b b.py", "nothing.py", "a.py", "b b.py", "../a.py"].map(wanted);

    for _ in 0..2 {
        let read = house.client.fetch_files(&blog, &all).await.unwrap();
        let texts: Vec<_> = read.iter().map(|b| b.text().map(|t| t.as_str().len())).collect();
        assert_eq!(texts, [Some(2), None, Some(14), Some(2), None]);
        assert!(matches!(read[1], Blob::Missing));
    }
    assert_eq!(house.forge.count("GET", "raw/b%20b.py") + house.forge.count("GET", "raw/a.py"), 2);
}

#[tokio::test]
async fn a_file_beyond_the_limit_is_too_large_and_not_read_to_its_end() {
    let house = House::with(&[("big.py", &"x".repeat(3 * 1024 * 1024))]).await;
    let wanted = [FileWanted { at: house.blog.resolve("main").unwrap(), path: "big.py".into(), blob: None }];
    let read = house.client.fetch_files(&house.blog.model(), &wanted).await.unwrap();
    assert!(matches!(read[0], Blob::TooLarge(_)));
}

#[tokio::test]
async fn a_name_resolves_to_a_branch_a_tag_or_a_commit() {
    let house = House::new().await;
    let (blog, main) = (house.blog.model(), house.blog.resolve("main").unwrap());
    let topic = house.blog.push("feature/x", &[("a.py", Some("x\n"))]).unwrap();
    house.blog.set_tag("v1", &topic);
    for (name, expected) in [
        ("main", Some(&main)),
        ("feature/x", Some(&topic)),
        ("refs/heads/feature/x", Some(&topic)),
        ("v1", Some(&topic)),
        ("refs/tags/v1", Some(&topic)),
        ("refs/heads/v1", None),
        (topic.as_str(), Some(&topic)),
        (&"0".repeat(40), None),
        ("nothing", None),
    ] {
        assert_eq!(house.client.fetch_ref(&blog, name).await.unwrap().as_ref(), expected, "{name}");
    }
    assert_eq!(house.client.fetch_deployed(&blog, "production").await.unwrap(), None);
    house.blog.release("v1");
    assert_eq!(house.client.fetch_deployed(&blog, "production").await.unwrap(), Some(topic));
}

#[tokio::test]
async fn a_renamed_repository_301_is_followed_with_method_and_body() {
    let house = House::new().await;
    let pull = house.pull().await;
    let old = house.blog.model();
    house.blog.rename("weblog");

    house.client.ensure_status(&old, &status(&pull.head, Outcome::Running)).await.unwrap();
    assert_eq!(house.blog.status_of(&pull.head).unwrap().state, "pending");
    house.comments(&pull).await;
    assert_eq!(house.blog.comments_on(1).len(), 2);
    assert_eq!(house.client.fetch_repository(&old).await.unwrap().name, "weblog");
    house.clean();
}

#[tokio::test]
async fn a_repository_that_took_over_the_name_of_another_is_not_taken_for_it() {
    let house = House::new().await;
    let old = house.blog.model();
    house.blog.rename("weblog");
    let taken_over = house.forge.repository("ada/blog", BASE);
    taken_over.push("topic", &[("a.py", Some("x\n"))]).unwrap();
    taken_over.open_pull("topic", "Not ours").unwrap();
    let pull = house.client.fetch_pull(&old, 1).await;
    assert!(matches!(pull, Err(ForgeError::Gone { .. })), "{pull:?}");
    assert_eq!(house.client.fetch_repository(&old).await.unwrap().name, "weblog");
}

#[tokio::test]
async fn only_listed_repositories_that_take_comments_are_ours() {
    let house = House::new().await;
    house.forge.repository("eve/shop", &[("a.py", "a\n")]);
    house.forge.repository("ada/attic", &[("a.py", "a\n")]).set_archived(true);
    let ours = house.client.fetch_repositories(None).await.unwrap();
    assert_eq!(ours, [house.blog.model()]);
}

#[tokio::test]
async fn a_repository_that_is_gone_does_not_hide_the_others() {
    let house = House::new().await;
    let listing = |repositories: &[&str]| GiteaSettings {
        name: ForgeName("home".into()),
        url: house.forge.url(),
        token: SecretString::from(BOT_TOKEN),
        bot_login: Some(BOT.to_owned()),
        repositories: repositories.iter().map(|r| (*r).to_owned()).collect(),
    };
    let client = Gitea::connect(listing(&["gardeners/trees", "ada/blog"])).await.unwrap();
    assert_eq!(client.fetch_repositories(None).await.unwrap(), [house.blog.model()]);
    let lost = Gitea::connect(listing(&["gardeners/trees"])).await.unwrap();
    assert!(matches!(lost.fetch_repositories(None).await, Err(ForgeError::NotFound { .. })));
}

#[tokio::test]
async fn a_refusal_says_what_can_be_done_about_it() {
    let house = House::new().await;
    let blog = house.blog.model();
    assert!(matches!(house.client.fetch_pull(&blog, 99).await, Err(ForgeError::NotFound { .. })));

    house.blog.set_permission(BOT, Some(Permission::Read));
    let main = house.blog.resolve("main").unwrap();
    let refused = house.client.ensure_status(&blog, &status(&main, Outcome::Running)).await;
    assert!(matches!(refused, Err(ForgeError::Forbidden { .. })));

    house.forge.revoke_token(BOT_TOKEN);
    let dead = house.client.fetch_pull(&blog, 1).await.unwrap_err();
    assert!(matches!(dead, ForgeError::Forbidden { .. }));
    assert!(!dead.to_string().contains(BOT_TOKEN));
}

#[tokio::test]
async fn a_5xx_on_a_read_is_transient_and_not_tried_again_here() {
    let house = House::new().await;
    house.pull().await;
    house.forge.forget_requests();
    house.forge.fail_next(1, "GET", "pulls/1", Moment::Before);
    let failed = house.client.fetch_pull(&house.blog.model(), 1).await;
    assert!(matches!(failed, Err(ForgeError::Transient { .. })));
    assert_eq!(house.forge.requests().len(), 1);
}

#[tokio::test]
async fn a_forge_that_is_not_there_is_transient() {
    let forge = Forgejo::new();
    let client = Gitea::connect(GiteaSettings {
        name: ForgeName("home".into()),
        url: "http://127.0.0.1:9".into(),
        token: SecretString::from("t"),
        bot_login: Some(BOT.into()),
        repositories: vec!["ada/*".into()],
    });
    let blog = forge.repository("ada/blog", BASE).model();
    let failed = client.await.unwrap().fetch_pull(&blog, 1).await;
    assert!(matches!(failed, Err(ForgeError::Transient { .. })));
}

#[tokio::test]
async fn a_token_that_may_not_read_its_account_needs_bot_login() {
    let house = House::new().await;
    house.forge.set_token("narrow", BOT, &["write:repository", "write:issue"]);
    let refused = connect(&house.forge, "narrow", None).await.unwrap_err();
    assert!(refused.to_string().contains("`bot_login`"), "{refused}");
    assert_eq!(connect(&house.forge, BOT_TOKEN, None).await.unwrap().bot_login(), BOT);
    assert!(connect(&house.forge, "narrow", Some(BOT)).await.is_ok());
}

#[tokio::test]
async fn a_first_run_makes_few_requests() {
    let house = House::new().await;
    house.pull().await;
    house.forge.forget_requests();
    let (blog, client) = (house.blog.model(), &house.client);

    let pull = client.fetch_pull(&blog, 1).await.unwrap();
    client.ensure_status(&blog, &status(&pull.head, Outcome::Running)).await.unwrap();
    client.fetch_change(&pull).await.unwrap();
    client.fetch_own_postings(&pull).await.unwrap();
    client.fetch_pull(&blog, 1).await.unwrap();
    client.ensure_status(&blog, &status(&pull.head, Outcome::Verdict(Verdict::Approved))).await.unwrap();
    assert_eq!(house.forge.requests().len(), 10, "{:?}", house.forge.requests());

    client.ensure_review(&pull, &review(&pull, vec![inline("a.py", Side::Head, 2, 'a')])).await.unwrap();
    assert_eq!(house.forge.requests().len(), 13);
}

/// Fifty files in two ways to be asked for: by their blobs, as a tree tells them, and by a commit and a path.
async fn fifty_files(house: &House, by_blob: bool) -> Vec<FileWanted> {
    let paths: Vec<String> = (0..50).map(|n| format!("f{n:02}.py")).collect();
    let texts: Vec<String> = (0..50).map(|n| format!("N = {n}\n")).collect();
    let changes: Vec<_> = paths.iter().zip(&texts).map(|(p, t)| (p.as_str(), Some(t.as_str()))).collect();
    let head = house.blog.push("topic", &changes).unwrap();
    let tree = house.client.fetch_tree(&house.blog.model(), &head).await.unwrap();
    house.forge.forget_requests();
    let wanted = |path: String| {
        let blob = tree.entries[&path].blob.clone().filter(|_| by_blob);
        FileWanted { at: head.clone(), path, blob }
    };
    paths.into_iter().map(wanted).collect()
}

#[tokio::test]
async fn one_failed_read_of_fifty_is_asked_again_and_no_other() {
    for by_blob in [true, false] {
        let house = House::new().await;
        let (blog, wanted) = (house.blog.model(), fifty_files(&house, by_blob).await);
        house.forge.fail_next(1, "GET", "raw/f48.py", Moment::Before);
        let retry = Retry::with_delays(vec![Duration::ZERO; 3]);
        let reader = Retrying { reader: &house.client, retry: &retry };
        let read = reader.fetch_files(&blog, &wanted).await.unwrap();
        assert!(read.iter().enumerate().all(|(n, b)| b.text().unwrap().as_str() == format!("N = {n}\n")));
        assert_eq!(house.forge.count("GET", "raw/f48.py"), 2);
        assert_eq!(house.forge.count("GET", "raw/"), 51);
    }
}

#[tokio::test]
async fn the_next_attempt_of_a_job_asks_only_for_what_the_last_one_did_not_get() {
    for by_blob in [true, false] {
        let house = House::new().await;
        let (blog, wanted) = (house.blog.model(), fifty_files(&house, by_blob).await);
        house.forge.fail_next(1, "GET", "raw/f48.py", Moment::Before);
        let broken = house.client.fetch_files(&blog, &wanted).await;
        assert!(matches!(broken, Err(ForgeError::Transient { .. })), "{broken:?}");
        house.forge.forget_requests();
        house.client.fetch_files(&blog, &wanted).await.unwrap();
        assert_eq!(house.forge.requests().len(), 1, "{:?}", house.forge.requests());
    }
}

#[tokio::test]
async fn whoever_has_had_enough_is_read_no_more() {
    let house = House::new().await;
    let (blog, wanted) = (house.blog.model(), fifty_files(&house, true).await);
    let mut came = 0;
    let mut take = |_: usize, _: Blob| {
        came += 1;
        if came == 10 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    house.client.fetch_each(&blog, &wanted, &mut take).await.unwrap();
    assert_eq!(came, 10);
    assert!(house.forge.count("GET", "raw/") <= 16, "{:?}", house.forge.requests());
}

#[tokio::test]
async fn the_tree_of_a_commit_is_listed_once() {
    let house = House::new().await;
    let (blog, head) = (house.blog.model(), house.blog.resolve("main").unwrap());
    let tree = house.client.fetch_tree(&blog, &head).await.unwrap();
    house.forge.forget_requests();
    assert_eq!(house.client.fetch_tree(&blog, &head).await.unwrap(), tree);
    assert_eq!(house.forge.requests(), []);
}
