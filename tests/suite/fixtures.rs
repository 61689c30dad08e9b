//! What several stories share: Git, a clock that only the story moves, and `alice/trees`.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use red_panda::forge::{Forge, ForgeError, ListAsked, Lists, OpenPulls};
use red_panda::model::delivery::{JobKind, NewJob, Reason};
use red_panda::model::id::{ForgeName, Repository, RunId, Sha, Target};
use red_panda::model::pull::{OpenPull, PullRequest, PullState};
use red_panda::store::Store;
use red_panda::store::clock::Clock;
use red_panda::store::jobs::{Claim, Finished};
use red_panda::store::pulls::KnownPull;
use red_panda::store::runs::{Begun, Counts, Read, RunEnd, RunOutcome, RunPage, RunStart};

/// What `git` says in this folder.
pub(crate) fn git(folder: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new("git");
    command.arg("-C").arg(folder).args(["-c", "user.name=p", "-c", "user.email=p@example.org"]);
    let output = command.args(["-c", "protocol.file.allow=always"]).args(arguments).output().unwrap();
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// A clock that only the story moves; clones are the same clock.
#[derive(Clone)]
pub(crate) struct Time(Arc<AtomicI64>);

impl Time {
    pub(crate) fn starting_at(now: i64) -> Self {
        Self(Arc::new(AtomicI64::new(now)))
    }

    pub(crate) fn now(&self) -> i64 {
        self.0.load(Ordering::SeqCst)
    }

    pub(crate) fn later(&self, ms: i64) {
        self.0.fetch_add(ms, Ordering::SeqCst);
    }

    pub(crate) fn clock(&self) -> Clock {
        let time = self.clone();
        Clock::new(move || time.now())
    }
}

pub(crate) fn forge() -> ForgeName {
    ForgeName("forgejo".to_owned())
}

pub(crate) fn repository() -> Repository {
    Repository { id: 42, owner: "alice".to_owned(), name: "trees".to_owned(), installation: None }
}

pub(crate) fn sha(digit: char) -> Sha {
    Sha::parse(&digit.to_string().repeat(40)).unwrap()
}

pub(crate) fn review(number: u64, head: char) -> NewJob {
    NewJob {
        forge: forge(),
        repository: repository(),
        target: Target::Pull(number),
        kind: JobKind::Review,
        reason: Reason::Pushed,
        head_hint: Some(sha(head)),
        priority: 0,
        argument: None,
    }
}

pub(crate) fn open_pull(number: u64, head: char, head_since: Option<i64>) -> PullRequest {
    PullRequest {
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
        head_since,
        web_url: "https://git.example.org/alice/trees/pulls/7".into(),
    }
}

/// What a forge lists that shows all pull requests of a repository at once.
pub(crate) fn whole_list(repository: &Repository, pulls: Vec<PullRequest>) -> Lists {
    let list = OpenPulls {
        repository: repository.clone(),
        default_branch: "main".into(),
        pulls: pulls.into_iter().map(OpenPull::from).collect(),
        next: None,
    };
    Lists { parts: vec![Ok(list)], points: 1 }
}

/// Every open pull request of a repository, page by page.
pub(crate) async fn list(forge: &dyn Forge, repository: &Repository) -> Result<Vec<OpenPull>, ForgeError> {
    let (mut pulls, mut after) = (Vec::new(), None);
    loop {
        let asked = ListAsked { repository: repository.clone(), after };
        let page = forge.fetch_open_pulls(&[asked]).await?.parts.remove(0)?;
        pulls.extend(page.pulls);
        match page.next {
            Some(next) => after = Some(next),
            None => return Ok(pulls),
        }
    }
}

/// Numbers of the pull requests of a repository that are open as far as the store knows.
pub(crate) async fn known_open(store: &Store, repository: u64) -> Vec<u64> {
    let open = store.open_in(&forge(), &[repository]).await.unwrap();
    open.iter().map(|open| open.number).collect()
}

pub(crate) fn known(number: u64, touches_migrations: Option<bool>) -> KnownPull {
    KnownPull {
        forge: forge(),
        repository: repository(),
        number,
        head: sha('1'),
        base_branch: "main".into(),
        default_branch: "main".into(),
        touches_migrations,
        open: true,
        seen_at: 1_000,
    }
}

pub(crate) fn run_start(id: &str, number: u64, started_at: i64) -> RunStart {
    RunStart {
        id: RunId(id.into()),
        forge: forge(),
        repository: 42,
        owner: "alice".into(),
        name: "trees".into(),
        target: Target::Pull(number),
        reason: Reason::Pushed,
        head: sha('1'),
        base_branch: "main".into(),
        web_url: Some("https://git.example.org/alice/trees/pulls/7".into()),
        draft: false,
        started_at,
    }
}

pub(crate) fn run_end(outcome: RunOutcome) -> RunEnd {
    RunEnd {
        outcome,
        base: Some(sha('b')),
        merge_base: Some(sha('c')),
        finished_at: 9_000,
        page: RunPage {
            heading: "2 things to change before merging".into(),
            counts: Counts { errors: 2, ..Counts::default() },
            read: Read { files: 4, rules: 30, requests: 8, milliseconds: 1_234 },
            ..RunPage::default()
        },
    }
}

/// Whoever holds a job may write: one of a repository of its own, that is in nobody's way.
pub(crate) async fn holder(store: &Store) -> Claim {
    let elsewhere = Repository { id: uuid::Uuid::new_v4().as_u64_pair().0, ..repository() };
    let job = NewJob { repository: elsewhere, priority: i64::MIN, ..review(1, 'e') };
    store.enqueue(&job, 0).await.unwrap();
    let claim = store.claim("fixture", 0, i64::MAX).await.unwrap().unwrap();
    assert_eq!(claim.job, job);
    claim
}

/// Writes as the holder of a job, and lets go of it.
async fn as_holder(store: &Store, write: impl AsyncFnOnce(&Claim)) {
    let claim = holder(store).await;
    write(&claim).await;
    assert!(store.finish(&claim.id, &claim.token, 0, Finished::Done).await.unwrap());
}

/// A run that has begun.
pub(crate) async fn begun(store: &Store, start: &RunStart) {
    as_holder(store, async |claim| {
        assert_ne!(store.begin_run(claim, start).await.unwrap(), Begun::LeaseLost)
    })
    .await;
}

/// A run that has ended.
pub(crate) async fn ended(store: &Store, id: &str, end: &RunEnd) {
    let id = RunId(id.to_owned());
    as_holder(store, async |claim| assert!(store.finish_run(claim, &id, end).await.unwrap())).await;
}
