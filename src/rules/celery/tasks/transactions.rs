//! Whether a call runs within a database transaction, as far as its own function tells.

use ruff_python_ast::{Decorator, Expr, StmtFunctionDef};
use ruff_text_size::{Ranged, TextRange};

use crate::syntax::python::{BlockKind, Call, Function, Index, Module, ScopeKind};

const ATOMIC: &str = "django.db.transaction.atomic";
const POST_SAVE: &str = "django.db.models.signals.post_save";

/// Receivers that are connected by a call: more in one file are not gone through.
const MAX_LOOKED_AT: usize = 100;

/// What makes a call part of a transaction.
#[derive(Clone, Copy, Debug)]
pub(super) enum Within {
    /// `with transaction.atomic():`, or the decorator.
    Atomic(TextRange),
    /// A receiver of `post_save`: whoever saves may have begun one, and the admin always has.
    PostSave(TextRange),
}

pub(super) fn around(module: &Module, call: &Call<'_>) -> Option<Within> {
    let index = module.index();
    let with = index.blocks_around(call).find_map(|block| match block {
        BlockKind::With(with) => {
            with.items.iter().any(|item| is_atomic(module, &item.context_expr)).then(|| with.range())
        }
        _ => None,
    });
    if let Some(with) = with {
        return Some(Within::Atomic(with));
    }
    let function = running(index, call)?;
    let node = function.node;
    if node.decorator_list.iter().any(|decorator| is_atomic_decorator(module, decorator)) {
        return Some(Within::Atomic(node.range()));
    }
    receives_post_save(module, node).then(|| Within::PostSave(node.range()))
}

/// The function in whose run the call runs: what a lambda holds runs at another time.
fn running<'i, 'a>(index: &'i Index<'a>, call: &Call<'_>) -> Option<&'i Function<'a>> {
    let mut scope = call.scope;
    while index.scope(scope).kind == ScopeKind::Comprehension {
        scope = index.scope(scope).parent?;
    }
    let scope = index.scope(scope);
    scope.function.filter(|_| scope.kind == ScopeKind::Function).map(|id| index.function(id))
}

fn is_atomic(module: &Module, context: &Expr) -> bool {
    let callee = context.as_call_expr().map_or(context, |call| &*call.func);
    module.qualified(callee).is_some_and(|name| name == ATOMIC)
}

/// `@transaction.atomic`, `@method_decorator(transaction.atomic)`
fn is_atomic_decorator(module: &Module, decorator: &Decorator) -> bool {
    let wrapped = decorator.expression.as_call_expr().filter(|call| {
        let name = module.qualified(&call.func);
        name.is_some_and(|name| name == "django.utils.decorators.method_decorator")
    });
    let inner = wrapped.and_then(|call| call.arguments.args.first());
    is_atomic(module, inner.unwrap_or(&decorator.expression))
}

/// `@receiver(post_save)`, `@receiver([post_save, …])`, `post_save.connect(function)`
fn receives_post_save(module: &Module, function: &StmtFunctionDef) -> bool {
    let is_post_save = |expr: &Expr| module.qualified(expr).is_some_and(|name| name == POST_SAVE);
    let decorated = function.decorator_list.iter().any(|decorator| {
        let call = decorator.expression.as_call_expr();
        let call = call.filter(|call| {
            module.qualified(&call.func).is_some_and(|name| name == "django.dispatch.receiver")
        });
        let signals = call.and_then(|call| call.arguments.args.first());
        signals.is_some_and(|signals| match signals {
            Expr::List(list) => list.elts.iter().any(is_post_save),
            Expr::Tuple(tuple) => tuple.elts.iter().any(is_post_save),
            one => is_post_save(one),
        })
    });
    decorated
        || module.index().calls_of("connect").take(MAX_LOOKED_AT).any(|call| {
            let signal = call.node.func.as_attribute_expr().map(|connect| &*connect.value);
            let receiver = call.node.arguments.args.first().and_then(Expr::as_name_expr);
            signal.is_some_and(is_post_save) && receiver.is_some_and(|name| name.id == function.name.id)
        })
}
