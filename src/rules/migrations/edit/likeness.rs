//! When two expressions differ in spelling only: an import that moved, Python 2's `b""` and `unicode`.

use std::cell::RefCell;
use std::collections::HashSet;

use ruff_python_ast::visitor::transformer::{self, Transformer};
use ruff_python_ast::{Expr, Stmt};
use ruff_text_size::Ranged;

use crate::rules::migrations::canonical::Canonical;
use crate::syntax::python::{normalised_expr, normalised_stmts, walk_exprs};

/// Symbols of Django and Python 2 that went away, and what stands for them now.
const RENAMED: [(&str, &str); 11] = [
    ("ugettext", "gettext"),
    ("ugettext_lazy", "gettext_lazy"),
    ("ugettext_noop", "gettext_noop"),
    ("ungettext", "ngettext"),
    ("ungettext_lazy", "ngettext_lazy"),
    ("force_text", "force_str"),
    ("smart_text", "smart_str"),
    ("urlquote", "quote"),
    ("text_type", "str"),
    ("unicode", "str"),
    ("xrange", "range"),
];

/// Python 2's methods of dictionaries.
const RENAMED_METHODS: [(&str, &str); 3] =
    [("iteritems", "items"), ("itervalues", "values"), ("iterkeys", "keys")];

/// Field classes of Django that newer versions no longer have.
const REMOVED_FIELDS: [&str; 4] = ["NullBooleanField", "CICharField", "CIEmailField", "CITextField"];

/// What the whole files tell about single expressions in them.
#[derive(Debug)]
pub(super) struct Likeness {
    /// Imported names that the head still uses.
    head: HashSet<String>,
}

impl Likeness {
    pub(super) fn new(head: &Canonical) -> Self {
        let mut names = HashSet::new();
        walk_exprs(head.body(), &mut |expr| {
            if let Some(name) = expr.as_name_expr().filter(|n| n.id.contains('.')) {
                names.insert(name.id.to_string());
            }
        });
        Self { head: names }
    }

    /// A class that the file used and now does not use anywhere: its package is gone, and something stands for it.
    pub(super) fn is_dropped(&self, name: &str) -> bool {
        let is_dotted =
            name.contains('.') && !name.contains(|c: char| !c.is_alphanumeric() && c != '_' && c != '.');
        let last = last(name);
        let may_go = !name.starts_with("django.") || REMOVED_FIELDS.contains(&last);
        is_dotted && may_go && !self.head.contains(name)
    }
}

/// The same but for where names are imported from and Python 2's byte strings.
pub(super) fn same_spelling(old: &Expr, new: &Expr) -> bool {
    let (before, after) = (Skeleton::of_expr(old), Skeleton::of_expr(new));
    before.matches(&after)
}

pub(super) fn same_spelling_stmts(old: &[Stmt], new: &[Stmt]) -> bool {
    let (before, after) = (Skeleton::of_stmts(old), Skeleton::of_stmts(new));
    before.matches(&after)
}

/// Is it the same name, imported from elsewhere? What is still in Django has no reason to move.
pub(super) fn same_name(old: &str, new: &str) -> bool {
    if old == new {
        return true;
    }
    let (before, after) = (last(old), last(new));
    let moved = before == after && old.contains('.') && new.contains('.') && !stays(old);
    moved || RENAMED.contains(&(before, after))
}

fn stays(name: &str) -> bool {
    ["django.db.models.", "django.db.migrations."].iter().any(|prefix| {
        name.strip_prefix(prefix).is_some_and(|rest| !rest.contains('.') && !REMOVED_FIELDS.contains(&rest))
    })
}

fn last(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

/// A text in which every name is a hole, and the names that were in the holes.
struct Skeleton {
    text: String,
    names: Vec<String>,
}

impl Skeleton {
    fn of_expr(expr: &Expr) -> Self {
        let mut expr = expr.clone();
        let holes = Holes::default();
        holes.visit_expr(&mut expr);
        Self { text: normalised_expr(&expr), names: holes.0.into_inner() }
    }

    fn of_stmts(stmts: &[Stmt]) -> Self {
        let mut stmts = stmts.to_vec();
        let holes = Holes::default();
        stmts.iter_mut().for_each(|stmt| holes.visit_stmt(stmt));
        Self { text: normalised_stmts(&stmts), names: holes.0.into_inner() }
    }

    fn matches(&self, other: &Self) -> bool {
        self.text == other.text
            && self.names.len() == other.names.len()
            && self.names.iter().zip(&other.names).all(|(old, new)| same_name(old, new))
    }
}

#[derive(Default)]
struct Holes(RefCell<Vec<String>>);

impl Transformer for Holes {
    fn visit_expr(&self, expr: &mut Expr) {
        match expr {
            Expr::Name(name) => {
                self.0.borrow_mut().push(name.id.to_string());
                name.id = "_".into();
            }
            Expr::BytesLiteral(bytes) => {
                let text: Vec<u8> = bytes.value.bytes().collect();
                if let Ok(text) = String::from_utf8(text) {
                    *expr = crate::rules::migrations::canonical::literal(&text, expr.range());
                }
            }
            Expr::Attribute(attribute) => {
                let renamed = RENAMED_METHODS.iter().find(|(old, _)| *old == attribute.attr.as_str());
                if let Some((_, new)) = renamed {
                    attribute.attr.id = (*new).into();
                }
                transformer::walk_expr(self, expr);
            }
            // Django 5.1 renamed the argument, and nothing else.
            Expr::Call(call) if normalised_expr(&call.func).ends_with("CheckConstraint") => {
                for keyword in call.arguments.keywords.iter_mut() {
                    if keyword.arg.as_deref() == Some("check") {
                        keyword.arg = Some(ruff_python_ast::Identifier::new("condition", keyword.range));
                    }
                }
                transformer::walk_expr(self, expr);
            }
            _ => transformer::walk_expr(self, expr),
        }
    }
}
