use crate::model::catalogue;
use crate::model::finding::code;
use crate::project::django::routes::pattern::Syntax;
use crate::project::django::routes::urlconf::{Said, Target, UrlConf, is_urls};
use crate::rules::look::code as code_files;
use crate::rules::python::{PythonFile, Report};
use crate::rules::{Against, Look, Reading, Rule};
use crate::source::NotLoaded;

pub(super) static RULE: Rule = Rule {
    entry: &catalogue::URL007,
    page: include_str!("verb_in_resource_url.md"),
    against: Against::ChangedLines,
    looks: &[Look::Python(urls, check)],
};

/// Verbs that HTTP has a method for.
const VERBS: [&str; 9] = ["get", "create", "add", "update", "edit", "delete", "remove", "fetch", "save"];
/// Nouns that begin like one.
const NOUNS: [&str; 3] = ["add-on", "add-ons", "save-the-date"];

fn urls(path: &str) -> Reading {
    Reading::Alone.when(is_urls(path) && code_files(path) > Reading::Not)
}

fn check(file: &PythonFile<'_>, out: &mut Report<'_>) -> Result<(), NotLoaded> {
    let Some(conf) = UrlConf::read(file.module) else { return Ok(()) };
    for entry in conf.all() {
        let Some(pattern) = entry.pattern.as_ref().filter(|_| matches!(entry.target, Target::View(_))) else {
            continue;
        };
        let Some(text) = pattern.text.filter(|_| pattern.syntax == Syntax::Path) else { continue };
        let Some((segment, noun)) = text.split('/').find_map(action) else { continue };
        let subject = match entry.name {
            Said::Text(name) => name,
            _ => text,
        };
        let headline = format!("Route {} names an action", code(text));
        let consequence = "What it does is said twice, by its name and by GET or POST, and the next action needs another address.";
        out.say(pattern.at, subject, segment, headline, consequence).fix(format!(
            "Name what it is about, {}, and let the method say what is done.",
            code(&format!("{noun}/"))
        ));
    }
    Ok(())
}

/// A segment that begins with a verb, `create-post` or `getUser`, and what it is about.
fn action(segment: &str) -> Option<(&str, String)> {
    if segment.contains('<') || NOUNS.contains(&segment) {
        return None;
    }
    let end = segment.find(|c: char| matches!(c, '-' | '_') || c.is_uppercase())?;
    let (verb, rest) = segment.split_at(end);
    let noun = rest.trim_start_matches(['-', '_']).to_lowercase();
    (VERBS.contains(&verb) && !noun.is_empty()).then_some((segment, noun))
}
