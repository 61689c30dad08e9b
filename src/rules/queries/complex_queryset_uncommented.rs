use ruff_python_ast::{Expr, ExprCall, Stmt};
use ruff_text_size::{Ranged, TextSize};
use rustc_hash::FxHashSet;

use crate::model::catalogue;
use crate::model::finding::code;
use crate::project::django::instances::methods;
use crate::rules::look;
use crate::rules::python::{PythonFile, Report};
use crate::rules::{Against, Look, Rule};
use crate::source::NotLoaded;
use crate::syntax::python::{Call, Module, string, walk_expr};

pub(super) static RULE: Rule = Rule {
    entry: &catalogue::QRY006,
    page: include_str!("complex_queryset_uncommented.md"),
    against: Against::ChangedLines,
    looks: &[Look::Python(look::code, check)],
};

/// Calls of one chain that need no explanation yet.
const LONG: usize = 5;
/// No chain of people is longer.
const LONGEST: usize = 40;
/// Kinds of expressions that need none yet.
const MANY: usize = 2;
/// What makes a query hard to read, wherever it was imported from.
const HARD: [&str; 8] =
    ["Subquery", "OuterRef", "Exists", "Window", "Case", "FilteredRelation", "RawSQL", "Prefetch"];

fn check(file: &PythonFile<'_>, out: &mut Report<'_>) -> Result<(), NotLoaded> {
    let mut seen: FxHashSet<TextSize> = FxHashSet::default();
    for call in file.index().calls() {
        // Outer calls come first: of one chain only the whole is looked at.
        if seen.contains(&call.node.start()) {
            continue;
        }
        let Some(chain) = chain(call.node) else { continue };
        seen.insert(call.node.start());
        let hard = hard(file.module, call);
        if chain.len() < LONG && hard.len() < MANY || is_explained(file, call) {
            continue;
        }
        let root = chain.last().copied().unwrap_or_default();
        let subject = format!("{}.{root}", file.index().name_of(call.scope));
        let headline = match hard.len() < MANY {
            true => format!("A query of {} calls has no comment", chain.len()),
            false => format!(
                "A query with {} has no comment",
                hard.iter().map(|name| code(name)).collect::<Vec<_>>().join(" and ")
            ),
        };
        let consequence = "Whoever changes it has to find out first which rows it is meant to give.";
        out.say(call.node, subject, chain.join("."), headline, consequence).fix(
            "Say above it in one line what it gives: `# Posts per number of comments, for the histogram.`",
        );
    }
    Ok(())
}

/// The methods of a chain on a manager `objects`, last one first; `None` for any other call.
fn chain(outer: &ExprCall) -> Option<Vec<&str>> {
    let mut methods = Vec::new();
    let mut next = outer;
    while methods.len() < LONGEST {
        let method = next.func.as_attribute_expr()?;
        methods.push(method.attr.as_str());
        match &*method.value {
            Expr::Call(inner) => next = inner,
            Expr::Attribute(manager) if matches!(manager.attr.as_str(), "objects" | "_default_manager") => {
                return methods.iter().any(|name| methods::ROWS.contains(name)).then_some(methods);
            }
            _ => return None,
        }
    }
    None
}

/// The kinds of hard expressions in a query, each once.
fn hard<'a>(module: &'a Module, call: &Call<'a>) -> Vec<&'a str> {
    let mut found: Vec<&str> = Vec::new();
    for argument in arguments(call) {
        walk_expr(argument, &mut |expr| {
            let callee = expr.as_call_expr().and_then(|inner| module.qualified(&inner.func));
            let Some(name) = callee.filter(|name| name.is_in("django")).map(|name| name.last()) else {
                return;
            };
            // `Subquery(… OuterRef(…))` is one idea.
            if HARD.contains(&name) && name != "OuterRef" && !found.contains(&name) {
                found.push(name);
            }
        });
    }
    found
}

/// What all calls of a chain get.
fn arguments<'a>(call: &Call<'a>) -> Vec<&'a Expr> {
    let mut found = Vec::new();
    let mut next = Some(call.node);
    while let Some(inner) = next {
        found.extend(&inner.arguments.args);
        found.extend(inner.arguments.keywords.iter().map(|keyword| &keyword.value));
        next = inner.func.as_attribute_expr().and_then(|method| method.value.as_call_expr());
    }
    found
}

/// A comment in it or up to two lines above, or a docstring of the function.
fn is_explained(file: &PythonFile<'_>, call: &Call<'_>) -> bool {
    let function = file.index().scope(call.scope).function.map(|id| file.index().function(id).node);
    let docstring = function.and_then(|node| match node.body.first()? {
        Stmt::Expr(first) => string(&first.value),
        _ => None,
    });
    docstring.is_some() || file.has_comment(call.node) || file.has_comment(&call.statement)
}
