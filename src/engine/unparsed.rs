//! Changed files that could not be looked at: too large, no text, or no longer parsing.

use std::collections::BTreeSet;

use crate::model::change::{Change, ChangedFile};
use crate::model::finding::code;
use crate::model::judgement::NotLookedAt;
use crate::project::Project;
use crate::project::django::apps::looks_like_migration;
use crate::project::env::env_files::is_encrypted;
use crate::source::tree::file_name;
use crate::source::{Blob, NotLoaded};
use crate::syntax::python::SyntaxFault;

use super::Sides;

const NOT_UTF8: &str = "it is not UTF-8 text";
/// Of shells, of configuration and of Docker's files ASCII alone decides what they do.
const BYTE_BY_BYTE: &str = "was read byte by byte";

/// What could not be looked at, and what is only worth a note.
#[derive(Debug, Default)]
pub(super) struct Unparsed {
    pub(super) not_looked_at: Vec<NotLookedAt>,
    pub(super) notes: Vec<String>,
}

/// `missed`: is this a path of a file that some rule has to understand? `said`: paths of broken files that a rule reports
/// itself.
pub(super) fn find(
    change: &Change,
    sides: &Sides,
    missed: &dyn Fn(&str) -> bool,
    said: &BTreeSet<&str>,
) -> Unparsed {
    let mut unparsed = Unparsed::default();
    for file in &change.files {
        let Some(path) = file.head_path().filter(|path| missed(path)) else { continue };
        let blob = sides.head.file(path).ok();
        let reason = match blob.as_deref() {
            Some(Blob::TooLarge(_)) => Some("it is larger than 2 MiB"),
            // There is nothing in it that a rule could read, with or without this change.
            Some(blob @ (Blob::Bytewise(_) | Blob::Binary(_))) if is_encrypted(blob, path) => None,
            Some(Blob::Binary(_)) => Some(NOT_UTF8),
            _ if is_cut(&sides.head, path) => {
                Some("it has more operations, or deeper ones, than are followed")
            }
            _ => None,
        };
        if is_read_by_bytes(path, blob.as_deref()) {
            unparsed.notes.push(format!("{} {BYTE_BY_BYTE}: {NOT_UTF8}", code(path)));
        } else if let Some(reason) = reason {
            unparsed.not_looked_at.push(NotLookedAt { path: path.to_owned(), reason: reason.to_owned() });
        } else if !said.contains(path) {
            broken(file, path, sides, &mut unparsed);
        }
    }
    unparsed
}

fn is_cut(head: &Project, path: &str) -> bool {
    looks_like_migration(path)
        && head.whole_migration(path).ok().flatten().is_some_and(|whole| whole.is_cut())
}

/// Asks for the base side of changed files that do not parse: only what the change broke is held against it.
pub(super) fn wants(change: &Change, sides: &Sides, missed: &dyn Fn(&str) -> bool) -> Result<(), NotLoaded> {
    let files = change.files.iter().filter_map(|file| Some((file.head_path()?, file.base_path()?)));
    let files = files.filter(|(path, _)| missed(path));
    let broken = files.filter(|(path, _)| fault(&sides.head, path).is_some());
    NotLoaded::all(broken.map(|(_, base)| sides.merge_base.text(base))).map(drop)
}

fn broken(file: &ChangedFile, path: &str, sides: &Sides, unparsed: &mut Unparsed) {
    let Some(reason) = fault(&sides.head, path) else { return };
    let was_broken = file.base_path().is_some_and(|base| fault(&sides.merge_base, base).is_some());
    let new = file.base_path().is_none();
    let excuse = if was_broken {
        "as before this change"
    } else if is_template(path) || (new && is_yaml(path) && has_placeholders(sides, path)) {
        "being a template"
    } else {
        unparsed.not_looked_at.push(NotLookedAt { path: path.to_owned(), reason });
        return;
    };
    let seen =
        if is_bytewise(&sides.head, path) && is_yaml(path) { BYTE_BY_BYTE } else { "was not looked at" };
    unparsed.notes.push(format!("{} {seen}: {reason}, {excuse}", code(path)));
}

/// Git reads a `.gitignore` so whatever is in it.
fn is_read_by_bytes(path: &str, blob: Option<&Blob>) -> bool {
    match blob {
        Some(Blob::Bytewise(_)) => !wants_utf8(path),
        Some(Blob::Binary(_)) => file_name(path) == ".gitignore",
        _ => false,
    }
}

/// Do the programs that read it refuse any other encoding?
fn wants_utf8(path: &str) -> bool {
    path.ends_with(".py") || is_yaml(path)
}

fn is_bytewise(project: &Project, path: &str) -> bool {
    project.file(path).is_ok_and(|blob| matches!(*blob, Blob::Bytewise(_)))
}

/// Why a Python or YAML file has no usable tree, or none to who runs it.
fn fault(project: &Project, path: &str) -> Option<String> {
    if wants_utf8(path) && is_bytewise(project, path) {
        return Some(NOT_UTF8.to_owned());
    }
    if path.ends_with(".py") {
        return match project.python_fault(path).ok()?? {
            SyntaxFault::TooDeep => Some("it nests deeper than Python allows".to_owned()),
            SyntaxFault::Syntax { line, .. } => {
                Some(format!("it does not parse as Python from line {line} on"))
            }
        };
    }
    let broken_at = if is_yaml(path) { project.yaml_broken_at(path).ok()? } else { None };
    broken_at.map(|line| format!("it does not parse as YAML from line {line} on"))
}

fn is_yaml(path: &str) -> bool {
    path.ends_with(".yml") || path.ends_with(".yaml")
}

/// Charts and playbooks are YAML only when they are filled in.
fn has_placeholders(sides: &Sides, path: &str) -> bool {
    let text = sides.head.text(path).ok().flatten();
    text.is_some_and(|text| text.as_str().contains("{{") || text.as_str().contains("{%"))
}

fn is_template(path: &str) -> bool {
    path.contains("{{") || path.contains("-tpl") || path.contains(".j2") || path.contains(".tmpl")
}
