//! The one status of a commit, in words: what branch protection shows beside the merge button.

use std::collections::HashSet;

use crate::model::finding::{Finding, Fingerprint, Place, Severity};
use crate::model::id::{RunId, Sha};
use crate::model::judgement::{Judgement, Verdict};
use crate::model::plan::{Posting, PostingKind};
use crate::model::pull::Capabilities;
use crate::model::status::{Annotation, AnnotationLevel, Outcome, Status};

use super::escape::sentence;
use super::group::Crowds;
use super::summary::check_run;
use super::wording::{Links, count, cut, plain, plain_clause, spot, tally};

/// Each fifty annotations are a request; the summary lists all findings anyway.
const MOST_ANNOTATIONS: usize = 250;
/// GitHub's limit.
const ANNOTATION_TITLE: usize = 255;

/// Where and for whom a status is set.
#[derive(Clone, Copy, Debug)]
pub struct Setting<'a> {
    pub sha: &'a Sha,
    pub run: &'a RunId,
    /// Not the first attempt of its job.
    pub resumed: bool,
    pub capabilities: Capabilities,
    pub links: &'a dyn Links,
    /// Name of the branch it is to be merged into.
    pub base_branch: &'a str,
}

/// How far the work has come.
#[derive(Clone, Copy, Debug)]
pub enum Stage<'a> {
    /// `files` once they are counted.
    Reading { files: Option<usize> },
    /// `inline`: what has an inline comment ([`inline`]).
    Judged { judgement: &'a Judgement, inline: &'a HashSet<&'a Fingerprint> },
    /// The sentence that names the file, the line and the fault.
    PolicyUnreadable { fault: &'a str },
    /// It is tried again then; `reason` without a full stop.
    PutOff { reason: &'a str, until_ms: i64 },
    /// `reason` without a full stop.
    GaveUp { reason: &'a str },
    /// By a newer head; `None`: the pull request was closed.
    Superseded { by: Option<&'a Sha> },
}

/// The findings that stand in an inline comment on the forge.
pub fn inline(postings: &[Posting]) -> HashSet<&Fingerprint> {
    let standing = postings.iter().filter(|p| p.kind == PostingKind::Inline && !p.removed);
    standing.flat_map(|p| &p.fingerprints).collect()
}

/// The status for a stage of the work; summary and annotations only where a check run shows them.
pub fn status(setting: &Setting<'_>, stage: &Stage<'_>) -> Status {
    let (outcome, description) = match stage {
        Stage::Reading { files } => (Outcome::Running, reading(*files)),
        Stage::Judged { judgement, .. } => {
            (Outcome::Verdict(judgement.verdict()), judged(setting, judgement))
        }
        Stage::PolicyUnreadable { fault } => (Outcome::Broken, plain(fault)),
        Stage::PutOff { reason, until_ms } => {
            let end = format!("; trying again at {} UTC", clock(*until_ms));
            (Outcome::Running, unfinished(setting, reason, &end))
        }
        Stage::GaveUp { reason } => (Outcome::Broken, unfinished(setting, reason, "")),
        Stage::Superseded { by } => (Outcome::Superseded, superseded(*by)),
    };
    let shown = setting.capabilities.check_runs;
    Status {
        sha: setting.sha.clone(),
        outcome,
        summary: if shown { summary(setting, stage, &description) } else { String::new() },
        description: cut(&description, setting.capabilities.status_description),
        annotations: if shown { annotations(stage) } else { Vec::new() },
        details_url: setting.links.run(),
        run: setting.run.clone(),
        resumed: setting.resumed,
    }
}

/// The same status, speaking for a worse pull request that has the same head: nothing of our own verdict contradicts it.
pub fn speaking_for(number: u64, outcome: Outcome, description: &str, own: Status, longest: usize) -> Status {
    let summary = match own.summary.as_str() {
        "" => String::new(),
        _ => sentence(&format!("Pull request {number} has the same head and decides: {description}")),
    };
    let description = cut(&format!("Pull request {number}: {description}"), longest);
    Status { outcome, description, summary, annotations: Vec::new(), ..own }
}

fn reading(files: Option<usize>) -> String {
    match files {
        Some(number) => format!("Reading {}", count(number, "file", "files")),
        None => "Reading the change".to_owned(),
    }
}

/// The counts; where no summary can hold it, also the first thing to do.
fn judged(setting: &Setting<'_>, judgement: &Judgement) -> String {
    let counts = counts(judgement);
    if setting.capabilities.check_runs {
        return counts;
    }
    let first = match judgement.verdict() {
        Verdict::Incomplete => judgement.not_looked_at.first().map(|n| match n.path.as_str() {
            "" => plain_clause(&n.reason),
            path => format!("{}: {}", plain(path), plain_clause(&n.reason)),
        }),
        _ => judgement
            .findings
            .iter()
            .map(|r| &r.finding)
            .find(|f| f.severity >= Severity::Warning)
            .map(naming),
    };
    first.map_or(counts.clone(), |first| format!("{counts} · {first}"))
}

fn naming(finding: &Finding) -> String {
    let headline = plain_clause(&finding.headline);
    match spot(&finding.place) {
        Some(spot) => format!("{spot} {headline}"),
        None => headline,
    }
}

/// The verdict in numbers.
pub(super) fn counts(judgement: &Judgement) -> String {
    let pressing = judgement.findings.iter().any(|r| r.finding.severity >= Severity::Warning);
    let tally = tally(judgement, !pressing);
    let unseen = judgement.not_looked_at.len();
    match (pressing, judgement.verdict()) {
        (true, Verdict::Incomplete) => format!("Not everything could be looked at, {tally}"),
        (false, Verdict::Incomplete) => "Not everything could be looked at".to_owned(),
        (true, _) if unseen > 0 => format!("{tally}, {unseen} not looked at"),
        (true, _) => tally,
        (false, _) => {
            let clean = format!("{} checked, nothing to change", count(judgement.files, "file", "files"));
            if tally.is_empty() { clean } else { format!("{clean}, {tally}") }
        }
    }
}

/// The reason is cut before the time and the run, which a person needs to go on.
fn unfinished(setting: &Setting<'_>, reason: &str, next: &str) -> String {
    let end = format!("{next} (run {})", setting.run.short());
    let room = setting.capabilities.status_description.saturating_sub(end.chars().count());
    format!("{}{end}", cut(&format!("Could not finish: {}", plain_clause(reason)), room))
}

fn clock(unix_ms: i64) -> String {
    let minutes = unix_ms.div_euclid(60_000).rem_euclid(24 * 60);
    format!("{:02}:{:02}", minutes / 60, minutes % 60)
}

fn superseded(by: Option<&Sha>) -> String {
    match by {
        Some(head) => format!("Superseded by {}", head.short()),
        None => "Closed before it was judged".to_owned(),
    }
}

fn summary(setting: &Setting<'_>, stage: &Stage<'_>, description: &str) -> String {
    match stage {
        Stage::Judged { judgement, inline } => {
            check_run(judgement, inline, setting.base_branch, setting.links, setting.capabilities.body)
        }
        Stage::PolicyUnreadable { fault } => sentence(fault),
        Stage::PutOff { .. } | Stage::GaveUp { .. } | Stage::Reading { .. } | Stage::Superseded { .. } => {
            sentence(description)
        }
    }
}

fn annotations(stage: &Stage<'_>) -> Vec<Annotation> {
    let Stage::Judged { judgement, inline } = stage else { return Vec::new() };
    let crowds = Crowds::of(&judgement.findings);
    let mut told = HashSet::new();
    let uncommented = judgement.findings.iter().filter(|r| !inline.contains(&r.fingerprint));
    // Of a crowd the first stands for all, as in the summary.
    let shown = uncommented.filter(|r| !crowds.hold(&r.finding) || told.insert(r.finding.code));
    shown.filter_map(|r| annotation(&r.finding)).take(MOST_ANNOTATIONS).collect()
}

fn annotation(finding: &Finding) -> Option<Annotation> {
    let Place::Head { path, span } = &finding.place else { return None };
    let fix = finding.fix.as_ref().map(|fix| format!("\n{}", plain(&fix.text))).unwrap_or_default();
    Some(Annotation {
        path: path.clone(),
        span: *span,
        level: match finding.severity {
            Severity::Error => AnnotationLevel::Failure,
            Severity::Warning => AnnotationLevel::Warning,
            Severity::Advice => AnnotationLevel::Notice,
        },
        title: cut(&plain(&finding.headline), ANNOTATION_TITLE),
        message: format!("{}{fix}\n{}", plain(&finding.consequence), finding.code),
    })
}
