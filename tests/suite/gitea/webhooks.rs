//! What the forge tells, and what the stand-in notices.

use red_panda::forge::Forge;
use red_panda::forge::gitea::webhook::{parse, verify};
use red_panda::model::delivery::{Event, Reason};
use red_panda::model::plan::Side;
use red_panda::standin::gitea::BOT;
use secrecy::SecretString;

use super::{House, inline, review};

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
    let deliveries = house.forge.take_deliveries();
    assert_eq!(deliveries.len(), 2, "the push and the pull request");
    for delivery in deliveries {
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

#[tokio::test]
async fn the_stand_in_writes_down_what_a_real_forge_would_swallow() {
    let house = House::new().await;
    let pull = house.pull().await;
    let far = review(&pull, vec![inline("a.py", Side::Head, 99, 'a'), inline("b b.py", Side::Head, 1, 'b')]);
    // So many that some two of them overlap, however busy the machine is.
    let near = ('c'..='j').map(|mark| review(&pull, vec![inline("a.py", Side::Head, 2, mark)]));
    let reviews: Vec<_> = std::iter::once(far).chain(near).collect();
    let sent = reviews.iter().map(|review| house.client.ensure_review(&pull, review));
    let sent = futures::future::join_all(sent).await;
    assert!(sent.iter().any(Result::is_ok));
    let violations = house.forge.violations().join("\n");
    for expected in [
        "a.py:99, which no hunk shows",
        "b b.py:1, which no hunk shows",
        "two reviews of pull request 1 at once",
    ] {
        assert!(violations.contains(expected), "{violations}");
    }
}
