//! The Gitea and Forgejo client against the stand-in, which writes down whatever a real forge would have made wrong of.

use red_panda::forge::gitea::webhook::{parse, verify};
use red_panda::forge::gitea::{Gitea, GiteaSettings};
use red_panda::forge::{FileWanted, Forge, ForgeError, Reader};
use red_panda::model::change::{FileStatus, Mode};
use red_panda::model::delivery::{Event, Reason};
use red_panda::model::finding::Fingerprint;
use red_panda::model::id::{ForgeName, RunId, Sha};
use red_panda::model::judgement::Verdict;
use red_panda::model::marker;
use red_panda::model::plan::{Anchor, CommentEdit, NewComment, NewReview, PostingKind, Side};
use red_panda::model::pull::PullRequest;
use red_panda::model::status::{Outcome, STATUS_NAME, Status};
use red_panda::source::Blob;
use red_panda::standin::gitea::{BOT, BOT_TOKEN, Forgejo, Moment, Permission, Repository};
use red_panda::standin::repository::Content;
use secrecy::SecretString;

/// A forge with one repository `ada/blog`, and our client for it.
struct House {
    forge: Forgejo,
    blog: Repository,
    client: Gitea,
}

const BASE: &[(&str, &str)] = &[("a.py", "one\ntwo\nthree\n"), ("b b.py", "b\n"), (".gitignore", ".env\n")];

impl House {
    async fn new() -> Self {
        Self::with(BASE).await
    }

    async fn with(files: &[(&str, &str)]) -> Self {
        let forge = Forgejo::start().await.unwrap();
        let blog = forge.repository("ada/blog", files);
        let client = connect(&forge, BOT_TOKEN, Some(BOT)).await.unwrap();
        Self { forge, blog, client }
    }

    /// A pull request that changes line 2 of `a.py`.
    async fn pull(&self) -> PullRequest {
        self.blog.push("topic", &[("a.py", Some("one\nTWO\nthree\n"))]).unwrap();
        let number = self.blog.open_pull("topic", "Change two").unwrap();
        self.fetch(number).await
    }

    async fn fetch(&self, number: u64) -> PullRequest {
        self.client.fetch_pull(&self.blog.model(), number).await.unwrap()
    }

    /// Nothing was done that a real forge would have swallowed.
    fn clean(&self) {
        assert_eq!(self.forge.violations(), Vec::<String>::new());
    }
}

async fn connect(forge: &Forgejo, token: &str, bot: Option<&str>) -> Result<Gitea, ForgeError> {
    Gitea::connect(GiteaSettings {
        name: ForgeName("home".into()),
        url: forge.url(),
        token: SecretString::from(token.to_owned()),
        bot_login: bot.map(str::to_owned),
        repositories: vec!["ada/*".into()],
    })
    .await
}

fn fp(digit: char) -> Fingerprint {
    Fingerprint(digit.to_string().repeat(16))
}

fn inline(path: &str, side: Side, line: u32, digit: char) -> NewComment {
    NewComment {
        anchor: Anchor { path: path.into(), side, line, start_line: None },
        body: format!("**Finding {digit}.**\n\n{}", marker::render(PostingKind::Inline, &[fp(digit)])),
        fingerprints: vec![fp(digit)],
    }
}

fn review(pull: &PullRequest, comments: Vec<NewComment>) -> NewReview {
    let body = format!("### 🐾 Something\n\n{}", marker::render(PostingKind::Summary, &[]));
    NewReview { head: pull.head.clone(), body, comments }
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

// -- reading ---------------------------------------------------------------------------------------------------------

#[tokio::test]
async fn a_change_has_files_hunks_and_commits() {
    let house =
        House::with(&[("a.py", "one\ntwo\nthree\n"), ("gone.py", "x\n"), ("old name.py", "1\n2\n3\n4\n")])
            .await;
    house.blog.push("topic", &[("a.py", Some("one\nTWO\nthree\n")), (".env", Some("KEY=1\n"))]).unwrap();
    let moved = [
        ("old name.py", None),
        ("pkg/größe \"q\".py", Some("1\n2\n3\n4\n5\n")),
        (".env", None),
        ("gone.py", None),
    ];
    house.blog.push("topic", &moved).unwrap();
    let pull = house.fetch(house.blog.open_pull("topic", "Change").unwrap()).await;

    let change = house.client.fetch_change(&pull).await.unwrap();

    let files: Vec<_> = change.files.iter().map(|f| (f.path.as_str(), f.status)).collect();
    let renamed = "pkg/größe \"q\".py";
    assert_eq!(
        files,
        [("a.py", FileStatus::Modified), ("gone.py", FileStatus::Deleted), (renamed, FileStatus::Renamed)]
    );
    assert_eq!(change.files[0].hunks.as_ref().unwrap()[0].added, [2]);
    assert_eq!(change.files[2].previous_path.as_deref(), Some("old name.py"));
    let commits: Vec<_> = change.commits.scanned.iter().map(|c| c.paths.join(" ")).collect();
    assert_eq!(commits, [".env a.py", renamed]);
    assert_eq!((change.commits.not_scanned, change.truncated), (0, None));
    assert_eq!((&change.head, Some(&change.merge_base)), (&pull.head, pull.merge_base.as_ref()));
}

#[tokio::test]
async fn modes_binaries_and_empty_files_have_their_names() {
    let house = House::with(&[("tool.sh", "#!/bin/sh\n"), ("x.bin", "\0a")]).await;
    let changes = [
        ("tool.sh", Some(Content::executable("#!/bin/sh\n"))),
        ("x.bin", Some(Content::file("\0b"))),
        ("pkg/__init__.py", Some(Content::file(""))),
        ("link", Some(Content::symlink("tool.sh"))),
    ];
    house.blog.push_contents("topic", &changes).unwrap();
    let pull = house.fetch(house.blog.open_pull("topic", "Change").unwrap()).await;

    let change = house.client.fetch_change(&pull).await.unwrap();
    let hunks: Vec<_> =
        change.files.iter().map(|f| (f.path.as_str(), f.hunks.as_ref().map(Vec::len))).collect();
    assert_eq!(
        hunks,
        [("link", Some(1)), ("pkg/__init__.py", Some(0)), ("tool.sh", Some(0)), ("x.bin", None)]
    );

    let tree = house.client.fetch_tree(&house.blog.model(), &pull.head).await.unwrap();
    assert_eq!((tree.entries["tool.sh"].mode, tree.entries["link"].mode), (Mode::Executable, Mode::Symlink));
}

#[tokio::test]
async fn lag_of_the_diff_after_a_push_is_waited_for() {
    let house = House::new().await;
    let pull = house.pull().await;
    house.forge.set_lag(2, 0);
    house.blog.push("topic", &[("new.py", Some("n\n"))]).unwrap();

    let pull = house.fetch(pull.number).await;
    let change = house.client.fetch_change(&pull).await.unwrap();

    assert_eq!(change.files.iter().map(|f| f.path.as_str()).collect::<Vec<_>>(), ["a.py", "new.py"]);
    assert!(house.forge.count("GET", "git/refs/pull/1/head") >= 3);
}

#[tokio::test]
async fn lag_of_the_merge_base_after_merging_main_is_waited_for() {
    let house = House::new().await;
    let pull = house.pull().await;
    house.blog.push("main", &[("c.py", Some("c\n"))]).unwrap();
    house.forge.set_lag(0, 3);
    house.blog.update_branch("topic").unwrap();

    let pull = house.fetch(pull.number).await;
    let change = house.client.fetch_change(&pull).await.unwrap();

    assert_eq!(change.files.iter().map(|f| f.path.as_str()).collect::<Vec<_>>(), ["a.py"]);
    assert_eq!(Some(change.merge_base), house.blog.resolve("main"));
}

#[tokio::test]
async fn lag_without_end_is_a_transient_error() {
    let house = House::new().await;
    let pull = house.pull().await;
    house.forge.set_lag(1000, 0);
    house.blog.push("topic", &[("new.py", Some("n\n"))]).unwrap();
    let pull = house.fetch(pull.number).await;
    assert!(matches!(house.client.fetch_change(&pull).await, Err(ForgeError::Transient { .. })));
}

#[tokio::test]
async fn p18_a_head_that_moved_on_is_not_read_as_the_old_one() {
    let house = House::new().await;
    let pull = house.pull().await;
    house.blog.push("topic", &[("new.py", Some("n\n"))]).unwrap();
    assert!(matches!(house.client.fetch_change(&pull).await, Err(ForgeError::Transient { .. })));
}

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
async fn p6_every_list_is_read_to_its_end() {
    let house = House::new().await;
    house.forge.set_page(2);
    for n in 0..5 {
        let branch = format!("topic{n}");
        house.blog.push(&branch, &[("a.py", Some(&format!("{n}\n")))]).unwrap();
        house.blog.open_pull(&branch, "Change").unwrap();
        house.blog.set_tag(&format!("v{n}"), &house.blog.resolve(&branch).unwrap());
    }
    for n in 0..50 {
        house.blog.push("main", &[(&format!("pkg/f{n}.py"), Some("x\n"))]).unwrap();
    }
    let (blog, main) = (house.blog.model(), house.blog.resolve("main").unwrap());

    let open = house.client.fetch_open_pulls(&blog).await.unwrap();
    assert_eq!(open.iter().map(|p| p.number).collect::<Vec<_>>(), [5, 4, 3, 2, 1]);
    assert_eq!(house.client.fetch_tags(&blog).await.unwrap().len(), 5);
    let tree = house.client.fetch_tree(&blog, &main).await.unwrap();
    assert_eq!((tree.entries.len(), tree.truncated), (53, false));
}

#[tokio::test]
async fn null_entries_cost_only_themselves() {
    let house = House::new().await;
    house.pull().await;
    house.blog.push("other", &[("b b.py", Some("B\n"))]).unwrap();
    house.blog.open_pull("other", "Other").unwrap();
    house.blog.damage(1);

    let open = house.client.fetch_open_pulls(&house.blog.model()).await.unwrap();
    assert_eq!(open.iter().map(|p| p.number).collect::<Vec<_>>(), [2]);
    let damaged = house.client.fetch_pull(&house.blog.model(), 1).await;
    assert!(matches!(damaged, Err(ForgeError::Invalid { .. })));
}

#[tokio::test]
async fn p15_a_deleted_fork_is_read_through_the_base() {
    let house = House::new().await;
    let number = house.blog.open_pull_from_fork("eve", &[("new.py", Some("n\n"))], "WIP: From afar").unwrap();
    house.blog.delete_fork(number);
    let pull = house.fetch(number).await;
    assert!(pull.draft && pull.author == "eve");

    let change = house.client.fetch_change(&pull).await.unwrap();
    assert_eq!(change.files[0].path, "new.py");
    house.client.ensure_status(&house.blog.model(), &status(&pull.head, Outcome::Running)).await.unwrap();
    assert_eq!(house.blog.status_of(&pull.head).unwrap().state, "pending");
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
    house
        .client
        .ensure_review(&pull, &review(&pull, vec![inline("a.py", Side::Head, 2, 'a')]))
        .await
        .unwrap();
    assert_eq!(house.blog.comments_on(1).len(), 2);
    assert_eq!(house.client.fetch_repository(&old).await.unwrap().name, "weblog");
    house.clean();
}

#[tokio::test]
async fn only_listed_repositories_that_take_comments_are_ours() {
    let house = House::new().await;
    house.forge.repository("eve/shop", &[("a.py", "a\n")]);
    house.forge.repository("ada/attic", &[("a.py", "a\n")]).set_archived(true);
    let ours = house.client.fetch_repositories().await.unwrap();
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
    assert_eq!(client.fetch_repositories().await.unwrap(), [house.blog.model()]);
    let lost = Gitea::connect(listing(&["gardeners/trees"])).await.unwrap();
    assert!(matches!(lost.fetch_repositories().await, Err(ForgeError::NotFound { .. })));
}

// -- errors ----------------------------------------------------------------------------------------------------------

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

// -- writing ---------------------------------------------------------------------------------------------------------

#[tokio::test]
async fn p4_a_comment_stands_on_its_line_in_the_second_hunk() {
    let lines: Vec<String> = (1..=40).map(|n| format!("line {n}\n")).collect();
    let house = House::with(&[("a.py", &lines.concat())]).await;
    let changed = lines.concat().replace("line 3\n", "line 3\nmore\n").replace("line 30\n", "LINE 30\n");
    house.blog.push("topic", &[("a.py", Some(&changed))]).unwrap();
    let pull = house.fetch(house.blog.open_pull("topic", "Two hunks").unwrap()).await;
    let comments = vec![inline("a.py", Side::Head, 31, 'a'), inline("a.py", Side::Base, 30, 'b')];

    let posted = house.client.ensure_review(&pull, &review(&pull, comments)).await.unwrap();

    let shown = house.blog.comments_on(pull.number);
    assert_eq!(shown.iter().map(|c| (c.line, c.old_line)).collect::<Vec<_>>(), [(0, 0), (31, 0), (0, 30)]);
    let ids: Vec<u64> = posted.postings.iter().map(|p| p.forge_id).collect();
    assert_eq!(ids, shown.iter().map(|c| c.id).collect::<Vec<_>>());
    assert_eq!(posted.postings[0].kind, PostingKind::Summary);
    assert_eq!(house.client.fetch_own_postings(&pull).await.unwrap(), posted.postings);
    house.clean();
}

#[tokio::test]
async fn p3_sticky_drafts_of_a_crash_are_removed_and_not_published() {
    let house = House::new().await;
    let pull = house.pull().await;
    house.forge.fail_next(1, "POST", "reviews", Moment::AfterComments(1));
    house.forge.fail_next(1, "DELETE", "reviews", Moment::Before);
    let both = vec![inline("a.py", Side::Head, 2, 'a'), inline("a.py", Side::Head, 1, 'b')];
    let crashed = house.client.ensure_review(&pull, &review(&pull, both)).await;
    assert!(matches!(crashed, Err(ForgeError::Transient { .. })));
    assert_eq!(house.blog.review_states(1), ["PENDING"]);

    let one = vec![inline("a.py", Side::Head, 3, 'c')];
    house.client.ensure_review(&pull, &review(&pull, one)).await.unwrap();

    assert_eq!(house.blog.review_states(1), ["COMMENT"]);
    assert_eq!(house.blog.comments_on(1).len(), 2);
    house.clean();
}

#[tokio::test]
async fn p3_a_broken_post_leaves_no_draft_behind() {
    let house = House::new().await;
    let pull = house.pull().await;
    house.forge.fail_next(1, "POST", "reviews", Moment::AfterComments(1));
    let both = vec![inline("a.py", Side::Head, 2, 'a'), inline("a.py", Side::Head, 1, 'b')];
    assert!(house.client.ensure_review(&pull, &review(&pull, both)).await.is_err());
    assert_eq!(house.blog.review_states(1), Vec::<String>::new());
}

#[tokio::test]
async fn p3_a_5xx_after_the_review_was_made_is_found_out_and_not_posted_twice() {
    let house = House::new().await;
    let pull = house.pull().await;
    let wanted = review(&pull, vec![inline("a.py", Side::Head, 2, 'a')]);
    house.forge.fail_next(1, "POST", "reviews", Moment::After);

    let posted = house.client.ensure_review(&pull, &wanted).await.unwrap();
    assert_eq!(posted.postings.len(), 2);

    let again = house.client.ensure_review(&pull, &wanted).await.unwrap();
    assert_eq!(again, posted);
    assert_eq!(house.blog.comments_on(1).len(), 2);
    house.clean();
}

#[tokio::test]
async fn p1_comments_the_forge_refuses_are_said_in_the_body() {
    let house = House::new().await;
    let pull = house.pull().await;
    let wanted = review(&pull, vec![inline("a.py", Side::Head, 2, 'a'), inline("a.py", Side::Head, 3, 'b')]);
    house.forge.fail_next(1, "POST", "reviews", Moment::Rejected);

    let posted = house.client.ensure_review(&pull, &wanted).await.unwrap();
    assert_eq!((posted.demoted.as_slice(), posted.postings.len()), (&[0, 1][..], 1));
    assert_eq!(posted.postings[0].fingerprints, [fp('a'), fp('b')]);
    let shown = house.blog.comments_on(1);
    assert!(shown[0].body.contains("**Finding a.**") && shown[0].body.contains("**Finding b.**"));
    assert_eq!(house.client.ensure_review(&pull, &wanted).await.unwrap(), posted);
}

#[tokio::test]
async fn p5_own_postings_are_ours_by_marker_and_author() {
    let house = House::new().await;
    let pull = house.pull().await;
    house.forge.set_page(1);
    let first = house
        .client
        .ensure_review(&pull, &review(&pull, vec![inline("a.py", Side::Head, 2, 'a')]))
        .await
        .unwrap();
    let mut other = review(&pull, vec![inline("a.py", Side::Head, 1, 'b')]);
    other.body = format!("### Another\n\n{}", marker::render(PostingKind::Summary, &[fp('c')]));
    let second = house.client.ensure_review(&pull, &other).await.unwrap();
    house.blog.reply(first.postings[1].forge_id, "eve", &inline("a.py", Side::Head, 2, 'e').body);

    let eve = Gitea::connect(GiteaSettings {
        name: ForgeName("home".into()),
        url: house.forge.url(),
        token: SecretString::from("eves"),
        bot_login: Some("eve".into()),
        repositories: vec!["ada/*".into()],
    });
    house.forge.set_token("eves", "eve", &["write:repository", "write:issue"]);
    eve.await
        .unwrap()
        .ensure_review(&pull, &review(&pull, vec![inline("a.py", Side::Head, 3, 'd')]))
        .await
        .unwrap();

    let own = house.client.fetch_own_postings(&pull).await.unwrap();
    assert_eq!(own, [first.postings, second.postings].concat());
    house.clean();
}

#[tokio::test]
async fn a_comment_and_a_summary_are_edited_by_patch() {
    let house = House::new().await;
    let pull = house.pull().await;
    let posted = house
        .client
        .ensure_review(&pull, &review(&pull, vec![inline("a.py", Side::Head, 2, 'a')]))
        .await
        .unwrap();
    for posting in &posted.postings {
        let edit = CommentEdit {
            kind: posting.kind,
            forge_id: posting.forge_id,
            review_id: posting.review_id,
            body: format!("Fixed.\n\n{}", marker::render(posting.kind, &posting.fingerprints)),
            fingerprints: posting.fingerprints.clone(),
            fixed: true,
        };
        house.client.ensure_comment(&pull, &edit).await.unwrap();
        house.client.ensure_comment(&pull, &edit).await.unwrap();
    }
    assert!(house.blog.comments_on(1).iter().all(|c| c.body.starts_with("Fixed.")));
    assert_eq!(house.client.fetch_own_postings(&pull).await.unwrap(), posted.postings);
}

#[tokio::test]
async fn a_comment_removed_by_a_person_is_not_found() {
    let house = House::new().await;
    let pull = house.pull().await;
    let posted = house
        .client
        .ensure_review(&pull, &review(&pull, vec![inline("a.py", Side::Head, 2, 'a')]))
        .await
        .unwrap();
    let removed = &posted.postings[1];
    house.blog.remove_comment(removed.forge_id);

    let edit = CommentEdit {
        kind: removed.kind,
        forge_id: removed.forge_id,
        review_id: removed.review_id,
        body: "Fixed.".into(),
        fingerprints: removed.fingerprints.clone(),
        fixed: true,
    };
    assert!(matches!(house.client.ensure_comment(&pull, &edit).await, Err(ForgeError::NotFound { .. })));
    assert_eq!(house.client.fetch_own_postings(&pull).await.unwrap(), posted.postings[..1]);
}

#[tokio::test]
async fn p26_a_status_is_one_of_four_words_and_blocks_the_merge() {
    let house = House::new().await;
    let pull = house.pull().await;
    house.blog.require(&[STATUS_NAME]);
    let blog = house.blog.model();
    for (outcome, word) in [
        (Outcome::Running, "pending"),
        (Outcome::Verdict(Verdict::ChangesRequested), "failure"),
        (Outcome::Verdict(Verdict::Incomplete), "error"),
        (Outcome::Superseded, "error"),
        (Outcome::Broken, "error"),
    ] {
        house.client.ensure_status(&blog, &status(&pull.head, outcome)).await.unwrap();
        assert_eq!(house.blog.status_of(&pull.head).unwrap().state, word);
        assert_eq!(
            house.blog.merge(1),
            Err("not allowed to merge [reason: Not all required status checks successful]".into())
        );
    }
    house
        .client
        .ensure_status(&blog, &status(&pull.head, Outcome::Verdict(Verdict::Approved)))
        .await
        .unwrap();
    assert!(house.blog.merge(1).is_ok());
    house.clean();
}

#[tokio::test]
async fn an_identical_last_status_is_not_posted_again() {
    let house = House::new().await;
    let (blog, main) = (house.blog.model(), house.blog.resolve("main").unwrap());
    let (running, done) =
        (status(&main, Outcome::Running), status(&main, Outcome::Verdict(Verdict::Approved)));
    for status in [&running, &running, &done, &done] {
        house.client.ensure_status(&blog, status).await.unwrap();
    }
    // Another replica knows nothing of ours, and wrote in between.
    let other = connect(&house.forge, BOT_TOKEN, Some(BOT)).await.unwrap();
    other.ensure_status(&blog, &done).await.unwrap();
    assert_eq!(house.blog.status_count(&main), 2);
    other.ensure_status(&blog, &running).await.unwrap();
    house.client.ensure_status(&blog, &done).await.unwrap();
    assert_eq!(house.blog.status_of(&main).unwrap().state, "success");
    house.clean();
}

#[tokio::test]
async fn p12_a_status_left_running_is_found_with_its_run() {
    let house = House::new().await;
    let (blog, main) = (house.blog.model(), house.blog.resolve("main").unwrap());
    assert_eq!(house.client.fetch_running_statuses(&blog, &main).await.unwrap(), []);
    house.client.ensure_status(&blog, &status(&main, Outcome::Running)).await.unwrap();
    assert_eq!(house.client.fetch_running_statuses(&blog, &main).await.unwrap(), [RunId("r1".into())]);
    house.client.ensure_status(&blog, &status(&main, Outcome::Broken)).await.unwrap();
    assert_eq!(house.client.fetch_running_statuses(&blog, &main).await.unwrap(), []);
}

#[tokio::test]
async fn a_command_is_acknowledged_and_its_author_checked() {
    let house = House::new().await;
    house.pull().await;
    let blog = house.blog.model();
    let id = house.blog.comment(1, "grace", "/red-panda recheck");
    for _ in 0..2 {
        house.client.ensure_reaction(&blog, id).await.unwrap();
    }
    assert_eq!(house.blog.reactions_to(id), [(BOT.to_owned(), "eyes".to_owned())]);

    house.blog.set_permission("grace", Some(Permission::Write));
    house.blog.set_permission("reader", Some(Permission::Read));
    for (login, may) in [("grace", true), ("Ada", true), ("reader", false), ("eve", false)] {
        assert_eq!(house.client.fetch_may_write(&blog, login).await.unwrap(), may, "{login}");
    }
    house.blog.set_permission(BOT, Some(Permission::Admin));
    for (login, may) in [("grace", true), ("reader", false), ("eve", false)] {
        assert_eq!(house.client.fetch_may_write(&blog, login).await.unwrap(), may, "{login}, asked as admin");
    }
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

// -- webhooks --------------------------------------------------------------------------------------------------------

#[tokio::test]
async fn what_the_forge_delivers_is_believed_and_understood() {
    let house = House::new().await;
    house.blog.add_hook(None, "secret");
    house.pull().await;
    house.blog.push("topic", &[("a.py", Some("x\n"))]).unwrap();
    house.blog.retitle(1, "WIP: later");
    house.blog.retarget(1, "release");
    house.blog.comment(1, "grace", "/red-panda recheck");
    house.blog.comment(1, BOT, "/red-panda recheck");
    house.blog.close(1);
    house.blog.reopen(1);

    let secret = SecretString::from("secret");
    let mut told = Vec::new();
    for delivery in house.forge.take_deliveries() {
        verify(&delivery.headers, &delivery.body, &secret).unwrap();
        told.push(match parse(&delivery.headers, &delivery.body, BOT).unwrap() {
            Event::Pull { reason, .. } => reason.as_str(),
            Event::PullClosed { .. } => "closed",
            Event::Command { .. } => "command",
            Event::Pushed { .. } => "branch",
            Event::Ignored(_) => "ignored",
            other => panic!("{other:?}"),
        });
    }
    let expected = [
        "branch",
        "opened",
        "branch",
        "pushed",
        "edited",
        "retargeted",
        "command",
        "ignored",
        "closed",
        "reopened",
    ];
    assert_eq!(told, expected);
}

#[tokio::test]
async fn p19_a_hook_without_a_secret_is_never_believed() {
    let house = House::new().await;
    house.blog.add_hook(None, "");
    house.pull().await;
    for delivery in house.forge.take_deliveries() {
        assert!(delivery.headers.contains_key("x-hub-signature-256"));
        assert!(verify(&delivery.headers, &delivery.body, &SecretString::from("")).is_err());
        assert!(verify(&delivery.headers, &delivery.body, &SecretString::from("secret")).is_err());
    }
}

#[tokio::test]
async fn a_delivery_names_repository_number_and_head() {
    let house = House::new().await;
    house.blog.add_hook(None, "secret");
    let pull = house.pull().await;
    let opened = house.forge.take_deliveries().pop().unwrap();
    let event = parse(&opened.headers, &opened.body, BOT).unwrap();
    let (repository, head) = (house.blog.model(), Some(pull.head));
    assert_eq!(event, Event::Pull { repository, number: 1, head, reason: Reason::Opened });
}

// -- the stand-in is stricter than the real one ----------------------------------------------------------------------

#[tokio::test]
async fn the_stand_in_writes_down_what_a_real_forge_would_swallow() {
    let house = House::new().await;
    let pull = house.pull().await;
    let far = review(&pull, vec![inline("a.py", Side::Head, 99, 'a'), inline("b b.py", Side::Head, 1, 'b')]);
    let near = review(&pull, vec![inline("a.py", Side::Head, 2, 'c')]);
    let (far, near) =
        tokio::join!(house.client.ensure_review(&pull, &far), house.client.ensure_review(&pull, &near));
    assert!(far.is_ok() || near.is_ok());
    let violations = house.forge.violations().join("\n");
    for expected in [
        "a.py:99, which no hunk shows",
        "b b.py:1, which no hunk shows",
        "two reviews of pull request 1 at once",
    ] {
        assert!(violations.contains(expected), "{violations}");
    }
}
