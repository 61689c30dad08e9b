//! Patterns of routes: what they take out of a URL.

use ruff_python_ast::Expr;

use crate::syntax::python::{Module, string};

/// How a pattern is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Syntax {
    /// `path("posts/<int:pk>/", …)`
    Path,
    /// `re_path(r"^posts/(?P<pk>\d+)/$", …)`
    Regex,
}

/// The first argument of a route.
#[derive(Clone, Copy, Debug)]
pub struct Pattern<'a> {
    pub syntax: Syntax,
    /// `None`: it is built where nobody can read it.
    pub text: Option<&'a str>,
    pub at: &'a Expr,
}

/// What a pattern gives to the view.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    pub name: String,
    pub takes: Takes,
}

/// What stands for a parameter in a URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Takes {
    /// `str`, `int`, `slug`, `uuid`, `path` or one of the project's own.
    Converter(String),
    Regex(String),
}

impl Parameter {
    /// Are it digits only?
    pub fn is_number(&self) -> bool {
        match &self.takes {
            Takes::Converter(name) => name == "int",
            Takes::Regex(regex) => is_digits(regex),
        }
    }
}

/// `\d+`, `[0-9]+`, `[1-9][0-9]*`, `\d{1,8}`
fn is_digits(regex: &str) -> bool {
    let mut rest = regex;
    let mut some = false;
    while !rest.is_empty() {
        let Some(behind) = [r"\d", "[0-9]", r"[\d]", "[1-9]"].iter().find_map(|d| rest.strip_prefix(d))
        else {
            return false;
        };
        some = true;
        rest = behind.strip_prefix(['+', '*', '?']).unwrap_or(behind);
        if let Some((times, behind)) = rest.strip_prefix('{').and_then(|rest| rest.split_once('}')) {
            if !times.chars().all(|c| c.is_ascii_digit() || c == ',') {
                return false;
            }
            rest = behind;
        }
    }
    some
}

impl<'a> Pattern<'a> {
    /// Reads the argument; a text that is translated is taken as it is written.
    pub(super) fn read(module: &'a Module, syntax: Syntax, at: &'a Expr) -> Self {
        let text = match at {
            Expr::Call(call) => {
                let name = module.qualified(&call.func);
                let translated = name.is_some_and(|name| name.is_in("django.utils.translation"));
                call.arguments.args.last().filter(|_| translated).and_then(string)
            }
            other => string(other),
        };
        Self { syntax, text, at }
    }

    pub fn parameters(&self) -> Vec<Parameter> {
        match (self.syntax, self.text) {
            (_, None) => Vec::new(),
            (Syntax::Path, Some(text)) => of_path(text),
            (Syntax::Regex, Some(text)) => of_regex(text),
        }
    }
}

/// https://github.com/django/django/blob/5.2/django/urls/resolvers.py: `_PATH_PARAMETER_COMPONENT_RE`.
fn of_path(text: &str) -> Vec<Parameter> {
    let components = text.split('<').skip(1).filter_map(|part| part.split_once('>').map(|(inner, _)| inner));
    let parameter = |inner: &str| {
        let (converter, name) = inner.split_once(':').unwrap_or(("str", inner));
        Parameter { name: name.to_owned(), takes: Takes::Converter(converter.to_owned()) }
    };
    components.map(parameter).collect()
}

/// The named groups: where there is one, the others are not given to the view.
fn of_regex(text: &str) -> Vec<Parameter> {
    let named = text.match_indices("(?P<").filter_map(|(at, open)| {
        let (name, rest) = text[at + open.len()..].split_once('>')?;
        let takes = Takes::Regex(rest[..group_end(rest)].to_owned());
        Some(Parameter { name: name.to_owned(), takes })
    });
    named.collect()
}

/// The longest group that is looked through.
const MAX_GROUP: usize = 200;

/// Where the bracket is that ends a group whose inside begins here.
fn group_end(inside: &str) -> usize {
    let (mut depth, mut in_class, mut escaped) = (0_usize, false, false);
    for (at, byte) in inside.bytes().enumerate().take(MAX_GROUP) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'[' => in_class = true,
            b']' => in_class = false,
            b'(' if !in_class => depth += 1,
            b')' if !in_class && depth == 0 => return at,
            b')' if !in_class => depth -= 1,
            _ => {}
        }
    }
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(parameters: Vec<Parameter>) -> String {
        let shown = parameters.iter().map(|parameter| match &parameter.takes {
            Takes::Converter(name) => format!("{}:{name}", parameter.name),
            Takes::Regex(regex) => format!("{}~{regex}", parameter.name),
        });
        shown.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn parameters_are_taken_out_of_both_syntaxes() {
        assert_eq!(shown(of_path("a/<int:pk>/<slug>/<path:rest>")), "pk:int slug:str rest:path");
        assert_eq!(shown(of_path("a/<pk")), "");
        let regex = r"^a/(?P<pk>\d+)/(?P<name>[\w)]+(x|y))/(\d+)/$";
        assert_eq!(shown(of_regex(regex)), r"pk~\d+ name~[\w)]+(x|y)");
    }

    #[test]
    fn digits_are_told_from_other_text() {
        for digits in [r"\d+", "[0-9]+", r"[1-9]\d*", r"\d{1,8}", r"\d{4}"] {
            assert!(is_digits(digits), "{digits}");
        }
        for other in ["", r"\w+", r"[\d-]+", r"\d+-\w+", r"\d{4", "[a-f0-9]+"] {
            assert!(!is_digits(other), "{other}");
        }
    }
}
