//! The models of an app as its migrations leave them: fields, and which migration made the table.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ruff_python_ast::{Expr, ExprCall};

use crate::source::NotLoaded;
use crate::syntax::python::string;

use super::Project;
use super::apps::{App, MigrationName};
use super::field::Field;
use super::migration::{Dependency, Migration, Operation, Position};

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

impl Project {
    /// The models of the app before this migration runs: the operations of all its ancestors in the same app.
    pub fn state_before(&self, name: &MigrationName, migration: &Migration) -> Result<Arc<State>, NotLoaded> {
        self.states.get_or_try(name, || {
            let mut state = State::default();
            let apps = self.apps()?;
            let mut homes = apps.labelled(&name.app);
            // Two apps of one label belong to two projects of a monorepo: nobody knows which is meant.
            let (Some(app), None) = (homes.next(), homes.next()) else { return Ok(Arc::new(state)) };
            let history = self.history(app)?;
            let dependencies = own_dependencies(&name.app, migration);
            let before = history.ancestors(&dependencies);
            let paths = before.iter().filter_map(|name| Some((*name, &history.by_name.get(*name)?.0)));
            let sources = paths.map(|(name, path)| Ok((name, self.migration_source(path)?)));
            // What one step misses does not keep the others from asking too.
            let mut missing = NotLoaded::default();
            for (ancestor, source) in NotLoaded::all(sources)? {
                let Some(source) = source else { continue };
                for operation in source.operations().iter().filter(|o| o.position != Position::DatabaseOnly) {
                    if let Err(more) = state.apply(self, ancestor, operation) {
                        missing.merge(more);
                    }
                }
            }
            if missing.wants.is_empty() { Ok(Arc::new(state)) } else { Err(missing) }
        })
    }

    fn history(&self, app: &App) -> Result<History, NotLoaded> {
        let tree = self.tree()?;
        let paths: Vec<&str> = app.migration_files(&tree).collect();
        let migrations = NotLoaded::all(paths.iter().map(|path| self.migration(path)))?;
        let mut history = History::default();
        for (path, migration) in paths.into_iter().zip(migrations) {
            let Some(migration) = migration else { continue };
            let name = crate::source::tree::file_name(path).trim_end_matches(".py").to_owned();
            for replaced in &migration.replaces {
                if let Dependency::On(on) = &replaced.dependency {
                    history.replaced_by.insert(on.name.clone(), name.clone());
                }
            }
            history.by_name.insert(name, (path.to_owned(), own_dependencies(&app.label, &migration)));
        }
        Ok(history)
    }
}

/// The migrations of one app with what each depends on in the same app.
#[derive(Debug, Default)]
struct History {
    by_name: BTreeMap<String, (String, Vec<String>)>,
    replaced_by: BTreeMap<String, String>,
}

impl History {
    /// What comes before these names and they themselves, each after what it depends on.
    fn ancestors<'a>(&'a self, names: &'a [String]) -> Vec<&'a str> {
        let mut order = Vec::new();
        let mut seen = BTreeSet::new();
        // A name is entered once to put its dependencies above it, and left once they are done.
        let mut stack: Vec<(&str, bool)> = names.iter().rev().map(|n| (n.as_str(), false)).collect();
        while let Some((name, done)) = stack.pop() {
            let name = match (self.by_name.contains_key(name), self.replaced_by.get(name)) {
                (false, Some(squash)) => squash.as_str(),
                _ => name,
            };
            if done {
                order.push(name);
            } else if seen.insert(name) {
                stack.push((name, true));
                let before = self.by_name.get(name).map_or(&[][..], |(_, dependencies)| dependencies);
                stack.extend(before.iter().rev().map(|n| (n.as_str(), false)));
            }
        }
        order
    }
}

fn own_dependencies(app: &str, migration: &Migration) -> Vec<String> {
    let own = migration.dependencies.iter().filter_map(|d| match &d.dependency {
        Dependency::On(on) if on.app == app => Some(on.name.clone()),
        _ => None,
    });
    own.collect()
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
