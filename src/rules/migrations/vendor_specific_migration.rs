use std::collections::BTreeSet;

use ruff_python_ast::{Expr, ExprCall};
use ruff_text_size::{Ranged, TextRange, TextSize};

use crate::model::catalogue;
use crate::model::finding::{Confidence, Edit, Finding, Fix, FixSafety, NodeText, Severity, code};
use crate::project::django::database::Engine;
use crate::project::migrations::migration::{Migration, Operation, Position};
use crate::rules::{Against, Context, Look, Rule};
use crate::source::NotLoaded;
use crate::syntax::python::{ScopeId, normalised_expr};

use super::files::File;
use super::sql;

pub(super) static RULE: Rule = Rule {
    entry: &catalogue::MIG016,
    page: include_str!("vendor_specific_migration.md"),
    against: Against::ChangedLines,
    looks: &[Look::Migration(check)],
};

/// Operations of PostgreSQL that look at the connection and do nothing elsewhere.
const GUARDED: [&str; 4] = ["Extension", "CreateCollation", "RemoveCollation", "ValidateConstraint"];

/// Words that only PostgreSQL understands.
const POSTGRES: [&str; 12] = [
    "CREATE EXTENSION",
    "CONCURRENTLY",
    "USING GIN",
    "USING GIST",
    "USING BRIN",
    "JSONB",
    "DO $",
    "ALTER TYPE",
    " SERIAL",
    "BIGSERIAL",
    "PLPGSQL",
    "MATERIALIZED VIEW",
];

/// Words that only SQLite understands.
const SQLITE: [&str; 2] = ["PRAGMA ", "AUTOINCREMENT"];

fn check(context: &Context<'_>, file: &File<'_>) -> Result<Vec<Finding>, NotLoaded> {
    let mut findings = inside_transaction(file);
    let suspects = suspects(file);
    if suspects.is_empty() {
        return Ok(findings);
    }
    let engines = context.here.database_engines()?;
    findings.extend(suspects.into_iter().filter(|s| engines.contains(&s.fails_on)).map(|s| s.finding(file)));
    Ok(findings)
}

/// Something that one database alone understands.
struct Suspect {
    range: TextRange,
    what: String,
    node: String,
    fails_on: Engine,
    /// It also tells Django's state of the models something.
    tells_state: bool,
}

impl Suspect {
    fn finding(self, file: &File<'_>) -> Finding {
        let (engine, vendor) = match self.fails_on {
            Engine::Sqlite => ("SQLite", "postgresql"),
            _ => ("PostgreSQL", "sqlite"),
        };
        RULE.finding(
            file.span(self.range),
            format!("{}.{}", file.name, self.what),
            NodeText::Open(self.node.clone()),
            format!("{} in {} does not run on {engine}", code(&self.what), code(&file.name.to_string())),
            format!("The settings allow {engine}, and there {} stops at this migration.", code("migrate")),
        )
        .with_fix(Fix::text(self.fix(vendor)))
    }

    /// A `RunPython` alone would leave the state behind, and `makemigrations` would make the operation again.
    fn fix(&self, vendor: &str) -> String {
        let guarded = format!(
            "a `RunPython` that begins with `if schema_editor.connection.vendor != \"{vendor}\": return`"
        );
        if self.tells_state {
            return format!(
                "Put it into `state_operations` of a `SeparateDatabaseAndState`, so that the models keep it, and what it does to the database into {guarded} in `database_operations`."
            );
        }
        format!("Do it in {guarded}.")
    }
}

fn suspects(file: &File<'_>) -> Vec<Suspect> {
    let (mut found, mut seen) = (Vec::new(), BTreeSet::new());
    let migration = file.source.migration();
    let index = migration.module().index();
    let Some(class) = index.class_in(ScopeId::MODULE, "Migration") else { return found };
    let operations = file.source.operations();
    let in_state = StateOnly::among(&operations);
    for call in index.calls_in(class.body) {
        let Some(name) = postgres_only(migration, call.node) else { continue };
        if in_state.holds(call.node.range()) {
            continue;
        }
        if seen.insert(name.clone()) {
            let (range, node) = (call.node.func.range(), name.clone());
            found.push(Suspect { range, what: name, node, fails_on: Engine::Sqlite, tells_state: true });
        }
    }
    let sql = operations.iter().filter(|o| o.django_kind() == Some("RunSQL") && o.is_here());
    found.extend(sql.filter(|o| o.position != Position::StateOnly).filter_map(sql_suspect));
    found
}

/// Where the operations stand that no database sees: by their start, each with the furthest end so far.
struct StateOnly(Vec<(TextSize, TextSize)>);

impl StateOnly {
    fn among(operations: &[Operation<'_>]) -> Self {
        let state_only = operations.iter().filter(|o| o.position == Position::StateOnly && o.is_here());
        let mut ranges: Vec<_> = state_only.map(|o| (o.call.start(), o.call.end())).collect();
        ranges.sort_unstable();
        let mut furthest = TextSize::default();
        for (_, end) in &mut ranges {
            furthest = furthest.max(*end);
            *end = furthest;
        }
        Self(ranges)
    }

    fn holds(&self, range: TextRange) -> bool {
        let begun = self.0.partition_point(|(start, _)| *start <= range.start());
        self.0[..begun].last().is_some_and(|(_, furthest)| *furthest >= range.end())
    }
}

/// The last component of a callee from `django.contrib.postgres` that does not guard itself.
fn postgres_only(migration: &Migration, call: &ExprCall) -> Option<String> {
    let name = migration.module().qualified(&call.func)?;
    // Validators work anywhere; a search or an aggregate is no part of the schema.
    let ["django", "contrib", "postgres", part, ..] = name.segments() else { return None };
    let last = name.last();
    let schema = ["fields", "indexes", "constraints", "operations", "search"].contains(part);
    (schema && !GUARDED.iter().any(|g| last.ends_with(g))).then(|| last.to_owned())
}

fn sql_suspect(operation: &Operation<'_>) -> Option<Suspect> {
    let statements = sql::statements(operation)?;
    let has = |words: &[&str]| {
        statements.iter().find_map(|statement| {
            let upper = statement.to_ascii_uppercase();
            words.iter().find(|word| upper.contains(**word)).map(|word| word.trim().to_owned())
        })
    };
    let (word, fails_on) = has(&POSTGRES)
        .map(|w| (w, Engine::Sqlite))
        .or_else(|| has(&SQLITE).map(|w| (w, Engine::Postgres)))?;
    Some(Suspect {
        range: operation.at,
        what: format!("RunSQL({word} …)"),
        node: normalised_expr(&Expr::Call(operation.call.clone())),
        fails_on,
        tells_state: operation.argument("state_operations", 2).is_some(),
    })
}

/// `AddIndexConcurrently` in a transaction: Django itself refuses.
fn inside_transaction(file: &File<'_>) -> Vec<Finding> {
    let migration = file.source.migration();
    let in_transaction =
        migration.attribute("atomic").is_none_or(|e| e.as_boolean_literal_expr().is_some_and(|b| b.value));
    if !in_transaction {
        return Vec::new();
    }
    let operations = file.source.operations();
    let concurrent = operations.iter().filter(|o| {
        o.callee.starts_with("django.contrib.postgres.operations.") && o.kind().ends_with("IndexConcurrently")
    });
    concurrent
        .map(|operation| {
            let kind = operation.kind();
            RULE.finding(
                file.span(operation.at),
                format!("{}.{kind}.atomic", file.name),
                NodeText::Open(normalised_expr(&Expr::Call(operation.call.clone()))),
                format!("{} in {} runs inside a transaction", code(kind), code(&file.name.to_string())),
                format!(
                    "{} stops here with {}.",
                    code(&format!("migrate {}", file.name.app)),
                    code(&format!(
                        "NotSupportedError: The {kind} operation cannot be executed inside a transaction"
                    ))
                ),
            )
            .with_severity(Severity::Error)
            .with_confidence(Confidence::Certain)
            .with_fix(not_atomic(migration))
        })
        .collect()
}

/// `atomic = False` as the first line of the class, or in place of `True`.
fn not_atomic(migration: &Migration) -> Fix {
    let text = "Set `atomic = False` on the migration.";
    let module = migration.module();
    let edit = match (migration.attribute("atomic"), migration.class().and_then(|c| c.body.first())) {
        (Some(written), _) => Edit { span: module.span(written), replacement: "False".to_owned() },
        (None, Some(first)) if !first.is_expr_stmt() => {
            let Some(indent) = module.indentation(first) else { return Fix::text(text) };
            let start = module.span(first).start;
            let span = crate::model::finding::Span { start, end: start };
            Edit { span, replacement: format!("atomic = False\n\n{indent}") }
        }
        _ => return Fix::text(text),
    };
    Fix { safety: FixSafety::Safe, text: text.to_owned(), edits: vec![edit] }
}
