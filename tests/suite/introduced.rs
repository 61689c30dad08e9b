//! Only what a change introduces is reported: over every example of every page, whatever says nothing new is silent.

use red_panda::rules;
use red_panda::source::Text;
use red_panda::standin::sample::{Files, Sample};
use red_panda::syntax::python::{Module, normalised_stmts};

use crate::pages::heads;

fn python(path: &str, content: &[u8]) -> Option<Module> {
    let text = std::str::from_utf8(content).ok().filter(|_| path.ends_with(".py"))?;
    Some(Module::parse(&Text::new(text))).filter(|m| m.fault().is_none() && m.comments().is_empty())
}

/// Every Python file as its syntax tree is unparsed: other quotes, lines and spaces. A comment would be lost, and some
/// excuse what stands beside them.
fn reformatted(files: &Files) -> Files {
    let one = |(path, content): (&String, &Vec<u8>)| {
        let module = python(path, content);
        let text =
            module.map_or_else(|| content.clone(), |m| (normalised_stmts(m.body()) + "\n").into_bytes());
        (path.clone(), text)
    };
    files.iter().map(one).collect()
}

/// Every line further down, below a comment that its format allows.
fn moved_down(files: &Files) -> Files {
    let one = |(path, content): (&String, &Vec<u8>)| {
        let comments = [".py", ".yml", ".yaml", ".toml"].iter().any(|end| path.ends_with(end))
            || path.rsplit('/').next().is_some_and(|name| name.starts_with(".env"));
        let known = comments && !content.is_empty() && !content.starts_with("\u{feff}".as_bytes());
        let above: &[u8] = if known { b"# one\n\n# two\n" } else { b"" };
        (path.clone(), [above, content].concat())
    };
    files.iter().map(one).collect()
}

/// A line more at the end of every file; an empty file gets its first.
fn touched(files: &Files) -> Files {
    files.iter().map(|(path, content)| (path.clone(), [content.as_slice(), b"\n"].concat())).collect()
}

/// What is about the length of a file: a longer one is news.
const ABOUT_LENGTH: [&str; 2] = ["STY003", "STY004"];

/// Nothing is reported on any of these ways from `base` to `head`, each with where its page has it. All rules looked at
/// every changed file, and there was one in at least so many of the changes.
fn silent(changes: impl Iterator<Item = (String, Sample)>, at_least: usize) {
    let (mut looked_at, mut told) = (0, Vec::new());
    for (place, sample) in changes {
        let judgement = sample.judge();
        let changed = sample.change().files.len();
        looked_at += usize::from(judgement.files > 0);
        assert_eq!(judgement.files, changed, "{place}");
        assert_eq!((judgement.rules, judgement.not_looked_at), (rules::all().len(), vec![]), "{place}");
        let findings = judgement.findings.into_iter().filter(|r| !ABOUT_LENGTH.contains(&r.finding.code));
        told.extend(findings.map(|r| format!("{place}: {}: {}", r.finding.code, r.finding.headline)));
    }
    assert!(told.is_empty(), "{}", told.join("\n"));
    assert!(looked_at >= at_least, "only {looked_at} changes were looked at: this proves nothing");
}

#[test]
fn nothing_changed_is_nothing_reported() {
    let touched_again = heads().into_iter().map(|(place, base)| {
        let head = touched(&base);
        (place, Sample { base, head, ..Sample::default() })
    });
    silent(touched_again, heads().len());
    let untouched = heads().into_iter().map(|(place, head)| {
        let base = touched(&head);
        (place, Sample { base, head, ..Sample::default() })
    });
    silent(untouched, heads().len());
}

#[test]
fn a_reformatted_file_reports_nothing() {
    let there = heads().into_iter().map(|(place, head)| {
        let after = reformatted(&head);
        (place, Sample { base: head, head: after, ..Sample::default() })
    });
    silent(there, 90);
    let back = heads().into_iter().map(|(place, head)| {
        let before = reformatted(&head);
        (place, Sample { base: before, head, ..Sample::default() })
    });
    silent(back, 90);
}

#[test]
fn lines_that_moved_report_nothing() {
    let down = heads().into_iter().map(|(place, head)| {
        let after = moved_down(&head);
        (place, Sample { base: head, head: after, ..Sample::default() })
    });
    silent(down, 160);
}

#[test]
fn a_project_that_moved_into_a_folder_reports_nothing() {
    let moved = heads().into_iter().map(|(place, base)| {
        let to = |path: &str| match path {
            // At the root it speaks for all; in a folder it would not.
            ".gitignore" => path.to_owned(),
            _ => format!("backend/{path}"),
        };
        let head: Files = base.iter().map(|(path, content)| (to(path), content.clone())).collect();
        let renamed = base.keys().filter(|path| *path != ".gitignore");
        let renames = renamed.map(|path| (to(path), path.clone())).collect();
        (place, Sample { base, head, renames, ..Sample::default() })
    });
    silent(moved, heads().len());
}
