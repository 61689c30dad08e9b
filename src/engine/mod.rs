//! Select the rules, run them on head, subtract what the baseline has too, suppress, and judge.
//!
//! The engine is pure: it asks for files by [`Step::Need`] and is given them by [`Engine::supply_tree`] and
//! [`Engine::supply_file`]. Whoever drives it does the reading and holds the clock.

mod exclude;
mod introduced;
mod policy_change;
mod reading;
mod rounds;
mod selection;
mod sides;
mod suppress;
mod unparsed;

use crate::config::policy::PolicyFault;
use crate::model::change::Change;
use crate::model::id::Sha;
use crate::model::judgement::{Judgement, NotLookedAt};
use crate::model::policy::Policy;
use crate::project::migrations::deployed::Evidence;
use crate::source::Want;

pub use rounds::Engine;
pub use sides::Sides;

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
    pub notes: Vec<String>,
    /// A fault in the policy file as this change leaves it: an error finding on its line.
    pub policy_fault: Option<PolicyFault>,
}

/// What the engine wants next.
#[derive(Debug)]
pub enum Step {
    /// Read these, in one batch, and supply them; then step again.
    Need(Vec<Want>),
    Done(Box<Judgement>),
}
