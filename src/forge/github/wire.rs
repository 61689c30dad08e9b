//! GitHub's answers as they are sent, only the fields that are read.

use serde::{Deserialize, Deserializer};

/// A GraphQL account. A bot's login comes without the `[bot]` that REST writes behind it.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Actor {
    #[serde(rename = "__typename")]
    kind: String,
    login: String,
}

impl Actor {
    /// The login as REST and people write it.
    pub(super) fn login(&self) -> String {
        let bare = self.kind == "Bot" && !self.login.ends_with("[bot]");
        if bare { format!("{}[bot]", self.login) } else { self.login.clone() }
    }
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Account {
    pub(super) login: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct GraphRepository {
    pub(super) database_id: Option<u64>,
    pub(super) name: String,
    pub(super) owner: Account,
    pub(super) default_branch_ref: Option<Named>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Named {
    pub(super) name: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Nodes<T> {
    pub(super) nodes: Option<Vec<Option<T>>>,
    #[serde(rename = "pageInfo", default)]
    pub(super) page: PageInfo,
}

impl<T> Nodes<T> {
    /// Entries GitHub could show; one it could not is null.
    pub(super) fn into_vec(self) -> Vec<T> {
        self.nodes.into_iter().flatten().flatten().collect()
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct PageInfo {
    pub(super) has_next_page: bool,
    pub(super) end_cursor: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct GraphPull {
    pub(super) number: u64,
    pub(super) url: String,
    pub(super) state: String,
    pub(super) is_draft: bool,
    pub(super) created_at: String,
    pub(super) changed_files: usize,
    pub(super) head_ref_oid: String,
    pub(super) base_ref_name: String,
    pub(super) base_ref_oid: String,
    pub(super) author: Option<Actor>,
    pub(super) commits: Nodes<PullCommit>,
    pub(super) base_ref: Option<BaseRef>,
    #[serde(default)]
    pub(super) reviews: Option<Nodes<GraphReview>>,
}

#[derive(Debug, Deserialize)]
pub(super) struct PullCommit {
    pub(super) commit: CommitDate,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CommitDate {
    pub(super) committed_date: String,
}

/// A pull request as [`super::queries::open_pulls`] lists it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ListedPull {
    pub(super) number: u64,
    pub(super) is_draft: bool,
    pub(super) created_at: String,
    pub(super) head_ref_oid: String,
    pub(super) base_ref_name: String,
    /// Null when the branch is gone, or in a fork that we may not see.
    pub(super) head_ref: Option<HeadRef>,
}

#[derive(Debug, Deserialize)]
pub(super) struct HeadRef {
    pub(super) target: Option<HeadTip>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct HeadTip {
    pub(super) committed_date: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct BaseRef {
    pub(super) target: Option<Tip>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Tip {
    pub(super) oid: String,
    /// `None`: not asked; `Some(None)`: no such file.
    #[serde(default, deserialize_with = "present")]
    pub(super) file: Option<Option<TreeFile>>,
}

#[derive(Debug, Deserialize)]
pub(super) struct TreeFile {
    pub(super) object: Option<GraphBlob>,
}

fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(from: D) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(from).map(Some)
}

/// Empty when the object is something else than a blob.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct GraphBlob {
    pub(super) oid: Option<String>,
    pub(super) byte_size: u64,
    pub(super) is_binary: Option<bool>,
    pub(super) is_truncated: bool,
    pub(super) text: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct GraphReview {
    #[serde(deserialize_with = "big_integer")]
    pub(super) full_database_id: u64,
    pub(super) state: String,
    pub(super) body: String,
    pub(super) author: Option<Actor>,
    pub(super) comments: Nodes<GraphComment>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct GraphComment {
    #[serde(deserialize_with = "big_integer")]
    pub(super) full_database_id: u64,
    pub(super) body: String,
}

/// GraphQL's `BigInt` is a string; a number is taken, too.
fn big_integer<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Either {
        Text(String),
        Number(u64),
    }
    match Either::deserialize(from)? {
        Either::Number(number) => Ok(number),
        Either::Text(text) => text.parse().map_err(serde::de::Error::custom),
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct RestRepository {
    pub(super) id: u64,
    pub(super) name: String,
    pub(super) owner: Account,
    #[serde(default)]
    pub(super) archived: bool,
}

#[derive(Debug, Deserialize)]
pub(super) struct RestRepositories {
    pub(super) repositories: Vec<RestRepository>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Installation {
    pub(super) id: u64,
    pub(super) suspended_at: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct App {
    pub(super) slug: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Comparison {
    pub(super) merge_base_commit: RestCommit,
    pub(super) total_commits: usize,
    pub(super) commits: Vec<RestCommit>,
    #[serde(default)]
    pub(super) files: Vec<RestFile>,
}

#[derive(Debug, Deserialize)]
pub(super) struct RestCommit {
    pub(super) sha: String,
    #[serde(default)]
    pub(super) parents: Vec<Parent>,
    #[serde(default)]
    pub(super) files: Vec<RestFile>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Parent {}

#[derive(Debug, Deserialize)]
pub(super) struct RestFile {
    pub(super) filename: String,
    pub(super) status: String,
    pub(super) previous_filename: Option<String>,
    pub(super) patch: Option<String>,
    /// Names the commit that the entry is of.
    pub(super) contents_url: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct RestTree {
    pub(super) tree: Vec<RestTreeEntry>,
    #[serde(default)]
    pub(super) truncated: bool,
}

#[derive(Debug, Deserialize)]
pub(super) struct RestTreeEntry {
    pub(super) path: String,
    pub(super) mode: String,
    pub(super) sha: Option<String>,
    pub(super) size: Option<u64>,
}

#[derive(Debug, Deserialize)]
pub(super) struct RestPull {
    pub(super) head: Tipped,
    pub(super) base: Into,
    pub(super) state: String,
}

/// The branch that a pull request is to be merged into.
#[derive(Debug, Deserialize)]
pub(super) struct Into {
    #[serde(rename = "ref")]
    pub(super) name: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Tipped {
    pub(super) sha: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct RestReview {
    pub(super) id: u64,
    pub(super) user: Option<Account>,
    #[serde(default)]
    pub(super) body: Option<String>,
    #[serde(default)]
    pub(super) state: String,
    pub(super) commit_id: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct RestComment {
    pub(super) id: u64,
    pub(super) user: Option<Account>,
    #[serde(default)]
    pub(super) body: String,
    pub(super) pull_request_review_id: Option<u64>,
}

#[derive(Debug, Deserialize)]
pub(super) struct CheckRuns {
    pub(super) check_runs: Vec<CheckRun>,
}

#[derive(Debug, Deserialize)]
pub(super) struct CheckRun {
    pub(super) id: u64,
    #[serde(default)]
    pub(super) external_id: Option<String>,
    #[serde(default)]
    pub(super) status: String,
    #[serde(default)]
    pub(super) output: CheckOutput,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct CheckOutput {
    pub(super) annotations_count: usize,
}

#[derive(Debug, Deserialize)]
pub(super) struct Created {
    pub(super) id: u64,
}

#[derive(Debug, Deserialize)]
pub(super) struct Deployment {
    pub(super) id: u64,
    pub(super) sha: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct DeploymentStatus {
    pub(super) state: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Tag {
    pub(super) name: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Permission {
    pub(super) permission: String,
}
