//! What moves, closes or shares its head while it is read.

use red_panda::model::delivery::Reason;
use red_panda::model::id::Target;
use red_panda::model::judgement::Verdict;
use red_panda::model::pull::PullState;
use red_panda::model::status::Outcome;
use red_panda::source::{Blob, Text};
use red_panda::store::runs::RunOutcome;
use std::sync::atomic::Ordering;

use super::{Desk, GREEN, House, MINUTE, Turn, because, two_with_one_head};
use crate::fixtures::{begun, forge, known_open, review, run_start, sha};

#[tokio::test]
async fn an_earlier_run_on_the_same_head_ends_before_the_next_begins() {
    for check_runs in [true, false] {
        let house = House::new().await;
        house.desk.check_runs.store(check_runs, Ordering::SeqCst);
        begun(&house.store, &run_start("old", 7, 1)).await;
        house.does(because(Reason::Command)).await;
        let first = house.desk.statuses.lock().unwrap()[0].clone();
        let ended = (first.run.0 == "old", first.outcome) == (true, Outcome::Superseded);
        assert_eq!(ended, check_runs, "a commit status is the new run's already");
        assert_eq!((house.desk.last().outcome, house.unfinished(&Target::Pull(7)).await), (GREEN, 0));
    }
}

#[tokio::test]
async fn p25_a_pull_request_retargeted_while_it_is_read_is_judged_for_the_new_branch_only() {
    let house = House::new().await;
    let turn: Turn = Box::new(|pull| pull.base_branch = "dev".into());
    *house.desk.meanwhile.lock().unwrap() = Some(turn);
    house.does(because(Reason::Opened)).await;
    assert_eq!(house.desk.outcomes().iter().filter(|o| **o == GREEN).count(), 1);
    let runs = house.store.runs_of(&forge(), 42, &Target::Pull(7), 9).await.unwrap();
    let ends: Vec<_> = runs.iter().map(|r| (r.base_branch.as_str(), r.outcome)).collect();
    let green = Some(RunOutcome::Verdict(Verdict::Approved));
    assert!(ends.contains(&("dev", green)) && !ends.contains(&("main", green)), "{ends:?}");
}

#[tokio::test]
async fn a_pull_request_closed_while_it_is_read_gets_no_review() {
    let house = House::new().await;
    house.desk.faulty.store(true, Ordering::SeqCst);
    let turn: Turn = Box::new(|pull| pull.state = PullState::Closed);
    *house.desk.meanwhile.lock().unwrap() = Some(turn);
    house.does(because(Reason::Opened)).await;
    assert_eq!(house.desk.reviews(), 0);
    assert_eq!(house.desk.last().outcome, Outcome::Superseded);
    assert!(known_open(&house.store, 42).await.is_empty());
}

#[tokio::test]
async fn closing_the_worse_of_two_pull_requests_with_one_head_frees_the_other() {
    let house = two_with_one_head().await;
    house.does(because(Reason::Closed)).await;
    assert_eq!(house.desk.last().outcome, GREEN);
}

#[tokio::test]
async fn p16_a_sweep_that_finds_the_worse_one_closed_frees_the_other_too() {
    let house = two_with_one_head().await;
    house.sweeps().await;
    assert_eq!(house.desk.last().outcome, GREEN);
}

#[tokio::test]
async fn a_push_to_the_worse_of_two_pull_requests_with_one_head_frees_the_other() {
    let house = two_with_one_head().await;
    house.desk.turns(7, |pull| (pull.state, pull.head) = (PullState::Open, sha('2')));
    house.does(because(Reason::Pushed)).await;
    assert_eq!(house.desk.last_on('1').outcome, GREEN);
}

#[tokio::test]
async fn what_is_said_of_a_head_that_a_pull_request_left_is_said_again_of_the_other_one_there() {
    let turns: [fn(&Desk); 3] = [
        |desk| desk.turns(7, |pull| pull.head = sha('2')),
        |desk| desk.turns(7, |pull| pull.state = PullState::Closed),
        |desk| drop(desk.pulls.lock().unwrap().remove(&7)),
    ];
    for turn in turns {
        let house = House::new().await;
        house.desk.opens(8, '1');
        house.does(review(8, '1')).await;
        begun(&house.store, &run_start("begun", 7, 1)).await;
        turn(&house.desk);
        house.does(because(Reason::Closed)).await;
        assert!(house.desk.outcomes().contains(&Outcome::Superseded), "the run that was begun is ended");
        assert_eq!(house.desk.last_on('1').outcome, GREEN);
    }
}

#[tokio::test]
async fn a_push_to_the_target_concerns_whom_its_broken_policy_stopped() {
    let house = House::new().await;
    let concerned = async || house.store.pulls_a_push_concerns(&forge(), 42, "main", 50).await.unwrap();
    let broken = Blob::Text(Text::new("[rulez]\n"));
    *house.desk.policy.lock().unwrap() = Some(broken);
    house.does(because(Reason::Opened)).await;
    assert_eq!((house.desk.last().outcome, concerned().await), (Outcome::Broken, vec![7]));
    *house.desk.policy.lock().unwrap() = None;
    house.does(because(Reason::TargetMoved)).await;
    assert_eq!((house.desk.last().outcome, concerned().await), (GREEN, vec![]));
}

#[tokio::test]
async fn a_push_to_the_target_gives_no_review_to_what_is_older_than_we_are() {
    for (head_since, reviews) in [(MINUTE, 0), (20 * MINUTE, 1)] {
        let house = House::new().await;
        house.desk.faulty.store(true, Ordering::SeqCst);
        house.desk.turns(7, |pull| pull.head_since = Some(head_since));
        house.does(because(Reason::TargetMoved)).await;
        assert_eq!(house.desk.last().outcome, Outcome::Verdict(Verdict::ChangesRequested));
        assert_eq!(house.desk.reviews(), reviews);
    }
}

#[tokio::test]
async fn the_newer_check_run_of_two_on_one_head_does_not_hide_the_fault_of_the_older_one() {
    let house = House::new().await;
    house.desk.check_runs.store(true, Ordering::SeqCst);
    house.desk.unreachable.store(true, Ordering::SeqCst);
    house.does(because(Reason::Opened)).await;
    house.desk.unreachable.store(false, Ordering::SeqCst);
    house.desk.opens(8, '1');
    house.does(review(8, '1')).await;
    assert_eq!(house.desk.newest().outcome, GREEN);
    house.desk.faulty.store(true, Ordering::SeqCst);
    house.time.later(10_000);
    house.works().await;
    assert_eq!(house.desk.newest().outcome, Outcome::Verdict(Verdict::ChangesRequested));
}

#[tokio::test]
async fn a_pull_request_of_a_repository_whose_old_name_is_another_s_is_found_under_the_new_one() {
    let house = House::new().await;
    *house.desk.renamed.lock().unwrap() = Some("woods".into());
    house.desk.turns(7, |pull| pull.repository.name = "woods".into());
    house.does(because(Reason::Opened)).await;
    assert_eq!(house.desk.last().outcome, GREEN);
}
