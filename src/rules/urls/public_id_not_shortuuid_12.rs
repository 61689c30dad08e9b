use ruff_python_ast::{Expr, Number};

use crate::model::catalogue;
use crate::model::finding::code;
use crate::project::django::routes::pattern::Takes;
use crate::project::django::routes::tree::Routes;
use crate::project::django::routes::urlconf::{Said, Target, UrlConf, is_urls};
use crate::rules::look::{code as code_files, code_with_others};
use crate::rules::python::{PythonFile, Report};
use crate::rules::{Against, Look, Reading, Rule};
use crate::source::NotLoaded;
use crate::syntax::python::has_unpacking;

use super::public::{Seen, seen};

pub(super) static RULE: Rule = Rule {
    entry: &catalogue::URL002,
    page: include_str!("public_id_not_shortuuid_12.md"),
    against: Against::ChangedLines,
    looks: &[Look::Python(urls, routes), Look::Python(code_files, fields)],
};

const LENGTH: i64 = 12;
/// What `ShortUUIDField` takes where nothing is said: the whole UUID.
const DEFAULT: i64 = 22;

fn urls(path: &str) -> Reading {
    if is_urls(path) { code_with_others(path) } else { Reading::Not }
}

/// `<uuid:pk>` in a public route.
fn routes(file: &PythonFile<'_>, out: &mut Report<'_>) -> Result<(), NotLoaded> {
    let Some(conf) = UrlConf::read(file.module) else { return Ok(()) };
    let all = conf.all();
    let with_uuid = all.iter().filter_map(|entry| {
        let pattern = entry.pattern.as_ref().filter(|_| matches!(entry.target, Target::View(_)))?;
        let takes_uuid = |takes: &Takes| matches!(takes, Takes::Converter(name) if name == "uuid");
        let key = pattern.parameters().into_iter().find(|parameter| takes_uuid(&parameter.takes))?;
        Some((*entry, pattern.at, pattern.text?, key.name))
    });
    let with_uuid: Vec<_> = with_uuid.collect();
    if with_uuid.is_empty() {
        return Ok(());
    }
    let routes = file.project().fact::<Routes>(&())?;
    for (entry, at, text, key) in with_uuid {
        if seen(&routes, routes.at(file.path, entry.at)) == Seen::Inside {
            continue;
        }
        let subject = match entry.name {
            Said::Text(name) => name,
            _ => text,
        };
        let fault = format!("<uuid:{key}>");
        let headline = format!("Route {} shows a whole UUID", code(text));
        let consequence = "36 characters are in every link: nobody can read them out, and mail programs break the line in them.";
        out.say(at, subject, fault, headline, consequence).fix(format!(
            "Give the model {} and write {} here.",
            code("short_id = ShortUUIDField(length=12, unique=True)"),
            code("<str:short_id>")
        ));
    }
    Ok(())
}

/// `ShortUUIDField()` that is not twelve characters long.
fn fields(file: &PythonFile<'_>, out: &mut Report<'_>) -> Result<(), NotLoaded> {
    for call in file.index().calls_of("ShortUUIDField") {
        let name = file.module.qualified(&call.node.func);
        if !name.is_some_and(|name| name.is_in("shortuuid")) || has_unpacking(&call.node.arguments) {
            continue;
        }
        let given = call.node.arguments.find_keyword("length").map(|keyword| &keyword.value);
        let Some(length) = given.map_or(Some(DEFAULT), number).filter(|length| *length != LENGTH) else {
            continue;
        };
        let fault = format!("length={length}");
        let subject = field_name(file, call.statement).unwrap_or_else(|| file.index().name_of(call.scope));
        let headline = format!("{} makes ids of {length} characters", code(&subject));
        let consequence =
            "Public ids of this project have 12: long enough to be unique, short enough to be read out.";
        out.say(&*call.node.func, subject, fault, headline, consequence)
            .because_of(call.node)
            .fix("Write `length=12, unique=True`; rows that are there keep the id that they have.");
    }
    Ok(())
}

fn number(expr: &Expr) -> Option<i64> {
    match &expr.as_number_literal_expr()?.value {
        Number::Int(number) => number.as_i64(),
        _ => None,
    }
}

/// The name on the left of a field.
fn field_name(file: &PythonFile<'_>, statement: ruff_text_size::TextRange) -> Option<String> {
    let (name, _) = file.module.source(&statement).split_once(['=', ':'])?;
    let name = name.trim();
    let is_name = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_');
    is_name.then(|| name.to_owned())
}
