//! What Django and Celery really do, and what the rules say of it: `tests/oracles/README.md` says how the tables are made.

use red_panda::standin::sample::Sample;
use serde::Deserialize;

#[derive(Debug, Deserialize)]
struct Table<T> {
    cases: Vec<T>,
}

/// Code over three posts, and how many queries it runs.
#[derive(Debug, Deserialize)]
struct Counted {
    code: String,
    queries: usize,
}

/// A task that fails when it is called, and how often Celery runs it.
#[derive(Debug, Deserialize)]
struct Tried {
    options: String,
    parameters: String,
    body: String,
    runs: usize,
}

const MODELS: &str = "\
from django.db import models

class Author(models.Model):
    name = models.CharField(max_length=9)

class Tag(models.Model):
    name = models.CharField(max_length=9)

class Post(models.Model):
    author = models.ForeignKey(Author, models.CASCADE, related_name='posts')
    editor = models.ForeignKey(Author, models.CASCADE, null=True, related_name='edited')
    tags = models.ManyToManyField(Tag)
";

/// The codes of these that speak of a new project of these files.
fn speaking(codes: &[&str], files: &[(&str, &str)]) -> Vec<&'static str> {
    let findings = Sample::new(&[], files).judge().findings.into_iter().map(|report| report.finding.code);
    findings.filter(|code| codes.contains(code)).collect()
}

#[test]
fn the_rules_of_queries_speak_where_django_asks_once_for_each_row() {
    let table: Table<Counted> = serde_json::from_str(include_str!("../data/counted_queries.json")).unwrap();
    assert!(table.cases.len() > 25);
    for Counted { code, queries } in table.cases {
        let indented: String = code.lines().map(|line| format!("    {line}\n")).collect();
        let view = format!(
            "from django.db.models import Prefetch, prefetch_related_objects\n\
             from .models import Author, Post, Tag\n\nP = Post.objects\n\n\ndef view(request):\n{indented}"
        );
        let files = [("blog/models.py", MODELS), ("blog/views.py", view.as_str())];
        let spoken = speaking(&["QRY001", "QRY002", "QRY003"], &files);
        // Counted rounds may be attempts or batches: nothing is said of them.
        let each_row = queries > 3 && !code.contains("range(");
        assert_eq!(!spoken.is_empty(), each_row, "{code}: {queries} queries, {spoken:?}");
    }
}

#[test]
fn a_task_that_celery_runs_once_is_one_without_retry() {
    let table: Table<Tried> = serde_json::from_str(include_str!("../data/task_retries.json")).unwrap();
    assert!(table.cases.len() > 10);
    for Tried { options, parameters, body, runs } in table.cases {
        let tasks = format!(
            "from celery import Celery, Task, current_task\n\napp = Celery('project')\n\n\n\
             class Steady(Task):\n    autoretry_for = (OSError,)\n    max_retries = 2\n\n\n\
             def ask():\n    raise OSError('down')\n\n\n@app.task({options})\ndef push({parameters}):\n    {body}\n"
        );
        let spoken = speaking(&["CEL012"], &[("shop/tasks.py", &tasks)]);
        assert_eq!(spoken.len(), usize::from(runs == 1), "({options}) {body}: {runs} runs");
    }
}
