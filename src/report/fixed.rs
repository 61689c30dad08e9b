//! What `check --fix` did, and what it left alone.

use crate::model::finding::Finding;

use super::escape::clean;
use super::wording::{plain, plain_clause, spot};

/// What became of the safe fixes of a run.
#[derive(Debug)]
pub struct Fixed<'a> {
    pub fixed: &'a [Finding],
    /// Paths, each with a sentence that says why.
    pub left_alone: &'a [(String, String)],
    /// Findings that are still there.
    pub left: usize,
    /// Nothing was written.
    pub only_shown: bool,
}

impl Fixed<'_> {
    /// A line for each, then the numbers.
    pub fn render(&self) -> String {
        let did = if self.only_shown { "would fix" } else { "fixed" };
        let line = |finding: &Finding| {
            let spot = spot(&finding.place).unwrap_or_default();
            format!("{did}: {spot} {} {}\n", finding.code, plain_clause(&finding.headline))
        };
        let alone = |(path, why): &(String, String)| format!("not fixed: {}: {}\n", clean(path), plain(why));
        let fixed = self.fixed.iter().map(line);
        let done = if self.only_shown { "would be fixed" } else { "fixed" };
        let numbers = format!("{} {done}, {} left\n", self.fixed.len(), self.left);
        fixed.chain(self.left_alone.iter().map(alone)).chain([numbers]).collect()
    }
}
