//! Merge groups: judged on their own head, answered late when the forge would not listen.

use red_panda::model::delivery::Reason;
use red_panda::model::id::{RunId, Target};
use red_panda::model::status::Outcome;
use red_panda::store::pulls::KnownPull;
use red_panda::store::runs::RunStart;
use std::sync::atomic::Ordering;

use super::{GREEN, House, MINUTE, group};
use crate::fixtures::{begun, known, run_start, sha};

#[tokio::test]
async fn p10_a_merge_group_that_is_gone_gets_no_status_and_only_what_was_begun_for_it_ends() {
    let house = House::new().await;
    house.does(group(Reason::Closed)).await;
    assert_eq!(house.desk.outcomes(), [], "GitHub also says so after the merge");
    let start = RunStart { target: Target::Group(sha('5')), head: sha('5'), ..run_start("begun", 0, 1) };
    begun(&house.store, &start).await;
    house.does(group(Reason::Closed)).await;
    assert_eq!(house.desk.outcomes(), [Outcome::Superseded]);
    assert_eq!(house.desk.last().run, RunId("begun".into()));
    assert_eq!(house.store.queue_counts().await.unwrap().dead, 0);
}

#[tokio::test]
async fn p10_a_merge_group_whose_status_was_refused_is_answered_by_a_later_sweep() {
    let house = House::new().await;
    house.desk.refuses.store(true, Ordering::SeqCst);
    house.does(group(Reason::MergeGroup)).await;
    house.sweeps().await;
    assert_eq!(house.desk.outcomes(), []);
    house.desk.pulls.lock().unwrap().clear();
    house.desk.refuses.store(false, Ordering::SeqCst);
    house.sweeps().await;
    assert_eq!((house.desk.last().sha, house.desk.last().outcome), (sha('5'), GREEN));
    let said = house.desk.outcomes().len();
    house.sweeps().await;
    assert_eq!(house.desk.outcomes().len(), said, "it is answered");
}

#[tokio::test]
async fn p10_a_sweep_leaves_a_merge_group_for_which_nobody_waits_any_more() {
    let house = House::new().await;
    house.desk.pulls.lock().unwrap().clear();
    house.desk.refuses.store(true, Ordering::SeqCst);
    house.does(group(Reason::MergeGroup)).await;
    house.time.later(6 * 60 * MINUTE);
    house.desk.refuses.store(false, Ordering::SeqCst);
    house.sweeps().await;
    assert_eq!(house.desk.outcomes(), []);
}

#[tokio::test]
async fn a_merge_group_is_judged_by_the_default_branch_like_the_pull_requests_in_it() {
    let house = House::new().await;
    let pull = KnownPull { base_branch: "develop".into(), default_branch: "trunk".into(), ..known(7, None) };
    house.store.note_pull(&pull).await.unwrap();
    house.does(group(Reason::MergeGroup)).await;
    assert_eq!(*house.desk.refs.lock().unwrap(), ["trunk"]);
    assert_eq!(house.desk.last().outcome, GREEN);
}
