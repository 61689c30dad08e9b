use std::collections::BTreeSet;

use crate::model::catalogue;
use crate::model::finding::{FixSafety, Severity, code};
use crate::project::django::instances::methods;
use crate::project::django::model_field::RelationKind;
use crate::project::django::relations::Way;
use crate::project::python::role::is_command;
use crate::rules::look::code_with_others;
use crate::rules::python::{PythonFile, Report};
use crate::rules::{Against, Look, Rule};
use crate::source::NotLoaded;

use super::row_loops::{self, Read, RowLoop};

pub(super) static RULE: Rule = Rule {
    entry: &catalogue::QRY003,
    page: include_str!("missing_prefetch_related.md"),
    against: Against::ChangedLines,
    looks: &[Look::Python(code_with_others, check)],
};

/// What reads rows that were fetched before.
const READS: [&str; 3] = ["all", "count", "exists"];

/// What is wrong with how a loop reads many rows of each row.
enum Fault {
    /// Nothing fetched them.
    Missing,
    /// They were fetched, and this method asks again.
    Defeated(String),
}

fn check(file: &PythonFile<'_>, out: &mut Report<'_>) -> Result<(), NotLoaded> {
    for each in row_loops::all(file)? {
        let mut told = BTreeSet::new();
        for read in each.reads() {
            let [relation, method] = read.names.as_slice() else { continue };
            let Some(fault) = fault(&each, &read, relation, method) else { continue };
            let is_many = match file.project().way(&each.model, relation)? {
                Some(Way::Many(_)) => true,
                Some(Way::Back(_, relation)) => relation.kind != RelationKind::OneToOne,
                _ => false,
            };
            if is_many && told.insert((*relation).to_owned()) {
                say(file, &each, &read, relation, &fault, out);
            }
        }
    }
    Ok(())
}

fn fault(each: &RowLoop<'_>, read: &Read<'_>, relation: &str, method: &str) -> Option<Fault> {
    if each.loads.is_opaque {
        return None;
    }
    let asks = |method: &str| {
        let is_known = methods::ROWS.contains(&method) || methods::QUERIES.contains(&method);
        let writes = methods::WRITES.contains(&method) || method == "none";
        is_known && !writes && !READS.contains(&method)
    };
    let again = [Some(method), read.then].into_iter().flatten().find(|method| asks(method));
    match (each.loads.has_fetched(relation), again) {
        (true, Some(method)) => Some(Fault::Defeated(method.to_owned())),
        (false, None) if READS.contains(&method) => Some(Fault::Missing),
        _ => None,
    }
}

fn say(
    file: &PythonFile<'_>,
    each: &RowLoop<'_>,
    read: &Read<'_>,
    relation: &str,
    fault: &Fault,
    out: &mut Report<'_>,
) {
    let written = code(&format!("{}()", file.module.source(read.node)));
    let subject = format!("{}.{relation}", file.index().name_of(each.scope));
    let row = code(each.row);
    let severity = if is_command(file.path) { Severity::Advice } else { Severity::Warning };
    let remark = match fault {
        Fault::Missing => {
            let headline =
                format!("The loop reads {written} and the query does not fetch {}", code(relation));
            let consequence =
                format!("Each {row} asks the database once more: 100 rows are 101 queries, and could be 2.");
            out.say(read.node, subject, relation, headline, consequence)
        }
        Fault::Defeated(method) => {
            let headline = format!(
                "{} asks again for what `prefetch_related(\"{relation}\")` has fetched",
                code(&format!("{}.{relation}…{method}()", each.row))
            );
            let consequence =
                format!("Each {row} asks the database once more, and what was fetched is thrown away.");
            out.say(read.node, subject, format!("{relation}.{method}"), headline, consequence)
        }
    };
    let remark = remark.severity(severity).because_of(&each.range);
    let fetched = format!(".prefetch_related(\"{relation}\")");
    match (fault, each.loads.manager) {
        (Fault::Missing, Some(at)) => {
            let text = "Right if the rows are few enough to be held in memory.";
            remark.edit(FixSafety::Ask, text, vec![file.insert(at, fetched)]);
        }
        (Fault::Missing, None) => {
            remark.fix(format!("Add {} to the query.", code(&fetched)));
        }
        (Fault::Defeated(_), _) => {
            let prefetch = format!("Prefetch(\"{relation}\", queryset=…)");
            remark.fix(format!(
                "Filter or order in {}, or in Python over {}.",
                code(&prefetch),
                code(&format!("{}.{relation}.all()", each.row))
            ));
        }
    }
}
