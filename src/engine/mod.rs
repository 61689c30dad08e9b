//! Select the rules, run them on head, subtract what the baseline has too, suppress, and judge.
//!
//! The engine is pure: it asks for files by [`Step::Need`] and is given them by [`Engine::supply_tree`] and
//! [`Engine::supply_file`]. Whoever drives it does the reading and holds the clock.

pub mod adopting;
pub mod bounds;
mod exclude;
pub mod fixes;
mod introduced;
mod judge;
mod policy_change;
mod pool;
mod precedence;
mod reader;
mod reading;
mod runner;
pub mod selection;
mod sides;
mod suppress;
#[cfg(test)]
mod tests;
mod unparsed;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use crate::config::policy::PolicyFault;
use crate::model::change::{Change, FileStatus};
use crate::model::id::Sha;
use crate::model::judgement::{Judgement, NotLookedAt};
use crate::model::plan::Side;
use crate::model::policy::{Habit, Policy};
use crate::project::migrations::deployed::Evidence;
use crate::source::snapshot::both;
use crate::source::{Blob, NotLoaded, SnapshotId, Text, Tree, Want, diff};

use bounds::{Bounds, Progress, Scope};
use exclude::{ATTRIBUTES, Excluded};
use introduced::AtHead;
use pool::Pool;
use reader::Intake;
use runner::{Runner, Scene};
use selection::Selection;

pub use sides::Sides;

/// How long the calling thread has computed since it began: two readings tell what lies between.
pub type Clock = dyn Fn() -> Duration + Sync;

/// What counts as deployed: commits, in the order that `source` names them.
#[derive(Clone, Debug)]
pub struct DeployedAt {
    pub evidence: Evidence,
    pub commits: Vec<Sha>,
}

/// Everything a run starts from.
#[derive(Clone, Debug)]
pub struct Input {
    pub change: Change,
    pub policy: Policy,
    pub deployed: DeployedAt,
    /// Faults that were found before the engine ran: they make the verdict incomplete.
    pub not_looked_at: Vec<NotLookedAt>,
    /// Files and folders (`shut/`) that nobody could read: incomplete where a rule has to understand them.
    pub unread: Vec<NotLookedAt>,
    pub notes: Vec<String>,
    /// A fault in the policy file as this change leaves it: an error finding on its line.
    pub policy_fault: Option<PolicyFault>,
    /// What most files of the base break, where the profile asks for it.
    pub habits: Vec<Habit>,
    pub bounds: Bounds,
    pub scope: Scope,
    pub selection: Selection,
    pub progress: Arc<Progress>,
}

impl Input {
    /// What a pull request is judged by, and nothing to say yet.
    pub fn new(change: Change, policy: Policy, deployed: DeployedAt) -> Self {
        Self {
            change,
            policy,
            deployed,
            not_looked_at: Vec::new(),
            unread: Vec::new(),
            notes: Vec::new(),
            policy_fault: None,
            habits: Vec::new(),
            bounds: Bounds::FORGE,
            scope: Scope::Change,
            selection: Selection::default(),
            progress: Arc::default(),
        }
    }
}

/// What the engine wants next.
#[derive(Debug)]
pub enum Step {
    /// Read these, in one batch, and supply them; then step again.
    Need(Vec<Want>),
    Done(Box<Judgement>),
}

/// One run over one change.
#[derive(Debug)]
pub struct Engine {
    input: Input,
    sides: Sides,
    excluded: Excluded,
    intake: Intake,
    runner: Runner,
    pool: Arc<Pool>,
    /// All that is asked for before the rules run was read.
    prepared: bool,
    not_looked_at: Vec<NotLookedAt>,
}

impl Engine {
    pub fn new(mut input: Input) -> Self {
        let sides = Sides::new(&input.change, input.deployed.clone());
        let on = input.selection.rules(&input.policy);
        let mut not_looked_at = std::mem::take(&mut input.not_looked_at);
        if let Some(reason) = &input.change.truncated {
            not_looked_at.push(NotLookedAt::change(reason.clone()));
        }
        Self {
            runner: Runner::new(on, input.bounds.time, input.progress.clone()),
            excluded: Excluded::new(&input.policy.exclude),
            intake: Intake::new(input.bounds),
            input,
            sides,
            pool: Pool::shared(),
            prepared: false,
            not_looked_at,
        }
    }

    /// The change with all hunks, also those that we computed.
    pub fn change(&self) -> &Change {
        &self.input.change
    }

    /// The text of a file that was read, at head or at the merge base. Of one that is not UTF-8 no line is shown or
    /// offered: it would come back in another encoding.
    pub fn text(&self, side: Side, path: &str) -> Option<Text> {
        let project = match side {
            Side::Head => &self.sides.head,
            Side::Base => &self.sides.merge_base,
        };
        project.file(path).ok()?.text().cloned()
    }

    /// The commit that a wanted thing is read at.
    pub fn commit_of(&self, want: &Want) -> Sha {
        let snapshot = self.sides.snapshot(want.snapshot());
        snapshot.unwrap_or(self.sides.head.snapshot()).commit().clone()
    }

    pub fn supply_tree(&mut self, want: &Want, tree: Tree) {
        if tree.truncated && want.snapshot() == SnapshotId::Head {
            let reason = "the repository has more files than the forge lists".to_owned();
            self.not_looked_at.push(NotLookedAt::change(reason));
        }
        self.intake.supply_tree(&self.sides, &self.input.change, want, tree);
    }

    pub fn supply_file(&mut self, want: &Want, blob: Blob) {
        self.intake.supply_file(&self.sides, want, blob);
    }

    /// May it be given more? Beyond this the next step gives up.
    pub fn has_room(&self) -> bool {
        self.intake.has_room()
    }

    /// Runs every rule that can run. What they compute is measured by `clock`; past the bound the run ends as
    /// incomplete.
    pub fn step(&mut self, clock: &Clock) -> Step {
        pool::on_large_stack(|| match self.intake.next_round() {
            Ok(()) => self.advance(clock),
            Err(asked_for) => Step::Done(Box::new(self.judge_without_waiting(&asked_for))),
        })
    }

    fn advance(&mut self, clock: &Clock) -> Step {
        loop {
            let missing = match self.prepare() {
                Err(missing) => missing,
                Ok(()) => self.run_rules(clock),
            };
            let missing = if missing.wants.is_empty() { self.compared_last() } else { missing };
            if missing.wants.is_empty() {
                return Step::Done(Box::new(self.judge(true)));
            }
            let missing = self.intake.give_known(&self.sides, missing);
            if missing.wants.is_empty() {
                continue;
            }
            return match self.intake.may_ask(&self.sides, &missing.wants) {
                Ok(()) => Step::Need(missing.wants.into_iter().collect()),
                Err(asked_for) => Step::Done(Box::new(self.judge_without_waiting(&asked_for))),
            };
        }
    }

    /// What every run needs before the rules: the trees, the changed files, and what names alone tell to be asked for.
    fn prepare(&mut self) -> Result<(), NotLoaded> {
        if self.prepared {
            return Ok(());
        }
        let change = &self.input.change;
        reading::trees(change, &self.sides, &self.runner.rules)?;
        // From the base side: a change cannot take itself out of its own judgement. A whole project has no such side.
        let whole = self.input.scope.is_whole();
        let attributes = if whole { &self.sides.head } else { &self.sides.merge_base }.text(ATTRIBUTES);
        if let Ok(Some(text)) = &attributes {
            self.excluded.read_attributes(text);
        }
        let skips = |path: &str| self.skips(path);
        both(attributes, reading::files(change, &self.sides, &self.runner.rules, &skips))?;
        compute_missing_hunks(&mut self.input.change, &self.sides);
        self.prepared = true;
        Ok(())
    }

    /// Is no rule shown the file of this path?
    fn skips(&self, path: &str) -> bool {
        self.excluded.matches(path) || !self.input.scope.contains(path)
    }

    /// Runs all that waits; returns what it misses.
    fn run_rules(&mut self, clock: &Clock) -> NotLoaded {
        let change = &self.input.change;
        // Each rule asks for each changed path: the globs are matched once.
        let paths = change.files.iter().flat_map(|f| f.head_path().into_iter().chain(f.base_path()));
        let decided: HashMap<&str, bool> = paths.map(|path| (path, self.excluded.matches(path))).collect();
        let excluded = |path: &str| decided.get(path).copied().unwrap_or_else(|| self.excluded.matches(path));
        let (scope, at_head) = (&self.input.scope, AtHead::of(change));
        let scene = Scene { sides: &self.sides, change, at_head: &at_head, excluded: &excluded, scope };
        self.runner.run(scene, &self.pool, clock)
    }
}

/// Where the forge gave no patch, both blobs tell.
fn compute_missing_hunks(change: &mut Change, sides: &Sides) {
    for file in change.files.iter_mut().filter(|f| f.hunks.is_none() && f.status != FileStatus::Deleted) {
        let old = file.base_path().map(|path| sides.merge_base.text(path));
        let Some(Ok(Some(new))) = file.head_path().map(|path| sides.head.text(path)) else { continue };
        file.hunks = match old {
            Some(Ok(Some(old))) => Some(diff::hunks(old.as_str(), new.as_str())),
            Some(Err(_)) => continue,
            // What was no text is text now: all of it is new.
            Some(Ok(None)) | None => Some(diff::all_new(new.line_count())),
        };
    }
}

impl Drop for Engine {
    /// Deep trees fall by recursion too, and whoever lets go of the run does not wait for it.
    fn drop(&mut self) {
        let unread = Sides::new(&self.input.change, self.input.deployed.clone());
        pool::drop_on_large_stack(std::mem::replace(&mut self.sides, unread));
    }
}
