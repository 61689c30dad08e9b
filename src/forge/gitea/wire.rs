//! What we read of Gitea's and Forgejo's answers. Everything that is not a key may be missing or null, and words that
//! may grow are text: one odd field must not cost an answer of which five fields matter.

use serde::{Deserialize, Deserializer};

use crate::model::id::{Repository, Sha};
use crate::model::pull::{PullRequest, PullState};

/// `null` reads as the type's default.
pub(super) fn lenient<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(d: D) -> Result<T, D::Error> {
    Ok(Option::deserialize(d)?.unwrap_or_default())
}

#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct User {
    #[serde(default, deserialize_with = "lenient")]
    pub(super) login: String,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Repo {
    pub(super) id: u64,
    pub(super) name: String,
    pub(super) owner: User,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) default_branch: String,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) archived: bool,
}

impl Repo {
    pub(super) fn to_model(&self) -> Repository {
        Repository {
            id: self.id,
            owner: self.owner.login.clone(),
            name: self.name.clone(),
            installation: None,
        }
    }
}

#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Side {
    #[serde(default, rename = "ref", deserialize_with = "lenient")]
    pub(super) name: String,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) sha: String,
    pub(super) repo: Option<Repo>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Pull {
    pub(super) number: u64,
    #[serde(default, deserialize_with = "lenient")]
    user: User,
    #[serde(default, deserialize_with = "lenient")]
    state: String,
    #[serde(default, deserialize_with = "lenient")]
    merged: bool,
    #[serde(default, deserialize_with = "lenient")]
    title: String,
    /// Missing on old servers.
    draft: Option<bool>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) head: Side,
    #[serde(default, deserialize_with = "lenient")]
    base: Side,
    #[serde(default, deserialize_with = "lenient")]
    merge_base: String,
    changed_files: Option<usize>,
    created_at: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    html_url: String,
}

impl Pull {
    /// `None` when it names no head or no target: there is nothing to judge.
    pub(super) fn to_model(&self, asked: &Repository) -> Option<PullRequest> {
        let base_repo = self.base.repo.as_ref();
        let created = self.created_at.as_deref().and_then(|t| chrono::DateTime::parse_from_rfc3339(t).ok());
        Some(PullRequest {
            repository: base_repo.map_or_else(|| asked.clone(), Repo::to_model),
            number: self.number,
            author: self.user.login.clone(),
            state: match self.state.as_str() {
                _ if self.merged => PullState::Merged,
                "open" => PullState::Open,
                _ => PullState::Closed,
            },
            draft: self.draft.unwrap_or_else(|| titled_as_draft(&self.title)),
            head: Sha::parse(&self.head.sha)?,
            base_branch: self.base.name.trim_start_matches("refs/heads/").to_owned(),
            base_tip: Sha::parse(&self.base.sha)?,
            merge_base: Sha::parse(&self.merge_base),
            default_branch: base_repo.map(|r| r.default_branch.clone()).unwrap_or_default(),
            changed_files: self.changed_files,
            head_since: created.map(|t| t.timestamp_millis()),
            web_url: self.html_url.clone(),
        })
    }
}

/// A draft is a word at the beginning of the title.
pub(super) fn titled_as_draft(title: &str) -> bool {
    let title = title.trim_start().to_ascii_uppercase();
    title.starts_with("WIP:") || title.starts_with("[WIP]")
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Review {
    pub(super) id: u64,
    pub(super) user: Option<User>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) state: String,
    /// The text it was posted with, whatever it was edited to since.
    #[serde(default, deserialize_with = "lenient")]
    pub(super) body: String,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) commit_id: String,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) comments_count: u64,
    #[serde(default, deserialize_with = "lenient")]
    html_url: String,
}

impl Review {
    /// The id under which its text is edited.
    pub(super) fn comment_id(&self) -> Option<u64> {
        self.html_url.rsplit_once("#issuecomment-")?.1.parse().ok()
    }
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct ReviewComment {
    pub(super) id: u64,
    pub(super) user: Option<User>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) body: String,
}

/// An account as the author of something; deleted accounts are null.
pub(super) fn is_by(user: Option<&User>, login: &str) -> bool {
    user.is_some_and(|u| u.login.eq_ignore_ascii_case(login))
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct TreePage {
    #[serde(default, deserialize_with = "lenient")]
    pub(super) tree: Vec<TreeRow>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) total_count: usize,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) truncated: bool,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct TreeRow {
    pub(super) path: String,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) mode: String,
    pub(super) size: Option<u64>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) sha: String,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct GitRef {
    #[serde(rename = "ref")]
    pub(super) name: String,
    pub(super) object: GitObject,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct GitObject {
    pub(super) sha: String,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Commit {
    pub(super) sha: String,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) parents: Vec<GitObject>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) files: Vec<CommitFile>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct CommitFile {
    #[serde(default, deserialize_with = "lenient")]
    pub(super) filename: String,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) status: String,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Branch {
    pub(super) commit: BranchCommit,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct BranchCommit {
    pub(super) id: String,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Tag {
    pub(super) name: String,
    pub(super) commit: Option<GitObject>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Release {
    #[serde(default, deserialize_with = "lenient")]
    pub(super) tag_name: String,
}

/// The answer's word is `status`; the request's is `state`.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct CommitStatus {
    pub(super) id: u64,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) status: String,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) context: String,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) description: String,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) target_url: String,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Permission {
    #[serde(default, deserialize_with = "lenient")]
    pub(super) permission: String,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Comparison {
    pub(super) total_commits: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked() -> Repository {
        Repository { id: 1, owner: "ada".into(), name: "blog".into(), installation: None }
    }

    #[test]
    fn a_pull_request_with_half_its_fields_null_is_read() {
        let sha = "a".repeat(40);
        let text = format!(
            r#"{{"number":7,"user":null,"state":"open","merged":null,"title":"[wip] x","labels":null,"merge_base":"",
               "head":{{"ref":"refs/pull/7/head","sha":"{sha}","repo":null,"repo_id":-1}},"base":{{"ref":"main","sha":"{sha}"}}}}"#
        );
        let pull = serde_json::from_str::<Pull>(&text).unwrap().to_model(&asked()).unwrap();
        assert!(pull.draft && pull.is_open());
        assert_eq!((pull.number, pull.merge_base, pull.head_since), (7, None, None));
        assert_eq!(pull.repository, asked());
    }

    #[test]
    fn a_pull_request_without_a_head_is_none() {
        let pull: Pull = serde_json::from_str(r#"{"number":7,"head":{"sha":"abc"}}"#).unwrap();
        assert_eq!(pull.to_model(&asked()), None);
    }

    #[test]
    fn a_review_tells_where_its_text_is_edited() {
        let text = r##"{"id":3,"html_url":"https://forge.example.test/ada/blog/pulls/7#issuecomment-41"}"##;
        assert_eq!(serde_json::from_str::<Review>(text).unwrap().comment_id(), Some(41));
    }
}
