//! What a review does when the world changes under it: the real reviewer and worker before a forge that plays along.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use red_panda::forge::retry::Retry;
use red_panda::forge::{FileWanted, Forge, ForgeError, PostedReview, Reader, Result as ForgeResult};
use red_panda::model::change::{Change, ChangedFile, Commits, FileStatus, Hunk, Mode};
use red_panda::model::delivery::{JobKind, NewJob, Reason};
use red_panda::model::id::{Repository, RunId, Sha, Target};
use red_panda::model::judgement::Verdict;
use red_panda::model::plan::{CommentEdit, ForgePosting, NewReview};
use red_panda::model::policy::POLICY_PATH;
use red_panda::model::pull::{Capabilities, PullRequest, PullState};
use red_panda::model::status::{Outcome, Status};
use red_panda::review::{JobEnd, Lease, Perform, Reviewer};
use red_panda::source::{Blob, Text, Tree, TreeEntry};
use red_panda::store::Store;
use red_panda::store::clock::Clock;
use red_panda::store::jobs::Claim;
use red_panda::store::pulls::KnownPull;
use red_panda::store::runs::{RunOutcome, RunStart};
use red_panda::worker::{Options, ServedForge, Worker};

use crate::store::{Database, forge, known, repository, review, run_start, sha, sqlite};

const MINUTE: i64 = 60_000;
const GREEN: Outcome = Outcome::Verdict(Verdict::Approved);
const SETTINGS: &str = "config/settings.py";
const FAULT: &str = "CELERY_BROKER_URL = \"amqp://grove:change#me@rabbit:5672/grove\"\n";

type Turn = Box<dyn FnOnce(&mut PullRequest) + Send>;

/// A forge whose answers the story sets, and that remembers what was written.
#[derive(Default)]
struct Desk {
    pulls: Mutex<BTreeMap<u64, PullRequest>>,
    statuses: Mutex<Vec<Status>>,
    reviews: AtomicUsize,
    reactions: AtomicUsize,
    refs: Mutex<Vec<String>>,
    policy: Mutex<Option<Blob>>,
    /// The change brings one finding.
    faulty: AtomicBool,
    check_runs: AtomicBool,
    /// Every status is refused.
    refuses: AtomicBool,
    /// Every other read breaks.
    stumbles: AtomicBool,
    reads: AtomicUsize,
    /// Neither repositories nor changes can be listed.
    unreachable: AtomicBool,
    /// So often, a pull request is not there yet.
    missing: AtomicUsize,
    /// Happens to the pull request while its change is read.
    meanwhile: Mutex<Option<Turn>>,
}

fn refused<T>() -> ForgeResult<T> {
    Err(ForgeError::Forbidden { what: "this".into(), message: "token does not have the scope".into() })
}

fn change(head: &Sha, faulty: bool) -> Change {
    let hunk = Hunk { old: 0..0, new: 1..2, added: vec![1], removed: Vec::new() };
    let file = ChangedFile {
        path: SETTINGS.into(),
        previous_path: None,
        status: FileStatus::Added,
        hunks: Some(vec![hunk]),
    };
    Change {
        merge_base: sha('b'),
        target_tip: sha('b'),
        head: head.clone(),
        files: if faulty { vec![file] } else { Vec::new() },
        commits: Commits::default(),
        truncated: None,
    }
}

#[async_trait]
impl Reader for Desk {
    async fn fetch_tree(&self, _: &Repository, commit: &Sha) -> ForgeResult<Tree> {
        self.read()?;
        let mut tree = Tree::default();
        if *commit != sha('b') && self.faulty.load(Ordering::SeqCst) {
            tree.entries.insert(SETTINGS.into(), TreeEntry { mode: Mode::File, blob: None, size: None });
        }
        Ok(tree)
    }
    async fn fetch_files(&self, _: &Repository, wanted: &[FileWanted]) -> ForgeResult<Vec<Blob>> {
        self.read()?;
        let blob = |file: &FileWanted| match file.path.as_str() {
            POLICY_PATH => self.policy.lock().unwrap().clone().unwrap_or(Blob::Missing),
            SETTINGS if file.at != sha('b') => Blob::Text(Text::new(FAULT)),
            _ => Blob::Missing,
        };
        Ok(wanted.iter().map(blob).collect())
    }
    async fn fetch_ref(&self, _: &Repository, name: &str) -> ForgeResult<Option<Sha>> {
        self.read()?;
        self.refs.lock().unwrap().push(name.to_owned());
        Ok(Some(sha('b')))
    }
    async fn fetch_tags(&self, _: &Repository) -> ForgeResult<Vec<String>> {
        Ok(Vec::new())
    }
    async fn fetch_deployed(&self, _: &Repository, _: &str) -> ForgeResult<Option<Sha>> {
        Ok(None)
    }
}

#[async_trait]
impl Forge for Desk {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            check_runs: self.check_runs.load(Ordering::SeqCst),
            suggestions: false,
            multi_line: false,
            status_description: 255,
            body: 65_536,
        }
    }
    fn line_url(&self, _: &Repository, _: &Sha, path: &str, _: Option<u32>) -> String {
        path.to_owned()
    }
    async fn fetch_repository(&self, repository: &Repository) -> ForgeResult<Repository> {
        Ok(repository.clone())
    }
    async fn fetch_repositories(&self) -> ForgeResult<Vec<Repository>> {
        self.reachable()?;
        Ok(vec![repository()])
    }
    async fn fetch_pull(&self, _: &Repository, number: u64) -> ForgeResult<PullRequest> {
        let missing = self.missing.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1));
        let pull = self.pulls.lock().unwrap().get(&number).cloned();
        let none = ForgeError::NotFound { what: format!("pull request {number}") };
        if missing.is_ok() { Err(none) } else { pull.ok_or(none) }
    }
    async fn fetch_open_pulls(&self, _: &Repository) -> ForgeResult<Vec<PullRequest>> {
        Ok(self.pulls.lock().unwrap().values().filter(|p| p.is_open()).cloned().collect())
    }
    async fn fetch_change(&self, pull: &PullRequest) -> ForgeResult<Change> {
        self.reachable()?;
        if let Some(turn) = self.meanwhile.lock().unwrap().take() {
            turn(self.pulls.lock().unwrap().get_mut(&pull.number).unwrap());
        }
        Ok(change(&pull.head, self.faulty.load(Ordering::SeqCst)))
    }
    async fn fetch_group_change(&self, _: &Repository, head: &Sha, _: &Sha) -> ForgeResult<Change> {
        Ok(change(head, false))
    }
    async fn fetch_own_postings(&self, _: &PullRequest) -> ForgeResult<Vec<ForgePosting>> {
        Ok(Vec::new())
    }
    async fn fetch_may_write(&self, _: &Repository, _: &str) -> ForgeResult<bool> {
        refused()
    }
    async fn ensure_status(&self, _: &Repository, status: &Status) -> ForgeResult<()> {
        if self.refuses.load(Ordering::SeqCst) {
            return refused();
        }
        self.statuses.lock().unwrap().push(status.clone());
        Ok(())
    }
    async fn fetch_running_statuses(&self, _: &Repository, _: &Sha) -> ForgeResult<Vec<RunId>> {
        Ok(Vec::new())
    }
    async fn ensure_review(&self, _: &PullRequest, _: &NewReview) -> ForgeResult<PostedReview> {
        self.reviews.fetch_add(1, Ordering::SeqCst);
        Ok(PostedReview { postings: Vec::new(), demoted: Vec::new() })
    }
    async fn ensure_comment(&self, _: &PullRequest, _: &CommentEdit) -> ForgeResult<()> {
        Ok(())
    }
    async fn ensure_reaction(&self, _: &Repository, _: u64) -> ForgeResult<()> {
        self.reactions.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }
}

impl Desk {
    fn reachable(&self) -> ForgeResult<()> {
        if self.unreachable.load(Ordering::SeqCst) {
            return Err(ForgeError::Transient {
                what: "the list".into(),
                message: "no route to host".into(),
            });
        }
        Ok(())
    }

    fn read(&self) -> ForgeResult<()> {
        let even = self.reads.fetch_add(1, Ordering::SeqCst).is_multiple_of(2);
        if even && self.stumbles.load(Ordering::SeqCst) {
            return Err(ForgeError::Transient { what: "the file".into(), message: "502".into() });
        }
        Ok(())
    }

    fn opens(&self, number: u64, head: char) {
        let pull = PullRequest {
            repository: repository(),
            number,
            author: "bob".into(),
            state: PullState::Open,
            draft: false,
            head: sha(head),
            base_branch: "main".into(),
            base_tip: sha('b'),
            merge_base: None,
            default_branch: "main".into(),
            changed_files: None,
            head_since: None,
            web_url: "https://git.example.org/alice/trees/pulls/7".into(),
        };
        self.pulls.lock().unwrap().insert(number, pull);
    }

    fn turns(&self, number: u64, turn: impl FnOnce(&mut PullRequest)) {
        turn(self.pulls.lock().unwrap().get_mut(&number).unwrap());
    }

    fn outcomes(&self) -> Vec<Outcome> {
        self.statuses.lock().unwrap().iter().map(|s| s.outcome).collect()
    }

    fn last(&self) -> Status {
        self.statuses.lock().unwrap().last().unwrap().clone()
    }

    fn last_on(&self, head: char) -> Status {
        self.statuses.lock().unwrap().iter().rfind(|s| s.sha == sha(head)).unwrap().clone()
    }

    fn reviews(&self) -> usize {
        self.reviews.load(Ordering::SeqCst)
    }
}

/// A lease that says yes so many times.
struct Asked(AtomicUsize);

#[async_trait]
impl Lease for Asked {
    async fn holds(&self) -> bool {
        self.0.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok()
    }
}

struct House {
    store: Store,
    desk: Arc<Desk>,
    time: Arc<AtomicI64>,
    _database: Database,
}

impl House {
    async fn new() -> Self {
        let database = sqlite();
        let store = Store::open(&database.url).await.unwrap();
        let house =
            Self { store, desk: Arc::default(), time: Arc::new(AtomicI64::new(0)), _database: database };
        house.later(10 * MINUTE);
        house.store.first_started(&forge(), house.now()).await.unwrap();
        house.desk.opens(7, '1');
        house
    }

    fn now(&self) -> i64 {
        self.time.load(Ordering::SeqCst)
    }

    fn later(&self, ms: i64) {
        self.time.fetch_add(ms, Ordering::SeqCst);
    }

    fn clock(&self) -> Clock {
        let time = Arc::clone(&self.time);
        Clock::new(move || time.load(Ordering::SeqCst))
    }

    fn reviewer(&self) -> Reviewer {
        let forges = BTreeMap::from([(forge(), Arc::clone(&self.desk) as Arc<dyn Forge>)]);
        let mut reviewer = Reviewer::new(forges, self.store.clone(), self.clock(), None);
        reviewer.retry = Retry::with_delays(Vec::new());
        reviewer.head_waits = Vec::new();
        reviewer
    }

    fn worker(&self) -> Worker {
        let served =
            ServedForge { forge: Arc::clone(&self.desk) as Arc<dyn Forge>, allows: Arc::new(|_| true) };
        let served = BTreeMap::from([(forge(), served)]);
        Worker::new(self.store.clone(), Arc::new(self.reviewer()), served, self.clock(), Options::new("w"))
    }

    async fn queue(&self, job: NewJob) {
        self.store.enqueue(&job, self.now()).await.unwrap();
    }

    /// Queues a job and works until nothing is left to do now.
    async fn does(&self, job: NewJob) {
        self.queue(job).await;
        self.works().await;
    }

    async fn works(&self) {
        self.later(1);
        self.worker().drain().await.unwrap();
    }

    async fn sweeps(&self) {
        self.later(10 * MINUTE);
        self.worker().sweep().await;
        self.works().await;
    }

    async fn unfinished(&self, target: &Target) -> usize {
        self.store.unfinished_runs(&forge(), 42, target).await.unwrap().len()
    }
}

fn because(reason: Reason) -> NewJob {
    NewJob { reason, ..review(7, '1') }
}

fn claim(job: NewJob, attempt: u32) -> Claim {
    let run = RunId("r".into());
    Claim { id: "j".into(), token: "t".into(), job, attempt, run, giving_up: None }
}

fn group(reason: Reason) -> NewJob {
    let argument = (reason == Reason::MergeGroup).then(|| format!("{} develop", sha('b')));
    NewJob { target: Target::Group(sha('5')), argument, ..because(reason) }
}

#[tokio::test]
async fn p10_a_merge_group_that_is_gone_gets_no_status_and_only_what_was_begun_for_it_ends() {
    let house = House::new().await;
    house.does(group(Reason::Closed)).await;
    assert_eq!(house.desk.outcomes(), [], "GitHub also says so after the merge");
    let begun = RunStart { target: Target::Group(sha('5')), head: sha('5'), ..run_start("begun", 0, 1) };
    house.store.begin_run(&begun).await.unwrap();
    house.does(group(Reason::Closed)).await;
    assert_eq!(house.desk.outcomes(), [Outcome::Superseded]);
    assert_eq!(house.desk.last().run, RunId("begun".into()));
    assert_eq!(house.store.queue_counts().await.unwrap().dead, 0);
}

#[tokio::test]
async fn what_a_webhook_told_of_while_it_was_swept_is_judged_once() {
    let house = House::new().await;
    house.does(because(Reason::Opened)).await;
    house.does(because(Reason::Swept)).await;
    assert_eq!(house.desk.outcomes(), [Outcome::Running, GREEN]);
    house.desk.turns(7, |pull| pull.head = sha('2'));
    house.does(because(Reason::Swept)).await;
    assert_eq!(house.desk.outcomes().len(), 4, "another head is another matter");
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
    house.later(6 * 60 * MINUTE);
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

#[tokio::test]
async fn a_status_that_the_forge_refuses_stays_unfinished_until_a_sweep_may_set_it() {
    let house = House::new().await;
    house.desk.refuses.store(true, Ordering::SeqCst);
    house.does(because(Reason::Opened)).await;
    house.sweeps().await;
    assert_eq!(house.unfinished(&Target::Pull(7)).await, 1, "nobody was told");
    house.desk.refuses.store(false, Ordering::SeqCst);
    house.sweeps().await;
    assert_eq!(house.desk.last().outcome, GREEN);
    assert_eq!(house.unfinished(&Target::Pull(7)).await, 0);
}

#[tokio::test]
async fn a_right_that_is_lost_after_the_pending_status_is_waited_for_too() {
    let house = House::new().await;
    house.does(because(Reason::Opened)).await;
    let desk = Arc::clone(&house.desk);
    let turn: Turn = Box::new(move |_| desk.refuses.store(true, Ordering::SeqCst));
    *house.desk.meanwhile.lock().unwrap() = Some(turn);
    house.does(because(Reason::Command)).await;
    assert_eq!(house.desk.last().outcome, Outcome::Running);
    house.desk.refuses.store(false, Ordering::SeqCst);
    house.sweeps().await;
    assert_eq!(house.desk.last().outcome, GREEN, "an older verdict on this head does not hide it");
}

#[tokio::test]
async fn each_read_is_tried_again_by_itself_for_merge_groups_too() {
    for job in [because(Reason::Opened), group(Reason::MergeGroup)] {
        let house = House::new().await;
        house.desk.faulty.store(true, Ordering::SeqCst);
        house.desk.stumbles.store(true, Ordering::SeqCst);
        let mut reviewer = house.reviewer();
        reviewer.retry = Retry::with_delays(vec![Duration::ZERO]);
        let claim = claim(job, 1);
        let end = reviewer.perform(&claim, &Asked(AtomicUsize::new(9))).await;
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
    house.later(10_000);
    house.works().await;
    assert_eq!(house.desk.last().outcome, GREEN);
}

#[tokio::test]
async fn a_job_that_is_given_up_before_it_could_begin_has_a_page_to_link_to() {
    let house = House::new().await;
    let lease = Asked(AtomicUsize::new(1));
    let job = claim(because(Reason::Opened), 8);
    house.reviewer().give_up(&job, "502 for an hour", &lease).await.unwrap();
    assert_eq!(house.desk.last().outcome, Outcome::Broken);
    let run = house.store.run(&job.run).await.unwrap().unwrap();
    assert_eq!(run.summary.outcome, Some(RunOutcome::Broken));
    let late = house.reviewer().give_up(&job, "502 for an hour", &lease).await;
    assert!(late.is_err() && house.desk.outcomes().len() == 1, "without the lease, nothing is written");
}

#[tokio::test]
async fn the_lease_is_asked_before_each_write() {
    for (asks, writes) in [(0, 0), (1, 1), (2, 2), (3, 3), (9, 3)] {
        let house = House::new().await;
        house.desk.faulty.store(true, Ordering::SeqCst);
        let job = claim(because(Reason::Opened), 1);
        let end = house.reviewer().perform(&job, &Asked(AtomicUsize::new(asks))).await;
        assert_eq!(end.is_ok(), asks >= 3, "{end:?}");
        assert_eq!(house.desk.outcomes().len() + house.desk.reviews(), writes);
    }
}

#[tokio::test]
async fn an_earlier_run_on_the_same_head_ends_before_the_next_begins() {
    for check_runs in [true, false] {
        let house = House::new().await;
        house.desk.check_runs.store(check_runs, Ordering::SeqCst);
        house.store.begin_run(&run_start("old", 7, 1)).await.unwrap();
        house.does(because(Reason::Command)).await;
        let first = house.desk.statuses.lock().unwrap()[0].clone();
        let ended = (first.run.0 == "old", first.outcome) == (true, Outcome::Superseded);
        assert_eq!(ended, check_runs, "a commit status is the new run's already");
        assert_eq!((house.desk.last().outcome, house.unfinished(&Target::Pull(7)).await), (GREEN, 0));
    }
}

#[tokio::test]
async fn a_pull_request_retargeted_while_it_is_read_is_judged_for_the_new_branch_only() {
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
    assert!(house.store.open_pulls(&forge(), 42).await.unwrap().is_empty());
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
        house.store.begin_run(&run_start("begun", 7, 1)).await.unwrap();
        turn(&house.desk);
        house.does(because(Reason::Closed)).await;
        assert!(house.desk.outcomes().contains(&Outcome::Superseded), "the run that was begun is ended");
        assert_eq!(house.desk.last_on('1').outcome, GREEN);
    }
}

/// 7 was refused and is closed on the forge; 8 has the same head and nothing to change.
async fn two_with_one_head() -> House {
    let house = House::new().await;
    house.desk.faulty.store(true, Ordering::SeqCst);
    house.does(because(Reason::Opened)).await;
    house.desk.faulty.store(false, Ordering::SeqCst);
    house.desk.opens(8, '1');
    house.does(review(8, '1')).await;
    assert!(house.desk.last().description.starts_with("Pull request 7: 1 error"));
    house.desk.turns(7, |pull| pull.state = PullState::Closed);
    house
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
async fn p16_a_retarget_or_a_ready_that_no_webhook_told_is_found_by_the_sweep() {
    let house = House::new().await;
    house.desk.faulty.store(true, Ordering::SeqCst);
    house.desk.turns(7, |pull| pull.draft = true);
    house.does(because(Reason::Opened)).await;
    let runs = async || house.store.runs_of(&forge(), 42, &Target::Pull(7), 9).await.unwrap();
    house.sweeps().await;
    assert_eq!((runs().await.len(), house.desk.reviews()), (1, 0), "a draft has its status");
    house.desk.turns(7, |pull| pull.draft = false);
    house.sweeps().await;
    assert_eq!((runs().await.len(), house.desk.reviews()), (2, 1));
    house.desk.turns(7, |pull| pull.base_branch = "dev".into());
    house.sweeps().await;
    assert_eq!((runs().await.len(), runs().await[0].base_branch.as_str()), (3, "dev"));
    house.sweeps().await;
    assert_eq!(runs().await.len(), 3);
}

#[tokio::test]
async fn what_a_webhook_told_of_may_be_there_a_moment_later() {
    let house = House::new().await;
    house.desk.missing.store(2, Ordering::SeqCst);
    house.does(because(Reason::Opened)).await;
    assert_eq!(house.desk.outcomes(), []);
    for _ in 0..2 {
        house.later(MINUTE);
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
        house.later(MINUTE);
    }
    let counts = house.store.queue_counts().await.unwrap();
    assert_eq!((counts.ready, counts.dead, house.desk.outcomes()), (0, 0, vec![]));
    assert!(house.store.open_pulls(&forge(), 42).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_sweep_that_failed_is_made_up_for_at_the_next_look() {
    let house = House::new().await;
    house.desk.unreachable.store(true, Ordering::SeqCst);
    house.worker().sweep().await;
    assert!(house.store.take_sweep(&forge(), house.now() + MINUTE, 10 * MINUTE).await.unwrap());
}

#[tokio::test]
async fn p16_a_quick_restart_sweeps_at_once() {
    let house = House::new().await;
    assert!(house.store.take_sweep(&forge(), house.now(), 10 * MINUTE).await.unwrap());
    house.later(20_000);
    let told = async {
        while house.desk.outcomes().last() != Some(&GREEN) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let worker = house.worker();
    let told = tokio::time::timeout(Duration::from_secs(20), worker.run(told)).await;
    assert!(told.is_ok(), "swept a minute later at the earliest");
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
async fn the_author_is_obeyed_where_nobody_tells_us_who_may_write() {
    let house = House::new().await;
    let command =
        NewJob { kind: JobKind::Command, argument: Some("9 bob".into()), ..because(Reason::Command) };
    house.does(command).await;
    assert_eq!(house.desk.last().outcome, GREEN);
    assert_eq!(house.desk.reactions.load(Ordering::SeqCst), 1);
}
