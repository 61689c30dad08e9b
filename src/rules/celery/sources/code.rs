//! Broker URLs in Python.

use ruff_text_size::Ranged;

use crate::project::Project;
use crate::rules::celery::broker_url::{BrokerUrl, Origin};
use crate::rules::celery::python::quoting::Judge;
use crate::rules::celery::python::strings::{self, UrlString};
use crate::rules::celery::python::unquoted::unquoted;
use crate::source::NotLoaded;
use crate::syntax::python::{Module, Piece, normalised_expr};

use super::file::{Candidate, File};

pub(super) fn urls(file: &File<'_>, project: &Project) -> Result<Vec<BrokerUrl>, NotLoaded> {
    let Some(module) = project.module(file.path)? else { return Ok(Vec::new()) };
    let module = &*module;
    let judge = Judge { project, path: file.path, module, across_files: true };
    let urls = strings::find(module).into_iter().map(|string| {
        let url = url(file, module, &string);
        let parts = module.index().behind(string.expr).iter().map(|range| module.span(range)).collect();
        let unquoted = unquoted(&judge, &string, &url.reading)?;
        Ok(BrokerUrl { parts, unquoted, ..url })
    });
    NotLoaded::all(urls)
}

fn url(file: &File<'_>, module: &Module, string: &UrlString<'_>) -> BrokerUrl {
    let value = match string.pieces.as_slice() {
        [Piece::Text(text)] => text.clone(),
        _ => normalised_expr(string.expr),
    };
    // Between the quotes of a literal that holds no escapes.
    let verbatim = module
        .source(string.expr)
        .find(&value)
        .filter(|_| string.expr.is_string_literal_expr() && !value.is_empty())
        .map(|at| string.expr.start().to_usize() + at);
    let found = Candidate {
        keys: string.keys.clone(),
        role: string.role,
        syntax: string.syntax(),
        value,
        bytes: string.expr.range().into(),
        origin: Origin::Python,
    };
    file.finish(found, &string.units(module), verbatim)
}
