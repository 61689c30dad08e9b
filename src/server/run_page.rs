//! `/runs/{id}`: one run, for whoever has its address.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::{HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};

use super::pages::{message, unavailable};
use super::view::{
    Piece, counted, day, link, many, outcome_tone, outcome_words, page, pieces, severity_word,
    stylesheet_url, took, when,
};
use super::{AppState, Shared};
use crate::model::delivery::Reason;
use crate::model::id::{RunId, Target};
use crate::model::judgement::NotLookedAt;
use crate::store::jobs::Idle;
use crate::store::runs::{PageFinding, RunOutcome, RunPage, RunRecord, RunSummary};

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
    let id = RunId(id);
    let run = match state.store.run(&id).await {
        Ok(Some(run)) => run,
        Ok(None) => return not_there(&state, &id),
        Err(error) => return unavailable(&error),
    };
    let summary = &run.summary;
    let runs = match state.store.runs_of(&summary.forge, summary.repository, &summary.target, EARLIER).await {
        Ok(runs) => runs,
        Err(error) => return unavailable(&error),
    };
    let idle = match state.store.idle(&summary.id).await {
        Ok(idle) => idle.filter(|_| summary.outcome.is_none()),
        Err(error) => return unavailable(&error),
    };
    let no_index = [(HeaderName::from_static("x-robots-tag"), "noindex, nofollow")];
    (no_index, page(StatusCode::OK, &view(run, idle, &runs))).into_response()
}

const DAY: i64 = 86_400_000;

/// No row says whether there ever was a run: its address tells the day that it was of.
fn not_there(state: &AppState, id: &RunId) -> Response {
    let kept_since = state.clock.now() - i64::from(state.retention_days) * DAY;
    let front_page = Some(("/", "Front page"));
    match id.day() {
        Some(made) if made < kept_since => {
            let what = format!("The run of {} is no longer kept.", day(made));
            let next = format!(
                "Runs are kept for {}; what it said still stands in the comments and the status on the forge.",
                many(u64::from(state.retention_days), "day")
            );
            message(StatusCode::GONE, &what, &next, front_page)
        }
        _ => {
            let next = "Copy the whole address from the status or the comment: it is long so that nobody can guess it.";
            message(StatusCode::NOT_FOUND, "There is no run at this address.", next, front_page)
        }
    }
}

/// `idle`: where the job of a run stands that has not ended and is not under way.
fn view(run: RunRecord, idle: Option<Idle>, runs: &[RunSummary]) -> RunView {
    let RunRecord { mut summary, page } = run;
    let mut page = page.unwrap_or_default();
    let words = match idle {
        Some(Idle::Until(at)) => format!("Could not finish, trying again on {}", when(at)),
        // The forge may be what could not be told.
        Some(Idle::GivenUp { error }) => {
            summary.outcome = Some(RunOutcome::Broken);
            page.notes.push(error);
            outcome_words(summary.outcome).to_owned()
        }
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
