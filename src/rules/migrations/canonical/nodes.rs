//! Nodes of a canonical tree that are made and not taken from the file.

use ruff_python_ast::{
    ConversionFlag, Expr, ExprContext, ExprFString, ExprName, ExprStringLiteral, ExprTuple, FString,
    FStringFlags, FStringPart, FStringValue, InterpolatedElement, InterpolatedStringElement,
    InterpolatedStringFormatSpec, InterpolatedStringLiteralElement, StringLiteral, StringLiteralFlags,
    StringLiteralValue,
};
use ruff_text_size::{Ranged, TextRange};

pub(super) fn tuple(elts: Vec<Expr>, range: TextRange) -> Expr {
    let (ctx, node_index) = (ExprContext::Load, Default::default());
    Expr::Tuple(ExprTuple { range, elts, ctx, node_index, parenthesized: true })
}

pub(crate) fn name(id: &str, range: TextRange) -> Expr {
    let (id, ctx, node_index) = (id.into(), ExprContext::Load, Default::default());
    Expr::Name(ExprName { id, ctx, range, node_index })
}

/// A plain string.
pub(crate) fn literal(value: &str, range: TextRange) -> Expr {
    let part = StringLiteral {
        value: value.into(),
        range,
        flags: StringLiteralFlags::empty(),
        node_index: Default::default(),
    };
    let value = StringLiteralValue::single(part);
    Expr::StringLiteral(ExprStringLiteral { value, range, node_index: Default::default() })
}

/// `"a" f"{b}" "c"` as one f-string.
pub(super) fn joined(whole: &mut ExprFString) {
    let mut pieces = Pieces::default();
    for part in &whole.value {
        match part {
            FStringPart::Literal(part) => pieces.text(&part.value.replace("\r\n", "\n")),
            FStringPart::FString(part) => {
                for element in &part.elements {
                    match element {
                        InterpolatedStringElement::Literal(part) => {
                            pieces.text(&part.value.replace("\r\n", "\n"));
                        }
                        InterpolatedStringElement::Interpolation(hole) => pieces.hole(hole.clone()),
                    }
                }
            }
        }
    }
    whole.value = pieces.f_string(whole.range);
}

/// What a text is put together of: constant text, and holes.
#[derive(Default)]
pub(crate) struct Pieces {
    elements: Vec<InterpolatedStringElement>,
    /// What has come since the last hole.
    text: String,
}

impl Pieces {
    pub(crate) fn text(&mut self, text: &str) {
        self.text.push_str(text);
    }

    pub(crate) fn hole(&mut self, hole: InterpolatedElement) {
        self.close();
        self.elements.push(InterpolatedStringElement::Interpolation(hole));
    }

    fn close(&mut self) {
        if !self.text.is_empty() {
            self.elements.push(text_element(std::mem::take(&mut self.text)));
        }
    }

    fn f_string(mut self, range: TextRange) -> FStringValue {
        self.close();
        FStringValue::single(FString {
            range,
            elements: self.elements.into(),
            flags: FStringFlags::empty(),
            node_index: Default::default(),
        })
    }

    /// A plain string where there are no holes.
    pub(crate) fn expr(self, range: TextRange) -> Expr {
        if self.elements.is_empty() {
            return literal(&self.text, range);
        }
        Expr::FString(ExprFString { value: self.f_string(range), range, node_index: Default::default() })
    }
}

fn text_element(text: String) -> InterpolatedStringElement {
    let (value, range, node_index) = (text.into(), TextRange::default(), Default::default());
    InterpolatedStringElement::Literal(InterpolatedStringLiteralElement { value, range, node_index })
}

/// `{expression!r:>5}`.
pub(crate) fn hole(expression: Expr, conversion: ConversionFlag, spec: &str) -> InterpolatedElement {
    let range = expression.range();
    let format_spec = (!spec.is_empty()).then(|| {
        let (elements, node_index) = (vec![text_element(spec.to_owned())].into(), Default::default());
        Box::new(InterpolatedStringFormatSpec { range, node_index, elements })
    });
    let (expression, node_index) = (Box::new(expression), Default::default());
    InterpolatedElement { range, node_index, expression, debug_text: None, conversion, format_spec }
}
