use std::collections::HashSet;

use ruff_text_size::{Ranged, TextSize};

use super::strings::{self, Named, constant};
use crate::model::catalogue;
use crate::model::finding::{Confidence, code};
use crate::project::django::settings_module::is_settings_module;
use crate::project::django::stage;
use crate::project::env::reads;
use crate::project::env::secret::{self, Kind, Strength};
use crate::rules::look::code_with_others;
use crate::rules::python::{PythonFile, Report};
use crate::rules::{Against, Look, Rule};
use crate::source::NotLoaded;
use crate::syntax::python::walk_exprs;

pub(super) static RULE: Rule = Rule {
    entry: &catalogue::SEC001,
    page: include_str!("secret_in_settings.md"),
    against: Against::ChangedLines,
    looks: &[Look::Python(code_with_others, check)],
};

/// Settings that Django itself takes for a secret: what stands there is in use.
const OF_DJANGO: [&str; 3] = ["SECRET_KEY", "SECRET_KEY_FALLBACKS", "EMAIL_HOST_PASSWORD"];
/// What a name says about a secret that it is not.
const ABOUT: [&str; 18] = [
    "_RESET",
    "_CHANGE",
    "_TEMPLATE",
    "_MODEL",
    "_FORM",
    "_SERIALIZER",
    "_VIEW",
    "_FUNC",
    "_FUNCTION",
    "_CLASSES",
    "_CLAIM",
    "_FIELD",
    "_FIELDS",
    "_COOKIE",
    "_PARAM",
    "_LABEL",
    "_MESSAGE",
    "_FORMAT",
];

fn check(file: &PythonFile<'_>, out: &mut Report<'_>) -> Result<(), NotLoaded> {
    let mut told = HashSet::new();
    if is_settings_module(file.path, file.module) {
        let reads = reads::of_module(file.project(), file.path, file.module)?;
        by_names(file, &strings::of_settings(file.module, &reads), &mut told, out);
    }
    walk_exprs(file.module.body(), &mut |expr| {
        let kind = constant(file.module, expr).and_then(|value| secret::of_provider(&value));
        if let Some(kind) = kind.filter(|_| told.insert(expr.start())) {
            let name = around(file, expr.start());
            let headline = format!("A string in {} looks like {}", code(&name), kind.what);
            out.say_secretly(expr, name, headline, PUBLISHED)
                .fix("Read it from the environment, and rotate the value.");
        }
    });
    Ok(())
}

const PUBLISHED: &str =
    "Everyone who has the repository, or an old clone of it, can use the value until it is rotated.";

/// Strings that a setting's name or their own form gives away.
fn by_names(
    file: &PythonFile<'_>,
    strings: &[Named<'_>],
    told: &mut HashSet<TextSize>,
    out: &mut Report<'_>,
) {
    let conditions = file.module.conditions();
    let for_development = stage::is_for_development(file.path);
    for named in strings {
        let at = named.expr.start();
        let in_development = || for_development || stage::is_reached_in_development(&conditions, at);
        let Some(kind) = judge(named).filter(|kind| kind.strength == Strength::Certain || !in_development())
        else {
            continue;
        };
        if told.insert(at) {
            say(named, kind, out);
        }
    }
}

fn judge(named: &Named<'_>) -> Option<Kind> {
    if named.names.is_empty() {
        return secret::of_provider(&named.value);
    }
    let (name, value) = (named.name(), named.value.as_str());
    if is_of_django(named) {
        // The name alone says what it is, however it looks.
        let weak = Kind { what: "a secret", strength: Strength::Likely };
        return secret::classify(name, value).or((!secret::is_placeholder(name, value)).then_some(weak));
    }
    let kind = secret::classify(name, value)?;
    let upper = name.to_ascii_uppercase();
    let is_about = ABOUT.iter().any(|about| upper.ends_with(about) || upper.contains(&format!("{about}_")));
    (kind.strength == Strength::Certain || !(is_about || is_calm(value))).then_some(kind)
}

/// `accounts/reset.html`, `rest_framework.authtoken`: lower-case words that stand for something else.
fn is_calm(value: &str) -> bool {
    value.chars().all(|c| c.is_ascii_lowercase() || matches!(c, '_' | '-' | '.' | '/' | ':' | ' '))
}

fn is_of_django(named: &Named<'_>) -> bool {
    match named.names.as_slice() {
        [name] => OF_DJANGO.contains(name),
        ["DATABASES", _, rest @ ..] => rest == ["PASSWORD"],
        _ => false,
    }
}

fn say(named: &Named<'_>, kind: Kind, out: &mut Report<'_>) {
    let path = named.path();
    // Of what Django itself uses it is certain that it is in use.
    let is_strong = || secret::classify(named.name(), &named.value).is_some();
    let is_certain = kind.strength == Strength::Certain || (is_of_django(named) && is_strong());
    let headline = match kind.strength {
        Strength::Likely if is_of_django(named) => format!("{} is a literal in settings", code(&path)),
        _ => format!("{} looks like {}", code(&path), kind.what),
    };
    let consequence = match kind.strength {
        Strength::Development => {
            "Whoever has the repository can sign sessions and password resets where the site runs with it."
        }
        _ => PUBLISHED,
    };
    let key = if named.name() == "PASSWORD" { "APP_DB_PASSWORD" } else { named.name() };
    let wanted = if secret::is_nameable(key) { key } else { "KEY" };
    let said = out
        .say_secretly(named.expr, path, headline, consequence)
        .fix(format!("Write {} in its place, and rotate the value.", code(&format!("env(\"{wanted}\")"))));
    match kind.strength {
        Strength::Development => {
            said.warning();
        }
        _ if !is_certain => {
            said.warning().confidence(Confidence::Likely);
        }
        _ => {}
    }
}

/// `Client.send`, or `module`.
fn around(file: &PythonFile<'_>, at: TextSize) -> String {
    let function = file.index().function_at(at).map(|id| file.index().function(id));
    function.map_or_else(|| "module".to_owned(), |function| file.index().name_of(function.body))
}
