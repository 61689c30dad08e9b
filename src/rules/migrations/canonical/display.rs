//! `dict()`, `list()`, `tuple()` and `set()` of what is written out, as the display that makes the same.

use ruff_python_ast::{
    Comprehension, DictItem, Expr, ExprCall, ExprContext, ExprDict, ExprDictComp, ExprList, ExprListComp,
    ExprSet, ExprSetComp,
};
use ruff_text_size::{Ranged, TextRange};

use super::nodes::{literal, tuple};

/// The builtins that displays stand for.
pub(super) const MAKERS: [&str; 4] = ["dict", "list", "tuple", "set"];

/// What a call of one of [`MAKERS`] makes; takes the call's arguments with it.
pub(super) fn display(maker: &str, call: &mut ExprCall) -> Option<Expr> {
    let range = call.range();
    let arguments = &mut call.arguments;
    if maker == "dict" && arguments.args.is_empty() {
        let named = arguments.keywords.iter().all(|k| k.arg.is_some());
        return named.then(|| {
            let keywords = std::mem::take(&mut arguments.keywords);
            let key = |k: &ruff_python_ast::Keyword| k.arg.as_ref().map(|n| literal(n.as_str(), k.range));
            dict(keywords.into_iter().map(|k| DictItem { key: key(&k), value: k.value }).collect(), range)
        });
    }
    if !arguments.keywords.is_empty() {
        return None;
    }
    match (maker, &mut *arguments.args) {
        ("list", []) => Some(list(Vec::new(), range)),
        ("tuple", []) => Some(tuple(Vec::new(), range)),
        ("dict", [Expr::List(pairs)]) => pairs.elts.iter().all(is_pair).then(|| {
            let pairs = std::mem::take(&mut pairs.elts).into_iter().filter_map(pair);
            dict(pairs.map(|(key, value)| DictItem { key: Some(key), value }).collect(), range)
        }),
        (_, [Expr::List(inner)]) if !inner.elts.is_empty() => {
            made_of(maker, std::mem::take(&mut inner.elts), range)
        }
        (_, [Expr::Tuple(inner)]) if maker != "dict" && !inner.elts.is_empty() => {
            made_of(maker, std::mem::take(&mut inner.elts), range)
        }
        (_, [Expr::Generator(inner)]) => comprehension(maker, &mut inner.elt, &mut inner.generators, range),
        (_, [Expr::ListComp(inner)]) => comprehension(maker, &mut inner.elt, &mut inner.generators, range),
        _ => None,
    }
}

fn made_of(maker: &str, elts: Vec<Expr>, range: TextRange) -> Option<Expr> {
    match maker {
        "list" => Some(list(elts, range)),
        "tuple" => Some(tuple(elts, range)),
        "set" => Some(Expr::Set(ExprSet { range, elts, node_index: Default::default() })),
        _ => None,
    }
}

/// There is no comprehension that makes a tuple.
fn comprehension(
    maker: &str,
    elt: &mut Expr,
    generators: &mut Vec<Comprehension>,
    range: TextRange,
) -> Option<Expr> {
    let node_index = Default::default();
    if maker == "tuple" || (maker == "dict" && !is_pair(elt)) {
        return None;
    }
    let generators = std::mem::take(generators);
    let made = std::mem::replace(elt, tuple(Vec::new(), range));
    if maker == "dict" {
        let (key, value) = pair(made)?;
        let (key, value) = (Some(Box::new(key)), Box::new(value));
        return Some(Expr::DictComp(ExprDictComp { range, node_index, key, value, generators }));
    }
    let elt = Box::new(made);
    Some(match maker {
        "list" => Expr::ListComp(ExprListComp { range, node_index, elt, generators }),
        _ => Expr::SetComp(ExprSetComp { range, node_index, elt, generators }),
    })
}

fn is_pair(expr: &Expr) -> bool {
    expr.as_tuple_expr().is_some_and(|t| t.elts.len() == 2 && !t.elts.iter().any(Expr::is_starred_expr))
}

fn pair(expr: Expr) -> Option<(Expr, Expr)> {
    let mut elts = expr.tuple_expr()?.elts.into_iter();
    Some((elts.next()?, elts.next()?))
}

fn dict(items: Vec<DictItem>, range: TextRange) -> Expr {
    Expr::Dict(ExprDict { range, items, node_index: Default::default() })
}

fn list(elts: Vec<Expr>, range: TextRange) -> Expr {
    let (ctx, node_index) = (ExprContext::Load, Default::default());
    Expr::List(ExprList { range, elts, ctx, node_index })
}
