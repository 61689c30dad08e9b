//! The stand-in's JSON, in the shapes that Forgejo 12 gives.

use serde_json::{Value, json};

use crate::model::change::{FileStatus, Mode};
use crate::model::id::Sha;

use super::world::{CodeComment, IssueComment, Pull, Repo, Review, StatusRow, World};

pub(super) fn user(login: &str) -> Value {
    json!({ "id": login.len(), "login": login, "username": login, "full_name": "" })
}

pub(super) fn repository(world: &World, repo: &Repo) -> Value {
    json!({
        "id": repo.id,
        "owner": user(&repo.owner),
        "name": repo.name,
        "full_name": repo.full_name(),
        "private": repo.private,
        "archived": repo.archived,
        "default_branch": super::world::DEFAULT_BRANCH,
        "html_url": format!("{}/{}", world.root_url, repo.full_name()),
        "description": null,
    })
}

pub(super) fn pull_url(world: &World, repo: &Repo, number: u64) -> String {
    format!("{}/{}/pulls/{number}", world.root_url, repo.full_name())
}

pub(super) fn pull(world: &World, repo: &Repo, pull: &Pull) -> Value {
    if pull.null {
        return Value::Null;
    }
    let own_branch = pull.head_branch.rsplit(':').next().unwrap_or_default();
    let head_repo = match (&pull.fork, pull.fork_gone) {
        (None, _) => repository(world, repo),
        (Some(owner), false) => json!({ "id": repo.id + 1000, "owner": user(owner), "name": repo.name }),
        (Some(_), true) => Value::Null,
    };
    json!({
        "id": pull.number + 100,
        "number": pull.number,
        "title": pull.title,
        "body": "",
        "user": user(&pull.author),
        "labels": [],
        "assignees": null,
        "state": if pull.open { "open" } else { "closed" },
        "draft": pull.title.starts_with("WIP:") || pull.title.starts_with("[WIP]"),
        "merged": pull.merged,
        "mergeable": pull.merge_base_lag == 0,
        "html_url": pull_url(world, repo, pull.number),
        "base": {
            "label": pull.base_branch,
            "ref": pull.base_branch,
            "sha": repo.tip(&pull.base_branch),
            "repo_id": repo.id,
            "repo": repository(world, repo),
        },
        "head": {
            "label": own_branch,
            "ref": if pull.fork_gone { format!("refs/pull/{}/head", pull.number) } else { own_branch.to_owned() },
            "sha": pull.head,
            "repo_id": if pull.fork_gone { -1 } else { repo.id as i64 },
            "repo": head_repo,
        },
        "merge_base": repo.told_merge_base(pull).map_or_else(String::new, |s| s.to_string()),
        "created_at": "2026-01-05T10:00:00Z",
        "flow": 0,
    })
}

pub(super) fn review(world: &World, repo: &Repo, number: u64, review: &Review) -> Value {
    json!({
        "id": review.id,
        "user": user(&review.author),
        "state": review.state,
        "body": review.body,
        "commit_id": review.commit_id,
        "stale": false,
        "official": false,
        "dismissed": false,
        "comments_count": review.comments.len(),
        "html_url": format!("{}#issuecomment-{}", pull_url(world, repo, number), review.comment_id),
    })
}

pub(super) fn code_comment(review: u64, comment: &CodeComment, hunk: &str) -> Value {
    json!({
        "id": comment.id,
        "body": comment.body,
        "user": user(&comment.author),
        "pull_request_review_id": review,
        "path": comment.path,
        "position": comment.new_line,
        "original_position": comment.old_line,
        "diff_hunk": hunk,
        "resolver": null,
    })
}

pub(super) fn issue_comment(comment: &IssueComment) -> Value {
    json!({ "id": comment.id, "body": comment.body, "user": user(&comment.author) })
}

/// The answer's word is `status`.
pub(super) fn status(row: &StatusRow) -> Value {
    json!({
        "id": row.id,
        "status": row.state,
        "context": row.context,
        "description": row.description,
        "target_url": row.target_url,
        "creator": user(&row.creator),
    })
}

/// A commit with what it changed. A rename is told as a removal and an addition.
pub(super) fn commit(repo: &Repo, sha: &Sha) -> Value {
    let parents = repo.git.get(sha).map(|c| c.parents.clone()).unwrap_or_default();
    let mut files = Vec::new();
    for file in repo.git.changes_of(sha) {
        let word = match file.status {
            FileStatus::Added | FileStatus::Renamed | FileStatus::Copied => "added",
            FileStatus::Modified => "modified",
            FileStatus::Deleted => "removed",
        };
        files.push(json!({ "filename": file.path, "status": word }));
        files.extend(file.previous_path.map(|from| json!({ "filename": from, "status": "removed" })));
    }
    let parents: Vec<Value> = parents.iter().map(|p| json!({ "sha": p })).collect();
    json!({ "sha": sha, "parents": parents, "files": files })
}

/// Files and the folders they stand in.
pub(super) fn tree_rows(repo: &Repo, sha: &Sha) -> Option<Vec<Value>> {
    let files = &repo.git.get(sha)?.files;
    let mut rows = std::collections::BTreeMap::new();
    for (path, content) in files {
        let folders = path.match_indices('/').map(|(at, _)| &path[..at]);
        for folder in folders {
            rows.insert(
                folder.to_owned(),
                json!({ "path": folder, "mode": "040000", "type": "tree", "sha": "0".repeat(40) }),
            );
        }
        let (mode, kind) = match content.mode {
            Mode::File => ("100644", "blob"),
            Mode::Executable => ("100755", "blob"),
            Mode::Symlink => ("120000", "blob"),
            Mode::Submodule => ("160000", "commit"),
        };
        let row = json!({ "path": path, "mode": mode, "type": kind, "size": content.bytes.len(), "sha": content.id() });
        rows.insert(path.clone(), row);
    }
    Some(rows.into_values().collect())
}
