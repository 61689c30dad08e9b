//! Uses of live models in a data migration's function: imported classes, and what Django's global registry gives.

use std::collections::BTreeSet;

use ruff_python_ast::Expr;
use ruff_text_size::{Ranged, TextRange};

use crate::project::django::managers::MANAGERS;
use crate::rules::Context;
use crate::source::NotLoaded;
use crate::syntax::python::{BindingKind, Function, Module, string, walk_exprs};

use super::query_sets;
use super::registry::{Registered, registered};

/// Bases beyond the repository that make a class a model.
const MODELS: [&str; 8] = [
    "django.db.models.Model",
    "django.contrib.auth.models.AbstractUser",
    "django.contrib.auth.models.AbstractBaseUser",
    "django.contrib.auth.models.Group",
    "django.contrib.gis.db.models.Model",
    "mptt.models.MPTTModel",
    "wagtail.models.Page",
    "polymorphic.models.PolymorphicModel",
];

/// Models of Django itself, by their dotted name.
const DJANGO: [&str; 5] = [
    "django.contrib.auth.models.User",
    "django.contrib.auth.models.Group",
    "django.contrib.auth.models.Permission",
    "django.contrib.contenttypes.models.ContentType",
    "django.contrib.sites.models.Site",
];

/// A use of something that may be a live model.
pub(super) struct Use<'a> {
    pub(super) at: TextRange,
    /// As the function spells it: `Post`.
    pub(super) local: String,
    pub(super) of: Of<'a>,
}

/// Where it comes from.
pub(super) enum Of<'a> {
    /// What an imported name stands for.
    Import(String),
    Registry(Registered<'a>),
    /// `call_command("loaddata", …)`
    Fixture,
}

/// `X.objects.get` and `X(…)` of imported names and of what the global registry gave, once for each; names that the
/// function binds itself are its own. Other methods of a manager are the project's own and may never touch the table.
pub(super) fn uses<'a>(module: &'a Module, function: &Function<'a>) -> Vec<Use<'a>> {
    let (mut found, mut seen) = (Vec::new(), BTreeSet::new());
    walk_exprs(&function.node.body, &mut |expr| {
        let subject = match expr {
            Expr::Attribute(method) if is_query(method.attr.as_str()) => match &*method.value {
                Expr::Attribute(manager) if MANAGERS.contains(&manager.attr.as_str()) => &*manager.value,
                _ => return,
            },
            Expr::Call(call) => &*call.func,
            _ => return,
        };
        let used = registered(module, function, subject)
            .map(|asked| of_registry(module, subject, asked))
            .or_else(|| imported(module, function, subject, expr));
        if let Some(used) = used
            && seen.insert(used.local.clone())
        {
            found.push(used);
        }
    });
    found
}

/// A call may be as long as it likes: where it has no name, it is called by its model.
fn of_registry<'a>(module: &Module, subject: &Expr, asked: Registered<'a>) -> Use<'a> {
    let local = match (subject, asked.model) {
        (Expr::Name(_), _) => module.source(subject).to_owned(),
        (_, Some((app, model))) => format!("{app}.{model}"),
        (_, None) => "get_model".to_owned(),
    };
    Use { at: asked.call.range(), local, of: Of::Registry(asked) }
}

/// What an imported name stands for, which the function does not bind itself.
fn imported<'a>(
    module: &'a Module,
    function: &Function<'a>,
    subject: &'a Expr,
    expr: &'a Expr,
) -> Option<Use<'a>> {
    let target = module.qualified(subject).filter(|name| !name.is_plain())?;
    let local = module.source(subject);
    if binds(module, function, local.split('.').next().unwrap_or(local)) {
        return None;
    }
    let is_fixture = target.ends_with(".call_command") && is_loaddata(expr);
    let of = if is_fixture { Of::Fixture } else { Of::Import(target.to_string()) };
    Some(Use { at: expr.range(), local: local.to_owned(), of })
}

/// Does a manager's method read or write the table? `create_user` is that of Django's own users.
fn is_query(method: &str) -> bool {
    let known = query_sets::READS.contains(&method) || query_sets::WRITES.contains(&method);
    known || matches!(method, "delete" | "raw" | "create_user")
}

fn is_loaddata(expr: &Expr) -> bool {
    let call = expr.as_call_expr();
    call.and_then(|call| call.arguments.find_positional(0)).and_then(string) == Some("loaddata")
}

/// Is it a parameter, or a name that the body assigns, other than by import?
fn binds(module: &Module, function: &Function<'_>, name: &str) -> bool {
    use BindingKind as K;
    let mut bindings = module.index().bindings_in(function.body, name).iter();
    bindings.any(|binding| matches!(binding.kind, K::Parameter | K::Assigned | K::Shared | K::Loop))
}

/// A live model.
pub(super) struct Live {
    pub(super) what: What,
    /// Its app, where the repository tells.
    pub(super) app: Option<String>,
}

pub(super) enum What {
    Model(String),
    UserModel,
    Fixture,
    /// What a call asks for that names no model by texts.
    Unnamed,
}

pub(super) fn live_model(
    context: &Context<'_>,
    path: &str,
    used: &Use<'_>,
) -> Result<Option<Live>, NotLoaded> {
    let live = |what: What, app: Option<&str>| Some(Live { what, app: app.map(str::to_owned) });
    let target = match &used.of {
        Of::Fixture => return Ok(live(What::Fixture, None)),
        Of::Registry(asked) => {
            let (app, what) = asked
                .model
                .map_or((None, What::Unnamed), |(app, model)| (Some(app), What::Model(model.to_owned())));
            return Ok(live(what, app));
        }
        Of::Import(target) => target,
    };
    if target == "django.contrib.auth.get_user_model" {
        return Ok(live(What::UserModel, None));
    }
    if DJANGO.contains(&target.as_str()) {
        let class = target.rsplit('.').next().unwrap_or(target);
        return Ok(live(What::Model(class.to_owned()), target.split('.').nth(2)));
    }
    if target.starts_with("django.") {
        return Ok(None);
    }
    let Some(ancestry) = context.here.ancestry(path, target)? else { return Ok(None) };
    if !ancestry.foreign.iter().any(|base| MODELS.contains(&base.as_str())) {
        return Ok(None);
    }
    let Some(definition) = ancestry.own.first() else { return Ok(None) };
    let apps = context.here.apps()?;
    let home = apps.around(&definition.path);
    Ok(live(What::Model(definition.name.clone()), home.map(|app| app.label.as_str())))
}
