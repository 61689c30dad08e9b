//! What a project is used to, for the profile `adopting`: some files of its base are read and judged for it.

use crate::engine::adopting;
use crate::forge::{Reader, Result};
use crate::model::id::{Repository, Sha};
use crate::model::policy::{Habit, Policy, Profile};

use super::judge::judge;

/// The rules that most files of a commit break. Nothing is read for another profile.
pub(super) async fn habits(
    reader: &dyn Reader,
    repository: &Repository,
    at: &Sha,
    policy: &Policy,
) -> Result<Vec<Habit>> {
    if policy.profile != Profile::Adopting {
        return Ok(Vec::new());
    }
    let tree = reader.fetch_tree(repository, at).await?;
    match adopting::sample(&tree, at, policy) {
        Some(input) => Ok(judge(reader, repository, input).await?.engine.own_habits()),
        None => Ok(Vec::new()),
    }
}
