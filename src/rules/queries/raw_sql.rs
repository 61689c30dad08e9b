use ruff_python_ast::{Expr, Stmt};
use ruff_text_size::{Ranged, TextRange};

use crate::model::catalogue;
use crate::model::finding::{Severity, code};
use crate::project::django::instances::{Instances, Shape};
use crate::rules::look::code_with_others;
use crate::rules::python::{PythonFile, Report};
use crate::rules::{Against, Look, Rule};
use crate::source::NotLoaded;
use crate::syntax::python::{BindingKind, BlockKind, Call, Module, ScopeId, string};

use super::sql_text::{self, SqlText};

pub(super) static RULE: Rule = Rule {
    entry: &catalogue::QRY005,
    page: include_str!("raw_sql.md"),
    against: Against::ChangedLines,
    looks: &[Look::Python(code_with_others, check)],
};

/// Places that bind the name of one cursor: more are not gone through.
const MAX_BINDINGS: usize = 100;
/// Comments that tell tools something, not people.
const FOR_TOOLS: [&str; 8] = ["noqa", "nosec", "type:", "pylint", "fmt:", "pragma", "isort", "ruff"];

fn check(file: &PythonFile<'_>, out: &mut Report<'_>) -> Result<(), NotLoaded> {
    let instances = Instances::new(file.project(), file.path, file.module);
    for method in ["execute", "executemany", "callproc", "RawSQL", "raw", "extra"] {
        for call in file.index().calls_of(method) {
            if is_raw(file, &instances, method, call)? {
                say(file, call, out);
            }
        }
    }
    Ok(())
}

fn is_raw<'a>(
    file: &PythonFile<'a>,
    instances: &Instances<'a>,
    method: &str,
    call: &Call<'a>,
) -> Result<bool, NotLoaded> {
    if method == "RawSQL" {
        let name = file.module.qualified(&call.node.func);
        return Ok(name.is_some_and(|name| name == "django.db.models.expressions.RawSQL"));
    }
    let Some(receiver) = call.node.func.as_attribute_expr().map(|method| &*method.value) else {
        return Ok(false);
    };
    match method {
        "raw" | "extra" => {
            let known = instances.of(receiver, call.scope)?;
            let is_of_rows = |shape| matches!(shape, Shape::Rows(_) | Shape::Manager(_) | Shape::Related(_));
            Ok(known.is_some_and(|known| is_of_rows(known.shape)))
        }
        _ => Ok(is_cursor(file.module, receiver, call)),
    }
}

/// `connection.cursor()`, and a name for it.
fn is_cursor(module: &Module, expr: &Expr, call: &Call<'_>) -> bool {
    let Expr::Name(name) = expr else { return makes_cursor(module, expr) };
    let index = module.index();
    let own = index.scope(call.scope).function.map(|id| index.function(id).body);
    let scopes = own.into_iter().chain([ScopeId::MODULE]);
    let bindings = scopes.flat_map(|scope| index.bindings_in(scope, name.id.as_str())).take(MAX_BINDINGS);
    bindings
        .filter(|binding| matches!(binding.kind, BindingKind::With | BindingKind::Assigned))
        .any(|binding| binding.value.is_some_and(|value| makes_cursor(module, value)))
}

fn makes_cursor(module: &Module, expr: &Expr) -> bool {
    let method = expr.as_call_expr().and_then(|call| call.func.as_attribute_expr());
    let Some(method) = method.filter(|method| method.attr.as_str() == "cursor") else { return false };
    let connection = match &*method.value {
        Expr::Name(name) => module.index().held_once(name).unwrap_or(&method.value),
        other => other,
    };
    match connection {
        Expr::Subscript(item) => {
            module.qualified(&item.value).is_some_and(|name| name == "django.db.connections")
        }
        other => module.qualified(other).is_some_and(|name| name == "django.db.connection"),
    }
}

fn say(file: &PythonFile<'_>, call: &Call<'_>, out: &mut Report<'_>) {
    let sql = call.node.arguments.args.first();
    let text = sql.map_or(SqlText::Unknown, |sql| sql_text::read(file.module, sql));
    let written: String = file.module.source(&*call.node.func).split_whitespace().collect();
    let subject = file.index().name_of(call.scope);
    if let SqlText::Value(value) = &text {
        let headline = format!("{} is put into the SQL of {} as text", code(value), code(&written));
        let consequence = format!("Who can choose {} chooses what the database runs.", code(value));
        out.say(call.node, subject, value.clone(), headline, consequence).severity(Severity::Error).fix(
            format!(
                "Write {} in its place, without quotes, and pass {} as the parameters.",
                code("%s"),
                code(&format!("[{value}]"))
            ),
        );
        return;
    }
    if is_probe(&text) || is_explained(file, call, sql) {
        return;
    }
    let headline = format!("{} runs raw SQL, and no comment says why", code(&written));
    let consequence = match &text {
        SqlText::Fragment(part) => format!(
            "The next reader cannot tell whether the ORM could do it, nor whether {} is safe to put into SQL.",
            code(part)
        ),
        _ => "The next reader cannot tell whether the ORM could do it; other databases and renamed columns break it unseen."
            .to_owned(),
    };
    let fault = match written.rsplit('.').next() {
        Some(last) => last.to_owned(),
        None => written,
    };
    out.say(call.node, subject, fault, headline, consequence)
        .warning()
        .fix("Use the ORM, or say in a comment above what it cannot do.");
}

/// Is the database only asked whether it is there?
fn is_probe(text: &SqlText) -> bool {
    let SqlText::Constant(text) = text else { return false };
    let plain = text.trim().trim_end_matches(';').split_whitespace().collect::<Vec<_>>().join(" ");
    plain.eq_ignore_ascii_case("select 1")
}

/// Does a comment stand at the call, at its SQL or at the `with` around it, up to three lines above, or tell the
/// function's docstring of SQL?
fn is_explained(file: &PythonFile<'_>, call: &Call<'_>, sql: Option<&Expr>) -> bool {
    let index = file.index();
    let mut places = vec![call.statement, call.node.range()];
    let held = sql.and_then(Expr::as_name_expr).and_then(|name| index.held_once(name));
    places.extend(held.map(Ranged::range));
    places.extend(index.blocks_around(call).filter_map(|block| match block {
        BlockKind::With(with) => with.items.first().map(Ranged::range),
        _ => None,
    }));
    places.into_iter().any(|place| has_comment(file, place))
        || docstring(file, call).is_some_and(|text| {
            let text = text.to_ascii_lowercase();
            ["sql", "raw", "query"].iter().any(|word| text.contains(word))
        })
}

fn has_comment(file: &PythonFile<'_>, place: TextRange) -> bool {
    let lines = file.module.span(&place).lines();
    let comments = file.index().comments_on(lines.start.saturating_sub(3).max(1)..=lines.end - 1);
    comments.iter().any(|comment| {
        let text = comment.text.trim_start_matches('#').trim_start();
        !FOR_TOOLS.iter().any(|word| text.starts_with(word))
    })
}

fn docstring<'a>(file: &PythonFile<'a>, call: &Call<'_>) -> Option<&'a str> {
    let function = file.index().scope(call.scope).function?;
    match file.index().function(function).node.body.first()? {
        Stmt::Expr(first) => string(&first.value),
        _ => None,
    }
}
