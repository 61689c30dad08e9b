//! Where strings stand in a Python file, with the settings they are for.

use ruff_python_ast::visitor::{self, Visitor};
use ruff_python_ast::{Expr, ExprCall, Operator, Stmt};
use ruff_text_size::Ranged;

use crate::project::broker::starts_like_broker;
use crate::syntax::python::{HoleExpr, Module, Piece, string};

use super::super::holes::{Hole, Syntax, Unit, says_encoded, units as text_units};
use super::super::keys::{self, LONGEST_VALUE, MOST_VALUES};
use super::super::url::Role;

/// A string that is a broker's address, or stands where Celery expects one.
#[derive(Debug)]
pub(crate) struct UrlString<'a> {
    /// Outermost first: `CACHES`, `default`, `LOCATION`.
    pub(crate) keys: Vec<String>,
    pub(crate) role: Role,
    pub(crate) expr: &'a Expr,
    pub(crate) pieces: Vec<Piece<'a>>,
}

impl<'a> UrlString<'a> {
    /// Its characters and holes; a hole's `id` is its number among [`UrlString::holes`].
    pub(crate) fn units(&self, module: &Module) -> Vec<Unit> {
        let mut units = Vec::new();
        let mut id = 0;
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => units.extend(text_units(text, Syntax::Literal)),
                Piece::Eaten(text) => units.push(Unit::Hole(Hole::eaten(text))),
                Piece::Hole(hole) => {
                    let written = module.source(hole.expr);
                    let name = module.qualified(hole.expr).unwrap_or_default();
                    units.push(Unit::Hole(Hole {
                        id,
                        ..Hole::new(&format!("{{{written}}}"), &name.to_string())
                    }));
                    id += 1;
                }
            }
        }
        units
    }

    pub(crate) fn holes(&self) -> Vec<HoleExpr<'a>> {
        let hole = |piece: &Piece<'a>| match piece {
            Piece::Hole(hole) => Some(*hole),
            Piece::Text(_) | Piece::Eaten(_) => None,
        };
        self.pieces.iter().filter_map(hole).collect()
    }

    /// What is doubled in it: a template of `%` takes `%%` for `%`.
    pub(crate) fn syntax(&self) -> Syntax {
        let is_template = self.expr.as_bin_op_expr().is_some_and(|op| op.op == Operator::Mod);
        if is_template { Syntax::Percent } else { Syntax::Literal }
    }
}

/// Every such string of the file, in source order.
pub(crate) fn find(module: &Module) -> Vec<UrlString<'_>> {
    let mut finder = Finder {
        module,
        knows_celery: keys::knows_celery(module.text().as_str()),
        keys: Vec::new(),
        role: Role::Unknown,
        found: Vec::new(),
    };
    finder.visit_body(module.body());
    finder.found
}

struct Finder<'a> {
    module: &'a Module,
    knows_celery: bool,
    keys: Vec<String>,
    /// Of the expression that is visited next.
    role: Role,
    found: Vec<UrlString<'a>>,
}

impl<'a> Finder<'a> {
    /// Visits a value that is stored under a key.
    fn under(&mut self, key: &str, role: Role, value: &'a Expr) {
        // `X = env("X", …)` is about one X.
        if self.keys.last().is_some_and(|last| last == key) {
            return self.with(role, value);
        }
        self.keys.push(key.to_owned());
        self.with(role, value);
        self.keys.pop();
    }

    fn with(&mut self, role: Role, value: &'a Expr) {
        let outer = std::mem::replace(&mut self.role, role);
        self.visit_expr(value);
        self.role = outer;
    }

    fn stored(&mut self, target: &'a Expr, value: &'a Expr) {
        match target_name(target) {
            Some(key) => self.under(key, keys::role(key, self.knows_celery), value),
            None => self.with(Role::Unknown, value),
        }
    }

    /// Records a string that concerns us; its holes are looked into for further ones.
    fn record(&mut self, expr: &'a Expr, role: Role) -> bool {
        let Some(mut pieces) = self.module.pieces(expr).filter(|_| self.found.len() < MOST_VALUES) else {
            return false;
        };
        // A field whose name says that its value is encoded needs no look at the value.
        pieces.retain(|piece| !matches!(piece, Piece::Hole(hole) if hole.field.is_some_and(says_encoded)));
        let head = head(&pieces);
        let concerns = starts_like_broker(head.trim_start_matches([' ', '"', '\'']))
            || (role != Role::Unknown && !head.is_empty());
        let length: usize =
            pieces.iter().map(|p| if let Piece::Text(text) = p { text.len() } else { 0 }).sum();
        if !concerns || length > LONGEST_VALUE || looks_like_pattern(&pieces) {
            return false;
        }
        let holes: Vec<&'a Expr> =
            pieces.iter().filter_map(|p| if let Piece::Hole(h) = p { Some(h.expr) } else { None }).collect();
        self.found.push(UrlString { keys: self.keys.clone(), role, expr, pieces });
        holes.into_iter().filter(|hole| hole.range() != expr.range()).for_each(|hole| {
            if expr.range().contains_range(hole.range()) {
                self.with(Role::Unknown, hole);
            }
        });
        true
    }

    fn visit_call(&mut self, call: &'a ExprCall, role: Role) {
        let callee = self.module.qualified(&call.func).unwrap_or_default();
        // A pattern is no address.
        if callee.starts_with("re.") || callee.starts_with("regex.") {
            return;
        }
        self.with(Role::Unknown, &call.func);
        let variable = call.arguments.find_positional(0).and_then(string).filter(|name| is_variable(name));
        let is_celery = callee.last() == "Celery";
        for (index, argument) in call.arguments.args.iter().enumerate() {
            match variable {
                // `env("KEY", default)`
                Some(key) if index > 0 => {
                    let own = keys::role(key, self.knows_celery);
                    self.under(key, if role == Role::Unknown { own } else { role }, argument);
                }
                _ => self.with(Role::Unknown, argument),
            }
        }
        for keyword in &call.arguments.keywords {
            let name = keyword.arg.as_ref().map_or("", |name| name.as_str());
            match (name, variable) {
                ("default", Some(key)) => {
                    let own = keys::role(key, self.knows_celery);
                    self.under(key, if role == Role::Unknown { own } else { role }, &keyword.value);
                }
                ("broker", _) if is_celery => self.under(name, Role::Broker, &keyword.value),
                ("backend", _) if is_celery => self.under(name, Role::Backend, &keyword.value),
                ("", _) => self.with(Role::Unknown, &keyword.value),
                (name, _) => self.under(name, keys::role(name, self.knows_celery), &keyword.value),
            }
        }
    }
}

impl<'a> Visitor<'a> for Finder<'a> {
    fn visit_stmt(&mut self, stmt: &'a Stmt) {
        match stmt {
            // A docstring explains.
            Stmt::Expr(expr) if expr.value.is_string_literal_expr() => {}
            Stmt::Assign(assign) => match assign.targets.first() {
                Some(target) => self.stored(target, &assign.value),
                None => self.with(Role::Unknown, &assign.value),
            },
            Stmt::AnnAssign(assign) => {
                if let Some(value) = &assign.value {
                    self.stored(&assign.target, value);
                }
            }
            _ => visitor::walk_stmt(self, stmt),
        }
    }

    fn visit_expr(&mut self, expr: &'a Expr) {
        let role = std::mem::replace(&mut self.role, Role::Unknown);
        if !self.record(expr, role) {
            match expr {
                Expr::If(choice) => {
                    self.with(Role::Unknown, &choice.test);
                    self.with(role, &choice.body);
                    self.with(role, &choice.orelse);
                }
                Expr::BoolOp(either) => either.values.iter().for_each(|value| self.with(role, value)),
                Expr::List(list) => list.elts.iter().for_each(|value| self.with(role, value)),
                Expr::Tuple(tuple) => tuple.elts.iter().for_each(|value| self.with(role, value)),
                Expr::Dict(dict) => {
                    for item in &dict.items {
                        match item.key.as_ref().and_then(string) {
                            Some(key) => self.under(key, keys::role(key, self.knows_celery), &item.value),
                            None => self.with(Role::Unknown, &item.value),
                        }
                    }
                }
                Expr::Call(call) => self.visit_call(call, role),
                // Down the left side at once: each part of a long sum is looked at once.
                Expr::BinOp(_) => {
                    let mut rest = expr;
                    while let Expr::BinOp(op) = rest {
                        self.with(Role::Unknown, &op.right);
                        rest = &op.left;
                        if op.op == Operator::Mod {
                            break;
                        }
                    }
                    self.with(Role::Unknown, rest);
                }
                _ => visitor::walk_expr(self, expr),
            }
        }
        self.role = role;
    }
}

/// The text before the first hole: `f"{SCHEME}://{user}:…"` with a constant scheme reads as one text.
fn head(pieces: &[Piece<'_>]) -> String {
    let texts = pieces.iter().map_while(|piece| match piece {
        Piece::Text(text) => Some(text.as_str()),
        Piece::Hole(_) | Piece::Eaten(_) => None,
    });
    texts.collect()
}

/// `X`, `app.conf.broker_url`, `conf["broker_url"]`
fn target_name(target: &Expr) -> Option<&str> {
    match target {
        Expr::Name(name) => Some(name.id.as_str()),
        Expr::Attribute(attribute) => Some(attribute.attr.as_str()),
        Expr::Subscript(subscript) => string(&subscript.slice),
        _ => None,
    }
}

/// The name of an environment variable or a setting.
fn is_variable(name: &str) -> bool {
    name.len() >= 2
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        && name.bytes().any(|b| b.is_ascii_alphabetic())
}

/// A regular expression that matches addresses, or one that hides passwords.
fn looks_like_pattern(pieces: &[Piece<'_>]) -> bool {
    let marks = [
        "[^/", "[^@", "[^:", "(?:", "(?P", "(.*", "(.+", ":.*@", ":.+@", "\\d+", "\\w+", "\\S+", "\\s*",
        "\\d{",
    ];
    pieces.iter().any(|piece| match piece {
        Piece::Text(text) => marks.iter().any(|mark| text.contains(mark)),
        Piece::Hole(_) | Piece::Eaten(_) => false,
    })
}
