use ruff_python_ast::Expr;

use crate::model::catalogue;
use crate::model::finding::{Confidence, code};
use crate::project::django::model_field::{ModelField, RelationKind};
use crate::rules::model::Model;
use crate::rules::python::Report;
use crate::rules::{Against, Look, Rule};
use crate::source::NotLoaded;
use crate::syntax::english::{self, Number};
use crate::syntax::python::string;

pub(super) static RULE: Rule = Rule {
    entry: &catalogue::MOD010,
    page: include_str!("fk_id_suffix.md"),
    against: Against::ChangedLines,
    looks: &[Look::Model(check)],
};

const SUFFIXES: [&str; 4] = ["_id", "_fk", "_pk", "Id"];

fn check(model: &Model<'_>, out: &mut Report<'_>) -> Result<(), NotLoaded> {
    let leads_to_one = [RelationKind::ForeignKey, RelationKind::OneToOne];
    for field in
        model.fields().iter().filter(|f| f.relation().is_some_and(|kind| leads_to_one.contains(&kind)))
    {
        match SUFFIXES.iter().find_map(|suffix| Some((*suffix, stem(field.name, suffix)?))) {
            Some((suffix, stem)) => says_id(model, field, suffix, stem, out),
            None => says_several(model, field, out),
        }
    }
    Ok(())
}

fn stem<'a>(name: &'a str, suffix: &str) -> Option<&'a str> {
    name.strip_suffix(suffix).filter(|stem| !stem.trim_matches('_').is_empty())
}

fn says_id(model: &Model<'_>, field: &ModelField<'_>, suffix: &str, stem: &str, out: &mut Report<'_>) {
    let path = model.path_of(field);
    let target = code(model.target(field).unwrap_or("row"));
    let column = field.argument("db_column");
    let called = column.and_then(string).map_or_else(|| format!("{}_id", field.name), str::to_owned);
    let said = out
        .say(
            &field.at,
            &path,
            suffix,
            format!("Foreign key {} ends in {}", code(&path), code(suffix)),
            format!("Its column is {}, and {} gives a {target}, not a number.", code(&called), code(field.name)),
        )
        .because_of(field.call)
        .fix(format!(
            "Name it {}: Django adds `_id` to the column; where the table exists, `migrations.RenameField` keeps its data.",
            code(stem),
        ));
    // The name follows a table that others made.
    if column.is_some_and(Expr::is_string_literal_expr) || model.is_unmanaged() {
        said.warning();
    }
}

fn says_several(model: &Model<'_>, field: &ModelField<'_>, out: &mut Report<'_>) {
    let words = english::words(field.name);
    let Some(last) = words.last().filter(|last| english::number(last) == Number::Several) else { return };
    let target = model.target(field);
    if target.is_none_or(|target| english::words(target).last() == Some(last)) {
        return;
    }
    let path = model.path_of(field);
    let one = english::with_last(field.name, english::singular);
    out.say(
        &field.at,
        &path,
        "plural",
        format!("Foreign key {} is named in the plural", code(&path)),
        format!(
            "It holds one {}; whoever reads {} loops over it.",
            code(target.unwrap_or("row")),
            code(field.name)
        ),
    )
    .because_of(field.call)
    .warning()
    .confidence(Confidence::Likely)
    .fix(format!("Name it {}; where the table exists, `migrations.RenameField` keeps its data.", code(&one)));
}
