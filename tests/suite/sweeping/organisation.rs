//! A large organisation on a GitHub that is nothing but its lists and its limits, on the story's own clock. It holds
//! the sweep to what GitHub publishes, and writes down who spent what when.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use red_panda::forge::{Budget, ForgeError, ListAsked, Lists, OpenPulls, Result, requests};
use red_panda::model::id::{Repository, Sha};
use red_panda::model::pull::OpenPull;
use tokio::sync::Semaphore;

use crate::fakes::Answers;
use crate::fixtures::Time;

pub(super) const INSTALLATION: u64 = 7;
pub(super) const HOUR: i64 = 3_600_000;
/// Entries on a page.
const PAGE: usize = 50;
const MOST_NODES: usize = 500_000;
/// What a review of GitHub costs: see the table in `docs/architecture.md`.
const REVIEW: Spending = Spending { requests: 6, points: 3 };

#[derive(Clone, Copy, Default)]
pub(super) struct Spending {
    pub(super) requests: u64,
    pub(super) points: u64,
}

pub(super) struct Organisation {
    time: Time,
    repositories: Vec<Repository>,
    /// By repository, newest first.
    pulls: Mutex<BTreeMap<u64, Vec<OpenPull>>>,
    books: Mutex<Books>,
    /// How many requests of the sweep came, and how many were answered: the story lets time go by between them.
    asked: AtomicUsize,
    answered: AtomicUsize,
    answers: Semaphore,
    /// These repositories cannot be listed: an answer that would hold one never comes.
    pub(super) stuck: Mutex<BTreeSet<u64>>,
    /// These can, but for what stands behind their first page.
    pub(super) torn: Mutex<BTreeSet<u64>>,
}

/// Who asked for what.
#[derive(Default)]
pub(super) struct Books {
    limit: u64,
    used: Spending,
    resets_at: i64,
    /// What the sweep has spent in the last hour, by the time it did.
    swept: VecDeque<(i64, Spending)>,
    /// The most that the sweep has spent in any hour.
    pub(super) most_swept: u64,
    /// How often each pull request was shown to the sweep.
    pub(super) looked_at: BTreeMap<(u64, u64), usize>,
    pub(super) refused: usize,
}

impl Organisation {
    /// So many repositories, of which `open` says how many pull requests are open in each.
    pub(super) fn new(time: Time, limit: u64, repositories: u64, open: impl Fn(u64) -> u64) -> Self {
        let repository = |id: u64| Repository {
            id,
            owner: "grove".into(),
            name: format!("tree-{id}"),
            installation: Some(INSTALLATION),
        };
        let pulls = |id: u64| (id, (1..=open(id)).rev().map(|number| pull(id, number)).collect());
        let resets_at = time.now() + HOUR;
        Self {
            repositories: (1..=repositories).map(repository).collect(),
            pulls: Mutex::new((1..=repositories).map(pulls).collect()),
            books: Mutex::new(Books { limit, resets_at, ..Books::default() }),
            asked: AtomicUsize::new(0),
            answered: AtomicUsize::new(0),
            answers: Semaphore::new(0),
            stuck: Mutex::default(),
            torn: Mutex::default(),
            time,
        }
    }

    pub(super) fn books<T>(&self, look: impl FnOnce(&Books) -> T) -> T {
        look(&self.books.lock().unwrap())
    }

    /// Every open pull request, with its repository.
    pub(super) fn all(&self) -> Vec<(u64, OpenPull)> {
        let pulls = self.pulls.lock().unwrap();
        pulls.iter().flat_map(|(id, pulls)| pulls.iter().map(|pull| (*id, pull.clone()))).collect()
    }

    pub(super) fn repository(&self, id: u64) -> Repository {
        self.repositories.iter().find(|r| r.id == id).unwrap().clone()
    }

    pub(super) fn pull(&self, repository: u64, number: u64) -> OpenPull {
        self.pulls.lock().unwrap()[&repository].iter().find(|p| p.number == number).unwrap().clone()
    }

    /// A push to a pull request.
    pub(super) fn push(&self, repository: u64, number: u64, head: Sha) {
        let mut pulls = self.pulls.lock().unwrap();
        let pulls = pulls.get_mut(&repository).unwrap();
        let pull = pulls.iter_mut().find(|p| p.number == number).unwrap();
        (pull.head, pull.head_since) = (head, Some(self.time.now()));
    }

    /// Answers one request of the sweep, and waits for its next one, or its end.
    pub(super) async fn answer_one(&self, is_over: impl Fn() -> bool) {
        let waits = || self.asked.load(Ordering::SeqCst) > self.answered.load(Ordering::SeqCst);
        for answers in [1, 0] {
            while !waits() && !is_over() {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            if waits() {
                self.answered.fetch_add(answers, Ordering::SeqCst);
                self.answers.add_permits(answers);
            }
        }
    }

    /// What a review asks for.
    pub(super) fn review(&self) -> Result<()> {
        self.spend(REVIEW).map(drop)
    }

    fn spend(&self, spending: Spending) -> Result<()> {
        let (mut books, now) = (self.books.lock().unwrap(), self.time.now());
        if books.resets_at <= now {
            books.used = Spending::default();
            books.resets_at = now + HOUR;
        }
        let used = Spending {
            requests: books.used.requests + spending.requests,
            points: books.used.points + spending.points,
        };
        if used.requests > books.limit || used.points > books.limit {
            books.refused += 1;
            return Err(ForgeError::RateLimited { until_ms: books.resets_at });
        }
        books.used = used;
        Ok(())
    }

    async fn sweep_spends(&self, spending: Spending) -> Result<()> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        self.answers.acquire().await.unwrap().forget();
        self.spend(spending)?;
        let (mut books, now) = (self.books.lock().unwrap(), self.time.now());
        books.swept.push_back((now, spending));
        while books.swept.front().is_some_and(|(at, _)| *at <= now - HOUR) {
            books.swept.pop_front();
        }
        let hour = books.swept.iter().fold(Spending::default(), |sum, (_, s)| Spending {
            requests: sum.requests + s.requests,
            points: sum.points + s.points,
        });
        books.most_swept = books.most_swept.max(hour.requests).max(hour.points);
        Ok(())
    }

    fn page(&self, asked: &ListAsked) -> OpenPulls {
        let id = asked.repository.id;
        let pulls = self.pulls.lock().unwrap();
        // A cursor names the list and the pull request it stands behind.
        let below = asked.after.as_ref().map_or(u64::MAX, |cursor| {
            let (list, number) = cursor.split_once(':').expect("a cursor of ours");
            assert_eq!(list, id.to_string(), "a cursor of another list");
            number.parse().unwrap()
        });
        let rest: Vec<_> = pulls[&id].iter().filter(|p| p.number < below).cloned().collect();
        let shown = &rest[..rest.len().min(PAGE)];
        let next = (rest.len() > PAGE).then(|| format!("{id}:{}", shown[PAGE - 1].number));
        for pull in shown {
            *self.books.lock().unwrap().looked_at.entry((id, pull.number)).or_default() += 1;
        }
        OpenPulls {
            repository: asked.repository.clone(),
            default_branch: "main".into(),
            pulls: shown.to_vec(),
            next,
        }
    }
}

#[async_trait]
impl Answers for Organisation {
    async fn fetch_installations(&self) -> Result<Vec<Option<u64>>> {
        Ok(vec![Some(INSTALLATION)])
    }

    async fn fetch_repositories(&self, installation: Option<u64>) -> Result<Vec<Repository>> {
        assert_eq!(installation, Some(INSTALLATION));
        for _ in self.repositories.chunks(100) {
            requests::sent();
            self.sweep_spends(Spending { requests: 1, points: 0 }).await?;
        }
        Ok(self.repositories.clone())
    }

    fn lists_at_once(&self) -> usize {
        50
    }

    /// One point for a hundred connections, at least one, and no more nodes than GitHub lets a query ask for.
    async fn fetch_open_pulls(&self, asked: &[ListAsked]) -> Result<Lists> {
        let lists: BTreeSet<u64> = asked.iter().map(|a| a.repository.id).collect();
        assert!(!asked.is_empty() && lists.len() == asked.len() && asked.len() <= 50, "{}", asked.len());
        assert!(asked.len() * PAGE <= MOST_NODES);
        let points = (asked.len() as u64 + 50) / 100;
        let points = points.max(1);
        self.sweep_spends(Spending { requests: 0, points }).await?;
        let lost = |a: &ListAsked| {
            let torn = a.after.is_some() && self.torn.lock().unwrap().contains(&a.repository.id);
            torn || self.stuck.lock().unwrap().contains(&a.repository.id)
        };
        if asked.iter().any(lost) {
            return Err(ForgeError::Transient { what: "the list".into(), message: "502".into() });
        }
        Ok(Lists { parts: asked.iter().map(|a| Ok(self.page(a))).collect(), points })
    }

    fn budgets(&self, installation: Option<u64>) -> Vec<Budget> {
        assert_eq!(installation, Some(INSTALLATION));
        let Books { limit, used, resets_at, .. } = &*self.books.lock().unwrap();
        let budget = |used: u64| Budget { limit: *limit, remaining: limit - used, resets_at: *resets_at };
        vec![budget(used.requests), budget(used.points)]
    }
}

pub(super) fn head(repository: u64, number: u64, push: u64) -> Sha {
    Sha::parse(&format!("{repository:016x}{number:016x}{push:08x}")).unwrap()
}

fn pull(repository: u64, number: u64) -> OpenPull {
    OpenPull {
        number,
        head: head(repository, number, 0),
        base_branch: "main".into(),
        draft: false,
        head_since: None,
    }
}
