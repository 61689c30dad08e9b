//! Calls of Django's cache, through `cache` or `caches["…"]`; a dict that is named `cache` is none.

use ruff_python_ast::Expr;
use ruff_text_size::{Ranged, TextRange};

use crate::syntax::python::{Call, Module};

/// A call of a method of a cache.
#[derive(Clone, Copy, Debug)]
pub struct CacheCall<'a> {
    pub call: &'a Call<'a>,
    pub method: &'a str,
}

impl Ranged for CacheCall<'_> {
    fn range(&self) -> TextRange {
        self.call.node.range()
    }
}

/// What writes one entry, or several.
const WRITES: [&str; 12] = [
    "add",
    "aadd",
    "aget_or_set",
    "aset",
    "aset_many",
    "atouch",
    "get_or_set",
    "set",
    "set_many",
    "touch",
    "incr_version",
    "aincr_version",
];

/// The calls of a file that write to a cache, in source order.
pub fn writes<'a>(module: &'a Module) -> Vec<CacheCall<'a>> {
    let mut found = Vec::new();
    for method in WRITES {
        let calls = module.index().calls_of(method);
        found.extend(calls.filter_map(|call| {
            let callee =
                call.node.func.as_attribute_expr().filter(|callee| callee.attr.as_str() == method)?;
            is_cache(module, &callee.value).then_some(CacheCall { call, method })
        }));
    }
    found.sort_by_key(|write| write.call.node.start());
    found
}

impl<'a> CacheCall<'a> {
    /// Without the `a` of its asynchronous form.
    fn plain_method(&self) -> &'a str {
        match self.method {
            "add" => "add",
            method => method.strip_prefix('a').unwrap_or(method),
        }
    }

    /// The key of what writes one entry.
    pub fn key(&self) -> Option<&'a Expr> {
        let is_one = matches!(self.plain_method(), "add" | "set" | "get_or_set");
        self.call.node.arguments.find_argument_value("key", 0).filter(|_| is_one)
    }

    /// How long an entry lives: the third argument, the second of `touch` and `set_many`.
    pub fn timeout(&self) -> Option<&'a Expr> {
        let position = match self.plain_method() {
            "add" | "set" | "get_or_set" => 2,
            "touch" | "set_many" => 1,
            _ => return None,
        };
        self.call.node.arguments.find_argument_value("timeout", position)
    }
}

fn is_cache(module: &Module, expr: &Expr) -> bool {
    const CACHE: &str = "django.core.cache.cache";
    const CACHES: &str = "django.core.cache.caches";
    let is_alias = |value: &Expr| {
        value
            .as_subscript_expr()
            .is_some_and(|one| module.qualified(&one.value).is_some_and(|name| name == CACHES))
    };
    let is_held = |value: &Expr| is_alias(value) || module.qualified(value).is_some_and(|name| name == CACHE);
    is_held(expr) || expr.as_name_expr().and_then(|name| module.index().held_once(name)).is_some_and(is_held)
}
