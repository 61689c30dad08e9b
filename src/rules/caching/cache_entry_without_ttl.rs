use ruff_python_ast::{Expr, Number};

use crate::model::catalogue;
use crate::model::finding::code;
use crate::project::django::cache_calls::{self, CacheCall};
use crate::project::django::settings_module::{assigned, is_settings_module};
use crate::rules::look;
use crate::rules::python::{PythonFile, Report};
use crate::rules::{Against, Look, Rule};
use crate::source::NotLoaded;
use crate::syntax::python::{normalised_expr, string};

pub(super) static RULE: Rule = Rule {
    entry: &catalogue::CCH002,
    page: include_str!("cache_entry_without_ttl.md"),
    against: Against::ChangedLines,
    looks: &[Look::Python(look::code, check)],
};

const FOR_EVER: &str = "What is stored stays as it is until somebody deletes it, or the cache runs full and drops what it likes.";

fn check(file: &PythonFile<'_>, out: &mut Report<'_>) -> Result<(), NotLoaded> {
    for write in cache_calls::writes(file.module) {
        if let Some(timeout) = write.timeout() {
            judge(file, &write, timeout, out);
        }
    }
    if is_settings_module(file.path, file.module) {
        settings(file, out);
    }
    Ok(())
}

fn judge(file: &PythonFile<'_>, write: &CacheCall<'_>, timeout: &Expr, out: &mut Report<'_>) {
    let name = file.index().name_of(write.call.scope);
    let key = write.key().map_or_else(String::new, |key| format!(" {}", code(file.module.source(key))));
    let subject = write.key().map_or_else(|| name.clone(), |key| format!("{name} {}", normalised_expr(key)));
    if timeout.is_none_literal_expr() {
        let headline = format!("The cache entry{key} in {} never expires", code(&name));
        out.say(timeout, subject, "timeout=None", headline, FOR_EVER)
            .because_of(write)
            .fix("Give it seconds in place of `None`: as long as an old value does no harm.");
    } else if is_zero(timeout) {
        let headline = format!("The cache entry{key} in {} is not stored", code(&name));
        let consequence = "A timeout of 0 means that it has expired already, so that every read misses.";
        out.say(timeout, subject, "timeout=0", headline, consequence)
            .because_of(write)
            .warning()
            .fix("Give it seconds, or call `delete`.");
    }
}

fn is_zero(expr: &Expr) -> bool {
    matches!(expr, Expr::NumberLiteral(number) if matches!(&number.value, Number::Int(int) if int.as_u8() == Some(0)))
}

/// `CACHES["default"]["TIMEOUT"]`
fn settings(file: &PythonFile<'_>, out: &mut Report<'_>) {
    for setting in assigned(file.module).filter(|setting| setting.name == "CACHES") {
        for (alias, entries) in entries(setting.value) {
            for (option, value) in self::entries(entries) {
                if option == "TIMEOUT" && value.is_none_literal_expr() {
                    let subject = format!("CACHES.{alias}.TIMEOUT");
                    let headline = format!("Entries of the cache {} never expire", code(alias));
                    out.say(value, subject, "TIMEOUT=None", headline, FOR_EVER)
                        .fix("Give `TIMEOUT` seconds; without one Django takes 300.");
                }
            }
        }
    }
}

fn entries(expr: &Expr) -> impl Iterator<Item = (&str, &Expr)> {
    let items = expr.as_dict_expr().map(|dict| dict.items.as_slice()).unwrap_or_default();
    items.iter().filter_map(|item| Some((string(item.key.as_ref()?)?, &item.value)))
}
