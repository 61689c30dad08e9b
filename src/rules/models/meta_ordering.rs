use ruff_text_size::TextRange;

use crate::model::catalogue;
use crate::model::finding::{Confidence, Severity, code};
use crate::rules::model::Model;
use crate::rules::python::Report;
use crate::rules::{Against, Look, Rule};
use crate::source::NotLoaded;
use crate::syntax::python::walk_expr;

pub(super) static RULE: Rule = Rule {
    entry: &catalogue::MOD017,
    page: include_str!("meta_ordering.md"),
    against: Against::ChangedLines,
    looks: &[Look::Model(check)],
};

/// Last words of the names of tables that grow with time.
const LARGE: [&str; 4] = ["Log", "History", "Transaction", "Metric"];
/// Those that may.
const MAYBE_LARGE: [&str; 5] = ["Event", "Entry", "Message", "Record", "Reading"];

fn check(model: &Model<'_>, out: &mut Report<'_>) -> Result<(), NotLoaded> {
    if !model.is_concrete() {
        return Ok(());
    }
    let Some((at, ordering)) = ordering(model) else { return Ok(()) };
    let ends_in = |words: &[&str]| words.iter().any(|word| model.name().ends_with(word));
    let related = ordering.iter().find(|column| column.contains("__"));
    let severity = match ordering.first() {
        Some(_) if related.is_some() => Severity::Warning,
        Some(first) if is_indexed(model, first) => return Ok(()),
        Some(_) if ends_in(&LARGE) => Severity::Warning,
        Some(_) if ends_in(&MAYBE_LARGE) => Severity::Advice,
        _ => return Ok(()),
    };
    let (headline, consequence) = match related {
        Some(column) => (
            format!("Every query of {} is ordered by {}", code(model.name()), code(column)),
            "Each of them joins the other table, also where one row is read or reached through a relation."
                .to_owned(),
        ),
        None => (
            format!("Every query of {} is ordered by {}", code(model.name()), code(&ordering.join(", "))),
            "Without an index the database sorts the table for each of them, also where one row is wanted."
                .to_owned(),
        ),
    };
    let fault = format!("ordering = {}", ordering.join(", "));
    out.say(&at, model.name(), fault, headline, consequence)
        .severity(severity)
        .confidence(if related.is_some() { Confidence::Certain } else { Confidence::Likely })
        .fix("Drop `ordering` and write `.order_by(…)` where the order matters.");
    Ok(())
}

/// The columns of its own `Meta.ordering`, where all of them are written there.
fn ordering(model: &Model<'_>) -> Option<(TextRange, Vec<String>)> {
    let meta = model.meta()?;
    let last = model.module.index().bindings_in(meta.body, "ordering").last()?;
    let value = model.module.fold(last.value?);
    let columns: Vec<String> = value.strings().into_iter().map(str::to_owned).collect();
    Some((last.statement, columns))
}

/// Can the database read the rows in this order?
fn is_indexed(model: &Model<'_>, column: &str) -> bool {
    let column = column.trim_start_matches(['-', '+']);
    let is_key = matches!(column, "pk" | "id");
    let of_field = model.field(column).is_some_and(|field| {
        ["db_index", "unique", "primary_key"].iter().any(|it| field.is_true(it))
            || field.relation().is_some()
            || field.is(&["SlugField"])
    });
    // An index or constraint that speaks of the column at all: which comes first is theirs to know.
    let in_meta = ["indexes", "constraints", "unique_together", "index_together"].iter().any(|option| {
        model.own_option(option).is_some_and(|value| {
            let mut found = false;
            walk_expr(value, &mut |expr| {
                let text = crate::syntax::python::string(expr);
                found |= text.is_some_and(|text| text.trim_start_matches('-') == column);
            });
            found
        })
    });
    is_key || of_field || in_meta
}
