//! `/runs/{id}`: one run, for whoever has its address.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::{HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};

use super::Shared;
use super::pages::{message, unavailable};
use super::view::{
    Piece, counted, link, many, outcome_tone, outcome_words, page, pieces, severity_word, stylesheet_url,
    took, when,
};
use crate::model::delivery::Reason;
use crate::model::id::{RunId, Target};
use crate::model::judgement::NotLookedAt;
use crate::store::runs::{PageFinding, Run, RunPage, RunSummary};

#[derive(Template)]
#[template(path = "run.html")]
struct RunView {
    css: &'static str,
    heading: String,
    tone: &'static str,
    running: bool,
    full_name: String,
    target: String,
    web_url: Option<String>,
    head: String,
    base_branch: String,
    base: Option<String>,
    files: Vec<FileView>,
    not_looked_at: Vec<NotLookedAtView>,
    notes: Vec<Vec<Piece>>,
    read: Vec<String>,
    why: &'static str,
    when: String,
    short: String,
    earlier: Vec<EarlierRun>,
}

struct FileView {
    path: Option<String>,
    findings: Vec<FindingView>,
}

struct FindingView {
    severity: &'static str,
    code: String,
    headline: Vec<Piece>,
    consequence: Vec<Piece>,
    line: Option<u32>,
    url: Option<String>,
    inline: bool,
}

struct NotLookedAtView {
    path: String,
    reason: Vec<Piece>,
}

struct EarlierRun {
    id: String,
    tone: &'static str,
    words: String,
    head: String,
    when: String,
}

/// How many other runs of the pull request a page lists.
const EARLIER: i64 = 20;

pub(super) async fn run(State(state): State<Shared>, Path(id): Path<String>) -> Response {
    let run = match state.store.run(&RunId(id)).await {
        Ok(Some(run)) => run,
        Ok(None) => {
            let next = "Copy the whole address from the status or the comment: it is long so that nobody can guess it.";
            return message(
                StatusCode::NOT_FOUND,
                "There is no run at this address.",
                next,
                Some(("/", "Front page")),
            );
        }
        Err(error) => return unavailable(&error),
    };
    let summary = &run.summary;
    let runs = match state.store.runs_of(&summary.forge, summary.repository, &summary.target, EARLIER).await {
        Ok(runs) => runs,
        Err(error) => return unavailable(&error),
    };
    let again = match state.store.tried_again_at(&summary.id).await {
        Ok(again) => again,
        Err(error) => return unavailable(&error),
    };
    let no_index = [(HeaderName::from_static("x-robots-tag"), "noindex, nofollow")];
    (no_index, page(StatusCode::OK, &view(run, again, &runs))).into_response()
}

/// `again`: when a run that was put off is tried again.
fn view(run: Run, again: Option<i64>, runs: &[RunSummary]) -> RunView {
    let Run { summary, page } = run;
    let page = page.unwrap_or_default();
    let words = match again {
        Some(at) => format!("Could not finish, trying again on {}", when(at)),
        None => outcome_words(summary.outcome).to_owned(),
    };
    RunView {
        css: stylesheet_url(),
        heading: if page.heading.is_empty() { words } else { page.heading.clone() },
        tone: outcome_tone(summary.outcome),
        running: summary.outcome.is_none(),
        full_name: format!("{}/{}", summary.owner, summary.name),
        target: target_words(&summary.target),
        web_url: link(summary.web_url.as_deref()),
        head: summary.head.short().to_owned(),
        base_branch: summary.base_branch.clone(),
        base: summary.merge_base.as_ref().map(|sha| sha.short().to_owned()),
        read: read_words(&page),
        not_looked_at: page.not_looked_at.iter().map(not_looked_at).collect(),
        notes: page.notes.iter().map(|note| pieces(note)).collect(),
        files: by_file(page.findings),
        why: reason_words(summary.reason),
        when: when(summary.started_at),
        short: summary.id.short().to_owned(),
        earlier: runs.iter().filter(|r| r.id != summary.id).map(earlier).collect(),
    }
}

fn target_words(target: &Target) -> String {
    match target {
        Target::Pull(number) => format!("pull request {number}"),
        Target::Group(sha) => format!("merge group {}", sha.short()),
        Target::Repository => "the repository".to_owned(),
    }
}

/// Files in the order in which their first finding comes: the most severe on top.
fn by_file(findings: Vec<PageFinding>) -> Vec<FileView> {
    let mut files: Vec<FileView> = Vec::new();
    for finding in findings {
        let path = finding.path.clone();
        let finding = FindingView {
            severity: severity_word(finding.severity),
            headline: pieces(&finding.headline),
            consequence: pieces(&finding.consequence),
            line: finding.line,
            url: link(finding.url.as_deref()),
            inline: finding.inline,
            code: finding.code,
        };
        match files.iter_mut().find(|f| f.path == path) {
            Some(file) => file.findings.push(finding),
            None => files.push(FileView { path, findings: vec![finding] }),
        }
    }
    files
}

fn not_looked_at(entry: &NotLookedAt) -> NotLookedAtView {
    let path = if entry.path.is_empty() { "The change as a whole".to_owned() } else { entry.path.clone() };
    NotLookedAtView { path, reason: pieces(&entry.reason) }
}

fn read_words(page: &RunPage) -> Vec<String> {
    let read = page.read;
    if read == Default::default() {
        return Vec::new();
    }
    let mut words = vec![
        many(read.files, "changed file"),
        many(read.rules, "rule"),
        many(read.requests, "request"),
        took(read.milliseconds),
    ];
    if page.counts.suppressed > 0 {
        words
            .push(format!("{} kept by a suppression with a reason", many(page.counts.suppressed, "finding")));
    }
    words
}

fn reason_words(reason: Reason) -> &'static str {
    match reason {
        Reason::Opened => "it was opened",
        Reason::Pushed => "commits were pushed",
        Reason::Reopened => "it was reopened",
        Reason::Ready => "it became ready for review",
        Reason::Edited => "its title was edited",
        Reason::Retargeted => "its target branch was changed",
        Reason::Rerequested => "a check was asked for again",
        Reason::Command => "somebody wrote /red-panda recheck",
        Reason::MergeGroup => "the merge queue asked",
        Reason::TargetMoved => "its target branch moved",
        Reason::Swept => "no webhook had told of it",
        Reason::Backlog => "it was open when Red Panda came here",
        Reason::Closed => "it was closed",
    }
}

fn earlier(run: &RunSummary) -> EarlierRun {
    let counts = counted(run.errors, run.warnings, run.advice);
    EarlierRun {
        id: run.id.0.clone(),
        tone: outcome_tone(run.outcome),
        words: if counts.is_empty() { outcome_words(run.outcome).to_owned() } else { counts },
        head: run.head.short().to_owned(),
        when: when(run.started_at),
    }
}
