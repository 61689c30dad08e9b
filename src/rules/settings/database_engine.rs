use super::databases::{displays, entries, texts};
use crate::model::catalogue;
use crate::model::finding::code;
use crate::project::django::settings_module::is_settings_module;
use crate::rules::look;
use crate::rules::python::{PythonFile, Report};
use crate::rules::{Against, Look, Rule};
use crate::source::NotLoaded;
use crate::syntax::python::normalised_expr;

pub(super) static RULE: Rule = Rule {
    entry: &catalogue::SET003,
    page: include_str!("database_engine.md"),
    against: Against::ChangedLines,
    looks: &[Look::Python(look::code, check)],
};

const STANDARD: [&str; 4] = ["postgresql", "postgis", "sqlite3", "spatialite"];
const OTHERS: [&str; 5] = ["mysql", "oracle", "mssql", "mariadb", "mongodb"];

fn check(file: &PythonFile<'_>, out: &mut Report<'_>) -> Result<(), NotLoaded> {
    if !is_settings_module(file.path, file.module) {
        return Ok(());
    }
    for (alias, display) in displays(file.module).into_iter().filter(|(alias, _)| *alias == "default") {
        for (_, engine) in entries(display).into_iter().filter(|(key, _)| *key == "ENGINE") {
            let texts = texts(engine);
            let names = |engines: &[&str]| {
                texts.iter().any(|text| engines.iter().any(|engine| text.contains(engine)))
            };
            if names(&STANDARD) || !names(&OTHERS) {
                continue;
            }
            let subject = format!("DATABASES.{alias}.ENGINE");
            let headline = format!("{} is neither PostgreSQL nor SQLite", code(&subject));
            let consequence = "Production of the standard's projects is PostgreSQL: migrations, backups and the servers' set-up are made for it.";
            out.say(engine, subject, normalised_expr(engine), headline, consequence)
                .fix("Write `\"django.db.backends.postgresql\"`, and SQLite for development if you like.");
        }
    }
    Ok(())
}
