//! How many requests there are, and what becomes of those that fail.

use red_panda::forge::github::{GitHub, GitHubSettings};
use red_panda::forge::retry::Retry;
use red_panda::forge::{FileWanted, Forge, ForgeError, Reader};
use red_panda::model::judgement::Verdict;
use red_panda::model::policy::POLICY_PATH;
use red_panda::model::status::Outcome;
use red_panda::standin::github::{BOT, GitHubStandIn, When};
use secrecy::SecretString;

use super::{SETTINGS, Story, changed, comment, review, status, text, wanted};

/// A first run as `review` does it, with `files` changed and read in two batches, and this many inline comments.
async fn first_run(story: &Story, files: usize, inline: usize) -> Vec<String> {
    let paths: Vec<String> = (0..files).map(|n| format!("app/views_{n}.py")).collect();
    let changes: Vec<(&str, Option<&str>)> =
        paths.iter().map(|p| (p.as_str(), Some("import os\n"))).collect();
    story.hub.push(&story.repository, "topic", &changes).unwrap();
    story.hub.push(&story.repository, "topic", &[(SETTINGS, Some(&changed(&[5])))]).unwrap();
    story.hub.git(&story.repository, |git| {
        // One commit: commits beyond the first are read one by one, outside the budget.
        let (main, tip) = (git.branch("main").unwrap(), git.branch("topic").unwrap());
        let all = git.get(&tip).unwrap().files.clone();
        git.set_branch("topic", &main);
        let contents: Vec<_> = all.iter().map(|(p, c)| (p.as_str(), Some(c.clone()))).collect();
        git.commit_contents("topic", &contents);
    });
    let number = story.hub.open_pull(&story.repository, "topic", "main").unwrap();
    story.github.fetch_tags(&story.repository).await.unwrap();
    story.hub.forget_requests();

    let github = &story.github;
    let pull = github.fetch_pull(&story.repository, number).await.unwrap();
    let policy = story.read(&pull.base_tip, POLICY_PATH).await;
    assert_eq!(text(&policy), "profile = \"essentials\"\n");
    assert_eq!(github.fetch_own_postings(&pull).await.unwrap(), []);
    github.ensure_status(&pull.repository, &status(&pull.head, Outcome::Running, "run-1")).await.unwrap();
    let change = github.fetch_change(&pull).await.unwrap();
    assert_eq!((change.files.len(), change.commits.scanned.len(), change.truncated), (files + 1, 1, None));
    let tree = github.fetch_tree(&pull.repository, &pull.head).await.unwrap();
    let at_head = |path: &String| FileWanted {
        at: pull.head.clone(),
        path: path.clone(),
        blob: tree.entries[path].blob.clone(),
    };
    let first: Vec<FileWanted> = paths.iter().map(at_head).collect();
    let blobs = github.fetch_files(&pull.repository, &first).await.unwrap();
    assert_eq!(blobs.iter().map(text).collect::<Vec<_>>(), vec!["import os\n"; files]);
    let rest = [wanted(&change.merge_base, SETTINGS), wanted(&pull.head, SETTINGS)];
    github.fetch_files(&pull.repository, &rest).await.unwrap();
    assert_eq!(github.fetch_standing(&pull).await.unwrap().head, pull.head);
    let posted = github
        .ensure_review(&pull, &review(&pull, (0..inline).map(|n| comment(n, 5, None)).collect()))
        .await
        .unwrap();
    assert_eq!(posted.postings.len(), inline + 1);
    github
        .ensure_status(
            &pull.repository,
            &status(&pull.head, Outcome::Verdict(Verdict::ChangesRequested), "run-1"),
        )
        .await
        .unwrap();
    assert_eq!(
        story.hub.check_of(&story.repository, &pull.head).unwrap().conclusion.as_deref(),
        Some("failure")
    );
    story.requests()
}

#[tokio::test]
async fn a_first_run_of_five_files_takes_eight_requests_and_one_to_learn_the_ids_of_its_comments() {
    let story = Story::begin().await;
    let requests = first_run(&story, 5, 3).await;
    let shape: Vec<&str> = requests.iter().map(|r| r.split_whitespace().next().unwrap()).collect();
    assert_eq!(
        shape,
        ["POST", "POST", "GET", "GET", "POST", "POST", "POST", "GET", "PATCH"],
        "{requests:#?}"
    );
    assert_eq!(requests.iter().filter(|r| *r == "POST /graphql").count(), 3);
    story.end();
}

#[tokio::test]
async fn a_first_run_of_fifty_files_takes_no_more() {
    let story = Story::begin().await;
    assert_eq!(first_run(&story, 50, 3).await.len(), 9);
    story.end();
}

#[tokio::test]
async fn a_first_run_without_inline_comments_takes_eight_requests() {
    let story = Story::begin().await;
    assert_eq!(first_run(&story, 50, 0).await.len(), 8);
    story.end();
}

#[tokio::test]
async fn p8_a_secondary_limit_waits_as_long_as_github_says_and_holds_no_worker() {
    let story = Story::begin().await;
    let pull = story.changed_settings().await;
    story.hub.limit_next("POST", "/reviews", &[("retry-after", "30")]);
    let before = chrono::Utc::now().timestamp_millis();
    let limited = story.github.ensure_review(&pull, &review(&pull, Vec::new())).await;
    let Err(ForgeError::RateLimited { until_ms }) = limited else { panic!("{limited:?}") };
    assert!((29_000..60_000).contains(&(until_ms - before)));
    story.hub.limit_next("GET", "/tags", &[]);
    story.hub.forget_requests();
    let retry = Retry::with_delays(vec![std::time::Duration::ZERO; 3]);
    let tags = retry.run(|| story.github.fetch_tags(&story.repository)).await;
    assert!(matches!(tags, Err(ForgeError::RateLimited { .. })));
    assert_eq!(story.requests().len(), 1);
    story.end();
}

#[tokio::test]
async fn p15_a_missing_permission_is_told_apart_from_a_limit_and_from_each_other() {
    for (permission, review_fails, check_fails) in [("pull_requests", true, false), ("checks", false, true)] {
        let story = Story::begin().await;
        let pull = story.changed_settings().await;
        story.hub.forbid(permission);
        let posted = story.github.ensure_review(&pull, &review(&pull, Vec::new())).await;
        let checked =
            story.github.ensure_status(&pull.repository, &status(&pull.head, Outcome::Running, "r")).await;
        assert_eq!(matches!(posted, Err(ForgeError::Forbidden { .. })), review_fails);
        assert_eq!(matches!(checked, Err(ForgeError::Forbidden { .. })), check_fails);
        assert_eq!((posted.is_err(), checked.is_err()), (review_fails, check_fails));
        story.end();
    }
}

#[tokio::test]
async fn p21_a_wrong_key_or_id_fails_at_the_start() {
    let hub = GitHubStandIn::start().await.unwrap();
    let settings = |app_id: &str, key: &str| GitHubSettings {
        app_id: app_id.into(),
        private_key: SecretString::from(key.to_owned()),
        ..hub.settings()
    };
    let pem = secrecy::ExposeSecret::expose_secret(&hub.settings().private_key).to_owned();
    assert_eq!(GitHub::connect(settings("4711", &pem)).await.unwrap().bot_login(), BOT);
    assert!(matches!(GitHub::connect(settings("4711", "nonsense")).await, Err(ForgeError::Invalid { .. })));
    assert!(matches!(GitHub::connect(settings("Iv1.abc", &pem)).await, Err(ForgeError::Invalid { .. })));
    assert!(GitHub::connect(settings("4712", &pem)).await.is_err());
}

#[tokio::test]
async fn p22_an_expired_token_is_made_anew_once_and_the_request_sent_once_more() {
    let story = Story::begin().await;
    let pull = story.changed_settings().await;
    story.hub.expire_tokens();
    story.hub.forget_requests();
    story
        .github
        .ensure_status(&pull.repository, &status(&pull.head, Outcome::Running, "run-1"))
        .await
        .unwrap();
    let minted = story.hub.requests().iter().filter(|r| r.path.ends_with("/access_tokens")).count();
    assert_eq!((minted, story.requests()), (1, vec!["POST /check-runs".to_owned(); 2]));
    assert_eq!(story.hub.checks_of(&story.repository, &pull.head).len(), 1);
    story.hub.fail_next(9, "GET", "/tags", When::Before, 401);
    story.hub.forget_requests();
    let refused = story.github.fetch_tags(&story.repository).await;
    assert!(matches!(refused, Err(ForgeError::Transient { .. })), "{refused:?}");
    assert_eq!(story.requests().len(), 2);
    story.end();
}

#[tokio::test]
async fn p22_many_who_need_a_token_make_one() {
    let story = Story::begin().await;
    let reads = (0..8).map(|_| story.github.fetch_tags(&story.repository));
    for tags in futures::future::join_all(reads).await {
        tags.unwrap();
    }
    assert_eq!(story.hub.requests().iter().filter(|r| r.path.ends_with("/access_tokens")).count(), 1);
    story.end();
}

/// The other stories hold every request of ours against the same rule.
#[tokio::test]
async fn the_stand_in_takes_no_request_without_accept_and_version_for_a_good_one() {
    let story = Story::begin().await;
    story.changed_settings().await;
    let asked: Vec<String> =
        story.hub.requests().iter().map(|r| format!("{} {}", r.method, r.path)).collect();
    for own in ["GET /app", "POST /app/installations/", "/access_tokens", "POST /graphql"] {
        assert!(asked.iter().any(|asked| asked.contains(own)), "{own}: {asked:?}");
    }
    assert_eq!(story.hub.violations(), Vec::<String>::new(), "as the App, as an installation, by GraphQL");
    let client = reqwest::Client::builder().no_proxy().user_agent("nobody").build().unwrap();
    client.get(format!("{}/app", story.hub.url())).send().await.unwrap();
    assert_eq!(
        story.hub.violations(),
        ["GET /app came with Accept `*/*` and X-GitHub-Api-Version ``".to_owned()]
    );
}
