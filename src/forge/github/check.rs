//! The check run "Red Panda Approval": found again, never doubled, and never left without an end.

use http::Method;
use serde_json::{Map, Value, json};

use super::GitHub;
use super::http::Ask;
use super::path;
use super::wire::{CheckRun, CheckRuns, Created};
use crate::forge::{ForgeError, Result};
use crate::model::id::{Repository, RunId, Sha};
use crate::model::status::{Annotation, AnnotationLevel, Outcome, STATUS_NAME, Status};

/// Annotations in one request; further ones are appended by further requests.
const MOST_ANNOTATIONS: usize = 50;
/// Longest title, and summary in bytes.
const TITLE: usize = 255;
const SUMMARY: usize = 65_535;
/// Longest annotation message, in bytes.
const MESSAGE: usize = 60_000;

/// What this process knows of the check run of a run.
#[derive(Clone, Debug, Default)]
pub(super) struct Known {
    /// `None`: a create was sent and its answer never came.
    id: Option<u64>,
    /// How many annotations it holds. `None`: a request that appends some was sent and its answer never came.
    annotations: Option<usize>,
    completed: bool,
}

pub(super) type Checks = moka::future::Cache<(u64, Sha, RunId), Known>;

impl GitHub {
    pub(super) async fn set_status(&self, repository: &Repository, status: &Status) -> Result<()> {
        let key = (repository.id, status.sha.clone(), status.run.clone());
        let mut known = self.known_check(repository, status).await?;
        if known.completed && status.outcome == Outcome::Running {
            // GitHub cannot reopen a check run. The attempt that ended it set the outcome that this one will set again.
            return Ok(());
        }
        let held = known.annotations.unwrap_or(0).min(status.annotations.len());
        let (_, waiting) = status.annotations.split_at(held);
        let batches: Vec<&[Annotation]> =
            if waiting.is_empty() { vec![&[]] } else { waiting.chunks(MOST_ANNOTATIONS).collect() };
        for (i, batch) in batches.iter().enumerate() {
            let conclude = i + 1 == batches.len();
            let sent = self.send_check(repository, status, known.id, batch, conclude).await;
            known = match &sent {
                Ok(id) => Known {
                    id: Some(*id),
                    annotations: known.annotations.map(|n| n + batch.len()),
                    completed: conclude && status.outcome != Outcome::Running,
                },
                // Whether it happened is found out before anything else is sent.
                Err(ForgeError::Transient { .. }) => Known { annotations: None, ..known },
                Err(_) => known,
            };
            self.checks.insert(key.clone(), known.clone()).await;
            sent?;
        }
        Ok(())
    }

    /// What is there already. A first attempt that this process knows nothing of asks nobody.
    async fn known_check(&self, repository: &Repository, status: &Status) -> Result<Known> {
        let key = (repository.id, status.sha.clone(), status.run.clone());
        let fresh = Known { annotations: Some(0), ..Known::default() };
        match self.checks.get(&key).await {
            Some(Known { id: Some(id), annotations: None, .. }) => self.read_check(repository, id).await,
            Some(known @ Known { id: Some(_), .. }) => Ok(known),
            None if !status.resumed => Ok(fresh),
            _ => {
                let runs = self.own_checks(repository, &status.sha, "").await?;
                let ours = runs.iter().find(|r| r.external_id.as_deref() == Some(status.run.0.as_str()));
                Ok(ours.map_or(fresh, Known::from))
            }
        }
    }

    async fn read_check(&self, repository: &Repository, id: u64) -> Result<Known> {
        let installation = self.installation(repository).await?;
        let ask = Ask::get(format!("{}/check-runs/{id}", path::repository(repository)), "the check run");
        let run: CheckRun = self.http.json(installation, &ask).await?;
        Ok(Known::from(&run))
    }

    /// Our App's check runs of our name on a commit, also those that a later one hides.
    async fn own_checks(&self, repository: &Repository, commit: &Sha, filter: &str) -> Result<Vec<CheckRun>> {
        let home = path::repository(repository);
        let (name, app) = (path::segment(STATUS_NAME), self.app_id);
        let address = format!(
            "{home}/commits/{commit}/check-runs?check_name={name}&app_id={app}&filter=all&per_page=100{filter}"
        );
        let installation = self.installation(repository).await?;
        let ask = Ask::get(address, "the check runs");
        self.http.pages(installation, ask, |page: CheckRuns| page.check_runs).await
    }

    async fn send_check(
        &self,
        repository: &Repository,
        status: &Status,
        id: Option<u64>,
        annotations: &[Annotation],
        conclude: bool,
    ) -> Result<u64> {
        let home = path::repository(repository);
        let mut body = body(status, annotations, conclude);
        let (method, path) = match id {
            Some(id) => (Method::PATCH, format!("{home}/check-runs/{id}")),
            None => {
                body.insert("head_sha".to_owned(), json!(status.sha));
                (Method::POST, format!("{home}/check-runs"))
            }
        };
        let installation = self.installation(repository).await?;
        let ask = Ask::send(method, path, Value::Object(body), "the check run");
        Ok(self.http.json::<Created>(installation, &ask).await?.id)
    }
}

impl From<&CheckRun> for Known {
    fn from(run: &CheckRun) -> Self {
        let completed = run.status == "completed";
        Self { id: Some(run.id), annotations: Some(run.output.annotations_count), completed }
    }
}

fn body(status: &Status, annotations: &[Annotation], conclude: bool) -> Map<String, Value> {
    let mut output = json!({"title": cut_characters(&status.description, TITLE), "summary": cut(&status.summary, SUMMARY)});
    if !annotations.is_empty() {
        output["annotations"] = annotations.iter().map(annotation).collect();
    }
    let mut body = Map::new();
    body.insert("name".to_owned(), json!(STATUS_NAME));
    body.insert("external_id".to_owned(), json!(status.run));
    body.insert("output".to_owned(), output);
    match status.outcome.github_conclusion().filter(|_| conclude) {
        Some(conclusion) => {
            body.insert("status".to_owned(), json!("completed"));
            body.insert("conclusion".to_owned(), json!(conclusion));
        }
        None => drop(body.insert("status".to_owned(), json!("in_progress"))),
    }
    if let Some(url) = &status.details_url {
        body.insert("details_url".to_owned(), json!(url));
    }
    body
}

fn annotation(a: &Annotation) -> Value {
    let lines = a.span.lines();
    let last = lines.end.saturating_sub(1).max(lines.start);
    let level = match a.level {
        AnnotationLevel::Notice => "notice",
        AnnotationLevel::Warning => "warning",
        AnnotationLevel::Failure => "failure",
    };
    let mut wire = json!({
        "path": a.path, "start_line": lines.start, "end_line": last, "annotation_level": level,
        "title": cut_characters(&a.title, TITLE), "message": cut(&a.message, MESSAGE),
    });
    // GitHub takes columns on a single line only, and counts the last one in.
    if last == lines.start && a.span.end.line == a.span.start.line {
        wire["start_column"] = json!(a.span.start.column);
        wire["end_column"] = json!(a.span.end.column.saturating_sub(1).max(a.span.start.column));
    }
    wire
}

/// At most so many bytes, cut between characters.
pub(super) fn cut(text: &str, bytes: usize) -> &str {
    let mut end = bytes.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or(text)
}

fn cut_characters(text: &str, characters: usize) -> String {
    text.chars().take(characters).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::finding::{Position, Span};

    fn at(start: (u32, u32), end: (u32, u32)) -> Value {
        let position = |(line, column)| Position { line, column };
        annotation(&Annotation {
            path: "a.py".into(),
            span: Span { start: position(start), end: position(end) },
            level: AnnotationLevel::Failure,
            title: "t".into(),
            message: "m".into(),
        })
    }

    #[test]
    fn columns_are_sent_only_for_a_single_line_and_the_last_one_counts() {
        let one = at((3, 5), (3, 9));
        assert_eq!((&one["start_line"], &one["end_line"]), (&json!(3), &json!(3)));
        assert_eq!((&one["start_column"], &one["end_column"]), (&json!(5), &json!(8)));
        let two = at((3, 5), (4, 2));
        assert_eq!((&two["end_line"], two.get("start_column")), (&json!(4), None));
        let whole = at((3, 1), (4, 1));
        assert_eq!((&whole["end_line"], whole.get("end_column")), (&json!(3), None));
        assert_eq!(at((3, 5), (3, 5))["end_column"], json!(5));
    }

    #[test]
    fn p24_texts_are_cut_between_characters() {
        assert_eq!(cut("aä", 2), "a");
        assert_eq!(cut("aä", 3), "aä");
        assert_eq!(cut("", 3), "");
    }
}
