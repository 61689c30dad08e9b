//! The trees of a run: head, merge base, tip, merge preview, deployed commits, single commits.

use std::sync::Arc;

use crate::model::change::Change;
use crate::model::id::Sha;
use crate::project::migrations::deployed::Deployed;
use crate::project::{Facts, Project};
use crate::rules::{Against, Context, Judging, Rule};
use crate::source::{Snapshot, SnapshotId};

use super::DeployedAt;

/// All projects of a run. Commits that are the same share one.
#[derive(Debug)]
pub struct Sides {
    pub head: Arc<Project>,
    pub merge_base: Arc<Project>,
    pub target_tip: Arc<Project>,
    /// The tip with the change laid over it.
    pub merged: Arc<Project>,
    pub commits: Vec<Arc<Project>>,
    pub deployed: Deployed,
    /// What was understood of them.
    pub facts: Arc<Facts>,
}

impl Sides {
    pub fn new(change: &Change, deployed: DeployedAt) -> Self {
        let facts = Arc::new(Facts::default());
        let project = |snapshot| Arc::new(Project::new(Arc::new(snapshot), facts.clone()));
        let fresh = |id, commit: &Sha| project(Snapshot::new(id, commit.clone()));
        let head = fresh(SnapshotId::Head, &change.head);
        let merge_base = fresh(SnapshotId::MergeBase, &change.merge_base);
        let same = |commit: &Sha, others: &[&Arc<Project>], id| {
            let shared = others.iter().find(|p| p.snapshot().commit() == commit).map(|p| (*p).clone());
            shared.unwrap_or_else(|| fresh(id, commit))
        };
        let target_tip = same(&change.target_tip, &[&merge_base], SnapshotId::TargetTip);
        let merged = if change.target_tip == change.merge_base {
            head.clone()
        } else {
            let preview =
                Snapshot::merge_preview(head.snapshot().clone(), target_tip.snapshot().clone(), change);
            project(preview)
        };
        let projects = deployed.commits.iter().enumerate();
        let projects = projects
            .map(|(i, sha)| same(sha, &[&target_tip, &merge_base], SnapshotId::Deployed(i)))
            .collect();
        let commits = change
            .commits
            .scanned
            .iter()
            .enumerate()
            .map(|(i, commit)| project(Snapshot::unlisted(SnapshotId::Commit(i), commit.sha.clone())));
        let commits = commits.collect();
        Self {
            head,
            merge_base,
            target_tip,
            merged,
            commits,
            deployed: Deployed { evidence: deployed.evidence, projects },
            facts,
        }
    }

    /// What a rule sees on one side; `None` on the baseline of a rule that has none.
    pub fn context<'a>(
        &'a self,
        rule: &Rule,
        judging: Judging,
        change: &'a Change,
        excluded: &'a dyn Fn(&str) -> bool,
    ) -> Option<Context<'a>> {
        let here = match (judging, rule.against) {
            (Judging::Head, Against::TargetTip) => &self.merged,
            (Judging::Head, _) => &self.head,
            (Judging::Baseline, Against::ChangedLines | Against::MergeBase) => &self.merge_base,
            (Judging::Baseline, Against::TargetTip) => &self.target_tip,
            (Judging::Baseline, Against::Nothing) => return None,
        };
        Some(Context {
            change,
            judging,
            here,
            head: &self.head,
            merge_base: &self.merge_base,
            target_tip: &self.target_tip,
            commits: &self.commits,
            deployed: &self.deployed,
            excluded,
        })
    }

    /// The snapshot that a want is about.
    pub fn snapshot(&self, id: SnapshotId) -> Option<&Arc<Snapshot>> {
        let project = match id {
            SnapshotId::Head => Some(&self.head),
            SnapshotId::MergeBase => Some(&self.merge_base),
            SnapshotId::TargetTip => Some(&self.target_tip),
            SnapshotId::Deployed(index) => self.deployed.projects.get(index),
            SnapshotId::Commit(index) => self.commits.get(index),
        };
        project.map(|p| p.snapshot())
    }
}
