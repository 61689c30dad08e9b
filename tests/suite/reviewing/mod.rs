//! What a review does when the world changes under it: the real reviewer and worker before a forge that plays along.

mod ends;
mod fences;
mod groups;
mod limits;
mod moves;
mod sweeps;

use async_trait::async_trait;
use red_panda::forge::retry::Retry;
use red_panda::forge::{
    Budget, FileWanted, ForgeError, ListAsked, Lists, PostedReview, Result as ForgeResult, Take,
};
use red_panda::model::change::{Change, ChangedFile, Commits, FileStatus, Hunk, Mode};
use red_panda::model::delivery::{NewJob, Reason};
use red_panda::model::id::{Repository, Sha, Target};
use red_panda::model::judgement::Verdict;
use red_panda::model::plan::{ForgePosting, NewReview};
use red_panda::model::policy::POLICY_PATH;
use red_panda::model::pull::{Capabilities, PullRequest, PullState};
use red_panda::model::status::{Outcome, Status};
use red_panda::review::{Lease, Reviewer};
use red_panda::source::{Blob, Text, Tree, TreeEntry};
use red_panda::store::Store;
use red_panda::store::jobs::Claim;
use red_panda::worker::{Options, ServedForge, Worker};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use tokio::sync::Notify;

use crate::databases::{Database, sqlite};
use crate::fakes::{Answers, Fake};
use crate::fixtures::{Time, forge, open_pull, repository, review, sha, whole_list};

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
    refuses: Arc<AtomicBool>,
    /// Every other read breaks.
    stumbles: AtomicBool,
    reads: AtomicUsize,
    /// Neither repositories nor changes can be listed.
    unreachable: AtomicBool,
    /// Every read is answered 429.
    limited: AtomicBool,
    /// Every write too.
    mute: AtomicBool,
    /// So often, a pull request is not there yet.
    missing: AtomicUsize,
    /// The forge knows the pull requests and cannot show them: their fork is damaged.
    damaged: AtomicBool,
    /// The repository's present name; its old one is another repository's now.
    renamed: Mutex<Option<String>>,
    /// Happens to the pull request while its change is read.
    meanwhile: Mutex<Option<Turn>>,
    /// Where set, a list of open pull requests is handed out late.
    late_list: Mutex<Option<Arc<LateList>>>,
}

/// A list that was read and is still on its way.
#[derive(Default)]
struct LateList {
    read: Notify,
    arrives: Notify,
}

fn refused<T>() -> ForgeResult<T> {
    Err(ForgeError::Forbidden { what: "this".into(), message: "token does not have the scope".into() })
}

/// The forge does not say until when.
fn limit(limited: &AtomicBool) -> ForgeResult<()> {
    if limited.load(Ordering::SeqCst) { Err(ForgeError::RateLimited { until_ms: i64::MAX }) } else { Ok(()) }
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
        uncommitted: BTreeMap::new(),
        truncated: None,
    }
}

#[async_trait]
impl Answers for Desk {
    async fn fetch_tree(&self, _: &Repository, commit: &Sha) -> ForgeResult<Tree> {
        self.read()?;
        let mut tree = Tree::default();
        if *commit != sha('b') && self.faulty.load(Ordering::SeqCst) {
            tree.entries.insert(SETTINGS.into(), TreeEntry { mode: Mode::File, blob: None, size: None });
        }
        Ok(tree)
    }
    async fn fetch_each(
        &self,
        _: &Repository,
        wanted: &[FileWanted],
        take: &mut Take<'_>,
    ) -> ForgeResult<()> {
        self.read()?;
        let blob = |file: &FileWanted| match file.path.as_str() {
            POLICY_PATH => self.policy.lock().unwrap().clone().unwrap_or(Blob::Missing),
            SETTINGS if file.at != sha('b') => Blob::Text(Text::new(FAULT)),
            _ => Blob::Missing,
        };
        let _ = wanted.iter().enumerate().try_for_each(|(place, file)| take(place, blob(file)));
        Ok(())
    }
    async fn fetch_ref(&self, _: &Repository, name: &str) -> ForgeResult<Option<Sha>> {
        self.read()?;
        self.refs.lock().unwrap().push(name.to_owned());
        Ok(Some(sha('b')))
    }
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
        let name = self.renamed.lock().unwrap().clone().unwrap_or_else(|| repository.name.clone());
        Ok(Repository { name, ..repository.clone() })
    }
    async fn fetch_installations(&self) -> ForgeResult<Vec<Option<u64>>> {
        Ok(vec![None])
    }
    fn lists_at_once(&self) -> usize {
        1
    }
    fn budgets(&self, _: Option<u64>) -> Vec<Budget> {
        Vec::new()
    }
    async fn fetch_repositories(&self, _: Option<u64>) -> ForgeResult<Vec<Repository>> {
        self.reachable()?;
        Ok(vec![repository()])
    }
    async fn fetch_pull(&self, asked: &Repository, number: u64) -> ForgeResult<PullRequest> {
        limit(&self.limited)?;
        if self.renamed.lock().unwrap().as_ref().is_some_and(|name| *name != asked.name) {
            let message = "another repository has this name now".into();
            return Err(ForgeError::Gone { what: format!("pull request {number}"), message });
        }
        if self.damaged.load(Ordering::SeqCst) {
            let message = "the forge cannot show it".into();
            return Err(ForgeError::Invalid { what: format!("pull request {number}"), message });
        }
        let missing = self.missing.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1));
        let pull = self.pulls.lock().unwrap().get(&number).cloned();
        let none = ForgeError::NotFound { what: format!("pull request {number}") };
        if missing.is_ok() { Err(none) } else { pull.ok_or(none) }
    }
    async fn fetch_open_pulls(&self, asked: &[ListAsked]) -> ForgeResult<Lists> {
        let shown = |pull: &&PullRequest| pull.is_open() && !self.damaged.load(Ordering::SeqCst);
        let pulls = self.pulls.lock().unwrap().values().filter(shown).cloned().collect();
        let late = self.late_list.lock().unwrap().clone();
        if let Some(late) = late {
            late.read.notify_one();
            late.arrives.notified().await;
        }
        Ok(whole_list(&asked[0].repository, pulls))
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
    async fn ensure_status(&self, _: &Repository, status: &Status) -> ForgeResult<()> {
        limit(&self.mute)?;
        if self.refuses.load(Ordering::SeqCst) {
            return refused();
        }
        self.statuses.lock().unwrap().push(status.clone());
        Ok(())
    }
    async fn ensure_review(&self, _: &PullRequest, _: &NewReview) -> ForgeResult<PostedReview> {
        self.reviews.fetch_add(1, Ordering::SeqCst);
        Ok(PostedReview { postings: Vec::new(), demoted: Vec::new() })
    }
    async fn ensure_reaction(&self, _: &Repository, _: u64) -> ForgeResult<()> {
        self.reactions.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }
}

impl Desk {
    fn reachable(&self) -> ForgeResult<()> {
        limit(&self.limited)?;
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
        self.pulls.lock().unwrap().insert(number, open_pull(number, head, None));
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

    /// What GitHub shows of a commit: the check run that was begun last.
    fn newest(&self) -> Status {
        let statuses = self.statuses.lock().unwrap();
        let begins =
            |status: &&Status| !statuses.iter().take_while(|s| s != status).any(|s| s.run == status.run);
        let newest = statuses.iter().rfind(begins).unwrap().run.clone();
        statuses.iter().rfind(|s| s.run == newest).unwrap().clone()
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
    desk: Fake<Desk>,
    time: Time,
    _database: Database,
}

impl House {
    async fn new() -> Self {
        Self::on(sqlite()).await
    }

    async fn on(database: Database) -> Self {
        let store = Store::open(&database.url).await.unwrap();
        let time = Time::starting_at(10 * MINUTE);
        store.first_started(&forge(), time.now()).await.unwrap();
        let house = Self { store, desk: Fake::new(Desk::default()), time, _database: database };
        house.desk.opens(7, '1');
        house
    }

    fn reviewer(&self) -> Reviewer {
        let forges = BTreeMap::from([(forge(), self.desk.forge())]);
        let mut reviewer = Reviewer::new(forges, self.store.clone(), self.time.clock(), None);
        reviewer.retry = Retry::with_delays(Vec::new());
        reviewer.head_waits = Vec::new();
        reviewer
    }

    fn worker(&self) -> Worker {
        let served = ServedForge { forge: self.desk.forge(), allows: Arc::new(|_| true) };
        let served = BTreeMap::from([(forge(), served)]);
        Worker::new(
            self.store.clone(),
            Arc::new(self.reviewer()),
            served,
            self.time.clock(),
            Options::new("w"),
        )
    }

    /// The job under a lease, at so many attempts.
    async fn claims(&self, job: NewJob, attempt: u32) -> Claim {
        self.queue(job).await;
        let (now, until) = (self.time.now(), self.time.now() + MINUTE);
        Claim { attempt, ..self.store.claim("w", now, until).await.unwrap().unwrap() }
    }

    async fn queue(&self, job: NewJob) {
        self.store.enqueue(&job, self.time.now()).await.unwrap();
    }

    /// Queues a job and works until nothing is left to do now.
    async fn does(&self, job: NewJob) {
        self.queue(job).await;
        self.works().await;
    }

    async fn works(&self) {
        self.time.later(1);
        self.worker().drain().await.unwrap();
    }

    async fn sweeps(&self) {
        self.time.later(10 * MINUTE);
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

fn group(reason: Reason) -> NewJob {
    let argument = (reason == Reason::MergeGroup).then(|| format!("{} develop", sha('b')));
    NewJob { target: Target::Group(sha('5')), argument, ..because(reason) }
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
