//! Calls that take a model from Django's global registry, where every model is the one of today.

use ruff_python_ast::{Expr, ExprCall};

use crate::syntax::python::{BindingKind, Dotted, Function, Module, ScopeId, string};

/// `from django.apps import apps`, by every name that it has.
const REGISTRIES: [&str; 2] = ["django.apps.apps", "django.apps.registry.apps"];
/// Functions of the registry as Django 1.8 and earlier had them.
const OLD: [&str; 3] = [
    "django.db.models.get_model",
    "django.db.models.loading.get_model",
    "django.db.models.loading.cache.get_model",
];

/// A model as a call names it.
pub(super) struct Registered<'a> {
    pub(super) call: &'a ExprCall,
    /// What the call asks: `registry`, where it is a plain name.
    pub(super) registry: Option<&'a Expr>,
    /// Where the call names it by texts.
    pub(super) model: Option<(&'a str, &'a str)>,
}

/// The call that gave a function its model: the expression itself, or what its name is bound to.
pub(super) fn registered<'a>(
    module: &'a Module,
    function: &Function<'a>,
    expr: &'a Expr,
) -> Option<Registered<'a>> {
    let name = match expr {
        Expr::Call(call) => return asked(module, Some(function), call),
        Expr::Name(name) => name.id.as_str(),
        _ => return None,
    };
    let index = module.index();
    let own = index.bindings_in(function.body, name);
    let inside = own.first().map(|_| function);
    let bindings = if own.is_empty() { index.bindings_in(ScopeId::MODULE, name) } else { own };
    let mut values = bindings.iter().map(|binding| {
        let value = binding.value.filter(|_| binding.kind == BindingKind::Assigned);
        asked(module, inside, value?.as_call_expr()?)
    });
    let first = values.next()??;
    values.all(|other| other.is_some()).then_some(first)
}

/// Does a call at the top of the file, or in a function of it, ask the global registry?
fn asked<'a>(
    module: &'a Module,
    function: Option<&Function<'a>>,
    call: &'a ExprCall,
) -> Option<Registered<'a>> {
    let argument = |name: &str, at: usize| call.arguments.find_argument_value(name, at);
    let is_global = |expr: &'a Expr| -> Option<Dotted<'a>> {
        let first = Dotted::written(expr)?.first();
        let hidden = function.is_some_and(|function| hides(module, function, first));
        module.qualified(expr).filter(|_| !hidden)
    };
    let is_registry = |name: &Dotted<'_>| REGISTRIES.iter().any(|registry| *name == *registry);
    let asked = call.func.as_attribute_expr().filter(|asked| is_method(asked.attr.as_str()));
    if let Some(asked) = asked
        && let Expr::Call(config) = &*asked.value
    {
        let of_config = config.func.as_attribute_expr().filter(|of| of.attr.as_str() == "get_app_config")?;
        is_global(&of_config.value).filter(is_registry)?;
        let app = config.arguments.find_argument_value("app_label", 0).and_then(string);
        let model = app.zip(argument("model_name", 0).and_then(string));
        return Some(Registered { call, registry: None, model });
    }
    let name = is_global(&call.func)?;
    let (registry, method) = name.to_string().rsplit_once('.').map(|(r, m)| (r.to_owned(), m.to_owned()))?;
    let is_asked =
        (REGISTRIES.contains(&registry.as_str()) && is_method(&method)) || OLD.iter().any(|old| name == *old);
    let whole = argument("app_label", 0).and_then(string);
    let model = match argument("model_name", 1) {
        Some(model) => whole.zip(string(model)),
        None => whole.and_then(|whole| whole.split_once('.')),
    };
    let registry = asked.map(|asked| &*asked.value).filter(|value| value.is_name_expr());
    is_asked.then_some(Registered { call, registry, model })
}

fn is_method(name: &str) -> bool {
    matches!(name, "get_model" | "get_registered_model")
}

/// Does the function itself bind a name to something else than an import? The argument `apps` hides the global one.
fn hides(module: &Module, function: &Function<'_>, name: &str) -> bool {
    let own = module.index().bindings_in(function.body, name);
    !own.is_empty() && !own.iter().any(|binding| binding.kind == BindingKind::Import)
}
