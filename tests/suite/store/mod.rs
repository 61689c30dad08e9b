//! The store keeps its promises on SQLite, and on PostgreSQL when `TEST_DATABASE_URL` names a server.

mod jobs;

use red_panda::model::delivery::{NewJob, Reason};
use red_panda::model::finding::Fingerprint;
use red_panda::model::id::{RunId, Target};
use red_panda::model::judgement::Verdict;
use red_panda::model::plan::{Posting, PostingKind};
use red_panda::model::pull::OpenPull;
use red_panda::store::jobs::{Failure, Finished};
use red_panda::store::overview::PullOverview;
use red_panda::store::pulls::{HeadVerdict, KnownPull, PullKey};
use red_panda::store::runs::{Begun, RunOutcome};
use red_panda::store::sweeps::{SweepState, SweptPage};
use red_panda::store::{Accepted, Delivery, Store};

use crate::databases::databases;
use crate::fixtures::{begun, ended, forge, holder, known, known_open, review, run_end, run_start, sha};

fn delivery(id: &str) -> Delivery {
    Delivery { forge: forge(), id: id.to_owned(), received_at: 1_000 }
}

fn pull(number: u64) -> PullKey {
    PullKey { forge: forge(), repository: 42, number }
}

#[tokio::test]
async fn p17_a_delivery_is_taken_once_however_often_it_comes() {
    for database in databases().await {
        let store = Store::open(&database.url).await.unwrap();
        assert_eq!(store.accept(delivery("a"), vec![review(7, '1')]).await.unwrap(), Accepted::Queued);
        assert_eq!(store.accept(delivery("a"), vec![review(7, '1')]).await.unwrap(), Accepted::Known);
        assert!(store.claim("w", 1_000, 9_000).await.unwrap().is_some());
        assert!(store.claim("w", 1_000, 9_000).await.unwrap().is_none());
    }
}

#[tokio::test]
async fn p23_many_writers_at_once_never_find_the_database_locked() {
    for database in databases().await {
        let (one, two) =
            (Store::open(&database.url).await.unwrap(), Store::open(&database.url).await.unwrap());
        let claim = holder(&one).await;
        let writes = (0..60).map(|n| {
            let (store, claim) = (if n % 2 == 0 { &one } else { &two }, &claim);
            async move {
                let id = format!("d{n}");
                store.accept(delivery(&id), vec![review(n, '1')]).await.unwrap();
                store.note_pull(&known(n, None)).await.unwrap();
                assert!(store.save_postings(claim, &pull(n), &[]).await.unwrap());
            }
        });
        futures::future::join_all(writes).await;
        assert_eq!(one.queue_counts().await.unwrap().ready, 60);
    }
}

#[tokio::test]
async fn p16_what_was_accepted_is_there_after_a_restart() {
    for database in databases().await {
        let store = Store::open(&database.url).await.unwrap();
        store.accept(delivery("a"), vec![review(7, '1')]).await.unwrap();
        drop(store);
        let again = Store::open(&database.url).await.unwrap();
        let claim = again.claim("w", 1_000, 9_000).await.unwrap().unwrap();
        assert_eq!((claim.job, claim.attempt), (review(7, '1'), 1));
    }
}

#[tokio::test]
async fn postings_come_back_as_they_were_written_and_change_in_place() {
    for database in databases().await {
        let store = Store::open(&database.url).await.unwrap();
        let posting = Posting {
            kind: PostingKind::Inline,
            forge_id: u64::MAX - 1,
            review_id: 3,
            fingerprints: vec![Fingerprint("00ff00ff00ff00ff".into())],
            headline: "h".into(),
            body_hash: "abc".into(),
            fixed: false,
            removed: false,
        };
        let summary = Posting { kind: PostingKind::Summary, ..posting.clone() };
        let claim = holder(&store).await;
        assert!(store.save_postings(&claim, &pull(7), &[posting.clone(), summary.clone()]).await.unwrap());
        let wanted = [
            Posting { body_hash: "def".into(), removed: true, ..posting },
            Posting { fixed: true, ..summary },
        ];
        assert!(store.save_postings(&claim, &pull(7), &wanted).await.unwrap());
        assert_eq!(store.postings(&pull(7)).await.unwrap(), wanted);
        assert_eq!(store.postings(&pull(8)).await.unwrap(), []);
    }
}

#[tokio::test]
async fn a_run_begins_ends_and_keeps_its_page() {
    for database in databases().await {
        let store = Store::open(&database.url).await.unwrap();
        let (id, claim) = (RunId("r1".into()), holder(&store).await);
        let start = run_start("r1", 7, 5_000);
        assert_eq!(store.begin_run(&claim, &start).await.unwrap(), Begun::First);
        assert_eq!(store.begin_run(&claim, &start).await.unwrap(), Begun::Again);
        assert_eq!(store.unfinished_runs(&forge(), 42, &Target::Pull(7)).await.unwrap().len(), 1);
        let end = run_end(RunOutcome::Verdict(Verdict::ChangesRequested));
        assert!(store.finish_run(&claim, &id, &end).await.unwrap());
        let run = store.run(&id).await.unwrap().unwrap();
        assert_eq!(run.page.as_ref(), Some(&end.page));
        assert_eq!((run.summary.outcome, run.summary.errors), (Some(end.outcome), 2));
        assert!(store.unfinished_runs(&forge(), 42, &Target::Pull(7)).await.unwrap().is_empty());
        assert!(store.is_judged(&pull(7), &sha('1'), "main", false).await.unwrap());
        assert!(!store.is_judged(&pull(7), &sha('2'), "main", false).await.unwrap());
        store.begin_run(&claim, &run_start("r2", 7, 6_000)).await.unwrap();
        let runs = store.runs_of(&forge(), 42, &Target::Pull(7), 10).await.unwrap();
        assert_eq!(runs.iter().map(|r| r.id.0.as_str()).collect::<Vec<_>>(), ["r2", "r1"]);
        assert_eq!(store.run(&RunId("r3".into())).await.unwrap(), None);
    }
}

#[tokio::test]
async fn the_overview_shows_the_latest_run_of_each_open_pull_request() {
    for database in databases().await {
        let store = Store::open(&database.url).await.unwrap();
        for number in [6, 7, 8] {
            store.note_pull(&known(number, None)).await.unwrap();
        }
        store.close_pull(&pull(6), 1_000).await.unwrap();
        for (id, started_at) in [("newer", 6_000), ("older", 5_000)] {
            begun(&store, &run_start(id, 7, started_at)).await;
        }
        let repositories = store.overview().await.unwrap().repositories;
        let latest = |p: &PullOverview| (p.target.clone(), p.latest.as_ref().map(|r| r.id.0.clone()));
        let pulls: Vec<_> = repositories.iter().flat_map(|r| &r.pulls).map(latest).collect();
        assert_eq!(pulls, [(Target::Pull(8), None), (Target::Pull(7), Some("newer".into()))]);
    }
}

#[tokio::test]
async fn pull_requests_that_share_a_head_know_of_each_other_while_they_are_open() {
    for database in databases().await {
        let store = Store::open(&database.url).await.unwrap();
        let claim = holder(&store).await;
        for (number, outcome) in
            [(7, RunOutcome::Verdict(Verdict::Approved)), (8, RunOutcome::Verdict(Verdict::ChangesRequested))]
        {
            let verdict = HeadVerdict { number, outcome, description: "words".into() };
            assert!(store.save_verdict(&claim, &pull(number), &sha('1'), &verdict, 1_000).await.unwrap());
        }
        assert_eq!(store.latest_verdicts_for_head(&forge(), 42, &sha('1')).await.unwrap().len(), 2);
        store.note_pull(&known(8, Some(true))).await.unwrap();
        store.close_pull(&pull(8), 1_000).await.unwrap();
        let open = store.latest_verdicts_for_head(&forge(), 42, &sha('1')).await.unwrap();
        assert_eq!((open.len(), open[0].number), (1, 7));
    }
}

#[tokio::test]
async fn a_sweep_that_did_not_read_the_files_forgets_nothing_about_them() {
    for database in databases().await {
        let store = Store::open(&database.url).await.unwrap();
        store.note_pull(&known(7, Some(true))).await.unwrap();
        store.note_pull(&known(7, None)).await.unwrap();
        store.note_pull(&known(8, None)).await.unwrap();
        assert_eq!(store.pulls_a_push_concerns(&forge(), 42, "main", 50).await.unwrap(), [7]);
        assert!(store.pulls_a_push_concerns(&forge(), 42, "other", 50).await.unwrap().is_empty());
        let mut with_head = store.pulls_with_head(&forge(), 42, &sha('1')).await.unwrap();
        with_head.sort_unstable();
        assert_eq!(with_head, [7, 8]);
    }
}

#[tokio::test]
async fn accounts_pace_their_writes_and_forges_remember_their_start() {
    for database in databases().await {
        let store = Store::open(&database.url).await.unwrap();
        let mut times = Vec::new();
        for now in [1_000, 1_000, 1_000, 9_000] {
            times.push(store.reserve_write(&forge(), Some(5), now, 1_000).await.unwrap());
        }
        assert_eq!(times, [1_000, 2_000, 3_000, 9_000]);
        assert_eq!(store.first_started(&forge(), 100).await.unwrap(), 100);
        assert_eq!(store.first_started(&forge(), 200).await.unwrap(), 100);
        assert!(store.take_sweep(&forge(), 1_000, 600).await.unwrap());
        assert!(!store.take_sweep(&forge(), 1_100, 600).await.unwrap(), "another replica has just done it");
    }
}

#[tokio::test]
async fn old_rows_are_forgotten_and_waiting_ones_are_not() {
    for database in databases().await {
        let store = Store::open(&database.url).await.unwrap();
        store.accept(delivery("a"), vec![review(7, '1'), review(8, '1')]).await.unwrap();
        let claim = store.claim("w", 1_000, 9_000).await.unwrap().unwrap();
        store.finish(&claim.id, &claim.token, 1_000, Finished::Done).await.unwrap();
        store.prune_queue(50_000).await.unwrap();
        assert_eq!(store.queue_counts().await.unwrap().ready, 1);
        assert_eq!(
            store.accept(delivery("a"), vec![]).await.unwrap(),
            Accepted::Queued,
            "its id is forgotten"
        );
    }
}

#[tokio::test]
async fn a_job_of_the_sweep_that_was_put_back_does_not_hold_the_next_ones_up() {
    for database in databases().await {
        let store = Store::open(&database.url).await.unwrap();
        let swept = |number| NewJob { reason: Reason::Swept, priority: 10, ..review(number, '1') };
        assert!(store.enqueue_swept(&swept(7), 1_000, 1_000).await.unwrap());
        assert!(store.enqueue_swept(&swept(8), 1_000, 4_000).await.unwrap());
        let claim = store.claim("w", 1_000, 9_000).await.unwrap().unwrap();
        let limited = Failure::RateLimited { until: 3_600_000 };
        store.fail(&claim.id, &claim.token, 1_000, &limited).await.unwrap();
        assert_eq!(store.last_swept_run_at(&forge()).await.unwrap(), Some(4_000));
    }
}

#[tokio::test]
async fn what_a_clock_that_was_ahead_has_written_holds_nothing_up() {
    const AHEAD: i64 = 4_000_000_000_000;
    for database in databases().await {
        let store = Store::open(&database.url).await.unwrap();
        store.first_started(&forge(), AHEAD).await.unwrap();
        assert!(store.take_sweep(&forge(), AHEAD, 600_000).await.unwrap());
        assert!(store.take_sweep(&forge(), 1_000, 600_000).await.unwrap(), "the sweep");
        assert_eq!(store.first_started(&forge(), 1_000).await.unwrap(), 1_000, "the first start");
        store.note_installed(&forge(), 42, AHEAD).await.unwrap();
        assert_eq!(store.served_since(&forge(), 42, 2_000).await.unwrap(), 1_000, "an installation");
        store.note_installed(&forge(), 43, 3_000).await.unwrap();
        assert_eq!(
            store.served_since(&forge(), 43, 2_000).await.unwrap(),
            3_000,
            "replicas differ by moments"
        );
        store.reserve_write(&forge(), None, AHEAD, 1_000).await.unwrap();
        assert_eq!(store.reserve_write(&forge(), None, 1_000, 1_000).await.unwrap(), 1_000, "the next write");
        store.enqueue(&review(7, '1'), 1_000).await.unwrap();
        store.claim("w", AHEAD, AHEAD + 60_000).await.unwrap().unwrap();
        assert_eq!(store.reap(2_000).await.unwrap(), 1, "a lease");
        store.pause_account(&forge(), None, AHEAD).await.unwrap();
        let claim = store.claim("w", 2_000, 9_000).await.unwrap().expect("a limit");
        let limited = Failure::RateLimited { until: 8_000 };
        store.fail(&claim.id, &claim.token, 2_000, &limited).await.unwrap();
        store.enqueue(&review(8, '1'), 2_000).await.unwrap();
        assert!(store.claim("w", 7_999, 9_000).await.unwrap().is_none(), "a limit of today counts");
    }
}

#[tokio::test]
async fn what_was_seen_later_stays_however_late_the_rest_is_written() {
    for database in databases().await {
        let store = Store::open(&database.url).await.unwrap();
        let seen = |head, seen_at| KnownPull { head: sha(head), seen_at, ..known(7, None) };
        let at = async |head| store.pulls_with_head(&forge(), 42, &sha(head)).await.unwrap();
        store.note_pull(&seen('2', 5_000)).await.unwrap();
        let red = RunOutcome::Verdict(Verdict::ChangesRequested);
        let verdict = HeadVerdict { number: 7, outcome: red, description: "words".into() };
        let claim = holder(&store).await;
        assert!(store.save_verdict(&claim, &pull(7), &sha('2'), &verdict, 1_000).await.unwrap());
        store.note_pull(&KnownPull { touches_migrations: Some(true), ..seen('1', 4_000) }).await.unwrap();
        assert_eq!((at('2').await, at('1').await), (vec![7], vec![]), "the list was older than the push");
        assert_eq!(store.latest_verdicts_for_head(&forge(), 42, &sha('2')).await.unwrap(), [verdict]);
        assert_eq!(store.pulls_a_push_concerns(&forge(), 42, "main", 50).await.unwrap(), [7]);

        store.close_pull(&pull(7), 4_500).await.unwrap();
        assert_eq!(at('2').await, [7]);
        store.close_pull(&pull(7), 6_000).await.unwrap();
        store.note_pull(&seen('2', 5_500)).await.unwrap();
        assert_eq!(at('2').await, [0; 0], "it was closed since");
        store.note_pull(&seen('2', 7_000)).await.unwrap();
        assert_eq!(at('2').await, [7], "and opened again");

        store.note_pull(&seen('3', 4_000_000_000_000)).await.unwrap();
        store.note_pull(&seen('2', 8_000)).await.unwrap();
        assert_eq!(at('2').await, [7], "a clock that was ahead has no last word");
    }
}

#[tokio::test]
async fn a_page_of_the_sweep_is_written_at_once() {
    for database in databases().await {
        let store = Store::open(&database.url).await.unwrap();
        let swept = |number| NewJob { reason: Reason::Swept, priority: 10, ..review(number, '1') };
        store.enqueue(&review(2, '1'), 1_000).await.unwrap();
        // A list whose pages shift shows one twice.
        let pulls: Vec<_> = (1..=1_200).chain([7]).map(|number| known(number, None)).collect();
        let forge = forge();
        let page = SweptPage {
            forge: &forge,
            installation: Some(5),
            pulls: &pulls,
            left: &[NewJob { reason: Reason::Closed, ..swept(2_000) }],
            found: &[swept(1), swept(2), swept(3)],
            turn: 10_000,
            gap: 3_000,
            next: Some(77),
            points: 2,
        };
        assert_eq!(store.save_swept(&page, 1_000).await.unwrap(), 2, "2 waits already");
        assert_eq!(store.last_swept_run_at(&forge).await.unwrap(), Some(13_000));
        assert_eq!(known_open(&store, 42).await.len(), 1_200);
        assert_eq!(store.open_in(&forge, &[41, 42]).await.unwrap().len(), 1_200);
        let state = async |now| store.sweep_state(&forge, Some(5), now).await.unwrap();
        assert_eq!(state(1_000).await, SweepState { next: 77, listing: 0, spent: 2 });
        store.note_listing(&forge, Some(5), 50, 1_000).await.unwrap();
        store.save_swept(&SweptPage { next: None, ..page }, 400_000).await.unwrap();
        assert_eq!(state(3_600_000).await, SweepState { next: 77, listing: 50, spent: 54 });
        assert_eq!(state(4_000_000).await.spent, 2, "the first slice is over an hour old");
        assert_eq!(store.sweep_state(&forge, Some(6), 1_000).await.unwrap(), SweepState::default());
    }
}

#[tokio::test]
async fn a_list_is_held_against_what_was_said_and_what_waits() {
    for database in databases().await {
        let store = Store::open(&database.url).await.unwrap();
        for (id, number, outcome) in [
            ("judged", 1, Some(RunOutcome::Verdict(Verdict::Approved))),
            ("left", 2, Some(RunOutcome::Superseded)),
            ("begun", 3, None),
        ] {
            begun(&store, &run_start(id, number, 1_000)).await;
            if let Some(outcome) = outcome {
                ended(&store, id, &run_end(outcome)).await;
            }
        }
        store.enqueue(&review(4, '1'), 1_000).await.unwrap();
        let listed = |number, head, base: &str| OpenPull {
            number,
            head: sha(head),
            base_branch: base.into(),
            draft: false,
            head_since: None,
        };
        let pulls = [
            listed(1, '1', "main"),
            listed(1, '2', "main"),
            listed(1, '1', "dev"),
            listed(2, '1', "main"),
            listed(3, '1', "main"),
            listed(4, '1', "main"),
            listed(5, '1', "main"),
        ];
        let list: Vec<_> = pulls.iter().map(|pull| (42, pull)).collect();
        assert_eq!(store.unjudged(&forge(), &list).await.unwrap(), [1, 2, 3, 4, 6]);
        for (place, (_, pull)) in list.iter().enumerate().filter(|(_, (_, pull))| pull.number != 4) {
            let key = PullKey { forge: forge(), repository: 42, number: pull.number };
            let judged = store.is_judged(&key, &pull.head, &pull.base_branch, pull.draft).await.unwrap();
            assert_eq!(judged, place == 0, "one by one it is the same");
        }
        assert_eq!(store.unjudged(&forge(), &[(43, &pulls[0])]).await.unwrap(), [0]);
    }
}
