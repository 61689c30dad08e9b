//! What a repository decided about its own checks: `.red-panda.toml` of the base branch, read.

use std::collections::BTreeMap;

use super::catalogue::Family;
use super::finding::Severity;

/// The file at the repository's root.
pub const POLICY_PATH: &str = ".red-panda.toml";

/// Which rules are on to begin with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Profile {
    #[default]
    Standard,
    /// The four named checks and what they stand on.
    Essentials,
    /// For a project that begins: what most of its files break is advice until the team gets there.
    Adopting,
}

/// A rule that most files of a project break, of those that have what it looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Habit {
    pub code: &'static str,
    pub broken: usize,
    pub files: usize,
}

/// What a policy says of one rule or family.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleSetting {
    /// `None` is `"off"`.
    pub severity: Option<Severity>,
    pub reason: Option<String>,
}

/// What counts as deployed (rules MIG001, MIG002).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeployedPolicy {
    /// A branch or other ref that is what runs in production.
    pub git_ref: Option<String>,
    /// A glob of tag names; the newest by version counts.
    pub tags: Option<String>,
    /// A deployment environment of the forge.
    pub environment: Option<String>,
    /// Branches beside the default one whose tips count as deployed.
    pub branches: Vec<String>,
}

/// How many inline comments a review holds unless the policy says otherwise.
pub const MAX_COMMENTS: usize = 20;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    pub profile: Profile,
    /// By rule code.
    pub rules: BTreeMap<String, RuleSetting>,
    pub families: BTreeMap<Family, RuleSetting>,
    /// Globs of paths that no rule looks at.
    pub exclude: Vec<String>,
    pub deployed: DeployedPolicy,
    pub max_comments: usize,
    /// Things to know about the policy itself: rules it names that are not built yet.
    pub notes: Vec<String>,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            profile: Profile::Standard,
            rules: BTreeMap::new(),
            families: BTreeMap::new(),
            exclude: Vec::new(),
            deployed: DeployedPolicy::default(),
            max_comments: MAX_COMMENTS,
            notes: Vec::new(),
        }
    }
}
