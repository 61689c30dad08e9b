//! The GitHub client against the stand-in GitHub; each request is held against GitHub's own description.

use std::sync::{Arc, Mutex};

use red_panda::forge::github::{GitHub, GitHubSettings, webhook};
use red_panda::forge::retry::{Repeat, Retry};
use red_panda::forge::{FileWanted, Forge, ForgeError, Reader};
use red_panda::model::change::{FileStatus, Mode};
use red_panda::model::delivery::{Event, Reason};
use red_panda::model::finding::{Fingerprint, Span};
use red_panda::model::id::{Repository, RunId, Sha};
use red_panda::model::judgement::Verdict;
use red_panda::model::marker;
use red_panda::model::plan::{Anchor, CommentEdit, NewComment, NewReview, PostingKind, Side};
use red_panda::model::policy::POLICY_PATH;
use red_panda::model::pull::{PullRequest, PullState};
use red_panda::model::status::{Annotation, AnnotationLevel, Outcome, Status};
use red_panda::source::Blob;
use red_panda::standin::github::{BOT, GitHubStandIn, When};
use red_panda::standin::repository::Content;
use secrecy::SecretString;

use crate::github_contract::watch;

const SETTINGS: &str = "project/settings.py";
/// Long enough for two hunks.
const LINES: u32 = 40;

struct Story {
    hub: GitHubStandIn,
    github: GitHub,
    repository: Repository,
    broken: Arc<Mutex<Vec<String>>>,
}

impl Story {
    /// `ada/trees` with a settings file of forty lines and a policy.
    async fn begin() -> Self {
        let hub = GitHubStandIn::start().await.unwrap();
        let broken = watch(&hub);
        let text = lines(LINES);
        let repository = hub.create_repository(
            "ada",
            "trees",
            &[(SETTINGS, &text), (POLICY_PATH, "profile = \"essentials\"\n")],
        );
        let github = GitHub::connect(hub.settings()).await.unwrap();
        Self { hub, github, repository, broken }
    }

    /// A pull request that changes these files on `topic`.
    async fn pull(&self, changes: &[(&str, Option<&str>)]) -> PullRequest {
        self.hub.push(&self.repository, "topic", changes).unwrap();
        let number = self.hub.open_pull(&self.repository, "topic", "main").unwrap();
        self.github.fetch_pull(&self.repository, number).await.unwrap()
    }

    /// One that changes lines 5 and 30 of the settings.
    async fn changed_settings(&self) -> PullRequest {
        self.pull(&[(SETTINGS, Some(&changed(&[5, 30])))]).await
    }

    async fn read(&self, at: &Sha, path: &str) -> Blob {
        self.github.fetch_files(&self.repository, &[wanted(at, path)]).await.unwrap().remove(0)
    }

    /// `METHOD path` of every request, without those for tokens.
    fn requests(&self) -> Vec<String> {
        let all = self.hub.requests().into_iter().filter(|r| !r.path.ends_with("/access_tokens"));
        all.map(|r| format!("{} {}", r.method, r.path.replace("/repos/ada/trees", ""))).collect()
    }

    /// Nothing that GitHub does not have was asked for.
    fn end(self) {
        assert_eq!(*self.broken.lock().unwrap(), Vec::<String>::new());
        assert_eq!(self.hub.violations(), Vec::<String>::new());
    }
}

fn lines(count: u32) -> String {
    (1..=count).map(|n| format!("LINE_{n} = {n}\n")).collect()
}

fn changed(at: &[u32]) -> String {
    (1..=LINES)
        .map(|n| if at.contains(&n) { format!("CHANGED_{n} = 0\n") } else { format!("LINE_{n} = {n}\n") })
        .collect()
}

fn wanted(at: &Sha, path: &str) -> FileWanted {
    FileWanted { at: at.clone(), path: path.to_owned(), blob: None }
}

fn fingerprint(n: usize) -> Fingerprint {
    Fingerprint(format!("{n:016x}"))
}

fn comment(n: usize, line: u32, start_line: Option<u32>) -> NewComment {
    let fingerprints = vec![fingerprint(n)];
    let body = format!("**Finding {n}.**\n\n{}", marker::render(PostingKind::Inline, &fingerprints));
    NewComment {
        anchor: Anchor { path: SETTINGS.into(), side: Side::Head, line, start_line },
        body,
        fingerprints,
    }
}

fn review(pull: &PullRequest, comments: Vec<NewComment>) -> NewReview {
    let body = format!("### Things to change\n\n{}", marker::render(PostingKind::Summary, &[]));
    NewReview { head: pull.head.clone(), body, comments }
}

fn status(sha: &Sha, outcome: Outcome, run: &str) -> Status {
    Status {
        sha: sha.clone(),
        outcome,
        description: "4 files checked".into(),
        summary: "All of it".into(),
        annotations: Vec::new(),
        details_url: None,
        run: RunId(run.into()),
        resumed: false,
    }
}

fn annotations(count: u32) -> Vec<Annotation> {
    let annotation = |line| Annotation {
        path: SETTINGS.into(),
        span: Span::line(line, 3),
        level: AnnotationLevel::Failure,
        title: "t".into(),
        message: format!("message {line}"),
    };
    (1..=count).map(annotation).collect()
}

fn text(blob: &Blob) -> &str {
    blob.text().map_or("", |t| t.as_str())
}

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
    assert!(blobs.iter().all(|b| text(b) == "import os\n"));
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
async fn open_pull_requests_come_most_recently_updated_first_over_all_pages() {
    let story = Story::begin().await;
    for n in 1..=5 {
        story.hub.push(&story.repository, &format!("topic-{n}"), &[("a.py", Some("a\n"))]).unwrap();
        story.hub.open_pull(&story.repository, &format!("topic-{n}"), "main").unwrap();
    }
    story.hub.close_pull(&story.repository, 4);
    story.hub.push(&story.repository, "topic-2", &[("b.py", Some("b\n"))]).unwrap();
    story.hub.set_page_size(2);
    let open = story.github.fetch_open_pulls(&story.repository).await.unwrap();
    assert_eq!(open.iter().map(|p| p.number).collect::<Vec<_>>(), [2, 5, 3, 1]);
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
async fn p1_one_comment_that_github_refuses_costs_that_comment_and_nothing_else() {
    let story = Story::begin().await;
    let pull = story.changed_settings().await;
    story.hub.refuse_comments_with("Finding 2");
    let comments = (0..5).map(|n| comment(n, 5, None)).collect();
    let posted = story.github.ensure_review(&pull, &review(&pull, comments)).await.unwrap();
    assert_eq!(posted.demoted, [2]);
    assert_eq!(posted.postings.len(), 5);
    assert_eq!(story.hub.comments_on(&story.repository, pull.number).len(), 4);
    let reviews = story.hub.reviews_on(&story.repository, pull.number);
    assert_eq!(reviews.len(), 1, "no draft is left, and one review is seen");
    assert!(
        reviews[0].body.contains("Finding 2")
            && reviews[0].body.contains(&format!("blob/{}/{SETTINGS}#L5", pull.head))
    );
    assert_eq!(marker::parse(&reviews[0].body), Some((PostingKind::Summary, vec![fingerprint(2)])));
    story.end();
}

#[tokio::test]
async fn p1_an_anchor_off_the_diff_is_demoted_not_fatal() {
    let story = Story::begin().await;
    let pull = story.changed_settings().await;
    let posted = story
        .github
        .ensure_review(&pull, &review(&pull, vec![comment(0, 5, None), comment(1, 18, None)]))
        .await
        .unwrap();
    assert_eq!((posted.demoted, posted.postings.len()), (vec![1], 2));
    story.end();
}

#[tokio::test]
async fn p1_a_draft_that_a_crash_left_does_not_stand_in_the_way() {
    let story = Story::begin().await;
    let pull = story.changed_settings().await;
    story.hub.leave_draft(&story.repository, pull.number);
    let posted = story.github.ensure_review(&pull, &review(&pull, vec![comment(0, 5, None)])).await.unwrap();
    assert_eq!((posted.demoted.len(), posted.postings.len()), (0, 2));
    assert_eq!(story.hub.reviews_on(&story.repository, pull.number).len(), 1);
    story.end();
}

#[tokio::test]
async fn p2_a_start_that_is_not_before_the_end_is_a_single_line() {
    let story = Story::begin().await;
    let pull = story.changed_settings().await;
    let comments = vec![comment(0, 5, Some(5)), comment(1, 6, Some(4))];
    let posted = story.github.ensure_review(&pull, &review(&pull, comments)).await.unwrap();
    assert!(posted.demoted.is_empty());
    let shown = story.hub.comments_on(&story.repository, pull.number);
    assert_eq!(shown.iter().map(|c| (c.start_line, c.line)).collect::<Vec<_>>(), [(None, 5), (Some(4), 6)]);
    story.end();
}

#[tokio::test]
async fn a_removed_line_is_commented_on_its_own_side() {
    let story = Story::begin().await;
    let pull = story.changed_settings().await;
    let mut removed = comment(0, 5, None);
    removed.anchor.side = Side::Base;
    story.github.ensure_review(&pull, &review(&pull, vec![removed])).await.unwrap();
    assert_eq!(story.hub.comments_on(&story.repository, pull.number)[0].side, "LEFT");
    story.end();
}

#[tokio::test]
async fn p5_a_review_whose_answer_was_lost_is_found_and_not_posted_again() {
    let story = Story::begin().await;
    let pull = story.changed_settings().await;
    story.hub.fail_next(1, "POST", "/reviews", When::After, 502);
    let sent = review(&pull, vec![comment(0, 5, None), comment(1, 30, None)]);
    let posted = story.github.ensure_review(&pull, &sent).await.unwrap();
    assert_eq!((posted.postings.len(), posted.demoted.len()), (3, 0));
    assert_eq!(story.hub.reviews_on(&story.repository, pull.number).len(), 1);
    story.end();
}

#[tokio::test]
async fn a_review_that_never_arrived_is_transient_and_nothing_is_posted() {
    let story = Story::begin().await;
    let pull = story.changed_settings().await;
    let sent = review(&pull, vec![comment(0, 5, None)]);
    story.hub.review_by(&story.repository, pull.number, BOT, "### Another of ours, of another run");
    story.hub.fail_next(1, "POST", "/reviews", When::Before, 503);
    let posted = story.github.ensure_review(&pull, &sent).await;
    assert!(matches!(posted, Err(ForgeError::Transient { .. })), "{posted:?}");
    assert_eq!(
        story.requests().iter().filter(|r| r.starts_with("POST") && r.ends_with("/reviews")).count(),
        1
    );
    story.end();
}

#[tokio::test]
async fn p6_own_postings_are_read_to_the_last_page() {
    let story = Story::begin().await;
    let pull = story.changed_settings().await;
    for n in 0..5 {
        story
            .github
            .ensure_review(&pull, &review(&pull, vec![comment(n, 5, None), comment(n + 10, 30, None)]))
            .await
            .unwrap();
    }
    story.hub.set_page_size(2);
    let pull = story.github.fetch_pull(&story.repository, pull.number).await.unwrap();
    let postings = story.github.fetch_own_postings(&pull).await.unwrap();
    let inline = postings.iter().filter(|p| p.kind == PostingKind::Inline);
    assert_eq!((inline.count(), postings.len()), (10, 15));
    story.end();
}

#[tokio::test]
async fn own_postings_are_ours_and_come_with_the_pull_request() {
    let story = Story::begin().await;
    let pull = story.changed_settings().await;
    let posted = story.github.ensure_review(&pull, &review(&pull, vec![comment(0, 5, None)])).await.unwrap();
    let copied = story.hub.comments_on(&story.repository, pull.number)[0].body.clone();
    story.hub.review_by(&story.repository, pull.number, "mallory", &copied);
    story.hub.review_by(&story.repository, pull.number, "red-panda", &copied);
    let pull = story.github.fetch_pull(&story.repository, pull.number).await.unwrap();
    story.hub.forget_requests();
    assert_eq!(story.github.fetch_own_postings(&pull).await.unwrap(), posted.postings);
    assert_eq!(story.requests(), Vec::<String>::new());
    // A second question is asked afresh, and has the same answer.
    assert_eq!(story.github.fetch_own_postings(&pull).await.unwrap(), posted.postings);
    assert_eq!(story.requests().len(), 2);
    story.end();
}

#[tokio::test]
async fn an_edit_reaches_its_comment_and_a_removed_one_is_not_found() {
    let story = Story::begin().await;
    let pull = story.changed_settings().await;
    let posted = story.github.ensure_review(&pull, &review(&pull, vec![comment(0, 5, None)])).await.unwrap();
    for (posting, kind) in posted.postings.iter().zip([PostingKind::Summary, PostingKind::Inline]) {
        let edit = CommentEdit {
            kind,
            forge_id: posting.forge_id,
            review_id: posting.review_id,
            body: format!("fixed {kind:?}"),
            fingerprints: Vec::new(),
            fixed: true,
        };
        story.github.ensure_comment(&pull, &edit).await.unwrap();
    }
    assert_eq!(story.hub.reviews_on(&story.repository, pull.number)[0].body, "fixed Summary");
    let shown = story.hub.comments_on(&story.repository, pull.number).remove(0);
    assert_eq!(shown.body, "fixed Inline");
    story.hub.remove_comment(&story.repository, shown.id);
    let edit = CommentEdit {
        kind: PostingKind::Inline,
        forge_id: shown.id,
        review_id: 0,
        body: "again".into(),
        fingerprints: Vec::new(),
        fixed: false,
    };
    assert!(matches!(story.github.ensure_comment(&pull, &edit).await, Err(ForgeError::NotFound { .. })));
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
    let tags = retry.run(Repeat::Harmless, || story.github.fetch_tags(&story.repository)).await;
    assert!(matches!(tags, Err(ForgeError::RateLimited { .. })));
    assert_eq!(story.requests().len(), 1);
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
async fn p12_a_crashed_run_is_found_again_and_concluded_on_the_same_check() {
    let story = Story::begin().await;
    let pull = story.changed_settings().await;
    story
        .github
        .ensure_status(&pull.repository, &status(&pull.head, Outcome::Running, "run-1"))
        .await
        .unwrap();
    let after_the_crash = GitHub::connect(story.hub.settings()).await.unwrap();
    let left = after_the_crash.fetch_running_statuses(&pull.repository, &pull.head).await.unwrap();
    assert_eq!(left, [RunId("run-1".into())]);
    let resumed = Status { resumed: true, ..status(&pull.head, Outcome::Broken, "run-1") };
    after_the_crash.ensure_status(&pull.repository, &resumed).await.unwrap();
    let checks = story.hub.checks_of(&story.repository, &pull.head);
    assert_eq!(checks.len(), 1);
    assert_eq!(checks[0].conclusion.as_deref(), Some("failure"));
    assert_eq!(after_the_crash.fetch_running_statuses(&pull.repository, &pull.head).await.unwrap(), []);
    story.end();
}

#[tokio::test]
async fn p12_a_check_whose_creation_went_unanswered_is_not_made_twice() {
    let story = Story::begin().await;
    let pull = story.changed_settings().await;
    let running = status(&pull.head, Outcome::Running, "run-1");
    story.hub.fail_next(1, "POST", "/check-runs", When::After, 502);
    let retry = Retry::with_delays(vec![std::time::Duration::ZERO; 3]);
    retry.run(Repeat::Harmless, || story.github.ensure_status(&pull.repository, &running)).await.unwrap();
    assert_eq!(story.hub.checks_of(&story.repository, &pull.head).len(), 1);
    story.end();
}

#[tokio::test]
async fn p12_a_resumed_run_that_had_ended_is_not_reopened() {
    let story = Story::begin().await;
    let pull = story.changed_settings().await;
    story
        .github
        .ensure_status(&pull.repository, &status(&pull.head, Outcome::Verdict(Verdict::Approved), "run-1"))
        .await
        .unwrap();
    let again = GitHub::connect(story.hub.settings()).await.unwrap();
    let resumed = Status { resumed: true, ..status(&pull.head, Outcome::Running, "run-1") };
    again.ensure_status(&pull.repository, &resumed).await.unwrap();
    assert_eq!(
        story.hub.check_of(&story.repository, &pull.head).unwrap().conclusion.as_deref(),
        Some("success")
    );
    story.end();
}

#[tokio::test]
async fn p13_a_rerun_is_a_new_check_run_of_the_same_name() {
    let story = Story::begin().await;
    let pull = story.changed_settings().await;
    for (run, verdict) in [("run-1", Verdict::ChangesRequested), ("run-2", Verdict::Approved)] {
        story
            .github
            .ensure_status(&pull.repository, &status(&pull.head, Outcome::Running, run))
            .await
            .unwrap();
        assert!(story.hub.merge(&story.repository, pull.number).is_err(), "a running check holds the gate");
        story
            .github
            .ensure_status(&pull.repository, &status(&pull.head, Outcome::Verdict(verdict), run))
            .await
            .unwrap();
    }
    let ids: Vec<String> =
        story.hub.checks_of(&story.repository, &pull.head).into_iter().map(|c| c.external_id).collect();
    assert_eq!(ids, ["run-1", "run-2"]);
    story.hub.merge(&story.repository, pull.number).unwrap();
    story.end();
}

#[tokio::test]
async fn annotations_are_appended_fifty_at_a_time_and_never_twice() {
    let story = Story::begin().await;
    let pull = story.changed_settings().await;
    let concluded = Status {
        annotations: annotations(120),
        ..status(&pull.head, Outcome::Verdict(Verdict::ChangesRequested), "run-1")
    };
    story
        .github
        .ensure_status(&pull.repository, &status(&pull.head, Outcome::Running, "run-1"))
        .await
        .unwrap();
    story.hub.fail_next(1, "PATCH", "/check-runs", When::After, 504);
    let first = story.github.ensure_status(&pull.repository, &concluded).await;
    assert!(matches!(first, Err(ForgeError::Transient { .. })));
    assert_eq!(
        story.hub.check_of(&story.repository, &pull.head).unwrap().conclusion,
        None,
        "the gate opens last"
    );
    story.github.ensure_status(&pull.repository, &concluded).await.unwrap();
    let check = story.hub.check_of(&story.repository, &pull.head).unwrap();
    let lines: Vec<u64> = check.annotations.iter().map(|a| a["start_line"].as_u64().unwrap()).collect();
    assert_eq!(lines, (1..=120).collect::<Vec<u64>>());
    assert_eq!(check.conclusion.as_deref(), Some("failure"));
    story.end();
}

#[tokio::test]
async fn p14_a_rerequested_check_of_a_fork_names_its_commit_and_that_is_enough() {
    let story = Story::begin().await;
    let head = story.hub.push(&story.repository, "topic", &[(SETTINGS, Some("A = 1\n"))]).unwrap();
    let number = story.hub.open_fork_pull(&story.repository, "topic", "main").unwrap();
    story.hub.set_webhook_secret("s3cret");
    story.hub.webhooks();
    story.hub.rerequest(&story.repository, &head);
    let event = parsed(&story, "s3cret").remove(0);
    assert_eq!(event, Event::Rerequested { repository: story.repository.clone(), head: head.clone() });
    let open = story.github.fetch_open_pulls(&story.repository).await.unwrap();
    assert_eq!(
        open.iter().find(|p| p.head == head).map(|p| (p.number, p.author.as_str())),
        Some((number, "contributor"))
    );
    assert_eq!(text(&story.read(&head, SETTINGS).await), "A = 1\n");
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
async fn p21_a_wrong_key_or_id_fails_at_the_start() {
    let hub = GitHubStandIn::start().await.unwrap();
    let settings = |app_id: &str, key: &str| GitHubSettings {
        app_id: app_id.into(),
        private_key: SecretString::from(key.to_owned()),
        ..hub.settings()
    };
    let pem = secrecy::ExposeSecret::expose_secret(&hub.settings().private_key).to_owned();
    let escaped = GitHub::connect(settings("4711", &pem.replace('\n', "\\n"))).await.unwrap();
    assert_eq!(escaped.bot_login(), BOT);
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
async fn deployed_is_the_newest_deployment_that_stands() {
    let story = Story::begin().await;
    let first = story.hub.git(&story.repository, |g| g.branch("main")).unwrap().unwrap();
    let deployed = |environment: &'static str| story.github.fetch_deployed(&story.repository, environment);
    assert_eq!(deployed("production").await.unwrap(), None);
    story.hub.release(&story.repository, "v1.0", &first);
    let second = story.hub.push(&story.repository, "main", &[("a.py", Some("a\n"))]).unwrap();
    assert_eq!(deployed("production").await.unwrap(), None, "a release is no deployment");
    story.hub.deploy(&story.repository, "production", &first, &["in_progress", "success"]);
    story.hub.deploy(&story.repository, "production", &second, &["in_progress", "failure"]);
    assert_eq!(deployed("production").await.unwrap(), Some(first));
    story.hub.deploy(&story.repository, "production", &second, &["success"]);
    assert_eq!(deployed("production").await.unwrap(), Some(second));
    story.end();
}

#[tokio::test]
async fn refs_and_tags_are_found_by_name_and_by_id() {
    let story = Story::begin().await;
    let head = story.hub.push(&story.repository, "feature/x y", &[("a.py", Some("a\n"))]).unwrap();
    story.hub.release(&story.repository, "v1", &head);
    story.hub.release(&story.repository, "v2", &head);
    story.hub.release(&story.repository, "v3", &head);
    story.hub.set_page_size(2);
    assert_eq!(story.github.fetch_tags(&story.repository).await.unwrap(), ["v1", "v2", "v3"]);
    for name in ["feature/x y", "v1", head.as_str()] {
        assert_eq!(
            story.github.fetch_ref(&story.repository, name).await.unwrap(),
            Some(head.clone()),
            "{name}"
        );
    }
    assert_eq!(story.github.fetch_ref(&story.repository, "nowhere").await.unwrap(), None);
    story.end();
}

#[tokio::test]
async fn a_renamed_repository_is_still_itself_and_a_new_one_of_its_name_is_not() {
    let story = Story::begin().await;
    story.hub.rename(&story.repository, "woods");
    let found = story.github.fetch_repository(&story.repository).await.unwrap();
    assert_eq!((found.id, found.full_name().as_str()), (story.repository.id, "ada/woods"));
    let taken_over = story.hub.create_repository("ada", "trees", &[("a.py", "a\n")]);
    assert_ne!(taken_over.id, story.repository.id);
    assert_eq!(story.github.fetch_repository(&story.repository).await.unwrap().name, "woods");
    story.hub.push(&taken_over, "topic", &[("a.py", Some("b\n"))]).unwrap();
    story.hub.open_pull(&taken_over, "topic", "main").unwrap();
    let pull = story.github.fetch_pull(&story.repository, 1).await;
    assert!(matches!(pull, Err(ForgeError::Gone { .. })), "{pull:?}");
    story.end();
}

#[tokio::test]
async fn the_allow_list_decides_where_we_work() {
    let story = Story::begin().await;
    for name in ["leaves", "trees-fork", "bark"] {
        story.hub.create_repository("ada", name, &[("a.py", "a\n")]);
    }
    story.hub.set_page_size(2);
    let settings =
        GitHubSettings { repositories: vec!["ada/trees*".into(), "bob/*".into()], ..story.hub.settings() };
    let github = GitHub::connect(settings).await.unwrap();
    let names: Vec<String> =
        github.fetch_repositories().await.unwrap().iter().map(Repository::full_name).collect();
    assert_eq!(names, ["ada/trees", "ada/trees-fork"]);
    assert_eq!(story.github.fetch_repositories().await.unwrap().len(), 4);
    story.end();
}

#[tokio::test]
async fn an_installation_that_lets_nobody_in_does_not_hide_the_others() {
    let story = Story::begin().await;
    story.hub.install_behind_an_allow_list();
    assert_eq!(story.github.fetch_repositories().await.unwrap(), std::slice::from_ref(&story.repository));

    story.hub.limit_next("GET", "/installation/repositories", &[("retry-after", "60")]);
    let limited = story.github.fetch_repositories().await;
    assert!(matches!(limited, Err(ForgeError::RateLimited { .. })), "{limited:?}");
    story.end();
}

#[tokio::test]
async fn without_the_permission_for_issues_no_command_is_heard() {
    let story = Story::begin().await;
    let pull = story.changed_settings().await;
    story.hub.webhooks();
    story.hub.forbid("issues");
    story.hub.comment(&story.repository, pull.number, "ada", "/red-panda recheck");
    assert!(story.hub.webhooks().is_empty());
    story.end();
}

#[tokio::test]
async fn a_command_is_taken_from_who_may_write_and_acknowledged_once() {
    let story = Story::begin().await;
    let pull = story.changed_settings().await;
    assert!(story.github.fetch_may_write(&story.repository, "ada").await.unwrap());
    assert!(!story.github.fetch_may_write(&story.repository, "mallory[bot]").await.unwrap());
    let id = story.hub.comment(&story.repository, pull.number, "ada", "/red-panda recheck");
    for _ in 0..2 {
        story.github.ensure_reaction(&story.repository, id).await.unwrap();
    }
    assert_eq!(story.hub.reactions_to(&story.repository, id), ["eyes"]);
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

/// The webhooks since the last look, believed and understood.
fn parsed(story: &Story, secret: &str) -> Vec<Event> {
    let secret = SecretString::from(secret.to_owned());
    let own = story.github.identity();
    let deliveries = story.hub.webhooks().into_iter();
    deliveries
        .map(|d| {
            let headers = d.headers.iter().map(|(k, v)| (k.parse().unwrap(), v.parse().unwrap()));
            let headers = http::HeaderMap::from_iter(headers);
            webhook::verify(&headers, &d.body, &secret).unwrap();
            assert!(webhook::verify(&headers, b"{}", &secret).is_err());
            assert!(webhook::delivery_id(&headers).is_some());
            webhook::parse(&headers, &d.body, &own).unwrap()
        })
        .collect()
}

#[tokio::test]
async fn a_story_is_told_in_webhooks() {
    let story = Story::begin().await;
    let hub = &story.hub;
    hub.set_webhook_secret("s3cret");
    hub.push(&story.repository, "topic", &[("a.py", Some("a\n"))]).unwrap();
    let number = hub.open_pull(&story.repository, "topic", "main").unwrap();
    let pushed = hub.push_lagging(&story.repository, "topic", &[("a.py", Some("b\n"))], 1).unwrap();
    hub.set_draft(&story.repository, number, true);
    hub.set_draft(&story.repository, number, false);
    hub.retarget(&story.repository, number, "main");
    let id = hub.comment(&story.repository, number, "ada", "/red-panda recheck");
    hub.queue_merge(&story.repository, number).unwrap();
    hub.close_pull(&story.repository, number);
    let events = parsed(&story, "s3cret");
    let reasons: Vec<Reason> = events
        .iter()
        .filter_map(|e| if let Event::Pull { reason, .. } = e { Some(*reason) } else { None })
        .collect();
    assert_eq!(reasons, [Reason::Opened, Reason::Pushed, Reason::Ready, Reason::Retargeted]);
    assert!(
        events
            .iter()
            .any(|e| matches!(e, Event::Pull { head: Some(h), reason: Reason::Pushed, .. } if *h == pushed))
    );
    assert!(events.iter().any(|e| matches!(e, Event::Command { comment_id, .. } if *comment_id == id)));
    assert!(
        events
            .iter()
            .any(|e| matches!(e, Event::GroupRequested { base_branch, .. } if base_branch == "main"))
    );
    assert!(matches!(events.last(), Some(Event::PullClosed { .. })));
    assert_eq!(events.iter().filter(|e| matches!(e, Event::Pushed { .. })).count(), 2);
    story.end();
}
