//! What an expression surely is: a row of a model, its rows, a manager. What cannot be known is `None`.

mod loads;
pub mod methods;
mod names;

use std::cell::RefCell;

use ruff_python_ast::{Expr, ExprAttribute, ExprCall, ExprSubscript, Number};
use ruff_text_size::{Ranged, TextSize};
use rustc_hash::FxHashMap;

use crate::source::NotLoaded;
use crate::syntax::python::{Module, ScopeId};

use crate::project::Project;
use crate::project::django::lineage::ClassRef;
use crate::project::django::model_field::RelationKind;
use crate::project::django::relations::{ManagerKind, ModelRef, Way, is_user_model};

pub use loads::Loads;

/// How deep an expression and the names in it are followed.
const MAX_DEPTH: usize = 40;

/// What an expression is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    pub model: ModelRef,
    pub shape: Shape,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shape {
    Row,
    /// A query set.
    Rows(Loads),
    /// A list of its rows.
    List(Loads),
    Manager(Loads),
    /// A manager on a row: what it has may be fetched already.
    Related(Loads),
    /// A row, and whether it was made.
    Pair,
}

pub type Found = Result<Option<Known>, NotLoaded>;

impl Known {
    fn new(model: ModelRef, shape: Shape) -> Option<Self> {
        Some(Self { model, shape })
    }

    pub fn is_row(&self) -> bool {
        self.shape == Shape::Row
    }

    /// What it brings, where it stands for many rows.
    pub fn loads(&self) -> Option<&Loads> {
        match &self.shape {
            Shape::Rows(loads) | Shape::List(loads) | Shape::Manager(loads) | Shape::Related(loads) => {
                Some(loads)
            }
            Shape::Row | Shape::Pair => None,
        }
    }

    /// What a loop over it gives.
    pub fn item(self) -> Option<Self> {
        match self.shape {
            Shape::Rows(loads) | Shape::List(loads) if !loads.is_partial => Self::new(self.model, Shape::Row),
            _ => None,
        }
    }

    /// What it is when it may be this or that.
    fn or(self, other: Self) -> Option<Self> {
        if self.model != other.model {
            return None;
        }
        let shape = match (self.shape, other.shape) {
            (Shape::Rows(one), Shape::Rows(other)) => Shape::Rows(one.or(other)),
            (Shape::List(one) | Shape::Rows(one), Shape::List(other) | Shape::Rows(other)) => {
                Shape::List(one.or(other))
            }
            (Shape::Manager(one), Shape::Manager(other)) => Shape::Manager(one.or(other)),
            (one, other) if one == other => one,
            _ => return None,
        };
        Self::new(self.model, shape)
    }
}

/// Answers for one file.
#[derive(Debug)]
pub struct Instances<'a> {
    project: &'a Project,
    path: &'a str,
    module: &'a Module,
    /// By where a name is bound.
    bound: RefCell<FxHashMap<TextSize, Option<Known>>>,
}

impl<'a> Instances<'a> {
    pub fn new(project: &'a Project, path: &'a str, module: &'a Module) -> Self {
        Self { project, path, module, bound: RefCell::default() }
    }

    /// What an expression is where it stands, in this scope.
    pub fn of(&self, expr: &'a Expr, scope: ScopeId) -> Found {
        self.at(expr, scope, 0)
    }

    /// The model that an expression names: `Post`, `models.Post`, `get_user_model()`.
    pub fn model(&self, expr: &Expr) -> Result<Option<ModelRef>, NotLoaded> {
        if is_user_model(self.module, expr) {
            return Ok(Some(ModelRef::User));
        }
        match self.module.qualified(expr).filter(|name| is_class_name(name.last())) {
            Some(name) => self.project.model_named(self.path, &name.to_string()),
            None => Ok(None),
        }
    }

    fn at(&self, expr: &'a Expr, scope: ScopeId, depth: usize) -> Found {
        if depth > MAX_DEPTH {
            return Ok(None);
        }
        let depth = depth + 1;
        match expr {
            Expr::Name(name) => self.name(name, scope, depth),
            Expr::Attribute(attribute) => self.attribute(attribute, scope, depth),
            Expr::Call(call) => self.call(call, scope, depth),
            Expr::Subscript(item) => self.item(item, scope, depth),
            Expr::Named(named) => self.at(&named.value, scope, depth),
            Expr::Await(awaited) => match &*awaited.value {
                Expr::Call(call) => self.awaited(call, scope, depth),
                _ => Ok(None),
            },
            Expr::If(either) => self.either([&*either.body, &*either.orelse], scope, depth),
            Expr::BoolOp(either) if either.op.is_or() => self.either(&either.values, scope, depth),
            _ => Ok(None),
        }
    }

    /// What several expressions are at once; `None` beside a row is passed over.
    fn either(&self, all: impl IntoIterator<Item = &'a Expr>, scope: ScopeId, depth: usize) -> Found {
        let mut found = None;
        for expr in all.into_iter().filter(|expr| !expr.is_none_literal_expr()) {
            let Some(known) = self.at(expr, scope, depth)? else { return Ok(None) };
            found = match found {
                None => Some(known),
                Some(other) => match known.or(other) {
                    None => return Ok(None),
                    both => both,
                },
            };
        }
        Ok(found)
    }

    fn attribute(&self, attribute: &'a ExprAttribute, scope: ScopeId, depth: usize) -> Found {
        let name = attribute.attr.as_str();
        if name == "user" && self.is_request(&attribute.value, scope) {
            return Ok(Known::new(ModelRef::User, Shape::Row));
        }
        if let Some(known) = self.at(&attribute.value, scope, depth)? {
            return match (&known.model, known.is_row()) {
                (ModelRef::Own(model), true) => self.way(model, name, attribute.end()),
                _ => Ok(None),
            };
        }
        let Some(model) = self.model(&attribute.value)? else { return Ok(None) };
        let Some(kind) = self.project.manager(&model, name)? else { return Ok(None) };
        let is_opaque = kind == ManagerKind::Custom;
        let loads = Loads { is_opaque, manager: Some(attribute.end()), ..Loads::default() };
        Ok(Known::new(model, Shape::Manager(loads)))
    }

    /// What a row's attribute leads to.
    fn way(&self, model: &ClassRef, name: &str, end: TextSize) -> Found {
        let loads =
            |known: Option<String>| Loads { known, is_related: true, manager: Some(end), ..Loads::default() };
        Ok(match self.project.way(model, name)? {
            Some(Way::One(relation)) => relation.to.and_then(|to| Known::new(to, Shape::Row)),
            Some(Way::Many(relation)) => {
                relation.to.and_then(|to| Known::new(to, Shape::Related(loads(None))))
            }
            Some(Way::Back(from, relation)) => match relation.kind {
                RelationKind::OneToOne => Known::new(ModelRef::Own(from), Shape::Row),
                _ => Known::new(ModelRef::Own(from), Shape::Related(loads(Some(relation.field)))),
            },
            None => None,
        })
    }

    fn call(&self, call: &'a ExprCall, scope: ScopeId, depth: usize) -> Found {
        if let Some(method) = call.func.as_attribute_expr() {
            if let Some(receiver) = self.at(&method.value, scope, depth)? {
                return Ok(self.method(receiver, method.attr.as_str(), call));
            }
            if method.attr.as_str() == "save"
                && let Some(model) = self.saved(&method.value)?
            {
                return Ok(Known::new(model, Shape::Row));
            }
        }
        let Some(callee) = self.module.qualified(&call.func).map(|name| name.to_string()) else {
            return Ok(None);
        };
        let first = call.arguments.args.first();
        match (callee.as_str(), first) {
            ("django.shortcuts.get_object_or_404" | "django.shortcuts.aget_object_or_404", Some(first)) => {
                let model = match self.model(first)? {
                    None => {
                        self.at(first, scope, depth)?.filter(|known| known.loads().is_some()).map(|k| k.model)
                    }
                    model => model,
                };
                Ok(model.and_then(|model| Known::new(model, Shape::Row)))
            }
            ("list" | "sorted" | "reversed" | "tuple", Some(first)) => {
                let known = self.at(first, scope, depth)?;
                Ok(known.and_then(|known| match known.shape {
                    Shape::Rows(loads) | Shape::List(loads) => Known::new(known.model, Shape::List(loads)),
                    _ => None,
                }))
            }
            _ => Ok(self.model(&call.func)?.and_then(|model| Known::new(model, Shape::Row))),
        }
    }

    /// `await Post.objects.aget(…)`
    fn awaited(&self, call: &'a ExprCall, scope: ScopeId, depth: usize) -> Found {
        let method = call.func.as_attribute_expr();
        let Some((method, name)) = method.and_then(|m| Some((m, m.attr.as_str().strip_prefix('a')?))) else {
            return self.call(call, scope, depth);
        };
        let receiver = self.at(&method.value, scope, depth)?;
        Ok(receiver.and_then(|receiver| self.method(receiver, name, call)))
    }

    fn method(&self, receiver: Known, method: &str, call: &ExprCall) -> Option<Known> {
        let (Shape::Rows(loads) | Shape::Manager(loads) | Shape::Related(loads)) = receiver.shape else {
            return None;
        };
        let shape = match method {
            _ if methods::ROW.contains(&method) && !loads.is_partial => Shape::Row,
            _ if methods::PAIR.contains(&method) => Shape::Pair,
            _ if methods::ROWS.contains(&method) => Shape::Rows(loads.refined(method, &call.arguments)),
            _ => return None,
        };
        Known::new(receiver.model, shape)
    }

    /// `pair[0]`, `rows[0]`, `rows[:5]`
    fn item(&self, item: &'a ExprSubscript, scope: ScopeId, depth: usize) -> Found {
        let Some(known) = self.at(&item.value, scope, depth)? else { return Ok(None) };
        let number = integer(&item.slice);
        Ok(match (known.shape, &*item.slice) {
            (Shape::Pair, _) if number == Some(0) => Known::new(known.model, Shape::Row),
            (Shape::Rows(loads) | Shape::List(loads), _) if number.is_some() && !loads.is_partial => {
                Known::new(known.model, Shape::Row)
            }
            (Shape::Rows(loads), Expr::Slice(slice)) => {
                let limit = slice.upper.as_deref().and_then(integer).or(loads.limit);
                Known::new(known.model, Shape::Rows(Loads { limit, ..loads }))
            }
            _ => None,
        })
    }
}

/// No other name is looked for across files.
fn is_class_name(name: &str) -> bool {
    name.starts_with(char::is_uppercase)
}

fn integer(expr: &Expr) -> Option<usize> {
    match &expr.as_number_literal_expr()?.value {
        Number::Int(number) => number.as_u64().and_then(|number| usize::try_from(number).ok()),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
