//! How a job comes to its end when something is in its way.

use red_panda::forge::retry::Retry;
use red_panda::model::delivery::{JobKind, NewJob, Reason};
use red_panda::model::status::{Outcome, Status};
use red_panda::review::{JobEnd, JobError, Perform};
use red_panda::source::Blob;
use red_panda::store::StoreError;
use red_panda::store::runs::RunOutcome;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::{Asked, GREEN, House, MINUTE, because, group};
use crate::fixtures::{known, known_open};

#[tokio::test]
async fn each_read_is_tried_again_by_itself_for_merge_groups_too() {
    for job in [because(Reason::Opened), group(Reason::MergeGroup)] {
        let house = House::new().await;
        house.desk.faulty.store(true, Ordering::SeqCst);
        house.desk.stumbles.store(true, Ordering::SeqCst);
        let mut reviewer = house.reviewer();
        reviewer.retry = Retry::with_delays(vec![Duration::ZERO]);
        let job = house.claims(job, 1).await;
        let end = reviewer.perform(&job, &Asked(AtomicUsize::new(9))).await;
        assert_eq!(end, Ok(JobEnd::Done));
    }
}

#[tokio::test]
async fn a_status_says_when_a_run_that_failed_is_tried_again() {
    let house = House::new().await;
    house.desk.unreachable.store(true, Ordering::SeqCst);
    house.does(because(Reason::Opened)).await;
    let Status { outcome, description, .. } = house.desk.last();
    assert_eq!(outcome, Outcome::Running);
    assert!(description.contains("no route to host; trying again at 00:10 UTC (run "), "{description}");
    house.desk.unreachable.store(false, Ordering::SeqCst);
    house.time.later(10_000);
    house.works().await;
    assert_eq!(house.desk.last().outcome, GREEN);
}

#[tokio::test]
async fn a_job_that_is_given_up_before_it_could_begin_has_a_page_to_link_to() {
    let house = House::new().await;
    let lease = Asked(AtomicUsize::new(3));
    let job = house.claims(because(Reason::Opened), 8).await;
    house.reviewer().give_up(&job, "502 for an hour", &lease).await.unwrap();
    assert_eq!(house.desk.last().outcome, Outcome::Broken);
    let run = house.store.run(&job.run).await.unwrap().unwrap();
    assert_eq!(run.summary.outcome, Some(RunOutcome::Broken));
    let late = house.reviewer().give_up(&job, "502 for an hour", &lease).await;
    assert!(late.is_err() && house.desk.outcomes().len() == 1, "without the lease, nothing is written");
}

#[tokio::test]
async fn a_policy_that_is_no_text_is_a_fault_and_never_the_defaults() {
    for (blob, words) in
        [(Blob::Binary(vec![0xff, 0xfe]), "not UTF-8 text"), (Blob::TooLarge(None), "longer than 2 MiB")]
    {
        let house = House::new().await;
        *house.desk.policy.lock().unwrap() = Some(blob);
        house.does(because(Reason::Opened)).await;
        let status = house.desk.last();
        assert_eq!(status.outcome, Outcome::Broken);
        let run = house.store.run(&status.run).await.unwrap().unwrap().summary;
        assert_eq!(run.web_url.as_deref(), Some("https://git.example.org/alice/trees/pulls/7"));
        assert!(status.description.contains(words), "{}", status.description);
    }
}

#[tokio::test]
async fn what_a_webhook_told_of_may_be_there_a_moment_later() {
    let house = House::new().await;
    house.desk.missing.store(2, Ordering::SeqCst);
    house.does(because(Reason::Opened)).await;
    assert_eq!(house.desk.outcomes(), []);
    for _ in 0..2 {
        house.time.later(MINUTE);
        house.works().await;
    }
    assert_eq!(house.desk.last().outcome, GREEN);
}

#[tokio::test]
async fn what_stays_away_was_deleted() {
    let house = House::new().await;
    house.desk.pulls.lock().unwrap().clear();
    house.store.note_pull(&known(7, None)).await.unwrap();
    house.queue(because(Reason::Opened)).await;
    for _ in 0..5 {
        house.works().await;
        house.time.later(MINUTE);
    }
    let counts = house.store.queue_counts().await.unwrap();
    assert_eq!((counts.ready, counts.dead, house.desk.outcomes()), (0, 0, vec![]));
    assert!(known_open(&house.store, 42).await.is_empty());
}

#[tokio::test]
async fn the_author_is_obeyed_where_nobody_tells_us_who_may_write() {
    let house = House::new().await;
    let command =
        NewJob { kind: JobKind::Command, argument: Some("9 bob".into()), ..because(Reason::Command) };
    house.does(command).await;
    assert_eq!(house.desk.last().outcome, GREEN);
    assert_eq!(house.desk.reactions.load(Ordering::SeqCst), 1);
}

#[test]
fn what_the_database_says_of_itself_is_not_told_on_the_forge() {
    let fault = sqlx::Error::Protocol("10.0.0.7 refuses the role panda".into());
    let said = JobError::from(StoreError::from(fault)).to_string();
    assert_eq!(said, "the database did not answer");
}
