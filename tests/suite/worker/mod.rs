//! The worker loses nothing and doubles nothing, whatever breaks around it.

mod commands;
mod sweeps;

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use red_panda::forge::{Budget, ForgeError, ListAsked, Lists, Result as ForgeResult};
use red_panda::model::delivery::{JobKind, NewJob, Reason};
use red_panda::model::id::{ForgeName, Repository};
use red_panda::model::pull::PullRequest;
use red_panda::review::{JobEnd, JobError, Lease, Perform};
use red_panda::store::Store;
use red_panda::store::clock::Clock;
use red_panda::store::jobs::Claim;
use red_panda::worker::{Options, ServedForge, Worker};
use tokio::sync::Notify;

use crate::databases::{Database, sqlite};
use crate::fakes::{Answers, Fake};
use crate::fixtures::{Time, forge, repository, review, whole_list};

const MINUTE: i64 = 60_000;

/// Does what it is told, and remembers what it was asked.
#[derive(Default)]
struct Script {
    answers: Mutex<VecDeque<Result<JobEnd, JobError>>>,
    performed: Mutex<Vec<Claim>>,
    /// When the forge was told it is tried again.
    put_off: Mutex<Vec<i64>>,
    given_up: Mutex<Vec<String>>,
    at_once: AtomicUsize,
    most_at_once: AtomicUsize,
    /// Where set, every job waits here after it began.
    hold: Option<Notify>,
    began: Notify,
    panics: bool,
    /// Every job computes for so long, and lets nothing else run in its task.
    computes: Duration,
}

#[async_trait]
impl Perform for Script {
    async fn perform(&self, job: &Claim, lease: &dyn Lease) -> Result<JobEnd, JobError> {
        self.performed.lock().unwrap().push(job.clone());
        assert!(!self.panics, "as the story wants it");
        let now = self.at_once.fetch_add(1, Ordering::SeqCst) + 1;
        self.most_at_once.fetch_max(now, Ordering::SeqCst);
        self.began.notify_one();
        if let Some(hold) = &self.hold {
            hold.notified().await;
        }
        tokio::task::yield_now().await;
        std::thread::sleep(self.computes);
        self.at_once.fetch_sub(1, Ordering::SeqCst);
        if !lease.holds().await {
            return Ok(JobEnd::LeaseLost);
        }
        self.answers.lock().unwrap().pop_front().unwrap_or(Ok(JobEnd::Done))
    }

    async fn put_off(&self, _: &Claim, _: &JobError, until_ms: i64, _: &dyn Lease) -> Result<(), JobError> {
        self.put_off.lock().unwrap().push(until_ms);
        Ok(())
    }

    async fn give_up(&self, _: &Claim, error: &str, _: &dyn Lease) -> Result<(), JobError> {
        self.given_up.lock().unwrap().push(error.to_owned());
        Ok(())
    }
}

impl Script {
    fn reasons(&self) -> Vec<Reason> {
        self.performed.lock().unwrap().iter().map(|j| j.job.reason).collect()
    }
}

/// A forge with open pull requests and nothing else.
#[derive(Default)]
struct Shelf {
    pulls: Mutex<Vec<PullRequest>>,
    writers: Vec<&'static str>,
    reactions: Mutex<Vec<u64>>,
    /// This installation has used up its budget.
    limited: Option<u64>,
    asked_in_vain: AtomicUsize,
    /// Every reaction breaks.
    numb: bool,
    budgets: Mutex<Vec<Budget>>,
}

#[async_trait]
impl Answers for Shelf {
    async fn fetch_installations(&self) -> ForgeResult<Vec<Option<u64>>> {
        Ok(self.limited.map(Some).into_iter().chain([None]).collect())
    }
    async fn fetch_repositories(&self, installation: Option<u64>) -> ForgeResult<Vec<Repository>> {
        let given = |id| Repository { id, installation, ..repository() };
        let mallory = Repository { owner: "mallory".into(), ..given(43) };
        Ok(if installation.is_some() { vec![given(44), given(45)] } else { vec![given(42), mallory] })
    }
    fn lists_at_once(&self) -> usize {
        1
    }
    fn budgets(&self, _: Option<u64>) -> Vec<Budget> {
        self.budgets.lock().unwrap().clone()
    }
    async fn fetch_pull(&self, _: &Repository, number: u64) -> ForgeResult<PullRequest> {
        self.pulls
            .lock()
            .unwrap()
            .iter()
            .find(|p| p.number == number)
            .cloned()
            .ok_or_else(|| ForgeError::NotFound { what: format!("pull request {number}") })
    }
    async fn fetch_open_pulls(&self, asked: &[ListAsked]) -> ForgeResult<Lists> {
        let [ListAsked { repository, after: None }] = asked else { panic!("one list at once") };
        assert_eq!(repository.owner, "alice", "the allow-list holds for sweeps too");
        if self.limited.is_some() && repository.installation == self.limited {
            self.asked_in_vain.fetch_add(1, Ordering::SeqCst);
            return Err(ForgeError::RateLimited { until_ms: i64::MAX });
        }
        Ok(whole_list(repository, self.pulls.lock().unwrap().clone()))
    }
    async fn fetch_may_write(&self, _: &Repository, login: &str) -> ForgeResult<bool> {
        Ok(self.writers.contains(&login))
    }
    async fn ensure_reaction(&self, _: &Repository, comment_id: u64) -> ForgeResult<()> {
        self.reactions.lock().unwrap().push(comment_id);
        let (what, message) = (String::from("the reaction"), String::from("502"));
        if self.numb { Err(ForgeError::Transient { what, message }) } else { Ok(()) }
    }
}

struct House {
    store: Store,
    script: Arc<Script>,
    shelf: Fake<Shelf>,
    time: Time,
    _database: Database,
}

impl House {
    async fn with(script: Script, shelf: Shelf) -> Self {
        let database = sqlite();
        let store = Store::open(&database.url).await.unwrap();
        let time = Time::starting_at(1_000_000);
        Self { store, script: Arc::new(script), shelf: Fake::new(shelf), time, _database: database }
    }

    async fn new() -> Self {
        Self::with(Script::default(), Shelf::default()).await
    }

    async fn answering(answers: impl IntoIterator<Item = Result<JobEnd, JobError>>) -> Self {
        let answers = Mutex::new(answers.into_iter().collect());
        Self::with(Script { answers, ..Script::default() }, Shelf::default()).await
    }

    fn worker(&self, name: &str) -> Worker {
        self.worker_with(Options::new(name))
    }

    fn worker_with(&self, options: Options) -> Worker {
        self.worker_at(self.time.clock(), options)
    }

    fn worker_at(&self, clock: Clock, options: Options) -> Worker {
        let served = ServedForge {
            forge: self.shelf.forge(),
            allows: Arc::new(|full_name| full_name.starts_with("alice/")),
        };
        let perform = Arc::clone(&self.script) as Arc<dyn Perform>;
        Worker::new(self.store.clone(), perform, BTreeMap::from([(forge(), served)]), clock, options)
    }

    async fn queue(&self, job: NewJob) {
        self.store.enqueue(&job, self.time.now()).await.unwrap();
    }
}

#[tokio::test]
async fn a_job_runs_once_and_is_done() {
    let house = House::new().await;
    house.queue(review(7, '1')).await;
    assert_eq!(house.worker("w").drain().await.unwrap(), 1);
    assert_eq!(house.worker("w").drain().await.unwrap(), 0);
    assert_eq!(house.script.performed.lock().unwrap()[0].job, review(7, '1'));
}

#[tokio::test]
async fn p12_a_worker_killed_in_the_middle_is_replaced_and_the_job_runs_to_its_end_once() {
    let house =
        House::with(Script { hold: Some(Notify::new()), ..Script::default() }, Shelf::default()).await;
    house.queue(review(7, '1')).await;
    let first = house.worker("first");
    let killed = tokio::spawn(async move { first.drain().await });
    house.script.began.notified().await;
    killed.abort();
    assert_eq!(house.worker("second").drain().await.unwrap(), 0, "the lease still holds");
    house.time.later(2 * MINUTE);
    house.script.hold.as_ref().unwrap().notify_one();
    assert_eq!(house.worker("second").drain().await.unwrap(), 1);
    let performed = house.script.performed.lock().unwrap();
    assert_eq!(performed.iter().map(|j| j.attempt).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(performed[0].run, performed[1].run, "so that the second finds what the first wrote");
}

#[tokio::test]
async fn a_worker_that_comes_back_late_sees_that_the_job_is_no_longer_its_own() {
    let house =
        House::with(Script { hold: Some(Notify::new()), ..Script::default() }, Shelf::default()).await;
    house.queue(review(7, '1')).await;
    let slow = house.worker("slow");
    let slow = tokio::spawn(async move { slow.drain().await });
    house.script.began.notified().await;
    house.time.later(2 * MINUTE);
    assert_eq!(house.store.reap(house.time.now()).await.unwrap(), 1);
    let taken =
        house.store.claim("fast", house.time.now(), house.time.now() + MINUTE).await.unwrap().unwrap();
    house.script.hold.as_ref().unwrap().notify_one();
    slow.await.unwrap().unwrap();
    assert!(
        house.store.holds(&taken.id, &taken.token, house.time.now()).await.unwrap(),
        "untouched by the late one"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_that_computes_for_longer_than_its_lease_keeps_it() {
    let computes = Duration::from_millis(900);
    let house = House::with(Script { computes, ..Script::default() }, Shelf::default()).await;
    house.queue(review(7, '1')).await;
    let options = Options { lease: 300, ..Options::new("w") };
    house.worker_at(Clock::system(), options).drain().await.unwrap();
    assert_eq!(house.store.queue_counts().await.unwrap().running, 0, "it ended as the holder");
}

#[tokio::test]
async fn two_workers_never_run_one_pull_request_at_once() {
    let house = House::new().await;
    for number in [7, 7, 7] {
        house.queue(review(number, '1')).await;
        let command =
            NewJob { kind: JobKind::Command, argument: Some("9 bob".into()), ..review(number, '1') };
        house.queue(command).await;
        let (one, two) = (house.worker("one"), house.worker("two"));
        let (a, b) = tokio::join!(one.drain(), two.drain());
        a.unwrap();
        b.unwrap();
    }
    assert_eq!(house.script.reasons().len(), 3);
    assert_eq!(house.script.most_at_once.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn different_pull_requests_run_beside_each_other_up_to_the_limit() {
    let house =
        House::with(Script { hold: Some(Notify::new()), ..Script::default() }, Shelf::default()).await;
    for number in 1..=6 {
        house.queue(review(number, '1')).await;
    }
    let worker = house.worker_with(Options { jobs: 4, ..Options::new("w") });
    let working = tokio::spawn(async move { worker.drain().await });
    for begun in [4, 6] {
        while house.script.reasons().len() < begun {
            tokio::task::yield_now().await;
        }
        house.script.hold.as_ref().unwrap().notify_waiters();
    }
    assert_eq!(working.await.unwrap().unwrap(), 6);
    assert_eq!(house.script.most_at_once.load(Ordering::SeqCst), 4);
}

#[tokio::test]
async fn p8_a_rate_limited_job_waits_without_spending_attempts() {
    let until = 1_000_000 + 30 * MINUTE;
    let house = House::answering([Err(JobError::RateLimited { until_ms: until })]).await;
    house.queue(review(7, '1')).await;
    house.queue(review(8, '1')).await;
    house.script.answers.lock().unwrap().push_back(Err(JobError::RateLimited { until_ms: until }));
    house.worker("w").drain().await.unwrap();
    house.time.later(29 * MINUTE);
    assert_eq!(house.worker("w").drain().await.unwrap(), 0);
    house.time.later(MINUTE);
    assert_eq!(house.worker("w").drain().await.unwrap(), 2);
    let attempts: Vec<u32> = house.script.performed.lock().unwrap().iter().map(|job| job.attempt).collect();
    assert_eq!(attempts, [1, 1, 1, 1]);
}

#[tokio::test]
async fn p8_a_limit_that_is_said_to_last_for_years_is_asked_about_again_within_the_hour() {
    let house = House::answering([Err(JobError::RateLimited { until_ms: i64::MAX })]).await;
    house.queue(review(7, '1')).await;
    house.worker("w").drain().await.unwrap();
    house.time.later(60 * MINUTE);
    assert_eq!(house.worker("w").drain().await.unwrap(), 1);
    assert_eq!(house.script.reasons().len(), 2);
}

#[tokio::test]
async fn p12_a_job_that_keeps_failing_dies_and_the_forge_is_told() {
    let house = House::answering((0..8).map(|i| Err(JobError::Retry(format!("502, try {i}"))))).await;
    house.queue(review(7, '1')).await;
    for _ in 0..8 {
        assert!(house.script.given_up.lock().unwrap().is_empty());
        house.worker("w").drain().await.unwrap();
        house.time.later(11 * MINUTE);
    }
    assert_eq!(*house.script.given_up.lock().unwrap(), ["502, try 7"]);
    assert_eq!(house.script.put_off.lock().unwrap().len(), 7, "after the eighth try there is no next");
    assert_eq!(house.store.queue_counts().await.unwrap().dead, 1);
}

#[tokio::test]
async fn what_can_never_work_is_not_tried_again() {
    let house = House::answering([Err(JobError::Fatal("the repository is gone".into()))]).await;
    house.queue(review(7, '1')).await;
    house.worker("w").drain().await.unwrap();
    assert_eq!(house.script.reasons().len(), 1);
    assert_eq!(*house.script.given_up.lock().unwrap(), ["the repository is gone"]);
}

#[tokio::test]
async fn a_panic_in_one_job_is_that_job_s_failure_only() {
    let house = House::with(Script { panics: true, ..Script::default() }, Shelf::default()).await;
    house.queue(review(7, '1')).await;
    house.queue(review(8, '1')).await;
    assert_eq!(house.worker("w").drain().await.unwrap(), 2);
    assert_eq!(house.store.queue_counts().await.unwrap().ready, 2, "both wait for their next try");
}

#[tokio::test]
async fn a_worker_told_to_stop_ends_what_runs_and_puts_back_what_does_not_end() {
    let house =
        House::with(Script { hold: Some(Notify::new()), ..Script::default() }, Shelf::default()).await;
    house.queue(review(7, '1')).await;
    let worker = house.worker_with(Options { grace: Duration::ZERO, ..Options::new("w") });
    worker.run(house.script.began.notified()).await;
    let next = house.store.claim("v", house.time.now(), house.time.now() + MINUTE).await.unwrap().unwrap();
    assert_eq!(next.attempt, 1, "a restart spends no attempt");
}

#[tokio::test]
async fn a_forge_that_left_the_settings_ends_its_commands() {
    let house = House::new().await;
    let gone = ForgeName("gone".into());
    house.queue(NewJob { forge: gone, kind: JobKind::Command, ..review(7, '1') }).await;
    house.worker("w").drain().await.unwrap();
    assert!(
        house.store.overview().await.unwrap().dead[0].error.contains("\"gone\" is no longer in the settings")
    );
}
