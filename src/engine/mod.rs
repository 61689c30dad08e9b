//! Select the rules, run them on head, subtract what the baseline has too, suppress, and judge.
//!
//! The engine is pure: it asks for files by [`Step::Need`] and is given them by [`Engine::supply`]. Whoever drives it
//! does the reading and holds the clock.

mod exclude;
mod introduced;
mod policy_change;
mod reading;
mod run;
mod selection;
mod sides;
mod suppress;
mod unparsed;

use crate::config::policy::PolicyFault;
use crate::model::change::Change;
use crate::model::id::Sha;
use crate::model::judgement::{Judgement, NotLookedAt};
use crate::model::plan::Side;
use crate::model::policy::Policy;
use crate::project::deployed::Source;
use crate::source::{Blob, Text, Tree, Want};

pub use sides::Sides;

/// What counts as deployed: commits, in the order that `source` names them.
#[derive(Clone, Debug)]
pub struct DeployedAt {
    pub source: Source,
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
    pub notes: Vec<String>,
    /// A fault in the policy file as this change leaves it: an error finding on its line.
    pub policy_fault: Option<PolicyFault>,
}

/// What the engine wants next.
#[derive(Debug)]
pub enum Step {
    /// Read these, in one batch, and [`Engine::supply`] them; then step again.
    Need(Vec<Want>),
    Done(Box<Judgement>),
}

/// One run over one change.
#[derive(Debug)]
pub struct Engine {
    run: run::Run,
}

impl Engine {
    pub fn new(input: Input) -> Self {
        Self { run: run::Run::new(input) }
    }

    /// The commit that a wanted thing is read at.
    pub fn commit_of(&self, want: &Want) -> Sha {
        self.run.sides().commit_of(want)
    }

    pub fn supply_tree(&mut self, want: &Want, tree: Tree) {
        self.run.supply_tree(want, tree);
    }

    pub fn supply_file(&mut self, want: &Want, blob: Blob) {
        self.run.supply_file(want, blob);
    }

    /// Runs every rule that can run. `expired` is asked between rules: `true` ends the run as incomplete.
    pub fn step(&mut self, expired: &(dyn Fn() -> bool + Sync)) -> Step {
        self.run.step(expired)
    }

    /// The change with all hunks, also those that we computed.
    pub fn change(&self) -> &Change {
        self.run.change()
    }

    /// The text of a file that was read, at head or at the merge base.
    pub fn text(&self, side: Side, path: &str) -> Option<Text> {
        let sides = self.run.sides();
        let project = match side {
            Side::Head => &sides.head,
            Side::Base => &sides.merge_base,
        };
        project.text(path).ok().flatten()
    }
}
