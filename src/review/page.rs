//! The run's page as data: findings without any of their code.

use std::collections::HashSet;

use crate::model::finding::{Finding, Fingerprint, Place, Severity};
use crate::model::judgement::Judgement;
use crate::model::plan::Side;
use crate::report::{heading, wording::Links};
use crate::store::runs::{Counts, PageFinding, Read, RunPage};

/// What was read, measured by the run.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Effort {
    pub(super) requests: u64,
    pub(super) milliseconds: u64,
}

pub(super) fn page(
    judgement: &Judgement,
    inline: &HashSet<&Fingerprint>,
    links: &dyn Links,
    effort: Effort,
) -> RunPage {
    let findings =
        judgement.findings.iter().map(|r| finding(&r.finding, inline.contains(&r.fingerprint), links));
    RunPage {
        heading: heading(judgement),
        counts: Counts {
            errors: judgement.count(Severity::Error) as u64,
            warnings: judgement.count(Severity::Warning) as u64,
            advice: judgement.count(Severity::Advice) as u64,
            suppressed: judgement.suppressed.len() as u64,
        },
        findings: findings.collect(),
        not_looked_at: judgement.not_looked_at.clone(),
        notes: judgement.notes.clone(),
        read: Read {
            files: judgement.files as u64,
            rules: judgement.rules as u64,
            requests: effort.requests,
            milliseconds: effort.milliseconds,
        },
    }
}

/// A page for a run that judged nothing.
pub(super) fn without_verdict(heading: &str, reason: String) -> RunPage {
    let notes = if reason.is_empty() { Vec::new() } else { vec![reason] };
    RunPage { heading: heading.to_owned(), notes, ..RunPage::default() }
}

fn finding(finding: &Finding, inline: bool, links: &dyn Links) -> PageFinding {
    let side = if matches!(finding.place, Place::Base { .. }) { Side::Base } else { Side::Head };
    let path = finding.place.path().map(str::to_owned);
    let line = finding.place.span().map(|span| span.start.line);
    PageFinding {
        severity: finding.severity,
        code: finding.code.to_owned(),
        headline: finding.headline.clone(),
        consequence: finding.consequence.clone(),
        url: path.as_deref().and_then(|path| links.line(side, path, line)),
        path,
        line,
        inline,
    }
}
