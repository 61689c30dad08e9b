//! What a sweep finds, and what it leaves.

use red_panda::model::delivery::{NewJob, Reason};
use red_panda::model::id::Target;
use red_panda::model::status::Outcome;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::{GREEN, House, LateList, MINUTE, Turn, because};
use crate::fixtures::{forge, known_open, review, sha};

#[tokio::test]
async fn a_status_that_the_forge_refuses_stays_unfinished_until_a_sweep_may_set_it() {
    let house = House::new().await;
    house.desk.refuses.store(true, Ordering::SeqCst);
    house.does(because(Reason::Opened)).await;
    house.sweeps().await;
    assert_eq!(house.unfinished(&Target::Pull(7)).await, 1, "nobody was told");
    house.desk.refuses.store(false, Ordering::SeqCst);
    house.sweeps().await;
    assert_eq!(house.desk.last().outcome, GREEN);
    assert_eq!(house.unfinished(&Target::Pull(7)).await, 0);
}

#[tokio::test]
async fn a_right_that_is_lost_after_the_pending_status_is_waited_for_too() {
    let house = House::new().await;
    house.does(because(Reason::Opened)).await;
    let refuses = Arc::clone(&house.desk.refuses);
    let turn: Turn = Box::new(move |_| refuses.store(true, Ordering::SeqCst));
    *house.desk.meanwhile.lock().unwrap() = Some(turn);
    house.does(because(Reason::Command)).await;
    assert_eq!(house.desk.last().outcome, Outcome::Running);
    house.desk.refuses.store(false, Ordering::SeqCst);
    house.sweeps().await;
    assert_eq!(house.desk.last().outcome, GREEN, "an older verdict on this head does not hide it");
}

#[tokio::test]
async fn p16_a_retarget_or_a_ready_that_no_webhook_told_is_found_by_the_sweep() {
    let house = House::new().await;
    house.desk.faulty.store(true, Ordering::SeqCst);
    house.desk.turns(7, |pull| pull.draft = true);
    house.does(because(Reason::Opened)).await;
    let runs = async || house.store.runs_of(&forge(), 42, &Target::Pull(7), 9).await.unwrap();
    house.sweeps().await;
    assert_eq!((runs().await.len(), house.desk.reviews()), (1, 0), "a draft has its status");
    house.desk.turns(7, |pull| pull.draft = false);
    house.sweeps().await;
    assert_eq!((runs().await.len(), house.desk.reviews()), (2, 1));
    house.desk.turns(7, |pull| pull.base_branch = "dev".into());
    house.sweeps().await;
    assert_eq!((runs().await.len(), runs().await[0].base_branch.as_str()), (3, "dev"));
    house.sweeps().await;
    assert_eq!(runs().await.len(), 3);
}

#[tokio::test]
async fn a_pull_request_that_the_forge_cannot_show_is_not_asked_for_at_every_sweep() {
    let house = House::new().await;
    house.does(because(Reason::Opened)).await;
    assert_eq!(known_open(&house.store, 42).await, [7]);
    house.desk.damaged.store(true, Ordering::SeqCst);
    house.sweeps().await;
    assert_eq!(known_open(&house.store, 42).await, [0; 0]);
}

#[tokio::test]
async fn a_sweep_that_failed_is_made_up_for_at_the_next_look() {
    let house = House::new().await;
    house.desk.unreachable.store(true, Ordering::SeqCst);
    house.worker().sweep().await;
    assert!(house.store.take_sweep(&forge(), house.time.now() + MINUTE, 10 * MINUTE).await.unwrap());
}

#[tokio::test]
async fn p16_a_quick_restart_sweeps_at_once() {
    let house = House::new().await;
    assert!(house.store.take_sweep(&forge(), house.time.now(), 10 * MINUTE).await.unwrap());
    house.time.later(20_000);
    let told = async {
        while house.desk.outcomes().last() != Some(&GREEN) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let worker = house.worker();
    let told = tokio::time::timeout(Duration::from_secs(20), worker.run(told)).await;
    assert!(told.is_ok(), "swept a minute later at the earliest");
}

#[tokio::test]
async fn what_a_webhook_told_of_while_it_was_swept_is_judged_once() {
    let house = House::new().await;
    house.does(because(Reason::Opened)).await;
    house.does(because(Reason::Swept)).await;
    assert_eq!(house.desk.outcomes(), [Outcome::Running, GREEN]);
    house.desk.turns(7, |pull| pull.head = sha('2'));
    house.does(because(Reason::Swept)).await;
    assert_eq!(house.desk.outcomes().len(), 4, "another head is another matter");
}

/// 7 is pushed to the head of 8 and refused there while a list that shows its old head is on its way.
#[tokio::test]
async fn a_list_that_is_older_than_a_review_makes_nothing_green_over_red() {
    let house = House::new().await;
    house.desk.opens(8, '2');
    house.does(because(Reason::Opened)).await;
    house.does(review(8, '2')).await;
    assert_eq!((house.desk.last_on('1').outcome, house.desk.last_on('2').outcome), (GREEN, GREEN));
    let late = Arc::new(LateList::default());
    *house.desk.late_list.lock().unwrap() = Some(Arc::clone(&late));
    house.time.later(10 * MINUTE);
    let worker = house.worker();
    let sweep = tokio::spawn(async move { worker.sweep().await });
    late.read.notified().await;
    house.time.later(MINUTE);
    house.desk.turns(7, |pull| pull.head = sha('2'));
    house.desk.faulty.store(true, Ordering::SeqCst);
    house.does(because(Reason::Pushed)).await;
    house.desk.faulty.store(false, Ordering::SeqCst);
    late.arrives.notify_one();
    sweep.await.unwrap();
    house.does(NewJob { reason: Reason::Command, ..review(8, '2') }).await;
    let told = house.desk.last_on('2');
    assert!(told.description.starts_with("Pull request 7: 1 error"), "{told:?}");
}
