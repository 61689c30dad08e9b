//! Python: the tree, its names resolved through the file's own imports, its comments.

mod binder;
mod built;
mod conditions;
mod depth;
mod docstring;
mod dotted;
mod fold;
mod growth;
mod held;
mod importing;
mod index;
mod indexer;
mod meaning;
mod normal;
mod percent;
mod scope;

use std::ops::Range;
use std::sync::OnceLock;

use ruff_python_ast::token::TokenKind;
use ruff_python_ast::visitor::{self, Visitor};
use ruff_python_ast::{Arguments, Expr, ModModule, PySourceType, Stmt, StmtClassDef, StmtFunctionDef};
use ruff_python_parser::{Parsed, parse_unchecked_source};
use ruff_python_trivia::CommentRanges;
use ruff_text_size::{Ranged, TextRange};
use self_cell::self_cell;

use crate::model::finding::Span;
use crate::source::Text;

pub use built::{HoleExpr, Piece};
pub use conditions::{Condition, Conditions};
pub use docstring::{Docstring, Field, Style};
pub use dotted::Dotted;
pub use fold::Folded;
pub use index::{BlockKind, Call, Class, Comment, Function, Index, Try};
pub use meaning::Import;
pub use normal::{normalised_expr, normalised_stmts};
pub use scope::{Binding, BindingKind, ClassId, FunctionId, Scope, ScopeId, ScopeKind, Statement};

/// Why a file has no usable tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SyntaxFault {
    /// Deeper than CPython itself would accept: parsing could exhaust the stack.
    TooDeep,
    /// The first syntax error, at a 1-based line.
    Syntax { line: u32, message: String },
}

/// A text and its tree.
#[derive(Debug)]
struct Code {
    text: Text,
    parsed: Parsed<ModModule>,
}

self_cell!(
    struct Indexed {
        owner: Code,
        #[covariant]
        dependent: Index,
    }

    impl {Debug}
);

/// A parsed file with its index. With a syntax fault it holds what could be recovered.
#[derive(Debug)]
pub struct Module {
    indexed: Indexed,
    fault: Option<SyntaxFault>,
    values: OnceLock<fold::Values>,
}

impl Module {
    /// Never fails; see [`Module::fault`].
    pub fn parse(text: &Text) -> Self {
        let too_deep = depth::is_too_deep(text.as_str());
        let source = if too_deep { "" } else { text.as_str() };
        let parsed = parse_unchecked_source(source, PySourceType::Python);
        let fault = if too_deep {
            Some(SyntaxFault::TooDeep)
        } else {
            parsed.errors().first().map(|error| SyntaxFault::Syntax {
                line: text.position(error.location.start().to_usize()).line,
                message: error.error.to_string(),
            })
        };
        #[cfg(test)]
        passes::count(text);
        let code = Code { text: text.clone(), parsed };
        let indexed = Indexed::new(code, |code| Index::of(code.parsed.syntax(), comments(code)));
        Self { indexed, fault, values: OnceLock::new() }
    }

    pub fn text(&self) -> &Text {
        &self.indexed.borrow_owner().text
    }

    fn parsed(&self) -> &Parsed<ModModule> {
        &self.indexed.borrow_owner().parsed
    }

    pub fn index(&self) -> &Index<'_> {
        self.indexed.borrow_dependent()
    }

    pub fn body(&self) -> &[Stmt] {
        &self.parsed().syntax().body
    }

    pub fn fault(&self) -> Option<&SyntaxFault> {
        self.fault.as_ref()
    }

    /// The file's tokens with their text: all that is left to compare where it does not parse.
    pub fn tokens(&self) -> impl Iterator<Item = (TokenKind, &str)> {
        self.parsed().tokens().iter().map(|token| (token.kind(), self.source(token)))
    }

    pub fn comments(&self) -> &[Comment<'_>] {
        self.index().comments()
    }

    /// Where a node stands.
    pub fn span(&self, node: &impl Ranged) -> Span {
        self.text().span(bytes(node.range()))
    }

    /// A node as it is written.
    pub fn source(&self, node: &impl Ranged) -> &str {
        self.text().as_str().get(bytes(node.range())).unwrap_or("")
    }

    /// The blanks before a node; `None` where it does not begin its line.
    pub fn indentation(&self, node: &impl Ranged) -> Option<&str> {
        let start = bytes(node.range()).start;
        let begin = self.text().as_str().get(..start)?.rfind('\n').map_or(0, |at| at + 1);
        let before = self.text().as_str().get(begin..start)?;
        before.chars().all(char::is_whitespace).then_some(before)
    }

    /// `models.CharField` → `django.db.models.CharField`, through imports and plain aliases (`RP = migrations.RunPython`)
    /// anywhere in the file. A relative import keeps its leading dots: `..core.models.Base`. A name that the file
    /// neither imports nor aliases stays as written, so builtins and own classes come out plain.
    /// `None` for what is no dotted name.
    pub fn qualified<'m>(&'m self, expr: &'m Expr) -> Option<Dotted<'m>> {
        self.index().qualified(expr)
    }

    /// Local names bound by imports, with what they stand for.
    pub fn imports(&self) -> impl Iterator<Item = &Import<'_>> {
        self.index().imports().iter()
    }

    /// Every call in the file, outer before inner.
    pub fn calls(&self) -> impl Iterator<Item = &ruff_python_ast::ExprCall> {
        self.index().calls().iter().map(|call| call.node)
    }

    /// Classes at module level, also under `if`, `try` and the like.
    pub fn classes(&self) -> impl Iterator<Item = &StmtClassDef> {
        let classes = self.index().classes().iter().filter(|class| class.scope == ScopeId::MODULE);
        classes.map(|class| class.node)
    }

    /// The last class by this name at module level.
    pub fn class(&self, name: &str) -> Option<&StmtClassDef> {
        self.index().class_in(ScopeId::MODULE, name).map(|class| class.node)
    }

    /// The last function by this name at module level.
    pub fn function(&self, name: &str) -> Option<&StmtFunctionDef> {
        self.index().function_in(ScopeId::MODULE, name).map(|function| function.node)
    }

    /// The last value assigned to a plain name at module level.
    pub fn assigned(&self, name: &str) -> Option<&Expr> {
        self.index().assigned_in(ScopeId::MODULE, name)
    }

    /// The last value that a class of this file assigns to a plain name in its body.
    pub fn attribute(&self, class: &StmtClassDef, name: &str) -> Option<&Expr> {
        let class = self.index().class_of(class)?;
        self.index().assigned_in(class.body, name)
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
        self.values.get_or_init(|| fold::Values::of(&self.index().module().statements))
    }
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

fn comments(code: &Code) -> Vec<Comment<'_>> {
    let comment = |range: &TextRange| {
        let line = code.text.position(range.start().to_usize()).line;
        Comment { line, text: code.text.as_str().get(bytes(*range)).unwrap_or("").trim_end() }
    };
    CommentRanges::from(code.parsed.tokens()).iter().map(comment).collect()
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

/// How often contents were parsed and indexed in this process.
#[cfg(test)]
pub(crate) mod passes {
    use std::collections::HashMap;
    use std::sync::{Mutex, PoisonError};

    use rustc_hash::FxBuildHasher;

    use crate::source::Text;

    /// By the contents' hashes.
    static MADE: Mutex<HashMap<u64, usize, FxBuildHasher>> = Mutex::new(HashMap::with_hasher(FxBuildHasher));

    fn hash(text: &Text) -> u64 {
        std::hash::BuildHasher::hash_one(&FxBuildHasher, text)
    }

    pub(super) fn count(text: &Text) {
        *MADE.lock().unwrap_or_else(PoisonError::into_inner).entry(hash(text)).or_default() += 1;
    }

    pub(crate) fn over(text: &Text) -> usize {
        MADE.lock().unwrap_or_else(PoisonError::into_inner).get(&hash(text)).copied().unwrap_or(0)
    }
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
