//! What no webhook told is found, and nobody who waits for a review waits for it.

use std::sync::Mutex;
use std::sync::atomic::Ordering;

use red_panda::forge::Budget;
use red_panda::model::delivery::{JobKind, NewJob, Reason};
use red_panda::model::id::Target;
use red_panda::model::judgement::Verdict;
use red_panda::store::runs::RunOutcome;

use crate::fixtures::{begun, ended, known, open_pull, review, run_end, run_start, sha};

use super::{House, MINUTE, Script, Shelf};

#[tokio::test]
async fn p16_a_sweep_finds_what_no_webhook_told_and_leaves_the_rest() {
    let house = House::new().await;
    begun(&house.store, &run_start("r", 7, 1)).await;
    ended(&house.store, "r", &run_end(RunOutcome::Verdict(Verdict::Approved))).await;
    house.store.note_pull(&known(5, Some(true))).await.unwrap();
    let (old, new) = (house.time.now() - MINUTE, house.time.now() + MINUTE);
    *house.shelf.pulls.lock().unwrap() =
        vec![open_pull(7, '1', Some(new)), open_pull(8, '2', Some(new)), open_pull(9, '3', Some(old))];
    let worker = house.worker("w");
    worker.sweep().await;
    worker.sweep().await;
    house.time.later(MINUTE);
    worker.drain().await.unwrap();
    assert_eq!(
        house.script.reasons(),
        [Reason::Closed, Reason::Swept, Reason::Backlog],
        "5 was closed meanwhile, 7 has its verdict, 9 is older than we are"
    );
}

#[tokio::test]
async fn p8_a_limit_of_one_installation_keeps_the_sweep_from_no_other() {
    let pulls = Mutex::new(vec![open_pull(7, '1', Some(i64::MAX))]);
    let house = House::with(Script::default(), Shelf { limited: Some(5), pulls, ..Shelf::default() }).await;
    house.worker("w").sweep().await;
    house.worker("w").drain().await.unwrap();
    assert_eq!(house.script.reasons(), [Reason::Swept]);
    assert_eq!(house.shelf.asked_in_vain.load(Ordering::SeqCst), 1, "once is enough to know");
}

#[tokio::test]
async fn a_sweep_queues_at_most_twenty_a_minute() {
    let house = House::new().await;
    *house.shelf.pulls.lock().unwrap() = (1..=50).map(|n| open_pull(n, '2', Some(i64::MAX))).collect();
    let worker = house.worker("w");
    let mut per_minute = Vec::new();
    worker.sweep().await;
    for _ in 0..3 {
        let mut performed = 0;
        for _ in 0..20 {
            performed += worker.drain().await.unwrap();
            house.time.later(3_000);
        }
        per_minute.push(performed);
    }
    assert_eq!(per_minute, [20, 20, 10]);
}

#[tokio::test]
async fn what_a_sweep_found_leaves_half_of_the_budget_to_what_somebody_waits_for() {
    let house = House::new().await;
    let half = Budget { limit: 5_000, remaining: 2_500, resets_at: house.time.now() + 30 * MINUTE };
    *house.shelf.budgets.lock().unwrap() = vec![half];
    for (number, reason) in [(7, Reason::Pushed), (8, Reason::Swept), (9, Reason::Backlog)] {
        house.queue(NewJob { reason, ..review(number, '1') }).await;
    }
    house.worker("w").drain().await.unwrap();
    assert_eq!(house.script.reasons(), [Reason::Pushed]);
    house.time.later(30 * MINUTE);
    house.worker("w").drain().await.unwrap();
    assert_eq!(house.script.reasons(), [Reason::Pushed, Reason::Swept, Reason::Backlog]);
    assert!(house.script.performed.lock().unwrap().iter().all(|job| job.attempt == 1));
}

#[tokio::test]
async fn a_repository_that_was_just_given_to_us_gets_no_reviews_for_what_was_open_before() {
    let house = House::new().await;
    house.worker("w").sweep().await;
    house.time.later(10 * MINUTE);
    *house.shelf.pulls.lock().unwrap() = vec![open_pull(7, '1', Some(house.time.now() - MINUTE))];
    let installed = NewJob {
        kind: JobKind::Sweep,
        reason: Reason::Backlog,
        target: Target::Repository,
        argument: Some(house.time.now().to_string()),
        ..review(0, '1')
    };
    house.queue(installed).await;
    house.worker("w").drain().await.unwrap();
    assert_eq!(house.script.reasons(), [Reason::Backlog]);
}

#[tokio::test]
async fn p14_a_check_asked_for_again_finds_the_fork_s_pull_request_by_its_head() {
    let house = House::new().await;
    *house.shelf.pulls.lock().unwrap() = vec![open_pull(7, '1', Some(0)), open_pull(8, '2', Some(0))];
    let look = NewJob {
        kind: JobKind::Sweep,
        reason: Reason::Rerequested,
        target: Target::Group(sha('2')),
        ..review(0, '2')
    };
    house.queue(look).await;
    house.worker("w").drain().await.unwrap();
    let performed = house.script.performed.lock().unwrap();
    assert_eq!(performed.iter().map(|j| &j.job.target).collect::<Vec<_>>(), [&Target::Pull(8)]);
}
