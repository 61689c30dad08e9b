//! A cache key as far as its text tells: `blog:post:{post.pk}:html`.

use ruff_python_ast::Expr;

use crate::syntax::python::{Module, Piece, string};

/// Where the text cannot tell what stands in a key.
const HOLE: char = '\u{0}';

#[derive(Debug)]
pub(super) struct Key<'a> {
    /// With a mark for each hole.
    text: String,
    holes: Vec<&'a Expr>,
}

impl<'a> Key<'a> {
    /// A literal, or what is put together of one; a name that is given one. `None` for what is made elsewhere.
    pub(super) fn of(module: &'a Module, expr: &'a Expr) -> Option<Self> {
        let value = match expr {
            Expr::Name(name) => module.index().held_once(name)?,
            other => other,
        };
        if let Some(text) = string(value) {
            return Some(Self { text: text.to_owned(), holes: Vec::new() });
        }
        let mut key = Self { text: String::new(), holes: Vec::new() };
        for piece in module.pieces(value)? {
            match piece {
                Piece::Text(text) => key.text.push_str(&text),
                Piece::Hole(hole) => {
                    key.text.push(HOLE);
                    key.holes.push(hole.expr);
                }
                Piece::Eaten(_) => return None,
            }
        }
        Some(key)
    }

    /// Does it say where it begins? What a hole begins may be anything.
    pub(super) fn begins_with_text(&self) -> bool {
        !self.text.is_empty() && !self.text.starts_with(HOLE)
    }

    /// `{app}:{model}:{identifier}:{field}`
    pub(super) fn is_standard(&self) -> bool {
        let parts: Vec<&str> = self.text.split(':').collect();
        let [app, model, identifier, field] = parts.as_slice() else { return false };
        let is_name = |part: &&&str| {
            part.starts_with(|c: char| c.is_ascii_lowercase())
                && part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        };
        [app, model].iter().all(is_name) && !identifier.is_empty() && !field.is_empty()
    }

    /// Is one of its holes the id of a Celery task?
    pub(super) fn is_of_task(&self, module: &Module) -> bool {
        self.holes.iter().any(|hole| {
            let written = module.source(*hole);
            written.ends_with("request.id") || written.rsplit('.').next() == Some("task_id")
        })
    }
}
