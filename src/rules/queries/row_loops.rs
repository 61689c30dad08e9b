//! Loops over the rows of a model, and what they read of each row.

use ruff_python_ast::{Comprehension, Expr, ExprAttribute, Stmt};
use ruff_text_size::{Ranged, TextRange, TextSize};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::project::django::instances::{Instances, Loads};
use crate::project::django::lineage::ClassRef;
use crate::project::django::relations::ModelRef;
use crate::rules::python::PythonFile;
use crate::source::NotLoaded;
use crate::syntax::python::{ScopeId, walk_expr, walk_exprs};

/// Rows of a slice that nobody minds a query for.
const FEW: usize = 5;

/// One loop, by statement or in a comprehension.
#[derive(Debug)]
pub(super) struct RowLoop<'a> {
    /// The name of one row.
    pub(super) row: &'a str,
    pub(super) model: ClassRef,
    pub(super) loads: Loads,
    /// The whole loop.
    pub(super) range: TextRange,
    pub(super) scope: ScopeId,
    /// What runs for each row, whatever it is.
    body: Vec<&'a Expr>,
}

/// Those of a file whose rows are surely those of a model of the repository, and whole.
pub(super) fn all<'a>(file: &PythonFile<'a>) -> Result<Vec<RowLoop<'a>>, NotLoaded> {
    let instances = Instances::new(file.project(), file.path, file.module);
    let mut found = Vec::new();
    for (scope, statement) in file.index().statements() {
        if let Stmt::For(each) = statement
            && !ends_early(&each.body)
        {
            let body = always(&each.body);
            found.push(row_loop(&instances, &each.target, &each.iter, scope, each.range(), body));
        }
    }
    let mut comprehensions = Vec::new();
    walk_exprs(file.module.body(), &mut |expr| comprehensions.extend(comprehension(expr)));
    for (generator, range, body) in comprehensions {
        let function = file.index().function_at(range.start()).map(|id| file.index().function(id).body);
        let scope = function.unwrap_or(ScopeId::MODULE);
        found.push(row_loop(&instances, &generator.target, &generator.iter, scope, range, body));
    }
    Ok(NotLoaded::all(found)?.into_iter().flatten().collect())
}

type Each<'a> = (&'a Comprehension, TextRange, Vec<&'a Expr>);

/// A comprehension with one `for`.
fn comprehension(expr: &Expr) -> Option<Each<'_>> {
    let (generators, elements) = match expr {
        Expr::ListComp(each) => (&each.generators, vec![&*each.elt]),
        Expr::SetComp(each) => (&each.generators, vec![&*each.elt]),
        Expr::Generator(each) => (&each.generators, vec![&*each.elt]),
        Expr::DictComp(each) => {
            (&each.generators, each.key.as_deref().into_iter().chain([&*each.value]).collect())
        }
        _ => return None,
    };
    let [only] = generators.as_slice() else { return None };
    // Behind an `if` an element may be rare; the condition itself is asked of every row.
    let body = if only.ifs.is_empty() { elements } else { only.ifs.iter().collect() };
    Some((only, expr.range(), body))
}

fn row_loop<'a>(
    instances: &Instances<'a>,
    target: &'a Expr,
    rows: &'a Expr,
    scope: ScopeId,
    range: TextRange,
    body: Vec<&'a Expr>,
) -> Result<Option<RowLoop<'a>>, NotLoaded> {
    let Some(row) = target.as_name_expr() else { return Ok(None) };
    let Some(known) = instances.of(rows, scope)? else { return Ok(None) };
    let loads = known.loads().cloned();
    let is_whole = known.clone().item().is_some();
    let (Some(loads), ModelRef::Own(model), true) = (loads, known.model, is_whole) else { return Ok(None) };
    if loads.may_be_fetched() || loads.limit.is_some_and(|limit| limit <= FEW) {
        return Ok(None);
    }
    Ok(Some(RowLoop { row: row.id.as_str(), model, loads, range, scope, body }))
}

/// Does it end in its first round?
fn ends_early(body: &[Stmt]) -> bool {
    body.iter().any(|stmt| matches!(stmt, Stmt::Return(_) | Stmt::Break(_) | Stmt::Raise(_)))
}

/// The expressions that every round comes to: none behind an `if`, in a handler or in an inner function.
fn always(body: &[Stmt]) -> Vec<&Expr> {
    let mut found = Vec::new();
    let mut next: Vec<&Stmt> = body.iter().rev().collect();
    while let Some(stmt) = next.pop() {
        match stmt {
            Stmt::Expr(inner) => found.push(&*inner.value),
            Stmt::Assign(assign) => {
                found.push(&*assign.value);
                found.extend(assign.targets.iter().filter(|target| target.is_subscript_expr()));
            }
            Stmt::AnnAssign(assign) => found.extend(assign.value.as_deref()),
            Stmt::AugAssign(assign) => found.push(&assign.value),
            Stmt::If(branch) => {
                found.push(&branch.test);
                // `if not row.live: continue`: what follows is not for every row.
                if branch
                    .body
                    .iter()
                    .any(|stmt| matches!(stmt, Stmt::Continue(_) | Stmt::Break(_) | Stmt::Return(_)))
                {
                    break;
                }
            }
            Stmt::For(inner) => {
                found.push(&inner.iter);
                next.extend(inner.body.iter().rev());
            }
            Stmt::With(inner) => {
                found.extend(inner.items.iter().map(|item| &item.context_expr));
                next.extend(inner.body.iter().rev());
            }
            Stmt::Try(inner) => next.extend(inner.body.iter().rev()),
            _ => {}
        }
    }
    found
}

/// What is read of a row: `post.author.name`.
#[derive(Clone, Debug)]
pub(super) struct Read<'a> {
    pub(super) node: &'a Expr,
    /// `author`, `name`
    pub(super) names: Vec<&'a str>,
    /// The method called on what `node` names, and one called on its result: `post.tags.all().first()`.
    pub(super) then: Option<&'a str>,
}

impl<'a> RowLoop<'a> {
    /// The longest chains of attributes on the row; of calls each once.
    pub(super) fn reads(&self) -> Vec<Read<'a>> {
        let mut found = Vec::new();
        let mut seen: FxHashSet<TextSize> = FxHashSet::default();
        // By where a chain begins: what its calls' results are asked for.
        let mut further: FxHashMap<TextSize, Vec<(TextSize, &'a str)>> = FxHashMap::default();
        for expr in &self.body {
            walk_expr(expr, &mut |expr| {
                if let Expr::Call(call) = expr
                    && let Expr::Attribute(method) = &*call.func
                    && method.value.is_call_expr()
                {
                    let inner = &method.value;
                    further.entry(inner.start()).or_default().push((inner.end(), method.attr.as_str()));
                }
                let Expr::Attribute(attribute) = expr else { return };
                let Some(names) = self.names(attribute).filter(|_| seen.insert(attribute.start())) else {
                    return;
                };
                found.push((expr, names));
            });
        }
        // Calls end where their methods' arguments do, and begin with the chain.
        let then = |node: &Expr| {
            let called = further.get(&node.start())?.iter().filter(|(end, _)| *end > node.end());
            called.min_by_key(|(end, _)| *end).map(|(_, method)| *method)
        };
        found.into_iter().map(|(node, names)| Read { node, names, then: then(node) }).collect()
    }

    fn names(&self, attribute: &'a ExprAttribute) -> Option<Vec<&'a str>> {
        let mut names = vec![attribute.attr.as_str()];
        let mut rest = &*attribute.value;
        while let Expr::Attribute(inner) = rest {
            names.push(inner.attr.as_str());
            rest = &inner.value;
        }
        let root = rest.as_name_expr()?;
        names.reverse();
        (root.id.as_str() == self.row).then_some(names)
    }
}
