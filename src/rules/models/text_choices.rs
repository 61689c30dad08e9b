//! The `TextChoices` class that says what a written-out list says.

use std::collections::BTreeSet;

use ruff_python_ast::Expr;

use crate::model::finding::Edit;
use crate::project::django::model_field::ModelField;
use crate::rules::model::Model;
use crate::syntax::english;
use crate::syntax::python::string;

/// Choices that are still written out one by one.
const MAX_MEMBERS: usize = 30;

/// `payment_status` → `PaymentStatus`
pub(super) fn class_name(field: &str) -> String {
    english::pascal_case(&english::words(field))
}

/// The class above the field, and its choices in place of the list; `None` where a value is no text, or where no name
/// can be made of one.
pub(super) fn edits(model: &Model<'_>, field: &ModelField<'_>) -> Option<Vec<Edit>> {
    let given = field.argument("choices")?;
    let pairs = match given {
        Expr::List(list) => &list.elts,
        Expr::Tuple(tuple) => &tuple.elts,
        _ => return None,
    };
    let class = class_name(field.name);
    let is_free = model.bindings(&class).next().is_none() && model.module.class(&class).is_none();
    let models =
        model.home_of(field).filter(|_| is_free && field.is(&["CharField"]) && pairs.len() <= MAX_MEMBERS)?;
    let blanks = model.module.indentation(&field.at)?;
    let mut names = BTreeSet::new();
    let mut text = format!("class {class}({models}TextChoices):\n");
    for pair in pairs {
        let (value, label) = pair_of(pair)?;
        let name = member(string(value)?, label)?;
        let line = format!("{name} = {}, {}", model.module.source(value), model.module.source(label));
        let is_one_line = !line.contains('\n');
        text.push_str(&format!("{blanks}    {line}\n"));
        if !names.insert(name) || !is_one_line {
            return None;
        }
    }
    text.push_str(&format!("\n{blanks}"));
    let class_above = model.file.insert(field.at.start(), text);
    Some(vec![class_above, model.file.replace(given, format!("{class}.choices"))])
}

fn pair_of(pair: &Expr) -> Option<(&Expr, &Expr)> {
    let elements = match pair {
        Expr::Tuple(tuple) => &tuple.elts,
        Expr::List(list) => &list.elts,
        _ => return None,
    };
    let [value, label] = elements.as_slice() else { return None };
    Some((value, label))
}

/// A member's name: the value where that is a word, else the label.
fn member(value: &str, label: &Expr) -> Option<String> {
    let label = match label {
        Expr::Call(call) => call.arguments.args.first().and_then(string),
        other => string(other),
    };
    [Some(value).filter(|value| value.len() > 2), label].into_iter().flatten().find_map(constant)
}

/// `in progress` → `IN_PROGRESS`
fn constant(text: &str) -> Option<String> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, ' ' | '-' | '_');
    let name = text.to_ascii_uppercase().replace([' ', '-'], "_");
    (text.chars().all(is_plain) && name.starts_with(|c: char| c.is_ascii_uppercase())).then_some(name)
}
