//! Takes out of a tree what Django never sees, and writes the rest in one way.

use std::cell::{Cell, RefCell};

use ruff_python_ast::visitor::transformer::{self, Transformer};
use ruff_python_ast::{
    Arguments, ExceptHandler, Expr, ExprCall, ExprSet, Parameter, Stmt, StmtAssign, StmtPass, Suite,
};
use ruff_text_size::{Ranged, TextRange};

use crate::syntax::python::{normalised_expr, string};

use super::display::{MAKERS, display};
use super::nodes::{joined, literal, name, tuple};
use super::origin::Origins;

pub(super) struct Rewriter<'a> {
    origins: Origins<'a>,
    /// Inside `class Migration`, where lists and tuples mean the same.
    in_migration: Cell<bool>,
    /// The innermost class around, and the first parameter of the innermost function.
    class: RefCell<Option<String>>,
    first_parameter: RefCell<Option<String>>,
}

impl<'a> Rewriter<'a> {
    pub(super) fn new(origins: Origins<'a>) -> Self {
        let (class, first_parameter) = Default::default();
        Self { origins, in_migration: Cell::new(false), class, first_parameter }
    }

    /// Takes out what says nothing, then rewrites the rest.
    pub(super) fn suite(&self, body: &mut Suite, has_docstring: bool) {
        if has_docstring && body.first().is_some_and(is_docstring) {
            body.remove(0);
        }
        body.retain(|stmt| !self.says_nothing(stmt));
        body.iter_mut().for_each(|stmt| self.visit_stmt(stmt));
    }

    fn says_nothing(&self, stmt: &Stmt) -> bool {
        match stmt {
            Stmt::Pass(_) => true,
            Stmt::Expr(expr) => expr.value.is_string_literal_expr(),
            Stmt::ImportFrom(import)
                if import.module.as_ref().is_some_and(|m| m.as_str() == "__future__") =>
            {
                true
            }
            Stmt::Import(import) => import.names.iter().all(|alias| {
                let full = alias.name.as_str();
                let first = full.split('.').next().unwrap_or(full);
                self.origins.is_bound_once(alias.asname.as_ref().map_or(first, |n| n.as_str()))
            }),
            Stmt::ImportFrom(import) => import.names.iter().all(|alias| {
                alias.name.as_str() != "*"
                    && self.origins.is_bound_once(alias.asname.as_ref().unwrap_or(&alias.name).as_str())
            }),
            Stmt::AnnAssign(assign) => assign.value.is_none(),
            Stmt::If(choice) => choice.elif_else_clauses.is_empty() && is_type_checking(&choice.test),
            _ => false,
        }
    }

    /// `dict()` and its like, where the name is the builtin's.
    fn display(&self, expr: &mut Expr) -> Option<Expr> {
        let call = expr.as_call_expr_mut()?;
        let maker = MAKERS.into_iter().find(|maker| is_name(&call.func, maker))?;
        self.origins.is_builtin(maker).then(|| display(maker, call))?
    }

    /// `super(Own, self)` in a method of `Own` whose first parameter is `self`.
    fn is_own_super(&self, call: &ExprCall) -> bool {
        let [class, instance] = &*call.arguments.args else { return false };
        let (own, first) = (self.class.borrow(), self.first_parameter.borrow());
        is_name(&call.func, "super")
            && self.origins.is_builtin("super")
            && own.as_deref().is_some_and(|own| is_name(class, own))
            && first.as_deref().is_some_and(|first| is_name(instance, first))
    }

    /// A set has no order; where a migration gives one, a list or a tuple would do as well (`unique_together`).
    fn set(&self, mut elts: Vec<Expr>, range: TextRange) -> Expr {
        elts.sort_by_cached_key(normalised_expr);
        if self.in_migration.get() {
            return tuple(elts, range);
        }
        Expr::Set(ExprSet { range, elts, node_index: Default::default() })
    }
}

impl Transformer for Rewriter<'_> {
    fn visit_stmt(&self, stmt: &mut Stmt) {
        match stmt {
            Stmt::FunctionDef(function) => {
                function.returns = None;
                function.type_params = None;
                let first = function.parameters.iter_non_variadic_params().next();
                let first = first.map(|p| p.parameter.name.to_string());
                let outer = self.first_parameter.replace(first);
                self.suite(&mut function.body, true);
                self.first_parameter.replace(outer);
                self.visit_parameters(&mut function.parameters);
                function.decorator_list.iter_mut().for_each(|d| self.visit_decorator(d));
            }
            Stmt::ClassDef(class) => {
                let outer = self.in_migration.get();
                self.in_migration.set(class.name.as_str() == "Migration");
                let around = self.class.replace(Some(class.name.to_string()));
                self.suite(&mut class.body, true);
                self.class.replace(around);
                self.in_migration.set(outer);
                if let Some(arguments) = &mut class.arguments {
                    arguments.args =
                        arguments.args.iter().filter(|base| !is_name(base, "object")).cloned().collect();
                    self.visit_arguments(arguments);
                }
                if class.arguments.as_ref().is_some_and(|a| a.args.is_empty() && a.keywords.is_empty()) {
                    class.arguments = None;
                }
            }
            Stmt::AnnAssign(assign) => {
                if let (Expr::Name(_), Some(value)) = (&*assign.target, &assign.value) {
                    let (range, node_index) = (assign.range, assign.node_index.clone());
                    let targets = vec![(*assign.target).clone()];
                    *stmt = Stmt::Assign(StmtAssign {
                        range,
                        node_index,
                        targets: targets.into_iter().collect(),
                        value: value.clone(),
                    });
                }
                transformer::walk_stmt(self, stmt);
            }
            Stmt::If(choice) => {
                self.suite(&mut choice.body, false);
                choice.elif_else_clauses.iter_mut().for_each(|c| self.suite(&mut c.body, false));
                self.visit_expr(&mut choice.test);
                choice
                    .elif_else_clauses
                    .iter_mut()
                    .filter_map(|c| c.test.as_mut())
                    .for_each(|t| self.visit_expr(t));
            }
            Stmt::With(with) => {
                self.suite(&mut with.body, false);
                with.items.iter_mut().for_each(|item| self.visit_with_item(item));
            }
            Stmt::For(each) => {
                self.suite(&mut each.body, false);
                self.suite(&mut each.orelse, false);
                self.visit_expr(&mut each.target);
                self.visit_expr(&mut each.iter);
            }
            Stmt::Try(attempt) => {
                for body in [&mut attempt.body, &mut attempt.orelse, &mut attempt.finalbody] {
                    self.suite(body, false);
                }
                attempt.handlers.iter_mut().for_each(|handler| {
                    let ExceptHandler::ExceptHandler(handler) = handler;
                    self.suite(&mut handler.body, false);
                    if let Some(kind) = &mut handler.type_ {
                        self.visit_expr(kind);
                    }
                });
            }
            _ => transformer::walk_stmt(self, stmt),
        }
        if is_empty_shell(stmt) {
            *stmt = Stmt::Pass(StmtPass { range: stmt.range(), node_index: Default::default() });
        }
    }

    fn visit_parameter(&self, parameter: &mut Parameter) {
        parameter.annotation = None;
    }

    fn visit_arguments(&self, arguments: &mut Arguments) {
        transformer::walk_arguments(self, arguments);
        let named = arguments.keywords.iter().all(|k| k.arg.is_some());
        if named {
            arguments.keywords.sort_by(|a, b| a.arg.as_deref().cmp(&b.arg.as_deref()));
        }
        if self.in_migration.get() {
            // Django compares model names without regard to case.
            for keyword in arguments.keywords.iter_mut().filter(|k| k.arg.as_deref() == Some("model_name")) {
                if let Some(text) = string(&keyword.value) {
                    keyword.value = literal(&text.to_lowercase(), keyword.value.range());
                }
            }
        }
    }

    fn visit_expr(&self, expr: &mut Expr) {
        if matches!(expr, Expr::Name(_) | Expr::Attribute(_))
            && let Some(target) = self.origins.target(expr)
        {
            *expr = name(&target, expr.range());
            return;
        }
        if let Some(display) = self.display(expr) {
            *expr = display;
        }
        transformer::walk_expr(self, expr);
        let range = expr.range();
        match expr {
            Expr::StringLiteral(_) => {
                // Python reads every line end of a file as `\n`, also inside a string.
                if let Some(text) = string(expr).map(|text| text.replace("\r\n", "\n")) {
                    *expr = literal(&text, range);
                }
            }
            Expr::FString(f_string) => joined(f_string),
            Expr::List(list) if self.in_migration.get() => {
                *expr = tuple(std::mem::take(&mut list.elts), range);
            }
            Expr::Tuple(list) => list.parenthesized = true,
            Expr::Call(call) if self.is_own_super(call) => call.arguments.args = Box::default(),
            Expr::Set(set) => {
                let elts = std::mem::take(&mut set.elts);
                *expr = self.set(elts, range);
            }
            _ => {}
        }
    }
}

fn is_docstring(stmt: &Stmt) -> bool {
    stmt.as_expr_stmt().is_some_and(|s| s.value.is_string_literal_expr())
}

fn is_type_checking(test: &Expr) -> bool {
    matches!(normalised_expr(test).as_str(), "TYPE_CHECKING" | "typing.TYPE_CHECKING")
}

fn is_name(expr: &Expr, name: &str) -> bool {
    expr.as_name_expr().is_some_and(|n| n.id.as_str() == name)
}

/// `try:` around imports only: nothing is left of it.
fn is_empty_shell(stmt: &Stmt) -> bool {
    match stmt {
        Stmt::Try(s) => s.body.is_empty() && s.orelse.is_empty() && s.finalbody.is_empty(),
        _ => false,
    }
}
