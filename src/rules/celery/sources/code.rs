//! Broker URLs in Python.

use ruff_text_size::Ranged;

use crate::rules::celery::python::bindings::Bindings;
use crate::rules::celery::python::built::Piece;
use crate::rules::celery::python::places;
use crate::syntax::python::{Module, normalised_expr};

use super::{File, Origin, Source};

pub(super) fn sources(file: &File<'_>, module: &Module) -> Vec<Source> {
    let bindings = Bindings::of(module);
    let place = |place: places::Place<'_>| {
        let span = module.span(place.expr);
        let value = match place.pieces.as_slice() {
            [Piece::Text(text)] => text.clone(),
            _ => normalised_expr(place.expr),
        };
        // Between the quotes of a literal that holds no escapes.
        let source = module.source(place.expr);
        let verbatim = source
            .find(&value)
            .filter(|_| place.expr.is_string_literal_expr() && !value.is_empty())
            .map(|at| (place.expr.start().to_usize() + at, file.text.clone()));
        let units = place.units(module);
        file.finish(place.keys, place.role, value, &units, span, verbatim, Origin::Python)
    };
    places::find(module, &bindings).into_iter().map(place).collect()
}
