//! The GitHub client against the stand-in GitHub; each request is held against GitHub's own description.

mod checks;
mod files;
mod lists;
mod pulls;
mod repositories;
mod requests;
mod reviews;
mod webhooks;

use red_panda::forge::github::{GitHub, webhook};
use red_panda::forge::{FileWanted, Forge, Reader};
use red_panda::model::delivery::Event;
use red_panda::model::finding::{Fingerprint, Span};
use red_panda::model::id::{Repository, RunId, Sha};
use red_panda::model::marker;
use red_panda::model::plan::{Anchor, NewComment, NewReview, PostingKind, Side};
use red_panda::model::policy::POLICY_PATH;
use red_panda::model::pull::PullRequest;
use red_panda::model::status::{Annotation, AnnotationLevel, Outcome, Status};
use red_panda::source::Blob;
use red_panda::standin::github::GitHubStandIn;
use secrecy::SecretString;
use std::sync::{Arc, Mutex};

use crate::github_contract::watch;

const SETTINGS: &str = "project/settings.py";

/// Long enough for two hunks.
const LINES: u32 = 40;

struct Story {
    hub: GitHubStandIn,
    github: GitHub,
    repository: Repository,
    broken: Arc<Mutex<Vec<String>>>,
}

impl Story {
    /// `ada/trees` with a settings file of forty lines and a policy.
    async fn begin() -> Self {
        let hub = GitHubStandIn::start().await.unwrap();
        let broken = watch(&hub);
        let text = lines(LINES);
        let repository = hub.create_repository(
            "ada",
            "trees",
            &[(SETTINGS, &text), (POLICY_PATH, "profile = \"essentials\"\n")],
        );
        let github = GitHub::connect(hub.settings()).await.unwrap();
        Self { hub, github, repository, broken }
    }

    /// A pull request that changes these files on `topic`.
    async fn pull(&self, changes: &[(&str, Option<&str>)]) -> PullRequest {
        self.hub.push(&self.repository, "topic", changes).unwrap();
        let number = self.hub.open_pull(&self.repository, "topic", "main").unwrap();
        self.github.fetch_pull(&self.repository, number).await.unwrap()
    }

    /// One that changes lines 5 and 30 of the settings.
    async fn changed_settings(&self) -> PullRequest {
        self.pull(&[(SETTINGS, Some(&changed(&[5, 30])))]).await
    }

    async fn read(&self, at: &Sha, path: &str) -> Blob {
        self.github.fetch_files(&self.repository, &[wanted(at, path)]).await.unwrap().remove(0)
    }

    /// `METHOD path` of every request, without those for tokens.
    fn requests(&self) -> Vec<String> {
        let all = self.hub.requests().into_iter().filter(|r| !r.path.ends_with("/access_tokens"));
        all.map(|r| format!("{} {}", r.method, r.path.replace("/repos/ada/trees", ""))).collect()
    }

    /// Nothing that GitHub does not have was asked for.
    fn end(self) {
        assert_eq!(*self.broken.lock().unwrap(), Vec::<String>::new());
        assert_eq!(self.hub.violations(), Vec::<String>::new());
    }
}

fn lines(count: u32) -> String {
    (1..=count).map(|n| format!("LINE_{n} = {n}\n")).collect()
}

fn changed(at: &[u32]) -> String {
    (1..=LINES)
        .map(|n| if at.contains(&n) { format!("CHANGED_{n} = 0\n") } else { format!("LINE_{n} = {n}\n") })
        .collect()
}

fn wanted(at: &Sha, path: &str) -> FileWanted {
    FileWanted { at: at.clone(), path: path.to_owned(), blob: None }
}

fn fingerprint(n: usize) -> Fingerprint {
    Fingerprint(format!("{n:016x}"))
}

fn comment(n: usize, line: u32, start_line: Option<u32>) -> NewComment {
    let fingerprints = vec![fingerprint(n)];
    let body = format!("**Finding {n}.**\n\n{}", marker::render(PostingKind::Inline, &fingerprints));
    NewComment {
        anchor: Anchor { path: SETTINGS.into(), side: Side::Head, line, start_line },
        body,
        fingerprints,
    }
}

fn review(pull: &PullRequest, comments: Vec<NewComment>) -> NewReview {
    let body = format!("### Things to change\n\n{}", marker::render(PostingKind::Summary, &[]));
    NewReview { head: pull.head.clone(), body, comments }
}

fn status(sha: &Sha, outcome: Outcome, run: &str) -> Status {
    Status {
        sha: sha.clone(),
        outcome,
        description: "4 files checked".into(),
        summary: "All of it".into(),
        annotations: Vec::new(),
        details_url: None,
        run: RunId(run.into()),
        resumed: false,
    }
}

fn annotations(count: u32) -> Vec<Annotation> {
    let annotation = |line| Annotation {
        path: SETTINGS.into(),
        span: Span::line(line, 3),
        level: AnnotationLevel::Failure,
        title: "t".into(),
        message: format!("message {line}"),
    };
    (1..=count).map(annotation).collect()
}

fn text(blob: &Blob) -> &str {
    blob.text().map_or("", |t| t.as_str())
}

/// The webhooks since the last look, believed and understood.
fn parsed(story: &Story, secret: &str) -> Vec<Event> {
    let secret = SecretString::from(secret.to_owned());
    let own = story.github.identity();
    let deliveries = story.hub.webhooks().into_iter();
    deliveries
        .map(|d| {
            let headers = d.headers.iter().map(|(k, v)| (k.parse().unwrap(), v.parse().unwrap()));
            let headers = http::HeaderMap::from_iter(headers);
            webhook::verify(&headers, &d.body, &secret).unwrap();
            assert!(webhook::verify(&headers, b"{}", &secret).is_err());
            assert!(webhook::delivery_id(&headers).is_some());
            webhook::parse(&headers, &d.body, &own).unwrap()
        })
        .collect()
}
