use crate::model::catalogue;
use crate::model::finding::{Finding, NodeText, Severity, code};
use crate::rules::{Against, Context, Look, Rule};
use crate::source::NotLoaded;
use crate::syntax::python::Function;

use super::data_functions::{self, DataFunction};
use super::files::File;
use super::historical_model::fix;
use super::live_model::{Live, Use, What, live_model, uses};

pub(super) static RULE: Rule = Rule {
    entry: &catalogue::MIG014,
    page: include_str!("data_migration_imports_live_model.md"),
    against: Against::ChangedLines,
    looks: &[Look::Migration(check)],
};

fn check(context: &Context<'_>, file: &File<'_>) -> Result<Vec<Finding>, NotLoaded> {
    let functions = data_functions::of(context, file)?;
    let judged = functions.iter().map(|function| judge(context, file, function));
    Ok(one_for_each_place(NotLoaded::all(judged)?.concat()))
}

/// All that a function of another module does is told where the migration runs it: once, by the first of the worst.
fn one_for_each_place(found: Vec<Finding>) -> Vec<Finding> {
    let mut told: Vec<(Finding, usize)> = Vec::new();
    for finding in found {
        match told.iter_mut().find(|(first, _)| first.place == finding.place) {
            None => told.push((finding, 0)),
            Some((first, more)) => {
                if finding.severity > first.severity {
                    *first = finding;
                }
                *more += 1;
            }
        }
    }
    let counted = told.into_iter().map(|(finding, more)| match more {
        0 => finding,
        _ => Finding { headline: format!("{} and {more} more", finding.headline), ..finding },
    });
    counted.collect()
}

fn judge(context: &Context<'_>, file: &File<'_>, data: &DataFunction) -> Result<Vec<Finding>, NotLoaded> {
    let Some(function) = data.function() else { return Ok(Vec::new()) };
    let used = uses(&data.module, function);
    let models = NotLoaded::all(used.iter().map(|used| live_model(context, &data.path, used)))?;
    let live = used.iter().zip(models).filter_map(|(used, live)| Some((used, live?)));
    Ok(live.map(|(used, live)| finding(file, data, function, used, &live)).collect())
}

fn finding(
    file: &File<'_>,
    data: &DataFunction,
    function: &Function<'_>,
    used: &Use<'_>,
    live: &Live,
) -> Finding {
    let (name, migration) = (code(&format!("{}()", data.name)), code(&file.name.to_string()));
    let who = match data.at {
        Some(_) => format!("{name} in {}, which {migration} runs,", code(&data.path)),
        None if matches!(live.what, What::Fixture) => name,
        None => format!("{name} in {migration}"),
    };
    let (does, it) = match &live.what {
        What::Fixture => ("loads a fixture with the live models".to_owned(), String::new()),
        What::Model(class) => (format!("uses the live model {}", code(class)), code(class)),
        What::UserModel => ("uses the live user model".to_owned(), "it".to_owned()),
        What::Unnamed => ("takes a live model from the global registry".to_owned(), "it".to_owned()),
    };
    let consequence = match live.what {
        What::Fixture => "On a fresh database the fixture meets columns that later migrations have not made yet: `migrate` stops with `DeserializationError`.".to_owned(),
        _ => format!("Once {it} has a column that a later migration adds, `migrate` on a fresh database stops here with `OperationalError: no such column`."),
    };
    let severity = match live.what {
        _ if data.is_service => Severity::Advice,
        What::Fixture => Severity::Warning,
        _ => Severity::Error,
    };
    RULE.finding(
        file.span(data.at.unwrap_or(used.at)),
        format!("{}.{}.{}", file.name, data.name, used.local),
        NodeText::Open(used.local.clone()),
        format!("{who} {does}"),
        consequence,
    )
    .with_severity(severity)
    .with_fix(fix(data, function, used, live))
}
