//! Statuses and reactions.

use red_panda::forge::Forge;
use red_panda::model::judgement::Verdict;
use red_panda::model::status::{Outcome, STATUS_NAME};
use red_panda::standin::gitea::{BOT, BOT_TOKEN, Permission};

use super::{House, connect, status};

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
async fn of_many_statuses_only_the_newest_are_asked_for() {
    let house = House::new().await;
    let (blog, main) = (house.blog.model(), house.blog.resolve("main").unwrap());
    let done = status(&main, Outcome::Verdict(Verdict::Approved));
    house.blog.set_statuses(&main, "ci/build", 120);
    house.client.ensure_status(&blog, &done).await.unwrap();
    house.blog.set_statuses(&main, "ci/test", 30);
    house.forge.forget_requests();
    let other = connect(&house.forge, BOT_TOKEN, Some(BOT)).await.unwrap();
    other.ensure_status(&blog, &done).await.unwrap();
    assert_eq!(house.forge.count("GET", "statuses"), 1);
    assert_eq!(house.forge.count("POST", "statuses"), 0, "it is there already");
    house.blog.set_statuses(&main, "ci/test", 60);
    house.forge.forget_requests();
    other.ensure_status(&blog, &done).await.unwrap();
    assert_eq!((house.forge.count("GET", "statuses"), house.forge.count("POST", "statuses")), (2, 0));
    house.clean();
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
