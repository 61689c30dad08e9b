//! The edits that percent-encode what fills a hole: `quote(x, safe="")`, with its import.

use ruff_python_ast::{ExprCall, Stmt};
use ruff_text_size::{Ranged, TextRange, TextSize};

use crate::model::finding::{Edit, Span};
use crate::syntax::python::{Module, ScopeId};

use super::built::HoleExpr;
use super::quoting::{Judged, Quoting};

/// What `urllib.parse.quote` is called in a file, and the edit that makes it so.
#[derive(Debug)]
pub(crate) struct Quote {
    pub(crate) callee: String,
    import: Option<Edit>,
}

impl Quote {
    /// `None` when the name `quote` stands for something else.
    pub(crate) fn of(module: &Module) -> Option<Self> {
        if let Some(callee) = imported(module) {
            return Some(Self { callee, import: None });
        }
        let free = module.index().bindings("quote").is_empty();
        free.then(|| Self { callee: "quote".to_owned(), import: Some(import(module)) })
    }

    /// The edits for these holes; `None` when one of them cannot be mended where it stands.
    pub(crate) fn edits(&self, module: &Module, holes: &[(HoleExpr<'_>, Judged<'_>)]) -> Option<Vec<Edit>> {
        let mut edits = Vec::new();
        let mut needs_quote = false;
        for (hole, judged) in holes {
            match (judged.quoting, judged.call) {
                (Quoting::Bare, _) if hole.can_wrap => {
                    needs_quote = true;
                    let source = module.source(hole.expr);
                    let replacement = format!("{}({source}, safe={})", self.callee, empty(hole.inside));
                    edits.push(Edit { span: module.span(hole.expr), replacement });
                }
                (Quoting::KeepsSlash, Some(call)) => edits.push(with_safe(module, call, hole)?),
                (Quoting::Plus, Some(call)) => {
                    needs_quote = true;
                    edits.push(Edit { span: module.span(&*call.func), replacement: self.callee.clone() });
                    edits.push(with_safe(module, call, hole)?);
                }
                _ => return None,
            }
        }
        if needs_quote {
            edits.extend(self.import.clone());
        }
        edits.dedup();
        Some(edits)
    }
}

/// An empty string that does not end the f-string around it.
fn empty(inside: Option<&str>) -> &'static str {
    if inside.is_some_and(|quotes| quotes.starts_with('"')) { "''" } else { "\"\"" }
}

/// `safe=""` in the call: in place of what it says now, or behind its last argument.
fn with_safe(module: &Module, call: &ExprCall, hole: &HoleExpr<'_>) -> Option<Edit> {
    let inside = hole.inside.filter(|_| hole.expr.range().contains_range(call.range()));
    if let Some(safe) = call.arguments.find_argument_value("safe", 1) {
        return Some(Edit { span: module.span(safe), replacement: empty(inside).to_owned() });
    }
    let last = call.arguments.args.iter().map(Ranged::end);
    let last = last.chain(call.arguments.keywords.iter().map(Ranged::end)).max()?;
    let close = call.arguments.end() - TextSize::from(1);
    let written = module.source(&TextRange::new(last, close));
    // A comment or parentheses between the last argument and the end: leave it to a person.
    if !written.trim().trim_matches(',').is_empty() {
        return None;
    }
    let span = module.span(&TextRange::new(last, close));
    Some(Edit { span, replacement: format!(", safe={}", empty(inside)) })
}

/// The name under which the module level knows `urllib.parse.quote`.
fn imported(module: &Module) -> Option<String> {
    let visible = || module.imports().filter(|import| import.scope == ScopeId::MODULE);
    let quote = visible().find(|import| import.target == "urllib.parse.quote");
    let parse =
        || visible().find(|import| import.target == "urllib.parse").map(|i| format!("{}.quote", i.local));
    let dotted = || {
        visible()
            .any(|import| import.local == "urllib" && module.source(&import.range) == "urllib.parse")
            .then(|| "urllib.parse.quote".to_owned())
    };
    quote.map(|import| import.local.to_owned()).or_else(parse).or_else(dotted)
}

fn is_import(stmt: &Stmt) -> bool {
    matches!(stmt, Stmt::Import(_) | Stmt::ImportFrom(_))
}

/// A line of its own: behind the imports from the standard library that open the file, else before the first import,
/// else behind the docstring.
fn import(module: &Module) -> Edit {
    let opening: Vec<&Stmt> =
        module.body().iter().skip_while(|s| is_docstring(s)).take_while(|s| is_import(s)).collect();
    let standard = opening.iter().rev().find(is_standard);
    let future = opening.iter().rev().find(|stmt| root(stmt) == "__future__");
    let line_behind = |stmt: &&Stmt| module.span(*stmt).end.line + 1;
    let line = match (standard, future, opening.first()) {
        (Some(stmt), _, _) | (None, Some(stmt), _) => line_behind(stmt),
        (None, None, Some(first)) => module.span(*first).start.line,
        (None, None, None) => match module.body().first() {
            Some(first) if is_docstring(first) => module.span(first).end.line + 1,
            Some(first) => module.span(first).start.line,
            None => 1,
        },
    };
    let mut span: Span = module.text().line_span(line);
    span.end = span.start;
    Edit { span, replacement: "from urllib.parse import quote\n".to_owned() }
}

fn is_docstring(stmt: &Stmt) -> bool {
    stmt.as_expr_stmt().is_some_and(|expr| expr.value.is_string_literal_expr())
}

fn root<'a>(stmt: &&'a Stmt) -> &'a str {
    let name = match stmt {
        Stmt::Import(import) => import.names.first().map_or("", |alias| alias.name.as_str()),
        Stmt::ImportFrom(import) if import.level == 0 => import.module.as_ref().map_or("", |m| m.as_str()),
        _ => "",
    };
    name.split('.').next().unwrap_or("")
}

/// Modules of the standard library that settings import.
fn is_standard(stmt: &&&Stmt) -> bool {
    const MODULES: [&str; 24] = [
        "abc",
        "base64",
        "collections",
        "configparser",
        "copy",
        "datetime",
        "functools",
        "importlib",
        "io",
        "itertools",
        "json",
        "logging",
        "os",
        "pathlib",
        "platform",
        "re",
        "secrets",
        "socket",
        "ssl",
        "sys",
        "time",
        "typing",
        "urllib",
        "warnings",
    ];
    MODULES.contains(&root(stmt))
}
