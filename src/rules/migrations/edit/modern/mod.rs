//! Old Python and new Python that do the same, in one form: what formatters and upgraders rewrite is no other migration.
//!
//! Only what is provably the same is written alike. `%d` is not `{}`, `== True` is not `is True`, and a zone other than
//! UTC is not the one of the same name in another library.

mod locals;
mod names;
mod texts;
mod tuples;

use std::cell::RefCell;

use ruff_python_ast::visitor::transformer::{self, Transformer};
use ruff_python_ast::{
    CmpOp, Expr, ExprCompare, ExprLambda, Identifier, Operator, Parameters, Stmt, StmtFunctionDef,
    StmtReturn, UnaryOp,
};
use ruff_text_size::Ranged;

use crate::rules::migrations::canonical::Canonical;

use tuples::NoTuples;

/// How the functions among some statements are called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Called {
    /// By position alone: the names of their parameters are their own affair.
    ByPosition,
    Anyhow,
}

/// Writes expressions and statements of one file in the form of today.
#[derive(Debug)]
pub(super) struct Modern {
    /// In both versions the builtins are what Python has under their names.
    has_plain_builtins: bool,
    /// Names of the function or expression at hand that hold no tuple.
    no_tuples: RefCell<NoTuples>,
}

impl Modern {
    pub(super) fn new(base: &Canonical, head: &Canonical) -> Self {
        let has_plain_builtins = base.has_plain_builtins() && head.has_plain_builtins();
        Self { has_plain_builtins, no_tuples: RefCell::default() }
    }

    pub(super) fn expr(&self, expr: &Expr) -> Expr {
        let mut expr = expr.clone();
        self.no_tuples.replace(NoTuples::of_expr(&expr));
        self.visit_expr(&mut expr);
        locals::rename_in_expr(&mut expr);
        expr
    }

    pub(super) fn stmts(&self, stmts: &[Stmt], called: Called) -> Vec<Stmt> {
        let mut stmts = stmts.to_vec();
        for stmt in &mut stmts {
            self.no_tuples.replace(NoTuples::of_stmt(stmt));
            self.visit_stmt(stmt);
            locals::rename_in_stmt(stmt, called);
        }
        stmts
    }

    fn is_builtin(&self, expr: &Expr, name: &str) -> bool {
        self.has_plain_builtins && expr.as_name_expr().is_some_and(|n| n.id.as_str() == name)
    }

    /// Can it be no tuple? `"%s" % x` takes a tuple apart.
    fn is_no_tuple(&self, expr: &Expr) -> bool {
        self.has_plain_builtins && self.no_tuples.borrow().holds(expr)
    }
}

impl Transformer for Modern {
    fn visit_stmt(&self, stmt: &mut Stmt) {
        if let Some(function) = as_function(stmt) {
            *stmt = Stmt::FunctionDef(function);
        }
        if !stmt.is_function_def_stmt() {
            return transformer::walk_stmt(self, stmt);
        }
        let around = self.no_tuples.replace(NoTuples::of_stmt(stmt));
        transformer::walk_stmt(self, stmt);
        self.no_tuples.replace(around);
    }

    fn visit_expr(&self, expr: &mut Expr) {
        if matches!(expr, Expr::BinOp(sum) if sum.op == Operator::Add) {
            return self.sum(expr);
        }
        transformer::walk_expr(self, expr);
        let range = expr.range();
        match expr {
            Expr::Name(name) => {
                let now = names::now(name.id.as_str());
                if let Some(now) = now.filter(|now| self.has_plain_builtins || now.contains('.')) {
                    name.id = now.into();
                }
            }
            Expr::Compare(compare) => by_identity(compare),
            Expr::UnaryOp(not) if not.op == UnaryOp::Not => {
                if let Some(inner) = negated(&not.operand) {
                    *expr = inner;
                }
            }
            Expr::FString(_) | Expr::BinOp(_) => {
                if let Some(text) = self.as_text(expr) {
                    *expr = text;
                }
            }
            Expr::Call(call) => {
                let made = names::call(call).or_else(|| self.call_of_builtin(call));
                if let Some(made) = made.or_else(|| texts::formatted(call).map(|pieces| pieces.expr(range))) {
                    *expr = made;
                    // What `.format` became may hold more than it did.
                    if let Some(text) = self.as_text(expr) {
                        *expr = text;
                    }
                }
            }
            _ => {}
        }
    }
}

/// `name = lambda …: value` is a function of that name.
fn as_function(stmt: &Stmt) -> Option<StmtFunctionDef> {
    let assign = stmt.as_assign_stmt()?;
    let ([Expr::Name(name)], Expr::Lambda(lambda)) = (&*assign.targets, &*assign.value) else { return None };
    let ExprLambda { parameters, body, range, .. } = lambda;
    let parameters =
        parameters.clone().unwrap_or_else(|| Box::new(Parameters { range: *range, ..Parameters::default() }));
    let value = Some(body.clone());
    let answer = Stmt::Return(StmtReturn { range: *range, value, node_index: Default::default() });
    Some(StmtFunctionDef {
        node_index: Default::default(),
        range: assign.range,
        is_async: false,
        decorator_list: Default::default(),
        name: Identifier::new(name.id.clone(), name.range),
        type_params: None,
        parameters,
        returns: None,
        body: [answer].into_iter().collect(),
    })
}

/// `== None` is `is None`: nothing of Django's says that it equals nothing.
fn by_identity(compare: &mut ExprCompare) {
    let ([op], [right]) = (&mut *compare.ops, &*compare.comparators) else { return };
    if right.is_none_literal_expr() {
        match op {
            CmpOp::Eq => *op = CmpOp::Is,
            CmpOp::NotEq => *op = CmpOp::IsNot,
            _ => {}
        }
    }
}

/// `not a in b` is `a not in b`.
fn negated(operand: &Expr) -> Option<Expr> {
    let compare = operand.as_compare_expr()?;
    let [op] = &*compare.ops else { return None };
    let op = match op {
        CmpOp::Is => CmpOp::IsNot,
        CmpOp::IsNot => CmpOp::Is,
        CmpOp::In => CmpOp::NotIn,
        CmpOp::NotIn => CmpOp::In,
        _ => return None,
    };
    Some(Expr::Compare(ExprCompare { ops: Box::new([op]), ..compare.clone() }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Text;
    use crate::syntax::python::{Module, normalised_stmts};

    fn said(source: &str) -> String {
        let module = Module::parse(&Text::new(source));
        let canonical = Canonical::of(&module, "blog/migrations/0001_initial.py");
        let modern = Modern::new(&canonical, &canonical);
        normalised_stmts(&modern.stmts(canonical.body(), Called::ByPosition))
    }

    #[test]
    fn old_words_become_those_of_today() {
        let pairs = [
            ("import six\nx = six.iteritems(d)", "x = d.items()"),
            ("from six.moves import range\nx = range(3)", "x = range(3)"),
            ("x = '{0!r:>{1}}'.format(a, b)", "x = '{0!r:>{1}}'.format(a, b)"),
            ("x = '%(a)s%(a)s' % {'a': a}", "x = f'{a}{a}'"),
            ("x = 'a' + 'b' + str(c)", "x = f'ab{c}'"),
            ("x = '{}'.format('{}')", "x = '{}'"),
            (
                "import datetime\nimport pytz\nx = pytz.utc.localize(datetime.datetime(2020, 1, 1))",
                "x = datetime.datetime(2020, 1, 1, tzinfo=datetime.timezone.utc)",
            ),
            (
                "import datetime\nimport pytz\nx = pytz.utc.localize(datetime.datetime(2020, 1, 1, fold=1))",
                "x = datetime.datetime(2020, 1, 1, fold=1, tzinfo=datetime.timezone.utc)",
            ),
        ];
        let other: Vec<_> =
            pairs.iter().map(|(old, new)| (said(old), *new)).filter(|(a, b)| a != b).collect();
        assert!(other.is_empty(), "{other:#?}");
    }
}
