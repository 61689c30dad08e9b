//! Only what a change introduces is reported: over every example of every page, whatever says nothing new is silent.

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

/// Nothing is reported on the way from `base` to `head`, and something really changed in some of them.
fn silent(changes: impl Iterator<Item = (String, Sample)>) {
    let (mut changed, mut told) = (0, Vec::new());
    for (place, sample) in changes {
        changed += sample.change().files.len();
        let findings = sample.judge().findings.into_iter();
        told.extend(findings.map(|r| format!("{place}: {}: {}", r.finding.code, r.finding.headline)));
    }
    assert!(told.is_empty(), "{}", told.join("\n"));
    assert!(changed > 100, "only {changed} files changed: this proves nothing");
}

#[test]
fn nothing_changed_is_nothing_reported() {
    for (place, head) in heads() {
        let judgement = Sample { base: head.clone(), head, ..Sample::default() }.judge();
        assert_eq!(judgement.findings, [], "{place}");
    }
}

#[test]
fn a_reformatted_file_reports_nothing() {
    let there = heads().into_iter().map(|(place, head)| {
        let after = reformatted(&head);
        (place, Sample { base: head, head: after, ..Sample::default() })
    });
    silent(there);
    let back = heads().into_iter().map(|(place, head)| {
        let before = reformatted(&head);
        (place, Sample { base: before, head, ..Sample::default() })
    });
    silent(back);
}

#[test]
fn lines_that_moved_report_nothing() {
    let down = heads().into_iter().map(|(place, head)| {
        let after = moved_down(&head);
        (place, Sample { base: head, head: after, ..Sample::default() })
    });
    silent(down);
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
    silent(moved);
}
