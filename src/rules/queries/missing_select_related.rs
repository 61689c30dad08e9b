use std::collections::BTreeSet;

use crate::model::catalogue;
use crate::model::finding::{FixSafety, Severity, code};
use crate::project::django::relations::{ModelRef, Relation, Way};
use crate::project::python::role::is_command;
use crate::rules::look::code_with_others;
use crate::rules::python::{PythonFile, Report};
use crate::rules::{Against, Look, Rule};
use crate::source::NotLoaded;

use super::row_loops::{self, RowLoop};

pub(super) static RULE: Rule = Rule {
    entry: &catalogue::QRY002,
    page: include_str!("missing_select_related.md"),
    against: Against::ChangedLines,
    looks: &[Look::Python(code_with_others, check)],
};

fn check(file: &PythonFile<'_>, out: &mut Report<'_>) -> Result<(), NotLoaded> {
    for each in row_loops::all(file)? {
        let mut told = BTreeSet::new();
        for read in each.reads() {
            let Some(path) = path(file, &each, &read.names)? else { continue };
            if !told.insert(path.clone()) {
                continue;
            }
            let written = file.module.source(read.node);
            let headline =
                format!("The loop reads {} and the query does not join {}", code(written), code(&path));
            let consequence =
                format!("Each {} asks the database once more: 100 rows are 101 queries.", code(each.row));
            let joined = format!(".select_related(\"{path}\")");
            let subject = format!("{}.{path}", file.index().name_of(each.scope));
            let severity = if is_command(file.path) { Severity::Advice } else { Severity::Warning };
            let remark = out
                .say(read.node, subject, path, headline, consequence)
                .severity(severity)
                .because_of(&each.range);
            match each.loads.manager {
                Some(at) => {
                    let text = "Right if no other code relies on the query as it is.";
                    remark.edit(FixSafety::Ask, text, vec![file.insert(at, joined)]);
                }
                None => {
                    remark.fix(format!("Add {} to the query.", code(&joined)));
                }
            }
        }
    }
    Ok(())
}

/// The relations that a read follows and the query does not bring: `author__country` of `post.author.country.name`.
fn path(file: &PythonFile<'_>, each: &RowLoop<'_>, names: &[&str]) -> Result<Option<String>, NotLoaded> {
    let Some((_, followed)) = names.split_last() else { return Ok(None) };
    let mut model = each.model.clone();
    let mut path = String::new();
    let mut missing = None;
    for name in followed {
        let Some(Way::One(relation)) = file.project().way(&model, name)? else { break };
        path = if path.is_empty() { (*name).to_owned() } else { format!("{path}__{name}") };
        if !is_loaded(each, &path, &relation) {
            missing = Some(path.clone());
        }
        match relation.to {
            Some(ModelRef::Own(to)) => model = to,
            _ => break,
        }
    }
    Ok(missing)
}

/// `select_related()` alone follows only what cannot be empty.
fn is_loaded(each: &RowLoop<'_>, path: &str, relation: &Relation) -> bool {
    let loads = &each.loads;
    let is_joined = loads.joins_all && !relation.is_null;
    loads.has(path) || is_joined || loads.known.as_deref() == Some(path) || relation.to.is_none()
}
