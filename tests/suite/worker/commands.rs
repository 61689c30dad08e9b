//! What a comment asks for.

use std::sync::Mutex;

use red_panda::model::delivery::{JobKind, NewJob, Reason};

use crate::fixtures::{open_pull, review};

use super::{House, MINUTE, Script, Shelf};

#[tokio::test]
async fn a_command_is_acknowledged_and_becomes_a_review_only_for_the_author_and_those_who_may_write() {
    let pulls = Mutex::new(vec![open_pull(7, '1', Some(0))]);
    let house =
        House::with(Script::default(), Shelf { writers: vec!["carol"], pulls, ..Shelf::default() }).await;
    for (author, comment) in [("mallory", 8), ("bob", 9), ("carol", 10)] {
        let argument = Some(format!("{comment} {author}"));
        house
            .queue(NewJob { kind: JobKind::Command, argument, reason: Reason::Command, ..review(7, '1') })
            .await;
        house.worker("w").drain().await.unwrap();
    }
    assert_eq!(*house.shelf.reactions.lock().unwrap(), [9, 10]);
    assert_eq!(house.script.reasons(), [Reason::Command, Reason::Command]);
    assert_eq!(house.script.performed.lock().unwrap()[0].job.kind, JobKind::Review);
}

#[tokio::test]
async fn a_stranger_s_command_does_not_take_the_place_of_the_author_s() {
    let house = House::with(
        Script::default(),
        Shelf { pulls: Mutex::new(vec![open_pull(7, '1', Some(0))]), ..Shelf::default() },
    )
    .await;
    for argument in ["8 bob", "9 mallory"] {
        house
            .queue(NewJob { kind: JobKind::Command, argument: Some(argument.into()), ..review(7, '1') })
            .await;
    }
    house.worker("w").drain().await.unwrap();
    assert_eq!(*house.shelf.reactions.lock().unwrap(), [8]);
    assert_eq!(house.script.reasons(), [Reason::Command]);
}

#[tokio::test]
async fn a_command_whose_reaction_breaks_asks_for_one_review() {
    let pulls = Mutex::new(vec![open_pull(7, '1', Some(0))]);
    let house = House::with(Script::default(), Shelf { numb: true, pulls, ..Shelf::default() }).await;
    house.queue(NewJob { kind: JobKind::Command, argument: Some("9 bob".into()), ..review(7, '1') }).await;
    for _ in 0..3 {
        house.worker("w").drain().await.unwrap();
        house.time.later(11 * MINUTE);
    }
    assert_eq!(house.script.reasons(), [Reason::Command]);
}
