//! Texts that are put together: `"{}".format(x)`, `"%s" % x` and `"a" + str(x)` as the f-string that says the same.

use std::str::FromStr as _;

use ruff_python_ast::{
    ConversionFlag, Expr, ExprAttribute, ExprCall, ExprContext, ExprFString, ExprNumberLiteral,
    ExprSubscript, FStringPart, Identifier, InterpolatedElement, InterpolatedStringElement, Number, Operator,
};
use ruff_python_literal::cformat::{CFormatPart, CFormatSpec, CFormatString};
use ruff_python_literal::format::{
    FieldName, FieldNamePart, FieldType, FormatPart, FormatString, FromTemplate as _,
};
use ruff_text_size::Ranged;

use crate::rules::migrations::canonical::{Pieces, hole, literal};
use crate::syntax::python::{has_unpacking, string};

use super::Modern;

impl Modern {
    /// An f-string in its simplest form, or what `%` makes.
    pub(super) fn as_text(&self, expr: &Expr) -> Option<Expr> {
        let mut pieces = Pieces::default();
        match expr {
            Expr::FString(text) => self.add_elements(text, &mut pieces),
            Expr::BinOp(op) if op.op == Operator::Mod => {
                for part in self.percent(string(&op.left)?, &op.right)? {
                    match part {
                        Part::Text(text) => pieces.text(&text),
                        Part::Hole(hole) => self.add_hole(hole, &mut pieces),
                    }
                }
            }
            _ => return None,
        }
        Some(pieces.expr(expr.range()))
    }

    /// `a + b + c`, without recursion along the chain: one text where all of it is text.
    pub(super) fn sum(&self, expr: &mut Expr) {
        use ruff_python_ast::visitor::transformer::Transformer as _;
        let is_sum = |expr: &Expr| matches!(expr, Expr::BinOp(op) if op.op == Operator::Add);
        let mut rest = &mut *expr;
        while is_sum(rest) {
            let Expr::BinOp(sum) = rest else { return };
            self.visit_expr(&mut sum.right);
            rest = &mut sum.left;
        }
        self.visit_expr(rest);

        let (mut operands, mut rest) = (Vec::new(), &*expr);
        while let Expr::BinOp(sum) = rest
            && sum.op == Operator::Add
        {
            operands.push(&*sum.right);
            rest = &sum.left;
        }
        operands.push(rest);
        let is_literal = |expr: &&Expr| matches!(expr, Expr::StringLiteral(_) | Expr::FString(_));
        let is_text = |expr: &&Expr| is_literal(expr) || self.made_text_of(expr).is_some();
        if !operands.iter().all(is_text) || !operands.iter().any(is_literal) {
            return;
        }
        let mut pieces = Pieces::default();
        operands.into_iter().rev().for_each(|operand| self.add(operand, &mut pieces));
        *expr = pieces.expr(expr.range());
    }

    /// `x` of `str(x)`.
    fn made_text_of<'a>(&self, expr: &'a Expr) -> Option<&'a Expr> {
        self.only_argument(expr, "str")
    }

    fn only_argument<'a>(&self, expr: &'a Expr, builtin: &str) -> Option<&'a Expr> {
        let call = expr.as_call_expr().filter(|call| self.is_builtin(&call.func, builtin))?;
        match &*call.arguments.args {
            [only] if call.arguments.keywords.is_empty() && !only.is_starred_expr() => Some(only),
            _ => None,
        }
    }

    /// A text, or what is put into one.
    fn add(&self, expr: &Expr, pieces: &mut Pieces) {
        match expr {
            Expr::FString(text) => self.add_elements(text, pieces),
            other => self.add_hole(hole(other.clone(), ConversionFlag::None, ""), pieces),
        }
    }

    fn add_elements(&self, text: &ExprFString, pieces: &mut Pieces) {
        for part in &text.value {
            match part {
                FStringPart::Literal(part) => pieces.text(&part.value),
                FStringPart::FString(part) => part.elements.iter().for_each(|element| match element {
                    InterpolatedStringElement::Literal(part) => pieces.text(&part.value),
                    InterpolatedStringElement::Interpolation(hole) => self.add_hole(hole.clone(), pieces),
                }),
            }
        }
    }

    /// `{x!s}` and `{str(x)}` are `{x}`, `{repr(x)}` is `{x!r}`, and a text in a hole is a text.
    fn add_hole(&self, mut element: InterpolatedElement, pieces: &mut Pieces) {
        let is_formatted = element.format_spec.as_ref().is_some_and(|spec| !spec.elements.is_empty());
        let converts = matches!(element.conversion, ConversionFlag::Repr | ConversionFlag::Ascii);
        if element.debug_text.is_some() || is_formatted || converts {
            return pieces.hole(element);
        }
        (element.conversion, element.format_spec) = (ConversionFlag::None, None);
        match &*element.expression {
            Expr::StringLiteral(text) => return pieces.text(text.value.to_str()),
            Expr::FString(text) => return self.add_elements(text, pieces),
            other => {
                if let Some(inner) = self.made_text_of(other) {
                    let inner = hole(inner.clone(), ConversionFlag::None, "");
                    return self.add_hole(inner, pieces);
                }
                if let Some(inner) = self.only_argument(other, "repr") {
                    return pieces.hole(hole(inner.clone(), ConversionFlag::Repr, ""));
                }
            }
        }
        pieces.hole(element);
    }

    /// What `template % values` says; `None` where it is not sure that an f-string says it too.
    fn percent(&self, template: &str, values: &Expr) -> Option<Vec<Part>> {
        let template = CFormatString::from_str(template).ok()?;
        let specs: Vec<&CFormatSpec> = template.iter().filter_map(|(_, part)| as_spec(part)).collect();
        let named = specs.iter().filter(|spec| spec.mapping_key.is_some()).count();
        let mut filled: Vec<Expr> = match values {
            Expr::Tuple(tuple) if named == 0 && !tuple.elts.iter().any(Expr::is_starred_expr) => {
                tuple.elts.clone()
            }
            Expr::Dict(dict) if named == specs.len() && named > 0 => {
                let keys: Vec<&str> = dict
                    .items
                    .iter()
                    .map(|item| item.key.as_ref().and_then(string))
                    .collect::<Option<_>>()?;
                let place = |spec: &&CFormatSpec| {
                    keys.iter().position(|key| Some(*key) == spec.mapping_key.as_deref())
                };
                let places: Vec<usize> = specs.iter().map(place).collect::<Option<_>>()?;
                let values: Vec<&Expr> = dict.items.iter().map(|item| &item.value).collect();
                in_places(&places, &values)?
            }
            one if named == 0 && specs.len() == 1 && self.is_no_tuple(one) => vec![one.clone()],
            _ => return None,
        };
        if filled.len() != specs.len() {
            return None;
        }
        filled.reverse();
        let parts = template.iter().map(|(_, part)| match part {
            CFormatPart::Literal(text) => Some(Part::Text(text.clone())),
            CFormatPart::Spec(spec) => Some(Part::Hole(hole(filled.pop()?, conversion(spec)?, ""))),
        });
        parts.collect()
    }
}

enum Part {
    Text(String),
    Hole(InterpolatedElement),
}

fn as_spec(part: &CFormatPart<String>) -> Option<&CFormatSpec> {
    match part {
        CFormatPart::Spec(spec) => Some(spec),
        CFormatPart::Literal(_) => None,
    }
}

/// `%s`, `%r` and `%a` with nothing between; numbers and widths are formatted otherwise.
fn conversion(spec: &CFormatSpec) -> Option<ConversionFlag> {
    let plain = spec.flags.is_empty() && spec.min_field_width.is_none() && spec.precision.is_none();
    match spec.format_char {
        's' if plain => Some(ConversionFlag::None),
        'r' if plain => Some(ConversionFlag::Repr),
        'a' if plain => Some(ConversionFlag::Ascii),
        _ => None,
    }
}

/// What `"…".format(…)` says; `None` where it is not sure that an f-string says it too.
pub(super) fn formatted(call: &ExprCall) -> Option<Pieces> {
    let method = call.func.as_attribute_expr().filter(|method| method.attr.as_str() == "format")?;
    let template = FormatString::from_raw_str(string(&method.value)?).ok()?;
    if has_unpacking(&call.arguments) {
        return None;
    }
    let arguments = &call.arguments;
    let keywords = arguments.keywords.iter().map(|keyword| &keyword.value);
    let values: Vec<&Expr> = arguments.args.iter().chain(keywords).collect();
    let place = |field: &FieldType, count: &mut usize| match field {
        FieldType::Auto => {
            *count += 1;
            Some(*count - 1)
        }
        FieldType::Index(index) => Some(*index),
        FieldType::Keyword(name) => {
            let mut names = arguments.keywords.iter().map(|keyword| keyword.arg.as_deref());
            Some(arguments.args.len() + names.position(|known| known == Some(name))?)
        }
    };
    let (mut places, mut fields, mut count) = (Vec::new(), Vec::new(), 0);
    for part in &template.format_parts {
        if let FormatPart::Field { field_name, conversion_spec, format_spec } = part {
            let field = FieldName::parse(field_name).ok()?;
            places.push(place(&field.field_type, &mut count)?);
            fields.push((field.parts, flag(*conversion_spec)?, format_spec));
        }
    }
    let mut filled = in_places(&places, &values)?.into_iter().zip(fields);
    let mut pieces = Pieces::default();
    for part in &template.format_parts {
        match part {
            FormatPart::Literal(text) => pieces.text(text),
            FormatPart::Field { .. } => {
                let (value, (parts, flag, spec)) = filled.next()?;
                if spec.contains('{') {
                    return None;
                }
                pieces.hole(hole(parts.into_iter().fold(value, part_of), flag, spec));
            }
        }
    }
    Some(pieces)
}

fn flag(conversion: Option<char>) -> Option<ConversionFlag> {
    match conversion {
        None => Some(ConversionFlag::None),
        Some('s') => Some(ConversionFlag::Str),
        Some('r') => Some(ConversionFlag::Repr),
        Some('a') => Some(ConversionFlag::Ascii),
        Some(_) => None,
    }
}

/// `{0.name}`, `{0[key]}`.
fn part_of(value: Expr, part: FieldNamePart) -> Expr {
    let (range, ctx) = (value.range(), ExprContext::Load);
    let value = Box::new(value);
    let slice = match part {
        FieldNamePart::Attribute(name) => {
            let attr = Identifier::new(name, range);
            return Expr::Attribute(ExprAttribute {
                node_index: Default::default(),
                range,
                value,
                attr,
                ctx,
            });
        }
        FieldNamePart::Index(index) => {
            let value = Number::Int((index as u64).into());
            Expr::NumberLiteral(ExprNumberLiteral { node_index: Default::default(), range, value })
        }
        FieldNamePart::StringIndex(key) => literal(&key, range),
    };
    Expr::Subscript(ExprSubscript {
        node_index: Default::default(),
        range,
        value,
        slice: Box::new(slice),
        ctx,
    })
}

/// The values where the template wants them. A template evaluates each once and in order, an f-string where it stands:
/// unless each stands once and in order, all must be values that nothing happens to, and not too often repeated.
fn in_places(places: &[usize], values: &[&Expr]) -> Option<Vec<Expr>> {
    const MOST: usize = 100;
    let in_order = places.iter().copied().eq(0..values.len());
    if !in_order && (places.len() > MOST || !values.iter().all(|value| is_inert(value))) {
        return None;
    }
    places.iter().map(|place| values.get(*place).map(|value| (*value).clone())).collect()
}

/// A name, an attribute of one, or a literal.
fn is_inert(value: &Expr) -> bool {
    let mut rest = value;
    while let Expr::Attribute(attribute) = rest {
        rest = &attribute.value;
    }
    rest.is_name_expr() || rest.is_literal_expr()
}
