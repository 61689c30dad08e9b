//! Functions of Django that make an address of a route's name.

use ruff_python_ast::ExprCall;

use crate::syntax::python::Module;

const REVERSING: [&str; 6] = [
    "django.urls.reverse",
    "django.urls.reverse_lazy",
    "django.urls.base.reverse",
    "django.core.urlresolvers.reverse",
    "django.shortcuts.redirect",
    "django.shortcuts.resolve_url",
];

/// Does it take the name of a route of this project first? A urls module that is given has names of its own.
pub(super) fn is_reversing(module: &Module, call: &ExprCall) -> bool {
    let Some(function) = module.qualified(&call.func) else { return false };
    let other = call.arguments.find_argument_value("urlconf", 1);
    let has_other =
        other.is_some_and(|urlconf| !urlconf.is_none_literal_expr()) && !function.is_in("django.shortcuts");
    REVERSING.iter().any(|known| function == *known) && !has_other
}
