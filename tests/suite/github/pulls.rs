//! Pull requests, merge groups and what they change.

use red_panda::forge::{Forge, ForgeError};
use red_panda::model::change::FileStatus;
use red_panda::model::judgement::Verdict;
use red_panda::model::policy::POLICY_PATH;
use red_panda::model::pull::{PullRequest, PullState};
use red_panda::model::status::Outcome;
use red_panda::standin::repository::Content;

use crate::fixtures::list;

use super::{LINES, SETTINGS, Story, changed, comment, lines, review, status};

#[tokio::test]
async fn a_pull_request_is_told_in_our_words() {
    let story = Story::begin().await;
    let pull = story.changed_settings().await;
    assert_eq!((pull.author.as_str(), pull.state, pull.draft), ("ada", PullState::Open, false));
    assert_eq!(
        (pull.base_branch.as_str(), pull.default_branch.as_str(), pull.changed_files),
        ("main", "main", Some(1))
    );
    assert_eq!(Some(pull.base_tip.clone()), story.hub.git(&story.repository, |g| g.branch("main")).unwrap());
    assert!(pull.head_since.is_some());
    let missing = story.github.fetch_pull(&story.repository, 99).await;
    assert!(matches!(missing, Err(ForgeError::NotFound { .. })), "{missing:?}");
    story.end();
}

#[tokio::test]
async fn open_pull_requests_come_newest_first_over_all_pages() {
    let story = Story::begin().await;
    for n in 1..=5 {
        story.hub.push(&story.repository, &format!("topic-{n}"), &[("a.py", Some("a\n"))]).unwrap();
        story.hub.open_pull(&story.repository, &format!("topic-{n}"), "main").unwrap();
    }
    story.hub.close_pull(&story.repository, 4);
    story.hub.push(&story.repository, "topic-2", &[("b.py", Some("b\n"))]).unwrap();
    story.hub.set_page_size(2);
    let open = list(&story.github, &story.repository).await.unwrap();
    assert_eq!(open.iter().map(|p| p.number).collect::<Vec<_>>(), [5, 3, 2, 1]);
    story.end();
}

#[tokio::test]
async fn a_change_says_what_git_says() {
    let story = Story::begin().await;
    let pull = story
        .pull(&[(SETTINGS, Some(&changed(&[5, 30]))), ("new.py", Some("a\nb\n")), (POLICY_PATH, None)])
        .await;
    let change = story.github.fetch_change(&pull).await.unwrap();
    let status = |path: &str| change.files.iter().find(|f| f.path == path).unwrap().status;
    assert_eq!(status(SETTINGS), FileStatus::Modified);
    assert_eq!((status("new.py"), status(POLICY_PATH)), (FileStatus::Added, FileStatus::Deleted));
    let hunks = change.file_at_head(SETTINGS).unwrap().hunks.as_ref().unwrap();
    assert_eq!(hunks.iter().flat_map(|h| h.added.clone()).collect::<Vec<_>>(), [5, 30]);
    assert_eq!((change.merge_base.clone(), change.head.clone()), (pull.base_tip.clone(), pull.head.clone()));
    assert_eq!(change.commits.scanned[0].paths, ["new.py", SETTINGS]);
    story.end();
}

#[tokio::test]
async fn up_to_thirty_commits_are_looked_at_one_by_one() {
    let story = Story::begin().await;
    story.hub.push(&story.repository, "topic", &[(".env", Some("SECRET=1\n"))]).unwrap();
    let pull = story.pull(&[(".env", None)]).await;
    let change = story.github.fetch_change(&pull).await.unwrap();
    assert_eq!(change.files, []);
    let paths: Vec<_> = change.commits.scanned.iter().map(|c| c.paths.clone()).collect();
    assert_eq!(paths, [vec![".env".to_owned()], vec![]]);
    for n in 0..29 {
        story.hub.push(&story.repository, "topic", &[("a.py", Some(&format!("{n}\n")))]).unwrap();
    }
    let pull = story.github.fetch_pull(&story.repository, pull.number).await.unwrap();
    let commits = story.github.fetch_change(&pull).await.unwrap().commits;
    assert_eq!((commits.scanned.len(), commits.not_scanned), (0, 31));
    story.end();
}

#[tokio::test]
async fn a_commit_that_was_scanned_is_not_asked_for_again() {
    let story = Story::begin().await;
    story.hub.push(&story.repository, "topic", &[(".env", Some("SECRET=1\n"))]).unwrap();
    let pull = story.pull(&[(".env", None)]).await;
    let scanned = story.github.fetch_change(&pull).await.unwrap().commits;
    story.hub.push(&story.repository, "topic", &[("a.py", Some("x\n"))]).unwrap();
    let pull = story.github.fetch_pull(&story.repository, pull.number).await.unwrap();
    story.hub.forget_requests();
    let commits = story.github.fetch_change(&pull).await.unwrap().commits;
    assert_eq!((&commits.scanned[..2], commits.scanned.len()), (&scanned.scanned[..], 3));
    let asked = story.requests().iter().filter(|r| r.starts_with("GET /commits/")).count();
    assert_eq!(asked, 1, "{:?}", story.requests());
    story.end();
}

#[tokio::test]
async fn p9_more_than_three_hundred_files_are_listed_page_by_page() {
    let story = Story::begin().await;
    let paths: Vec<String> = (0..301).map(|n| format!("f{n:04}.py")).collect();
    let changes: Vec<(&str, Option<&str>)> = paths.iter().map(|p| (p.as_str(), Some("x\n"))).collect();
    let pull = story.pull(&changes).await;
    let change = story.github.fetch_change(&pull).await.unwrap();
    assert_eq!((change.files.len(), change.truncated), (301, None));
    story.end();
}

#[tokio::test]
async fn p9_beyond_three_thousand_files_the_change_says_that_it_is_not_all() {
    let story = Story::begin().await;
    let paths: Vec<String> = (0..3001).map(|n| format!("f{n:04}.py")).collect();
    let changes: Vec<_> = paths.iter().map(|p| (p.as_str(), Some(Content::file(p.clone())))).collect();
    story.hub.push_contents(&story.repository, "topic", &changes, 0).unwrap();
    let number = story.hub.open_pull(&story.repository, "topic", "main").unwrap();
    let pull = story.github.fetch_pull(&story.repository, number).await.unwrap();
    let change = story.github.fetch_change(&pull).await.unwrap();
    assert_eq!(change.files.len(), 3000);
    assert_eq!(change.truncated.as_deref(), Some("GitHub lists 3000 of 3001 changed files"));
    story.end();
}

#[tokio::test]
async fn p9_a_file_without_a_patch_has_no_hunks() {
    let story = Story::begin().await;
    story.hub.set_longest_patch(10);
    let pull = story.changed_settings().await;
    let change = story.github.fetch_change(&pull).await.unwrap();
    assert_eq!(change.files[0].hunks, None);
    story.end();
}

#[tokio::test]
async fn p18_a_head_that_lags_is_seen_as_it_is_shown_and_right_before_publishing_as_it_is() {
    let story = Story::begin().await;
    let pull = story.changed_settings().await;
    let new = story.hub.push_lagging(&story.repository, "topic", &[(SETTINGS, Some("A = 2\n"))], 1).unwrap();
    let shown = story.github.fetch_pull(&story.repository, pull.number).await.unwrap();
    assert_eq!(shown.head, pull.head, "GitHub lags behind its own webhook");
    assert_eq!(story.github.fetch_standing(&shown).await.unwrap().head, new);
    story.end();
}

#[tokio::test]
async fn p18_a_head_brought_by_a_batch_of_files_is_used_once() {
    let story = Story::begin().await;
    let pull = story.changed_settings().await;
    story.read(&pull.head, SETTINGS).await;
    story.hub.forget_requests();
    assert_eq!(story.github.fetch_standing(&pull).await.unwrap().head, pull.head);
    assert_eq!(story.requests(), Vec::<String>::new());
    let new = story.hub.push(&story.repository, "topic", &[(SETTINGS, Some("A = 2\n"))]).unwrap();
    assert_eq!(story.github.fetch_standing(&pull).await.unwrap().head, new);
    story.end();
}

#[tokio::test]
async fn p18_a_review_of_an_old_head_names_that_head_and_a_refused_one_is_tried_by_the_next_run() {
    let story = Story::begin().await;
    let pull = story.changed_settings().await;
    story.hub.push(&story.repository, "topic", &[(SETTINGS, Some(&lines(LINES)))]).unwrap();
    let refused = story.github.ensure_review(&pull, &review(&pull, vec![comment(0, 5, None)])).await;
    let Err(ForgeError::Transient { message, .. }) = refused else { panic!("{refused:?}") };
    assert!(message.contains("the head moved"), "{message}");
    assert_eq!(story.hub.reviews_on(&story.repository, pull.number), []);
    story.end();
}

#[tokio::test]
async fn p18_what_came_with_one_head_is_never_served_for_another() {
    let story = Story::begin().await;
    let pull = story.changed_settings().await;
    let other = PullRequest { head: pull.base_tip.clone(), ..pull };
    story.hub.forget_requests();
    story.github.fetch_own_postings(&other).await.unwrap();
    assert_eq!(story.requests().len(), 2);
    story.end();
}

#[tokio::test]
async fn p10_a_merge_group_is_read_and_answered_on_its_own_head() {
    let story = Story::begin().await;
    let pull = story.changed_settings().await;
    story.hub.webhooks();
    let (head, base) = story.hub.queue_merge(&story.repository, pull.number).unwrap();
    story.hub.set_webhook_secret("");
    let change = story.github.fetch_group_change(&story.repository, &head, &base).await.unwrap();
    assert_eq!(change.files.iter().map(|f| f.path.as_str()).collect::<Vec<_>>(), [SETTINGS]);
    story
        .github
        .ensure_status(&story.repository, &status(&head, Outcome::Verdict(Verdict::Approved), "g"))
        .await
        .unwrap();
    assert_eq!(story.hub.check_of(&story.repository, &head).unwrap().conclusion.as_deref(), Some("success"));
    story.end();
}

#[tokio::test]
async fn p10_a_merge_group_of_more_files_than_a_comparison_lists_is_read_whole() {
    let story = Story::begin().await;
    let paths: Vec<String> = (0..310).map(|n| format!("app/f{n:03}.py")).collect();
    let mut changes: Vec<(&str, Option<&str>)> =
        paths.iter().map(|p| (p.as_str(), Some("x = 1\n"))).collect();
    let moved = lines(LINES);
    changes.extend([(SETTINGS, None), ("settings/base.py", Some(moved.as_str())), (POLICY_PATH, Some(""))]);
    let pull = story.pull(&changes).await;
    story.hub.webhooks();
    let (head, base) = story.hub.queue_merge(&story.repository, pull.number).unwrap();
    let change = story.github.fetch_group_change(&story.repository, &head, &base).await.unwrap();
    assert_eq!((change.files.len(), &change.truncated), (312, &None));
    let moved = change.file_at_head("settings/base.py").unwrap();
    assert_eq!((moved.status, moved.previous_path.as_deref()), (FileStatus::Renamed, Some(SETTINGS)));
    assert_eq!(change.file_at_head(POLICY_PATH).unwrap().status, FileStatus::Modified);
    story.end();
}
