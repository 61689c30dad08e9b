//! The rules: plain data and one function each, beside the page that explains and tests it.

pub mod celery;
pub mod context;
pub mod env;
pub mod example;
pub mod migrations;
pub mod style;

use crate::model::catalogue::Family;
use crate::model::change::{Change, Path};
use crate::model::finding::{Confidence, Finding, Fix, NodeText, Place, Severity};
use crate::source::{NotLoaded, Tree};

pub use context::{Context, Judging, ScopedFile};

/// What head is compared with, to know what the change introduces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Baseline {
    MergeBase,
    /// For rules about the merged result: head is then the tip with the change laid over it.
    TargetTip,
    /// A fact about the change itself, introduced by nature.
    Itself,
}

/// How far a rule looks from a changed file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The changed files one by one; a finding must touch a line that the change added or changed.
    File,
    /// The change as a whole: a finding may stand anywhere.
    Whole,
}

/// One enforceable clause.
#[derive(Debug)]
pub struct Rule {
    /// `MIG004`
    pub code: &'static str,
    /// `runpython-without-reverse`
    pub name: &'static str,
    /// The main severity; a finding may say another.
    pub severity: Severity,
    pub confidence: Confidence,
    pub baseline: Baseline,
    pub scope: Scope,
    /// The rule's page in Markdown: explanation and tests at once.
    pub page: &'static str,
    /// Paths to read before the first round, so that rounds stay few. `None`: the changed files are enough.
    pub wants: Option<fn(&Change, &Tree) -> Vec<Path>>,
    pub check: fn(&Context) -> Result<Vec<Finding>, NotLoaded>,
}

impl Rule {
    pub fn family(&self) -> Option<Family> {
        Family::of_code(self.code)
    }

    /// A finding of this rule with its main severity and confidence.
    pub fn finding(
        &self,
        place: Place,
        subject: impl Into<String>,
        node: NodeText,
        headline: impl Into<String>,
        consequence: impl Into<String>,
    ) -> Finding {
        Finding {
            code: self.code,
            severity: self.severity,
            confidence: self.confidence,
            place,
            subject: subject.into(),
            node,
            headline: headline.into(),
            consequence: consequence.into(),
            fix: None,
        }
    }
}

impl Finding {
    #[must_use]
    pub fn with_fix(mut self, fix: Fix) -> Self {
        self.fix = Some(fix);
        self
    }

    #[must_use]
    pub fn with_severity(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }

    #[must_use]
    pub fn with_confidence(mut self, confidence: Confidence) -> Self {
        self.confidence = confidence;
        self
    }
}

/// Every rule that is built, in the order of the catalogue.
pub fn all() -> Vec<&'static Rule> {
    [migrations::RULES, env::RULES, celery::RULES, style::RULES].into_iter().flatten().copied().collect()
}

/// Looks a built rule up by code or name.
pub fn find(key: &str) -> Option<&'static Rule> {
    all().into_iter().find(|rule| rule.code.eq_ignore_ascii_case(key) || rule.name == key)
}
