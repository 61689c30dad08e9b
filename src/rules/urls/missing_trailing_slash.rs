use ruff_text_size::{Ranged, TextRange};

use crate::model::catalogue;
use crate::model::finding::{Edit, FixSafety, code};
use crate::project::django::routes::pattern::{Pattern, Syntax};
use crate::project::django::routes::urlconf::{Entry, Included, Target, UrlConf, is_urls};
use crate::project::django::settings::is_settings;
use crate::rules::look::code as code_files;
use crate::rules::python::{PythonFile, Report};
use crate::rules::{Against, Look, Reading, Rule};
use crate::source::NotLoaded;

pub(super) static RULE: Rule = Rule {
    entry: &catalogue::URL004,
    page: include_str!("missing_trailing_slash.md"),
    against: Against::ChangedLines,
    looks: &[Look::Python(urls, routes), Look::Python(urls, routers), Look::Python(settings, settings_of)],
};

/// Addresses that others ask for without a slash: probes, well-known files, callbacks that a third party was given.
const FIXED: [&str; 20] = [
    "metrics",
    "healthz",
    "health",
    "healthcheck",
    "livez",
    "live",
    "readyz",
    "ready",
    "ping",
    "status",
    "up",
    "heartbeat",
    "__heartbeat__",
    "__lbheartbeat__",
    "__version__",
    "version",
    ".well-known",
    "webhook",
    "webhooks",
    "callback",
];

fn urls(path: &str) -> Reading {
    Reading::Alone.when(is_urls(path) && code_files(path) > Reading::Not)
}

fn settings(path: &str) -> Reading {
    Reading::Alone.when(is_settings(path) && code_files(path) > Reading::Not)
}

fn routes(file: &PythonFile<'_>, out: &mut Report<'_>) -> Result<(), NotLoaded> {
    let Some(conf) = UrlConf::read(file.module) else { return Ok(()) };
    for entry in conf.all() {
        let Some((pattern, text)) = entry.pattern.as_ref().and_then(|p| Some((p, p.text?))) else { continue };
        if !lacks_slash(entry, pattern.syntax, text) {
            continue;
        }
        let headline = format!("Route {} lacks the trailing slash", code(text));
        let consequence = "The address with a slash, which every other route of Django has, answers 404.";
        let said = out.say(pattern.at, subject(entry, text), text, headline, consequence);
        let text =
            "Right if nobody outside calls the old address; Django redirects a GET there, and no POST.";
        said.edit(FixSafety::Ask, text, edit(file, pattern, text).into_iter().collect());
    }
    Ok(())
}

/// The route by its name, else by its pattern.
fn subject(entry: &Entry<'_>, text: &str) -> String {
    use crate::project::django::routes::urlconf::Said;
    match entry.name {
        Said::Text(name) => name.to_owned(),
        _ => text.to_owned(),
    }
}

fn lacks_slash(entry: &Entry<'_>, syntax: Syntax, text: &str) -> bool {
    let path = match (&entry.target, syntax) {
        (Target::View(_), Syntax::Path) => text,
        (Target::View(_), Syntax::Regex) => match text.strip_suffix('$') {
            Some(path) => path.trim_start_matches('^'),
            // It takes whatever goes on behind.
            None => return false,
        },
        (Target::Include(include), Syntax::Path) if !matches!(include.what, Included::Unknown) => text,
        _ => return false,
    };
    let last = path.rsplit('/').next().unwrap_or(path);
    let is_fixed = path.split('/').any(|part| FIXED.contains(&part) || part.contains("webhook"));
    !last.is_empty() && !is_fixed && ends_openly(last, syntax)
}

/// Is the last segment neither a file's name nor a parameter that may be one?
fn ends_openly(last: &str, syntax: Syntax) -> bool {
    match syntax {
        Syntax::Path => {
            let parameter = last.rsplit('<').next().filter(|_| last.contains('<')).unwrap_or_default();
            let (converter, name) =
                parameter.trim_end_matches('>').split_once(':').unwrap_or(("str", parameter));
            let may_be_file = ["file", "path", "ext", "format"].iter().any(|word| name.contains(word));
            !last.contains('.') && converter != "path" && !may_be_file
        }
        // Of other ends nobody can tell what they take.
        Syntax::Regex => {
            last.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_')) && !last.ends_with("/?")
        }
    }
}

/// A slash before the closing quote, where the pattern is one literal on one line.
fn edit(file: &PythonFile<'_>, pattern: &Pattern<'_>, text: &str) -> Option<Edit> {
    let source = file.module.source(pattern.at);
    let quote = source.chars().next_back()?;
    let end = if pattern.syntax == Syntax::Regex { "$" } else { "" };
    let begin = source.strip_suffix(quote)?.strip_suffix(text)?;
    let is_plain = begin.trim_start_matches(['r', 'R']).chars().eq([quote]);
    let at = pattern.at.end() - ruff_text_size::TextSize::of(quote) - ruff_text_size::TextSize::of(end);
    is_plain.then(|| file.insert(at, "/"))
}

/// `DefaultRouter(trailing_slash=False)`
fn routers(file: &PythonFile<'_>, out: &mut Report<'_>) -> Result<(), NotLoaded> {
    let routers = file.index().calls_of("DefaultRouter").chain(file.index().calls_of("SimpleRouter"));
    for call in routers {
        let name = file.module.qualified(&call.node.func);
        let Some(keyword) = call.node.arguments.find_keyword("trailing_slash") else { continue };
        let is_off = keyword.value.as_boolean_literal_expr().is_some_and(|value| !value.value);
        if !is_off || !name.is_some_and(|name| name.is_in("rest_framework")) {
            continue;
        }
        out.say(
            keyword,
            "router",
            "trailing_slash=False",
            "The router makes every route without the trailing slash",
            "The addresses with a slash, which every other route of Django has, answer 404.",
        )
        .fix("Leave `trailing_slash` out.");
    }
    Ok(())
}

/// `APPEND_SLASH = False`
fn settings_of(file: &PythonFile<'_>, out: &mut Report<'_>) -> Result<(), NotLoaded> {
    let Some(value) = file.module.assigned("APPEND_SLASH") else { return Ok(()) };
    if value.as_boolean_literal_expr().is_none_or(|value| value.value) {
        return Ok(());
    }
    let range: TextRange = value.range();
    out.say(
        &range,
        "APPEND_SLASH",
        "False",
        "`APPEND_SLASH` is off",
        "Whoever types an address without the trailing slash gets a 404 instead of the page.",
    )
    .fix("Take the line out: `True` is Django's default.");
    Ok(())
}
