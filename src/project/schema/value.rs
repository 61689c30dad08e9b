//! What an expression of a model or a migration is worth, in one spelling for both.

use ruff_python_ast::{Expr, ExprCall, Number, UnaryOp};

use crate::source::NotLoaded;
use crate::syntax::python::{BindingKind, Class, Module, ScopeId, string};

use crate::project::Project;
use crate::project::python::imports::Definition;

/// Values in values, names behind names.
const MAX_DEPTH: usize = 24;

/// A value as it is compared.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Value {
    /// Strings, numbers, lists of them, in one spelling: a tuple reads like a list.
    Literal(String),
    /// A function or a class, by where it is defined.
    Name(String),
    /// The text does not tell.
    Unknown,
}

impl Value {
    pub fn literal(text: &str) -> Self {
        Self::Literal(text.to_owned())
    }

    /// Do they surely differ?
    pub fn differs(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Literal(one), Self::Literal(other)) | (Self::Name(one), Self::Name(other)) => one != other,
            _ => false,
        }
    }

    /// As it is shown to people.
    pub fn shown(&self) -> &str {
        match self {
            Self::Literal(text) => text,
            Self::Name(name) => name.rsplit([':', '.']).next().unwrap_or(name),
            Self::Unknown => "…",
        }
    }
}

/// Where an expression stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'a> {
    pub(super) project: &'a Project,
    pub(super) path: &'a str,
    pub(super) module: &'a Module,
    /// The class whose body it is in.
    pub(super) class: Option<ScopeId>,
}

impl<'a> Place<'a> {
    pub(super) fn value(self, expr: &Expr) -> Result<Value, NotLoaded> {
        self.deep(expr, 0)
    }

    fn deep(self, expr: &Expr, depth: usize) -> Result<Value, NotLoaded> {
        if depth > MAX_DEPTH {
            return Ok(Value::Unknown);
        }
        let items = |open: &str, elements: &[Expr], close: &str| {
            let values = NotLoaded::all(elements.iter().map(|element| self.deep(element, depth + 1)))?;
            Ok(joined(open, &values, close))
        };
        match expr {
            Expr::StringLiteral(_) => {
                Ok(string(expr).map_or(Value::Unknown, |text| Value::Literal(format!("{text:?}"))))
            }
            Expr::BooleanLiteral(flag) => Ok(Value::literal(if flag.value { "True" } else { "False" })),
            Expr::NoneLiteral(_) => Ok(Value::literal("None")),
            Expr::NumberLiteral(number) => Ok(self.number(&number.value, "")),
            Expr::UnaryOp(op) if op.op == UnaryOp::USub => match &*op.operand {
                Expr::NumberLiteral(number) => Ok(self.number(&number.value, "-")),
                _ => Ok(Value::Unknown),
            },
            Expr::List(list) => items("[", &list.elts, "]"),
            Expr::Tuple(tuple) => items("[", &tuple.elts, "]"),
            Expr::Set(set) => items("{", &set.elts, "}"),
            Expr::Dict(dict) => self.dict(dict, depth),
            Expr::Call(call) => self.call(call, depth),
            Expr::Name(name) => self.name(name.id.as_str(), expr, depth),
            Expr::Attribute(attribute) => self.attribute(attribute, expr, depth),
            Expr::BinOp(_) => {
                let folded = self.module.fold(expr);
                Ok(folded.as_str().map_or(Value::Unknown, |text| Value::Literal(format!("{text:?}"))))
            }
            _ => Ok(Value::Unknown),
        }
    }

    fn number(self, number: &Number, sign: &str) -> Value {
        match number {
            Number::Int(int) => {
                int.as_i64().map_or(Value::Unknown, |int| Value::Literal(format!("{sign}{int}")))
            }
            Number::Float(float) => Value::Literal(format!("{sign}{float:?}")),
            Number::Complex { .. } => Value::Unknown,
        }
    }

    fn dict(self, dict: &ruff_python_ast::ExprDict, depth: usize) -> Result<Value, NotLoaded> {
        let pair = |item: &ruff_python_ast::DictItem| {
            let Some(key) = &item.key else { return Ok(Value::Unknown) };
            let pair = [self.deep(key, depth + 1)?, self.deep(&item.value, depth + 1)?];
            Ok(joined("[", &pair, "]"))
        };
        Ok(joined("{", &NotLoaded::all(dict.items.iter().map(pair))?, "}"))
    }

    /// A text to be translated is that text; of other calls nobody knows how they are written down.
    fn call(self, call: &ExprCall, depth: usize) -> Result<Value, NotLoaded> {
        let Some(callee) = self.module.qualified(&call.func) else { return Ok(Value::Unknown) };
        if !callee.is_in("django.utils.translation") {
            return Ok(Value::Unknown);
        }
        let at = usize::from(callee.last().starts_with("pgettext"));
        call.arguments.args.get(at).map_or(Ok(Value::Unknown), |text| self.deep(text, depth + 1))
    }

    fn name(self, name: &str, expr: &Expr, depth: usize) -> Result<Value, NotLoaded> {
        let index = self.module.index();
        if let Some(scope) = self.class
            && let Some(last) = index.bindings_in(scope, name).last()
        {
            return match last.value.filter(|_| last.kind == BindingKind::Assigned) {
                Some(value) => self.deep(value, depth + 1),
                None => Ok(Value::Unknown),
            };
        }
        let top = Self { class: None, ..self };
        match index.bindings_in(ScopeId::MODULE, name) {
            [only] if only.kind == BindingKind::Assigned => match only.value {
                Some(value) if !std::ptr::eq(value, expr) => top.deep(value, depth + 1),
                _ => Ok(Value::Unknown),
            },
            [] => Ok(if is_builtin(name) { Value::Name(format!("builtins.{name}")) } else { Value::Unknown }),
            [_] => self.defined(name, depth),
            _ => Ok(Value::Unknown),
        }
    }

    /// `Status.DRAFT`, `Status.choices`, `settings.AUTH_USER_MODEL`, `timezone.now`
    fn attribute(
        self,
        attribute: &ruff_python_ast::ExprAttribute,
        expr: &Expr,
        depth: usize,
    ) -> Result<Value, NotLoaded> {
        let last = attribute.attr.as_str();
        if let Some(found) = self.member(&attribute.value, last, depth)? {
            return Ok(found);
        }
        let Some(dotted) = self.module.qualified(expr).filter(|dotted| !dotted.is_plain()) else {
            return Ok(Value::Unknown);
        };
        if dotted.first() != "" && self.is_local(dotted.first()) {
            return Ok(Value::Unknown);
        }
        self.defined(&dotted.to_string(), depth)
    }

    /// A name that the file binds by itself and does not import.
    fn is_local(self, name: &str) -> bool {
        let bindings = self.module.index().bindings(name).iter();
        bindings.clone().next().is_some()
            && !bindings.clone().any(|binding| binding.kind == BindingKind::Import)
    }

    /// What a dotted name of this file stands for elsewhere: a constant's value, else where it is defined.
    fn defined(self, dotted: &str, depth: usize) -> Result<Value, NotLoaded> {
        let Some(found) = self.project.definition(self.path, dotted)? else {
            // What the repository does not hold has the same name on both sides, unless it is relative.
            let is_foreign = dotted.contains('.') && !dotted.starts_with('.');
            return Ok(if is_foreign { Value::Name(dotted.to_owned()) } else { Value::Unknown });
        };
        if found.module.class(&found.name).is_some() || found.module.function(&found.name).is_some() {
            return Ok(Value::Name(format!("{}:{}", found.path, found.name)));
        }
        match (
            found.module.index().bindings_in(ScopeId::MODULE, &found.name),
            found.module.assigned(&found.name),
        ) {
            ([_], Some(value)) => self.top_of(&found).deep(value, depth + 1),
            _ => Ok(Value::Unknown),
        }
    }

    /// A member of a class of the repository: of enumerations its value, and `choices` of all.
    fn member(self, owner: &Expr, name: &str, depth: usize) -> Result<Option<Value>, NotLoaded> {
        self.in_class(owner, depth, |place, class| place.of_class(class, name, depth))
    }

    /// Goes to the class that an expression names, wherever it is written, if it is one of the repository.
    fn in_class<T>(
        self,
        owner: &Expr,
        depth: usize,
        then: impl Fn(Place<'_>, &Class<'_>) -> Result<Option<T>, NotLoaded> + Copy,
    ) -> Result<Option<T>, NotLoaded> {
        if depth > MAX_DEPTH {
            return Ok(None);
        }
        let index = self.module.index();
        if let (Expr::Name(name), Some(scope)) = (owner, self.class)
            && let Some(class) = index.class_in(scope, name.id.as_str())
        {
            return then(self, class);
        }
        if let Some(found) = self.class_named(owner)?
            && let Some(class) = found.class()
        {
            return then(self.top_of(&found), class);
        }
        // `Post.Status`: a class in a class.
        let Expr::Attribute(inner) = owner else { return Ok(None) };
        let Some(found) = self.class_named(&inner.value)? else { return Ok(None) };
        let index = found.module.index();
        let nested = found.class().and_then(|outer| index.class_in(outer.body, inner.attr.as_str()));
        nested.map_or(Ok(None), |class| then(self.top_of(&found), class))
    }

    /// The class at the top of a file of the repository that an expression names.
    fn class_named(self, expr: &Expr) -> Result<Option<Definition>, NotLoaded> {
        let Some(dotted) = self.module.qualified(expr).map(|name| name.to_string()) else { return Ok(None) };
        Ok(self.project.definition(self.path, &dotted)?.filter(|found| found.class().is_some()))
    }

    /// The top of the file that something is defined in.
    fn top_of<'d>(self, found: &'d Definition) -> Place<'d>
    where
        'a: 'd,
    {
        Place { project: self.project, path: &found.path, module: &found.module, class: None }
    }

    fn of_class(self, class: &Class<'_>, name: &str, depth: usize) -> Result<Option<Value>, NotLoaded> {
        let inside = Self { class: Some(class.body), ..self };
        let is_enum = class.node.bases().iter().any(|base| {
            self.module
                .qualified(base)
                .is_some_and(|base| base.ends_with("Choices") || base.ends_with("Enum"))
        });
        if is_enum && name == "choices" {
            return self.choices(class, depth).map(Some);
        }
        let Some(value) = self.module.index().assigned_in(class.body, name) else { return Ok(None) };
        let value = if is_enum { member_parts(value).0 } else { value };
        inside.deep(value, depth + 1).map(Some)
    }

    /// https://docs.djangoproject.com/en/5.2/ref/models/fields/#enumeration-types
    fn choices(self, class: &Class<'_>, depth: usize) -> Result<Value, NotLoaded> {
        let inside = Self { class: Some(class.body), ..self };
        let statements = &self.module.index().scope(class.body).statements;
        let mut pairs = Vec::new();
        for statement in statements {
            let Some((name, value)) = crate::syntax::python::assignment(statement.node) else { continue };
            if name == "__empty__" {
                let pair = [Value::literal("None"), inside.deep(value, depth + 1)?];
                pairs.insert(0, joined("[", &pair, "]"));
                continue;
            }
            if name.starts_with('_') {
                continue;
            }
            let (value, label) = member_parts(value);
            let label = match label {
                Some(label) => inside.deep(label, depth + 1)?,
                None => Value::Literal(format!("{:?}", title(&name.replace('_', " ")))),
            };
            pairs.push(joined("[", &[inside.deep(value, depth + 1)?, label], "]"));
        }
        Ok(joined("[", &pairs, "]"))
    }
}

/// `"d", _("Draft")` → the value and its label.
fn member_parts(value: &Expr) -> (&Expr, Option<&Expr>) {
    match value {
        Expr::Tuple(tuple) if tuple.elts.len() == 2 => (&tuple.elts[0], tuple.elts.get(1)),
        other => (other, None),
    }
}

/// As `str.title` of Python writes it.
fn title(text: &str) -> String {
    let mut after_letter = false;
    let letter = |c: char| {
        let done: String = if after_letter { c.to_lowercase().collect() } else { c.to_uppercase().collect() };
        after_letter = c.is_alphabetic();
        done
    };
    text.chars().map(letter).collect()
}

/// A list of known values; one that nobody knows makes all of it unknown.
pub(super) fn joined(open: &str, values: &[Value], close: &str) -> Value {
    let texts = values.iter().map(|value| match value {
        Value::Literal(text) | Value::Name(text) => Some(text.as_str()),
        Value::Unknown => None,
    });
    match texts.collect::<Option<Vec<_>>>() {
        Some(texts) => Value::Literal(format!("{open}{}{close}", texts.join(", "))),
        None => Value::Unknown,
    }
}

fn is_builtin(name: &str) -> bool {
    matches!(name, "list" | "dict" | "set" | "str" | "int" | "float" | "bool" | "tuple" | "bytes")
}
