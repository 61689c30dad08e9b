//! The change of a pull request, believed only when it is of the head that was asked for: for up to a second after a
//! push the forge shows the new head beside an old diff, an old merge base, or both.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::forge::{ForgeError, Result};
use crate::model::change::{Change, CommitFiles, Commits};
use crate::model::id::Sha;
use crate::model::pull::{PullRequest, PullState};

use super::api::{Call, LONG, repo};
use super::patch::Patch;
use super::{Gitea, of, patch, wire};

const STEP: Duration = Duration::from_millis(200);
/// Five seconds in all.
const STEPS: u32 = 25;
/// The longest diff that is read; what follows is left out, and said.
const DIFF_CAP: usize = 32 * 1024 * 1024;
/// Files looked at: as many as GitHub lists.
const FILES: usize = 3_000;
/// Commits looked at one by one.
const COMMITS: usize = 250;
/// Merges of the target into the head that are compared with the merge base.
const JOINTS: usize = 8;

impl Gitea {
    pub(super) async fn read_change(&self, pull: &PullRequest) -> Result<Change> {
        let mut before = pull.clone();
        for step in 0..=STEPS {
            if step > 0 {
                tokio::time::sleep(STEP).await;
                before = self.pull(&pull.repository, pull.number).await?;
            }
            if before.head != pull.head {
                return Err(lagging(pull, &format!("its head moved to {}", before.head.short())));
            }
            if let Some(change) = self.try_read_change(&before).await? {
                self.files.learn(&pull.repository, &change.head).await;
                self.files.learn(&pull.repository, &change.merge_base).await;
                return Ok(change);
            }
        }
        Err(lagging(pull, "the forge's diff does not catch up with its head"))
    }

    /// `None` when the forge was between two states.
    async fn try_read_change(&self, before: &PullRequest) -> Result<Option<Change>> {
        let Some(merge_base) = &before.merge_base else { return Ok(None) };
        if self.pull_ref(before).await?.as_ref() != Some(&before.head) {
            return Ok(None);
        }
        let (diff, commits) = tokio::try_join!(self.diff(before), self.commits(before))?;
        let after = self.pull(&before.repository, before.number).await?;
        if after.head != before.head || after.merge_base.as_ref() != Some(merge_base) {
            return Ok(None);
        }
        if !self.is_fresh(&after, merge_base, &commits).await? {
            return Ok(None);
        }
        let (patch, cut) = (parsed(diff.text).await, diff.cut);
        let long = || format!("the diff is longer than {} MiB", DIFF_CAP / 1024 / 1024);
        let many = || format!("the diff has more than {FILES} files");
        Ok(Some(Change {
            merge_base: merge_base.clone(),
            target_tip: after.base_tip,
            head: after.head,
            files: patch.files,
            uncommitted: BTreeMap::new(),
            truncated: patch.cut.then(many).or_else(|| cut.then(long)),
            commits: commits.looked_at,
        }))
    }

    /// Where the base repository's own ref of the pull request stands: it decides what the diff shows.
    async fn pull_ref(&self, pull: &PullRequest) -> Result<Option<Sha>> {
        let name = format!("refs/pull/{}/head", pull.number);
        let what = of(format!("the head of pull request {}", pull.number), &pull.repository);
        let call = Call::get(what, format!("{}/git/{name}", repo(&pull.repository)));
        let refs: Vec<wire::GitRef> = match super::found(self.api.send(call).await)? {
            Some(answer) => answer.json()?,
            None => Vec::new(),
        };
        Ok(refs.iter().find(|r| r.name == name).and_then(|r| Sha::parse(&r.object.sha)))
    }

    async fn diff(&self, pull: &PullRequest) -> Result<Diff> {
        let what = of(format!("the diff of pull request {}", pull.number), &pull.repository);
        let call = Call::get(what, format!("{}/pulls/{}.diff", repo(&pull.repository), pull.number));
        let answer = self.api.send(call.timeout(LONG).cap(DIFF_CAP)).await?;
        let mut text = answer.body;
        if answer.cut {
            // The last file is not whole.
            let whole = text.windows(12).rposition(|w| w == b"\ndiff --git ").map_or(0, |at| at + 1);
            text.truncate(whole);
        }
        Ok(Diff { text, cut: answer.cut })
    }

    async fn commits(&self, pull: &PullRequest) -> Result<PullCommits> {
        let what = of(format!("the commits of pull request {}", pull.number), &pull.repository);
        let path = format!("{}/pulls/{}/commits", repo(&pull.repository), pull.number);
        let call = || {
            Call::get(what.clone(), path.clone())
                .query("files", true)
                .query("verification", false)
                .timeout(LONG)
        };
        let (listed, total) = self.api.list::<wire::Commit>(COMMITS, call).await?;
        Ok(PullCommits::new(&listed, total.unwrap_or(listed.len())))
    }

    /// Is the merge base the one of this head and this tip? It is updated later than both. The commits are listed
    /// against the true one, so it is among the commits they stand on; where there are several of those, because the
    /// target was merged in, it is the one that no other is ahead of.
    async fn is_fresh(&self, pull: &PullRequest, merge_base: &Sha, commits: &PullCommits) -> Result<bool> {
        if pull.state != PullState::Open || !commits.complete {
            return Ok(true);
        }
        if commits.stand_on.is_empty() {
            return Ok(*merge_base == pull.head);
        }
        if !commits.stand_on.contains(merge_base) {
            return Ok(false);
        }
        for other in commits.stand_on.iter().filter(|c| *c != merge_base).take(JOINTS) {
            if self.is_ancestor(pull, merge_base, other).await? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Is there nothing in `older` that `newer` does not have?
    async fn is_ancestor(&self, pull: &PullRequest, older: &Sha, newer: &Sha) -> Result<bool> {
        let what = of("a comparison", &pull.repository);
        let call = Call::get(what, format!("{}/compare/{newer}...{older}", repo(&pull.repository)));
        let comparison: wire::Comparison = self.api.send(call).await?.json()?;
        Ok(comparison.total_commits == 0)
    }
}

/// Off the async threads: a diff of many megabytes is a while's work.
async fn parsed(diff: Vec<u8>) -> Patch {
    match tokio::task::spawn_blocking(move || patch::parse(&diff, FILES)).await {
        Ok(patch) => patch,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

struct Diff {
    text: Vec<u8>,
    cut: bool,
}

struct PullCommits {
    looked_at: Commits,
    /// Parents of the listed commits that are not listed themselves.
    stand_on: BTreeSet<Sha>,
    /// All were listed.
    complete: bool,
}

impl PullCommits {
    /// `listed` is newest first.
    fn new(listed: &[wire::Commit], total: usize) -> Self {
        let own: BTreeSet<&str> = listed.iter().map(|c| c.sha.as_str()).collect();
        let parents = listed.iter().flat_map(|c| &c.parents).map(|p| p.sha.as_str());
        let stand_on = parents.filter(|p| !own.contains(p)).filter_map(Sha::parse).collect();
        let scanned = listed.iter().rev().filter(|c| c.parents.len() < 2).filter_map(commit_files).collect();
        let not_scanned = total.saturating_sub(listed.len());
        Self { looked_at: Commits { scanned, not_scanned }, stand_on, complete: not_scanned == 0 }
    }
}

fn commit_files(commit: &wire::Commit) -> Option<CommitFiles> {
    let written = commit.files.iter().filter(|f| f.status != "removed" && f.status != "deleted");
    Some(CommitFiles { sha: Sha::parse(&commit.sha)?, paths: written.map(|f| f.filename.clone()).collect() })
}

fn lagging(pull: &PullRequest, message: &str) -> ForgeError {
    let what = of(format!("pull request {} at {}", pull.number, pull.head.short()), &pull.repository);
    ForgeError::Transient { what, message: message.to_owned() }
}
