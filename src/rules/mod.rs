//! The rules: plain data and one function each, beside the page that explains and tests it.

pub mod celery;
pub mod context;
pub mod env;
pub mod example;
pub mod migrations;
pub mod style;

use crate::model::catalogue::Entry;
use crate::model::change::{Change, Path};
use crate::model::finding::{Confidence, Finding, Fix, NodeText, Place, Severity};
use crate::source::{NotLoaded, Tree};

pub use context::{Context, Judging, ScopedFile};

/// What a rule's findings are compared with, to know which of them the change introduces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Against {
    /// The merge base; and a finding must touch a line that the change added or changed.
    ChangedLines,
    /// The merge base alone: a rename publishes lines that it does not touch.
    MergeBase,
    /// The target's tip, for rules about the merged result: head is then the tip with the change laid over it.
    TargetTip,
    /// Nothing: what the rule says is about the change itself, and new by nature.
    Nothing,
}

/// What a rule looks at, and how.
#[derive(Clone, Copy, Debug)]
pub enum Look {
    /// The change as a whole.
    Change(fn(&Context<'_>) -> Result<Vec<Finding>, NotLoaded>),
}

/// One enforceable clause: what is said of it stands in the catalogue, what it sees stands here.
#[derive(Debug)]
pub struct Rule {
    pub entry: &'static Entry,
    /// The rule's page in Markdown: explanation and tests at once.
    pub page: &'static str,
    pub against: Against,
    pub looks: &'static [Look],
    /// Paths to read before the first round, so that rounds stay few. `None`: the changed files are enough.
    pub wants: Option<fn(&Change, &Tree) -> Vec<Path>>,
}

impl Rule {
    pub fn code(&self) -> &'static str {
        self.entry.code
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
            code: self.entry.code,
            severity: self.entry.severity,
            confidence: self.entry.confidence,
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
    all().into_iter().find(|rule| rule.entry.code.eq_ignore_ascii_case(key) || rule.entry.name == key)
}
