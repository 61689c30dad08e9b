//! Changed files that could not be looked at: too large, or no longer parsing.

use std::collections::BTreeSet;

use crate::model::change::{Change, ChangedFile};
use crate::model::finding::code;
use crate::model::judgement::NotLookedAt;
use crate::project::Project;
use crate::source::Blob;
use crate::syntax::python::Fault;

use super::Sides;

/// What could not be looked at, and what is only worth a note.
#[derive(Debug, Default)]
pub(super) struct Unparsed {
    pub(super) not_looked_at: Vec<NotLookedAt>,
    pub(super) notes: Vec<String>,
}

/// `said`: paths of broken files that a rule reports itself.
pub(super) fn find(
    change: &Change,
    sides: &Sides,
    excluded: &dyn Fn(&str) -> bool,
    said: &BTreeSet<String>,
) -> Unparsed {
    let mut unparsed = Unparsed::default();
    for file in &change.files {
        let Some(path) = file.head_path().filter(|p| is_read(p) && !excluded(p)) else { continue };
        if let Ok(blob) = sides.head.file(path)
            && let Blob::TooLarge(_) = *blob
        {
            unparsed
                .not_looked_at
                .push(NotLookedAt { path: path.to_owned(), reason: "it is larger than 2 MiB".to_owned() });
        } else if path.ends_with(".py") && !said.contains(path) {
            python(file, path, sides, &mut unparsed);
        }
    }
    unparsed
}

/// Formats that the rules read; a large picture or fixture is nobody's concern.
pub(super) fn is_read(path: &str) -> bool {
    let name = crate::source::tree::file_name(path).to_ascii_lowercase();
    let extension = name.rsplit_once('.').map_or("", |(_, e)| e);
    matches!(
        extension,
        "py" | "yml" | "yaml" | "toml" | "ini" | "cfg" | "conf" | "sh" | "j2" | "service" | "env"
    ) || name.contains(".env")
        || name.contains("env.")
        || ["dockerfile", "procfile", "makefile", "env", ".gitignore", ".gitattributes", ".flaskenv"]
            .iter()
            .any(|n| name.starts_with(n))
}

fn python(file: &ChangedFile, path: &str, sides: &Sides, unparsed: &mut Unparsed) {
    let Some(fault) = fault(&sides.head, path) else { return };
    let was_broken = file.base_path().is_some_and(|base| fault_known(&sides.merge_base, base));
    let reason = match &fault {
        Fault::TooDeep => "it nests deeper than Python allows".to_owned(),
        Fault::Syntax { line, .. } => format!("it does not parse as Python from line {line} on"),
    };
    if was_broken || is_template(path) {
        unparsed.notes.push(format!("{} was not looked at: {reason}, as before this change", code(path)));
    } else {
        unparsed.not_looked_at.push(NotLookedAt { path: path.to_owned(), reason });
    }
}

fn fault(project: &Project, path: &str) -> Option<Fault> {
    project.module(path).ok().flatten().and_then(|module| module.fault().cloned())
}

/// A base that was not read is taken for whole: the change then broke the file.
fn fault_known(project: &Project, path: &str) -> bool {
    fault(project, path).is_some()
}

fn is_template(path: &str) -> bool {
    path.contains("{{") || path.contains("-tpl") || path.contains(".j2") || path.contains(".tmpl")
}
