//! `kill -9` between any two steps: the real binary dies at a different point each time, a new one takes over, and the
//! forge ends as after one clean run.

use std::time::Duration;

use red_panda::model::id::{Repository, Sha};
use red_panda::model::status::STATUS_NAME;
use red_panda::standin::gitea::{BOT_TOKEN, Forgejo};
use red_panda::standin::github::GitHubStandIn;

use crate::binary::Server;
use crate::databases::{Database, postgres, sqlite};
use crate::house::{BASE, SECRET, borrowed, faulty, gitea_settings, github_settings, post};

/// What people see of the one pull request.
#[derive(Debug, PartialEq)]
struct Shown {
    /// Of every status or check run that the head has; empty while one is still running.
    outcomes: Vec<String>,
    summaries: usize,
    /// Of the inline comments.
    places: Vec<(String, u64)>,
}

/// A stand-in with one repository, as the story drives it.
trait Host {
    async fn start() -> Self;
    /// Its part of the server's settings.
    fn settings(&self) -> String;
    /// Requests since they were last forgotten.
    fn requests(&self) -> usize;
    fn forget_requests(&self);
    /// The sweep at start has looked for pull requests.
    fn was_swept(&self) -> bool;
    /// Opens the faulty pull request and hands its webhooks over.
    async fn open_pull(&mut self, hook: &str);
    fn shown(&self) -> Shown;
    fn violations(&self) -> Vec<String>;
}

struct OnForgejo {
    forge: Forgejo,
    repository: red_panda::standin::gitea::Repository,
    pull: Option<(u64, Sha)>,
}

impl Host for OnForgejo {
    async fn start() -> Self {
        let forge = Forgejo::start().await.unwrap();
        let repository = forge.repository("grace/grove", BASE);
        repository.require(&[STATUS_NAME]);
        Self { forge, repository, pull: None }
    }

    fn settings(&self) -> String {
        gitea_settings(&self.forge.url(), BOT_TOKEN, "grace/grove")
    }

    fn requests(&self) -> usize {
        self.forge.requests().len()
    }

    fn forget_requests(&self) {
        self.forge.forget_requests();
    }

    fn was_swept(&self) -> bool {
        self.forge.count("GET", "pulls") > 0
    }

    async fn open_pull(&mut self, hook: &str) {
        self.repository.add_hook(Some(hook), SECRET);
        let head = self.repository.push("topic", &borrowed(&faulty())).unwrap();
        self.pull = Some((self.repository.open_pull("topic", "Faults").unwrap(), head));
        assert_eq!(self.forge.deliver().await, [202, 202], "the push and the pull request");
    }

    fn shown(&self) -> Shown {
        let (number, head) = self.pull.as_ref().unwrap();
        let status = self.repository.status_of(head).filter(|s| s.state != "pending");
        let comments = self.repository.comments_on(*number);
        let (summaries, inline): (Vec<_>, Vec<_>) = comments.into_iter().partition(|c| c.path.is_empty());
        Shown {
            outcomes: status.into_iter().map(|s| s.state).collect(),
            summaries: summaries.len(),
            places: inline.into_iter().map(|c| (c.path, c.line)).collect(),
        }
    }

    fn violations(&self) -> Vec<String> {
        self.forge.violations()
    }
}

struct OnGitHub {
    forge: GitHubStandIn,
    repository: Repository,
    pull: Option<(u64, Sha)>,
}

impl Host for OnGitHub {
    async fn start() -> Self {
        let forge = GitHubStandIn::start().await.unwrap();
        forge.set_webhook_secret(SECRET);
        let repository = forge.create_repository("grace", "grove", BASE);
        Self { forge, repository, pull: None }
    }

    fn settings(&self) -> String {
        github_settings(&self.forge)
    }

    fn requests(&self) -> usize {
        self.forge.requests().len()
    }

    fn forget_requests(&self) {
        self.forge.forget_requests();
    }

    fn was_swept(&self) -> bool {
        self.forge.requests().iter().any(|r| r.path.ends_with("/pulls") || r.path == "/graphql")
    }

    async fn open_pull(&mut self, hook: &str) {
        let head = self.forge.push(&self.repository, "topic", &borrowed(&faulty())).unwrap();
        self.pull = Some((self.forge.open_pull(&self.repository, "topic", "main").unwrap(), head));
        let webhooks = self.forge.webhooks();
        assert!(!webhooks.is_empty(), "nothing told of the pull request");
        for delivery in webhooks {
            assert_eq!(post(hook, delivery).await, 202);
        }
    }

    fn shown(&self) -> Shown {
        let (number, head) = self.pull.as_ref().unwrap();
        let checks = self.forge.checks_of(&self.repository, head);
        let comments = self.forge.comments_on(&self.repository, *number);
        Shown {
            outcomes: checks.into_iter().map(|c| c.conclusion).collect::<Option<_>>().unwrap_or_default(),
            summaries: self.forge.reviews_on(&self.repository, *number).len(),
            places: comments.into_iter().map(|c| (c.path, c.line.into())).collect(),
        }
    }

    fn violations(&self) -> Vec<String> {
        self.forge.violations()
    }
}

/// Ten lives, each on a database of its own: killed as soon as the forge has seen so many requests of the review.
async fn ten_kills<H: Host>(points: [usize; 10], databases: impl AsyncFn() -> Option<Database>) {
    let mut killed_in_time = 0;
    for requests in points {
        // The only way not to run: a machine without PostgreSQL, which `databases` has said, and which CI refuses.
        let Some(database) = databases().await else { return };
        let mut host = H::start().await;
        let store = format!("database_url = \"{}\"\n", database.url);
        let (folder, port) = Server::settle(&store, &host.settings());
        let server = Server::start(folder.path(), port).await;
        while !host.was_swept() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        host.forget_requests();
        host.open_pull(&format!("http://127.0.0.1:{port}/webhooks/forge")).await;
        while host.requests() < requests {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        drop(server);
        killed_in_time += usize::from(host.shown().outcomes.is_empty());
        database.leases_run_out().await;

        let _server = Server::start(folder.path(), port).await;
        for _ in 0..600 {
            if !host.shown().outcomes.is_empty() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let mut shown = host.shown();
        shown.places.sort();
        let once = [
            ("config/settings.py", 1),
            ("trees/migrations/0001_initial.py", 7),
            ("trees/migrations/0002_fill_trees.py", 11),
        ];
        let places = once.map(|(path, line)| (path.to_owned(), line)).to_vec();
        let clean = Shown { outcomes: vec!["failure".to_owned()], summaries: 1, places };
        assert_eq!(shown, clean, "killed after {requests}");
        assert_eq!(host.violations(), Vec::<String>::new());
    }
    assert!(killed_in_time >= 7, "only {killed_in_time} of ten died before the end");
}

/// The first writes come late in a run.
const ON_FORGEJO: [usize; 10] = [1, 3, 5, 7, 9, 10, 11, 12, 13, 14];

/// A whole run takes nine requests; the first death comes right after the webhook's 202.
const ON_GITHUB: [usize; 10] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];

#[tokio::test(flavor = "multi_thread")]
async fn p12_ten_kills_on_forgejo_leave_one_review_and_one_final_status() {
    ten_kills::<OnForgejo>(ON_FORGEJO, async || Some(sqlite())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn p12_ten_kills_on_forgejo_with_postgresql_leave_one_review_and_one_final_status() {
    ten_kills::<OnForgejo>(ON_FORGEJO, postgres).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn p12_ten_kills_on_github_leave_one_review_and_one_check_run() {
    ten_kills::<OnGitHub>(ON_GITHUB, async || Some(sqlite())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn p12_ten_kills_on_github_with_postgresql_leave_one_review_and_one_check_run() {
    ten_kills::<OnGitHub>(ON_GITHUB, postgres).await;
}
