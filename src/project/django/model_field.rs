//! The fields of a model as its class writes them: `author = models.ForeignKey(User, models.CASCADE)`.

use ruff_python_ast::{Expr, ExprCall};
use ruff_text_size::TextRange;

use crate::source::NotLoaded;
use crate::syntax::python::{Module, has_unpacking, string};

use crate::project::Project;

/// One field of a class body.
#[derive(Clone, Debug)]
pub struct ModelField<'a> {
    pub name: &'a str,
    /// The name, where it is assigned.
    pub at: TextRange,
    pub call: &'a ExprCall,
    pub class: FieldClass,
}

/// The class that a field is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FieldClass {
    /// Django's own, by its last name: `CharField`.
    Django(&'static str),
    /// The repository's own, with Django's class that it derives from, where there is one. `may_add`: an `__init__` of
    /// it, or a base that nobody knows, may add arguments.
    Own { path: String, name: String, django: Option<&'static str>, may_add: bool },
    /// A package's, by its dotted name, with Django's class that it is known to derive from.
    Foreign { name: String, django: Option<&'static str> },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RelationKind {
    ForeignKey,
    OneToOne,
    ManyToMany,
}

/// Every field class of Django 5.2 that makes a field of a model, with the arguments that it takes before those of all
/// fields, by position.
const DJANGO: &[(&str, &[&str])] = &[
    ("AutoField", FIELD),
    ("BigAutoField", FIELD),
    ("SmallAutoField", FIELD),
    ("BigIntegerField", FIELD),
    ("BinaryField", FIELD),
    ("BooleanField", FIELD),
    ("NullBooleanField", FIELD),
    ("CharField", FIELD),
    ("CommaSeparatedIntegerField", FIELD),
    ("DateField", DATE),
    ("DateTimeField", DATE),
    ("TimeField", DATE),
    ("DecimalField", &["verbose_name", "name", "max_digits", "decimal_places"]),
    ("DurationField", FIELD),
    ("EmailField", FIELD),
    ("FileField", &["verbose_name", "name", "upload_to", "storage"]),
    ("ImageField", &["verbose_name", "name", "width_field", "height_field"]),
    (
        "FilePathField",
        &["verbose_name", "name", "path", "match", "recursive", "allow_files", "allow_folders"],
    ),
    ("FloatField", FIELD),
    ("GeneratedField", &[]),
    ("GenericIPAddressField", &["verbose_name", "name", "protocol", "unpack_ipv4"]),
    ("IPAddressField", FIELD),
    ("IntegerField", FIELD),
    ("JSONField", &["verbose_name", "name", "encoder", "decoder"]),
    ("PositiveBigIntegerField", FIELD),
    ("PositiveIntegerField", FIELD),
    ("PositiveSmallIntegerField", FIELD),
    ("SlugField", FIELD),
    ("SmallIntegerField", FIELD),
    ("TextField", FIELD),
    ("URLField", &["verbose_name", "name"]),
    ("UUIDField", &["verbose_name"]),
    (
        "ForeignKey",
        &[
            "to",
            "on_delete",
            "related_name",
            "related_query_name",
            "limit_choices_to",
            "parent_link",
            "to_field",
            "db_constraint",
        ],
    ),
    ("ForeignObject", &["to", "on_delete", "from_fields", "to_fields"]),
    ("OneToOneField", &["to", "on_delete", "to_field"]),
    (
        "ManyToManyField",
        &["to", "related_name", "related_query_name", "limit_choices_to", "symmetrical", "through"],
    ),
    ("ArrayField", &["base_field", "size"]),
    ("HStoreField", FIELD),
    ("CICharField", FIELD),
    ("CIEmailField", FIELD),
    ("CITextField", FIELD),
    ("IntegerRangeField", FIELD),
    ("BigIntegerRangeField", FIELD),
    ("DecimalRangeField", FIELD),
    ("DateTimeRangeField", FIELD),
    ("DateRangeField", FIELD),
    ("SearchVectorField", FIELD),
    ("GeometryField", &["verbose_name", "srid", "spatial_index"]),
    ("PointField", &["verbose_name", "srid", "spatial_index"]),
    ("LineStringField", &["verbose_name", "srid", "spatial_index"]),
    ("PolygonField", &["verbose_name", "srid", "spatial_index"]),
    ("MultiPointField", &["verbose_name", "srid", "spatial_index"]),
    ("MultiLineStringField", &["verbose_name", "srid", "spatial_index"]),
    ("MultiPolygonField", &["verbose_name", "srid", "spatial_index"]),
    ("GeometryCollectionField", &["verbose_name", "srid", "spatial_index"]),
    ("RasterField", &["verbose_name", "srid", "spatial_index"]),
];

/// https://github.com/django/django/blob/5.2/django/db/models/fields/__init__.py: `Field.__init__`.
const FIELD: &[&str] = &[
    "verbose_name",
    "name",
    "primary_key",
    "max_length",
    "unique",
    "blank",
    "null",
    "db_index",
    "rel",
    "default",
    "editable",
    "serialize",
    "unique_for_date",
    "unique_for_month",
    "unique_for_year",
    "choices",
    "help_text",
    "db_column",
    "db_tablespace",
    "auto_created",
    "validators",
    "error_messages",
    "db_comment",
    "db_default",
];
const DATE: &[&str] = &["verbose_name", "name", "auto_now", "auto_now_add"];

/// Fields of packages that are one of Django's in all that rules ask.
const KNOWN: &[(&str, &str)] = &[
    ("modelcluster.fields.ParentalKey", "ForeignKey"),
    ("modelcluster.fields.ParentalManyToManyField", "ManyToManyField"),
    ("mptt.fields.TreeForeignKey", "ForeignKey"),
    ("mptt.models.TreeForeignKey", "ForeignKey"),
    ("mptt.fields.TreeOneToOneField", "OneToOneField"),
    ("mptt.fields.TreeManyToManyField", "ManyToManyField"),
    ("sortedm2m.fields.SortedManyToManyField", "ManyToManyField"),
    ("django_countries.fields.CountryField", "CharField"),
    ("phonenumber_field.modelfields.PhoneNumberField", "CharField"),
    ("autoslug.AutoSlugField", "SlugField"),
    ("autoslug.fields.AutoSlugField", "SlugField"),
    ("django_extensions.db.fields.AutoSlugField", "SlugField"),
    ("shortuuid.django_fields.ShortUUIDField", "CharField"),
];

const HOMES: [&str; 4] = [
    "django.db.models",
    "django.contrib.postgres.fields",
    "django.contrib.postgres.search",
    "django.contrib.gis.db.models",
];

/// Django's field class of a dotted name.
fn django_class(name: &str) -> Option<&'static str> {
    let last = name.rsplit('.').next()?;
    let is_home = HOMES.iter().any(|home| name.strip_prefix(home).is_some_and(|rest| rest.starts_with('.')));
    let known = DJANGO.iter().find(|(class, _)| *class == last).filter(|_| is_home);
    known.map(|(class, _)| *class)
}

/// The names of the arguments that a class of Django takes by position.
pub fn positions(class: &str) -> &'static [&'static str] {
    DJANGO.iter().find(|(known, _)| *known == class).map_or(&[], |(_, positions)| positions)
}

impl Project {
    /// What class of field a call in the file at `path` makes; `None` when it makes none.
    pub fn field_class_of(
        &self,
        path: &str,
        module: &Module,
        call: &ExprCall,
    ) -> Result<Option<FieldClass>, NotLoaded> {
        let Some(callee) = module.qualified(&call.func) else { return Ok(None) };
        let name = callee.to_string();
        if let Some(class) = django_class(&name) {
            return Ok(Some(FieldClass::Django(class)));
        }
        let last = callee.last();
        let looks = last.ends_with("Field") || last.ends_with("Key") || last.ends_with("Manager");
        if !looks || HOMES.iter().any(|home| callee.is_in(home)) {
            return Ok(None);
        }
        if let Some((_, class)) = KNOWN.iter().find(|(known, _)| *known == name) {
            return Ok(Some(FieldClass::Foreign { name, django: Some(class) }));
        }
        let Some(ancestry) = self.ancestry(path, &name)? else {
            let is_manager = last.ends_with("Manager") && last != "TaggableManager";
            return Ok((!is_manager).then_some(FieldClass::Foreign { name, django: None }));
        };
        let django = ancestry.foreign.iter().find_map(|base| {
            let known = KNOWN.iter().find(|(known, _)| known == base).map(|(_, class)| *class);
            django_class(base).or(known)
        });
        let is_field = django.is_some() || ancestry.foreign.iter().any(|base| base.ends_with("Field"));
        let is_known = |base: &String| {
            django_class(base).is_some() || base == "object" || KNOWN.iter().any(|(known, _)| known == base)
        };
        let has_init = ancestry.own.iter().any(|class| {
            let node = class.class();
            node.is_some_and(|node| class.module.index().function_in(node.body, "__init__").is_some())
        });
        let may_add = has_init || !ancestry.foreign.iter().all(is_known);
        let own = ancestry.own.into_iter().next().filter(|_| is_field);
        Ok(own.map(|own| FieldClass::Own { path: own.path, name: own.name, django, may_add }))
    }
}

impl<'a> ModelField<'a> {
    /// Django's class that it is or derives from: `CharField`.
    pub fn django(&self) -> Option<&'static str> {
        match &self.class {
            FieldClass::Django(class) => Some(class),
            FieldClass::Own { django, .. } | FieldClass::Foreign { django, .. } => *django,
        }
    }

    pub fn is(&self, classes: &[&str]) -> bool {
        self.django().is_some_and(|class| classes.contains(&class))
    }

    /// Can its arguments not all be seen: `*args`, `**options`, or a class of the repository that may add some?
    pub fn may_have_more(&self) -> bool {
        has_unpacking(&self.call.arguments) || matches!(self.class, FieldClass::Own { may_add: true, .. })
    }

    /// What is given for an argument, by its name or its position.
    pub fn argument(&self, name: &str) -> Option<&'a Expr> {
        if let Some(keyword) = self.call.arguments.find_keyword(name) {
            return Some(&keyword.value);
        }
        let class = self.django()?;
        let at = positions(class).iter().position(|position| *position == name)?;
        let before = self.call.arguments.args.get(..=at)?;
        if before.iter().any(Expr::is_starred_expr) { None } else { before.last() }
    }

    /// Is an argument surely `True`?
    pub fn is_true(&self, name: &str) -> bool {
        self.argument(name).and_then(Expr::as_boolean_literal_expr).is_some_and(|value| value.value)
    }

    pub fn text(&self, name: &str) -> Option<&'a str> {
        self.argument(name).and_then(string)
    }

    pub fn relation(&self) -> Option<RelationKind> {
        match self.django()? {
            "ForeignKey" | "ForeignObject" => Some(RelationKind::ForeignKey),
            "OneToOneField" => Some(RelationKind::OneToOne),
            "ManyToManyField" => Some(RelationKind::ManyToMany),
            _ => None,
        }
    }
}
