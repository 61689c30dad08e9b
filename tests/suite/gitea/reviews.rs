//! Reviews and comments: posted once, found again, edited.

use red_panda::forge::gitea::{Gitea, GiteaSettings};
use red_panda::forge::{Forge, ForgeError};
use red_panda::model::id::ForgeName;
use red_panda::model::marker;
use red_panda::model::plan::{CommentEdit, PostingKind, Side};
use red_panda::standin::gitea::Moment;
use secrecy::SecretString;

use super::{House, fp, inline, review};

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
    let first = house.comments(&pull).await;
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
    let posted = house.comments(&pull).await;
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
    let fixed = house.blog.comments_on(1).iter().filter(|c| c.body.starts_with("Fixed.")).count();
    assert_eq!((fixed, house.blog.comments_on(1).len()), (posted.postings.len(), posted.postings.len()));
    assert_eq!(house.client.fetch_own_postings(&pull).await.unwrap(), posted.postings);
}

#[tokio::test]
async fn a_comment_removed_by_a_person_is_not_found() {
    let house = House::new().await;
    let pull = house.pull().await;
    let posted = house.comments(&pull).await;
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
