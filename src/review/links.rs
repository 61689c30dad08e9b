//! Addresses for people, as far as this installation knows them.

use crate::model::id::Sha;
use crate::model::plan::Side;
use crate::report::wording::Links;
use crate::rules;

use super::run::Run;

/// Links of one run.
pub(super) struct RunLinks<'a> {
    run: Run<'a>,
    merge_base: &'a Sha,
}

impl<'a> Run<'a> {
    pub(super) fn links(self, merge_base: &'a Sha) -> RunLinks<'a> {
        RunLinks { run: self, merge_base }
    }
}

impl RunLinks<'_> {
    /// Below the address of our own pages.
    fn own(&self, path: &str) -> Option<String> {
        Some(format!("{}/{path}", self.run.work.public_url?.trim_end_matches('/')))
    }
}

impl std::fmt::Debug for RunLinks<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RunLinks").field("run", self.run.id).finish_non_exhaustive()
    }
}

impl Links for RunLinks<'_> {
    fn rule(&self, code: &str) -> Option<String> {
        self.own(&format!("rules/{}", rules::find(code)?.code()))
    }

    fn line(&self, side: Side, path: &str, line: Option<u32>) -> Option<String> {
        let commit = match side {
            Side::Head => &self.run.about.head,
            Side::Base => self.merge_base,
        };
        Some(self.run.work.forge.line_url(self.run.repository, commit, path, line))
    }

    fn run(&self) -> Option<String> {
        self.own(&format!("runs/{}", self.run.id))
    }
}
