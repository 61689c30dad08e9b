//! Addresses for people, as far as this installation knows them.

use std::sync::Arc;

use crate::forge::Forge;
use crate::model::id::{Repository, RunId, Sha};
use crate::model::plan::Side;
use crate::report::wording::Links;
use crate::rules;

/// Links of one run.
pub(super) struct RunLinks {
    pub(super) forge: Arc<dyn Forge>,
    pub(super) repository: Repository,
    pub(super) head: Sha,
    pub(super) merge_base: Sha,
    /// Where our own pages are; `None`: nobody said.
    pub(super) public_url: Option<String>,
    pub(super) run: RunId,
}

impl std::fmt::Debug for RunLinks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RunLinks").field("run", &self.run).finish_non_exhaustive()
    }
}

impl Links for RunLinks {
    fn rule(&self, code: &str) -> Option<String> {
        let base = self.public_url.as_deref()?;
        rules::find(code).map(|rule| format!("{}/rules/{}", base.trim_end_matches('/'), rule.code()))
    }

    fn line(&self, side: Side, path: &str, line: Option<u32>) -> Option<String> {
        let commit = match side {
            Side::Head => &self.head,
            Side::Base => &self.merge_base,
        };
        Some(self.forge.line_url(&self.repository, commit, path, line))
    }

    fn run(&self) -> Option<String> {
        let base = self.public_url.as_deref()?;
        Some(format!("{}/runs/{}", base.trim_end_matches('/'), self.run))
    }
}
