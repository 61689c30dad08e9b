//! What a call changes. What the real forge takes without a word and makes wrong of it is written down as a violation.

use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::model::id::Sha;

use super::http::{Call, Reply};
use super::world::{CodeComment, Moment, Permission, Pull, Repo, Review, StatusRow, World};
use super::{hooks, wire};

const STATES: [&str; 4] = ["pending", "success", "failure", "error"];
const EVENTS: [&str; 3] = ["APPROVED", "REQUEST_CHANGES", "COMMENT"];

pub(super) fn in_repository(world: &mut World, call: &Call, full_name: &str, rest: &[&str]) -> Reply {
    let Some(repo) = world.repository(full_name) else { return Reply::not_found() };
    let archived = repo.archived;
    match (call.method.as_str(), rest) {
        ("POST", ["statuses", sha]) => status(world, call, full_name, sha),
        ("DELETE", ["pulls", number, "reviews", id]) => delete_review(world, call, full_name, number, id),
        ("POST", ["pulls", number, "merge"]) => {
            match number.parse().map(|n| world.merge(full_name, n, &call.login)) {
                Ok(Ok(_)) => Reply::ok(&Value::Null),
                Ok(Err(message)) => Reply::fault(StatusCode::METHOD_NOT_ALLOWED, &message),
                Err(_) => Reply::not_found(),
            }
        }
        (_, ["issues", ..]) if archived => Reply::fault(StatusCode::LOCKED, "Repo is archived."),
        ("PATCH", ["issues", "comments", id]) => edit(world, call, full_name, id),
        ("POST", ["issues", "comments", id, "reactions"]) => react(world, call, full_name, id),
        _ => Reply::not_found(),
    }
}

fn text(call: &Call, key: &str) -> String {
    call.body.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn status(world: &mut World, call: &Call, full_name: &str, sha: &str) -> Reply {
    let Some(repo) = world.repository(full_name) else { return Reply::not_found() };
    if repo.permission(&call.login) < Some(Permission::Write) {
        return Reply::fault(StatusCode::FORBIDDEN, "user should have a permission to write to a repo");
    }
    let known = repo.git.resolve(sha).filter(|s| !repo.is_ahead_of_us(s));
    let state = text(call, "state");
    if !STATES.contains(&state.as_str()) {
        world.violation(format!("a status with the unknown state {state:?}: it would open a required gate"));
    }
    if Sha::parse(sha).is_none() {
        world.violation(format!("a status on {sha:?}, which is no full sha"));
    }
    let Some(sha) = known else {
        return Reply::fault(StatusCode::INTERNAL_SERVER_ERROR, "object does not exist");
    };
    let row = StatusRow {
        id: world.next(),
        sha,
        state,
        context: text(call, "context"),
        description: text(call, "description"),
        target_url: text(call, "target_url"),
        creator: call.login.clone(),
    };
    let same = |s: &&StatusRow| {
        s.state == row.state && s.description == row.description && s.target_url == row.target_url
    };
    let last = world.repository(full_name).and_then(|r| r.status(&row.sha, &row.context));
    if last.filter(same).is_some() {
        world.violation(format!("the status {:?} was posted twice in a row", row.state));
    }
    let shown = wire::status(&row);
    if let Some(repo) = world.repository_mut(full_name) {
        repo.statuses.push(row);
    }
    Reply::json(StatusCode::CREATED, &shown)
}

/// The one call that takes time.
#[derive(Clone, Debug)]
pub(super) struct ReviewPost {
    full_name: String,
    number: u64,
}

pub(super) fn review_post(call: &Call) -> Option<ReviewPost> {
    match call.path.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["repos", owner, name, "pulls", number, "reviews"] if call.method == Method::POST => {
            Some(ReviewPost { full_name: format!("{owner}/{name}"), number: number.parse().ok()? })
        }
        _ => None,
    }
}

/// Who writes where, while it lasts.
fn key(world: &World, call: &Call, post: &ReviewPost) -> Option<(u64, u64, String)> {
    let repo = world.repository(&post.full_name)?;
    repo.pulls.contains_key(&post.number).then(|| (repo.id, post.number, call.login.clone()))
}

pub(super) fn begin_review(world: &mut World, call: &Call, post: &ReviewPost) -> Result<(), Reply> {
    super::http::visible(world, call, &post.full_name)?;
    let key = key(world, call, post).ok_or_else(Reply::not_found)?;
    if !world.posting.insert(key) {
        world.violation(format!("two reviews of pull request {} at once by {}", post.number, call.login));
    }
    Ok(())
}

pub(super) fn end_review(world: &mut World, call: &Call, post: &ReviewPost) {
    if let Some(key) = key(world, call, post) {
        world.posting.remove(&key);
    }
}

/// First the comments, one by one, into the account's draft; then the draft is submitted, with all that was in it.
pub(super) fn review(world: &mut World, call: &Call, post: &ReviewPost) -> Reply {
    let (event, body) = (text(call, "event"), text(call, "body"));
    let comments = call.body.get("comments").and_then(Value::as_array).cloned().unwrap_or_default();
    if event == "COMMENT" && body.trim().is_empty() && comments.is_empty() {
        return Reply::fault(
            StatusCode::UNPROCESSABLE_ENTITY,
            "review event COMMENT requires a body or a comment",
        );
    }
    check_review(world, post, &event, &text(call, "commit_id"), &comments);
    let draft = draft_of(world, call, post);
    for (count, comment) in comments.iter().enumerate() {
        if call.moment == Some(Moment::AfterComments(count)) {
            return Reply::panic();
        }
        let (id, author) = (world.next(), call.login.clone());
        let comment = code_comment(id, author, comment);
        let repo = world.repository_mut(&post.full_name);
        let pull = repo.and_then(|r| r.pulls.get_mut(&post.number));
        if let Some(review) = pull.and_then(|p| p.reviews.iter_mut().find(|r| r.id == draft)) {
            review.comments.push(comment);
        }
    }
    submit(world, call, post, draft, &event, body)
}

fn submit(world: &mut World, call: &Call, post: &ReviewPost, draft: u64, event: &str, body: String) -> Reply {
    let known = EVENTS.contains(&event);
    let Some(pull) = world.repository_mut(&post.full_name).and_then(|r| r.pulls.get_mut(&post.number)) else {
        return Reply::not_found();
    };
    let head = pull.head.to_string();
    let Some(review) = pull.reviews.iter_mut().find(|r| r.id == draft) else { return Reply::not_found() };
    review.body.clone_from(&body);
    review.commit_id = Some(text(call, "commit_id")).filter(|c| !c.is_empty()).unwrap_or(head);
    if known {
        review.state = event.to_owned();
    }
    let review = review.clone();
    if known {
        hooks::review(world, &post.full_name, post.number, event, &body, &call.login);
    }
    match world.repository(&post.full_name) {
        Some(repo) => Reply::ok(&wire::review(world, repo, post.number, &review)),
        None => Reply::not_found(),
    }
}

/// The account's draft under this pull request: an old one is taken up again.
fn draft_of(world: &mut World, call: &Call, post: &ReviewPost) -> u64 {
    let (id, comment_id, author) = (world.next(), world.next(), call.login.clone());
    let Some(pull) = world.repository_mut(&post.full_name).and_then(|r| r.pulls.get_mut(&post.number)) else {
        return id;
    };
    if let Some(draft) = pull.reviews.iter().find(|r| r.state == "PENDING" && r.author == author) {
        let (draft, left) = (draft.id, draft.comments.len());
        if left > 0 {
            world.violation(format!("a review takes along {left} comments of a draft"));
        }
        return draft;
    }
    pull.reviews.push(Review {
        id,
        comment_id,
        author,
        state: "PENDING".into(),
        body: String::new(),
        edited: None,
        commit_id: String::new(),
        comments: Vec::new(),
    });
    id
}

fn check_review(world: &mut World, post: &ReviewPost, event: &str, commit: &str, comments: &[Value]) {
    let mut found = Vec::new();
    if !EVENTS.contains(&event) {
        found.push(format!("a review with the unknown event {event:?}: it stays a draft"));
    }
    let Some(repo) = world.repository(&post.full_name) else { return };
    let Some(pull) = repo.pulls.get(&post.number) else { return };
    match Sha::parse(commit) {
        None => found.push(format!("a review of {commit:?}, which is no full sha")),
        Some(sha) if repo.git.get(&sha).is_none() => {
            found.push(format!("a review of the unknown commit {sha}"))
        }
        Some(_) => {}
    }
    for comment in comments.iter().map(|c| code_comment(0, String::new(), c)) {
        if !is_shown(repo, pull, &comment) {
            let (path, line) = (&comment.path, comment.new_line.max(comment.old_line));
            found.push(format!("an inline comment on {path}:{line}, which no hunk shows"));
        }
        if comment.body.trim().is_empty() {
            found.push("an inline comment without a text".to_owned());
        }
    }
    world.violations.extend(found);
}

fn code_comment(id: u64, author: String, sent: &Value) -> CodeComment {
    let number = |key: &str| sent.get(key).and_then(Value::as_u64).unwrap_or(0);
    let word = |key: &str| sent.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let old_line = number("old_position");
    // The old side wins over the new.
    let new_line = if old_line > 0 { 0 } else { number("new_position") };
    CodeComment { id, author, path: word("path"), new_line, old_line, body: word("body") }
}

/// Does a hunk of the diff show the line?
pub(super) fn is_shown(repo: &Repo, pull: &Pull, comment: &CodeComment) -> bool {
    let shown = |line: u64, lines: &std::collections::BTreeSet<u32>| {
        u32::try_from(line).is_ok_and(|l| lines.contains(&l))
    };
    let Some(base) = repo.merge_base(pull) else { return false };
    let files = repo.git.diff(&base, &pull.head);
    let mut files = files.iter().filter(|f| f.path == comment.path);
    files.any(|f| {
        if comment.old_line > 0 {
            shown(comment.old_line, &f.shown_old)
        } else {
            shown(comment.new_line, &f.shown_new)
        }
    })
}

/// With all its comments, those of people too.
fn delete_review(world: &mut World, call: &Call, full_name: &str, number: &str, id: &str) -> Reply {
    let pulls = world.repository_mut(full_name).map(|r| &mut r.pulls);
    let Some(pull) = number.parse().ok().and_then(|n| pulls.and_then(|p| p.get_mut(&n))) else {
        return Reply::not_found();
    };
    let Some(review) = pull.reviews.iter().find(|r| r.id.to_string() == id) else {
        return Reply::not_found();
    };
    if review.author != call.login {
        return Reply::fault(StatusCode::FORBIDDEN, "");
    }
    let (id, strangers) = (review.id, review.comments.iter().filter(|c| c.author != call.login).count());
    pull.reviews.retain(|r| r.id != id);
    if strangers > 0 {
        world.violation(format!("a review was deleted with {strangers} replies of people"));
    }
    Reply::empty()
}

/// Of an issue, of a diff, or the text of a review: one address for all.
fn edit(world: &mut World, call: &Call, full_name: &str, id: &str) -> Reply {
    let (body, login) = (text(call, "body"), call.login.clone());
    let (Ok(id), Some(repo)) = (id.parse::<u64>(), world.repository_mut(full_name)) else {
        return Reply::not_found();
    };
    let answer = json!({ "id": id, "body": body, "user": wire::user(&login) });
    for review in repo.pulls.values_mut().flat_map(|p| &mut p.reviews) {
        if review.comment_id == id {
            review.edited = Some(body);
            return Reply::ok(&answer);
        }
        if let Some(comment) = review.comments.iter_mut().find(|c| c.id == id) {
            comment.body = body;
            return Reply::ok(&answer);
        }
    }
    match repo.comments.iter_mut().find(|c| c.id == id) {
        Some(comment) if comment.author != login => Reply::fault(StatusCode::FORBIDDEN, ""),
        Some(comment) => {
            comment.body = body;
            Reply::ok(&answer)
        }
        None => Reply::not_found(),
    }
}

fn react(world: &mut World, call: &Call, full_name: &str, id: &str) -> Reply {
    let (word, login) = (text(call, "content"), call.login.clone());
    let comments = world.repository_mut(full_name).map(|r| &mut r.comments);
    let Some(comment) = comments.and_then(|c| c.iter_mut().find(|c| c.id.to_string() == id)) else {
        return Reply::not_found();
    };
    let answer = json!({ "content": word, "user": wire::user(&login) });
    let new = comment.reactions.insert((login, word));
    Reply::json(if new { StatusCode::CREATED } else { StatusCode::OK }, &answer)
}
