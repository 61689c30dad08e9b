//! URLs that Python takes apart: `urlparse` and what stands on it (`env.url` of django-environ) leave user and password
//! percent-encoded. `env.db_url` and kombu's own `parse_url` decode them.

use ruff_python_ast::{Expr, ExprCall, ExprName};
use ruff_text_size::Ranged;

use crate::syntax::python::{Binding, BindingKind, Module, string};

use super::encoder::{Encoder, leaves_raw};
use super::judged::MAX_HOPS;

/// More assignments to one name are not followed.
const MOST: usize = 8;

/// `parsed.password`
pub(super) fn is_login(attribute: &str) -> bool {
    matches!(attribute, "password" | "username")
}

/// Is it surely what `urlparse` or `urlsplit` returns?
pub(super) fn is_parsed_url<'a>(module: &'a Module, expr: &'a Expr) -> bool {
    Parsed { module }.is_url(expr, 0)
}

/// Is the value surely percent-encoded already?
pub(super) fn is_encoded<'a>(module: &'a Module, expr: &'a Expr) -> bool {
    Parsed { module }.is_encoded(expr, 0)
}

struct Parsed<'a> {
    module: &'a Module,
}

impl<'a> Parsed<'a> {
    fn is_url(&self, expr: &'a Expr, hops: usize) -> bool {
        match expr {
            _ if hops > MAX_HOPS => false,
            Expr::Call(call) => self.takes_apart(call),
            Expr::Named(named) => self.is_url(&named.value, hops + 1),
            Expr::Name(name) => self.all_held(name, |held| match held.value {
                Some(value) => self.is_url(value, hops + 1),
                None => self.is_annotated(held),
            }),
            Expr::Attribute(attribute) => {
                let assigned: Vec<_> = self.module.index().attribute(attribute.attr.as_str()).collect();
                let is_url =
                    |held: &&Binding<'a>| held.value.is_some_and(|value| self.is_url(value, hops + 1));
                (1..=MOST).contains(&assigned.len()) && assigned.iter().all(is_url)
            }
            _ => false,
        }
    }

    fn is_encoded(&self, expr: &'a Expr, hops: usize) -> bool {
        match expr {
            _ if hops > MAX_HOPS => false,
            Expr::Attribute(attribute) => {
                is_login(attribute.attr.as_str()) && self.is_url(&attribute.value, hops)
            }
            Expr::Call(call) => {
                self.module.qualified(&call.func).is_some_and(|callee| Encoder::of(&callee).is_some())
            }
            Expr::Name(name) => {
                self.all_held(name, |held| held.value.is_some_and(|value| self.is_encoded(value, hops + 1)))
            }
            // `parsed.password or ""`
            Expr::BoolOp(either) => {
                let mut values = either.values.iter().filter(|value| string(value).is_none()).peekable();
                values.peek().is_some() && values.all(|value| self.is_encoded(value, hops + 1))
            }
            _ => false,
        }
    }

    fn all_held(&self, name: &'a ExprName, holds: impl Fn(&Binding<'a>) -> bool) -> bool {
        let held = self.module.index().held(name.id.as_str(), name.start());
        (1..=MOST).contains(&held.len()) && held.into_iter().all(holds)
    }

    /// `urlparse(…)`, `env.url("BROKER_URL")`, `env("BROKER_URL", cast=urlparse)`
    fn takes_apart(&self, call: &'a ExprCall) -> bool {
        let parses = |function: &'a Expr| {
            self.module.qualified(function).is_some_and(|name| matches!(name.last(), "urlparse" | "urlsplit"))
        };
        let is_env_url = call.func.as_attribute_expr().is_some_and(|method| method.attr.as_str() == "url");
        // `urlparse(unquote(url))`: then nothing in it is encoded.
        let inner = call.arguments.find_positional(0).and_then(Expr::as_call_expr);
        let decoded = inner
            .and_then(|inner| self.module.qualified(&inner.func))
            .is_some_and(|name| leaves_raw(name.last()));
        let names_variable = call.arguments.find_positional(0).and_then(string).is_some();
        let cast = call.arguments.find_keyword("cast").map(|keyword| &keyword.value);
        (parses(&call.func) && !decoded) || (is_env_url && names_variable) || cast.is_some_and(parses)
    }

    /// `parsed: ParseResult`
    fn is_annotated(&self, held: &Binding<'a>) -> bool {
        let Some(function) = held.function.filter(|_| held.kind == BindingKind::Parameter) else {
            return false;
        };
        let function = self.module.index().function(function);
        let own = function.node.parameters.iter().find(|parameter| parameter.name().range() == held.at);
        let annotation = own.and_then(|parameter| parameter.annotation());
        let name = annotation.and_then(|annotation| self.module.qualified(annotation));
        name.is_some_and(|name| matches!(name.last(), "ParseResult" | "SplitResult"))
    }
}
