//! A forge that answers 429: for a time, and for ever.

use red_panda::model::delivery::Reason;
use red_panda::model::id::RunId;
use red_panda::model::status::{Outcome, Status};
use red_panda::store::jobs::Idle;
use std::sync::atomic::Ordering;

use super::{GREEN, House, MINUTE, because};
use crate::fixtures::review;

const HOUR: i64 = 60 * MINUTE;

impl House {
    /// Nothing but 429 for so many hours; the jobs come back as often as their turn comes.
    async fn waits(&self, hours: usize) {
        for _ in 0..hours {
            self.works().await;
            self.time.later(HOUR);
        }
    }

    async fn run(&self) -> RunId {
        let overview = self.store.overview().await.unwrap();
        overview.dead[0].run.clone().unwrap()
    }
}

#[tokio::test]
async fn a_status_says_when_a_run_that_met_a_rate_limit_is_tried_again() {
    let house = House::new().await;
    house.desk.limited.store(true, Ordering::SeqCst);
    house.does(because(Reason::Opened)).await;
    let Status { outcome, description, sha, .. } = house.desk.last();
    assert_eq!((outcome, sha), (Outcome::Running, crate::fixtures::sha('1')));
    let words = "Could not finish: the forge's rate limit is used up; trying again at 01:10 UTC (run ";
    assert!(description.starts_with(words), "{description}");
    house.desk.limited.store(false, Ordering::SeqCst);
    house.waits(2).await;
    assert_eq!(house.desk.last().outcome, GREEN, "an hour of it costs nothing");
}

#[tokio::test]
async fn a_forge_that_answers_429_for_half_a_day_ends_in_a_status_that_says_so() {
    let house = House::new().await;
    house.desk.limited.store(true, Ordering::SeqCst);
    house.does(because(Reason::Opened)).await;
    house.desk.mute.store(true, Ordering::SeqCst);
    house.waits(9).await;
    assert_eq!(house.desk.last().outcome, Outcome::Running, "nobody could be told");
    house.desk.mute.store(false, Ordering::SeqCst);
    house.waits(1).await;
    let Status { outcome, description, .. } = house.desk.last();
    assert_eq!(outcome, Outcome::Broken);
    let words = "Could not finish: the forge's rate limit has been in the way for 6 hours (run ";
    assert!(description.starts_with(words), "{description}");
    assert_eq!(house.store.queue_counts().await.unwrap().ready, 0);
}

#[tokio::test]
async fn a_forge_that_answers_429_for_ever_is_given_up_and_the_run_s_page_says_so() {
    let house = House::new().await;
    house.desk.limited.store(true, Ordering::SeqCst);
    house.desk.mute.store(true, Ordering::SeqCst);
    house.does(because(Reason::Opened)).await;
    house.waits(14).await;
    let counts = house.store.queue_counts().await.unwrap();
    assert_eq!((counts.ready, counts.dead), (0, 1));
    let error = "the forge's rate limit has been in the way for 6 hours".to_owned();
    assert_eq!(house.store.idle(&house.run().await).await.unwrap(), Some(Idle::GivenUp { error }));
}

#[tokio::test]
async fn a_push_after_hours_of_429_has_hours_of_its_own() {
    let house = House::new().await;
    house.desk.limited.store(true, Ordering::SeqCst);
    house.does(because(Reason::Opened)).await;
    house.waits(5).await;
    house.queue(review(7, '1')).await;
    house.waits(5).await;
    assert_eq!(house.store.queue_counts().await.unwrap().ready, 1, "it is not given up yet");
    house.desk.limited.store(false, Ordering::SeqCst);
    house.waits(2).await;
    assert_eq!(house.desk.last().outcome, GREEN);
}
