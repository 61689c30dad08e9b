//! Every parser that reads what a stranger wrote, as a function of bytes: none may panic, hang or contradict itself.
//!
//! `cargo fuzz run` drives these with coverage; `tests/suite/fuzz_targets.rs` drives the same functions over the seeds and over
//! damaged copies of them, so that a target cannot rot.

use std::collections::{BTreeMap, BTreeSet};

use red_panda::config::policy;
use red_panda::forge::{gitea, github, local, signature};
use red_panda::model::change::FileStatus;
use red_panda::model::{command, marker};
use red_panda::project::env::ignore::Ignores;
use red_panda::report::terminal::Terminal;
use red_panda::report::{annotations, json};
use red_panda::rules;
use red_panda::source::{Text, diff};
use red_panda::standin::sample::Sample;
use red_panda::syntax::dotenv::{EnvFile, EnvReader};
use red_panda::syntax::python::{Module, normalised_stmts};
use red_panda::syntax::yaml::Yaml;
use red_panda::syntax::{shell, suppression};

/// A parser's name and what drives it.
pub(crate) type Target = (&'static str, fn(&[u8]));

/// All of them; each has a file in `fuzz_targets` and a folder in `seeds`.
pub(crate) const TARGETS: &[Target] = &[
    ("attributes", attributes),
    ("command", command),
    ("dotenv", dotenv),
    ("gitea_diff", gitea_diff),
    ("ignore", ignore),
    ("judge", judge),
    ("local_diff", local_diff),
    ("marker", marker),
    ("patch", patch),
    ("policy", policy),
    ("python", python),
    ("shell", shell),
    ("signature", signature),
    ("suppression", suppression),
    ("webhook_gitea", webhook_gitea),
    ("webhook_github", webhook_github),
    ("yaml", yaml),
];

/// Drives one of them; an unknown name is a fault of the caller.
pub(crate) fn run(name: &str, data: &[u8]) {
    let target = TARGETS.iter().find(|(known, _)| *known == name);
    assert!(target.is_some(), "no target is called {name}");
    let Some((_, drive)) = target else { return };
    // As the engine does: a tree is walked on a thread with a large stack.
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(64 * 1024 * 1024);
        let driven = thread.spawn_scoped(scope, || drive(data)).map(|handle| handle.join());
        if let Ok(Err(panic)) = driven {
            std::panic::resume_unwind(panic);
        }
    });
}

fn text(data: &[u8]) -> Text {
    Text::new(&String::from_utf8_lossy(data))
}

/// The part before the first line break, and the rest.
fn head_and_rest(data: &[u8]) -> (String, &[u8]) {
    let cut = data.iter().position(|b| *b == b'\n').unwrap_or(data.len());
    (String::from_utf8_lossy(&data[..cut]).into_owned(), data.get(cut + 1..).unwrap_or_default())
}

/// The first line is a path, the rest a `.gitattributes`: whatever it says, migrations are judged.
fn attributes(data: &[u8]) {
    let (path, attributes) = head_and_rest(data);
    let migration = b"from django.db import migrations\n\n\nclass Migration(migrations.Migration):\n    \
        operations = [migrations.RunSQL(\"DROP TABLE plot\")]\n";
    let base = BTreeMap::from([(".gitattributes".to_owned(), attributes.to_vec())]);
    let mut head = base.clone();
    head.insert(path, b"DEBUG = True\n".to_vec());
    head.insert("garden/migrations/0001_initial.py".to_owned(), migration.to_vec());
    let judgement = Sample { base, head, ..Sample::default() }.judge();
    assert!(judgement.findings.iter().any(|f| f.finding.code == "MIG005"), "a migration is always judged");
}

/// A quoted command is none.
fn command(data: &[u8]) {
    let body = String::from_utf8_lossy(data);
    let _ = command::asks_recheck(&body);
    let quoted: String = body.lines().map(|line| format!("> {line}\n")).collect();
    assert!(!command::asks_recheck(&quoted), "only the author of a comment asks");
}

/// Spans lie within the text, and every reader comes to an end.
fn dotenv(data: &[u8]) {
    let text = text(data);
    let file = EnvFile::parse(&text);
    for assignment in file.assignments() {
        assert!(assignment.raw.end <= text.as_str().len(), "a value ends within its file");
        for reader in EnvReader::ALL {
            let _ = file.read(assignment, reader);
        }
    }
}

/// No path is told twice: two entries for one path would be judged twice.
fn gitea_diff(data: &[u8]) {
    let files = gitea::patch::parse(data, 3_000).files;
    let paths: BTreeSet<_> = files.iter().map(|f| &f.path).collect();
    assert_eq!(paths.len(), files.len(), "every path is told once");
}

/// The first line is the path, the rest a `.gitignore`.
fn ignore(data: &[u8]) {
    let (path, rules) = head_and_rest(data);
    let _ = Ignores::new([("", rules), ("deploy", rules)]).of(&path);
}

/// A one-file change through all rules: the first line is the path, a NUL parts base from head.
fn judge(data: &[u8]) {
    let (path, rest) = head_and_rest(data);
    let cut = rest.iter().position(|b| *b == 0).unwrap_or(rest.len());
    let (base, head) = (&rest[..cut], rest.get(cut + 1..).unwrap_or_default());
    let files =
        |content: &[u8]| [(path.clone(), content.to_vec()), ("manage.py".to_owned(), Vec::new())].into();
    let change = Sample { base: files(base), head: files(head), ..Sample::default() };
    let judgement = change.judge();
    let failed = judgement.not_looked_at.iter().find(|n| n.reason.contains("did not run"));
    assert!(failed.is_none(), "{failed:?}");
    let _ = (json::render(&judgement), annotations::render(&judgement));
    let terminal = Terminal { colour: true, source: &|_, _| Some(text(head)), elapsed_ms: None };
    let _ = terminal.render(&judgement);
    let unchanged = Sample { base: change.head.clone(), ..change };
    assert!(unchanged.judge().findings.is_empty(), "what did not change introduces nothing");
}

/// What `git` prints for paths and contents that a stranger chose.
fn local_diff(data: &[u8]) {
    for commit in local::diff::parse_log(data) {
        assert!(matches!(commit.sha.as_str().len(), 40 | 64), "a commit has its whole name");
    }
    for file in local::diff::parse(data).into_iter().flatten() {
        let renamed = matches!(file.status, FileStatus::Renamed | FileStatus::Copied);
        assert_eq!(file.previous_path.is_some(), renamed, "only what moved was elsewhere");
    }
}

/// What is read of a body is what we would write.
fn marker(data: &[u8]) {
    if let Some((kind, fingerprints)) = marker::parse(&String::from_utf8_lossy(data)) {
        let written = marker::render(kind, &fingerprints);
        assert_eq!(marker::parse(&written), Some((kind, fingerprints)));
    }
}

/// Ranges that a patch adds come in order and do not overlap.
fn patch(data: &[u8]) {
    let _ = diff::parse_patch(&String::from_utf8_lossy(data));
    let (old, new) = head_and_rest(data);
    let hunks = diff::hunks(&old, &String::from_utf8_lossy(new));
    assert!(hunks.windows(2).all(|pair| pair[0].new.end <= pair[1].new.start), "hunks come in order");
}

/// A fault names a line of the file.
fn policy(data: &[u8]) {
    let built: Vec<&str> = rules::all().iter().map(|rule| rule.code()).collect();
    let text = String::from_utf8_lossy(data);
    if let Err(fault) = policy::parse(&text, &built) {
        let lines = text.split('\n').count() as u32;
        assert!((1..=lines.max(1)).contains(&fault.line), "line {} of {lines}", fault.line);
    }
}

/// What parses is unparsed to something that parses.
fn python(data: &[u8]) {
    let module = Module::parse(&text(data));
    let _ = suppression::in_python(&module);
    for call in module.calls() {
        let _ = (module.qualified(&call.func), module.span(call), module.source(call));
    }
    for name in ["DATABASES", "INSTALLED_APPS", "CELERY_BROKER_URL"] {
        let _ = module.assigned(name).map(|value| module.fold(value));
    }
    if module.fault().is_none() {
        let _ = normalised_stmts(module.body());
    }
}

/// Every word stands in the source.
fn shell(data: &[u8]) {
    let text = text(data);
    for line in shell::logical_lines(&text) {
        for word in shell::words(text.as_str(), line.clone()) {
            let bytes = word.bytes(0);
            assert!(
                bytes.start <= bytes.end && bytes.end <= text.as_str().len().max(bytes.start),
                "{bytes:?}"
            );
        }
    }
}

/// Only the right signature is right.
fn signature(data: &[u8]) {
    let (told, body) = head_and_rest(data);
    let secret = secrecy::SecretString::from("a secret that nobody else has");
    assert!(signature::verify(&told, body, &secret).is_err(), "a guess is not a signature");
}

fn suppression(data: &[u8]) {
    let text = text(data);
    for comment in suppression::in_text(&text) {
        assert!((1..=text.line_count()).contains(&comment.line));
    }
}

/// The first line is the event's name.
fn webhook_gitea(data: &[u8]) {
    let (event, body) = head_and_rest(data);
    let _ = gitea::webhook::parse(&headers("x-gitea-event", &event), body, "red-panda");
}

/// The first line is the event's name.
fn webhook_github(data: &[u8]) {
    let (event, body) = head_and_rest(data);
    let own = github::webhook::Identity { app_id: 7, bot_login: "red-panda[bot]".to_owned() };
    let _ = github::webhook::parse(&headers("x-github-event", &event), body, &own);
}

fn headers(name: &'static str, event: &str) -> http::HeaderMap {
    let mut headers = http::HeaderMap::new();
    headers.insert("content-type", http::HeaderValue::from_static("application/json"));
    if let Ok(event) = http::HeaderValue::from_str(event) {
        headers.insert(name, event);
    }
    headers
}

/// Anchors and cycles end.
fn yaml(data: &[u8]) {
    let yaml = Yaml::parse(&text(data));
    for document in yaml.documents() {
        let _ = document.merged();
    }
}
