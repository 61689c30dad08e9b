use ruff_text_size::TextRange;

use crate::model::catalogue;
use crate::model::change::FileStatus;
use crate::model::finding::{FixSafety, code};
use crate::project::django::routes::tree::Routes;
use crate::project::django::routes::urlconf::{Entry, Said, Target, UrlConf, is_urls};
use crate::rules::look::code_with_others;
use crate::rules::python::{PythonFile, Report};
use crate::rules::{Against, Look, Reading, Rule};
use crate::source::NotLoaded;
use crate::source::tree::{file_name, folder};
use crate::syntax::python::ScopeId;

pub(super) static RULE: Rule = Rule {
    entry: &catalogue::URL003,
    page: include_str!("urls_without_app_name.md"),
    against: Against::ChangedLines,
    looks: &[Look::Python(urls, check)],
};

fn urls(path: &str) -> Reading {
    if is_urls(path) { code_with_others(path) } else { Reading::Not }
}

fn check(file: &PythonFile<'_>, out: &mut Report<'_>) -> Result<(), NotLoaded> {
    let Some(conf) = UrlConf::read(file.module).filter(|conf| conf.app_name() == Said::Nothing) else {
        return Ok(());
    };
    let entries = conf.all();
    let Some(first) = entries.iter().find_map(|entry| named(entry)) else { return Ok(()) };
    if !is_mounted_bare(file)? {
        return Ok(());
    }
    let label = file_name(folder(file.path).trim_end_matches("/urls")).to_owned();
    let headline = format!("{} has no `app_name`", code(file.path));
    let consequence = format!(
        "Its names are the whole project's: another app's {} takes the place of this one in `reverse` and `{{% url %}}`.",
        code(first)
    );
    let Some(list) = file.index().bindings_in(ScopeId::MODULE, "urlpatterns").first() else { return Ok(()) };
    if file.changed.status != FileStatus::Added {
        out.say_of_file("no app_name", headline, consequence)
            .warning()
            .fix(format!("Write {} above `urlpatterns`.", code(&format!("app_name = \"{label}\""))));
        return Ok(());
    }
    let text = format!(
        "Then these names are written {} in `reverse` and templates.",
        code(&format!("{label}:{first}"))
    );
    let line = file.insert(list.statement.start(), format!("app_name = \"{label}\"\n"));
    let at: TextRange = list.at;
    out.say(&at, "urlpatterns", "no app_name", headline, consequence).edit(FixSafety::Ask, text, vec![line]);
    Ok(())
}

/// The name of a route to a view.
fn named<'a>(entry: &Entry<'a>) -> Option<&'a str> {
    match (&entry.target, entry.name) {
        (Target::View(_), Said::Text(name)) => Some(name),
        _ => None,
    }
}

/// Does another module include it without a namespace around it? A root needs none, and where no settings name the root,
/// it may be one.
fn is_mounted_bare(file: &PythonFile<'_>) -> Result<bool, NotLoaded> {
    let routes = file.project().fact::<Routes>(&())?;
    let mut mounts = routes.mounts_of(file.path).peekable();
    let is_mounted = mounts.peek().is_some();
    let is_bare = mounts.all(|mount| {
        !mount.is_root && mount.above.namespaces.is_empty() && !mount.above.has_unknown_namespace
    });
    Ok(is_mounted && is_bare && routes.is_rooted())
}
