//! What the engine says of one change.

use serde::{Deserialize, Serialize};

use super::change::Path;
use super::finding::{Finding, Fingerprint, Severity};
use super::id::Sha;

/// The three ways a run can end when it ran at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Approved,
    ChangesRequested,
    /// Not all could be looked at: never green.
    Incomplete,
}

/// An introduced finding with its identity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reported {
    pub finding: Finding,
    pub fingerprint: Fingerprint,
}

/// A file, or a part of the work, that could not be judged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotLookedAt {
    /// A path, or the code of a rule that did not run, or empty for the change as a whole.
    pub path: Path,
    /// A sentence without a full stop.
    pub reason: String,
}

impl NotLookedAt {
    /// About the change as a whole.
    pub fn change(reason: String) -> Self {
        Self { path: Path::new(), reason }
    }
}

/// The outcome of the engine on one change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// Most severe first; of these the families that come first, then by path and line.
    pub findings: Vec<Reported>,
    /// Introduced, but kept by a suppression with a reason.
    pub suppressed: Vec<(Reported, String)>,
    pub not_looked_at: Vec<NotLookedAt>,
    /// Things to know that change nothing.
    pub notes: Vec<String>,
    /// Changed files that were looked at.
    pub files: usize,
    /// Rules that were on.
    pub rules: usize,
    pub merge_base: Sha,
    pub target_tip: Sha,
    pub head: Sha,
}

impl Judgement {
    pub fn verdict(&self) -> Verdict {
        if self.count(Severity::Error) > 0 {
            Verdict::ChangesRequested
        } else if self.not_looked_at.is_empty() {
            Verdict::Approved
        } else {
            Verdict::Incomplete
        }
    }

    pub fn count(&self, severity: Severity) -> usize {
        self.findings.iter().filter(|r| r.finding.severity == severity).count()
    }

    /// Keeps the worst findings. What is left out is said, and no verdict is green without it.
    pub fn limit(&mut self, most: usize) {
        let more = self.findings.len().saturating_sub(most);
        if more > 0 {
            self.findings.truncate(most);
            let reason = format!("{more} more findings: only the first {most} are reported");
            self.not_looked_at.push(NotLookedAt::change(reason));
        }
    }
}
