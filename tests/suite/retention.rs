//! Nothing grows for ever, and nothing that an open pull request needs goes.

use red_panda::model::finding::Fingerprint;
use red_panda::model::id::{RunId, Target};
use red_panda::model::judgement::Verdict;
use red_panda::model::plan::{Posting, PostingKind};
use red_panda::store::Store;
use red_panda::store::pulls::{HeadVerdict, KnownPull, PullKey};
use red_panda::store::runs::{RunEnd, RunOutcome};

use crate::databases::databases;
use crate::fixtures::{begun, ended, forge, holder, known, known_open, run_end, run_start, sha};

const GREEN: RunOutcome = RunOutcome::Verdict(Verdict::Approved);

fn pull(number: u64) -> PullKey {
    PullKey { forge: forge(), repository: 42, number }
}

fn posting() -> Posting {
    Posting {
        kind: PostingKind::Inline,
        forge_id: 1,
        review_id: 1,
        fingerprints: vec![Fingerprint("00ff00ff00ff00ff".into())],
        headline: "h".into(),
        body_hash: "abc".into(),
        fixed: false,
        removed: false,
    }
}

/// A run of a pull request at this time, its verdict and a comment.
async fn judged(store: &Store, id: &str, number: u64, at: i64) {
    begun(store, &run_start(id, number, at)).await;
    ended(store, id, &RunEnd { finished_at: at, ..run_end(GREEN) }).await;
    let claim = holder(store).await;
    let verdict = HeadVerdict { number, outcome: GREEN, description: "words".into() };
    assert!(store.save_verdict(&claim, &pull(number), &sha('1'), &verdict, at).await.unwrap());
    assert!(store.save_postings(&claim, &pull(number), &[posting()]).await.unwrap());
}

async fn runs(store: &Store, number: u64) -> Vec<String> {
    let runs = store.runs_of(&forge(), 42, &Target::Pull(number), 9).await.unwrap();
    runs.into_iter().map(|run| run.id.0).collect()
}

#[tokio::test]
async fn what_an_open_pull_request_needs_stays_however_old_it_is() {
    for database in databases().await {
        let store = Store::open(&database.url).await.unwrap();
        store.note_pull(&known(7, None)).await.unwrap();
        for (id, at) in [("first", 1_000), ("second", 2_000), ("third", 3_000)] {
            judged(&store, id, 7, at).await;
        }
        begun(&store, &run_start("unfinished", 7, 1_500)).await;
        store.prune_history(50_000).await.unwrap();
        assert_eq!(runs(&store, 7).await, ["third", "unfinished"]);
        assert_eq!(store.postings(&pull(7)).await.unwrap(), [posting()]);
        assert_eq!(store.latest_verdicts_for_head(&forge(), 42, &sha('1')).await.unwrap().len(), 1);
        assert_eq!(known_open(&store, 42).await, [7]);
    }
}

#[tokio::test]
async fn a_closed_pull_request_goes_with_its_last_run_and_not_before() {
    for database in databases().await {
        let store = Store::open(&database.url).await.unwrap();
        store.note_pull(&known(7, None)).await.unwrap();
        judged(&store, "old", 7, 1_000).await;
        begun(&store, &run_start("unfinished", 7, 1_500)).await;
        judged(&store, "new", 7, 9_000).await;
        store.close_pull(&pull(7), 1_000).await.unwrap();
        store.prune_history(5_000).await.unwrap();
        assert_eq!(runs(&store, 7).await, ["new"]);
        assert_eq!(store.postings(&pull(7)).await.unwrap(), [posting()]);
        assert_eq!(store.default_branch(&forge(), 42).await.unwrap().as_deref(), Some("main"));
        store.prune_history(50_000).await.unwrap();
        assert_eq!(runs(&store, 7).await, [""; 0]);
        assert_eq!(store.postings(&pull(7)).await.unwrap(), []);
        assert_eq!(store.default_branch(&forge(), 42).await.unwrap(), None, "and the pull request with it");
    }
}

#[tokio::test]
async fn a_closed_pull_request_that_was_never_judged_has_its_age_too() {
    for database in databases().await {
        let store = Store::open(&database.url).await.unwrap();
        store.note_pull(&known(7, None)).await.unwrap();
        store.close_pull(&pull(7), 9_000).await.unwrap();
        let known = async || store.default_branch(&forge(), 42).await.unwrap();
        store.prune_history(9_000).await.unwrap();
        assert_eq!(known().await.as_deref(), Some("main"));
        store.prune_history(9_001).await.unwrap();
        assert_eq!(known().await, None);
    }
}

#[tokio::test]
async fn what_was_said_of_heads_that_were_left_goes() {
    for database in databases().await {
        let store = Store::open(&database.url).await.unwrap();
        judged(&store, "old", 7, 1_000).await;
        store.note_pull(&KnownPull { head: sha('2'), ..known(7, None) }).await.unwrap();
        store.prune_history(50_000).await.unwrap();
        store.note_pull(&known(7, None)).await.unwrap();
        assert!(store.latest_verdicts_for_head(&forge(), 42, &sha('1')).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn more_than_one_batch_goes_at_once() {
    let database = crate::databases::sqlite();
    let store = Store::open(&database.url).await.unwrap();
    let claim = holder(&store).await;
    for number in 0..1_100 {
        store.begin_run(&claim, &run_start(&format!("r{number}"), 7, number)).await.unwrap();
    }
    store.prune_history(1_090).await.unwrap();
    let left = store.runs_of(&forge(), 42, &Target::Pull(7), 2_000).await.unwrap();
    assert_eq!(left.len(), 10);
}

#[tokio::test]
async fn lists_read_no_page() {
    for database in databases().await {
        let store = Store::open(&database.url).await.unwrap();
        store.note_pull(&known(7, None)).await.unwrap();
        judged(&store, "one", 7, 1_000).await;
        begun(&store, &run_start("two", 7, 2_000)).await;
        let pool = sqlx::AnyPool::connect(&database.url).await.unwrap();
        sqlx::query("ALTER TABLE runs RENAME COLUMN page TO out_of_reach").execute(&pool).await.unwrap();
        assert!(store.run(&RunId("one".into())).await.is_err(), "the page cannot be read");
        assert_eq!(runs(&store, 7).await, ["two", "one"]);
        assert_eq!(store.unfinished_runs(&forge(), 42, &Target::Pull(7)).await.unwrap().len(), 1);
        assert_eq!(store.last_head(&forge(), 42, &Target::Pull(7)).await.unwrap(), Some(sha('1')));
        assert!(store.run_summary(&RunId("one".into())).await.unwrap().is_some());
        assert!(store.is_judged(&pull(7), &sha('1'), "main", false).await.is_ok());
        let repositories = store.overview().await.unwrap().repositories;
        assert_eq!(repositories[0].pulls[0].latest.as_ref().unwrap().id.0, "two");
    }
}
