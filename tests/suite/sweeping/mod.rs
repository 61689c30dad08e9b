//! The sweep of a large organisation: every pull request is looked at, no review waits for it, and it never takes more
//! than its share of GitHub's published limits. Hours pass on a clock of the story's own.

mod organisation;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use red_panda::model::delivery::{NewJob, Reason};
use red_panda::model::id::Target;
use red_panda::model::judgement::Verdict;
use red_panda::review::{JobEnd, JobError, Lease, Perform};
use red_panda::store::Store;
use red_panda::store::jobs::Claim;
use red_panda::store::pulls::{KnownPull, PullKey};
use red_panda::store::runs::{RunOutcome, RunStart};
use red_panda::worker::{Options, ServedForge, Worker};
use tokio::task::JoinHandle;

use crate::databases::{Database, sqlite};
use crate::fakes::Fake;
use crate::fixtures::{Time, forge, known, review, run_end, run_start};
use organisation::{HOUR, Organisation, head};

const SECOND: i64 = 1_000;
const MINUTE: i64 = 60 * SECOND;

/// Spends what a review costs, and writes its verdict down.
struct Desk {
    organisation: Arc<Fake<Organisation>>,
    store: Store,
    time: Time,
    /// How long each review that somebody waited for had to wait, in milliseconds.
    waited: Mutex<Vec<i64>>,
    swept: Mutex<u64>,
    /// What left the list, by repository and number.
    closed: Mutex<Vec<(u64, u64)>>,
}

#[async_trait]
impl Perform for Desk {
    async fn perform(&self, claim: &Claim, _: &dyn Lease) -> Result<JobEnd, JobError> {
        self.organisation.review()?;
        let (job, now) = (&claim.job, self.time.now());
        let Target::Pull(number) = job.target else { panic!("{}", job.target) };
        if job.reason == Reason::Closed {
            let key = PullKey { forge: forge(), repository: job.repository.id, number };
            self.store.close_pull(&key, now).await?;
            self.closed.lock().unwrap().push((key.repository, number));
            return Ok(JobEnd::Done);
        }
        let pull = self.organisation.pull(job.repository.id, number);
        let seen = KnownPull {
            forge: forge(),
            repository: job.repository.clone(),
            number,
            head: pull.head.clone(),
            base_branch: pull.base_branch.clone(),
            default_branch: "main".into(),
            touches_migrations: None,
            open: true,
            seen_at: now,
        };
        self.store.note_pull(&seen).await?;
        let start = RunStart {
            repository: job.repository.id,
            head: pull.head,
            base_branch: pull.base_branch,
            ..run_start(&claim.run.0, number, now)
        };
        self.store.begin_run(claim, &start).await?;
        let end = run_end(RunOutcome::Verdict(Verdict::Approved));
        self.store.finish_run(claim, &claim.run, &end).await?;
        match pull.head_since.filter(|_| job.reason == Reason::Pushed) {
            Some(pushed_at) => self.waited.lock().unwrap().push(now - pushed_at),
            None => *self.swept.lock().unwrap() += 1,
        }
        Ok(JobEnd::Done)
    }

    async fn put_off(&self, _: &Claim, _: &JobError, _: i64, _: &dyn Lease) -> Result<(), JobError> {
        Ok(())
    }

    async fn give_up(&self, _: &Claim, error: &str, _: &dyn Lease) -> Result<(), JobError> {
        panic!("nothing is given up: {error}")
    }
}

struct Hours {
    organisation: Arc<Fake<Organisation>>,
    desk: Arc<Desk>,
    store: Store,
    time: Time,
    _database: Database,
}

impl Hours {
    async fn with(limit: u64, repositories: u64, open: impl Fn(u64) -> u64) -> Self {
        let (database, time) = (sqlite(), Time::starting_at(1_000 * HOUR));
        let store = Store::open(&database.url).await.unwrap();
        let organisation = Organisation::new(time.clone(), limit, repositories, open);
        let organisation = Arc::new(Fake::new(organisation));
        let desk = Arc::new(Desk {
            organisation: Arc::clone(&organisation),
            store: store.clone(),
            time: time.clone(),
            waited: Mutex::default(),
            swept: Mutex::default(),
            closed: Mutex::default(),
        });
        Self { organisation, desk, store, time, _database: database }
    }

    /// A worker as a process has one: a new one knows nothing of the one before.
    fn worker(&self) -> Worker {
        let served = ServedForge { forge: self.organisation.forge(), allows: Arc::new(|_| true) };
        let desk = Arc::clone(&self.desk) as Arc<dyn Perform>;
        let served = BTreeMap::from([(forge(), served)]);
        Worker::new(self.store.clone(), desk, served, self.time.clock(), Options::new("w"))
    }

    /// Lets the time go by in steps: what arrives is done, and the sweep gets one answer. A sweep begins every ten
    /// minutes, in a process of its own.
    async fn pass(&self, time: i64, step: i64, mut arrivals: impl AsyncFnMut(i64)) {
        let (until, worker) = (self.time.now() + time, self.worker());
        let mut sweep: Option<JoinHandle<()>> = None;
        while self.time.now() < until || sweep.is_some() {
            let due = self.time.now() < until && self.time.now() % (10 * MINUTE) == 0;
            if due && sweep.is_none() {
                let sweeper = self.worker();
                sweep = Some(tokio::spawn(async move { sweeper.sweep().await }));
            }
            arrivals(self.time.now()).await;
            worker.drain().await.unwrap();
            if let Some(under_way) = &sweep {
                self.organisation.answer_one(|| under_way.is_finished()).await;
            }
            if let Some(over) = sweep.take_if(|sweep| sweep.is_finished()) {
                over.await.unwrap();
            }
            self.time.later(step);
        }
    }

    /// Somebody pushes to a pull request, and its webhook comes at once.
    async fn push(&self, repository: u64, number: u64, push: u64) {
        let head = head(repository, number, push);
        self.organisation.push(repository, number, head.clone());
        let job = NewJob {
            repository: self.organisation.repository(repository),
            head_hint: Some(head),
            ..review(number, '1')
        };
        self.store.enqueue(&job, self.time.now()).await.unwrap();
    }

    /// Every pull request was shown to the sweep, stands in the store as it is, and is judged or waits for its turn.
    async fn all_were_looked_at(&self, pulls: usize) {
        let all = self.organisation.all();
        assert_eq!(all.len(), pulls);
        assert_eq!(self.organisation.books(|books| books.looked_at.len()), pulls);
        let listed: Vec<_> = all.iter().map(|(repository, pull)| (*repository, pull)).collect();
        assert_eq!(self.store.unjudged(&forge(), &listed).await.unwrap(), [0; 0]);
        let ids: Vec<u64> = all.iter().map(|(repository, _)| *repository).collect();
        let mut open = 0;
        for ids in ids.chunk_by(|a, b| a == b).map(|same| same[0]).collect::<Vec<_>>().chunks(500) {
            open += self.store.open_in(&forge(), ids).await.unwrap().len();
        }
        assert_eq!(open, pulls);
    }
}

/// One repository with 748, twenty with 120, and some with none: 20,000 in 5,000.
fn twenty_thousand(repository: u64) -> u64 {
    match repository {
        2_500 => 748,
        id if id % 250 == 1 => 120,
        id if id <= 1_983 => 4,
        id if id <= 4_980 => 3,
        _ => 0,
    }
}

#[tokio::test]
async fn an_hour_of_twenty_thousand_pull_requests_with_a_push_every_twelve_seconds() {
    let hours = Hours::with(5_000, 5_000, twenty_thousand).await;
    let mut pushes = 0;
    let arrivals = async |now: i64| {
        if now % (12 * SECOND) == 0 {
            pushes += 1;
            hours.push(1 + pushes * 13 % 1_900, 1 + pushes % 3, pushes).await;
        }
    };
    hours.pass(HOUR, 3 * SECOND, arrivals).await;
    hours.all_were_looked_at(20_000).await;
    let seldom = hours.organisation.books(|books| books.looked_at.values().min().copied());
    assert_eq!(seldom, Some(6), "by each sweep of the hour");
    let waited = hours.desk.waited.lock().unwrap().clone();
    assert!(waited.len() >= 300 && waited.iter().all(|ms| *ms == 0), "{waited:?}");
    assert_eq!(hours.organisation.books(|books| books.refused), 0);
    let most = hours.organisation.books(|books| books.most_swept);
    assert!((600..=1_250).contains(&most), "{most} of 5,000 went to the sweep");
    let swept = *hours.desk.swept.lock().unwrap();
    assert!((50..600).contains(&swept), "{swept} reviews that nobody waited for");
}

#[tokio::test]
async fn a_share_too_small_for_one_sweep_is_enough_for_several_and_over_restarts() {
    let open = |repository: u64| u64::from(repository.is_multiple_of(10));
    let hours = Hours::with(1_000, 6_000, open).await;
    hours.pass(HOUR, 10 * SECOND, async |_| {}).await;
    let seen = hours.organisation.books(|books| books.looked_at.len());
    assert!((200..600).contains(&seen), "{seen}: not yet all, or there is no point in this story");
    hours.pass(2 * HOUR, 10 * SECOND, async |_| {}).await;
    hours.all_were_looked_at(600).await;
    assert_eq!(hours.organisation.books(|books| (books.refused, books.most_swept <= 250)), (0, true));
}

#[tokio::test]
async fn one_repository_that_cannot_be_listed_keeps_no_other_from_being_looked_at() {
    let hours = Hours::with(5_000, 300, |_| 1).await;
    hours.organisation.stuck.lock().unwrap().insert(17);
    hours.pass(10 * MINUTE, 10 * SECOND, async |_| {}).await;
    let seen = hours.organisation.books(|books| books.looked_at.keys().copied().collect::<Vec<_>>());
    let others: Vec<_> = (1..=300).filter(|id| *id != 17).map(|id| (id, 1)).collect();
    assert_eq!(seen, others);
}

#[tokio::test]
async fn only_a_list_that_was_read_to_its_end_says_who_left_it() {
    let hours = Hours::with(5_000, 3, |_| 60).await;
    for repository in [1, 2] {
        let repository = hours.organisation.repository(repository);
        hours.store.note_pull(&KnownPull { repository, ..known(61, None) }).await.unwrap();
    }
    hours.organisation.torn.lock().unwrap().insert(2);
    hours.pass(10 * MINUTE, 10 * SECOND, async |_| {}).await;
    assert_eq!(*hours.desk.closed.lock().unwrap(), [(1, 61)]);
    hours.organisation.torn.lock().unwrap().clear();
    hours.pass(10 * MINUTE, 10 * SECOND, async |_| {}).await;
    assert_eq!(*hours.desk.closed.lock().unwrap(), [(1, 61), (2, 61)]);
}
