//! A field as Django writes it down for a migration: its class, and the arguments that are not the defaults.

use std::collections::BTreeMap;

use ruff_python_ast::{Expr, ExprCall};

use crate::source::NotLoaded;
use crate::syntax::python::{has_unpacking, string};

use crate::project::django::model_field::{FieldClass, positions};

use super::value::{Place, Value};

/// One field of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    pub class: FieldClass,
    /// Without those that say what holds anyway. Empty where they are not known.
    pub arguments: BTreeMap<String, Value>,
    /// The arguments are all known: the class is Django's, and nothing is unpacked.
    pub is_told: bool,
    /// Django makes it by itself: an `id`, the link to a parent's table.
    pub is_automatic: bool,
}

/// What holds where nothing is said.
const DEFAULTS: &[(&str, &str)] = &[
    ("null", "False"),
    ("blank", "False"),
    ("unique", "False"),
    ("primary_key", "False"),
    ("editable", "True"),
    ("help_text", "\"\""),
    ("db_column", "None"),
    ("choices", "None"),
    ("choices", "[]"),
    ("verbose_name", "None"),
    ("auto_now", "False"),
    ("auto_now_add", "False"),
    ("allow_unicode", "False"),
    ("db_collation", "None"),
    ("db_comment", "None"),
    ("related_name", "None"),
    ("related_query_name", "None"),
    ("unique_for_date", "None"),
    ("unique_for_month", "None"),
    ("unique_for_year", "None"),
    ("validators", "[]"),
    ("error_messages", "None"),
    ("db_constraint", "True"),
    ("swappable", "True"),
    ("upload_to", "\"\""),
    ("max_digits", "None"),
    ("decimal_places", "None"),
    ("max_length", "None"),
    ("parent_link", "False"),
    ("limit_choices_to", "None"),
    ("limit_choices_to", "{}"),
    ("to_field", "None"),
    ("through", "None"),
    ("through_fields", "None"),
    ("size", "None"),
];

/// The same of single classes: https://github.com/django/django/blob/5.2/django/db/models/fields/__init__.py
const OF_CLASS: &[(&str, &str, &str)] = &[
    ("SlugField", "max_length", "50"),
    ("EmailField", "max_length", "254"),
    ("URLField", "max_length", "200"),
    ("FileField", "max_length", "100"),
    ("ImageField", "max_length", "100"),
    ("FilePathField", "max_length", "100"),
    ("SlugField", "db_index", "True"),
    ("ForeignKey", "db_index", "True"),
    ("OneToOneField", "db_index", "True"),
    ("OneToOneField", "unique", "True"),
];

/// Never compared: what Django does not write down, or writes in more than one way.
const LEFT_OUT: [&str; 9] = [
    "name",
    "rel",
    "serialize",
    "auto_created",
    "storage",
    "db_tablespace",
    "base_field",
    "symmetrical",
    "validators",
];

impl<'a> Place<'a> {
    /// `owner`: the model that the field is of, as `blog.post`; `keeps_default`: `preserve_default` is not `False`.
    pub(super) fn column(
        self,
        call: &ExprCall,
        owner: (&str, &str),
        keeps_default: bool,
    ) -> Result<Option<Column>, NotLoaded> {
        let Some(class) = self.project.field_class_of(self.path, self.module, call)? else { return Ok(None) };
        let FieldClass::Django(django) = class else {
            let is_automatic = false;
            return Ok(Some(Column { class, arguments: BTreeMap::new(), is_told: false, is_automatic }));
        };
        let positional =
            call.arguments.args.iter().zip(positions(django)).map(|(value, name)| (*name, value));
        let keywords = call.arguments.keywords.iter();
        let named = keywords.filter_map(|keyword| Some((keyword.arg.as_ref()?.as_str(), &keyword.value)));
        let given: Vec<(&str, &Expr)> = positional.chain(named).collect();
        let is_true = |name: &str| {
            let value = given.iter().find(|(given, _)| *given == name).map(|(_, value)| *value);
            value.and_then(Expr::as_boolean_literal_expr).is_some_and(|flag| flag.value)
        };
        let is_automatic = is_true("auto_created") || is_true("parent_link");
        let is_stamp = is_true("auto_now") || is_true("auto_now_add");
        let is_left_out = |name: &str| {
            LEFT_OUT.contains(&name)
                || (is_stamp && matches!(name, "editable" | "blank"))
                || (name == "default" && !keeps_default)
                || (name == "unique" && django == "OneToOneField")
        };
        let value = |(name, value): &(&str, &Expr)| {
            let value = match *name {
                "to" | "through" => self.model_named(value, owner)?,
                "on_delete" => last_name(self.module.qualified(value).map(|name| name.last().to_owned())),
                "choices" => as_choices(self.value(value)?),
                "related_name" | "related_query_name"
                    if string(value).is_some_and(|text| text.contains('%')) =>
                {
                    Value::Unknown
                }
                _ => self.value(value)?,
            };
            Ok(((*name).to_owned(), value))
        };
        let values = NotLoaded::all(given.iter().filter(|(name, _)| !is_left_out(name)).map(value))?;
        let arguments = values.into_iter().filter(|(name, value)| !is_default(django, name, value)).collect();
        let is_told = !has_unpacking(&call.arguments);
        Ok(Some(Column { class, arguments, is_told, is_automatic }))
    }

    /// `blog.post`, whichever way a model is named.
    fn model_named(self, expr: &Expr, (app, model): (&str, &str)) -> Result<Value, NotLoaded> {
        if let Some(text) = string(expr) {
            return Ok(Value::Name(match text.split_once('.') {
                _ if text == "self" => format!("{app}.{model}"),
                Some(_) => text.to_lowercase(),
                None => format!("{app}.{}", text.to_lowercase()),
            }));
        }
        let Some(dotted) = self.module.qualified(expr).map(|name| name.to_string()) else {
            return Ok(Value::Unknown);
        };
        let Some(found) = self.project.definition(self.path, &dotted)? else { return Ok(Value::Unknown) };
        let apps = self.project.apps()?;
        let class = found.module.class(&found.name);
        let Some(home) = class.and_then(|_| apps.around(&found.path)) else { return Ok(Value::Unknown) };
        Ok(Value::Name(format!("{}.{}", home.label, found.name.to_lowercase())))
    }
}

fn last_name(name: Option<String>) -> Value {
    name.map_or(Value::Unknown, Value::Name)
}

/// Since Django 5 a mapping may stand for the pairs.
fn as_choices(value: Value) -> Value {
    match value {
        Value::Literal(text) => match text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
            Some(pairs) => Value::Literal(format!("[{pairs}]")),
            None => Value::Literal(text),
        },
        other => other,
    }
}

fn is_default(class: &str, name: &str, value: &Value) -> bool {
    let Value::Literal(text) = value else { return false };
    let of_class = OF_CLASS.iter().find(|(of, argument, _)| *of == class && *argument == name);
    match of_class {
        Some((_, _, default)) => default == text,
        None if name == "db_index" => text == "False",
        None => DEFAULTS.iter().any(|(argument, default)| *argument == name && default == text),
    }
}
