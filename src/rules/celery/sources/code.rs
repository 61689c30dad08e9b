//! Broker URLs in Python.

use ruff_text_size::Ranged;

use crate::model::change::Hunk;
use crate::rules::celery::holes::Syntax;
use crate::rules::celery::python::built::Piece;
use crate::rules::celery::python::places;
use crate::syntax::python::{Module, normalised_expr};

use super::{File, Found, Origin, Source};

pub(super) fn sources(file: &File<'_>, module: &Module, hunks: &[Hunk]) -> Vec<Source> {
    let place = |place: places::Place<'_>| {
        let span = place.span(module, hunks);
        let value = match place.pieces.as_slice() {
            [Piece::Text(text)] => text.clone(),
            _ => normalised_expr(place.expr),
        };
        // Between the quotes of a literal that holds no escapes.
        let source = module.source(place.expr);
        let verbatim = source
            .find(&value)
            .filter(|_| place.expr.is_string_literal_expr() && !value.is_empty())
            .map(|at| place.expr.start().to_usize() + at);
        let units = place.units(module);
        let found = Found {
            keys: place.keys,
            role: place.role,
            syntax: Syntax::Literal,
            value,
            bytes: place.expr.range().into(),
            origin: Origin::Python,
        };
        file.finish(found, &units, span, verbatim)
    };
    places::find(module).into_iter().map(place).collect()
}
