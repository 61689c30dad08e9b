//! A job that is being done, and one run of it: data that everything else here is functions over.

use crate::forge::Forge;
use crate::forge::retry::{Retry, Retrying};
use crate::model::id::{Repository, RunId, Sha};
use crate::model::pull::PullRequest;
use crate::store::Store;
use crate::store::clock::Clock;
use crate::store::jobs::Claim;
use crate::store::pulls::PullKey;
use crate::store::runs::RunSummary;

use super::perform::{JobError, Lease};

/// A claimed job, and what it is done with.
#[derive(Clone, Copy)]
pub(super) struct Work<'a> {
    pub(super) job: &'a Claim,
    pub(super) lease: &'a dyn Lease,
    pub(super) forge: &'a dyn Forge,
    pub(super) store: &'a Store,
    pub(super) clock: &'a Clock,
    pub(super) retry: &'a Retry,
    /// Where our own pages are; `None`: nobody said.
    pub(super) public_url: Option<&'a str>,
}

impl<'a> Work<'a> {
    /// The run of this job, about `about`.
    pub(super) fn run(self, repository: &'a Repository, about: &'a About) -> Run<'a> {
        let started = self.clock.now();
        Run { work: self, id: &self.job.run, repository, about, started, resumed: true }
    }

    /// Every read is tried again by itself.
    pub(super) fn reader(&self) -> Retrying<'a> {
        Retrying { reader: self.forge, retry: self.retry }
    }

    pub(super) fn key(&self, repository: &Repository, number: u64) -> PullKey {
        PullKey { forge: self.job.job.forge.clone(), repository: repository.id, number }
    }

    /// Asked before each write, to the forge and to the store.
    pub(super) async fn still_ours(&self) -> Result<(), JobError> {
        if self.lease.holds().await { Ok(()) } else { Err(JobError::lease_lost()) }
    }
}

/// One run of a job.
#[derive(Clone, Copy)]
pub(super) struct Run<'a> {
    pub(super) work: Work<'a>,
    /// The job's own, or that of an earlier run which this job ends.
    pub(super) id: &'a RunId,
    pub(super) repository: &'a Repository,
    pub(super) about: &'a About,
    /// Unix milliseconds.
    pub(super) started: i64,
    /// It was begun before: by an earlier attempt, or by a process that was stopped.
    pub(super) resumed: bool,
}

/// What a run is about.
#[derive(Debug)]
pub(super) struct About {
    pub(super) head: Sha,
    /// Name of the branch it is to be merged into; empty while that is not known.
    pub(super) base_branch: String,
    pub(super) draft: bool,
    /// The pull request's page on the forge.
    pub(super) web_url: Option<String>,
}

impl About {
    pub(super) fn of(pull: &PullRequest) -> Self {
        Self {
            head: pull.head.clone(),
            base_branch: pull.base_branch.clone(),
            draft: pull.draft,
            web_url: Some(pull.web_url.clone()),
        }
    }

    /// As far as nothing but the head is known.
    pub(super) fn head(head: &Sha) -> Self {
        Self { head: head.clone(), base_branch: String::new(), draft: false, web_url: None }
    }

    /// As it was when the run began.
    pub(super) fn of_run(run: &RunSummary) -> Self {
        Self { base_branch: run.base_branch.clone(), ..Self::head(&run.head) }
    }
}
