use ruff_python_ast::{Expr, ExprCall, Stmt, StmtFor};
use ruff_text_size::{Ranged, TextRange};
use rustc_hash::FxHashSet;

use crate::model::catalogue;
use crate::model::finding::{Severity, code};
use crate::project::django::instances::{Instances, Known, Shape, methods};
use crate::project::python::role::is_command;
use crate::rules::look::code_with_others;
use crate::rules::python::{PythonFile, Report};
use crate::rules::{Against, Look, Rule};
use crate::source::NotLoaded;
use crate::syntax::python::{BlockKind, Call, ScopeKind};

pub(super) static RULE: Rule = Rule {
    entry: &catalogue::QRY001,
    page: include_str!("query_in_loop.md"),
    against: Against::ChangedLines,
    looks: &[Look::Python(code_with_others, check)],
};

/// Rounds that nobody minds a query for.
const FEW: usize = 3;
/// Methods of a row that ask the database.
const OF_ROWS: [&str; 3] = ["save", "delete", "refresh_from_db"];

fn check(file: &PythonFile<'_>, out: &mut Report<'_>) -> Result<(), NotLoaded> {
    let instances = Instances::new(file.project(), file.path, file.module);
    let looped_over = looped_over(file);
    let mut seen = FxHashSet::default();
    for call in file.index().calls() {
        let Some(method) = call.node.func.as_attribute_expr() else { continue };
        let name = method.attr.as_str();
        let is_loop = looped_over.contains(&call.node.range());
        if !is_loop && !OF_ROWS.contains(&name) && !methods::QUERIES.contains(&name) {
            continue;
        }
        let Some(each) = repeats(file, call) else { continue };
        let Some(known) = instances.of(&method.value, call.scope)? else { continue };
        let asks =
            asks(&known, name) || (is_loop && begins_here(&method.value) && asks_when_looped(&known, name));
        if asks && seen.insert(call.node.start()) {
            say(file, call, &each, &known, name, out);
        }
    }
    Ok(())
}

/// What the `for` statements of a file go through.
fn looped_over(file: &PythonFile<'_>) -> FxHashSet<TextRange> {
    let statements = file.index().statements();
    statements.filter_map(|(_, stmt)| stmt.as_for_stmt().map(|each| each.iter.range())).collect()
}

/// Does the method ask the database? What a related manager may have fetched already is QRY003's.
fn asks(known: &Known, method: &str) -> bool {
    match &known.shape {
        Shape::Row => OF_ROWS.contains(&method),
        Shape::Related(_) => methods::QUERIES.contains(&method) && !["count", "exists"].contains(&method),
        Shape::Rows(loads) if loads.may_be_fetched() => {
            methods::QUERIES.contains(&method) && !["count", "exists"].contains(&method)
        }
        Shape::Rows(_) | Shape::Manager(_) => methods::QUERIES.contains(&method),
        Shape::List(_) | Shape::Pair => false,
    }
}

/// A query set that begins in the loop is asked each time that it is gone through.
fn asks_when_looped(known: &Known, method: &str) -> bool {
    let fetched = matches!(known.shape, Shape::Related(_)) && method == "all";
    matches!(known.shape, Shape::Rows(_) | Shape::Manager(_) | Shape::Related(_))
        && methods::ROWS.contains(&method)
        && !fetched
        && method != "iterator"
}

/// `Post.objects.filter(…)`: no name holds the query set, which would be asked once.
fn begins_here(receiver: &Expr) -> bool {
    let mut rest = receiver;
    loop {
        match rest {
            Expr::Call(ExprCall { func, .. }) => rest = func,
            Expr::Attribute(attribute) => {
                if attribute.value.is_name_expr() {
                    return true;
                }
                rest = &attribute.value;
            }
            _ => return false,
        }
    }
}

/// A loop that surely repeats a call: what a round is called, and where the loop stands.
struct Each<'a> {
    item: &'a str,
    range: TextRange,
}

fn repeats<'a>(file: &PythonFile<'a>, call: &Call<'_>) -> Option<Each<'a>> {
    let index = file.index();
    let mut scope = call.scope;
    while index.scope(scope).kind == ScopeKind::Comprehension {
        scope = index.scope(scope).parent?;
    }
    let loops = index.blocks_around(call).filter_map(|block| match block {
        BlockKind::Loop(range) => Some(range),
        _ => None,
    });
    for range in loops {
        let Some(Stmt::For(each)) = index.statement_in(scope, range).map(|statement| statement.node) else {
            return None;
        };
        if is_in_parts(file, each) || ends_with(each, call.node.range()) {
            return None;
        }
        if !is_few(file, &each.iter) {
            let item = file.module.source(&*each.target);
            return Some(Each { item, range });
        }
    }
    None
}

/// Rounds that are counted or come in parts are no rows: attempts, pages, batches.
fn is_in_parts(file: &PythonFile<'_>, each: &StmtFor) -> bool {
    let Expr::Call(call) = &*each.iter else { return false };
    let name = match &*call.func {
        Expr::Name(name) => name.id.as_str(),
        Expr::Attribute(attribute) => attribute.attr.as_str(),
        _ => return false,
    };
    let name = name.to_ascii_lowercase();
    let counted = matches!(name.as_str(), "range" | "count" | "iterator" | "page_range");
    counted
        || ["chunk", "batch", "page", "slice", "retry", "attempt"].iter().any(|word| name.contains(word))
        || file.module.source(&call.arguments).contains("page_range")
}

fn is_few(file: &PythonFile<'_>, rows: &Expr) -> bool {
    let held = rows.as_name_expr().and_then(|name| file.index().held_once(name));
    match held.unwrap_or(rows) {
        Expr::List(list) => list.elts.len() <= FEW,
        Expr::Tuple(tuple) => tuple.elts.len() <= FEW,
        Expr::Set(set) => set.elts.len() <= FEW,
        _ => false,
    }
}

/// Does the loop end where the call is done, or is it made in a handler alone?
fn ends_with(each: &StmtFor, call: TextRange) -> bool {
    let mut suite = each.body.as_slice();
    loop {
        let Some(stmt) = holder(suite, call) else { return true };
        if matches!(suite.last(), Some(Stmt::Return(_) | Stmt::Break(_) | Stmt::Raise(_))) {
            return true;
        }
        let inner: Vec<&[Stmt]> = match stmt {
            Stmt::If(branch) => std::iter::once(branch.body.as_slice())
                .chain(branch.elif_else_clauses.iter().map(|c| &*c.body))
                .collect(),
            Stmt::With(with) => vec![&with.body],
            Stmt::Try(guarded) => vec![&guarded.body, &guarded.orelse, &guarded.finalbody],
            Stmt::Match(choice) => choice.cases.iter().map(|case| &*case.body).collect(),
            // What an inner loop does is its own.
            _ => return false,
        };
        let is_header = matches!(stmt, Stmt::If(_) | Stmt::With(_) | Stmt::Match(_));
        match inner.into_iter().find(|suite| holder(suite, call).is_some()) {
            Some(inner) => suite = inner,
            None => return !is_header,
        }
    }
}

/// The statement of a suite that a call stands in.
fn holder(suite: &[Stmt], call: TextRange) -> Option<&Stmt> {
    let at = suite.partition_point(|stmt| stmt.end() < call.end());
    suite.get(at).filter(|stmt| stmt.range().contains_range(call))
}

fn say(
    file: &PythonFile<'_>,
    call: &Call<'_>,
    each: &Each<'_>,
    known: &Known,
    method: &str,
    out: &mut Report<'_>,
) {
    let model = known.model.name();
    let said = match known.shape {
        Shape::Row => format!("{model}.{method}()"),
        _ => format!("{model}.objects…{method}()"),
    };
    let writes = known.is_row() && method != "refresh_from_db" || methods::WRITES.contains(&method);
    let subject = format!("{}.{model}", file.index().name_of(call.scope));
    let headline = format!("{} runs once for each {}", code(&said), code(each.item));
    let fix = match (writes, method) {
        (true, "create" | "get_or_create" | "update_or_create") => {
            "Collect the rows and write them with `bulk_create()` behind the loop, if no `save()` and no signal is needed."
        }
        (true, "save") => {
            "Collect the rows and write them with `bulk_update()`, if no `save()` and no signal is needed."
        }
        (true, _) => "Use one `filter(pk__in=…)` with `update()` or `delete()` behind the loop.",
        _ => "Fetch the rows before the loop, with `in_bulk()` or `filter(pk__in=…)`, and look them up.",
    };
    let severity = if writes || is_command(file.path) { Severity::Advice } else { Severity::Warning };
    out.say(
        call.node,
        subject,
        method,
        headline,
        "With 100 rounds that is 100 queries where one or two would do.",
    )
    .severity(severity)
    .because_of(&each.range)
    .fix(fix);
}
