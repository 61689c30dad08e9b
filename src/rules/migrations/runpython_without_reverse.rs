use crate::model::catalogue;
use crate::model::finding::{Finding, Fix, FixSafety, NodeText, Severity, code};
use crate::project::migrations::migration::{Operation, Position};
use crate::rules::{Against, Context, Look, Rule};
use crate::source::NotLoaded;

use super::files::File;
use super::forward::only_writes;
use super::reverse::{RUN_PYTHON, insertion, is_copied, short, spelling};
use super::rollback;

pub(super) static RULE: Rule = Rule {
    entry: &catalogue::MIG004,
    page: include_str!("runpython_without_reverse.md"),
    against: Against::ChangedLines,
    looks: &[Look::Migration(check)],
};

fn check(context: &Context<'_>, file: &File<'_>) -> Result<Vec<Finding>, NotLoaded> {
    let mut findings = Vec::new();
    for operation in RUN_PYTHON.missing(file) {
        let what = label(&operation);
        let finding = RULE.finding(
            file.place(operation.at),
            what.clone(),
            NodeText::Open(RUN_PYTHON.text(&operation)),
            format!("{} in {} cannot be reversed", code(&what), code(&file.name.to_string())),
            consequence(rollback::command(context, file)?, &operation),
        );
        let copied = is_copied(context, file, &operation)?;
        let severity = if copied { Severity::Warning } else { Severity::Error };
        findings.push(finding.with_severity(severity).with_fix(fix(&operation)));
    }
    Ok(findings)
}

/// `RunPython(fill_slugs)`, `DeleteSetting(setting='events')`
fn label(operation: &Operation<'_>) -> String {
    let named = operation.call.arguments.keywords.first();
    let own = named.map(|k| format!("{}={}", k.arg.as_ref().map_or("**", |a| a.as_str()), short(&k.value)));
    let function = operation.argument("code", 0).map(short).or(own).unwrap_or_default();
    format!("{}({function})", operation.kind())
}

/// Django asks each operation of the list first; one inside `SeparateDatabaseAndState` is only asked when it runs.
pub(super) fn consequence(command: Option<String>, operation: &Operation<'_>) -> String {
    let error = match operation.position {
        Position::Plain => "`IrreversibleError`",
        _ => "`NotImplementedError: You cannot reverse this operation`",
    };
    match command {
        Some(command) => {
            format!("{} stops here with {error}, and so does every rollback past it.", code(&command))
        }
        None => format!("Every rollback past it stops here with {error}."),
    }
}

fn fix(operation: &Operation<'_>) -> Fix {
    let spelling = spelling(operation);
    let function = operation.argument("code", 0);
    let noop = format!("{spelling}.noop");
    if function.is_some_and(|f| operation.module.source(f).ends_with("RunPython.noop"))
        && let Some(edit) = insertion(operation, "reverse_code", &noop)
    {
        let text = format!("Pass {} as the reverse too: there is nothing to take back.", code(&noop));
        return Fix { safety: FixSafety::Safe, text, edits: vec![edit] };
    }
    let name = function.and_then(|f| f.as_name_expr()).map(|n| n.id.as_str());
    if let Some(name) = name.filter(|name| only_writes(operation.module, name))
        && let Some(edit) = insertion(operation, "reverse_code", &noop)
    {
        let text = format!(
            "Pass {} only if what {} writes may stay; otherwise write the function that takes it back.",
            code(&noop),
            code(name)
        );
        return Fix { safety: FixSafety::Ask, text, edits: vec![edit] };
    }
    let reverse =
        name.map_or_else(|| "undo".to_owned(), |name| format!("un{}", name.trim_start_matches('_')));
    Fix::text(format!(
        "Write {} that takes the change back and pass it as `reverse_code`; {} is right only if the data may stay as it is.",
        code(&format!("def {reverse}(apps, schema_editor)")),
        code("migrations.RunPython.noop"),
    ))
}
