//! The rules: plain data and one function each, beside the page that explains and tests it.

pub mod caching;
pub mod celery;
pub mod context;
pub mod docstrings;
pub mod env;
pub mod example;
pub mod forms;
pub mod look;
pub mod memcached;
pub mod migrations;
pub mod model;
pub mod models;
pub mod python;
pub mod queries;
pub mod security;
pub mod settings;
pub mod style;
pub mod testing;
pub mod urls;
pub mod views;

use crate::model::catalogue::Entry;
use crate::model::finding::{Confidence, Finding, Fix, NodeText, Place, Severity};

pub use context::{Context, Judging, ScopedFile};
pub use look::{Found, Look, Reading};

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

/// One enforceable clause: what is said of it stands in the catalogue, what it sees stands here.
#[derive(Debug)]
pub struct Rule {
    pub entry: &'static Entry,
    /// The rule's page in Markdown: explanation and tests at once.
    pub page: &'static str,
    pub against: Against,
    pub looks: &'static [Look],
}

impl Rule {
    pub fn code(&self) -> &'static str {
        self.entry.code
    }

    /// How it reads a file of this path.
    pub fn reading(&self, path: &str) -> Reading {
        self.looks.iter().map(|look| look.reading(path)).max().unwrap_or(Reading::Not)
    }

    /// Could it find something in a file of this path?
    pub fn reads(&self, path: &str) -> bool {
        self.reading(path) > Reading::Not
    }

    /// How it tells of suppressions that keep nothing, if it does.
    pub fn unused_suppression(&self) -> Option<look::UnusedSuppression> {
        self.looks.iter().find_map(|look| match look {
            Look::UnusedSuppression(tell) => Some(*tell),
            _ => None,
        })
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
            cause: None,
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

/// How these rules together read a file of this path.
pub fn reading(rules: &[&Rule], path: &str) -> Reading {
    rules.iter().map(|rule| rule.reading(path)).max().unwrap_or(Reading::Not)
}

/// In the order of the catalogue.
const FAMILIES: [&[&Rule]; 15] = [
    migrations::RULES,
    env::RULES,
    celery::RULES,
    memcached::RULES,
    caching::RULES,
    models::RULES,
    forms::RULES,
    views::RULES,
    urls::RULES,
    queries::RULES,
    security::RULES,
    settings::RULES,
    testing::RULES,
    style::RULES,
    docstrings::RULES,
];

/// Every rule that is built, in the order of the catalogue.
pub fn all() -> Vec<&'static Rule> {
    FAMILIES.into_iter().flatten().copied().collect()
}

/// Looks a built rule up by code or name.
pub fn find(key: &str) -> Option<&'static Rule> {
    all().into_iter().find(|rule| rule.entry.code.eq_ignore_ascii_case(key) || rule.entry.name == key)
}
