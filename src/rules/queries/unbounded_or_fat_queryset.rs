use ruff_python_ast::{Expr, Stmt};
use ruff_text_size::Ranged;

use crate::model::catalogue;
use crate::model::finding::{FixSafety, code};
use crate::project::django::instances::{Instances, Shape};
use crate::rules::look::code_with_others;
use crate::rules::python::{PythonFile, Report};
use crate::rules::{Against, Look, Rule};
use crate::source::NotLoaded;
use crate::syntax::python::ScopeId;

pub(super) static RULE: Rule = Rule {
    entry: &catalogue::QRY004,
    page: include_str!("unbounded_or_fat_queryset.md"),
    against: Against::ChangedLines,
    looks: &[Look::Python(code_with_others, check)],
};

fn check(file: &PythonFile<'_>, out: &mut Report<'_>) -> Result<(), NotLoaded> {
    let instances = Instances::new(file.project(), file.path, file.module);
    for call in file.index().calls_of("len") {
        let is_len = call.node.func.as_name_expr().is_some() && call.node.arguments.keywords.is_empty();
        let [rows] = &*call.node.arguments.args else { continue };
        if is_len && is_thrown_away(&instances, rows, call.scope)? {
            let written = file.module.source(rows);
            let headline = format!("{} fetches every row to count them", code(file.module.source(call.node)));
            let consequence =
                "All their columns come over the wire and become objects; the database can count by itself.";
            out.say(call.node, file.index().name_of(call.scope), "len", headline, consequence).edit(
                FixSafety::Safe,
                "Let the database count.",
                vec![file.replace(call.node, format!("{written}.count()"))],
            );
        }
    }
    for (scope, statement) in file.index().statements() {
        let Stmt::If(branch) = statement else { continue };
        let rows = match &*branch.test {
            Expr::UnaryOp(not) if not.op.is_not() => &*not.operand,
            test => test,
        };
        if is_thrown_away(&instances, rows, scope)? {
            let headline = format!(
                "{} fetches every row to see whether there is one",
                code(&format!("if {}", file.module.source(&*branch.test)))
            );
            let consequence =
                "All their columns come over the wire and become objects, and nobody uses them.";
            out.say(&*branch.test, file.index().name_of(scope), "if rows", headline, consequence).edit(
                FixSafety::Safe,
                "Ask whether there is one.",
                vec![file.insert(rows.end(), ".exists()")],
            );
        }
    }
    Ok(())
}

/// Is it a query set that no name holds, so that its rows are used for nothing else?
fn is_thrown_away<'a>(instances: &Instances<'a>, rows: &'a Expr, scope: ScopeId) -> Result<bool, NotLoaded> {
    let Some(method) = rows.as_call_expr().and_then(|call| call.func.as_attribute_expr()) else {
        return Ok(false);
    };
    if matches!(method.attr.as_str(), "iterator" | "union" | "intersection" | "difference") {
        return Ok(false);
    }
    let known = instances.of(rows, scope)?;
    // What a related manager gives may be fetched already.
    Ok(known.is_some_and(|known| match known.shape {
        Shape::Rows(loads) => !loads.is_opaque && !loads.is_related,
        _ => false,
    }))
}
