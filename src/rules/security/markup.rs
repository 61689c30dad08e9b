//! Where a piece of markup comes from: is it escaped, does a request bring it, or can nobody tell?

use ruff_python_ast::{Expr, ExprCall};

use crate::syntax::python::{Module, Piece, string};

/// In the order of harm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Source {
    /// Constant, escaped, or markup already.
    Safe,
    /// Where it comes from cannot be seen.
    Unknown,
    /// An attribute or an element of something: what is stored.
    Stored,
    /// A request or a form brings it.
    Request,
}

/// Assignments and calls that are followed.
const MAX_DEPTH: usize = 6;
const MAX_STEPS: usize = 1_000;

const ESCAPES: [&str; 22] = [
    "bleach.clean",
    "django.template.defaultfilters.escape",
    "django.template.defaultfilters.force_escape",
    "django.template.defaultfilters.linebreaks",
    "django.template.loader.render_to_string",
    "django.templatetags.static.static",
    "django.urls.reverse",
    "django.utils.html.conditional_escape",
    "django.utils.html.escape",
    "django.utils.html.escapejs",
    "django.utils.html.format_html",
    "django.utils.html.format_html_join",
    "django.utils.html.json_script",
    "django.utils.html.strip_tags",
    "django.utils.http.urlencode",
    "django.utils.safestring.mark_safe",
    "html.escape",
    "markupsafe.escape",
    "nh3.clean",
    "urllib.parse.quote",
    "urllib.parse.quote_plus",
    "urllib.parse.urlencode",
];
/// Of a request: what whoever sends it writes.
const WRITTEN: [&str; 11] = [
    "COOKIES",
    "GET",
    "META",
    "POST",
    "body",
    "data",
    "get_full_path",
    "headers",
    "path",
    "path_info",
    "query_params",
];

pub(super) fn source(module: &Module, expr: &Expr) -> Source {
    Tracer { module, left: MAX_STEPS }.of(expr, 0)
}

/// Follows one expression.
struct Tracer<'a> {
    module: &'a Module,
    /// Expressions that may still be looked at: names that are put together of names grow with each line.
    left: usize,
}

impl Tracer<'_> {
    fn of(&mut self, expr: &Expr, depth: usize) -> Source {
        if depth > MAX_DEPTH || self.left == 0 {
            return Source::Unknown;
        }
        self.left -= 1;
        if is_of_request(expr) {
            return Source::Request;
        }
        match expr {
            Expr::StringLiteral(_)
            | Expr::NumberLiteral(_)
            | Expr::BooleanLiteral(_)
            | Expr::NoneLiteral(_) => Source::Safe,
            Expr::Name(name) if is_constant(name.id.as_str()) => Source::Safe,
            Expr::Name(name) => match self.module.index().held_once(name) {
                Some(value) => self.of(value, depth + 1),
                None => Source::Unknown,
            },
            Expr::Attribute(attribute) if is_plain(attribute.attr.as_str()) => Source::Safe,
            Expr::Attribute(_) => Source::Stored,
            Expr::Subscript(subscript) if string(&subscript.slice).is_some_and(is_plain) => Source::Safe,
            Expr::Subscript(subscript) => self.of(&subscript.value, depth + 1).max(Source::Unknown),
            Expr::If(choice) => self.of(&choice.body, depth + 1).max(self.of(&choice.orelse, depth + 1)),
            Expr::BoolOp(either) => {
                either.values.iter().map(|value| self.of(value, depth + 1)).max().unwrap_or(Source::Unknown)
            }
            Expr::FString(_) | Expr::BinOp(_) => self.of_pieces(expr, depth),
            Expr::Call(call) if is_built(call) => self.of_pieces(expr, depth),
            Expr::Call(call) => self.of_call(call, depth),
            _ => Source::Unknown,
        }
    }

    fn of_call(&mut self, call: &ExprCall, depth: usize) -> Source {
        const TEXT: [&str; 7] = ["lower", "upper", "strip", "title", "capitalize", "replace", "strftime"];
        if let Some(callee) = self.module.qualified(&call.func) {
            let is_translation = callee.starts_with("django.utils.translation.");
            let is_number = callee.is_plain()
                && matches!(callee.last(), "int" | "len" | "float" | "id" | "round" | "sum");
            if is_translation || is_number || ESCAPES.iter().any(|name| callee == *name) {
                return Source::Safe;
            }
            if callee.is_plain() && callee.last() == "str" {
                return call
                    .arguments
                    .find_positional(0)
                    .map_or(Source::Safe, |inner| self.of(inner, depth + 1));
            }
        }
        match &*call.func {
            Expr::Attribute(method) if TEXT.contains(&method.attr.as_str()) => {
                self.of(&method.value, depth + 1)
            }
            // A template escapes for itself.
            Expr::Attribute(method) if method.attr.as_str() == "render" => Source::Safe,
            _ => Source::Unknown,
        }
    }

    fn of_pieces(&mut self, expr: &Expr, depth: usize) -> Source {
        let Some(pieces) = self.module.pieces(expr) else { return Source::Unknown };
        let source = |piece: &Piece<'_>| match piece {
            Piece::Hole(hole) => self.of(hole.expr, depth + 1),
            _ => Source::Safe,
        };
        pieces.iter().map(source).max().unwrap_or(Source::Safe)
    }
}

/// `"…".format(…)`, `"".join(…)`
fn is_built(call: &ExprCall) -> bool {
    matches!(&*call.func, Expr::Attribute(method) if matches!(method.attr.as_str(), "format" | "join"))
}

/// `request.GET["q"]`, `self.request.POST.get("q", "")`, `form.cleaned_data["text"]`
fn is_of_request(expr: &Expr) -> bool {
    let mut rest = expr;
    loop {
        match rest {
            Expr::Attribute(attribute) if attribute.attr.as_str() == "cleaned_data" => return true,
            Expr::Attribute(attribute) => {
                if WRITTEN.contains(&attribute.attr.as_str()) && is_request(&attribute.value) {
                    return true;
                }
                rest = &attribute.value;
            }
            Expr::Subscript(subscript) => rest = &subscript.value,
            Expr::Call(call) => match &*call.func {
                Expr::Attribute(method)
                    if matches!(
                        method.attr.as_str(),
                        "get" | "getlist" | "strip" | "lower" | "decode" | "get_full_path"
                    ) =>
                {
                    rest = &call.func;
                }
                _ => return false,
            },
            _ => return false,
        }
    }
}

/// `request`, `self.request`
fn is_request(expr: &Expr) -> bool {
    match expr {
        Expr::Name(name) => name.id.as_str() == "request",
        Expr::Attribute(attribute) => attribute.attr.as_str() == "request",
        _ => false,
    }
}

/// `ICON`, a name that nobody assigns twice.
fn is_constant(name: &str) -> bool {
    name.chars().any(|c| c.is_ascii_uppercase()) && name == name.to_ascii_uppercase()
}

/// What holds numbers, or is a constant of the settings or of a class.
fn is_plain(name: &str) -> bool {
    const NUMBERS: [&str; 12] =
        ["id", "pk", "count", "total", "width", "height", "size", "number", "index", "order", "year", "uuid"];
    let last = name.rsplit('_').next().unwrap_or(name);
    is_constant(name) || NUMBERS.contains(&last)
}
