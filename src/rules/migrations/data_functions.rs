//! The functions that a migration's `RunPython` runs, in its own file and in others of the repository.

use std::collections::BTreeSet;
use std::sync::Arc;

use ruff_python_ast::Expr;
use ruff_text_size::{Ranged, TextRange};

use crate::model::change::Path;
use crate::project::migrations::migration::Operation;
use crate::rules::Context;
use crate::source::NotLoaded;
use crate::syntax::python::{Function, Module, ScopeId};

use super::files::File;

/// Names that one function calls and that are looked up.
const MAX_CALLED: usize = 64;

/// A function that runs, forwards or backwards.
#[derive(Clone)]
pub(super) struct DataFunction {
    pub(super) module: Arc<Module>,
    pub(super) path: Path,
    pub(super) name: String,
    /// What brings it in from another file, in the migration's own.
    pub(super) at: Option<TextRange>,
    /// `RunPython` is given it, and gives it the historical models.
    pub(super) is_given: bool,
    /// A function of another file calls it: it may have been written for the live models.
    pub(super) is_service: bool,
}

impl DataFunction {
    pub(super) fn function(&self) -> Option<&Function<'_>> {
        self.module.index().function_in(ScopeId::MODULE, &self.name)
    }
}

/// Those that the migration's `RunPython`s are given, and those that they call.
pub(super) fn of(context: &Context<'_>, file: &File<'_>) -> Result<Vec<DataFunction>, NotLoaded> {
    let operations = file.source.operations();
    let run = operations.iter().filter(|operation| operation.django_kind() == Some("RunPython"));
    let given = NotLoaded::all(run.map(|operation| given(context, file, operation)))?.concat();
    let given = once(given);
    let called = NotLoaded::all(given.iter().map(|function| called(context, function)))?.concat();
    Ok(once(given.into_iter().chain(called).collect()))
}

fn once(functions: Vec<DataFunction>) -> Vec<DataFunction> {
    let mut seen = BTreeSet::new();
    functions.into_iter().filter(|f| seen.insert((f.path.clone(), f.name.clone()))).collect()
}

/// The functions that an operation is given.
fn given(
    context: &Context<'_>,
    file: &File<'_>,
    operation: &Operation<'_>,
) -> Result<Vec<DataFunction>, NotLoaded> {
    let Some(module) = context.here.module(operation.path)? else { return Ok(Vec::new()) };
    let arguments = [operation.argument("code", 0), operation.argument("reverse_code", 1)];
    let found = arguments.into_iter().flatten().map(|argument| {
        let argument = unwrapped(operation.module, argument);
        let Some(found) = named(context, &module, operation.path, argument)? else { return Ok(None) };
        let at = if operation.is_here() { argument.range() } else { operation.at };
        let at = (found.path != file.path).then_some(at);
        Ok(Some(DataFunction { at, is_given: true, ..found }))
    });
    Ok(NotLoaded::all(found)?.into_iter().flatten().collect())
}

/// The function in `partial(function, …)`.
fn unwrapped<'a>(module: &'a Module, argument: &'a Expr) -> &'a Expr {
    let call = argument.as_call_expr();
    let partial = call.filter(|call| module.qualified(&call.func).is_some_and(|q| q == "functools.partial"));
    partial.and_then(|call| call.arguments.find_positional(0)).unwrap_or(argument)
}

/// The functions that a function calls.
fn called(context: &Context<'_>, caller: &DataFunction) -> Result<Vec<DataFunction>, NotLoaded> {
    let Some(function) = caller.function() else { return Ok(Vec::new()) };
    let index = caller.module.index();
    let mut seen = BTreeSet::new();
    let callees = index.calls_in(function.body).iter().map(|call| &*call.node.func);
    let callees = callees.filter(|callee| seen.insert(caller.module.source(*callee))).take(MAX_CALLED);
    let found = callees.map(|callee| {
        let Some(found) = named(context, &caller.module, &caller.path, callee)? else { return Ok(None) };
        let leaves = found.path != caller.path;
        let at = caller.at.or(leaves.then(|| callee.range()));
        Ok(Some(DataFunction { at, is_service: leaves && !is_with_migrations(&found.path), ..found }))
    });
    Ok(NotLoaded::all(found)?.into_iter().flatten().collect())
}

/// Helpers that stand with migrations are written for them.
fn is_with_migrations(path: &str) -> bool {
    path.split('/').any(|part| part.contains("migrations"))
}

/// The function of the repository that an expression names.
fn named(
    context: &Context<'_>,
    module: &Arc<Module>,
    path: &str,
    expr: &Expr,
) -> Result<Option<DataFunction>, NotLoaded> {
    let Some(dotted) = module.qualified(expr).map(|name| name.to_string()) else { return Ok(None) };
    let function = |module: Arc<Module>, path: Path, name: String| DataFunction {
        module,
        path,
        name,
        at: None,
        is_given: false,
        is_service: false,
    };
    if module.function(&dotted).is_some() {
        return Ok(Some(function(module.clone(), path.to_owned(), dotted)));
    }
    if dotted.starts_with("django.") {
        return Ok(None);
    }
    let found = context.here.definition(path, &dotted)?;
    let found = found.filter(|found| found.module.function(&found.name).is_some());
    Ok(found.map(|found| function(found.module, found.path, found.name)))
}
