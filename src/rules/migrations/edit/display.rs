//! What lists and dictionaries hold that are written out.

use std::collections::BTreeMap;

use ruff_python_ast::Expr;

use crate::syntax::python::string;

/// The elements of a list, through `+` and `*`; what is no display is an element itself.
pub(super) fn flatten<'a>(expr: &'a Expr, found: &mut Vec<&'a Expr>) {
    match expr {
        Expr::Tuple(tuple) => tuple.elts.iter().for_each(|element| match element {
            Expr::Starred(starred) if starred.value.is_tuple_expr() => flatten(&starred.value, found),
            other => found.push(other),
        }),
        Expr::BinOp(sum) => {
            flatten(&sum.left, found);
            flatten(&sum.right, found);
        }
        other => found.push(other),
    }
}

/// A dict display with literal keys.
pub(super) fn dict(expr: &Expr) -> Option<BTreeMap<String, &Expr>> {
    let items = &expr.as_dict_expr()?.items;
    items.iter().map(|item| Some((string(item.key.as_ref()?)?.to_owned(), &item.value))).collect()
}
