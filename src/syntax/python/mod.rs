//! Python: the tree, its names resolved through the file's own imports, its comments.

mod depth;
mod fold;
mod names;
mod normal;

use std::ops::Range;
use std::sync::OnceLock;

use ruff_python_ast::token::TokenKind;
use ruff_python_ast::visitor::{self, Visitor};
use ruff_python_ast::{
    Arguments, Expr, ExprCall, ModModule, PySourceType, Stmt, StmtClassDef, StmtFunctionDef,
};
use ruff_python_parser::{Parsed, parse_unchecked_source};
use ruff_python_trivia::CommentRanges;
use ruff_text_size::{Ranged, TextRange};

use crate::model::finding::Span;
use crate::source::Text;

pub use fold::Folded;
pub use normal::{normalised_expr, normalised_stmts};

/// A comment with its `#`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comment {
    /// 1-based.
    pub line: u32,
    pub text: String,
}

/// Why a file has no usable tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Deeper than CPython itself would accept: parsing could exhaust the stack.
    TooDeep,
    /// The first syntax error, at a 1-based line.
    Syntax { line: u32, message: String },
}

/// A parsed file. With a syntax fault the tree holds what could be recovered.
#[derive(Debug)]
pub struct Module {
    text: Text,
    parsed: Parsed<ModModule>,
    names: names::Names,
    comments: Vec<Comment>,
    fault: Option<Fault>,
    values: OnceLock<fold::Values>,
}

impl Module {
    /// Never fails; see [`Module::fault`].
    pub fn parse(text: &Text) -> Self {
        let too_deep = depth::is_too_deep(text.as_str());
        let source = if too_deep { "" } else { text.as_str() };
        let parsed = parse_unchecked_source(source, PySourceType::Python);
        let fault = if too_deep {
            Some(Fault::TooDeep)
        } else {
            parsed.errors().first().map(|error| Fault::Syntax {
                line: text.position(error.location.start().to_usize()).line,
                message: error.error.to_string(),
            })
        };
        let comments = comments(text, &parsed);
        let names = names::Names::collect(&parsed.syntax().body);
        Self { text: text.clone(), parsed, names, comments, fault, values: OnceLock::new() }
    }

    pub fn text(&self) -> &Text {
        &self.text
    }

    pub fn body(&self) -> &[Stmt] {
        &self.parsed.syntax().body
    }

    pub fn fault(&self) -> Option<&Fault> {
        self.fault.as_ref()
    }

    /// The file's tokens with their text: all that is left to compare where it does not parse.
    pub fn tokens(&self) -> impl Iterator<Item = (TokenKind, &str)> {
        self.parsed.tokens().iter().map(|token| (token.kind(), self.source(token)))
    }

    pub fn comments(&self) -> &[Comment] {
        &self.comments
    }

    /// Where a node stands.
    pub fn span(&self, node: &impl Ranged) -> Span {
        self.text.span(bytes(node.range()))
    }

    /// A node as it is written.
    pub fn source(&self, node: &impl Ranged) -> &str {
        self.text.as_str().get(bytes(node.range())).unwrap_or("")
    }

    /// The blanks before a statement; `None` where it does not begin its line.
    pub fn indentation(&self, stmt: &Stmt) -> Option<&str> {
        let start = bytes(stmt.range()).start;
        let begin = self.text.as_str().get(..start)?.rfind('\n').map_or(0, |at| at + 1);
        let before = self.text.as_str().get(begin..start)?;
        before.chars().all(char::is_whitespace).then_some(before)
    }

    /// `models.CharField` → `django.db.models.CharField`, through imports and plain aliases (`RP = migrations.RunPython`)
    /// anywhere in the file. A relative import keeps its leading dots: `..core.models.Base`. A name that the file
    /// neither imports nor aliases stays as written, so builtins and own classes come out plain.
    /// `None` for what is no dotted name.
    pub fn qualified(&self, expr: &Expr) -> Option<String> {
        self.names.qualified(expr)
    }

    /// Local names bound by imports, with what they stand for.
    pub fn imports(&self) -> impl Iterator<Item = &names::Import> {
        self.names.imports()
    }

    /// Every call in the file, outer before inner, in source order.
    pub fn calls(&self) -> Vec<&ExprCall> {
        let mut calls = Vec::new();
        walk_exprs(self.body(), &mut |expr| {
            if let Expr::Call(call) = expr {
                calls.push(call);
            }
        });
        calls
    }

    /// Classes at module level, also under `if` and `try`.
    pub fn classes(&self) -> Vec<&StmtClassDef> {
        top_level(self.body()).into_iter().filter_map(|s| s.as_class_def_stmt()).collect()
    }

    pub fn class(&self, name: &str) -> Option<&StmtClassDef> {
        self.classes().into_iter().rfind(|c| c.name.as_str() == name)
    }

    /// Functions at module level, also under `if` and `try`.
    pub fn functions(&self) -> Vec<&StmtFunctionDef> {
        top_level(self.body()).into_iter().filter_map(|s| s.as_function_def_stmt()).collect()
    }

    pub fn function(&self, name: &str) -> Option<&StmtFunctionDef> {
        self.functions().into_iter().rfind(|f| f.name.as_str() == name)
    }

    /// The last value assigned to a plain name at module level.
    pub fn assigned(&self, name: &str) -> Option<&Expr> {
        assigned_in(self.body(), name)
    }

    /// Constants as far as the text alone tells: strings, numbers, lists, names of this file. See [`Folded`].
    pub fn fold(&self, expr: &Expr) -> Folded {
        self.values().fold(expr)
    }

    /// What a name at the top of the file is worth when all of it has run.
    pub fn value_of(&self, name: &str) -> Folded {
        self.values().of_name(name).clone()
    }

    fn values(&self) -> &fold::Values {
        self.values.get_or_init(|| fold::Values::of(self.body()))
    }
}

/// The last value that the statements of [`top_level`] assign to a plain name.
pub fn assigned_in<'a>(body: &'a [Stmt], name: &str) -> Option<&'a Expr> {
    top_level(body)
        .into_iter()
        .rev()
        .find_map(|stmt| assignment(stmt).filter(|(n, _)| *n == name).map(|(_, value)| value))
}

/// `name = value` and `name: T = value`.
pub fn assignment(stmt: &Stmt) -> Option<(&str, &Expr)> {
    match stmt {
        Stmt::Assign(assign) => match assign.targets.as_slice() {
            [Expr::Name(name)] => Some((name.id.as_str(), &assign.value)),
            _ => None,
        },
        Stmt::AnnAssign(assign) => match (&*assign.target, &assign.value) {
            (Expr::Name(name), Some(value)) => Some((name.id.as_str(), value)),
            _ => None,
        },
        _ => None,
    }
}

/// Statements that run when the body runs, looking into `if`, `try`, `with`, `for`, `while`, but not into functions and classes.
pub fn top_level(body: &[Stmt]) -> Vec<&Stmt> {
    let mut found = Vec::new();
    collect_top_level(body, &mut found);
    found
}

fn collect_top_level<'a>(body: &'a [Stmt], found: &mut Vec<&'a Stmt>) {
    for stmt in body {
        found.push(stmt);
        match stmt {
            Stmt::If(s) => {
                collect_top_level(&s.body, found);
                s.elif_else_clauses.iter().for_each(|c| collect_top_level(&c.body, found));
            }
            Stmt::Try(s) => {
                collect_top_level(&s.body, found);
                for handler in &s.handlers {
                    let ruff_python_ast::ExceptHandler::ExceptHandler(handler) = handler;
                    collect_top_level(&handler.body, found);
                }
                collect_top_level(&s.orelse, found);
                collect_top_level(&s.finalbody, found);
            }
            Stmt::With(s) => collect_top_level(&s.body, found),
            Stmt::For(s) => collect_top_level(&s.body, found),
            Stmt::While(s) => collect_top_level(&s.body, found),
            _ => {}
        }
    }
}

/// Every expression below these statements, outer before inner.
pub fn walk_exprs<'a>(body: &'a [Stmt], visit: &mut impl FnMut(&'a Expr)) {
    let mut walker = Walker { visit };
    walker.visit_body(body);
}

/// The expression itself and every one below it, outer before inner.
pub fn walk_expr<'a>(expr: &'a Expr, visit: &mut impl FnMut(&'a Expr)) {
    Walker { visit }.visit_expr(expr);
}

struct Walker<'f, F> {
    visit: &'f mut F,
}

impl<'a, F: FnMut(&'a Expr)> Visitor<'a> for Walker<'_, F> {
    fn visit_expr(&mut self, expr: &'a Expr) {
        (self.visit)(expr);
        visitor::walk_expr(self, expr);
    }
}

fn comments(text: &Text, parsed: &Parsed<ModModule>) -> Vec<Comment> {
    CommentRanges::from(parsed.tokens())
        .iter()
        .map(|range| {
            let line = text.position(range.start().to_usize()).line;
            let written = text.as_str().get(bytes(*range)).unwrap_or("").trim_end();
            Comment { line, text: written.to_owned() }
        })
        .collect()
}

fn bytes(range: TextRange) -> Range<usize> {
    range.start().to_usize()..range.end().to_usize()
}

/// `f(*more)`, `f(**more)`: some of the arguments cannot be seen.
pub fn has_unpacking(arguments: &Arguments) -> bool {
    arguments.args.iter().any(Expr::is_starred_expr) || arguments.keywords.iter().any(|k| k.arg.is_none())
}

/// A literal string, also implicitly concatenated.
pub fn string(expr: &Expr) -> Option<&str> {
    expr.as_string_literal_expr().map(|s| s.value.to_str())
}

/// The text of a string, or of the byte string that Python 2 had in its place.
pub fn text_of(expr: &Expr) -> Option<String> {
    match expr {
        Expr::BytesLiteral(bytes) => String::from_utf8(bytes.value.bytes().collect()).ok(),
        other => string(other).map(str::to_owned),
    }
}

#[cfg(test)]
mod tests;
