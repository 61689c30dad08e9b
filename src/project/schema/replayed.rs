//! The tables of an app as all its migrations leave them.

use std::collections::BTreeMap;

use ruff_python_ast::Expr;

use crate::source::NotLoaded;
use crate::syntax::python::string;

use crate::project::django::apps::App;
use crate::project::migrations::history::History;
use crate::project::migrations::migration::{Operation, Position};
use crate::project::{Fact, Project};

use super::table::{ALTERED, Table};
use super::value::{Place, Value};

/// By lower-case names of models.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Replayed {
    pub tables: BTreeMap<String, Table>,
    /// Operations that nobody here understands.
    pub unknown: usize,
}

impl Fact for Replayed {
    type Key = App;

    fn find(project: &Project, app: &App) -> Result<Self, NotLoaded> {
        let history = project.fact::<History>(app)?;
        let order = history.all();
        let sources = order.iter().map(|node| project.whole_migration(&node.path));
        let (mut replayed, mut missing) = (Self::default(), NotLoaded::default());
        for source in NotLoaded::all(sources)?.into_iter().flatten() {
            replayed.unknown += usize::from(source.is_cut());
            for operation in source.operations().iter().filter(|o| o.position != Position::DatabaseOnly) {
                if let Err(more) = replayed.apply(project, &app.label, operation) {
                    missing.merge(more);
                }
            }
        }
        if missing.wants.is_empty() { Ok(replayed) } else { Err(missing) }
    }
}

/// Operations that leave the state of models alone.
const HARMLESS: [&str; 8] = [
    "RunPython",
    "RunSQL",
    "SeparateDatabaseAndState",
    "AlterModelManagers",
    "AlterOrderWithRespectTo",
    "ValidateConstraint",
    "CreateCollation",
    "RemoveCollation",
];

impl Replayed {
    fn apply(&mut self, project: &Project, app: &str, operation: &Operation<'_>) -> Result<(), NotLoaded> {
        let place = Place { project, path: operation.path, module: operation.module, class: None };
        let text = |name: &str, at: usize| operation.text(name, at).map(str::to_lowercase);
        let Some(kind) = operation.django_kind() else {
            // Operations of other packages and those of `django.contrib.postgres` touch extensions, indexes, triggers.
            let is_known = operation.callee.starts_with("django.contrib.postgres.operations.")
                && !["AddIndex", "RemoveIndex", "AddConstraint"]
                    .iter()
                    .any(|kind| operation.kind().starts_with(kind));
            self.unknown += usize::from(!is_known);
            return Ok(());
        };
        if operation.has_unpacking() {
            self.unknown += 1;
            return Ok(());
        }
        match kind {
            "CreateModel" => return self.create(place, app, operation),
            "DeleteModel" => {
                text("name", 0).map(|name| self.tables.remove(&name));
            }
            "RenameModel" => self.rename(operation),
            "AddField" | "AlterField" => return self.field(place, app, operation),
            "RemoveField" => {
                if let (Some(table), Some(name)) =
                    (self.table(operation, "model_name"), operation.text("name", 1))
                {
                    table.columns.remove(name);
                }
            }
            "RenameField" => {
                let names = (operation.text("old_name", 1), operation.text("new_name", 2));
                if let (Some(table), (Some(old), Some(new))) = (self.table(operation, "model_name"), names)
                    && let Some(column) = table.columns.remove(old)
                {
                    table.columns.insert(new.to_owned(), column);
                }
            }
            "AlterModelOptions" => {
                let Some(Expr::Dict(options)) = operation.argument("options", 1) else {
                    self.unknown += 1;
                    return Ok(());
                };
                let Some(table) = self.table(operation, "name") else { return Ok(()) };
                ALTERED.iter().for_each(|name| drop(table.options.remove(*name)));
                return set_all(place, table, options);
            }
            "AlterModelTable" | "AlterUniqueTogether" | "AlterIndexTogether" | "AlterModelTableComment" => {
                let (argument, option) = match kind {
                    "AlterModelTable" => ("table", "db_table"),
                    "AlterUniqueTogether" => ("unique_together", "unique_together"),
                    "AlterIndexTogether" => ("index_together", "index_together"),
                    _ => ("table_comment", "db_table_comment"),
                };
                // `set()` and, of older versions, `set([("a", "b")])`
                let given = operation.argument(argument, 1).map(|value| match value {
                    Expr::Call(call) => call.arguments.args.first(),
                    other => Some(other),
                });
                let value = match given {
                    Some(Some(value)) => Some(place.value(value)?),
                    Some(None) => Some(Value::literal("None")),
                    None => None,
                };
                if let (Some(table), Some(value)) = (self.table(operation, "name"), value) {
                    table.set(option, value);
                }
            }
            "AddIndex" | "AddIndexConcurrently" | "AddConstraint" | "AddConstraintNotValid" => {
                let is_index = kind.starts_with("AddIndex");
                let element = operation.argument(if is_index { "index" } else { "constraint" }, 1);
                let name = element.and_then(|element| place.name_of(element));
                if let Some(table) = self.table(operation, "model_name") {
                    let named = if is_index { &mut table.indexes } else { &mut table.constraints };
                    named.has_more |= name.is_none();
                    named.names.extend(name);
                }
            }
            "RemoveIndex" | "RemoveIndexConcurrently" | "RemoveConstraint" => {
                let is_index = kind.starts_with("RemoveIndex");
                if let (Some(table), Some(name)) =
                    (self.table(operation, "model_name"), operation.text("name", 1))
                {
                    let named = if is_index { &mut table.indexes } else { &mut table.constraints };
                    named.names.remove(name);
                }
            }
            "RenameIndex" => {
                let old = operation.text("old_name", 2).map(str::to_owned);
                if let (Some(table), Some(new)) =
                    (self.table(operation, "model_name"), operation.text("new_name", 1))
                {
                    old.map(|old| table.indexes.names.remove(&old));
                    table.indexes.names.insert(new.to_owned());
                }
            }
            known if HARMLESS.contains(&known) || known.ends_with("Extension") => {}
            _ => self.unknown += 1,
        }
        Ok(())
    }

    /// The table that an operation names with its first argument.
    fn table(&mut self, operation: &Operation<'_>, argument: &str) -> Option<&mut Table> {
        self.tables.get_mut(&operation.text(argument, 0)?.to_lowercase())
    }

    fn create(&mut self, place: Place<'_>, app: &str, operation: &Operation<'_>) -> Result<(), NotLoaded> {
        let Some(name) = operation.text("name", 0) else {
            self.unknown += 1;
            return Ok(());
        };
        let mut table = Table { name: name.to_owned(), ..Table::default() };
        let lower = name.to_lowercase();
        let pairs = match operation.argument("fields", 1) {
            Some(Expr::List(list)) => list.elts.as_slice(),
            Some(Expr::Tuple(tuple)) => tuple.elts.as_slice(),
            _ => &[],
        };
        let column = |pair: &Expr| {
            let parts = match pair {
                Expr::Tuple(tuple) => tuple.elts.as_slice(),
                Expr::List(list) => list.elts.as_slice(),
                _ => return Ok(None),
            };
            let [field, Expr::Call(call)] = parts else { return Ok(None) };
            let Some(field) = string(field) else { return Ok(None) };
            Ok(place.column(call, (app, &lower), true)?.map(|column| (field.to_owned(), column)))
        };
        let columns = NotLoaded::all(pairs.iter().map(column))?;
        table.columns = columns.into_iter().flatten().collect();
        match operation.argument("options", 2) {
            Some(Expr::Dict(options)) => set_all(place, &mut table, options)?,
            Some(_) => self.unknown += 1,
            None => {}
        }
        self.tables.insert(lower, table);
        Ok(())
    }

    fn rename(&mut self, operation: &Operation<'_>) {
        if let (Some(old), Some(new)) = (operation.text("old_name", 0), operation.text("new_name", 1))
            && let Some(mut table) = self.tables.remove(&old.to_lowercase())
        {
            table.name = new.to_owned();
            self.tables.insert(new.to_lowercase(), table);
            // Django points every relation to the new name.
            let is_old = |value: &&mut Value| {
                matches!(value, Value::Name(name)
                    if name.rsplit_once('.').is_some_and(|(_, model)| model == old.to_lowercase()))
            };
            let columns = self.tables.values_mut().flat_map(|table| table.columns.values_mut());
            let targets = columns.filter_map(|column| column.arguments.get_mut("to"));
            targets.filter(is_old).for_each(|value| *value = Value::Unknown);
        }
    }

    fn field(&mut self, place: Place<'_>, app: &str, operation: &Operation<'_>) -> Result<(), NotLoaded> {
        let names = (operation.text("model_name", 0), operation.text("name", 1));
        let (Some(model), Some(name)) = names else {
            self.unknown += 1;
            return Ok(());
        };
        let model = model.to_lowercase();
        let keeps = operation.argument("preserve_default", 3).and_then(Expr::as_boolean_literal_expr);
        let keeps_default = keeps.is_none_or(|flag| flag.value);
        let column = match operation.argument("field", 2) {
            Some(Expr::Call(call)) => place.column(call, (app, &model), keeps_default)?,
            _ => None,
        };
        match (self.tables.get_mut(&model), column) {
            (Some(table), Some(column)) => drop(table.columns.insert(name.to_owned(), column)),
            (Some(table), None) => drop(table.columns.remove(name)),
            (None, _) => {}
        }
        Ok(())
    }
}

fn set_all(
    place: Place<'_>,
    table: &mut Table,
    options: &ruff_python_ast::ExprDict,
) -> Result<(), NotLoaded> {
    for item in &options.items {
        if let Some(name) = item.key.as_ref().and_then(string) {
            place.option(table, name, &item.value)?;
        }
    }
    Ok(())
}
