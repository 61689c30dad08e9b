//! What a run needs before the engine: the policy of the base side, and what counts as deployed.

use crate::config::policy::{self, PolicyFault};
use crate::engine::bounds::{Bounds, Paths, Scope};
use crate::engine::{DeployedAt, Input};
use crate::forge::{FileWanted, Reader, Result};
use crate::model::change::Change;
use crate::model::finding::code;
use crate::model::id::{Repository, Sha};
use crate::model::judgement::NotLookedAt;
use crate::model::policy::{DeployedPolicy, POLICY_PATH, Policy};
use crate::project::migrations::deployed::Evidence;
use crate::rules;
use crate::source::Blob;

use super::adopting::habits;

/// Which branches count as deployed when the policy names no ref.
#[derive(Clone, Debug)]
pub struct Branches {
    /// The branch that the pull request goes into, or what `--base` named.
    pub target: String,
    /// The repository's default branch.
    pub default: String,
}

/// The policy that judges a change.
#[derive(Clone, Debug)]
pub enum PolicyRead {
    Valid(Box<Policy>),
    /// The base's policy is broken, and this change does not mend it.
    Broken(PolicyFault),
}

/// Reads the base side's policy. When it is broken and the head's version parses, the built-in defaults judge, so that
/// the repair can be merged.
pub async fn policy(reader: &dyn Reader, repository: &Repository, change: &Change) -> Result<PolicyRead> {
    let fault = match read(reader, repository, &change.target_tip).await? {
        None => return Ok(PolicyRead::Valid(Box::default())),
        Some(Ok(policy)) => return Ok(PolicyRead::Valid(Box::new(policy))),
        Some(Err(fault)) => fault,
    };
    if change.file_at_head(POLICY_PATH).is_some()
        && let Some(Ok(_)) = read(reader, repository, &change.head).await?
    {
        let mut policy = Policy::default();
        policy.notes.push(format!("{POLICY_PATH} on the target branch is broken and this change mends it: judged by the built-in defaults"));
        return Ok(PolicyRead::Valid(Box::new(policy)));
    }
    Ok(PolicyRead::Broken(fault))
}

/// The policy that a commit has, for what is compared with nothing.
pub async fn policy_of(reader: &dyn Reader, repository: &Repository, at: &Sha) -> Result<PolicyRead> {
    Ok(match read(reader, repository, at).await? {
        None => PolicyRead::Valid(Box::default()),
        Some(Ok(policy)) => PolicyRead::Valid(Box::new(policy)),
        Some(Err(fault)) => PolicyRead::Broken(fault),
    })
}

/// The policy of a commit, `None` where it has none. One that cannot be read as text is a fault: never the defaults.
async fn read(
    reader: &dyn Reader,
    repository: &Repository,
    at: &Sha,
) -> Result<Option<std::result::Result<Policy, PolicyFault>>> {
    let wanted = FileWanted { at: at.clone(), path: POLICY_PATH.to_owned(), blob: None };
    let blobs = reader.fetch_files(repository, &[wanted]).await?;
    let unreadable = |message: &str| Some(Err(PolicyFault { line: 1, message: message.to_owned() }));
    Ok(match blobs.first() {
        None | Some(Blob::Missing) => None,
        Some(Blob::Text(text)) => Some(parse(text.as_str())),
        Some(Blob::Bytewise(_) | Blob::Binary(_)) => unreadable("the file is not UTF-8 text"),
        Some(Blob::TooLarge(_)) => unreadable("the file is longer than 2 MiB"),
    })
}

/// Reads a policy's text with the rules that this version has.
pub fn parse(text: &str) -> std::result::Result<Policy, PolicyFault> {
    let built: Vec<&str> = rules::all().iter().map(|rule| rule.code()).collect();
    policy::parse(text, &built)
}

/// The sentence for people whose status is red for it.
pub fn broken_policy(fault: &PolicyFault, branch: &str) -> String {
    format!("{POLICY_PATH} on {branch}, {fault}. The status stays red until it is mended there.")
}

/// Everything that the engine starts from.
pub async fn input(
    reader: &dyn Reader,
    repository: &Repository,
    change: Change,
    policy: Policy,
    branches: &Branches,
) -> Result<Input> {
    let policy_fault = fault_at_head(reader, repository, &change).await?;
    let (deployed, not_looked_at) =
        deployed(reader, repository, &policy.deployed, &change.target_tip, branches).await?;
    let habits = habits(reader, repository, &change.merge_base, &policy).await?;
    Ok(Input { not_looked_at, policy_fault, habits, ..Input::new(change, policy, deployed) })
}

/// The same where all that stands at head is judged, of these paths: nothing was there before, so nothing is deployed.
/// It takes as long as it takes.
pub async fn whole(
    reader: &dyn Reader,
    repository: &Repository,
    change: Change,
    policy: Policy,
    paths: Paths,
) -> Result<Input> {
    let policy_fault = fault_at_head(reader, repository, &change).await?;
    let deployed = DeployedAt { evidence: Evidence::Branches(Vec::new()), commits: Vec::new() };
    let habits = match paths.is_all() {
        true => Vec::new(),
        false => habits(reader, repository, &change.head, &policy).await?,
    };
    let (scope, bounds) = (Scope::Whole(paths), Bounds::LOCAL);
    Ok(Input { policy_fault, habits, scope, bounds, ..Input::new(change, policy, deployed) })
}

async fn fault_at_head(
    reader: &dyn Reader,
    repository: &Repository,
    change: &Change,
) -> Result<Option<PolicyFault>> {
    Ok(match change.file_at_head(POLICY_PATH) {
        Some(_) => read(reader, repository, &change.head).await?.and_then(|head| head.err()),
        None => None,
    })
}

/// What is deployed, and what nobody can say of it.
type Deployed = (DeployedAt, Vec<NotLookedAt>);

/// Asked in this order: ref, tags, environment, branches. A configured source that does not resolve makes
/// the verdict incomplete and never falls through to the next.
async fn deployed(
    reader: &dyn Reader,
    repository: &Repository,
    policy: &DeployedPolicy,
    tip: &Sha,
    branches: &Branches,
) -> Result<Deployed> {
    if let Some(name) = &policy.git_ref {
        let commit = reader.fetch_ref(repository, name).await?;
        let what = format!("deployed.ref {}", code(Sha::readable(name)));
        return Ok(configured(Evidence::Ref(name.clone()), commit, &what));
    }
    if let Some(pattern) = &policy.tags {
        let newest = newest_tag(pattern, reader.fetch_tags(repository).await?);
        let commit = match &newest {
            Some(tag) => reader.fetch_ref(repository, &format!("refs/tags/{tag}")).await?,
            None => None,
        };
        let evidence = Evidence::Tag(newest.unwrap_or_default());
        return Ok(configured(evidence, commit, &format!("deployed.tags {}", code(pattern))));
    }
    if let Some(environment) = &policy.environment {
        let commit = reader.fetch_deployed(repository, environment).await?;
        let what = format!("deployed.environment {}", code(environment));
        return Ok(configured(Evidence::Environment(environment.clone()), commit, &what));
    }
    by_branches(reader, repository, tip, branches, &policy.branches).await
}

fn configured(evidence: Evidence, commit: Option<Sha>, what: &str) -> Deployed {
    let unknown = || format!("{what} names nothing here, so nobody can say which migrations are deployed");
    let not_looked_at = if commit.is_none() { vec![NotLookedAt::change(unknown())] } else { Vec::new() };
    (DeployedAt { evidence, commits: commit.into_iter().collect() }, not_looked_at)
}

/// The target's tip when it is a deployed branch, else the default branch's; and those that the policy adds.
async fn by_branches(
    reader: &dyn Reader,
    repository: &Repository,
    tip: &Sha,
    branches: &Branches,
    more: &[String],
) -> Result<Deployed> {
    let (mut names, mut commits, mut not_looked_at) = (Vec::new(), Vec::new(), Vec::new());
    for name in std::iter::once(&branches.default).chain(more) {
        if names.contains(name) {
            continue;
        }
        let commit = if *name == branches.target {
            Some(tip.clone())
        } else {
            reader.fetch_ref(repository, name).await?
        };
        match commit {
            Some(commit) => {
                names.push(name.clone());
                commits.push(commit);
            }
            None => {
                let reason = format!("the deployed branch {} does not exist", code(name));
                not_looked_at.push(NotLookedAt::change(reason));
            }
        }
    }
    Ok((DeployedAt { evidence: Evidence::Branches(names), commits }, not_looked_at))
}

/// The newest by version among the tags that the glob matches.
fn newest_tag(pattern: &str, tags: Vec<String>) -> Option<String> {
    let glob = globset::Glob::new(pattern).ok()?.compile_matcher();
    tags.into_iter().filter(|tag| glob.is_match(tag)).max_by_key(|tag| (version(tag), tag.clone()))
}

/// Numbers of a tag in order, whatever word stands before them; a pre-release (`-rc1`) sorts before its release.
fn version(tag: &str) -> (Vec<u64>, bool) {
    let tag = tag.trim_start_matches(|c: char| !c.is_ascii_digit());
    let (release, pre) = tag.split_once('-').map_or((tag, None), |(r, p)| (r, Some(p)));
    let numbers = release.split(|c: char| !c.is_ascii_digit()).filter_map(|part| part.parse().ok()).collect();
    (numbers, pre.is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_tag_is_the_newest_by_version() {
        let tags = ["v1.9.0", "v1.10.0", "v1.10.0-rc1", "other-99"].map(str::to_owned).to_vec();
        assert_eq!(newest_tag("v*", tags.clone()).as_deref(), Some("v1.10.0"));
        assert_eq!(newest_tag("release-*", tags), None);
        let named = ["release-1.9.0", "release-1.10.0", "release-1.10.0-rc1"].map(str::to_owned).to_vec();
        assert_eq!(newest_tag("release-*", named).as_deref(), Some("release-1.10.0"));
    }
}
