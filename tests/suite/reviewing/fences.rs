//! A replica that lost its lease writes nothing more, to the forge or to the store.

use red_panda::model::delivery::Reason;
use red_panda::model::id::Target;
use red_panda::model::pull::PullState;
use red_panda::review::Perform;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::{Asked, House, MINUTE, Turn, because};
use crate::databases::databases;
use crate::fixtures::{begun, forge, run_start, sha};

/// What a job has written so far: its run, statuses, reviews, and what is remembered of them.
async fn writes(house: &House) -> [usize; 4] {
    let runs = house.store.runs_of(&forge(), 42, &Target::Pull(7), 9).await.unwrap();
    let verdicts = house.store.latest_verdicts_for_head(&forge(), 42, &sha('1')).await.unwrap();
    [runs.len(), house.desk.outcomes().len(), house.desk.reviews(), verdicts.len()]
}

#[tokio::test]
async fn the_lease_is_asked_before_each_write() {
    let written = [[0, 0, 0, 0], [1, 0, 0, 0], [1, 1, 0, 0], [1, 1, 1, 0], [1, 1, 1, 1], [1, 2, 1, 1]];
    for (asks, expected) in written.into_iter().enumerate() {
        let house = House::new().await;
        house.desk.faulty.store(true, Ordering::SeqCst);
        let job = house.claims(because(Reason::Opened), 1).await;
        let end = house.reviewer().perform(&job, &Asked(AtomicUsize::new(asks))).await;
        assert_eq!((end.is_ok(), writes(&house).await), (asks == 5, expected), "{asks}: {end:?}");
    }
}

/// Another replica takes the job over while its change is read; what the first one asks for its lease still says yes.
async fn overtaken(house: &House) -> bool {
    house.desk.faulty.store(true, Ordering::SeqCst);
    let job = house.claims(because(Reason::Opened), 1).await;
    let (store, later) = (house.store.clone(), house.time.now() + 2 * MINUTE);
    let taken = Arc::new(AtomicUsize::new(0));
    let (told, runtime) = (Arc::clone(&taken), tokio::runtime::Handle::current());
    let turn: Turn = Box::new(move |_| {
        let take_over = async move {
            told.fetch_add(store.reap(later).await.unwrap(), Ordering::SeqCst);
            store.claim("another", later, later + MINUTE).await.unwrap().unwrap();
        };
        std::thread::scope(|scope| scope.spawn(|| runtime.block_on(take_over)).join().unwrap());
    });
    *house.desk.meanwhile.lock().unwrap() = Some(turn);
    let end = house.reviewer().perform(&job, &Asked(AtomicUsize::new(99))).await;
    assert_eq!(taken.load(Ordering::SeqCst), 1, "it was taken over in the middle");
    end.is_ok()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_store_takes_no_verdict_and_no_end_of_a_run_whose_job_was_taken_over() {
    for database in databases().await {
        let house = House::on(database).await;
        assert!(!overtaken(&house).await);
        let [runs, statuses, _, verdicts] = writes(&house).await;
        assert_eq!(
            (runs, statuses, verdicts),
            (1, 1, 0),
            "no final status, and nothing about it is remembered"
        );
        assert_eq!(house.unfinished(&Target::Pull(7)).await, 1, "the run is the other's to end");
    }
}

#[tokio::test]
async fn a_run_is_not_begun_by_whose_job_was_taken_over() {
    for database in databases().await {
        let house = House::on(database).await;
        let job = house.claims(because(Reason::Opened), 1).await;
        house.time.later(2 * MINUTE);
        assert_eq!(house.store.reap(house.time.now()).await.unwrap(), 1);
        let end = house.reviewer().perform(&job, &Asked(AtomicUsize::new(99))).await;
        assert_eq!((end.is_ok(), writes(&house).await), (false, [0, 0, 0, 0]));
    }
}

#[tokio::test]
async fn an_earlier_run_is_not_ended_by_whose_job_was_taken_over() {
    for database in databases().await {
        let house = House::on(database).await;
        begun(&house.store, &run_start("old", 7, 1)).await;
        house.desk.turns(7, |pull| pull.state = PullState::Closed);
        let job = house.claims(because(Reason::Closed), 1).await;
        house.time.later(2 * MINUTE);
        assert_eq!(house.store.reap(house.time.now()).await.unwrap(), 1);
        assert!(house.reviewer().perform(&job, &Asked(AtomicUsize::new(99))).await.is_err());
        assert_eq!(house.unfinished(&Target::Pull(7)).await, 1);
    }
}
