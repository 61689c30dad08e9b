use ruff_python_ast::{Expr, Stmt};
use ruff_text_size::Ranged;

use super::markup::{Source, source};
use crate::model::catalogue;
use crate::model::finding::{Confidence, code};
use crate::rules::look::code as python_code;
use crate::rules::python::{PythonFile, Report};
use crate::rules::{Against, Look, Rule};
use crate::source::NotLoaded;
use crate::source::tree::file_name;
use crate::syntax::python::{Function, Piece, normalised_expr};

pub(super) static RULE: Rule = Rule {
    entry: &catalogue::SEC003,
    page: include_str!("unsafe_markup.md"),
    against: Against::ChangedLines,
    looks: &[Look::Python(python_code, check)],
};

const TRUSTED: [&str; 4] = [
    "django.utils.safestring.mark_safe",
    "django.utils.safestring.SafeString",
    "django.utils.safestring.SafeText",
    "markupsafe.Markup",
];
const FORMAT: &str = "django.utils.html.format_html";

fn check(file: &PythonFile<'_>, out: &mut Report<'_>) -> Result<(), NotLoaded> {
    for last in ["mark_safe", "SafeString", "SafeText", "Markup", "format_html"] {
        for call in file.index().calls_of(last) {
            let Some(callee) = file.module.qualified(&call.node.func) else { continue };
            let Some(markup) = call.node.arguments.find_positional(0) else { continue };
            let name = file.index().name_of(call.scope);
            let is_trusted = TRUSTED.iter().any(|trusted| callee == *trusted);
            if is_trusted || (callee == FORMAT && !markup.is_string_literal_expr()) {
                judge(file, Markup { expr: markup, by: last, name }, out);
            }
        }
    }
    for function in file.index().functions() {
        if is_marked(file, function) {
            let returned = file.index().scope(function.body).statements.iter();
            for value in
                returned.filter_map(|s| if let Stmt::Return(r) = s.node { r.value.as_deref() } else { None })
            {
                let name = file.index().name_of(function.body);
                judge(file, Markup { expr: value, by: "mark_safe", name }, out);
            }
        }
    }
    Ok(())
}

/// `@mark_safe`
fn is_marked(file: &PythonFile<'_>, function: &Function<'_>) -> bool {
    let decorators = function.node.decorator_list.iter();
    decorators.filter_map(|d| file.module.qualified(&d.expression)).any(|name| name == TRUSTED[0])
}

/// What is trusted, by what, and where.
struct Markup<'a> {
    expr: &'a Expr,
    by: &'static str,
    name: String,
}

fn judge(file: &PythonFile<'_>, markup: Markup<'_>, out: &mut Report<'_>) {
    let Some((worst, from)) = worst(file, markup.expr) else { return };
    let written = file.module.source(worst);
    let headline = format!("{} trusts {} in {}", code(markup.by), code(written), code(&markup.name));
    let consequence = match from {
        Source::Request => "A link can carry a script that runs in the page with the visitor's login.",
        _ => "If anybody can write markup into it, their script runs in the page of whoever looks at it.",
    };
    let said = out
        .say(worst, markup.name.clone(), normalised_expr(worst), headline, consequence)
        .because_of(markup.expr);
    let said = said.fix(fix(file, &markup));
    if from != Source::Request {
        said.warning().confidence(Confidence::Likely);
    } else if file_name(file.path) == "admin.py" {
        said.warning();
    }
}

/// The part that is least to be trusted, if any is: of markup that is put together its holes, else the whole.
fn worst<'a>(file: &PythonFile<'a>, expr: &'a Expr) -> Option<(&'a Expr, Source)> {
    let value = match expr {
        Expr::Name(name) => file.index().held_once(name).unwrap_or(expr),
        other => other,
    };
    let Some(pieces) = file.module.pieces(value) else {
        // Without markup around it, nobody knows whether it is trusted on purpose.
        let from = source(file.module, expr);
        return (from == Source::Request).then_some((expr, from));
    };
    let has_markup = pieces.iter().any(|piece| matches!(piece, Piece::Text(text) if text.contains('<')));
    let holes = pieces.iter().filter_map(|piece| match piece {
        Piece::Hole(hole) => Some((hole.expr, source(file.module, hole.expr))),
        _ => None,
    });
    let worst = holes.max_by_key(|(expr, from)| (*from, std::cmp::Reverse(expr.start())))?;
    (worst.1 == Source::Request || (worst.1 == Source::Stored && has_markup)).then_some(worst)
}

/// `format_html` with the same text and its holes as arguments.
fn fix(file: &PythonFile<'_>, markup: &Markup<'_>) -> String {
    const LONGEST: usize = 100;
    let general = "Build it with `format_html(\"…{}…\", value)`, which escapes what it puts in; clean markup that people write with `nh3.clean`.";
    let Some(pieces) = file.module.pieces(markup.expr) else { return general.to_owned() };
    let (mut text, mut values) = (String::new(), String::new());
    for piece in &pieces {
        match piece {
            Piece::Text(more) => text.push_str(&more.replace('{', "{{").replace('}', "}}")),
            Piece::Hole(hole) => {
                text.push_str("{}");
                values.push_str(", ");
                values.push_str(file.module.source(hole.expr));
            }
            Piece::Eaten(_) => return general.to_owned(),
        }
    }
    let quote = if text.contains('"') { '\'' } else { '"' };
    let is_hard_to_quote = text.contains(['\n', '\\']) || (text.contains('"') && text.contains('\''));
    let whole = format!("format_html({quote}{text}{quote}{values})");
    if is_hard_to_quote || whole.len() > LONGEST {
        general.to_owned()
    } else {
        format!("Write {}.", code(&whole))
    }
}
