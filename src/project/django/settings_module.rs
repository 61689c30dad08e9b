//! Is a Python file a module of Django settings, by where it stands and what it assigns?

use ruff_python_ast::{Expr, Stmt};

use crate::source::tree::{file_name, folder, is_vendored};
use crate::syntax::python::{Module, ScopeId, Statement};

/// Names that hardly anything but settings assigns.
const OF_PROJECTS: [&str; 12] = [
    "ALLOWED_HOSTS",
    "AUTH_USER_MODEL",
    "DATABASES",
    "INSTALLED_APPS",
    "MIDDLEWARE",
    "MIDDLEWARE_CLASSES",
    "ROOT_URLCONF",
    "SECRET_KEY",
    "STATIC_URL",
    "TEMPLATES",
    "USE_TZ",
    "WSGI_APPLICATION",
];

/// A file of a package `settings` that assigns any upper-case name; one named after settings that assigns one of a
/// project's or takes others over; any that assigns two of them. `forms/email_settings.py` is none.
pub fn is_settings_module(path: &str, module: &Module) -> bool {
    if is_vendored(path) {
        return false;
    }
    let stem = file_name(path).trim_end_matches(".py");
    let known = OF_PROJECTS.iter().filter(|name| is_given(module, name)).count();
    let in_package = file_name(folder(path)) == "settings" || stem == "settings";
    let is_named = stem.starts_with("settings") || stem.ends_with("settings");
    known >= 2
        || (is_named && (known > 0 || takes_over(module)))
        || (in_package && stem != "settings" && assigned(module).next().is_some())
}

fn is_given(module: &Module, name: &str) -> bool {
    module.index().given_in(ScopeId::MODULE, name).next().is_some()
}

/// `from .settings import *`, `from config.base import *`
fn takes_over(module: &Module) -> bool {
    let names = ["settings", "base", "common", "defaults"];
    module.index().star_imports().iter().any(|star| names.iter().any(|name| star.last() == *name))
}

/// A setting with what it gets; under conditions too.
#[derive(Clone, Copy, Debug)]
pub struct Setting<'a> {
    pub name: &'a str,
    pub value: &'a Expr,
    pub statement: &'a Stmt,
    /// No condition stands before it.
    pub is_direct: bool,
}

/// `NAME = value` of a module, in source order.
pub fn assigned<'a>(module: &'a Module) -> impl Iterator<Item = Setting<'a>> {
    let statements = module.index().module().statements.iter();
    statements.filter_map(|Statement { node, is_direct }| {
        let (name, value) = crate::syntax::python::assignment(node)?;
        let is_setting = name.chars().any(|c| c.is_ascii_uppercase()) && name == name.to_ascii_uppercase();
        is_setting.then_some(Setting { name, value, statement: node, is_direct: *is_direct })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Text;

    #[test]
    fn settings_are_told_by_place_and_names() {
        for (path, source, is) in [
            ("config/settings.py", "DEBUG = True\nALLOWED_HOSTS = []\n", true),
            ("a/settings/aws.py", "AWS_REGION = 'x'\n", true),
            ("a/settings/__init__.py", "from .base import *\n", false),
            ("a/local_settings.py", "from .settings import *\n", true),
            ("a/conf/base.py", "INSTALLED_APPS = []\nROOT_URLCONF = 'x'\n", true),
            ("forms/email_settings.py", "CHOICES = []\nclass EmailForm: pass\n", false),
            (
                "blog/settings.py",
                "from django.conf import settings\nPAGE = getattr(settings, 'P', 1)\n",
                false,
            ),
        ] {
            assert_eq!(is_settings_module(path, &Module::parse(&Text::new(source))), is, "{path}");
        }
    }
}
