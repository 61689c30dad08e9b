//! Reviews and comments: posted once, found again, edited.

use red_panda::forge::{Forge, ForgeError};
use red_panda::model::marker;
use red_panda::model::plan::{CommentEdit, PostingKind, Side};
use red_panda::standin::github::{BOT, When};

use super::{SETTINGS, Story, comment, fingerprint, review};

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
