//! Pull requests over REST: reviews are taken whole or not at all.

use serde_json::{Value, json};

use crate::model::id::Sha;

use super::answer::Answer;
use super::repositories::file_json;
use super::serve::{Asked, unknown};
use super::world::{BOT, Comment, Pull, Repo, Review, State, World};

/// Files that a pull request's list ends with.
const LISTED: usize = 3000;
const LONGEST_BODY: usize = 65_536;
const OFF_DIFF: &str = "Line could not be resolved";

pub(super) fn answer(world: &mut World, asked: &Asked<'_>, repo: u64, rest: &[&str]) -> Answer {
    if let ["pulls", "comments", id] = rest {
        return edit_comment(world, asked, repo, id);
    }
    let ["pulls", number, tail @ ..] = rest else { return unknown(world, asked) };
    let found = world.repositories.iter().find(|r| r.id == repo);
    let found = found.and_then(|r| Some((r, r.pulls.get(&number.parse().ok()?)?)));
    let Some((repository, pull)) = found else { return Answer::not_found() };
    let number = pull.number;
    match (asked.method, tail) {
        ("GET", []) => Answer::ok(&pull_json(world, repository, pull)),
        ("GET", ["files"]) => {
            let (diff, head) = (repository.diff_of(pull), pull.shown_head());
            asked
                .paging(world)
                .list(diff.iter().take(LISTED).map(|f| file_json(world, repository, f, head)).collect())
        }
        ("GET", ["reviews"]) => asked.paging(world).list(pull.reviews.iter().map(review_json).collect()),
        ("GET", ["comments"]) => {
            let draft = |id| pull.reviews.iter().any(|r| r.id == id && r.state == "PENDING");
            let shown = pull.comments.iter().filter(|c| !draft(c.review));
            asked.paging(world).list(shown.map(comment_json).collect())
        }
        ("GET", ["reviews", id, "comments"]) => {
            let of_review = pull.comments.iter().filter(|c| c.review.to_string() == *id);
            asked.paging(world).list(of_review.map(comment_json).collect())
        }
        ("POST", ["reviews"]) => create_review(world, asked.body, repo, number),
        ("PUT", ["reviews", id]) => edit_review(world, asked.body, repo, number, id),
        ("DELETE", ["reviews", id]) => delete_review(world, repo, number, id),
        _ => unknown(world, asked),
    }
}

pub(super) fn pull_json(world: &World, repo: &Repo, pull: &Pull) -> Value {
    let owner = if pull.from_fork { "contributor" } else { &repo.owner };
    json!({
        "number": pull.number, "draft": pull.draft, "user": {"login": pull.author},
        "state": if pull.state == State::Open { "open" } else { "closed" },
        "merged": pull.state == State::Merged,
        "html_url": format!("{}/{}/pull/{}", world.base_url, repo.full_name(), pull.number),
        "head": {"sha": pull.shown_head(), "ref": pull.head_branch, "repo": {"full_name": format!("{owner}/{}", repo.name)}},
        "base": {"ref": pull.base_branch, "sha": repo.git.branch(&pull.base_branch)},
    })
}

fn review_json(review: &Review) -> Value {
    json!({"id": review.id, "user": {"login": review.login}, "body": review.body, "state": review.state, "commit_id": review.commit})
}

fn comment_json(comment: &Comment) -> Value {
    json!({
        "id": comment.id, "pull_request_review_id": comment.review, "user": {"login": comment.login},
        "path": comment.path, "line": comment.line, "side": comment.side, "body": comment.body,
    })
}

fn create_review(world: &mut World, body: &Value, repo: u64, number: u64) -> Answer {
    let refused_text = world.refused_text.clone();
    let wanted = body.get("comments").and_then(Value::as_array).cloned().unwrap_or_default();
    if wanted.iter().any(|c| c.get("position").is_some()) {
        world.violate("a review comment uses the deprecated `position`".to_owned());
    }
    if body.get("commit_id").is_none() {
        world.violate("a review names no commit".to_owned());
    }
    let ids: Vec<u64> = (0..=wanted.len()).map(|_| world.next_id()).collect();
    let Some(repository) = world.repositories.iter_mut().find(|r| r.id == repo) else {
        return Answer::not_found();
    };
    let Some(pull) = repository.pulls.get(&number) else { return Answer::not_found() };
    let commit = match text(body, "commit_id").and_then(|s| Sha::parse(&s)) {
        Some(commit) if repository.git.ancestors(&pull.head).contains(&commit) => commit,
        _ => return Answer::unprocessable(&["commit_id is not part of the pull request"]),
    };
    let event = text(body, "event");
    let review_body = text(body, "body").unwrap_or_default();
    if event.is_some() && review_body.is_empty() {
        return Answer::unprocessable(&["Review body is required"]);
    }
    if review_body.chars().count() > LONGEST_BODY {
        return Answer::unprocessable(&["Body is too long (maximum is 65536 characters)"]);
    }
    if pull.reviews.iter().any(|r| r.login == BOT && r.state == "PENDING") {
        return Answer::unprocessable(&["User can only have one pending review per pull request"]);
    }
    let mut comments = Vec::new();
    for (wire, id) in wanted.iter().zip(ids.iter().skip(1)) {
        let comment = anchored(repository, pull, wire, *id, ids[0]);
        let refused = |c: &Comment| refused_text.as_ref().is_some_and(|t| c.body.contains(t));
        match comment.filter(|c| !refused(c)) {
            Some(comment) => comments.push(comment),
            None => return Answer::unprocessable(&[OFF_DIFF]),
        }
    }
    let state = if event.is_some() { "COMMENTED" } else { "PENDING" };
    let review = Review { id: ids[0], login: BOT.to_owned(), body: review_body, state, commit };
    let answer = Answer::ok(&review_json(&review));
    if let Some(pull) = repository.pulls.get_mut(&number) {
        pull.reviews.push(review);
        pull.comments.extend(comments);
    }
    answer
}

/// The comment, if a hunk shows its line, and of a range every line.
fn anchored(repo: &Repo, pull: &Pull, wire: &Value, id: u64, review: u64) -> Option<Comment> {
    let path = text(wire, "path")?;
    let line = u32::try_from(wire.get("line")?.as_u64()?).ok()?;
    let side = text(wire, "side").unwrap_or_else(|| "RIGHT".to_owned());
    let start_line = wire.get("start_line").and_then(Value::as_u64).and_then(|l| u32::try_from(l).ok());
    let diff = repo.diff_of(pull);
    let file = diff.iter().find(|f| f.path == path)?;
    let shown = match side.as_str() {
        "LEFT" => &file.shown_old,
        "RIGHT" => &file.shown_new,
        _ => return None,
    };
    let first = start_line.unwrap_or(line);
    let ordered = start_line.is_none_or(|s| s < line);
    let inside = (first..=line).all(|l| shown.contains(&l));
    let body = text(wire, "body").filter(|b| !b.is_empty() && b.chars().count() <= LONGEST_BODY)?;
    (ordered && inside).then(|| Comment {
        id,
        review,
        login: BOT.to_owned(),
        path,
        line,
        start_line,
        side,
        body,
    })
}

fn edit_review(world: &mut World, body: &Value, repo: u64, number: u64, id: &str) -> Answer {
    let review = world
        .repo_mut(repo)
        .and_then(|r| r.pulls.get_mut(&number))
        .and_then(|p| p.reviews.iter_mut().find(|r| r.id.to_string() == id));
    match (review, text(body, "body")) {
        (None, _) => Answer::not_found(),
        (Some(review), _) if review.login != BOT => {
            Answer::message(403, "Resource not accessible by integration")
        }
        (Some(review), Some(new)) => {
            review.body = new;
            Answer::ok(&review_json(review))
        }
        (Some(_), None) => Answer::unprocessable(&["body is required"]),
    }
}

/// Only drafts can go.
fn delete_review(world: &mut World, repo: u64, number: u64, id: &str) -> Answer {
    let Some(pull) = world.repo_mut(repo).and_then(|r| r.pulls.get_mut(&number)) else {
        return Answer::not_found();
    };
    match pull.reviews.iter().position(|r| r.id.to_string() == id) {
        None => Answer::not_found(),
        Some(at) if pull.reviews[at].state != "PENDING" => {
            Answer::unprocessable(&["Can not delete a non-pending pull request review"])
        }
        Some(at) => {
            let review = pull.reviews.remove(at);
            pull.comments.retain(|c| c.review != review.id);
            Answer::ok(&review_json(&review))
        }
    }
}

fn edit_comment(world: &mut World, asked: &Asked<'_>, repo: u64, id: &str) -> Answer {
    if asked.method != "PATCH" {
        return unknown(world, asked);
    }
    let comments = world.repo_mut(repo).map(|r| r.pulls.values_mut().flat_map(|p| p.comments.iter_mut()));
    let found = comments.and_then(|mut c| c.find(|c| c.id.to_string() == id));
    match (found, text(asked.body, "body")) {
        (None, _) => Answer::not_found(),
        (Some(comment), _) if comment.login != BOT => {
            Answer::message(403, "Resource not accessible by integration")
        }
        (Some(comment), Some(new)) => {
            comment.body = new;
            Answer::ok(&comment_json(comment))
        }
        (Some(_), None) => Answer::unprocessable(&["body is required"]),
    }
}

fn text(body: &Value, key: &str) -> Option<String> {
    body.get(key).and_then(Value::as_str).map(str::to_owned)
}
