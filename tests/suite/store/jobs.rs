//! Of each key one job waits and one runs; leases, limits and deaths.

use red_panda::model::delivery::{JobKind, NewJob, Reason};
use red_panda::store::jobs::{Failure, Fate, Finished, MAX_ATTEMPTS};
use red_panda::store::runs::{Begun, RunOutcome, RunStart};
use red_panda::store::{Accepted, Store};

use crate::databases::databases;
use crate::fixtures::{review, run_end, run_start, sha};

use super::delivery;

#[tokio::test]
async fn a_newer_push_takes_the_place_of_the_waiting_one() {
    for database in databases().await {
        let store = Store::open(&database.url).await.unwrap();
        store.accept(delivery("a"), vec![review(7, '1')]).await.unwrap();
        let first = store.claim("w", 1_000, 9_000).await.unwrap().unwrap();
        store
            .fail(&first.id, &first.token, 1_000, &Failure::Retry { at: 60_000, error: "502".into() })
            .await
            .unwrap();
        store.accept(delivery("b"), vec![review(7, '2')]).await.unwrap();
        let claim =
            store.claim("w", 1_000, 9_000).await.unwrap().expect("the push does not wait for the retry");
        assert_eq!((claim.job.head_hint, claim.attempt), (Some(sha('2')), 1));
        assert_ne!(claim.run, first.run, "another head is another run");
        assert!(store.claim("w", 90_000, 99_000).await.unwrap().is_none(), "one row");
    }
}

#[tokio::test]
async fn what_matters_less_leaves_the_waiting_job_as_it_is() {
    for database in databases().await {
        let store = Store::open(&database.url).await.unwrap();
        store.enqueue(&review(7, '1'), 1_000).await.unwrap();
        let moved = NewJob { reason: Reason::TargetMoved, priority: 10, head_hint: None, ..review(7, '1') };
        store.enqueue(&moved, 2_000).await.unwrap();
        assert!(
            !store.enqueue_swept(&NewJob { reason: Reason::Swept, ..moved }, 2_000, 5_000).await.unwrap()
        );
        let claim = store.claim("w", 1_000, 9_000).await.unwrap().unwrap();
        assert_eq!(
            (claim.job.reason, claim.job.priority, claim.job.head_hint),
            (Reason::Pushed, 0, Some(sha('1')))
        );
    }
}

#[tokio::test]
async fn a_command_never_pushes_out_the_waiting_review() {
    for database in databases().await {
        let store = Store::open(&database.url).await.unwrap();
        let command = NewJob { kind: JobKind::Command, argument: Some("9 mallory".into()), ..review(7, '1') };
        store.enqueue(&review(7, '1'), 1_000).await.unwrap();
        store.enqueue(&command, 1_001).await.unwrap();
        let first = store.claim("w", 2_000, 9_000).await.unwrap().unwrap();
        assert!(store.claim("v", 2_000, 9_000).await.unwrap().is_none(), "one key, one at a time");
        assert!(store.finish(&first.id, &first.token, 2_000, Finished::Done).await.unwrap());
        let second = store.claim("w", 2_000, 9_000).await.unwrap().unwrap();
        assert_eq!((first.job.kind, second.job.kind), (JobKind::Review, JobKind::Command));
    }
}

#[tokio::test]
async fn two_replicas_never_hold_one_pull_request() {
    for database in databases().await {
        let (one, two) =
            (Store::open(&database.url).await.unwrap(), Store::open(&database.url).await.unwrap());
        for number in 0..20 {
            one.enqueue(&review(number % 5, '1'), 1_000).await.unwrap();
            let claims = futures::future::join_all((0..4).map(|i| {
                let store = if i % 2 == 0 { &one } else { &two };
                store.claim("w", 1_000, 9_000)
            }));
            let claims: Vec<_> = claims.await.into_iter().filter_map(Result::unwrap).collect();
            assert_eq!(claims.len(), 1);
            for claim in claims {
                assert!(two.finish(&claim.id, &claim.token, 1_000, Finished::Done).await.unwrap());
            }
        }
    }
}

#[tokio::test]
async fn p12_a_lease_that_ran_out_is_taken_over_and_the_old_holder_can_write_nothing() {
    for database in databases().await {
        let store = Store::open(&database.url).await.unwrap();
        store.enqueue(&review(7, '1'), 1_000).await.unwrap();
        let old = store.claim("w", 1_000, 2_000).await.unwrap().unwrap();
        assert!(store.holds(&old.id, &old.token, 2_000).await.unwrap());
        assert!(store.heartbeat(&old.id, &old.token, 3_000).await.unwrap());
        assert_eq!(store.reap(2_500).await.unwrap(), 0);
        assert!(!store.holds(&old.id, &old.token, 3_001).await.unwrap());
        assert_eq!(store.reap(3_001).await.unwrap(), 1);
        let new = store.claim("v", 3_001, 9_000).await.unwrap().unwrap();
        assert_eq!((new.attempt, &new.run), (2, &old.run), "a resumed run finds what it already wrote");
        assert!(!store.holds(&old.id, &old.token, 3_001).await.unwrap());
        assert!(!store.heartbeat(&old.id, &old.token, 9_000).await.unwrap());
        assert!(!store.finish(&old.id, &old.token, 3_001, Finished::Done).await.unwrap());
        let late = Failure::Fatal { error: "late".into() };
        assert_eq!(store.fail(&old.id, &old.token, 3_001, &late).await.unwrap(), Fate::LeaseLost);
        assert!(store.finish(&new.id, &new.token, 3_002, Finished::Done).await.unwrap());
    }
}

#[tokio::test]
async fn a_reaped_job_gives_way_to_the_push_that_waits() {
    for database in databases().await {
        let store = Store::open(&database.url).await.unwrap();
        store.enqueue(&review(7, '1'), 1_000).await.unwrap();
        store.claim("w", 1_000, 2_000).await.unwrap().unwrap();
        store.enqueue(&review(7, '2'), 1_500).await.unwrap();
        assert_eq!(store.reap(3_000).await.unwrap(), 1);
        let claim = store.claim("w", 3_000, 9_000).await.unwrap().unwrap();
        assert_eq!(claim.job.head_hint, Some(sha('2')));
        store.finish(&claim.id, &claim.token, 3_000, Finished::Done).await.unwrap();
        assert!(store.claim("w", 99_000, 99_999).await.unwrap().is_none());
        let swept = store.enqueue_swept(&review(7, '1'), 99_000, 99_000).await.unwrap();
        assert!(swept, "its status says nothing yet: the sweep does not let it rest");
    }
}

#[tokio::test]
async fn p8_a_rate_limit_spends_no_attempt_and_holds_the_account_back() {
    for database in databases().await {
        let store = Store::open(&database.url).await.unwrap();
        store.enqueue(&review(7, '1'), 1_000).await.unwrap();
        for round in 1..20 {
            let now = round * 10_000;
            let claim = store.claim("w", now, now + 999).await.unwrap().unwrap();
            assert_eq!(claim.attempt, 1);
            let limited = Failure::RateLimited { until: now + 10_000 };
            assert_eq!(store.fail(&claim.id, &claim.token, now, &limited).await.unwrap(), Fate::WillRetry);
            store.enqueue(&review(8, '1'), now).await.unwrap();
            assert!(
                store.claim("w", now + 9_999, now + 10_999).await.unwrap().is_none(),
                "nor any other of its jobs"
            );
        }
    }
}

#[tokio::test]
async fn a_job_out_of_attempts_waits_to_tell_the_forge_and_is_dead_then() {
    for database in databases().await {
        let store = Store::open(&database.url).await.unwrap();
        store.accept(delivery("a"), vec![review(7, '1')]).await.unwrap();
        let mut fates = Vec::new();
        for now in 1_001..1_001 + MAX_ATTEMPTS {
            let claim = store.claim("w", now, 9_000).await.unwrap().unwrap();
            assert_eq!(claim.giving_up, None);
            let failure = Failure::Retry { at: now, error: format!("502 at {now}") };
            fates.push(store.fail(&claim.id, &claim.token, now, &failure).await.unwrap());
        }
        assert_eq!((fates[0], fates.last()), (Fate::WillRetry, Some(&Fate::GivingUp)));
        let last = store.claim("w", 2_000, 9_000).await.unwrap().unwrap();
        assert_eq!(last.giving_up.as_deref(), Some("502 at 1008"));
        let start = RunStart { id: last.run.clone(), ..run_start("r", 7, 2_000) };
        assert_eq!(store.begin_run(&last, &start).await.unwrap(), Begun::First);
        assert!(store.finish_run(&last, &last.run, &run_end(RunOutcome::Broken)).await.unwrap());
        assert!(store.finish(&last.id, &last.token, 2_000, Finished::Done).await.unwrap());
        assert_eq!(store.queue_counts().await.unwrap().dead, 1);
        assert!(!store.enqueue_swept(&review(7, '1'), 3_000, 3_000).await.unwrap(), "the sweep lets it rest");
        assert_eq!(store.overview().await.unwrap().dead[0].error, "502 at 1008");
        assert_eq!(store.accept(delivery("a"), vec![]).await.unwrap(), Accepted::Requeued);
        let revived = store.claim("w", 3_000, 9_000).await.unwrap().unwrap();
        assert_eq!((revived.attempt, revived.giving_up), (1, None));
    }
}

#[tokio::test]
async fn a_forge_that_cannot_be_told_of_a_death_does_not_keep_the_job_alive() {
    for database in databases().await {
        let store = Store::open(&database.url).await.unwrap();
        store.enqueue(&review(7, '1'), 1_000).await.unwrap();
        let claim = store.claim("w", 1_000, 9_000).await.unwrap().unwrap();
        let fatal = Failure::Fatal { error: "gone".into() };
        assert_eq!(store.fail(&claim.id, &claim.token, 1_000, &fatal).await.unwrap(), Fate::GivingUp);
        let mut fate = Fate::GivingUp;
        for now in 2_000..2_000 + MAX_ATTEMPTS {
            let claim = store.claim("w", now, 9_000).await.unwrap().unwrap();
            assert_eq!(claim.giving_up.as_deref(), Some("gone"));
            fate = store
                .fail(&claim.id, &claim.token, now, &Failure::Retry { at: now, error: "502".into() })
                .await
                .unwrap();
        }
        assert_eq!(fate, Fate::Dead);
        assert!(store.claim("w", 99_000, 99_999).await.unwrap().is_none());
    }
}

#[tokio::test]
async fn a_released_job_is_there_at_once_for_the_next() {
    for database in databases().await {
        let store = Store::open(&database.url).await.unwrap();
        store.enqueue(&review(7, '1'), 1_000).await.unwrap();
        let claim = store.claim("w", 1_000, 9_000).await.unwrap().unwrap();
        store.fail(&claim.id, &claim.token, 1_000, &Failure::Released).await.unwrap();
        assert_eq!(store.claim("v", 1_000, 9_000).await.unwrap().unwrap().attempt, 1);
    }
}
