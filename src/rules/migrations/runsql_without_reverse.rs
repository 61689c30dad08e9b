use crate::model::catalogue;
use crate::model::finding::{Finding, Fix, FixSafety, NodeText, Severity, code};
use crate::project::migrations::migration::Operation;
use crate::rules::{Against, Context, Look, Rule};
use crate::source::NotLoaded;

use super::files::File;
use super::reverse::{RUN_SQL, insertion, is_copied, short, spelling};
use super::runpython_without_reverse::consequence;
use super::{rollback, sql};

pub(super) static RULE: Rule = Rule {
    entry: &catalogue::MIG005,
    page: include_str!("runsql_without_reverse.md"),
    against: Against::ChangedLines,
    looks: &[Look::Migration(check)],
};

fn check(context: &Context<'_>, file: &File<'_>) -> Result<Vec<Finding>, NotLoaded> {
    let mut findings = Vec::new();
    for operation in RUN_SQL.missing(file) {
        if does_nothing(&operation) {
            continue;
        }
        let statements = sql::statements(&operation).unwrap_or_default();
        let what = label(&operation, &statements);
        let finding = RULE.finding(
            file.place(operation.at),
            what.clone(),
            NodeText::Open(RUN_SQL.text(&operation)),
            format!("{} in {} cannot be reversed", code(&what), code(&file.name.to_string())),
            consequence(rollback::command(context, file)?, &operation),
        );
        let idle = !statements.is_empty() && statements.iter().all(|s| sql::changes_nothing(s));
        let severity = match () {
            () if idle => Severity::Advice,
            () if is_copied(context, file, &operation)? => Severity::Warning,
            () => Severity::Error,
        };
        findings.push(finding.with_severity(severity).with_fix(fix(&operation, &statements, idle)));
    }
    Ok(findings)
}

/// `RunSQL(RunSQL.noop)`, `RunSQL("")`, `RunSQL([])`.
fn does_nothing(operation: &Operation<'_>) -> bool {
    let Some(argument) = operation.argument("sql", 0) else { return false };
    let noop = operation.module.qualified(argument).is_some_and(|name| name.ends_with("RunSQL.noop"));
    noop || sql::statements(operation).is_some_and(|statements| statements.is_empty())
}

/// `RunSQL("CREATE INDEX post_slug …")`: the verb and what it is about, never a value.
pub(super) fn label(operation: &Operation<'_>, statements: &[String]) -> String {
    let kind = operation.kind();
    let argument = operation.argument("sql", 0);
    if let Some(name) = argument.filter(|a| a.is_name_expr() || a.is_attribute_expr()) {
        return format!("{kind}({})", short(name));
    }
    let plain = |word: &String| word.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | '"'));
    let words: Vec<String> = statements.first().map_or_else(Vec::new, |s| sql::words(s));
    let shown: Vec<&str> = words.iter().take(3).take_while(|w| plain(w)).map(String::as_str).collect();
    if shown.is_empty() {
        return format!("{kind}(…)");
    }
    format!("{kind}({} …)", shown.join(" "))
}

fn fix(operation: &Operation<'_>, statements: &[String], idle: bool) -> Fix {
    let noop = format!("{}.noop", spelling(operation));
    let inserted = |safety: FixSafety, reverse: &str, text: String| {
        insertion(operation, "reverse_sql", reverse).map(|edit| Fix { safety, text, edits: vec![edit] })
    };
    let only = match statements {
        [only] => Some(only.as_str()),
        _ => None,
    };
    let exact = only.and_then(sql::inverse).and_then(|inverse| {
        let (safety, text) = if inverse.postgres {
            (FixSafety::Safe, format!("Pass {} as `reverse_sql`.", code(&inverse.sql)))
        } else {
            let text = format!(
                "Pass {} as `reverse_sql`: right on PostgreSQL and SQLite, if this migration is what made it.",
                code(&inverse.sql)
            );
            (FixSafety::Ask, text)
        };
        inserted(safety, &quoted(&inverse.sql), text)
    });
    let writes = !statements.is_empty() && statements.iter().all(|s| sql::only_writes(s));
    let leave = || match (idle, writes) {
        (true, _) => {
            inserted(FixSafety::Safe, &noop, format!("Pass {}: there is nothing to take back.", code(&noop)))
        }
        (_, true) => {
            let text = format!(
                "Pass {} only if the rows may stay as they are; otherwise write the SQL that takes them back.",
                code(&noop)
            );
            inserted(FixSafety::Ask, &noop, text)
        }
        _ => None,
    };
    exact.or_else(leave).unwrap_or_else(|| Fix::text(in_words(only)))
}

fn in_words(only: Option<&str>) -> String {
    match only.and_then(sql::extension) {
        Some(extension) => format!(
            "Pass {} as `reverse_sql` if nothing else uses the extension, else `migrations.RunSQL.noop`.",
            code(&format!("DROP EXTENSION IF EXISTS {extension}"))
        ),
        None => "Pass the SQL that takes it back as `reverse_sql`; `migrations.RunSQL.noop` is right only if going \
                 back may leave the database as it is."
            .to_owned(),
    }
}

/// A Python string literal of text that holds no backslash and not both kinds of quotes.
fn quoted(sql: &str) -> String {
    if sql.contains('"') { format!("'{sql}'") } else { format!("\"{sql}\"") }
}
