//! How a model differs from what its migrations leave: what `makemigrations` would write.

use std::collections::BTreeSet;

use crate::project::django::model_field::FieldClass;

use super::column::Column;
use super::table::{ALTERED, Named, OWN, Table};
use super::value::Value;
use super::written::Written;

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Drift {
    ModelAdded,
    FieldAdded(String),
    FieldRemoved(String),
    /// The field, its class in the model, and in the migrations.
    FieldClass(String, &'static str, &'static str),
    /// The field, the argument, what the model and what the migrations say; `None`: nothing.
    Argument(String, String, Option<Value>, Option<Value>),
    Option(String),
    IndexAdded(String),
    IndexRemoved(String),
    ConstraintAdded(String),
    ConstraintRemoved(String),
}

/// Arguments that make another column: what differs here is certain.
const CERTAIN: [&str; 14] = [
    "null",
    "blank",
    "max_length",
    "max_digits",
    "decimal_places",
    "unique",
    "db_index",
    "db_column",
    "to",
    "on_delete",
    "choices",
    "default",
    "primary_key",
    "auto_now_add",
];

impl Drift {
    /// Is it surely one for Django too, and does it change what is stored?
    pub fn is_certain(&self) -> bool {
        match self {
            Self::Argument(_, argument, written, replayed) => {
                let is_literal = |value: &Option<Value>| !matches!(value, Some(Value::Name(_)));
                let is_target = matches!(argument.as_str(), "to" | "on_delete");
                CERTAIN.contains(&argument.as_str())
                    && (is_target || (is_literal(written) && is_literal(replayed)))
            }
            Self::Option(name) => OWN.contains(&name.as_str()),
            _ => true,
        }
    }
}

/// All differences of one model; `None`: no migration makes it.
pub fn of(written: &Written, replayed: Option<&Table>) -> Vec<Drift> {
    let Some(replayed) = replayed else { return vec![Drift::ModelAdded] };
    let mut drifts = Vec::new();
    if written.table.is_bare || replayed.is_bare {
        return drifts;
    }
    columns(written, replayed, &mut drifts);
    for name in ALTERED.into_iter().chain(OWN) {
        let (one, other) = (written.table.options.get(name), replayed.options.get(name));
        // What a base from elsewhere says in its `Meta` is not in the text.
        if (one.is_some() || written.is_complete) && differ(one, other) {
            drifts.push(Drift::Option(name.to_owned()));
        }
    }
    named(&written.table.indexes, &replayed.indexes, Drift::IndexAdded, Drift::IndexRemoved, &mut drifts);
    let (one, other) = (&written.table.constraints, &replayed.constraints);
    named(one, other, Drift::ConstraintAdded, Drift::ConstraintRemoved, &mut drifts);
    drifts
}

fn columns(written: &Written, replayed: &Table, drifts: &mut Vec<Drift>) {
    for (name, column) in &written.table.columns {
        match replayed.columns.get(name) {
            Some(known) => changed(name, column, known, drifts),
            // A field of a package may be none that Django stores, as `TaggableManager` or `GenericForeignKey`.
            None if django(column).is_some() => drifts.push(Drift::FieldAdded(name.clone())),
            None => {}
        }
    }
    let removed = replayed.columns.iter().filter(|(name, column)| {
        written.is_complete
            && !written.table.columns.contains_key(*name)
            && !column.is_automatic
            && name.as_str() != "id"
            && django(column).is_some()
    });
    drifts.extend(removed.map(|(name, _)| Drift::FieldRemoved(name.clone())));
}

fn django(column: &Column) -> Option<&'static str> {
    match &column.class {
        FieldClass::Django(class) => Some(class),
        FieldClass::Own { django, .. } | FieldClass::Foreign { django, .. } => *django,
    }
}

fn changed(name: &str, written: &Column, replayed: &Column, drifts: &mut Vec<Drift>) {
    let (FieldClass::Django(one), FieldClass::Django(other)) = (&written.class, &replayed.class) else {
        return;
    };
    if one != other {
        drifts.push(Drift::FieldClass(name.to_owned(), one, other));
        return;
    }
    if !written.is_told || !replayed.is_told {
        return;
    }
    let all: BTreeSet<&String> = written.arguments.keys().chain(replayed.arguments.keys()).collect();
    for argument in all {
        let (one, other) = (written.arguments.get(argument), replayed.arguments.get(argument));
        if differ(one, other) {
            drifts.push(Drift::Argument(name.to_owned(), argument.clone(), one.cloned(), other.cloned()));
        }
    }
}

/// Do two surely differ? What one side does not say, differs from all that the other says surely.
fn differ(one: Option<&Value>, other: Option<&Value>) -> bool {
    match (one, other) {
        (None, None) => false,
        (Some(one), Some(other)) => one.differs(other),
        (Some(only), None) | (None, Some(only)) => *only != Value::Unknown,
    }
}

fn named(
    written: &Named,
    replayed: &Named,
    added: fn(String) -> Drift,
    removed: fn(String) -> Drift,
    drifts: &mut Vec<Drift>,
) {
    if !replayed.has_more {
        drifts.extend(written.names.difference(&replayed.names).cloned().map(added));
    }
    if !written.has_more {
        drifts.extend(replayed.names.difference(&written.names).cloned().map(removed));
    }
}
