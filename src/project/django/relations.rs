//! How models hang together: which model a name means, what its relations lead to, which managers it has.

use std::collections::BTreeMap;
use std::sync::Arc;

use ruff_python_ast::Expr;

use crate::source::NotLoaded;
use crate::source::tree::join;
use crate::syntax::python::{Class, Module, ScopeId, assignment, string};

use crate::project::django::bases;
use crate::project::django::lineage::{ClassRef, Lineage, Lineages};
use crate::project::django::managers::MANAGERS;
use crate::project::django::model_field::{ModelField, RelationKind};
use crate::project::django::models;
use crate::project::{Fact, Project};

/// A model of the repository, of a package, or whichever the project's user is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ModelRef {
    Own(ClassRef),
    Foreign(String),
    User,
}

impl ModelRef {
    /// The name of its class.
    pub fn name(&self) -> &str {
        match self {
            Self::Own(class) => &class.name,
            Self::Foreign(name) => name.rsplit('.').next().unwrap_or(name),
            Self::User => "User",
        }
    }
}

/// A field that leads to another model.
#[derive(Clone, Debug)]
pub struct Relation {
    pub field: String,
    pub kind: RelationKind,
    pub to: Option<ModelRef>,
    pub is_null: bool,
    /// What the other model reads it by; `None` where it has no such name, or an unknown one.
    pub accessor: Option<String>,
}

/// What an attribute of a row leads to.
#[derive(Clone, Debug)]
pub enum Way {
    /// One row, by a field of its own.
    One(Relation),
    /// Many rows, by a field of its own.
    Many(Relation),
    /// Rows of this model, by its field that leads here.
    Back(ClassRef, Relation),
}

/// What a manager of a model is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ManagerKind {
    /// Django's own.
    Plain,
    /// Its query sets may begin with more than can be seen.
    Custom,
}

/// The models of one module, by their names.
#[derive(Debug, Default)]
pub struct Relations(BTreeMap<String, Related>);

/// One model's own part: what it inherits is not in it.
#[derive(Debug)]
struct Related {
    lineage: Arc<Lineage>,
    relations: Vec<Relation>,
    managers: Vec<(String, ManagerKind)>,
}

impl Fact for Relations {
    type Key = str;

    fn find(project: &Project, path: &str) -> Result<Self, NotLoaded> {
        let Some(module) = project.module(path)? else { return Ok(Self::default()) };
        let models = models::of_module(project, path, &module)?;
        let related = models.iter().map(|model| {
            let fields = model.fields().iter();
            let relations = fields.map(|field| relation(project, path, &module, model.name(), field));
            let relations = NotLoaded::all(relations)?.into_iter().flatten().collect();
            let managers = managers(&module, model.class);
            Ok((model.name().to_owned(), Related { lineage: model.lineage.clone(), relations, managers }))
        });
        Ok(Self(NotLoaded::all(related)?.into_iter().collect()))
    }
}

fn relation(
    project: &Project,
    path: &str,
    module: &Module,
    model: &str,
    field: &ModelField<'_>,
) -> Result<Option<Relation>, NotLoaded> {
    let Some(kind) = field.relation() else { return Ok(None) };
    let to = match field.argument("to") {
        Some(to) => target(project, path, module, model, to)?,
        None => None,
    };
    let usual = match kind {
        RelationKind::OneToOne => model.to_lowercase(),
        _ => format!("{}_set", model.to_lowercase()),
    };
    let accessor = match field.argument("related_name").map(string) {
        None if field.may_have_more() => None,
        None => Some(usual),
        Some(name) => name.filter(|name| !name.contains(['+', '%'])).map(str::to_owned),
    };
    let is_null = field.is_true("null");
    Ok(Some(Relation { field: field.name.to_owned(), kind, to, is_null, accessor }))
}

/// The model that a relation's first argument names: a class, `"self"`, `"Model"`, `"app.Model"`, the user's setting.
fn target(
    project: &Project,
    path: &str,
    module: &Module,
    model: &str,
    to: &Expr,
) -> Result<Option<ModelRef>, NotLoaded> {
    let Some(named) = string(to) else {
        let name = module.qualified(to).map(|name| name.to_string());
        return match name.as_deref() {
            Some("django.conf.settings.AUTH_USER_MODEL") => Ok(Some(ModelRef::User)),
            Some(name) => project.model_named(path, name),
            None => Ok(None),
        };
    };
    match named.split_once('.') {
        None if named == "self" => project.model_named(path, model),
        None => match project.model_named(path, named)? {
            None => project.model_named(path, &format!(".{named}")),
            found => Ok(found),
        },
        Some((label, name)) => {
            let (apps, tree) = (project.apps()?, project.tree()?);
            let labelled = apps.labelled(label, path);
            let [app] = labelled.as_slice() else { return Ok(None) };
            let homes = ["models.py", "models/__init__.py"].map(|home| join(&app.folder, home));
            match homes.iter().find(|home| tree.contains(home)) {
                Some(home) => project.model_named(home, name),
                None => Ok(None),
            }
        }
    }
}

/// What the body of a model calls its managers.
fn managers(module: &Module, class: &Class<'_>) -> Vec<(String, ManagerKind)> {
    let statements = module.index().scope(class.body).statements.iter();
    let assigned = statements.filter_map(|statement| assignment(statement.node));
    let manager = |(name, value): (&str, &Expr)| {
        let call = value.as_call_expr()?;
        let written = module.source(&*call.func);
        let is_manager = name == "objects" || written.ends_with("Manager") || written.contains("as_manager");
        let is_plain = module.qualified(&call.func).is_some_and(|name| name == "django.db.models.Manager");
        let kind = if is_plain { ManagerKind::Plain } else { ManagerKind::Custom };
        is_manager.then(|| (name.to_owned(), kind))
    };
    assigned.filter_map(manager).collect()
}

impl Project {
    /// The model that a dotted name means in the file at `from`.
    pub fn model_named(&self, from: &str, dotted: &str) -> Result<Option<ModelRef>, NotLoaded> {
        if bases::find(dotted).is_some_and(|base| base.is_model && base.is_concrete) {
            return Ok(Some(ModelRef::Foreign(dotted.to_owned())));
        }
        let Some(found) = self.definition(from, dotted)? else { return Ok(None) };
        if found.module.class(&found.name).is_none() {
            let value = found.module.index().assigned_in(ScopeId::MODULE, &found.name);
            return Ok(value
                .is_some_and(|value| is_user_model(&found.module, value))
                .then_some(ModelRef::User));
        }
        let lineages = self.fact::<Lineages>(&found.path)?;
        let is_model = lineages.of(&found.name).is_some_and(|lineage| lineage.is_model());
        Ok(is_model.then_some(ModelRef::Own(ClassRef { path: found.path, name: found.name })))
    }

    /// What an attribute of a model's rows leads to; ways back are known from the model's own module alone.
    pub fn way(&self, model: &ClassRef, attribute: &str) -> Result<Option<Way>, NotLoaded> {
        let own = self.fact::<Relations>(&model.path)?;
        let Some(related) = own.0.get(&model.name) else { return Ok(None) };
        let mut above = vec![];
        for class in &related.lineage.own {
            above.push((self.fact::<Relations>(&class.path)?, class));
        }
        let above = above.iter().filter_map(|(relations, class)| relations.0.get(&class.name));
        let mut fields = std::iter::once(related).chain(above).flat_map(|related| &related.relations);
        if let Some(relation) = fields.find(|relation| relation.field == attribute).cloned() {
            let is_many = relation.kind == RelationKind::ManyToMany;
            return Ok(Some(if is_many { Way::Many(relation) } else { Way::One(relation) }));
        }
        let back = own.0.iter().flat_map(|(name, related)| {
            let leads_here = |relation: &&Relation| {
                relation.accessor.as_deref() == Some(attribute)
                    && matches!(&relation.to, Some(ModelRef::Own(to)) if to == model)
            };
            related.relations.iter().filter(leads_here).map(move |relation| (name, relation))
        });
        Ok(back.last().map(|(name, relation)| {
            let from = ClassRef { path: model.path.clone(), name: name.clone() };
            Way::Back(from, relation.clone())
        }))
    }

    /// What manager an attribute of a model class is; `None` when it is none that is known.
    pub fn manager(&self, model: &ModelRef, attribute: &str) -> Result<Option<ManagerKind>, NotLoaded> {
        let usual = MANAGERS.contains(&attribute);
        let ModelRef::Own(class) = model else { return Ok(usual.then_some(ManagerKind::Custom)) };
        let own = self.fact::<Relations>(&class.path)?;
        let Some(related) = own.0.get(&class.name) else { return Ok(None) };
        let given =
            |related: &Related| related.managers.iter().find(|(name, _)| name == attribute).map(|m| m.1);
        if let Some(kind) = given(related) {
            return Ok(Some(kind));
        }
        for class in &related.lineage.own {
            let above = self.fact::<Relations>(&class.path)?;
            if let Some(kind) = above.0.get(&class.name).and_then(given) {
                return Ok(Some(kind));
            }
        }
        let is_plain = attribute == "objects" && related.lineage.is_complete();
        Ok(usual.then_some(if is_plain { ManagerKind::Plain } else { ManagerKind::Custom }))
    }
}

/// `get_user_model()`
pub fn is_user_model(module: &Module, value: &Expr) -> bool {
    let callee = value.as_call_expr().and_then(|call| module.qualified(&call.func));
    callee.is_some_and(|name| name == "django.contrib.auth.get_user_model")
}
