//! Docstrings: what stands first in a module, class or function, and in which style it is written.

use ruff_python_ast::{ExprStringLiteral, Stmt};
use ruff_text_size::{Ranged, TextRange};

/// The string that opens a body.
#[derive(Clone, Copy, Debug)]
pub struct Docstring<'a>(&'a ExprStringLiteral);

/// A way of writing parameters and results that is not Sphinx's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// `Args:` above lines that are indented.
    Google,
    /// `Parameters` above a line of dashes.
    Numpy,
    /// `@param title: …`
    Epytext,
}

/// `:param str title: …`: what a field is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field<'a> {
    /// `param`
    pub kind: &'a str,
    /// `title`, without the stars of `*args`; `None` for `:returns:`.
    pub name: Option<&'a str>,
}

const GOOGLE: [&str; 12] = [
    "Args",
    "Arguments",
    "Parameters",
    "Params",
    "Keyword Args",
    "Keyword Arguments",
    "Returns",
    "Return",
    "Yields",
    "Raises",
    "Attributes",
    "Kwargs",
];
const NUMPY: [&str; 8] =
    ["Parameters", "Other Parameters", "Returns", "Yields", "Raises", "Attributes", "Receives", "Warns"];
const EPYTEXT: [&str; 8] =
    ["@param", "@type", "@return", "@returns", "@rtype", "@raise", "@raises", "@keyword"];

impl<'a> Docstring<'a> {
    /// The docstring of a body, if it has one.
    pub fn of(body: &'a [Stmt]) -> Option<Self> {
        body.first()?.as_expr_stmt()?.value.as_string_literal_expr().map(Self)
    }

    pub fn text(&self) -> &'a str {
        self.0.value.to_str()
    }

    /// The style in which it tells of parameters and results, where that is another than Sphinx's.
    pub fn foreign_style(&self) -> Option<Style> {
        let mut lines = self.lines().peekable();
        while let Some((indentation, line)) = lines.next() {
            let next = lines.peek().copied();
            if line.strip_suffix(':').is_some_and(|head| GOOGLE.contains(&head))
                && next.is_some_and(|(deeper, _)| deeper > indentation)
            {
                return Some(Style::Google);
            }
            let is_underline = |text: &str| text.len() >= 3 && text.bytes().all(|byte| byte == b'-');
            if NUMPY.contains(&line) && next.is_some_and(|(_, text)| is_underline(text)) {
                return Some(Style::Numpy);
            }
            if line
                .split_whitespace()
                .next()
                .is_some_and(|word| EPYTEXT.contains(&word.trim_end_matches(':')))
                && line.contains(':')
            {
                return Some(Style::Epytext);
            }
        }
        None
    }

    /// Sphinx's fields, in their order.
    pub fn fields(&self) -> impl Iterator<Item = Field<'a>> {
        self.lines().filter_map(|(_, line)| field(line))
    }

    /// Its lines that are not empty, with the number of blanks before them. The first stands behind the quotes and counts
    /// as the outermost.
    fn lines(&self) -> impl Iterator<Item = (usize, &'a str)> {
        let blanks = |line: &str| line.len() - line.trim_start().len();
        let lines = self.text().lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
        lines.map(move |(at, line)| (if at == 0 { 0 } else { blanks(line) }, line.trim()))
    }
}

impl Ranged for Docstring<'_> {
    fn range(&self) -> TextRange {
        self.0.range()
    }
}

/// https://www.sphinx-doc.org/en/master/usage/domains/python.html#info-field-lists
fn field(line: &str) -> Option<Field<'_>> {
    const KINDS: [&str; 23] = [
        "param",
        "parameter",
        "arg",
        "argument",
        "key",
        "keyword",
        "kwarg",
        "type",
        "raise",
        "raises",
        "except",
        "exception",
        "return",
        "returns",
        "rtype",
        "yield",
        "yields",
        "var",
        "ivar",
        "cvar",
        "vartype",
        "meta",
        "attr",
    ];
    let inside = line.strip_prefix(':')?;
    // `:param Dict[str: int] x:` ends with the last colon of its own words.
    let (inside, _) = inside.split_once(": ").or_else(|| inside.strip_suffix(':').map(|all| (all, "")))?;
    let mut words = inside.split_whitespace();
    let kind = words.next().filter(|kind| KINDS.contains(kind))?;
    let name = words.next_back().map(|name| name.trim_start_matches(['*', '\\', '`']).trim_end_matches('`'));
    Some(Field { kind, name: name.filter(|name| !name.is_empty()) })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::source::Text;
    use crate::syntax::python::Module;

    fn style(text: &str) -> Option<Style> {
        let module = Module::parse(&Text::new(&format!("def f(a):\n    \"\"\"{text}\"\"\"\n")));
        let function = module.function("f").unwrap();
        Docstring::of(&function.body).unwrap().foreign_style()
    }

    #[test]
    fn each_style_is_known_by_its_sections() {
        assert_eq!(style("Double it.\n\n    Args:\n        a: number.\n    "), Some(Style::Google));
        assert_eq!(style("Args:\n        a: number.\n    "), Some(Style::Google));
        assert_eq!(
            style("Double it.\n\n    Parameters\n    ----------\n    a : int\n    "),
            Some(Style::Numpy)
        );
        assert_eq!(style("Double it.\n\n    @param a: number\n    "), Some(Style::Epytext));
        for other in [
            "Returns:",
            "Double it.\n\n    :param a: number.\n    ",
            "Example::\n\n        f(1)\n    ",
            "Args: a\n    b",
        ] {
            assert_eq!(style(other), None, "{other}");
        }
    }

    #[test]
    fn fields_are_read_with_and_without_types() {
        let of = |line| field(line).map(|field| (field.kind, field.name));
        assert_eq!(of(":param title: the title"), Some(("param", Some("title"))));
        assert_eq!(of(":param Dict[str, int] by_name: all"), Some(("param", Some("by_name"))));
        assert_eq!(of(":param title:"), Some(("param", Some("title"))));
        assert_eq!(of(r":param \*args: more"), Some(("param", Some("args"))));
        assert_eq!(of(":returns: twice the number"), Some(("returns", None)));
        assert_eq!(of(":class:`Post` is one"), None);
        assert_eq!(of("param a: b"), None);
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in "(:param |Args:|\n|    |@param|---|Parameters|[a-z:*\\\\`]{0,4}|\\PC{0,5}){0,40}") {
            let text = text.replace(['"', '\\'], "");
            let module = Module::parse(&Text::new(&format!("\"\"\"{text}\"\"\"\n")));
            if let Some(docstring) = Docstring::of(module.body()) {
                let _ = docstring.foreign_style();
                let names = docstring.fields().filter_map(|field| field.name);
                prop_assert!(names.into_iter().all(|name| docstring.text().contains(name)));
            }
        }
    }
}
