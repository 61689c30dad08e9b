use ruff_python_ast::{Decorator, Expr, Stmt, StmtFunctionDef};
use ruff_text_size::{Ranged, TextRange, TextSize};

use crate::model::catalogue;
use crate::model::finding::code;
use crate::project::django::lineage::Lineages;
use crate::project::django::settings_module::{assigned, is_settings_module};
use crate::project::django::stage;
use crate::rules::look::code_with_others;
use crate::rules::python::{PythonFile, Report};
use crate::rules::{Against, Look, Rule};
use crate::source::NotLoaded;
use crate::syntax::python::{Class, Folded, Module, normalised_expr, string, walk_exprs};

pub(super) static RULE: Rule = Rule {
    entry: &catalogue::SEC004,
    page: include_str!("csrf_disabled.md"),
    against: Against::ChangedLines,
    looks: &[Look::Python(code_with_others, check)],
};

const EXEMPT: &str = "django.views.decorators.csrf.csrf_exempt";
const SESSIONS: [&str; 2] = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
];
/// What code names that knows its callers by more than their cookies.
const PROOFS: [&str; 11] = [
    "api_key",
    "apikey",
    "authenticate",
    "authorization",
    "compare",
    "construct_event",
    "hmac",
    "secret",
    "signature",
    "token",
    "verify",
];

const FORGED: &str =
    "Any other site can have a logged-in visitor's browser send this request, with their cookies.";

fn check(file: &PythonFile<'_>, out: &mut Report<'_>) -> Result<(), NotLoaded> {
    views(file, out);
    classes(file, out)?;
    wrapped(file, out);
    if is_settings_module(file.path, file.module) && !stage::is_for_development(file.path) {
        middleware(file, out);
        removed(file, out);
        origins(file, out);
    }
    Ok(())
}

/// `@csrf_exempt` and `@method_decorator(csrf_exempt)` on functions.
fn views(file: &PythonFile<'_>, out: &mut Report<'_>) {
    for function in file.index().functions() {
        let Some(exempt) = exemption(file.module, &function.node.decorator_list) else { continue };
        if is_read_only(file.module, function.node) {
            continue;
        }
        let others = function.node.decorator_list.iter().filter(|other| other.range() != exempt);
        let is_proven = others.map(|other| file.module.source(other)).any(has_proof)
            || function.node.parameters.iter().any(|parameter| has_proof(parameter.name()))
            || names_proof(file.module, &function.node.body);
        let mut decorators =
            function.node.decorator_list.iter().map(|decorator| file.module.source(decorator));
        let knows_login = decorators.any(asks_for_login) || uses_login(&function.node.body);
        let view = View { subject: file.index().name_of(function.body), is_proven, knows_login };
        exempted(file, &exempt, view, &function.node.range(), out);
    }
}

/// A view that is taken out of the check.
struct View {
    subject: String,
    /// Its code names what it knows its caller by.
    is_proven: bool,
    /// It does something in the name of whoever is logged in.
    knows_login: bool,
}

/// `@method_decorator(csrf_exempt, name="dispatch")` on classes. Those of Django REST framework are exempt anyway.
fn classes(file: &PythonFile<'_>, out: &mut Report<'_>) -> Result<(), NotLoaded> {
    for class in file.index().classes() {
        if let Some(exempt) = exemption(file.module, &class.node.decorator_list)
            && !derives_from(file, class, |base| base.starts_with("rest_framework."))?
        {
            let is_proven = names_proof(file.module, &class.node.body);
            let knows_login = class.node.bases().iter().any(|base| asks_for_login(file.module.source(base)))
                || uses_login(&class.node.body);
            let view = View { subject: file.index().name_of(class.body), is_proven, knows_login };
            exempted(file, &exempt, view, &class.node.range(), out);
        }
        let enforces = file.index().function_in(class.body, "enforce_csrf");
        let Some(method) = enforces.filter(|method| !calls(file, "enforce_csrf", method.node)) else {
            continue;
        };
        let of_session = |base: &str| base == "rest_framework.authentication.SessionAuthentication";
        if derives_from(file, class, of_session)? {
            let headline = format!("{} checks no CSRF token", code(class.node.name.as_str()));
            out.say(&method.node.name, class.node.name.as_str(), "enforce_csrf", headline, FORGED)
                .because_of(method.node)
                .fix("Leave `enforce_csrf` as it is; clients without a session are known by a token, not by this class.");
        }
    }
    Ok(())
}

fn derives_from(
    file: &PythonFile<'_>,
    class: &Class<'_>,
    is_meant: impl Fn(&str) -> bool,
) -> Result<bool, NotLoaded> {
    let lineages = file.project().fact::<Lineages>(file.path)?;
    Ok(lineages.of(class.node.name.as_str()).is_some_and(|lineage| lineage.derives_from_any(is_meant)))
}

fn calls(file: &PythonFile<'_>, name: &str, within: &StmtFunctionDef) -> bool {
    file.index().calls_of(name).any(|call| within.range().contains_range(call.node.range()))
}

/// `csrf_exempt(view)`
fn wrapped(file: &PythonFile<'_>, out: &mut Report<'_>) {
    for call in file.index().calls_of("csrf_exempt") {
        let is_exempt = file.module.qualified(&call.node.func).is_some_and(|name| name == EXEMPT);
        let Some(view) = call.node.arguments.find_positional(0).filter(|_| is_exempt) else { continue };
        let name = match view {
            Expr::Call(made) => file.module.source(&*made.func),
            other => file.module.source(other),
        };
        let view = View { subject: name.to_owned(), is_proven: has_proof(name), knows_login: false };
        exempted(file, &call.node.func.range(), view, &call.node.range(), out);
    }
}

/// The decorator that takes the check off.
fn exemption(module: &Module, decorators: &[Decorator]) -> Option<TextRange> {
    let is_exempt = |expr: &Expr| module.qualified(expr).is_some_and(|name| name == EXEMPT);
    let takes_off = |decorator: &&Decorator| match &decorator.expression {
        Expr::Call(call) => {
            let is_adapter = module
                .qualified(&call.func)
                .is_some_and(|name| name == "django.utils.decorators.method_decorator");
            is_adapter
                && call.arguments.find_positional(0).is_some_and(|first| match first {
                    Expr::List(list) => list.elts.iter().any(is_exempt),
                    Expr::Tuple(tuple) => tuple.elts.iter().any(is_exempt),
                    other => is_exempt(other),
                })
        }
        other => is_exempt(other),
    };
    decorators.iter().find(takes_off).map(Ranged::range)
}

/// Only answers requests that Django asks for no token.
fn is_read_only(module: &Module, function: &StmtFunctionDef) -> bool {
    function.decorator_list.iter().any(|decorator| match &decorator.expression {
        Expr::Call(call) => {
            let is_list =
                module.qualified(&call.func).is_some_and(|name| name.last() == "require_http_methods");
            let methods = call.arguments.find_positional(0).map(|methods| module.fold(methods));
            is_list
                && methods.is_some_and(|methods| {
                    let methods = methods.strings();
                    !methods.is_empty()
                        && methods.iter().all(|method| matches!(*method, "GET" | "HEAD" | "OPTIONS"))
                })
        }
        other => {
            module.qualified(other).is_some_and(|name| matches!(name.last(), "require_GET" | "require_safe"))
        }
    })
}

fn names_proof(module: &Module, body: &[Stmt]) -> bool {
    let mut found = false;
    walk_exprs(body, &mut |expr| {
        found |= match expr {
            Expr::Name(name) => has_proof(name.id.as_str()),
            Expr::Attribute(attribute) => has_proof(attribute.attr.as_str()),
            Expr::StringLiteral(_) => string(expr).is_some_and(|text| text.len() < 60 && has_proof(text)),
            _ => false,
        };
    });
    // A docstring that speaks of tokens proves nothing, and does no harm: it only makes a warning of an error.
    found || body.first().is_some_and(|first| has_proof(module.source(first).lines().next().unwrap_or("")))
}

fn has_proof(text: &str) -> bool {
    let lower = text.to_ascii_lowercase().replace('-', "_");
    !lower.contains("csrf_token") && PROOFS.iter().any(|word| lower.contains(word))
}

fn exempted(file: &PythonFile<'_>, at: &TextRange, view: View, cause: &TextRange, out: &mut Report<'_>) {
    let is_explained = file.has_comment(at);
    if view.is_proven && is_explained {
        return;
    }
    let headline = format!("{} takes requests without a CSRF token", code(&view.subject));
    let fix = match (view.is_proven, is_explained) {
        (true, _) => "Say in a comment how the caller is known, so that the next person need not find out.",
        (_, true) => "Check a signature or a token of the caller, or take `csrf_exempt` off.",
        _ => {
            "Take `csrf_exempt` off; if the caller is no browser, check a signature and say so in a comment."
        }
    };
    let said = out.say(at, view.subject, "csrf_exempt", headline, FORGED).because_of(cause).fix(fix);
    if view.is_proven || is_explained || !view.knows_login {
        said.warning();
    }
}

/// `request.user`, `self.request.session`
fn uses_login(body: &[Stmt]) -> bool {
    let mut found = false;
    walk_exprs(body, &mut |expr| {
        found |= expr.as_attribute_expr().is_some_and(|attribute| {
            let of_request = match &*attribute.value {
                Expr::Name(name) => name.id.as_str() == "request",
                Expr::Attribute(inner) => inner.attr.as_str() == "request",
                _ => false,
            };
            of_request && matches!(attribute.attr.as_str(), "user" | "auser" | "session")
        });
    });
    found
}

/// `@login_required`, `PermissionRequiredMixin`
fn asks_for_login(source: &str) -> bool {
    let lower = source.to_ascii_lowercase();
    ["login", "permission", "staff_member", "user_passes_test"].iter().any(|word| lower.contains(word))
}

/// `MIDDLEWARE` with sessions and without the check.
fn middleware(file: &PythonFile<'_>, out: &mut Report<'_>) {
    let Folded::List { items, partial: false } = file.module.value_of("MIDDLEWARE") else { return };
    let names: Option<Vec<&str>> = items.iter().map(Folded::as_str).collect();
    let Some(names) = names else { return };
    let is_checked = names.iter().any(|name| name.to_ascii_lowercase().contains("csrf"));
    if is_checked || !names.iter().any(|name| SESSIONS.contains(name)) {
        return;
    }
    let Some(last) = assigned(file.module).filter(|setting| setting.name == "MIDDLEWARE").last() else {
        return;
    };
    let name = TextRange::at(last.statement.start(), TextSize::of(last.name));
    let headline = format!("{} has no {}", code("MIDDLEWARE"), code("CsrfViewMiddleware"));
    let consequence =
        "Any other site can have a logged-in visitor's browser send a form to this one, with their cookies.";
    out.say(&name, "MIDDLEWARE", "no CsrfViewMiddleware", headline, consequence)
        .because_of(last.statement)
        .fix("Put `\"django.middleware.csrf.CsrfViewMiddleware\"` back, behind `CommonMiddleware`.");
}

/// `MIDDLEWARE.remove("django.middleware.csrf.CsrfViewMiddleware")`
fn removed(file: &PythonFile<'_>, out: &mut Report<'_>) {
    let conditions = file.module.conditions();
    for call in file.index().calls_of("remove") {
        let is_of_list = matches!(&*call.node.func, Expr::Attribute(method) if file.module.source(&*method.value) == "MIDDLEWARE");
        let entry = call.node.arguments.find_positional(0).and_then(string).unwrap_or("");
        let is_check = is_of_list && entry == "django.middleware.csrf.CsrfViewMiddleware";
        if is_check && !stage::is_reached_in_development(&conditions, call.node.start()) {
            let headline = format!("{} is taken out of {}", code("CsrfViewMiddleware"), code("MIDDLEWARE"));
            out.say(call.node, "MIDDLEWARE", "remove", headline, FORGED).fix("Delete the line.");
        }
    }
}

/// `https://*` matches no origin: Django looks for a host behind a dot.
fn origins(file: &PythonFile<'_>, out: &mut Report<'_>) {
    for setting in assigned(file.module).filter(|setting| setting.name == "CSRF_TRUSTED_ORIGINS") {
        let Expr::List(list) = setting.value else { continue };
        for origin in &list.elts {
            if matches!(string(origin), Some("https://*" | "http://*" | "*")) {
                let written = file.module.source(origin);
                out.say(
                    origin,
                    "CSRF_TRUSTED_ORIGINS",
                    normalised_expr(origin),
                    format!("{} in {} trusts no origin", code(written), code("CSRF_TRUSTED_ORIGINS")),
                    "Django compares whole hosts, or what stands behind `*.`; requests from elsewhere are refused as before.",
                )
                .advice()
                .fix("Name the hosts: `\"https://*.shop.example\"`.");
            }
        }
    }
}
