//! When two expressions say the same: in newer words, or but for an import that moved and Python 2's `b""` and `unicode`.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};

use ruff_python_ast::visitor::transformer::{self, Transformer};
use ruff_python_ast::{Expr, Stmt};
use ruff_text_size::Ranged;

use crate::rules::migrations::canonical::{Canonical, literal};
use crate::syntax::python::{normalised_expr, normalised_stmts, walk_exprs};

use super::difference::Impact;
use super::modern::{Called, Modern};

/// Symbols of Django and Python 2 that went away, and what stands for them now.
const RENAMED: [(&str, &str); 16] = [
    ("ugettext", "gettext"),
    ("ugettext_lazy", "gettext_lazy"),
    ("ugettext_noop", "gettext_noop"),
    ("ungettext", "ngettext"),
    ("ungettext_lazy", "ngettext_lazy"),
    ("force_text", "force_str"),
    ("smart_text", "smart_str"),
    ("urlquote", "quote"),
    ("text_type", "str"),
    ("string_types", "str"),
    ("integer_types", "int"),
    ("unicode", "str"),
    ("basestring", "str"),
    ("xrange", "range"),
    ("unichr", "chr"),
    ("long", "int"),
];

/// Field classes of Django that newer versions no longer have.
const REMOVED_FIELDS: [&str; 4] = ["NullBooleanField", "CICharField", "CIEmailField", "CITextField"];

/// What the whole files tell about single expressions in them.
#[derive(Debug)]
pub(super) struct Likeness {
    /// Imported names that the head still uses.
    head: HashSet<String>,
    modern: Modern,
}

impl Likeness {
    pub(super) fn new(base: &Canonical, head: &Canonical) -> Self {
        let mut names = HashSet::new();
        walk_exprs(head.body(), &mut |expr| {
            if let Some(name) = expr.as_name_expr().filter(|n| n.id.contains('.')) {
                names.insert(name.id.to_string());
            }
        });
        Self { head: names, modern: Modern::new(base, head) }
    }

    /// A class that the file used and now does not use anywhere: its package is gone, and something stands for it.
    pub(super) fn is_dropped(&self, name: &str) -> bool {
        let is_dotted =
            name.contains('.') && !name.contains(|c: char| !c.is_alphanumeric() && c != '_' && c != '.');
        let last = last(name);
        let may_go = !name.starts_with("django.") || REMOVED_FIELDS.contains(&last);
        is_dotted && may_go && !self.head.contains(name)
    }

    /// How far a new version of an expression reaches that says the same; `None` where it does not.
    pub(super) fn of_exprs(&self, old: &Expr, new: &Expr) -> Option<Impact> {
        self.form_of_expr(old).apart(&self.form_of_expr(new))
    }

    /// How far a new version of some statements reaches that says the same; `None` where it does not.
    pub(super) fn of_stmts(&self, old: &[Stmt], new: &[Stmt], called: Called) -> Option<Impact> {
        self.form(old, called).apart(&self.form(new, called))
    }

    /// Statements in the words of today.
    pub(super) fn said(&self, stmts: &[Stmt], called: Called) -> String {
        normalised_stmts(&self.modern.stmts(stmts, called))
    }

    pub(super) fn form(&self, stmts: &[Stmt], called: Called) -> Form {
        let mut stmts = self.modern.stmts(stmts, called);
        let said = normalised_stmts(&stmts);
        let holes = Holes::default();
        stmts.iter_mut().for_each(|stmt| holes.visit_stmt(stmt));
        Form { said, skeleton: normalised_stmts(&stmts), names: holes.0.into_inner() }
    }

    fn form_of_expr(&self, expr: &Expr) -> Form {
        let mut expr = self.modern.expr(expr);
        let said = normalised_expr(&expr);
        let holes = Holes::default();
        holes.visit_expr(&mut expr);
        Form { said, skeleton: normalised_expr(&expr), names: holes.0.into_inner() }
    }
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

/// Code in the words of today.
#[derive(Debug)]
pub(super) struct Form {
    said: String,
    /// The same with a hole for every name, and the names that were in the holes.
    skeleton: String,
    names: Vec<String>,
}

impl Form {
    /// How far a new version reaches that says the same.
    fn apart(&self, new: &Self) -> Option<Impact> {
        let like = || {
            self.skeleton == new.skeleton
                && self.names.len() == new.names.len()
                && self.names.iter().zip(&new.names).all(|(old, new)| same_name(old, new))
        };
        match () {
            () if self.said == new.said => Some(Impact::Harmless),
            () if like() => Some(Impact::Compatible),
            () => None,
        }
    }
}

/// Old statements by a name each, among which the one is looked for that a new one stands for.
#[derive(Default)]
pub(super) struct Pool<'a> {
    by_skeleton: HashMap<String, Vec<(&'a str, Form)>>,
}

impl<'a> Pool<'a> {
    /// Of those that differ in names alone so many are compared.
    const MOST: usize = 64;

    pub(super) fn add(&mut self, name: &'a str, form: Form) {
        let alike = self.by_skeleton.entry(form.skeleton.clone()).or_default();
        if alike.len() < Self::MOST {
            alike.push((name, form));
        }
    }

    /// The name of an old version that says the same, and how far the new one reaches.
    pub(super) fn find(&self, new: &Form, is_there: impl Fn(&str) -> bool) -> Option<(&'a str, Impact)> {
        let known = self.by_skeleton.get(&new.skeleton)?.iter().filter(|(name, _)| is_there(name));
        known.filter_map(|(name, old)| Some((*name, old.apart(new)?))).min_by_key(|(_, impact)| *impact)
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
                    *expr = literal(&text, expr.range());
                }
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
