//! What a string is built of: constant text, and holes with the expressions that fill them. Reads f-strings, `.format`,
//! `.format_map`, `%`, `+` and `join`; constants are followed through one assignment. What a `%` template says is in
//! `percent.rs`.

use ruff_python_ast::{Expr, ExprCall, FStringPart, InterpolatedStringElement, Operator, StringFlags};

use super::percent::{self, Part};
use super::{Module, string};

/// More pieces of one string are not told.
const MAX_PIECES: usize = 200;

/// A part of a built string.
#[derive(Clone, Debug)]
pub enum Piece<'a> {
    Text(String),
    Hole(HoleExpr<'a>),
    /// `%40` of a `%` template: meant as text, and Python takes it for a conversion.
    Eaten(&'a str),
}

/// What fills a hole.
#[derive(Clone, Copy, Debug)]
pub struct HoleExpr<'a> {
    pub expr: &'a Expr,
    /// The name of its field, in a template that names it: `%(password)s`, `{password}`, `{parsed.password}`.
    pub field: Option<&'a str>,
    /// The quotes of the f-string around it: an edit must not use them.
    pub inside: Option<&'static str>,
    /// The expression can be wrapped where it stands: no `!r`, no `=`, not found through another name.
    pub can_wrap: bool,
}

impl Module {
    /// The pieces of an expression that builds a string; `None` for any other.
    pub fn pieces<'a>(&'a self, expr: &'a Expr) -> Option<Vec<Piece<'a>>> {
        let mut pieces = Builder { module: self }.read(expr, 0)?;
        pieces.truncate(MAX_PIECES);
        Some(pieces)
    }
}

/// Reads the strings of one file. `depth`: how many names and branches were followed.
#[derive(Clone, Copy)]
struct Builder<'a> {
    module: &'a Module,
}

impl<'a> Builder<'a> {
    fn read(&self, expr: &'a Expr, depth: usize) -> Option<Vec<Piece<'a>>> {
        match expr {
            Expr::StringLiteral(_) => Some(vec![Piece::Text(string(expr)?.to_owned())]),
            Expr::FString(_) => Some(self.f_string(expr, depth)),
            Expr::BinOp(op) if op.op == Operator::Add => self.sum(expr, depth),
            Expr::BinOp(op) if op.op == Operator::Mod => {
                let template = self.constant(&op.left)?;
                Some(self.fill_percent(template, &op.right, depth))
            }
            Expr::Call(call) => self.call(call, depth),
            _ => None,
        }
    }

    /// `a + b + c`, read from the left without recursion. It builds a string when one of its parts does.
    fn sum(&self, expr: &'a Expr, depth: usize) -> Option<Vec<Piece<'a>>> {
        let mut operands = Vec::new();
        let mut rest = expr;
        while let Expr::BinOp(op) = rest
            && op.op == Operator::Add
            && operands.len() < MAX_PIECES
        {
            operands.push(&*op.right);
            rest = &op.left;
        }
        operands.push(rest);
        let read: Vec<_> =
            operands.iter().rev().map(|operand| (*operand, self.read(operand, depth))).collect();
        read.iter().any(|(_, pieces)| pieces.is_some()).then(|| {
            let piece = |(operand, pieces): (&'a Expr, Option<Vec<Piece<'a>>>)| {
                pieces.unwrap_or_else(|| self.filled(operand, None, true, depth))
            };
            read.into_iter().flat_map(piece).collect()
        })
    }

    fn f_string(&self, expr: &'a Expr, depth: usize) -> Vec<Piece<'a>> {
        let Expr::FString(f_string) = expr else { return Vec::new() };
        let mut pieces = Vec::new();
        for part in f_string.value.as_slice() {
            match part {
                FStringPart::Literal(literal) => pieces.push(Piece::Text(literal.value.to_string())),
                FStringPart::FString(part) => {
                    let inside = Some(part.flags.quote_str());
                    for element in part.elements.iter() {
                        match element {
                            InterpolatedStringElement::Literal(text) => {
                                pieces.push(Piece::Text(text.value.to_string()));
                            }
                            InterpolatedStringElement::Interpolation(hole) => {
                                let plain = hole.debug_text.is_none()
                                    && hole.conversion.is_none()
                                    && hole.format_spec.is_none();
                                pieces.extend(self.filled(&hole.expression, inside, plain, depth));
                            }
                        }
                    }
                }
            }
        }
        pieces
    }

    fn call(&self, call: &'a ExprCall, depth: usize) -> Option<Vec<Piece<'a>>> {
        let method = call.func.as_attribute_expr()?;
        match method.attr.as_str() {
            "format" => {
                let unpacked = call.arguments.keywords.iter().find(|keyword| keyword.arg.is_none());
                let values = unpacked.map(|keyword| &keyword.value);
                Some(self.fill_format(self.constant(&method.value)?, call, values, depth))
            }
            "format_map" => {
                let values = call.arguments.find_positional(0);
                Some(self.fill_format(self.constant(&method.value)?, call, values, depth))
            }
            "join" => {
                let separator = self.constant(&method.value)?;
                let items = match call.arguments.find_positional(0)? {
                    Expr::List(list) => &list.elts,
                    Expr::Tuple(tuple) => &tuple.elts,
                    _ => return None,
                };
                let mut pieces = Vec::new();
                for (index, item) in items.iter().take(MAX_PIECES).enumerate() {
                    if index > 0 {
                        pieces.push(Piece::Text(separator.to_owned()));
                    }
                    pieces.extend(
                        self.read(item, depth).unwrap_or_else(|| self.filled(item, None, true, depth)),
                    );
                }
                Some(pieces)
            }
            _ => None,
        }
    }

    /// `%s`, `%(name)s`, `%%`.
    fn fill_percent(&self, template: &'a str, values: &'a Expr, depth: usize) -> Vec<Piece<'a>> {
        let positional: Vec<&'a Expr> = match values {
            Expr::Tuple(tuple) => tuple.elts.iter().collect(),
            other => vec![other],
        };
        let parts = percent::parts(template, self.percent_values(values));
        let mut next = positional.into_iter();
        let mut pieces = Vec::new();
        for part in parts {
            match part {
                Part::Text(text) => pieces.push(Piece::Text(text.to_owned())),
                Part::Eaten(text) => pieces.push(Piece::Eaten(text)),
                Part::Conversion(Some(name)) => {
                    let value = self.entry(values, name);
                    pieces.extend(self.named(name, value.unwrap_or(values), value.is_some(), depth));
                }
                Part::Conversion(None) => {
                    let value = next.next();
                    pieces.extend(self.maybe_filled(value.unwrap_or(values), value.is_some(), depth));
                }
            }
        }
        pieces
    }

    /// How many values a `%` template gets, where that can be seen: a mapping is one that names them.
    fn percent_values(&self, values: &Expr) -> percent::Values {
        let held = values.as_name_expr().and_then(|name| self.module.index().held_once(name));
        match held.unwrap_or(values) {
            Expr::Tuple(tuple) if tuple.elts.iter().any(Expr::is_starred_expr) => percent::Values::Unknown,
            Expr::Tuple(tuple) => percent::Values::Several(tuple.elts.len()),
            Expr::Dict(_) => percent::Values::Mapping,
            Expr::Name(_) | Expr::Call(_) | Expr::Attribute(_) => percent::Values::Unknown,
            _ => percent::Values::Several(1),
        }
    }

    /// `{}`, `{0}`, `{name}`, `{{`. `values`: what is unpacked or mapped, and holds what no argument names.
    fn fill_format(
        &self,
        template: &'a str,
        call: &'a ExprCall,
        values: Option<&'a Expr>,
        depth: usize,
    ) -> Vec<Piece<'a>> {
        let mut pieces = Vec::new();
        let (mut rest, mut counter) = (template, 0);
        while let Some(at) = rest.find(['{', '}']) {
            pieces.push(Piece::Text(rest[..at].to_owned()));
            let (brace, behind) = (&rest[at..=at], &rest[at + 1..]);
            if let Some(behind) = behind.strip_prefix(brace) {
                pieces.push(Piece::Text(brace.to_owned()));
                rest = behind;
                continue;
            }
            let Some((field, behind)) = behind.split_once('}').filter(|_| brace == "{") else {
                rest = behind;
                continue;
            };
            let name = field.split([':', '!', '.', '[']).next().unwrap_or("");
            let index = if name.is_empty() { Some(counter) } else { name.parse().ok() };
            counter += usize::from(name.is_empty());
            let value = match index {
                Some(index) => call.arguments.args.get(index),
                None => call.arguments.find_keyword(name).map(|keyword| &keyword.value),
            };
            let starred = call.arguments.args.iter().any(Expr::is_starred_expr);
            let known = value.filter(|_| !starred || index.is_none());
            // What they hold under this name is as raw as anything else.
            let other = values.map(|values| self.entry(values, name).unwrap_or(values));
            let can_wrap = known.is_some() && (field.is_empty() || name == field);
            let field = field.split([':', '!']).next().unwrap_or("");
            pieces.extend(self.named(field, known.or(other).unwrap_or(&call.func), can_wrap, depth));
            rest = behind;
        }
        pieces.push(Piece::Text(rest.to_owned()));
        pieces
    }

    /// The same for a field with a name.
    fn named(&self, name: &'a str, expr: &'a Expr, can_wrap: bool, depth: usize) -> Vec<Piece<'a>> {
        let field = Some(name).filter(|name| !name.is_empty());
        let named = |piece| match piece {
            Piece::Hole(hole) => Piece::Hole(HoleExpr { field: field.or(hole.field), ..hole }),
            text => text,
        };
        self.maybe_filled(expr, can_wrap, depth).into_iter().map(named).collect()
    }

    fn maybe_filled(&self, expr: &'a Expr, can_wrap: bool, depth: usize) -> Vec<Piece<'a>> {
        if can_wrap {
            return self.filled(expr, None, true, depth);
        }
        vec![Piece::Hole(HoleExpr { expr, field: None, inside: None, can_wrap })]
    }

    /// What fills a hole: a constant, a built string one assignment away, or the expression itself.
    fn filled(
        &self,
        expr: &'a Expr,
        inside: Option<&'static str>,
        can_wrap: bool,
        depth: usize,
    ) -> Vec<Piece<'a>> {
        const MAX_DEPTH: usize = 2;
        let hole = || vec![Piece::Hole(HoleExpr { expr, field: None, inside, can_wrap })];
        if depth >= MAX_DEPTH {
            return hole();
        }
        let found = match expr {
            Expr::Name(name) => {
                self.module.index().held_once(name).and_then(|value| self.branch(value, depth + 1))
            }
            Expr::Subscript(_) => self.looked_up(expr, 0).and_then(|value| self.branch(value, depth + 1)),
            Expr::NumberLiteral(_) => Some(vec![Piece::Text(self.module.source(expr).to_owned())]),
            other => self.branch(other, depth + 1),
        };
        let through_a_name = matches!(expr, Expr::Name(_) | Expr::Subscript(_));
        let unwrapped = |piece: Piece<'a>| match piece {
            Piece::Hole(hole) if through_a_name => Piece::Hole(HoleExpr { can_wrap: false, ..hole }),
            piece => piece,
        };
        found.map_or_else(hole, |pieces| pieces.into_iter().map(unwrapped).collect())
    }

    /// A built string; of `a if c else b` the one with more in it (`f":{password}@" if password else ""`).
    fn branch(&self, expr: &'a Expr, depth: usize) -> Option<Vec<Piece<'a>>> {
        match expr {
            Expr::If(choice) => {
                let (yes, no) = (self.read(&choice.body, depth)?, self.read(&choice.orelse, depth)?);
                Some(if no.len() > yes.len() { no } else { yes })
            }
            other => self.read(other, depth),
        }
    }

    /// `CACHES["default"]["PASSWORD"]` of a dict display that is assigned once.
    fn looked_up(&self, expr: &'a Expr, depth: usize) -> Option<&'a Expr> {
        const DEEPEST: usize = 6;
        match expr {
            Expr::Subscript(subscript) if depth < DEEPEST => {
                let outer = self.looked_up(&subscript.value, depth + 1)?;
                self.entry(outer, string(&subscript.slice)?)
            }
            Expr::Name(name) => self.module.index().held_once(name),
            _ => None,
        }
    }

    /// A literal, or a name that is assigned one.
    fn constant(&self, expr: &'a Expr) -> Option<&'a str> {
        let value = match expr {
            Expr::Name(name) => self.module.index().held_once(name)?,
            other => other,
        };
        string(value)
    }

    /// The value of a key in a dict display or a `dict(key=…)` call, also one assignment away.
    fn entry(&self, values: &'a Expr, name: &str) -> Option<&'a Expr> {
        let values = match values {
            Expr::Name(own) => self.module.index().held_once(own)?,
            other => other,
        };
        match values {
            Expr::Dict(dict) => {
                let own = |key: &Option<Expr>| key.as_ref().and_then(string) == Some(name);
                dict.items.iter().find(|item| own(&item.key)).map(|item| &item.value)
            }
            Expr::Call(call) => call.arguments.find_keyword(name).map(|keyword| &keyword.value),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Text;

    /// The pieces of what the last line assigns to `URL`, with the source of its holes in braces.
    fn pieces(source: &str) -> Option<String> {
        let module = Module::parse(&Text::new(source));
        let shown = |piece: Piece<'_>| match piece {
            Piece::Text(text) => text,
            Piece::Hole(hole) => format!("{{{}}}", module.source(hole.expr)),
            Piece::Eaten(text) => format!("<{text}>"),
        };
        let pieces = module.pieces(module.assigned("URL")?)?;
        Some(pieces.into_iter().map(shown).collect())
    }

    #[test]
    fn every_way_to_build_a_string_is_read() {
        for (source, built) in [
            ("URL = f'a://{p()}@{H}'\n", Some("a://{p()}@{H}")),
            ("URL = 'a://%s:%%%s' % (u, p())\n", Some("a://{u}:%{p()}")),
            ("URL = 'a://%-5s:%40x@%s' % (u, h())\n", Some("a://{u}:<%40>x@{h()}")),
            ("URL = 'a://%40s@%(h)s' % {'h': 'b'}\n", Some("a://<%40>s@b")),
            ("URL = 'a://n%2d:%d' % (n(), 1)\n", Some("a://n{n()}:1")),
            ("URL = 'a://{}:{p}{{'.format(u, p=q)\n", Some("a://{u}:{q}{")),
            ("URL = 'a://' + u + ':1'\n", Some("a://{u}:1")),
            ("URL = ':'.join(['a', b, 'c'])\n", Some("a:{b}:c")),
            ("T = 'a://%s'\nURL = T % p()\n", Some("a://{p()}")),
            ("P = 'x'\nURL = f'a://{P}{1}'\n", Some("a://x1")),
            ("D = {'k': {'p': 'x'}}\nURL = f\"a://{D['k']['p']}\"\n", Some("a://x")),
            ("URL = f'a://{\":\" + p if p else \"\"}'\n", Some("a://:{p}")),
            ("URL = build(p)\n", None),
        ] {
            assert_eq!(pieces(source).as_deref(), built, "{source}");
        }
    }
}
