use ruff_python_ast::Expr;

use crate::model::catalogue;
use crate::model::finding::{Finding, Fix, NodeText, Place, Severity, code};
use crate::project::migrations::migration::Operation;
use crate::rules::{Against, Context, Look, Rule};
use crate::source::NotLoaded;
use crate::source::tree::{file_name, folder, join};

use super::files::{self, File};

pub(super) static RULE: Rule = Rule {
    entry: &catalogue::MIG011,
    page: include_str!("auto_named_migration.md"),
    against: Against::ChangedLines,
    looks: &[Look::Change(check)],
    wants: None,
};

/// Words that could name any migration.
const EMPTY: [&str; 20] = [
    "custom",
    "migration",
    "migrations",
    "change",
    "changes",
    "update",
    "updates",
    "fix",
    "fixes",
    "test",
    "tmp",
    "temp",
    "wip",
    "new",
    "misc",
    "model",
    "models",
    "stuff",
    "auto",
    "data",
];

fn check(context: &Context<'_>) -> Result<Vec<Finding>, NotLoaded> {
    files::each(context, |file, _| match severity(file) {
        Some(severity) if !keeps_its_name(file) && file.is_new(context)? => Ok(vec![finding(file, severity)]),
        _ => Ok(Vec::new()),
    })
}

/// Moved with its app: the name was not chosen here.
fn keeps_its_name(file: &File<'_>) -> bool {
    file.changed.previous_path.as_deref().is_some_and(|old| file_name(old) == file_name(file.path))
}

/// How badly the name is chosen, if it is.
fn severity(file: &File<'_>) -> Option<Severity> {
    let migration = file.source.migration();
    let (_, words) = parts(&file.name.name);
    let merges = migration.dependencies.len() > 1 && file.source.operations().is_empty();
    let told = ["initial", "merge", "squash"].iter().any(|word| file.name.name.contains(word));
    if told || merges || migration.initial || !migration.replaces.is_empty() {
        return None;
    }
    let says_nothing = words.is_empty()
        || words.ends_with("_and_more")
        || words.ends_with("auto")
        || is_dated(words)
        || (!words.contains('_') && !makes_model(file, words))
        || words.split('_').all(|word| EMPTY.contains(&word) || word.bytes().all(|b| b.is_ascii_digit()));
    match () {
        () if says_nothing => Some(Severity::Warning),
        () if words.starts_with("alter_") && words.ends_with("_options") => Some(Severity::Advice),
        () => None,
    }
}

/// Django's own name for a migration that makes one model: `0058_journalentry`.
fn makes_model(file: &File<'_>, word: &str) -> bool {
    let operations = file.source.operations();
    operations.iter().any(|o| {
        o.kind() == "CreateModel" && o.text("name", 0).map(str::to_lowercase).as_deref() == Some(word)
    })
}

/// `0007_add_email` → (`0007`, `add_email`)
fn parts(name: &str) -> (&str, &str) {
    let digits = name.bytes().take_while(u8::is_ascii_digit).count();
    let (number, rest) = name.split_at(digits);
    (number, rest.trim_start_matches('_'))
}

/// `auto_20260102_1101`
fn is_dated(words: &str) -> bool {
    let parts: Vec<&str> = words.split('_').collect();
    let digits = |part: &str, length| part.len() == length && part.bytes().all(|b| b.is_ascii_digit());
    matches!(parts.as_slice(), ["auto", date, time, ..] if digits(date, 8) && digits(time, 4))
}

fn finding(file: &File<'_>, severity: Severity) -> Finding {
    let old = &file.name.name;
    let (number, _) = parts(old);
    let fix = match proposal(&file.source.operations()).filter(|proposed| !old.ends_with(proposed.as_str())) {
        Some(proposed) => {
            let new = join(folder(file.path), &format!("{number}_{proposed}.py"));
            format!(
                "{}, and the new name where other migrations depend on it; it is not deployed yet, so this is safe.",
                code(&format!("git mv {} {new}", file.path))
            )
        }
        None => format!(
            "Rename it after what it does, as {} would have; it is not deployed yet, so this is safe.",
            code(&format!("makemigrations {} --name add_email_to_profile", file.name.app))
        ),
    };
    RULE.finding(
        Place::Path(file.path.to_owned()),
        file.name.to_string(),
        NodeText::Open(old.clone()),
        format!("{} does not say what it changes", code(&file.name.to_string())),
        "`migrate` and `showmigrations` will show this name for good: a deployed migration cannot be renamed.",
    )
    .with_severity(severity)
    .with_fix(Fix::text(fix))
}

/// A name after the first operation that gives one.
fn proposal(operations: &[Operation<'_>]) -> Option<String> {
    let name = operations.iter().find_map(|operation| {
        let text = |name: &str, position| operation.text(name, position).map(str::to_lowercase);
        let (first, second) = (text("model_name", 0), text("name", 1));
        Some(match operation.kind() {
            "AddField" => format!("add_{}_to_{}", second?, first?),
            "RemoveField" => format!("remove_{}_from_{}", second?, first?),
            "AlterField" => format!("alter_{}_{}", first?, second?),
            "RenameField" => format!("rename_{}_of_{}", text("old_name", 1)?, first?),
            "CreateModel" => format!("create_{}", text("name", 0)?),
            "DeleteModel" => format!("delete_{}", text("name", 0)?),
            "AddIndex" => format!("index_{}", first?),
            "RunPython" => match operation.argument("code", 0)? {
                Expr::Name(name) => name.id.trim_start_matches('_').to_lowercase(),
                _ => return None,
            },
            _ => return None,
        })
    })?;
    let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    (plain && name.contains('_') && name.len() <= 60).then_some(name)
}
