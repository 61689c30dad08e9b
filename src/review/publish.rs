//! Writing to the forge: review first, then the edits, then the final status. Every step may be repeated.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use crate::forge::retry::Retrying;
use crate::forge::{Forge, ForgeError, PostedReview, requests};
use crate::model::change::Change;
use crate::model::finding::Fingerprint;
use crate::model::id::{Repository, RunId, Sha, Target};
use crate::model::judgement::Judgement;
use crate::model::plan::{CommentEdit, Plan, Posting, Side};
use crate::model::policy::Policy;
use crate::model::pull::PullRequest;
use crate::model::status::Status;
use crate::report::plan::{PlanInput, plan, remember};
use crate::report::status::{self, Setting, Stage};
use crate::store::jobs::Claim;
use crate::store::pulls::{HeadVerdict, PullKey};
use crate::store::runs::{RunEnd, RunOutcome, RunPage};

use super::judge::{Judged, judge};
use super::ledger::About;
use super::links::RunLinks;
use super::page::{self, Effort};
use super::prepare::{self, Branches, PolicyRead};
use super::reviewer::Reviewer;
use super::shared_head::{greener, worse_than_own};
use super::{JobError, Lease};

/// Between two writes of one account, in milliseconds: GitHub asks for a second, and for no bursts.
const WRITE_GAP: i64 = 1_000;

/// Findings of one run that are told: more help nobody, and each is compared with all that was posted.
const MAX_FINDINGS: usize = 2_000;

/// One run's hand on the forge.
pub(super) struct Publisher<'a> {
    pub(super) reviewer: &'a Reviewer,
    pub(super) forge: &'a Arc<dyn Forge>,
    pub(super) job: &'a Claim,
    /// The job's own, or an earlier one that it ends.
    pub(super) run: &'a RunId,
    pub(super) repository: &'a Repository,
    pub(super) about: &'a About,
    pub(super) lease: &'a dyn Lease,
    pub(super) started: i64,
    /// The run was begun before: by an earlier attempt, or by a process that was stopped.
    pub(super) resumed: bool,
}

/// How publishing ended.
pub(super) enum Ended {
    Published,
    /// The pull request is not what was judged any more: as it is now.
    Moved(Box<PullRequest>),
}

impl Publisher<'_> {
    fn links(&self, merge_base: &Sha) -> RunLinks {
        RunLinks {
            forge: self.forge.clone(),
            repository: self.repository.clone(),
            head: self.about.head.clone(),
            merge_base: merge_base.clone(),
            public_url: self.reviewer.public_url.clone(),
            run: self.run.clone(),
        }
    }

    fn status(&self, stage: &Stage<'_>, links: &RunLinks) -> Status {
        let setting = Setting {
            sha: &self.about.head,
            run: self.run,
            resumed: self.resumed,
            capabilities: self.forge.capabilities(),
            links,
            base_branch: &self.about.base_branch,
        };
        status::status(&setting, stage)
    }

    /// Asked before each write. Whoever took the job over carries on; written down under our token, this changes nothing.
    async fn still_ours(&self) -> Result<(), JobError> {
        if self.lease.holds().await {
            return Ok(());
        }
        Err(JobError::Retry("the lease was lost before a write".to_owned()))
    }

    async fn set(&self, status: &Status) -> Result<(), ForgeError> {
        let set = || self.forge.ensure_status(self.repository, status);
        self.reviewer.retry.run(set).await
    }

    /// A status that is not the last: before anything is read, and when the run is put off.
    pub(super) async fn tell(&self, stage: &Stage<'_>) -> Result<(), JobError> {
        self.still_ours().await?;
        Ok(self.set(&self.status(stage, &self.links(&self.about.head))).await?)
    }

    fn reader(&self) -> Retrying<'_> {
        Retrying { reader: self.forge.as_ref(), retry: &self.reviewer.retry }
    }

    /// The policy that judges the change. `None`: it is broken, and the forge shows so.
    pub(super) async fn policy(&self, change: &Change) -> Result<Option<Policy>, JobError> {
        let fault = match prepare::policy(&self.reader(), self.repository, change).await? {
            PolicyRead::Valid(policy) => return Ok(Some(*policy)),
            PolicyRead::Broken(fault) => prepare::broken_policy(&fault, &self.about.base_branch),
        };
        let stage = Stage::PolicyUnreadable { fault: &fault };
        self.conclude(&stage, RunOutcome::Broken, "The policy is broken", fault.clone()).await?;
        Ok(None)
    }

    /// `default`: the repository's default branch.
    pub(super) async fn judge(
        &self,
        change: Change,
        policy: Policy,
        default: String,
    ) -> Result<Judged, JobError> {
        let branches = Branches { target: self.about.base_branch.clone(), default };
        let reader = self.reader();
        let input = prepare::input(&reader, self.repository, change, policy, &branches).await?;
        let mut judged = judge(&reader, self.repository, input).await?;
        judged.judgement.limit(MAX_FINDINGS);
        Ok(judged)
    }

    /// Ends a run that a newer one took over from, or whose pull request or group is gone.
    pub(super) async fn supersede(&self, by: Option<&Sha>) -> Result<(), JobError> {
        let stage = Stage::Superseded { by };
        self.conclude(&stage, RunOutcome::Superseded, "Superseded", String::new()).await
    }

    /// Ends a run whose status is not to be touched: a newer run's is the same one.
    pub(super) async fn leave(&self) -> Result<(), JobError> {
        let page = page::without_verdict("Superseded", String::new());
        self.finish(RunOutcome::Superseded, None, page).await
    }

    /// Ends a run without a verdict. One whose last word the forge refused stays unfinished, so that a sweep returns.
    pub(super) async fn conclude(
        &self,
        stage: &Stage<'_>,
        mut outcome: RunOutcome,
        heading: &str,
        reason: String,
    ) -> Result<(), JobError> {
        self.still_ours().await?;
        let mut status = self.status(stage, &self.links(&self.about.head));
        if outcome != RunOutcome::Superseded {
            status = self.speak_for_the_worst(outcome, status).await?;
        }
        match self.set(&status).await {
            Ok(()) => {}
            // The commit is gone with its branch: nobody was told, and it does not count as judged should it return.
            Err(ForgeError::NotFound { .. } | ForgeError::Gone { .. }) => outcome = RunOutcome::Superseded,
            // A newer run speaks for the pull request, or it is closed.
            Err(error @ (ForgeError::Forbidden { .. } | ForgeError::Invalid { .. }))
                if outcome == RunOutcome::Superseded =>
            {
                tracing::warn!(%error, "an earlier status could not be concluded");
            }
            Err(error) => return Err(error.into()),
        }
        self.outweigh(outcome).await?;
        let page = page::without_verdict(heading, reason);
        self.finish(outcome, None, page).await
    }

    async fn finish(
        &self,
        outcome: RunOutcome,
        judgement: Option<&Judgement>,
        page: RunPage,
    ) -> Result<(), JobError> {
        let end = RunEnd {
            outcome,
            base: judgement.map(|j| j.target_tip.clone()),
            merge_base: judgement.map(|j| j.merge_base.clone()),
            finished_at: self.reviewer.clock.now(),
            page,
        };
        Ok(self.reviewer.store.finish_run(self.run, &end).await?)
    }

    /// Review, edits, status, in this order.
    pub(super) async fn publish(
        &self,
        pull: &PullRequest,
        judged: &Judged,
        max_comments: usize,
        review_wanted: bool,
    ) -> Result<Ended, JobError> {
        let store = &self.reviewer.store;
        let key = PullKey {
            forge: self.job.job.forge.clone(),
            repository: pull.repository.id,
            number: pull.number,
        };
        let stored = store.postings(&key).await?;
        let retry = &self.reviewer.retry;
        let present = retry.run(|| self.forge.fetch_own_postings(pull)).await?;
        let links = self.links(&judged.judgement.merge_base);
        let line_text =
            |path: &str, line: u32| judged.engine.text(Side::Head, path).map(|t| t.line(line).to_owned());
        let input = PlanInput {
            judgement: &judged.judgement,
            change: judged.engine.change(),
            stored: &stored,
            present: &present,
            capabilities: self.forge.capabilities(),
            links: &links,
            base_branch: &self.about.base_branch,
            max_comments,
            review_wanted,
            line_text: &line_text,
        };
        let plan = plan(&input);
        if let Some(now) = self.moved(pull).await? {
            return Ok(Ended::Moved(Box::new(now)));
        }
        let posted = self.review(pull, &plan).await?;
        let remembered = |edited: &[CommentEdit]| remember(&input, &posted.postings, &posted.demoted, edited);
        // At once: should an edit break off, what the review said would be unknown to the next attempt.
        store.save_postings(&key, &remembered(&[])).await?;
        let edited = self.edits(pull, &plan).await?;
        let postings = remembered(&edited);
        store.save_postings(&key, &postings).await?;
        self.publish_status(judged, &postings).await?;
        Ok(Ended::Published)
    }

    /// The pull request as it is now, if it is not what was judged any more.
    async fn moved(&self, pull: &PullRequest) -> Result<Option<PullRequest>, JobError> {
        let retry = &self.reviewer.retry;
        let standing = retry.run(|| self.forge.fetch_standing(pull)).await?;
        if standing == pull.standing() {
            return Ok(None);
        }
        let mut now = retry.run(|| self.forge.fetch_pull(&pull.repository, pull.number)).await?;
        // The whole may lag behind: what was asked for by itself counts.
        now.head = standing.head;
        now.base_branch = standing.base_branch;
        Ok(Some(now))
    }

    /// One review, never posted blindly twice. Refused for want of rights, the status still says it all.
    async fn review(&self, pull: &PullRequest, plan: &Plan) -> Result<PostedReview, JobError> {
        let nothing = PostedReview { postings: Vec::new(), demoted: Vec::new() };
        let Some(review) = &plan.review else { return Ok(nothing) };
        self.pace().await?;
        self.still_ours().await?;
        match self.forge.ensure_review(pull, review).await {
            Ok(posted) => Ok(posted),
            Err(ForgeError::Forbidden { what, message }) => {
                tracing::warn!(what, message, "the forge refuses our review; the status is set all the same");
                Ok(nothing)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Gives the edits that the forge took; what a person removed meanwhile is found out by the next run.
    async fn edits(&self, pull: &PullRequest, plan: &Plan) -> Result<Vec<CommentEdit>, JobError> {
        let mut edited = Vec::new();
        for edit in &plan.edits {
            self.pace().await?;
            self.still_ours().await?;
            let retry = &self.reviewer.retry;
            match retry.run(|| self.forge.ensure_comment(pull, edit)).await {
                Ok(()) => edited.push(edit.clone()),
                Err(ForgeError::NotFound { .. }) => {}
                Err(error @ (ForgeError::Forbidden { .. } | ForgeError::Invalid { .. })) => {
                    tracing::warn!(comment = edit.forge_id, %error, "the forge refuses to change our comment");
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(edited)
    }

    /// Waits for the account's turn: writes are a second apart, over all replicas.
    async fn pace(&self) -> Result<(), JobError> {
        let gap = if self.forge.capabilities().check_runs { WRITE_GAP } else { 0 };
        if gap == 0 {
            return Ok(());
        }
        let now = self.reviewer.clock.now();
        let account = self.repository.installation;
        let at = self.reviewer.store.reserve_write(&self.job.job.forge, account, now, gap).await?;
        if let Ok(wait) = u64::try_from(at - now) {
            tokio::time::sleep(Duration::from_millis(wait)).await;
        }
        Ok(())
    }

    /// The final status and the run's page.
    pub(super) async fn publish_status(&self, judged: &Judged, postings: &[Posting]) -> Result<(), JobError> {
        let judgement = &judged.judgement;
        let links = self.links(&judgement.merge_base);
        let inline: HashSet<&Fingerprint> = status::inline(postings);
        let status = self.status(&Stage::Judged { judgement, inline: &inline }, &links);
        let outcome = RunOutcome::Verdict(judgement.verdict());
        let status = self.speak_for_the_worst(outcome, status).await?;
        self.still_ours().await?;
        self.set(&status).await?;
        self.outweigh(outcome).await?;
        let milliseconds = u64::try_from(self.reviewer.clock.now() - self.started).unwrap_or(0);
        let effort = Effort { requests: requests::so_far(), milliseconds };
        let page = page::page(judgement, &inline, &links, effort);
        self.finish(outcome, Some(judgement), page).await
    }

    /// Where two open pull requests share the head, its one status is that of the worse.
    async fn speak_for_the_worst(&self, own: RunOutcome, status: Status) -> Result<Status, JobError> {
        let Target::Pull(number) = self.job.job.target else { return Ok(status) };
        let store = &self.reviewer.store;
        let key = PullKey { forge: self.job.job.forge.clone(), repository: self.repository.id, number };
        let description = status.description.clone();
        let verdict = HeadVerdict { number, outcome: own, description };
        store.save_verdict(&key, &self.about.head, &verdict).await?;
        let all = store.latest_verdicts_for_head(&key.forge, key.repository, &self.about.head).await?;
        if let Some(worse) = worse_than_own(own, number, all) {
            let longest = self.forge.capabilities().status_description;
            let outcome = worse.outcome.outcome();
            return Ok(status::speaking_for(worse.number, outcome, &worse.description, status, longest));
        }
        Ok(status)
    }

    /// A check run that was begun after ours hides it, and a status that was on its way replaces it. So whoever is
    /// green at this head, and we are not, is judged again: by then it speaks for us.
    async fn outweigh(&self, own: RunOutcome) -> Result<(), JobError> {
        let (Target::Pull(number), false) = (&self.job.job.target, own == RunOutcome::Superseded) else {
            return Ok(());
        };
        let (reviewer, head) = (self.reviewer, &self.about.head);
        let all =
            reviewer.store.latest_verdicts_for_head(&self.job.job.forge, self.repository.id, head).await?;
        let others = greener(own, *number, all);
        reviewer.ask_again(self.job, self.repository, head, others).await
    }
}
