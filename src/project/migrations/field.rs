//! A model field as a migration writes it: what its column needs when it meets rows that are already there.

use ruff_python_ast::{Expr, ExprCall};

use crate::source::NotLoaded;
use crate::syntax::python::{Module, string};

use crate::project::Project;

/// What fills the column of existing rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Default {
    None,
    /// The same value for every row.
    Constant,
    /// Called once for the whole table.
    Callable,
    /// Computed by the database, or set on save: `db_default`, `auto_now`.
    Database,
}

/// What the text tells of a field; see [`Project::field`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// `CharField`
    pub class: String,
    pub null: bool,
    pub blank: bool,
    pub unique: bool,
    pub primary_key: bool,
    pub default: Default,
    /// The model that a relation leads to, lower case without its app.
    pub to: Option<String>,
}

/// Fields whose empty value is a text, so that `blank=True` fills existing rows.
const TEXTS: [&str; 12] = [
    "CharField",
    "TextField",
    "SlugField",
    "EmailField",
    "URLField",
    "FileField",
    "ImageField",
    "FilePathField",
    "BinaryField",
    "CommaSeparatedIntegerField",
    "CICharField",
    "CITextField",
];

/// Fields without a text for an empty value.
const OTHERS: [&str; 34] = [
    "BigIntegerField",
    "BooleanField",
    "DateField",
    "DateTimeField",
    "DecimalField",
    "DurationField",
    "FloatField",
    "ForeignKey",
    "GenericIPAddressField",
    "IPAddressField",
    "IntegerField",
    "JSONField",
    "OneToOneField",
    "PositiveBigIntegerField",
    "PositiveIntegerField",
    "PositiveSmallIntegerField",
    "SmallIntegerField",
    "TimeField",
    "UUIDField",
    "ArrayField",
    "HStoreField",
    "IntegerRangeField",
    "BigIntegerRangeField",
    "DecimalRangeField",
    "FloatRangeField",
    "DateTimeRangeField",
    "DateRangeField",
    "PointField",
    "LineStringField",
    "PolygonField",
    "MultiPointField",
    "MultiLineStringField",
    "MultiPolygonField",
    "GeometryField",
];

impl Field {
    /// Does adding such a column fail as soon as the table has rows? `None` for a class that nobody here knows.
    pub fn needs_value(&self) -> Option<bool> {
        let text = TEXTS.contains(&self.class.as_str());
        if !text && !OTHERS.contains(&self.class.as_str()) {
            return None;
        }
        let filled = self.null || self.primary_key || self.default != Default::None;
        Some(!(filled || text && self.blank))
    }

    /// Must its values differ from row to row?
    pub fn is_unique(&self) -> bool {
        self.unique || self.class == "OneToOneField"
    }
}

impl Project {
    /// A field's call in the file at `path`. `None` when its class is neither Django's nor derived here, without an
    /// `__init__` of its own, from one of Django's, or when its arguments cannot be known.
    pub fn field(&self, path: &str, module: &Module, call: &ExprCall) -> Result<Option<Field>, NotLoaded> {
        let arguments = &call.arguments;
        if arguments.keywords.iter().any(|k| k.arg.is_none())
            || arguments.args.iter().any(Expr::is_starred_expr)
        {
            return Ok(None);
        }
        let Some(callee) = module.qualified(&call.func) else { return Ok(None) };
        let Some(class) = self.field_class(path, &callee.to_string())? else { return Ok(None) };
        let keyword = |name: &str| arguments.find_keyword(name).map(|k| &k.value);
        let is_true =
            |name: &str| keyword(name).map_or(Some(false), |e| Some(e.as_boolean_literal_expr()?.value));
        let flags = [is_true("null"), is_true("blank"), is_true("unique"), is_true("primary_key")];
        let [Some(null), Some(blank), Some(unique), Some(primary_key)] = flags else { return Ok(None) };
        let default = match keyword("default") {
            Some(Expr::NoneLiteral(_)) | None => Default::None,
            Some(Expr::Name(_) | Expr::Attribute(_) | Expr::Lambda(_)) => Default::Callable,
            Some(_) => Default::Constant,
        };
        let by_database = keyword("db_default").is_some()
            || is_true("auto_now") != Some(false)
            || is_true("auto_now_add") != Some(false);
        let default = if default == Default::None && by_database { Default::Database } else { default };
        let to = arguments.find_argument_value("to", 0).and_then(string);
        let to =
            to.filter(|_| class == "ForeignKey" || class == "OneToOneField" || class == "ManyToManyField");
        let to = to.map(|to| to.rsplit('.').next().unwrap_or(to).to_lowercase());
        Ok(Some(Field { class, null, blank, unique, primary_key, default, to }))
    }

    /// Django's own class behind a callee.
    fn field_class(&self, path: &str, callee: &str) -> Result<Option<String>, NotLoaded> {
        if let Some(class) = django_field(callee) {
            return Ok(Some(class.to_owned()));
        }
        let Some(ancestry) = self.ancestry(path, callee)? else { return Ok(None) };
        let plain = ancestry.own.iter().all(|definition| {
            let class = definition.module.class(&definition.name);
            class.is_some_and(|class| {
                let methods = class.body.iter().filter_map(|s| s.as_function_def_stmt());
                let own: Vec<&str> = methods.map(|m| m.name.as_str()).collect();
                let decides =
                    ["__init__", "__new__", "has_default", "get_default", "get_internal_type", "db_type"];
                !decides.iter().any(|name| own.contains(name))
                    && definition.module.attribute(class, "empty_strings_allowed").is_none()
            })
        });
        Ok(match ancestry.foreign.as_slice() {
            [only] if plain => django_field(only).map(str::to_owned),
            _ => None,
        })
    }
}

fn django_field(name: &str) -> Option<&str> {
    let homes = ["django.db.models.", "django.contrib.postgres.fields.", "django.contrib.gis.db.models."];
    homes.iter().any(|home| name.starts_with(home)).then(|| name.rsplit('.').next()).flatten()
}
