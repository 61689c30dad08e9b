use ruff_python_ast::{Expr, Stmt};
use ruff_text_size::Ranged;

use crate::model::catalogue;
use crate::model::finding::{Edit, FixSafety, code};
use crate::project::django::routes::tree::Routes;
use crate::project::django::settings::Settings;
use crate::project::django::views::{self, View, is_answer};
use crate::rules::look::code_with_others;
use crate::rules::python::{PythonFile, Report};
use crate::rules::{Against, Look, Rule};
use crate::source::NotLoaded;
use crate::source::snapshot::both;
use crate::syntax::python::{Dotted, Module, walk_exprs};

pub(super) static RULE: Rule = Rule {
    entry: &catalogue::VIW003,
    page: include_str!("missing_login_required.md"),
    against: Against::ChangedLines,
    looks: &[Look::Python(code_with_others, check)],
};

/// Decorators of Django that say nothing of who may come. Any other may.
const OPEN: [&str; 19] = [
    "require_http_methods",
    "require_POST",
    "require_GET",
    "require_safe",
    "csrf_exempt",
    "csrf_protect",
    "ensure_csrf_cookie",
    "requires_csrf_token",
    "never_cache",
    "cache_page",
    "cache_control",
    "vary_on_headers",
    "vary_on_cookie",
    "gzip_page",
    "condition",
    "etag",
    "atomic",
    "xframe_options_exempt",
    "xframe_options_sameorigin",
];
/// Words of a body that asks by itself who comes, or lets nobody in without a secret.
const ASKS: [&str; 16] = [
    "is_authenticated",
    "is_anonymous",
    "is_staff",
    "is_superuser",
    "is_active",
    "has_perm",
    "PermissionDenied",
    "Forbidden",
    "redirect_to_login",
    "AnonymousUser",
    "login(",
    "authenticate",
    "token",
    "signature",
    "sesame",
    "401",
];
/// Pages that people see before they have an account, and what machines ask for.
const PUBLIC: [&str; 21] = [
    "login",
    "logout",
    "signin",
    "signup",
    "register",
    "registration",
    "password",
    "activate",
    "confirm",
    "verify",
    "invite",
    "webhook",
    "hook",
    "callback",
    "health",
    "healthz",
    "ready",
    "live",
    "metrics",
    "handler",
    "error",
];
/// What `AnonymousUser` has too: https://docs.djangoproject.com/en/5.2/ref/contrib/auth/#anonymoususer-object
const ANONYMOUS: [&str; 19] = [
    "id",
    "pk",
    "username",
    "is_authenticated",
    "is_anonymous",
    "is_staff",
    "is_superuser",
    "is_active",
    "groups",
    "user_permissions",
    "has_perm",
    "has_perms",
    "has_module_perms",
    "get_username",
    "get_user_permissions",
    "get_group_permissions",
    "get_all_permissions",
    "_wrapped",
    "__class__",
];
/// Methods that take a user as a row.
const BY_ROW: [&str; 8] =
    ["create", "acreate", "get_or_create", "update_or_create", "filter", "exclude", "get", "update"];

fn check(file: &PythonFile<'_>, out: &mut Report<'_>) -> Result<(), NotLoaded> {
    let views = views::of_module(file.project(), file.path, file.module)?;
    let open = views.iter().filter(|view| view.class.is_none() && is_open(view) && !asks(file.module, view));
    let found: Vec<_> = open.filter_map(|view| Some((view, needs_user(file.module, view)?))).collect();
    if found.is_empty() {
        return Ok(());
    }
    let (routes, settings) = both(file.project().fact::<Routes>(&()), file.project().fact::<Settings>(&()))?;
    if settings.mention("LoginRequiredMiddleware") {
        return Ok(());
    }
    for (view, user) in found {
        let name = view.function.node.name.as_str();
        let mut leading = routes.to(file.path, name).peekable();
        let is_routed = leading.peek().is_some();
        if is_routed && leading.all(|route| route.wrappers.is_empty() && !route.above.is_wrapped) {
            say(file, view, user, out);
        }
    }
    Ok(())
}

fn say(file: &PythonFile<'_>, view: &View<'_>, user: &Expr, out: &mut Report<'_>) {
    let name = view.function.node.name.as_str();
    let used = file.module.source(user);
    let headline = format!("{} reads {} and is not `@login_required`", code(name), code(used));
    let consequence = match user.as_attribute_expr().map(|attribute| attribute.attr.as_str()) {
        Some("user") | None => {
            "For a visitor without a login that is no row, and the answer a server error (500).".to_owned()
        }
        Some(attribute) => format!(
            "For a visitor without a login: {}.",
            code(&format!("'AnonymousUser' object has no attribute '{attribute}'"))
        ),
    };
    let edits = edits(file, view);
    out.say(&view.function.node.name, name, "no login_required", headline, consequence)
        .because_of(&view.function.node.range())
        .edit(FixSafety::Ask, "Right if only people with an account may come here.", edits);
}

/// `@login_required` above all that decorates the view, with its import.
fn edits(file: &PythonFile<'_>, view: &View<'_>) -> Vec<Edit> {
    let known = file.module.imported_as("django.contrib.auth.decorators", "login_required");
    let decorator = format!("@{}\n", known.as_deref().unwrap_or("login_required"));
    let mut edits = vec![file.insert(view.function.node.start(), decorator)];
    if known.is_none() {
        let import = "from django.contrib.auth.decorators import login_required";
        edits.insert(0, file.module.new_import(import));
    }
    edits
}

/// Does nothing before the body ask who comes?
fn is_open(view: &View<'_>) -> bool {
    let name = view.function.node.name.as_str();
    let is_plain = |decorator: Option<Dotted<'_>>| {
        decorator.is_some_and(|name| name.starts_with("django.") && OPEN.contains(&name.last()))
    };
    !name.split('_').any(|word| PUBLIC.contains(&word)) && view.decorators().all(is_plain)
}

/// May the body ask, by itself or through what it gives the request to?
fn asks(module: &Module, view: &View<'_>) -> bool {
    let body = module.source(view.function.node);
    let calls = module.index().calls_in(view.function.body).iter();
    let mut giving = calls.filter(|call| {
        let arguments = &call.node.arguments;
        let values = arguments.args.iter().chain(arguments.keywords.iter().map(|keyword| &keyword.value));
        values.filter_map(Expr::as_name_expr).any(|name| name.id.as_str() == "request")
    });
    ASKS.iter().any(|word| body.contains(word))
        || giving.any(|call| {
            let name = module.qualified(&call.node.func);
            !name.is_some_and(|name| is_answer(&name) || name.is_in("django.contrib.messages"))
        })
}

/// Where the body takes `request.user` for somebody with an account.
fn needs_user<'a>(module: &'a Module, view: &View<'a>) -> Option<&'a Expr> {
    let mut found = None;
    walk_exprs(&view.function.node.body, &mut |expr| {
        let here = match expr {
            Expr::Attribute(attribute) => {
                let is_own = is_user(&attribute.value) && !ANONYMOUS.contains(&attribute.attr.as_str());
                is_own.then_some(expr)
            }
            Expr::Call(call) => {
                let method = call.func.as_attribute_expr().map(|method| method.attr.as_str());
                let shortcut =
                    module.qualified(&call.func).is_some_and(|name| name.is_in("django.shortcuts"));
                let by_row = shortcut || method.is_some_and(|method| BY_ROW.contains(&method));
                let keywords = call.arguments.keywords.iter().filter(|_| by_row);
                keywords.map(|keyword| &keyword.value).find(|value| is_user(value))
            }
            _ => None,
        };
        found = found.or(here);
    });
    let statements = module.index().scope(view.function.body).statements.iter();
    found.or_else(|| {
        statements.into_iter().find_map(|statement| match statement.node {
            Stmt::Assign(assign) if is_user(&assign.value) => {
                assign.targets.iter().any(Expr::is_attribute_expr).then_some(&*assign.value)
            }
            _ => None,
        })
    })
}

/// `request.user`
fn is_user(expr: &Expr) -> bool {
    let attribute = expr.as_attribute_expr().filter(|attribute| attribute.attr.as_str() == "user");
    let owner = attribute.and_then(|attribute| attribute.value.as_name_expr());
    owner.is_some_and(|owner| owner.id.as_str() == "request")
}
