//! The edits that percent-encode what fills a hole: `quote(x, safe="")`, with its import.

use ruff_python_ast::ExprCall;
use ruff_text_size::{Ranged, TextRange, TextSize};

use crate::model::finding::Edit;
use crate::syntax::python::{HoleExpr, Module};

use super::judged::{Judged, Quoting};

/// What `urllib.parse.quote` is called in a file, and the edit that makes it so.
#[derive(Debug)]
pub(crate) struct Quote {
    pub(crate) callee: String,
    import: Option<Edit>,
}

impl Quote {
    /// `None` when the name `quote` stands for something else.
    pub(crate) fn of(module: &Module) -> Option<Self> {
        if let Some(callee) = module.imported_as("urllib.parse", "quote") {
            return Some(Self { callee, import: None });
        }
        let free = module.index().bindings("quote").is_empty();
        free.then(|| Self {
            callee: "quote".to_owned(),
            import: Some(module.new_import("from urllib.parse import quote")),
        })
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
                (Quoting::Twice, Some(call)) => {
                    let inner = call.arguments.find_positional(0)?;
                    let replacement = module.source(inner).to_owned();
                    edits.push(Edit { span: module.span(call), replacement });
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
