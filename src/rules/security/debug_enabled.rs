use ruff_python_ast::Expr;
use ruff_text_size::Ranged;

use super::debug::Unset;
use crate::model::catalogue;
use crate::model::finding::{FixSafety, code};
use crate::project::django::settings;
use crate::project::django::settings_module::{Setting, assigned, is_settings_module};
use crate::project::django::stage;
use crate::project::env::reads::{self, Read, Reader};
use crate::rules::look::code_with_others;
use crate::rules::python::{PythonFile, Report};
use crate::rules::{Against, Look, Rule};
use crate::source::NotLoaded;
use crate::source::tree::folder;
use crate::syntax::python::normalised_expr;

pub(super) static RULE: Rule = Rule {
    entry: &catalogue::SEC002,
    page: include_str!("debug_enabled.md"),
    against: Against::ChangedLines,
    looks: &[Look::Python(code_with_others, check)],
};

/// Settings modules of one folder that are asked whether they say it otherwise.
const MAX_SIBLINGS: usize = 20;

const SHOWN: &str =
    "Every error page shows the code around the fault, local variables and settings to whoever meets it.";

fn check(file: &PythonFile<'_>, out: &mut Report<'_>) -> Result<(), NotLoaded> {
    if !is_settings_module(file.path, file.module) || stage::is_for_development(file.path) {
        return Ok(());
    }
    let reads = reads::of_module(file.project(), file.path, file.module)?;
    let unset = Unset { module: file.module, reads: &reads };
    let given: Vec<Setting<'_>> = assigned(file.module).filter(|setting| setting.name == "DEBUG").collect();
    let conditions = file.module.conditions();
    // What a condition may change afterwards is not certain.
    if let Some(last) = given.last().filter(|last| last.is_direct)
        && !stage::is_reached_in_development(&conditions, last.value.start())
        && !is_said_elsewhere(file)?
    {
        judge(file, &unset, last.value, out);
    }
    for read in reads.iter().filter(|read| read.is_declared && read.key == "DEBUG") {
        if let Some(default) = read.default.filter(|default| unset.is_true(default)) {
            say_default(file, read, default, out);
        }
    }
    Ok(())
}

fn judge<'a>(file: &PythonFile<'_>, unset: &Unset<'a>, value: &'a Expr, out: &mut Report<'_>) {
    if let Some(read) = unset.raw_text(value) {
        let headline = format!("{} is a text, and {} is true too", code("DEBUG"), code("\"False\""));
        let said = out.say(value, "DEBUG", normalised_expr(value), headline, SHOWN);
        match wanted(read) {
            Some(wanted) => said.fix(format!("Write {}.", code(&format!("DEBUG = {wanted}")))),
            None => said.fix(format!(
                "Compare it: {}.",
                code(&format!("DEBUG = {}.lower() == \"true\"", getenv(read)))
            )),
        };
    } else if let Expr::BooleanLiteral(literal) = value {
        if literal.value {
            let headline = format!("{} is on in settings that production runs with", code("DEBUG"));
            out.say(value, "DEBUG", "True", headline, SHOWN)
                .fix(format!("Write {}.", code("DEBUG = env.bool(\"DEBUG\", default=False)")));
        }
    } else if unset.is_true(value) {
        let mut inside = unset.reads.iter().filter(|read| value.range().contains_range(read.range));
        match inside.find_map(|read| Some((read, read.default?))) {
            Some((read, default)) => say_default(file, read, default, out),
            None => {
                let headline =
                    format!("{} is on wherever the environment does not turn it off", code("DEBUG"));
                out.say(value, "DEBUG", normalised_expr(value), headline, SHOWN)
                    .fix(format!("Write {}.", code("DEBUG = env.bool(\"DEBUG\", default=False)")));
            }
        }
    }
}

fn say_default(file: &PythonFile<'_>, read: &Read<'_>, default: &Expr, out: &mut Report<'_>) {
    let headline = format!("{} is on wherever the environment does not turn it off", code("DEBUG"));
    let said = out.say(default, "DEBUG", normalised_expr(default), headline, SHOWN).because_of(read);
    if matches!(default, Expr::BooleanLiteral(_)) {
        let condition = "Right if those who develop set `DEBUG` in their own environment.";
        said.edit(FixSafety::Ask, condition, vec![file.replace(default, "False")]);
    } else {
        said.fix("Make the default one that means false, and set `DEBUG` where you develop.");
    }
}

/// How the library that reads it would make a truth value of it.
fn wanted(read: &Read<'_>) -> Option<String> {
    let key = &read.key;
    match read.reader {
        Reader::Environ | Reader::Environs => Some(format!("env.bool(\"{key}\", default=False)")),
        Reader::Decouple => Some(format!("config(\"{key}\", default=False, cast=bool)")),
        Reader::Os | Reader::DotenvValues => None,
    }
}

fn getenv(read: &Read<'_>) -> String {
    format!("os.environ.get(\"{}\", \"False\")", read.key)
}

/// Does another settings module of the folder give `DEBUG` a value? Then production may well run with that one.
fn is_said_elsewhere(file: &PythonFile<'_>) -> Result<bool, NotLoaded> {
    let tree = file.project().tree()?;
    let beside = |path: &&str| folder(path) == folder(file.path) && *path != file.path;
    let siblings = settings::named(&tree).filter(beside).filter(|path| !stage::is_for_development(path));
    let modules = NotLoaded::all(siblings.take(MAX_SIBLINGS).map(|path| file.project().module(path)))?;
    Ok(modules.iter().flatten().any(|module| assigned(module).any(|setting| setting.name == "DEBUG")))
}
