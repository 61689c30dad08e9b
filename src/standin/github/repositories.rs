//! Repositories: trees, contents, comparisons, refs, deployments, who may write.

use serde_json::{Value, json};

use crate::model::change::{FileStatus, Mode};
use crate::model::id::Sha;
use crate::standin::repository::{Commit, FileDiff};

use super::answer::Answer;
use super::rfc3339;
use super::serve::{Asked, unknown};
use super::world::{Repo, World};

/// Files in a comparison, or of a commit.
const COMPARED: usize = 300;

pub(super) fn repository_json(repo: &Repo) -> Value {
    json!({
        "id": repo.id, "name": repo.name, "full_name": repo.full_name(), "owner": {"login": repo.owner},
        "default_branch": repo.default_branch, "archived": repo.archived,
    })
}

pub(super) fn installed(world: &World, asked: &Asked<'_>) -> Answer {
    asked.paging(world).wrapped("repositories", world.repositories.iter().map(repository_json).collect())
}

pub(super) fn by_id(world: &World, id: &str) -> Answer {
    let found = world.repositories.iter().find(|r| r.id.to_string() == id);
    found.map_or_else(Answer::not_found, |r| Answer::ok(&repository_json(r)))
}

pub(super) fn answer(world: &mut World, asked: &Asked<'_>, id: u64, rest: &[&str]) -> Answer {
    if let ("POST", ["issues", "comments", comment, "reactions"]) = (asked.method, rest) {
        return react(world, asked, id, comment);
    }
    let Some(repo) = world.repositories.iter().find(|r| r.id == id) else { return Answer::not_found() };
    match (asked.method, rest) {
        ("GET", []) => Answer::ok(&repository_json(repo)),
        ("GET", ["compare", range]) => compare(world, asked, repo, range),
        ("GET", ["git", "trees", commit]) => tree(repo, commit, asked.parameter("recursive").is_some()),
        ("GET", ["git", "blobs", blob]) => match Sha::parse(blob).and_then(|b| repo.git.blob(&b)) {
            Some(bytes) => Answer::bytes("application/vnd.github.raw; charset=utf-8", bytes.to_vec()),
            None => Answer::not_found(),
        },
        ("GET", ["contents", path @ ..]) => contents(repo, &path.join("/"), asked),
        ("GET", ["commits", name @ ..]) => commit(world, asked, repo, &name.join("/")),
        ("GET", ["tags"]) => asked
            .paging(world)
            .list(repo.git.tags().iter().map(|(n, s)| json!({"name": n, "commit": {"sha": s}})).collect()),
        ("GET", ["deployments"]) => deployments(world, asked, repo),
        ("GET", ["deployments", deployment, "statuses"]) => {
            match repo.deployments.iter().find(|d| d.id.to_string() == *deployment) {
                Some(d) => {
                    asked.paging(world).list(d.states.iter().rev().map(|s| json!({"state": s})).collect())
                }
                None => Answer::not_found(),
            }
        }
        ("GET", ["collaborators", login, "permission"]) => match repo.collaborators.get(*login) {
            Some(permission) => Answer::ok(&json!({"permission": permission, "role_name": permission})),
            None => Answer::not_found(),
        },
        _ => unknown(world, asked),
    }
}

fn react(world: &mut World, asked: &Asked<'_>, id: u64, comment: &str) -> Answer {
    let content = asked.body.get("content").and_then(Value::as_str).unwrap_or("");
    let (Some(repo), Ok(comment)) = (world.repo_mut(id), comment.parse::<u64>()) else {
        return Answer::not_found();
    };
    let Some(reactions) = repo.conversation.get_mut(&comment) else { return Answer::not_found() };
    let new = reactions.insert(content.to_owned());
    Answer::json(if new { 201 } else { 200 }, &json!({"id": 1, "content": content}))
}

/// Three dots: from the merge base. At most 300 files, all on the first page; commits are paged.
fn compare(world: &World, asked: &Asked<'_>, repo: &Repo, range: &str) -> Answer {
    let ends = range.split_once("...").and_then(|(a, b)| Some((repo.git.resolve(a)?, repo.git.resolve(b)?)));
    let Some((base, head)) = ends else { return Answer::not_found() };
    let Some(merge_base) = repo.git.merge_base(&base, &head) else {
        return Answer::message(404, "No common ancestor between the two commits.");
    };
    let commits = repo.git.commits_between(&base, &head);
    let total = commits.len();
    let (shown, link) = asked.paging(world).cut(commits.into_iter().map(commit_json).collect(), 250);
    let first = asked.parameter("page").is_none_or(|p| p == "1");
    let diff = if first { repo.git.diff(&merge_base, &head) } else { Vec::new() };
    let files: Vec<Value> = diff.iter().take(COMPARED).map(|f| file_json(world, repo, f, &head)).collect();
    let mut answer = Answer::ok(&json!({
        "status": "ahead", "ahead_by": total, "behind_by": 0, "total_commits": total,
        "merge_base_commit": {"sha": merge_base, "parents": []}, "commits": shown, "files": files,
    }));
    answer.headers.extend(link.map(|l| ("link", l)));
    answer
}

fn commit_json(commit: &Commit) -> Value {
    let parents: Vec<Value> = commit.parents.iter().map(|p| json!({"sha": p})).collect();
    json!({"sha": commit.id, "parents": parents, "commit": {"message": commit.message}})
}

pub(super) fn file_json(world: &World, repo: &Repo, file: &FileDiff, head: &Sha) -> Value {
    let status = match file.status {
        FileStatus::Added => "added",
        FileStatus::Modified => "modified",
        FileStatus::Deleted => "removed",
        FileStatus::Renamed => "renamed",
        FileStatus::Copied => "copied",
    };
    let home = format!("{}/repos/{}", world.base_url, repo.full_name());
    let mut json = json!({
        "filename": file.path, "status": status, "sha": file.new.as_ref().map(|c| c.id()),
        "additions": file.additions, "deletions": file.deletions, "changes": file.additions + file.deletions,
        "contents_url": format!("{home}/contents/{}?ref={head}", file.path),
    });
    if let Some(previous) = &file.previous_path {
        json["previous_filename"] = json!(previous);
    }
    let fits = !file.patch.is_empty() && file.patch.len() <= world.longest_patch;
    if let (true, Ok(patch)) = (fits && !file.binary, std::str::from_utf8(&file.patch)) {
        // GitHub's patch has no line end at its end.
        json["patch"] = json!(patch.strip_suffix('\n').unwrap_or(patch));
    }
    json
}

fn tree(repo: &Repo, commit: &str, recursive: bool) -> Answer {
    let Some(found) = repo.git.resolve(commit).and_then(|c| repo.git.get(&c)) else {
        return Answer::not_found();
    };
    let mut entries = Vec::new();
    let mut folders = std::collections::BTreeSet::new();
    for (path, content) in &found.files {
        for (at, _) in path.match_indices('/') {
            folders.insert(&path[..at]);
        }
        let (mode, kind) = match content.mode {
            Mode::File => ("100644", "blob"),
            Mode::Executable => ("100755", "blob"),
            Mode::Symlink => ("120000", "blob"),
            Mode::Submodule => ("160000", "commit"),
        };
        let mut entry = json!({"path": path, "mode": mode, "type": kind, "sha": content.id()});
        if kind == "blob" {
            entry["size"] = json!(content.bytes.len());
        }
        entries.push(entry);
    }
    entries.extend(
        folders.iter().map(|f| json!({"path": f, "mode": "040000", "type": "tree", "sha": found.id})),
    );
    if !recursive {
        entries.retain(|e| !e["path"].as_str().unwrap_or("").contains('/'));
    }
    Answer::ok(&json!({"sha": repo.git.tree_id(&found.id), "tree": entries, "truncated": false}))
}

fn contents(repo: &Repo, path: &str, asked: &Asked<'_>) -> Answer {
    let at = repo.git.resolve(asked.parameter("ref").unwrap_or(&repo.default_branch));
    let Some(found) = at.and_then(|c| repo.git.get(&c)) else {
        return Answer::message(404, "No commit found for the ref");
    };
    match found.files.get(path) {
        Some(content) if asked.accept.contains("raw") => {
            Answer::bytes("application/vnd.github.raw; charset=utf-8", content.bytes.to_vec())
        }
        Some(content) => Answer::ok(
            &json!({"type": "file", "path": path, "sha": content.id(), "size": content.bytes.len()}),
        ),
        None => {
            let inside: Vec<Value> = found
                .files
                .keys()
                .filter(|p| p.starts_with(&format!("{path}/")))
                .map(|p| json!({"path": p}))
                .collect();
            if inside.is_empty() { Answer::not_found() } else { Answer::ok(&Value::Array(inside)) }
        }
    }
}

fn commit(world: &World, asked: &Asked<'_>, repo: &Repo, name: &str) -> Answer {
    let bare = name.strip_prefix("heads/").or_else(|| name.strip_prefix("tags/")).unwrap_or(name);
    let Some(found) = repo.git.resolve(bare).and_then(|c| repo.git.get(&c)) else {
        return Answer::message(422, &format!("No commit found for SHA: {name}"));
    };
    if asked.accept.contains("vnd.github.sha") {
        return Answer::bytes(
            "application/vnd.github.sha; charset=utf-8",
            found.id.as_str().as_bytes().to_vec(),
        );
    }
    let files = repo.git.changes_of(&found.id).iter().map(|f| file_json(world, repo, f, &found.id)).collect();
    let (shown, link) = asked.paging(world).cut(files, COMPARED);
    let mut body = commit_json(found);
    body["files"] = Value::Array(shown);
    let mut answer = Answer::ok(&body);
    answer.headers.extend(link.map(|l| ("link", l)));
    answer
}

fn deployments(world: &World, asked: &Asked<'_>, repo: &Repo) -> Answer {
    let environment = asked.parameter("environment").unwrap_or("none");
    let newest = repo.deployments.iter().rev().filter(|d| d.environment == environment);
    let shown = newest
        .map(|d| json!({"id": d.id, "sha": d.sha, "environment": d.environment, "created_at": rfc3339(0)}));
    asked.paging(world).list(shown.collect())
}
