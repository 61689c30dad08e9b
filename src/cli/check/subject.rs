//! What is judged: what a branch or the working tree changes, or all that stands there.

use std::path::Path;

use anyhow::{Context as _, bail};

use crate::engine::Input;
use crate::engine::bounds::Paths;
use crate::forge::local::{Local, LocalError, Range, Whole};
use crate::model::change::Change;
use crate::model::id::Sha;
use crate::model::policy::{POLICY_PATH, Policy};
use crate::review::judge::nameless;
use crate::review::prepare::{self, Branches, PolicyRead};

/// The two sides, or the one.
#[derive(Debug)]
pub(super) enum Subject {
    Change(Range),
    Whole(Whole, Paths),
}

impl Subject {
    /// As somebody calls the place that the policy is read from.
    fn policy_side(&self) -> String {
        match self {
            Self::Change(range) => format!("on {}", range.base_name),
            Self::Whole(whole, _) => format!("in {}", whole.name),
        }
    }

    /// The tree that is judged.
    pub(super) fn head(&mut self) -> &mut Sha {
        match self {
            Self::Change(range) => &mut range.head,
            Self::Whole(whole, _) => &mut whole.head,
        }
    }

    fn change(&self, local: &Local) -> Result<Change, LocalError> {
        match self {
            Self::Change(range) => local.change(range),
            Self::Whole(whole, _) => local.all_files(whole),
        }
    }

    /// Everything that the engine starts from. `config`: a policy that replaces the repository's.
    pub(super) async fn input(&self, local: &Local, config: Option<&Path>) -> anyhow::Result<Input> {
        let change = self.change(local)?;
        let mut policy = self.policy(local, &change, config).await?;
        match self {
            Self::Change(range) => {
                let (target, default) = (range.base_name.clone(), range.base_name.clone());
                let mut notes = range.notes.clone();
                if policy.deployed.environment.take().is_some() {
                    let note = "deployments can only be asked of the forge: here the base counts as deployed";
                    notes.push(note.to_owned());
                }
                let branches = Branches { target, default };
                let mut input = prepare::input(local, &nameless(), change, policy, &branches).await?;
                input.notes.extend(notes);
                input.unread = range.unread.clone();
                Ok(input)
            }
            Self::Whole(whole, paths) => {
                let input = prepare::whole(local, &nameless(), change, policy, paths.clone()).await?;
                let (unread, notes) = (whole.unread.clone(), whole.notes.clone());
                Ok(Input { unread, notes, ..input })
            }
        }
    }

    async fn policy(&self, local: &Local, change: &Change, config: Option<&Path>) -> anyhow::Result<Policy> {
        if let Some(file) = config {
            let text = std::fs::read_to_string(file)
                .with_context(|| format!("{} cannot be read", file.display()))?;
            return prepare::parse(&text).map_err(|fault| anyhow::anyhow!("{}, {fault}", file.display()));
        }
        let read = match self {
            Self::Change(_) => prepare::policy(local, &nameless(), change).await?,
            Self::Whole(whole, _) => prepare::policy_of(local, &nameless(), &whole.head).await?,
        };
        match read {
            PolicyRead::Valid(policy) => Ok(*policy),
            PolicyRead::Broken(fault) => bail!(
                "{POLICY_PATH} {}, {fault}; mend it there, or give another with --config",
                self.policy_side()
            ),
        }
    }
}
