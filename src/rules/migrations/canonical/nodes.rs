//! Nodes of a canonical tree that are made and not taken from the file.

use ruff_python_ast::{
    Expr, ExprContext, ExprFString, ExprName, ExprStringLiteral, ExprTuple, FString, FStringFlags,
    FStringPart, FStringValue, InterpolatedStringElement, InterpolatedStringLiteralElement, StringLiteral,
    StringLiteralFlags, StringLiteralValue,
};
use ruff_text_size::TextRange;

pub(super) fn tuple(elts: Vec<Expr>, range: TextRange) -> Expr {
    let (ctx, node_index) = (ExprContext::Load, Default::default());
    Expr::Tuple(ExprTuple { range, elts, ctx, node_index, parenthesized: true })
}

pub(super) fn name(id: &str, range: TextRange) -> Expr {
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
    let mut elements: Vec<InterpolatedStringElement> = Vec::new();
    let mut text = String::new();
    let close = |text: &mut String, elements: &mut Vec<InterpolatedStringElement>| {
        if !text.is_empty() {
            elements.push(InterpolatedStringElement::Literal(InterpolatedStringLiteralElement {
                value: std::mem::take(text).into(),
                range: Default::default(),
                node_index: Default::default(),
            }));
        }
    };
    for part in &whole.value {
        match part {
            FStringPart::Literal(part) => text.push_str(&part.value.replace("\r\n", "\n")),
            FStringPart::FString(part) => {
                for element in &part.elements {
                    match element {
                        InterpolatedStringElement::Literal(part) => {
                            text.push_str(&part.value.replace("\r\n", "\n"));
                        }
                        InterpolatedStringElement::Interpolation(_) => {
                            close(&mut text, &mut elements);
                            elements.push(element.clone());
                        }
                    }
                }
            }
        }
    }
    close(&mut text, &mut elements);
    whole.value = FStringValue::single(FString {
        range: whole.range,
        elements: elements.into(),
        flags: FStringFlags::empty(),
        node_index: Default::default(),
    });
}
