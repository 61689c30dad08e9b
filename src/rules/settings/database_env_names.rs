use ruff_python_ast::Expr;
use ruff_text_size::Ranged;

use super::databases::{displays, entries, texts};
use crate::model::catalogue;
use crate::model::finding::code;
use crate::project::django::settings_module::is_settings_module;
use crate::project::django::stage;
use crate::project::env::reads::{self, Cast, Read};
use crate::rules::look::code_with_others;
use crate::rules::python::{PythonFile, Report};
use crate::rules::{Against, Look, Rule};
use crate::source::NotLoaded;

pub(super) static RULE: Rule = Rule {
    entry: &catalogue::SET004,
    page: include_str!("database_env_names.md"),
    against: Against::ChangedLines,
    looks: &[Look::Python(code_with_others, check)],
};

/// What a database's settings are called in the environment.
const NAMES: [(&str, &str); 5] = [
    ("NAME", "APP_DB_NAME"),
    ("USER", "APP_DB_USER"),
    ("PASSWORD", "APP_DB_PASSWORD"),
    ("HOST", "DB_HOST"),
    ("PORT", "DB_PORT"),
];

fn check(file: &PythonFile<'_>, out: &mut Report<'_>) -> Result<(), NotLoaded> {
    if !is_settings_module(file.path, file.module) || stage::is_for_development(file.path) {
        return Ok(());
    }
    let reads = reads::of_module(file.project(), file.path, file.module)?;
    for read in &reads {
        let is_url = read.cast == Cast::Database || (read.key == "DATABASE_URL" && !read.is_declared);
        if is_url {
            say_url(read, &read.key, out);
        }
    }
    for call in file.index().calls_of("config") {
        if file.module.qualified(&call.node.func).is_some_and(|name| name == "dj_database_url.config") {
            say_url(call.node, "DATABASE_URL", out);
        }
    }
    for (alias, display) in displays(file.module).into_iter().filter(|(alias, _)| *alias == "default") {
        names(&reads, alias, display, out);
    }
    Ok(())
}

fn say_url(at: &impl Ranged, key: &str, out: &mut Report<'_>) {
    let headline = format!("The database comes out of one URL, {}", code(key));
    out.say(
        at,
        "DATABASES",
        key,
        headline,
        "A password with `@`, `/` or `#` has to be encoded in it, and one that is not changes the host that Django connects to.",
    )
    .fix("Read `APP_DB_NAME`, `APP_DB_USER`, `APP_DB_PASSWORD`, `DB_HOST` and `DB_PORT` one by one.");
}

/// Keys with other names, all of one display in one finding.
fn names(reads: &[Read<'_>], alias: &str, display: &Expr, out: &mut Report<'_>) {
    let entries = entries(display);
    let is_file = |(key, value): &(&str, &Expr)| {
        *key == "ENGINE" && texts(value).iter().any(|text| text.contains("lite"))
    };
    if entries.iter().any(is_file) {
        return;
    }
    let wrong = entries.iter().filter_map(|(key, value)| {
        let (_, wanted) = NAMES.iter().find(|(name, _)| name == key)?;
        let start = reads.partition_point(|read| read.range.start() < value.start());
        let inside: Vec<&Read<'_>> =
            reads.iter().skip(start).take_while(|read| value.range().contains_range(read.range)).collect();
        let first = *inside.first()?;
        (!inside.iter().any(|read| read.key == *wanted)).then_some((first, *wanted))
    });
    let wrong: Vec<(&Read<'_>, &str)> = wrong.collect();
    let Some((first, wanted)) = wrong.first() else { return };
    let headline = format!("The database reads {} where the standard has {}", code(&first.key), code(wanted));
    let fault: Vec<&str> = wrong.iter().map(|(read, _)| &*read.key).collect();
    let renames: Vec<String> =
        wrong.iter().map(|(read, wanted)| format!("{} → {}", code(&read.key), code(wanted))).collect();
    out.say(
        *first,
        format!("DATABASES.{alias}"),
        fault.join(" "),
        headline,
        "Compose files and servers of the standard's projects set the names of the standard; with others the site finds no database.",
    )
    .fix(format!("Rename: {}.", renames.join(", ")));
}
