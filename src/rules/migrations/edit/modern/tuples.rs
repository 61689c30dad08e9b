//! Which expressions hold no tuple: `"%s" % x` would take one apart, and an f-string would not.

use std::collections::{HashMap, HashSet};

use ruff_python_ast::visitor::{self, Visitor};
use ruff_python_ast::{Comprehension, Expr, Operator, Parameter, Stmt};

/// Builtins that make something else.
const MAKERS: [&str; 9] = ["str", "repr", "len", "int", "float", "bool", "abs", "round", "sorted"];

/// Methods of texts and dates that make a text or a number.
const METHODS: [&str; 14] = [
    "strip",
    "lstrip",
    "rstrip",
    "lower",
    "upper",
    "title",
    "capitalize",
    "replace",
    "join",
    "format",
    "zfill",
    "isoformat",
    "strftime",
    "count",
];

/// Names of one function or expression that hold no tuple.
#[derive(Debug, Default)]
pub(super) struct NoTuples {
    names: HashSet<String>,
}

impl NoTuples {
    pub(super) fn of_expr(expr: &Expr) -> Self {
        let mut uses = Uses::default();
        uses.visit_expr(expr);
        uses.known()
    }

    pub(super) fn of_stmt(stmt: &Stmt) -> Self {
        let mut uses = Uses::default();
        uses.visit_stmt(stmt);
        uses.known()
    }

    pub(super) fn holds(&self, expr: &Expr) -> bool {
        is_no_tuple(expr) || expr.as_name_expr().is_some_and(|name| self.names.contains(name.id.as_str()))
    }
}

/// By itself, whatever the names in it hold.
fn is_no_tuple(expr: &Expr) -> bool {
    match expr {
        Expr::FString(_) | Expr::List(_) | Expr::Dict(_) | Expr::Set(_) | Expr::UnaryOp(_) => true,
        Expr::ListComp(_) | Expr::SetComp(_) | Expr::DictComp(_) => true,
        // Fields of models and of rows; an exception's arguments are a tuple.
        Expr::Attribute(attribute) => attribute.attr.as_str() != "args",
        Expr::BinOp(op) => match op.op {
            Operator::Sub | Operator::Div | Operator::FloorDiv | Operator::Pow | Operator::Mod => true,
            Operator::Add => op.left.is_number_literal_expr() || op.right.is_number_literal_expr(),
            _ => false,
        },
        Expr::Call(call) => match &*call.func {
            Expr::Name(name) => MAKERS.contains(&name.id.as_str()),
            Expr::Attribute(method) => METHODS.contains(&method.attr.as_str()),
            _ => false,
        },
        other => other.is_literal_expr(),
    }
}

/// `range(3)`, or a list that is written out.
fn yields_no_tuple(iter: &Expr) -> bool {
    match iter {
        Expr::Call(call) => call.func.as_name_expr().is_some_and(|name| name.id.as_str() == "range"),
        Expr::List(list) => list.elts.iter().all(is_no_tuple),
        Expr::Tuple(tuple) => tuple.elts.iter().all(is_no_tuple),
        Expr::Set(set) => set.elts.iter().all(is_no_tuple),
        _ => false,
    }
}

/// How the names of a piece of code are bound and used.
#[derive(Default)]
struct Uses<'a> {
    /// How often each is bound, and how often to no tuple.
    bound: HashMap<&'a str, (usize, usize)>,
    /// Names of which an attribute is read that tuples do not have.
    objects: HashSet<&'a str>,
}

impl<'a> Uses<'a> {
    fn known(self) -> NoTuples {
        let safe = self.bound.iter().filter(|(_, (all, safe))| all == safe).map(|(name, _)| *name);
        NoTuples { names: safe.chain(self.objects.iter().copied()).map(str::to_owned).collect() }
    }

    fn bind_safely(&mut self, target: &'a Expr) {
        if let Expr::Name(name) = target {
            self.bound.entry(name.id.as_str()).or_default().1 += 1;
        }
    }
}

impl<'a> Visitor<'a> for Uses<'a> {
    fn visit_stmt(&mut self, stmt: &'a Stmt) {
        match stmt {
            Stmt::Assign(assign) if is_no_tuple(&assign.value) => {
                assign.targets.iter().for_each(|target| self.bind_safely(target));
            }
            Stmt::For(each) if yields_no_tuple(&each.iter) => self.bind_safely(&each.target),
            _ => {}
        }
        visitor::walk_stmt(self, stmt);
    }

    fn visit_comprehension(&mut self, comprehension: &'a Comprehension) {
        if yields_no_tuple(&comprehension.iter) {
            self.bind_safely(&comprehension.target);
        }
        visitor::walk_comprehension(self, comprehension);
    }

    fn visit_parameter(&mut self, parameter: &'a Parameter) {
        self.bound.entry(parameter.name.as_str()).or_default().0 += 1;
    }

    fn visit_expr(&mut self, expr: &'a Expr) {
        match expr {
            Expr::Name(name) if name.ctx.is_store() => {
                self.bound.entry(name.id.as_str()).or_default().0 += 1;
            }
            Expr::Attribute(attribute) if !matches!(attribute.attr.as_str(), "count" | "index") => {
                if let Expr::Name(name) = &*attribute.value {
                    self.objects.insert(name.id.as_str());
                }
            }
            _ => {}
        }
        visitor::walk_expr(self, expr);
    }
}
