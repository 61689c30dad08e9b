use ruff_python_ast::StmtClassDef;
use ruff_text_size::Ranged;

use crate::model::catalogue;
use crate::model::finding::{Severity, code};
use crate::project::django::lineage::{Lineage, Lineages};
use crate::project::django::routes::urlconf::{Target, UrlConf, is_urls};
use crate::project::django::views::{is_djangos_view, is_rest_view};
use crate::rules::look::{code as code_files, code_with_others};
use crate::rules::python::{PythonFile, Report};
use crate::rules::{Against, Look, Reading, Rule};
use crate::source::NotLoaded;

pub(super) static RULE: Rule = Rule {
    entry: &catalogue::VIW001,
    page: include_str!("class_based_view.md"),
    against: Against::ChangedLines,
    looks: &[Look::Python(code_with_others, classes), Look::Python(urls, mounted)],
};

fn urls(path: &str) -> Reading {
    Reading::Alone.when(is_urls(path) && code_files(path) > Reading::Not)
}

/// Views of Django that have no other form: nobody should write a login again.
fn has_no_function(name: &str) -> bool {
    name.starts_with("django.contrib.") || name.starts_with("django.views.i18n.")
}

fn classes(file: &PythonFile<'_>, out: &mut Report<'_>) -> Result<(), NotLoaded> {
    let module = file.module;
    if !module.classes().any(|class| !class.bases().is_empty()) {
        return Ok(());
    }
    let lineages = file.project().fact::<Lineages>(file.path)?;
    for class in module.classes() {
        let Some(severity) = lineages.of(class.name.as_str()).and_then(|lineage| severity(lineage)) else {
            continue;
        };
        let name = class.name.as_str();
        let headline = format!("{} is a class-based view", code(name));
        let consequence =
            "What a request runs into is spread over the classes above it, and nobody sees it in one place.";
        let said =
            out.say(&class.name, name, "class-based view", headline, consequence).because_of(&head(class));
        said.severity(severity).fix(match severity {
            Severity::Warning => "Write a function with `@api_view`.".to_owned(),
            _ => format!("Write a function: {}.", code(&format!("def {}(request):", snake(name)))),
        });
    }
    Ok(())
}

/// What makes the class a view: its name and bases.
fn head(class: &StmtClassDef) -> impl Ranged {
    let end = class.arguments.as_ref().map_or(class.name.end(), |arguments| arguments.end());
    ruff_text_size::TextRange::new(class.name.start(), end)
}

/// `None` for what is no view, or one of a package that has no other form.
fn severity(lineage: &Lineage) -> Option<Severity> {
    if lineage.derives_from_any(is_rest_view) {
        return Some(Severity::Warning);
    }
    let is_django = lineage.derives_from_any(is_djangos_view);
    let kept = lineage.derives_from_any(|base| is_djangos_view(base) && has_no_function(base));
    is_django.then_some(if kept { Severity::Advice } else { Severity::Error })
}

/// `PostList` → `post_list`
fn snake(name: &str) -> String {
    let mut out = String::new();
    for c in name.trim_end_matches("View").chars() {
        if c.is_uppercase() && !out.is_empty() {
            out.push('_');
        }
        out.extend(c.to_lowercase());
    }
    out
}

/// `path("about/", TemplateView.as_view(template_name="about.html"))`
fn mounted(file: &PythonFile<'_>, out: &mut Report<'_>) -> Result<(), NotLoaded> {
    let Some(conf) = UrlConf::read(file.module) else { return Ok(()) };
    for entry in conf.all() {
        let Target::View(view) = &entry.target else { continue };
        let Some(call) = view.as_view else { continue };
        let name = view.name.to_string();
        let kept = has_no_function(&name);
        if !is_djangos_view(&name) && !kept {
            continue;
        }
        let class = view.name.last();
        let headline = format!("{} is a class-based view", code(class));
        let consequence =
            "What it answers stands in arguments of a route, where no other view of the project is.";
        let pattern = entry.pattern.as_ref().and_then(|pattern| pattern.text).unwrap_or("urlpatterns");
        let said = out.say(&*call.func, pattern, class, headline, consequence);
        let said = if kept { said.advice() } else { said };
        said.fix(match class {
            "TemplateView" => "Write a function that returns `render(request, …)`.",
            "RedirectView" => "Write a function that returns `redirect(…)`.",
            _ => "Write a function that takes `request`, or keep it with a reason: Django has no function for it.",
        });
    }
    Ok(())
}
