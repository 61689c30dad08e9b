//! Names that only a function itself can see: renamed, they are the same, and what nobody reads may as well be gone.

use std::collections::HashMap;

use ruff_python_ast::visitor::transformer::{self, Transformer};
use ruff_python_ast::visitor::{self, Visitor};
use ruff_python_ast::{
    Comprehension, ExceptHandler, Expr, ExprContext, Parameter, Parameters, Stmt, StmtExpr, StmtFunctionDef,
};

use crate::rules::migrations::edit::suites::suites;
use crate::syntax::python::string;

use super::Called;

/// What reads names by their text.
const REFLECTION: [&str; 6] = ["locals", "vars", "globals", "dir", "eval", "exec"];

/// The name of all that is never read; signs that no name of Python has keep it and others apart from all of them.
const UNREAD: &str = "$";

/// In a function all that it binds, in a class the same of each method, elsewhere what expressions bind for themselves.
pub(super) fn rename_in_stmt(stmt: &mut Stmt, called: Called) {
    match stmt {
        Stmt::FunctionDef(function) => rename_in_function(function, called),
        Stmt::ClassDef(class) => class.body.iter_mut().for_each(|stmt| match stmt {
            Stmt::FunctionDef(method) => rename_in_function(method, Called::Anyhow),
            other => rename_in_expressions(other),
        }),
        other => rename_in_expressions(other),
    }
}

fn rename_in_expressions(stmt: &mut Stmt) {
    let mut locals = Locals::default();
    locals.visit_stmt(stmt);
    locals.names().visit_stmt(stmt);
}

pub(super) fn rename_in_expr(expr: &mut Expr) {
    let mut locals = Locals::default();
    locals.visit_expr(expr);
    locals.names().visit_expr(expr);
}

fn rename_in_function(function: &mut StmtFunctionDef, called: Called) {
    let mut locals = Locals { binds_stores: true, ..Locals::default() };
    match called {
        Called::ByPosition => locals.take_parameters(&function.parameters),
        Called::Anyhow => locals.keep_parameters(&function.parameters),
    }
    locals.visit_parameters(&function.parameters);
    locals.visit_body(&function.body);
    let names = locals.names();
    names.visit_parameters(&mut function.parameters);
    names.visit_body(&mut function.body);
    suites_below(&mut function.body, &mut |body| {
        body.iter_mut().for_each(forget_unread);
        body.retain(|stmt| !does_nothing(stmt));
    });
}

/// A suite and all that its statements hold, inner before outer.
fn suites_below(body: &mut ruff_python_ast::Suite, then: &mut impl FnMut(&mut ruff_python_ast::Suite)) {
    body.iter_mut().flat_map(suites).for_each(|inner| suites_below(inner, then));
    then(body);
}

/// `count = f()`, where nobody reads the count, is `f()`.
fn forget_unread(stmt: &mut Stmt) {
    if let Stmt::Assign(assign) = stmt
        && let [Expr::Name(name)] = &*assign.targets
        && name.id.as_str() == UNREAD
    {
        let value = Box::new(std::mem::replace(&mut *assign.value, Expr::Name(name.clone())));
        let (range, node_index) = (assign.range, Default::default());
        *stmt = Stmt::Expr(StmtExpr { range, node_index, value });
    }
}

/// A name, a literal, or a model that is only looked up.
fn does_nothing(stmt: &Stmt) -> bool {
    let Stmt::Expr(expr) = stmt else { return false };
    match &*expr.value {
        Expr::Call(call) => {
            let looks_up = call.func.as_attribute_expr().is_some_and(|f| f.attr.as_str() == "get_model");
            looks_up
                && call.arguments.keywords.is_empty()
                && call.arguments.args.iter().all(|a| string(a).is_some())
        }
        other => other.is_name_expr() || other.is_literal_expr(),
    }
}

/// What is known of a name.
#[derive(Clone, Copy, Default)]
struct Use {
    /// Its place among all names.
    place: usize,
    is_bound: bool,
    is_read: bool,
    /// Others may know it by this name.
    is_kept: bool,
}

#[derive(Default)]
struct Locals<'a> {
    uses: HashMap<&'a str, Use>,
    /// A function's: all that it assigns to is its own.
    binds_stores: bool,
    /// Names are read by their text, or bound in ways that are not followed.
    is_opaque: bool,
    in_target: bool,
    in_class: bool,
}

impl<'a> Locals<'a> {
    fn of(&mut self, name: &'a str) -> &mut Use {
        let place = self.uses.len();
        self.uses.entry(name).or_insert_with(|| Use { place, ..Use::default() })
    }

    /// Their names are the function's own, but for those that can only be given by name.
    fn take_parameters(&mut self, parameters: &'a Parameters) {
        for parameter in parameters.posonlyargs.iter().chain(&parameters.args) {
            self.of(parameter.parameter.name.as_str()).is_bound = true;
        }
        for parameter in [&parameters.vararg, &parameters.kwarg].into_iter().flatten() {
            self.of(parameter.name.as_str()).is_bound = true;
        }
        for parameter in &parameters.kwonlyargs {
            self.of(parameter.parameter.name.as_str()).is_kept = true;
        }
    }

    fn keep_parameters(&mut self, parameters: &'a Parameters) {
        parameters.iter().for_each(|parameter| self.of(parameter.name().as_str()).is_kept = true);
    }

    fn names(self) -> Names {
        if self.is_opaque {
            return Names::default();
        }
        let own = self.uses.into_iter().filter(|(_, used)| used.is_bound && !used.is_kept);
        let (mut read, unread): (Vec<_>, Vec<_>) = own.partition(|(_, used)| used.is_read);
        read.sort_by_key(|(_, used)| used.place);
        let read =
            read.into_iter().enumerate().map(|(place, (name, _))| (name.to_owned(), format!("${place}")));
        Names(read.chain(unread.into_iter().map(|(name, _)| (name.to_owned(), UNREAD.to_owned()))).collect())
    }
}

impl<'a> Visitor<'a> for Locals<'a> {
    fn visit_stmt(&mut self, stmt: &'a Stmt) {
        let outer = self.in_class;
        match stmt {
            Stmt::FunctionDef(function) => {
                self.of(function.name.as_str()).is_kept = true;
                self.keep_parameters(&function.parameters);
                self.in_class = false;
            }
            Stmt::ClassDef(class) => {
                self.of(class.name.as_str()).is_kept = true;
                self.in_class = true;
            }
            Stmt::Global(list) => list.names.iter().for_each(|name| self.of(name.as_str()).is_kept = true),
            Stmt::Nonlocal(list) => list.names.iter().for_each(|name| self.of(name.as_str()).is_kept = true),
            Stmt::Import(_) | Stmt::ImportFrom(_) | Stmt::Match(_) => self.is_opaque = true,
            _ => {}
        }
        visitor::walk_stmt(self, stmt);
        self.in_class = outer;
    }

    fn visit_comprehension(&mut self, comprehension: &'a Comprehension) {
        self.visit_expr(&comprehension.iter);
        let outer = std::mem::replace(&mut self.in_target, true);
        self.visit_expr(&comprehension.target);
        self.in_target = outer;
        comprehension.ifs.iter().for_each(|condition| self.visit_expr(condition));
    }

    fn visit_except_handler(&mut self, handler: &'a ExceptHandler) {
        let ExceptHandler::ExceptHandler(inner) = handler;
        if let Some(name) = inner.name.as_ref().filter(|_| self.binds_stores && !self.in_class) {
            self.of(name.as_str()).is_bound = true;
        }
        visitor::walk_except_handler(self, handler);
    }

    fn visit_expr(&mut self, expr: &'a Expr) {
        match expr {
            Expr::Name(name) => {
                let is_own = self.in_target || (self.binds_stores && !self.in_class);
                self.is_opaque |= REFLECTION.contains(&name.id.as_str());
                let used = self.of(name.id.as_str());
                match name.ctx {
                    ExprContext::Store if is_own => used.is_bound = true,
                    ExprContext::Store => used.is_kept = true,
                    _ => used.is_read = true,
                }
            }
            // Who is handed a lambda calls it by position.
            Expr::Lambda(lambda) => {
                if let Some(parameters) = &lambda.parameters {
                    self.take_parameters(parameters);
                }
                visitor::walk_expr(self, expr);
            }
            _ => visitor::walk_expr(self, expr),
        }
    }
}

/// Old names and new ones.
#[derive(Default)]
struct Names(HashMap<String, String>);

impl Names {
    fn rename(&self, name: &mut ruff_python_ast::name::Name) {
        if let Some(new) = self.0.get(name.as_str()) {
            *name = new.as_str().into();
        }
    }
}

impl Transformer for Names {
    fn visit_expr(&self, expr: &mut Expr) {
        match expr {
            Expr::Name(name) => self.rename(&mut name.id),
            other => transformer::walk_expr(self, other),
        }
    }

    fn visit_parameter(&self, parameter: &mut Parameter) {
        self.rename(&mut parameter.name.id);
    }

    /// `except E as error`, where nobody reads the error, is `except E`.
    fn visit_except_handler(&self, handler: &mut ExceptHandler) {
        transformer::walk_except_handler(self, handler);
        let ExceptHandler::ExceptHandler(inner) = handler;
        if let Some(name) = &mut inner.name {
            self.rename(&mut name.id);
        }
        if inner.name.as_ref().is_some_and(|name| name.id.as_str() == UNREAD) {
            inner.name = None;
        }
    }
}
