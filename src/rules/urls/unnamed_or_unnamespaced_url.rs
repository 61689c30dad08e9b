use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use regex::Regex;

use crate::model::catalogue;
use crate::model::finding::{Edit, Finding, Fix, FixSafety, NodeText, Place, Severity, code};
use crate::project::Project;
use crate::project::django::routes::tree::Routes;
use crate::project::django::routes::urlconf::{Said, Target, UrlConf, is_urls};
use crate::rules::look::{Found, code as code_files, code_with_others};
use crate::rules::python::{PythonFile, Report};
use crate::rules::{Against, Context, Look, Reading, Rule, ScopedFile};
use crate::source::NotLoaded;
use crate::syntax::python::string;

use super::reversing::is_reversing;

pub(super) static RULE: Rule = Rule {
    entry: &catalogue::URL005,
    page: include_str!("unnamed_or_unnamespaced_url.md"),
    against: Against::ChangedLines,
    looks: &[
        Look::Python(urls, routes),
        Look::Python(code_with_others, reversed),
        Look::File(templates, in_template),
    ],
};

fn urls(path: &str) -> Reading {
    Reading::Alone.when(is_urls(path) && code_files(path) > Reading::Not)
}

fn templates(path: &str) -> Reading {
    let is_template = path.split('/').any(|part| part == "templates");
    Reading::WithOthers.when(is_template && [".html", ".txt", ".xml"].iter().any(|end| path.ends_with(end)))
}

/// Routes without a name.
fn routes(file: &PythonFile<'_>, out: &mut Report<'_>) -> Result<(), NotLoaded> {
    let Some(conf) = UrlConf::read(file.module) else { return Ok(()) };
    for entry in conf.all() {
        let (Target::View(view), Said::Nothing) = (&entry.target, entry.name) else { continue };
        let Some(pattern) = entry.pattern.as_ref().filter(|_| !entry.is_conditional) else { continue };
        let text = pattern.text.unwrap_or_else(|| file.module.source(pattern.at));
        let headline = format!("Route {} has no name", code(text));
        let consequence =
            "Whoever links to it writes the address out, and no test tells them when it changes.";
        let name = code(&format!("name=\"{}\"", view.name.last()));
        out.say(pattern.at, text, "no name", headline, consequence).fix(format!("Add {name}."));
    }
    Ok(())
}

/// `reverse("post_list")` of a name that lives in a namespace.
fn reversed(file: &PythonFile<'_>, out: &mut Report<'_>) -> Result<(), NotLoaded> {
    let index = file.index();
    let calls =
        ["reverse", "reverse_lazy", "redirect", "resolve_url"].into_iter().flat_map(|f| index.calls_of(f));
    let named = calls.filter_map(|call| {
        let first = call.node.arguments.args.first()?;
        let name = string(first).filter(|name| is_plain_name(name))?;
        is_reversing(file.module, call.node).then_some((call, first, name))
    });
    let named: Vec<_> = named.collect();
    if named.is_empty() {
        return Ok(());
    }
    let names = Names::of(file.project())?;
    for (call, first, name) in named {
        let Some(meant) = names.meant(name) else { continue };
        let (headline, consequence) = words(name, &meant.all);
        let said =
            out.say(first, index.name_of(call.scope), name, headline, consequence).severity(meant.severity);
        match meant.only(file.module.source(first), name) {
            Some(text) => said.edit(FixSafety::Ask, RIGHT, vec![file.replace(first, text)]),
            None => said.fix(format!("Write the one that is meant: {}.", listed(&meant.all))),
        };
    }
    Ok(())
}

/// `{% url 'post_list' %}` of a name that lives in a namespace.
fn in_template(context: &Context<'_>, file: ScopedFile<'_>) -> Found {
    static TAG: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r#"\{%-?\s*url\s+(?:'([\w-]+)'|"([\w-]+)")"#).ok());
    let (Some(text), Some(tag)) = (context.here.text(file.path)?, TAG.as_ref()) else {
        return Ok(Vec::new());
    };
    let tags: Vec<_> = tag.captures_iter(text.as_str()).collect();
    if tags.is_empty() {
        return Ok(Vec::new());
    }
    let names = Names::of(context.here)?;
    let found = tags.iter().filter_map(|tag| {
        let quoted = tag.get(1).or_else(|| tag.get(2))?;
        let name = quoted.as_str();
        let meant = names.meant(name)?;
        let span = text.span(quoted.range());
        let (headline, consequence) = words(name, &meant.all);
        let place = Place::Head { path: file.path.to_owned(), span };
        let node = NodeText::Open(name.to_owned());
        let finding =
            RULE.finding(place, "template", node, headline, consequence).with_severity(meant.severity);
        Some(match meant.all.as_slice() {
            [only] => finding.with_fix(Fix {
                safety: FixSafety::Ask,
                text: RIGHT.to_owned(),
                edits: vec![Edit { span, replacement: only.clone() }],
            }),
            all => finding.with_fix(Fix::text(format!("Write the one that is meant: {}.", listed(all)))),
        })
    });
    Ok(found.collect::<Vec<Finding>>())
}

const RIGHT: &str = "Right if this page of the project is meant.";

fn words(name: &str, all: &[String]) -> (String, String) {
    let headline = format!("{} is only known as {}", code(name), listed(all));
    (
        headline,
        format!("Here it ends in {}.", code(&format!("NoReverseMatch: Reverse for '{name}' not found"))),
    )
}

fn listed(all: &[String]) -> String {
    const SHOWN: usize = 3;
    all.iter().take(SHOWN).map(|name| code(name)).collect::<Vec<_>>().join(" or ")
}

fn is_plain_name(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-'))
}

/// The names of the project's routes.
struct Names {
    /// Those without a namespace.
    plain: BTreeSet<String>,
    /// The others, by their last part.
    within: BTreeMap<String, BTreeSet<String>>,
    /// Nothing else can have a name.
    is_complete: bool,
}

/// What a name without a namespace may mean.
struct Meant {
    all: Vec<String>,
    severity: Severity,
}

impl Names {
    fn of(project: &Project) -> Result<Self, NotLoaded> {
        let routes = project.fact::<Routes>(&())?;
        let is_complete = routes.is_complete() && routes.is_rooted();
        let mut names = Self { plain: BTreeSet::new(), within: BTreeMap::new(), is_complete };
        for route in routes.iter() {
            let Some(full) = route.full_name() else {
                // Of what cannot be read, any part may be the name.
                names.plain.extend(route.name.clone());
                continue;
            };
            match full.rsplit_once(':') {
                Some((_, last)) => {
                    names.within.entry(last.to_owned()).or_default().insert(full.clone());
                }
                None => drop(names.plain.insert(full)),
            }
        }
        Ok(names)
    }

    fn meant(&self, name: &str) -> Option<Meant> {
        let within = self.within.get(name).filter(|_| !self.plain.contains(name))?;
        // What a package brings may have the name too: then nobody can be sure.
        let severity = if self.is_complete { Severity::Error } else { Severity::Warning };
        let is_theirs =
            ["account", "login", "logout", "password", "admin", "social", "index", "home", "signup"]
                .iter()
                .any(|word| name.starts_with(word));
        let all = within.iter().cloned().collect();
        (self.is_complete || !is_theirs).then_some(Meant { all, severity })
    }
}

impl Meant {
    /// The literal with the only name that can be meant.
    fn only(&self, source: &str, name: &str) -> Option<String> {
        match self.all.as_slice() {
            [only] => Some(source.replacen(name, only, 1)),
            _ => None,
        }
    }
}
