//! Writing to the forge: review first, then the edits, then the final status. Every step may be repeated.

use std::time::Duration;

use crate::forge::{ForgeError, PostedReview};
use crate::model::plan::{CommentEdit, Plan, Side};
use crate::model::pull::PullRequest;
use crate::report::plan::{PlanInput, plan, remember};

use super::judge::Judged;
use super::perform::JobError;
use super::run::Run;
use super::{ledger, status};

/// Between two writes of one account, in milliseconds: GitHub asks for a second, and for no bursts.
const WRITE_GAP: i64 = 1_000;

/// How publishing ended.
pub(super) enum Ended {
    Published,
    /// The pull request is not what was judged any more: as it is now.
    Moved(Box<PullRequest>),
}

/// Review, edits, status, in this order.
pub(super) async fn publish(
    run: &Run<'_>,
    pull: &PullRequest,
    judged: &Judged,
    max_comments: usize,
    review_wanted: bool,
) -> Result<Ended, JobError> {
    let forge = run.work.forge;
    let key = run.work.key(&pull.repository, pull.number);
    let stored = run.work.store.postings(&key).await?;
    let present = run.work.retry.run(|| forge.fetch_own_postings(pull)).await?;
    let links = run.links(&judged.judgement.merge_base);
    let line_text =
        |path: &str, line: u32| judged.engine.text(Side::Head, path).map(|t| t.line(line).to_owned());
    let input = PlanInput {
        judgement: &judged.judgement,
        change: judged.engine.change(),
        stored: &stored,
        present: &present,
        capabilities: forge.capabilities(),
        links: &links,
        base_branch: &run.about.base_branch,
        max_comments,
        review_wanted,
        line_text: &line_text,
    };
    let plan = plan(&input);
    if let Some(now) = moved(run, pull).await? {
        return Ok(Ended::Moved(Box::new(now)));
    }
    let posted = review(run, pull, &plan).await?;
    let remembered = |edited: &[CommentEdit]| remember(&input, &posted.postings, &posted.demoted, edited);
    // At once: should an edit break off, what the review said would be unknown to the next attempt.
    ledger::save_postings(run, &key, &remembered(&[])).await?;
    let edited = edits(run, pull, &plan).await?;
    let postings = remembered(&edited);
    ledger::save_postings(run, &key, &postings).await?;
    status::conclude_judged(run, &judged.judgement, &postings).await?;
    Ok(Ended::Published)
}

/// The pull request as it is now, if it is not what was judged any more.
async fn moved(run: &Run<'_>, pull: &PullRequest) -> Result<Option<PullRequest>, JobError> {
    let (forge, retry) = (run.work.forge, run.work.retry);
    let standing = retry.run(|| forge.fetch_standing(pull)).await?;
    if standing == pull.standing() {
        return Ok(None);
    }
    let mut now = retry.run(|| forge.fetch_pull(&pull.repository, pull.number)).await?;
    // The whole may lag behind: what was asked for by itself counts.
    now.head = standing.head;
    now.base_branch = standing.base_branch;
    Ok(Some(now))
}

/// One review, never posted blindly twice. Refused for want of rights, the status still says it all.
async fn review(run: &Run<'_>, pull: &PullRequest, plan: &Plan) -> Result<PostedReview, JobError> {
    let nothing = PostedReview { postings: Vec::new(), demoted: Vec::new() };
    let Some(review) = &plan.review else { return Ok(nothing) };
    pace(run).await?;
    run.work.still_ours().await?;
    match run.work.forge.ensure_review(pull, review).await {
        Ok(posted) => Ok(posted),
        Err(ForgeError::Forbidden { what, message }) => {
            tracing::warn!(what, message, "the forge refuses our review; the status is set all the same");
            Ok(nothing)
        }
        Err(error) => Err(error.into()),
    }
}

/// Gives the edits that the forge took; what a person removed meanwhile is found out by the next run.
async fn edits(run: &Run<'_>, pull: &PullRequest, plan: &Plan) -> Result<Vec<CommentEdit>, JobError> {
    let mut edited = Vec::new();
    for edit in &plan.edits {
        pace(run).await?;
        run.work.still_ours().await?;
        match run.work.retry.run(|| run.work.forge.ensure_comment(pull, edit)).await {
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
async fn pace(run: &Run<'_>) -> Result<(), JobError> {
    let gap = if run.work.forge.capabilities().check_runs { WRITE_GAP } else { 0 };
    if gap == 0 {
        return Ok(());
    }
    let now = run.work.clock.now();
    let (forge, account) = (&run.work.job.job.forge, run.repository.installation);
    let at = run.work.store.reserve_write(forge, account, now, gap).await?;
    if let Ok(wait) = u64::try_from(at - now) {
        tokio::time::sleep(Duration::from_millis(wait)).await;
    }
    Ok(())
}
