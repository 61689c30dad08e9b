use ruff_python_ast::{Expr, ExprDict};
use ruff_text_size::Ranged;

use crate::model::catalogue;
use crate::model::finding::{FixSafety, Severity, code};
use crate::project::django::settings_module::{assigned, is_settings_module};
use crate::project::django::stage;
use crate::rules::look;
use crate::rules::python::{PythonFile, Report};
use crate::rules::{Against, Look, Rule};
use crate::source::NotLoaded;
use crate::syntax::python::string;

pub(super) static RULE: Rule = Rule {
    entry: &catalogue::MEM003,
    page: include_str!("cache_backend_not_standard.md"),
    against: Against::ChangedLines,
    looks: &[Look::Python(look::code, check)],
};

const STANDARD: &str = "django.core.cache.backends.memcached.PyMemcacheCache";
/// Taken out of Django 4.1.
const REMOVED: &str = "django.core.cache.backends.memcached.MemcachedCache";

fn check(file: &PythonFile<'_>, out: &mut Report<'_>) -> Result<(), NotLoaded> {
    if !is_settings_module(file.path, file.module) || stage::is_for_development(file.path) {
        return Ok(());
    }
    let conditions = file.module.conditions();
    for setting in assigned(file.module).filter(|setting| setting.name == "CACHES") {
        let default = setting.value.as_dict_expr().and_then(|caches| value_of(caches, "default"));
        let Some(default) = default.and_then(Expr::as_dict_expr) else { continue };
        if !stage::is_reached_in_development(&conditions, default.start()) {
            judge(file, default, out);
        }
    }
    Ok(())
}

fn judge(file: &PythonFile<'_>, default: &ExprDict, out: &mut Report<'_>) {
    let Some(value) = value_of(default, "BACKEND") else { return };
    let Some(backend) = string(value) else { return };
    let class = backend.rsplit('.').next().unwrap_or(backend);
    if backend == STANDARD {
        let is_open = default.items.iter().any(|item| item.key.is_none());
        if !is_open && value_of(default, "KEY_PREFIX").is_none() {
            let headline = format!("{} has no {}", code("CACHES[\"default\"]"), code("KEY_PREFIX"));
            let consequence = "All projects share one Memcached: without a prefix they read and overwrite each other's entries and sessions.";
            out.say(value, "CACHES.default", "no KEY_PREFIX", headline, consequence)
                .because_of(default)
                .fix("Add `\"KEY_PREFIX\": env(\"KVDB_PREFIX\")`.");
        }
        return;
    }
    let (consequence, severity) = if backend == REMOVED {
        ("Django 4.1 took this backend out: the site stops at the first use of the cache.", Severity::Error)
    } else {
        (
            "The standard's services keep cache and sessions in one Memcached, which this backend does not speak to as they do.",
            Severity::Warning,
        )
    };
    let headline = format!("{} uses {}", code("CACHES[\"default\"]"), code(class));
    let condition = "Right if `LOCATION` names the Memcached server, and `KEY_PREFIX` is set.";
    out.say(value, "CACHES.default.BACKEND", backend, headline, consequence).severity(severity).edit(
        FixSafety::Ask,
        condition,
        vec![file.replace(value, format!("\"{STANDARD}\""))],
    );
}

fn value_of<'a>(dict: &'a ExprDict, key: &str) -> Option<&'a Expr> {
    let is_meant = |item: &&ruff_python_ast::DictItem| item.key.as_ref().and_then(string) == Some(key);
    dict.items.iter().find(is_meant).map(|item| &item.value)
}
