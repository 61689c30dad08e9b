//! Which lines must not be shown: a line that holds a secret is a secret, whatever else is wrong with it.

use std::ops::Range;

use crate::model::catalogue;
use crate::model::finding::{NodeText, Place};
use crate::model::judgement::Judgement;

/// The head lines of all findings about secrets.
#[derive(Clone, Debug, Default)]
pub(super) struct SecretLines<'a> {
    lines: Vec<(&'a str, Range<u32>)>,
}

impl<'a> SecretLines<'a> {
    pub(super) fn of(judgement: &'a Judgement) -> Self {
        let all = judgement.findings.iter().chain(judgement.suppressed.iter().map(|(reported, _)| reported));
        let lines = all.map(|r| &r.finding).filter(|f| matches!(f.node, NodeText::Secret(_))).filter_map(
            |f| match &f.place {
                // The values may stand anywhere in it: an env file's finding stands at one of them.
                Place::Head { path, .. } if f.code == catalogue::ENV001.code => {
                    Some((path.as_str(), 0..u32::MAX))
                }
                Place::Path(path) => Some((path.as_str(), 0..u32::MAX)),
                Place::Head { path, span } => Some((path.as_str(), span.lines())),
                Place::Base { .. } | Place::Repository => None,
            },
        );
        Self { lines: lines.collect() }
    }

    pub(super) fn hides(&self, path: &str, lines: &Range<u32>) -> bool {
        self.lines
            .iter()
            .any(|(p, hidden)| *p == path && hidden.start < lines.end && lines.start < hidden.end)
    }
}
