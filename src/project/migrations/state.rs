//! The models of an app as its migrations leave them: fields, and which migration made the table.

use std::collections::BTreeMap;

use ruff_python_ast::{Expr, ExprCall};

use crate::source::{NotLoaded, snapshot::both};
use crate::syntax::python::string;

use crate::project::migrations::field::Field;
use crate::project::migrations::history::History;
use crate::project::migrations::migration::{Operation, Position};
use crate::project::{Fact, Project};

/// One model. Names are lower case, as Django compares them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Model {
    /// The migration that creates it.
    pub created_in: Option<String>,
    /// `None` for a field that the text does not tell.
    pub fields: BTreeMap<String, Option<Field>>,
    /// `managed = False`, `proxy = True`: migrations do not touch its table.
    pub untouched: bool,
}

/// The models of one app at some point of its history.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    models: BTreeMap<String, Model>,
}

impl State {
    pub fn model(&self, name: &str) -> Option<&Model> {
        self.models.get(&name.to_lowercase())
    }

    /// A field that is known, of a model that is known.
    pub fn field(&self, model: &str, field: &str) -> Option<&Field> {
        self.model(model)?.fields.get(&field.to_lowercase())?.as_ref()
    }

    /// Takes one operation in, as far as it is understood.
    pub fn apply(
        &mut self,
        project: &Project,
        migration: &str,
        operation: &Operation<'_>,
    ) -> Result<(), NotLoaded> {
        let lower = |name: &str, position: usize| operation.text(name, position).map(str::to_lowercase);
        match operation.kind() {
            "CreateModel" => {
                let Some(name) = lower("name", 0) else { return Ok(()) };
                let model = created(project, migration, operation)?;
                self.models.insert(name, model);
            }
            "DeleteModel" => {
                lower("name", 0).map(|name| self.models.remove(&name));
            }
            "RenameModel" => {
                if let (Some(old), Some(new)) = (lower("old_name", 0), lower("new_name", 1))
                    && let Some(model) = self.models.remove(&old)
                {
                    self.models.insert(new, model);
                }
            }
            "AddField" | "AlterField" => {
                let (Some(model), Some(name)) = (lower("model_name", 0), lower("name", 1)) else {
                    return Ok(());
                };
                let field = field_of(project, operation, operation.argument("field", 2))?;
                if let Some(model) = self.models.get_mut(&model) {
                    model.fields.insert(name, field);
                }
            }
            "RemoveField" => {
                let (Some(model), Some(name)) = (lower("model_name", 0), lower("name", 1)) else {
                    return Ok(());
                };
                self.models.get_mut(&model).map(|model| model.fields.remove(&name));
            }
            "RenameField" => {
                let (Some(model), Some(old), Some(new)) =
                    (lower("model_name", 0), lower("old_name", 1), lower("new_name", 2))
                else {
                    return Ok(());
                };
                if let Some(model) = self.models.get_mut(&model)
                    && let Some(field) = model.fields.remove(&old)
                {
                    model.fields.insert(new, field);
                }
            }
            _ => {}
        }
        Ok(())
    }
}

/// The models of an app before the migration at this path: the operations of all its ancestors in the same app.
impl Fact for State {
    type Key = str;

    fn find(project: &Project, path: &str) -> Result<Self, NotLoaded> {
        let mut state = Self::default();
        let (apps, links) = both(project.apps(), project.links(path))?;
        let (Some(name), Some(links)) = (apps.migration_name(path), links) else { return Ok(state) };
        let Some(app) = apps.of_migration_file(path) else { return Ok(state) };
        let history = project.fact::<History>(app)?;
        let before = history.before(&name.app, &links).into_iter();
        let sources = before.map(|node| Ok((&node.name.name, project.whole_migration(&node.path)?)));
        // What one step misses does not keep the others from asking too.
        let mut missing = NotLoaded::default();
        for (ancestor, source) in NotLoaded::all(sources)? {
            let Some(source) = source else { continue };
            for operation in source.operations().iter().filter(|o| o.position != Position::DatabaseOnly) {
                if let Err(more) = state.apply(project, ancestor, operation) {
                    missing.merge(more);
                }
            }
        }
        if missing.wants.is_empty() { Ok(state) } else { Err(missing) }
    }
}

fn created(project: &Project, migration: &str, operation: &Operation<'_>) -> Result<Model, NotLoaded> {
    let mut model = Model { created_in: Some(migration.to_owned()), ..Model::default() };
    let pairs = operation.argument("fields", 1).map(elements).unwrap_or_default();
    let fields = pairs.iter().filter_map(|pair| match elements(pair) {
        [name, field] => Some((string(name)?.to_lowercase(), field)),
        _ => None,
    });
    let fields = fields.map(|(name, field)| Ok((name, field_of(project, operation, Some(field))?)));
    model.fields = NotLoaded::all(fields)?.into_iter().collect();
    if let Some(Expr::Dict(options)) = operation.argument("options", 2) {
        model.untouched = options.items.iter().any(|item| {
            let key = item.key.as_ref().and_then(string);
            let value = item.value.as_boolean_literal_expr().map(|b| b.value);
            matches!((key, value), (Some("managed"), Some(false)) | (Some("proxy"), Some(true)))
        });
    }
    Ok(model)
}

fn elements(expr: &Expr) -> &[Expr] {
    match expr {
        Expr::List(list) => &list.elts,
        Expr::Tuple(tuple) => &tuple.elts,
        _ => &[],
    }
}

fn field_of(
    project: &Project,
    operation: &Operation<'_>,
    expr: Option<&Expr>,
) -> Result<Option<Field>, NotLoaded> {
    let call: Option<&ExprCall> = expr.and_then(|e| e.as_call_expr());
    call.map_or(Ok(None), |call| project.field(operation.path, operation.module, call))
}
