//! Check runs: annotations are appended, and what has ended cannot be reopened.

use serde_json::{Value, json};

use crate::model::id::Sha;

use super::answer::Answer;
use super::serve::{Asked, unknown};
use super::world::{APP_ID, Check, World};

const MOST_ANNOTATIONS: usize = 50;
const LONGEST_TEXT: usize = 65_535;

pub(super) fn answer(world: &mut World, asked: &Asked<'_>, repo: u64, rest: &[&str]) -> Answer {
    match (asked.method, rest) {
        ("POST", ["check-runs"]) => create(world, asked.body, repo),
        ("PATCH", ["check-runs", id]) => update(world, asked.body, repo, id),
        ("GET", ["check-runs", id]) => {
            let found = world.repo_mut(repo).and_then(|r| r.checks.iter().find(|c| c.id.to_string() == *id));
            found.map_or_else(Answer::not_found, |c| Answer::ok(&check_json(c)))
        }
        ("GET", ["commits", name, "check-runs"]) => list(world, asked, repo, name),
        _ => unknown(world, asked),
    }
}

pub(super) fn check_json(check: &Check) -> Value {
    json!({
        "id": check.id, "name": check.name, "head_sha": check.head, "external_id": check.external_id,
        "status": check.status, "conclusion": check.conclusion, "details_url": check.details_url,
        "app": {"id": APP_ID}, "pull_requests": [],
        "output": {"title": check.title, "summary": check.summary, "annotations_count": check.annotations.len()},
    })
}

fn create(world: &mut World, body: &Value, repo: u64) -> Answer {
    if let Err(refused) = checked(world, body) {
        return refused;
    }
    let head = text(body, "head_sha").and_then(|s| Sha::parse(&s));
    let (Some(name), Some(head)) = (text(body, "name"), head) else {
        return Answer::unprocessable(&["name and head_sha are required"]);
    };
    let id = world.next_id();
    let Some(repo) = world.repo_mut(repo) else { return Answer::not_found() };
    if repo.git.get(&head).is_none() {
        return Answer::message(422, &format!("No commit found for SHA: {head}"));
    }
    let mut check = Check {
        id,
        head,
        name,
        external_id: String::new(),
        status: "queued".to_owned(),
        conclusion: None,
        title: String::new(),
        summary: String::new(),
        details_url: None,
        annotations: Vec::new(),
    };
    apply(&mut check, body);
    let answer = Answer::json(201, &check_json(&check));
    repo.checks.push(check);
    answer
}

fn update(world: &mut World, body: &Value, repo: u64, id: &str) -> Answer {
    if let Err(refused) = checked(world, body) {
        return refused;
    }
    let Some(check) = world.repo_mut(repo).and_then(|r| r.checks.iter_mut().find(|c| c.id.to_string() == id))
    else {
        return Answer::not_found();
    };
    let reopened = check.status == "completed" && text(body, "status").is_some_and(|s| s != "completed");
    apply(check, body);
    let answer = Answer::ok(&check_json(check));
    if reopened {
        world.violate(format!("check run {id} has ended and cannot be reopened"));
    }
    answer
}

/// GitHub's limits, and ours: a conclusion that opens a required gate is never sent.
fn checked(world: &mut World, body: &Value) -> Result<(), Answer> {
    let conclusion = text(body, "conclusion");
    if let Some(open @ ("neutral" | "skipped")) = conclusion.as_deref() {
        world.violate(format!("the conclusion {open} opens a required gate"));
    }
    if text(body, "status").as_deref() == Some("completed") && conclusion.is_none() {
        return Err(Answer::unprocessable(&["conclusion is required when status is completed"]));
    }
    let Some(output) = body.get("output") else { return Ok(()) };
    let long = |key| text(output, key).is_some_and(|t| t.len() > LONGEST_TEXT);
    let annotations = output.get("annotations").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    if text(output, "title").is_none() || text(output, "summary").is_none() || long("summary") || long("text")
    {
        return Err(Answer::unprocessable(&[
            "output needs a title and a summary of at most 65535 characters",
        ]));
    }
    if annotations.len() > MOST_ANNOTATIONS {
        return Err(Answer::unprocessable(&["No more than 50 annotations are allowed"]));
    }
    let columns = |a: &&Value| a.get("start_column").is_some() && a["start_line"] != a["end_line"];
    if annotations.iter().any(|a| columns(&a)) {
        return Err(Answer::unprocessable(&["columns are allowed on a single line only"]));
    }
    Ok(())
}

fn apply(check: &mut Check, body: &Value) {
    check.external_id = text(body, "external_id").unwrap_or_else(|| check.external_id.clone());
    check.details_url = text(body, "details_url").or_else(|| check.details_url.clone());
    check.status = text(body, "status").unwrap_or_else(|| check.status.clone());
    if let Some(conclusion) = text(body, "conclusion") {
        check.conclusion = Some(conclusion);
        check.status = "completed".to_owned();
    }
    if let Some(output) = body.get("output") {
        check.title = text(output, "title").unwrap_or_default();
        check.summary = text(output, "summary").unwrap_or_default();
        check
            .annotations
            .extend(output.get("annotations").and_then(Value::as_array).into_iter().flatten().cloned());
    }
}

fn list(world: &World, asked: &Asked<'_>, repo: u64, name: &str) -> Answer {
    let Some(repo) = world.repositories.iter().find(|r| r.id == repo) else { return Answer::not_found() };
    let Some(commit) = repo.git.resolve(name) else { return Answer::not_found() };
    let is = |key, value: &str| asked.parameter(key).is_none_or(|asked| asked == value);
    let mut checks: Vec<&Check> = repo.checks.iter().rev().filter(|c| c.head == commit).collect();
    checks.retain(|c| is("check_name", &c.name) && is("app_id", &APP_ID.to_string()));
    if asked.parameter("filter") != Some("all") {
        let mut seen = Vec::new();
        checks.retain(|c| {
            !seen.contains(&c.name) && {
                seen.push(c.name.clone());
                true
            }
        });
    }
    checks.retain(|c| is("status", &c.status));
    asked.paging(world).wrapped("check_runs", checks.into_iter().map(check_json).collect())
}

fn text(body: &Value, key: &str) -> Option<String> {
    body.get(key).and_then(Value::as_str).map(str::to_owned)
}
