//! What the `choices` of a field are made of.

use ruff_python_ast::Expr;

use crate::project::django::model_field::{FieldClass, ModelField};
use crate::rules::model::Model;
use crate::source::NotLoaded;
use crate::syntax::python::{Class, Dotted, Module};

#[derive(Debug)]
pub(super) enum Choices<'a> {
    /// There are surely none.
    None,
    /// A list, tuple or dict that is written out, here or under a name.
    Literal(&'a Expr),
    Integers(&'a Expr),
    /// As they should be, or unknown.
    Other,
}

const INTEGERS: [&str; 2] = ["django.db.models.IntegerChoices", "django.db.models.enums.IntegerChoices"];

pub(super) fn choices<'a>(model: &Model<'a>, field: &ModelField<'a>) -> Result<Choices<'a>, NotLoaded> {
    let Some(given) = field.argument("choices") else {
        // A class of the project or of a package may bring its own.
        let is_plain = matches!(field.class, FieldClass::Django(_)) && !field.may_have_more();
        return Ok(if is_plain { Choices::None } else { Choices::Other });
    };
    if is_written_out(given) {
        return Ok(Choices::Literal(given));
    }
    let Some(written) = Dotted::written(given) else { return Ok(Choices::Other) };
    let segments = written.segments();
    let index = model.module.index();
    // What the class body binds goes before what the module does.
    if let Some(class) = index.class_in(model.class.body, written.first()) {
        return Ok(of_class(model.module, class, segments.get(1..).unwrap_or_default(), given));
    }
    if let [name] = segments
        && let Some(value) = index.assigned_in(model.class.body, name)
    {
        return Ok(if is_written_out(value) { Choices::Literal(given) } else { Choices::Other });
    }
    of_module(model, given)
}

/// `STATES`, `Status.choices`, `Post.Status.choices`, `Post.STATES`, from this module or another of the project.
fn of_module<'a>(model: &Model<'a>, given: &'a Expr) -> Result<Choices<'a>, NotLoaded> {
    let Some(name) = model.module.qualified(given) else { return Ok(Choices::Other) };
    let mut owner = name.clone();
    let mut rest = Vec::new();
    // The longest part that the project defines; a name has few segments.
    for _ in 0..3 {
        if let Some(found) = model.project.definition(model.path, &owner.to_string())? {
            rest.reverse();
            if let Some(value) = found.module.assigned(&found.name).filter(|_| rest.is_empty()) {
                return Ok(if is_written_out(value) { Choices::Literal(given) } else { Choices::Other });
            }
            return Ok(found
                .class()
                .map_or(Choices::Other, |class| of_class(&found.module, class, &rest, given)));
        }
        let Some((outer, last)) = owner.split() else { break };
        rest.push(last);
        owner = outer;
    }
    Ok(Choices::Other)
}

/// What a class holds at the end of a path: of `Post` behind it `Status.choices`.
fn of_class<'a>(module: &Module, class: &Class<'_>, path: &[&str], given: &'a Expr) -> Choices<'a> {
    let index = module.index();
    match path {
        [] | ["choices"] => {
            let mut bases = class.node.bases().iter().filter_map(|base| module.qualified(base));
            if bases.any(|base| INTEGERS.iter().any(|integers| base == *integers)) {
                return Choices::Integers(given);
            }
            let own = index.assigned_in(class.body, "choices").filter(|_| !path.is_empty());
            if own.is_some_and(is_written_out) { Choices::Literal(given) } else { Choices::Other }
        }
        [name, rest @ ..] => match index.class_in(class.body, name) {
            Some(inner) => of_class(module, inner, rest, given),
            None if rest.is_empty() => match index.assigned_in(class.body, name) {
                Some(value) if is_written_out(value) => Choices::Literal(given),
                _ => Choices::Other,
            },
            None => Choices::Other,
        },
    }
}

/// `[("d", "Draft"), …]`, `(…)`, `{"d": "Draft"}`
fn is_written_out(value: &Expr) -> bool {
    let pairs = |elements: &[Expr]| {
        !elements.is_empty()
            && elements.iter().all(|element| element.is_tuple_expr() || element.is_list_expr())
    };
    match value {
        Expr::List(list) => pairs(&list.elts),
        Expr::Tuple(tuple) => pairs(&tuple.elts),
        Expr::Dict(dict) => !dict.items.is_empty() && dict.items.iter().all(|item| item.key.is_some()),
        _ => false,
    }
}
