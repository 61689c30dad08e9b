//! The tables of an app as its models write them.

use std::collections::BTreeMap;

use ruff_text_size::TextRange;

use crate::model::change::Path;
use crate::model::finding::Span;
use crate::source::NotLoaded;
use crate::syntax::python::{Folded, ScopeId};

use crate::project::Project;
use crate::project::django::apps::App;
use crate::project::django::lineage::Lineages;
use crate::project::django::models::{self, ModelClass};

use super::table::{ALTERED, OWN, Table};
use super::value::{Place, Value};

/// A model's table, and where the model stands.
#[derive(Clone, Debug)]
pub struct Written {
    pub table: Table,
    pub path: Path,
    /// Its name, where the class begins.
    pub at: Span,
    /// Where its own fields are assigned.
    pub fields: BTreeMap<String, Span>,
    /// All that it derives from is in the text: what it lacks it lacks.
    pub is_complete: bool,
}

/// The models of the files at these paths that are of this app, by their lower-case names.
pub fn of_files(
    project: &Project,
    app: &App,
    paths: &[&str],
) -> Result<BTreeMap<String, Written>, NotLoaded> {
    let of_file = |path: &&str| {
        let Some(module) = project.module(path)? else { return Ok(Vec::new()) };
        let models = models::of_module(project, path, &module)?;
        let own = models.iter().filter(|model| !model.is_abstract() && is_of(model, app));
        NotLoaded::all(own.map(|model| written(model, app)))
    };
    let found = NotLoaded::all(paths.iter().map(of_file))?.into_iter().flatten();
    Ok(found.map(|written| (written.table.name.to_lowercase(), written)).collect())
}

/// `app_label` may put a model into another app.
fn is_of(model: &ModelClass<'_>, app: &App) -> bool {
    model
        .own_option("app_label")
        .is_none_or(|label| crate::syntax::python::string(label).is_some_and(|label| label == app.label))
}

fn written(model: &ModelClass<'_>, app: &App) -> Result<Written, NotLoaded> {
    let place = Place {
        project: model.project,
        path: model.path,
        module: model.module,
        class: Some(model.class.body),
    };
    let mut table = Table { name: model.name().to_owned(), ..Table::default() };
    let owner = (app.label.as_str(), &*model.name().to_lowercase());
    columns(place, &mut table, owner)?;
    table.is_bare = model.is_proxy() || model.is_unmanaged();
    // Abstract classes above it give their fields; a model with a table keeps its own.
    for above in &model.lineage.own {
        let Some(module) = model.project.module(&above.path)? else { continue };
        let Some(class) = module.index().class_in(ScopeId::MODULE, &above.name) else { continue };
        let lineages = model.project.fact::<Lineages>(&above.path)?;
        let is_model = lineages.of(&above.name).is_some_and(|lineage| lineage.is_model());
        let is_concrete = is_model && !models::is_abstract(&module, class);
        if !is_concrete {
            let there =
                Place { project: model.project, path: &above.path, module: &module, class: Some(class.body) };
            columns(there, &mut table, owner)?;
        }
    }
    // `name = None` takes an inherited field away.
    table.columns.retain(|name, _| {
        let last = model.bindings(name).next();
        !last.is_some_and(|last| last.value.is_some_and(|value| value.is_none_literal_expr()))
    });
    options(place, model, &mut table)?;
    let span = |range: TextRange| model.module.span(&range);
    Ok(Written {
        path: model.path.to_owned(),
        at: model.module.span(&model.node().name),
        fields: model.fields().iter().map(|field| (field.name.to_owned(), span(field.at))).collect(),
        is_complete: model.lineage.is_told() && !model.is_decorated(),
        table,
    })
}

/// The fields that one class body assigns; what is there already stays.
fn columns(place: Place<'_>, table: &mut Table, owner: (&str, &str)) -> Result<(), NotLoaded> {
    let Some(scope) = place.class else { return Ok(()) };
    let column = |(name, call)| Ok((name, place.column(call, owner, true)?));
    for (name, column) in NotLoaded::all(models::assigned_calls(place.module, scope).map(column))? {
        if let Some(column) = column {
            table.columns.entry(name.to_owned()).or_insert(column);
        }
    }
    Ok(())
}

fn options(place: Place<'_>, model: &ModelClass<'_>, table: &mut Table) -> Result<(), NotLoaded> {
    for name in ALTERED.into_iter().chain(OWN).chain(["indexes", "constraints"]) {
        if let Some(own) = model.own_option(name) {
            let inside = Place { class: model.meta().map(|meta| meta.body), ..place };
            inside.option(table, name, own)?;
            continue;
        }
        let Some(inherited) = model.option(name)? else { continue };
        match name {
            "indexes" => table.indexes.has_more = true,
            "constraints" => table.constraints.has_more = true,
            _ => table.set(name, of_folded(&inherited)),
        }
    }
    Ok(())
}

fn of_folded(folded: &Folded) -> Value {
    match folded {
        Folded::Str(text) => Value::Literal(format!("{text:?}")),
        Folded::Bool(flag) => Value::literal(if *flag { "True" } else { "False" }),
        Folded::None => Value::literal("None"),
        Folded::Int(int) => Value::Literal(int.to_string()),
        Folded::List { items, partial: false } => {
            super::value::joined("[", &items.iter().map(of_folded).collect::<Vec<_>>(), "]")
        }
        Folded::List { .. } | Folded::Unknown => Value::Unknown,
    }
}
