//! Requirements and settings that bring pytest in.

use crate::model::finding::{Finding, Fix, NodeText, Place, code};
use crate::project::python::pytest::is_requirements;
use crate::rules::{Context, Found, Reading, Rule, ScopedFile};
use crate::source::tree::file_name;

use super::old::is_old;

pub(in crate::rules::testing) fn reading(path: &str) -> Reading {
    let name = file_name(path);
    let is_meant = matches!(name, "pytest.ini" | "pyproject.toml" | "setup.cfg") || is_requirements(path);
    Reading::InPassing.when(is_meant)
}

pub(in crate::rules::testing) fn check(rule: &Rule, context: &Context<'_>, file: ScopedFile<'_>) -> Found {
    let Some(text) = context.here.text(file.path)? else { return Ok(Vec::new()) };
    let wanted = text
        .lines()
        .find(|(_, line)| is_setting(line) || (is_requirements(file.path) && is_requirement(line)));
    let Some((number, line)) = wanted else { return Ok(Vec::new()) };
    if is_old(context)? {
        return Ok(Vec::new());
    }
    let place = Place::Head { path: file.path.to_owned(), span: text.line_span(number) };
    let headline = format!("{} brings pytest in with {}", code(file.path), code(line.trim()));
    Ok(vec![finding(rule, place, headline)])
}

fn finding(rule: &Rule, place: Place, headline: String) -> Finding {
    let consequence =
        "The project's tests are Django's: from here on there are two ways to run them, with two results.";
    let node = NodeText::Open("pytest".to_owned());
    rule.finding(place, "file", node, headline, consequence)
        .with_fix(Fix::text("Delete it, and run `manage.py test`."))
}

/// A section's head.
fn is_setting(line: &str) -> bool {
    matches!(line.trim(), "[pytest]" | "[tool:pytest]" | "[tool.pytest]" | "[tool.pytest.ini_options]")
}

/// `pytest==8.3`, `pytest-django`
fn is_requirement(line: &str) -> bool {
    let name: String =
        line.trim().chars().take_while(|c| c.is_alphanumeric() || matches!(c, '-' | '_')).collect();
    name == "pytest" || name.starts_with("pytest-") || name.starts_with("pytest_")
}
