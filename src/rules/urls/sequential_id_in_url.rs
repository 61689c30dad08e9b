use ruff_python_ast::Expr;

use crate::model::catalogue;
use crate::model::finding::{Severity, code};
use crate::project::django::routes::pattern::{Parameter, Syntax, Takes};
use crate::project::django::routes::tree::Routes;
use crate::project::django::routes::urlconf::{Entry, RoutedView, Said, Target, UrlConf, is_urls};
use crate::project::django::views::decorator_name;
use crate::project::python::imports::Definition;
use crate::rules::look::code_with_others;
use crate::rules::python::{PythonFile, Report};
use crate::rules::{Against, Look, Reading, Rule};
use crate::source::NotLoaded;
use crate::syntax::python::Function;

use super::public::{Seen, is_for_staff, seen};

pub(super) static RULE: Rule = Rule {
    entry: &catalogue::URL001,
    page: include_str!("sequential_id_in_url.md"),
    against: Against::ChangedLines,
    looks: &[Look::Python(urls, check)],
};

fn urls(path: &str) -> Reading {
    if is_urls(path) { code_with_others(path) } else { Reading::Not }
}

fn check(file: &PythonFile<'_>, out: &mut Report<'_>) -> Result<(), NotLoaded> {
    let Some(conf) = UrlConf::read(file.module) else { return Ok(()) };
    let all = conf.all();
    let keys = all.iter().filter_map(|entry| {
        let Target::View(view) = &entry.target else { return None };
        let pattern = entry.pattern.as_ref()?;
        let key = pattern.parameters().into_iter().find(may_be_key)?;
        Some((*entry, view, key))
    });
    let keys: Vec<_> = keys.collect();
    if keys.is_empty() {
        return Ok(());
    }
    let routes = file.project().fact::<Routes>(&())?;
    let found = keys.into_iter().map(|(entry, view, key)| {
        let seen = seen(&routes, routes.at(file.path, entry.at));
        if seen == Seen::Inside {
            return Ok(());
        }
        let looked_up = looked_up(file, view, &key)?;
        let severity = match (&looked_up, seen) {
            (LookedUp::No | LookedUp::ByStaff, _) => return Ok(()),
            (LookedUp::AsKey(_), Seen::Public) => Severity::Error,
            _ => Severity::Warning,
        };
        say(entry, &key, &looked_up, severity, out);
        Ok(())
    });
    NotLoaded::all(found).map(drop)
}

fn say(entry: &Entry<'_>, key: &Parameter, looked_up: &LookedUp, severity: Severity, out: &mut Report<'_>) {
    let Some((pattern, text)) = entry.pattern.as_ref().and_then(|p| Some((p, p.text?))) else { return };
    let fault = match &key.takes {
        Takes::Converter(converter) => format!("<{converter}:{}>", key.name),
        Takes::Regex(regex) => format!("(?P<{}>{regex})", key.name),
    };
    let new = match pattern.syntax {
        Syntax::Path => "<str:short_id>",
        Syntax::Regex => r"(?P<short_id>\w{12})",
    };
    let subject = match entry.name {
        Said::Text(name) => name,
        _ => text,
    };
    let headline = format!("Route {} exposes a sequential id", code(text));
    let consequence =
        "Who has one address has them all: counting up shows how many rows there are and asks for each.";
    let model = match looked_up {
        LookedUp::AsKey(Some(model)) => code(model),
        _ => "the model".to_owned(),
    };
    let field = code("short_id = ShortUUIDField(length=12, unique=True)");
    out.say(pattern.at, subject, fault, headline, consequence)
        .severity(severity)
        .fix(format!("Give {model} {field} and write {} here.", code(new)));
}

/// What a view does with what the route gives it.
enum LookedUp {
    /// It is a primary key, of this model where the view says so.
    AsKey(Option<String>),
    Perhaps,
    No,
    ByStaff,
}

/// Digits under a name that may be one of a key.
fn may_be_key(parameter: &Parameter) -> bool {
    let name = parameter.name.as_str();
    parameter.is_number() && (is_key(name) || name.ends_with("_id") || name.ends_with("_pk"))
}

fn is_key(name: &str) -> bool {
    matches!(name, "pk" | "id")
}

fn looked_up(file: &PythonFile<'_>, view: &RoutedView<'_>, key: &Parameter) -> Result<LookedUp, NotLoaded> {
    let by_name = if is_key(&key.name) { LookedUp::AsKey(None) } else { LookedUp::Perhaps };
    let dotted = view.name.to_string();
    let Some(found) = file.project().definition(file.path, &dotted)? else { return Ok(by_name) };
    let index = found.module.index();
    let function = found.module.function(&found.name).and_then(|node| index.function_of(node));
    let Some(function) = function else { return Ok(by_name) };
    let decorators = function.node.decorator_list.iter();
    let mut names = decorators.filter_map(|decorator| decorator_name(&found.module, decorator));
    if names.any(|name| is_for_staff(&name.to_string())) {
        return Ok(LookedUp::ByStaff);
    }
    Ok(match used_as_key(&found, function, &key.name) {
        Some(model) => LookedUp::AsKey(model),
        None if is_key(&key.name) => by_name,
        None => LookedUp::No,
    })
}

/// The model that a function looks up with `pk=name` or the like, where it names one.
fn used_as_key(found: &Definition, function: &Function<'_>, name: &str) -> Option<Option<String>> {
    let calls = found.module.index().calls_in(function.body).iter();
    let mut by_key = calls.filter(|call| {
        call.node.arguments.keywords.iter().any(|keyword| {
            let is_key = keyword
                .arg
                .as_deref()
                .is_some_and(|arg| is_key(arg) || arg.ends_with("__pk") || arg.ends_with("__id"));
            is_key && keyword.value.as_name_expr().is_some_and(|value| value.id.as_str() == name)
        })
    });
    let call = by_key.next()?.node;
    let is_shortcut = found.module.qualified(&call.func).is_some_and(|name| name.is_in("django.shortcuts"));
    let first = call.arguments.args.first().filter(|_| is_shortcut).and_then(Expr::as_name_expr);
    Some(first.map(|model| model.id.to_string()))
}
