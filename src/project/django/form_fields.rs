//! Which fields of a model Django makes a form of.

use std::collections::BTreeSet;

use ruff_python_ast::{Expr, ExprCall};
use ruff_text_size::Ranged;

use crate::source::NotLoaded;
use crate::syntax::python::{Module, assignment, has_unpacking};

use crate::project::Project;
use crate::project::django::bases;
use crate::project::django::model_field::{FieldClass, ModelField};
use crate::project::python::imports::Definition;

/// Fields that nobody can edit unless they say so.
const NOT_EDITABLE: [&str; 5] =
    ["AutoField", "BigAutoField", "SmallAutoField", "BinaryField", "GeneratedField"];

/// Names of calls in a model's body that make no field.
const NO_FIELDS: [&str; 9] = [
    "GenericRelation",
    "GenericForeignKey",
    "HistoricalRecords",
    "FieldTracker",
    "as_manager",
    "from_queryset",
    "property",
    "gettext_lazy",
    "compile",
];

impl Project {
    /// The names of the fields that a form with all fields of this model has, in Django's order; `None` when that cannot
    /// be told from the repository.
    pub fn form_fields(&self, model: &Definition) -> Result<Option<Vec<String>>, NotLoaded> {
        let Some(ancestry) = self.ancestry(&model.path, &model.name)? else { return Ok(None) };
        let brings_nothing = |base: &String| {
            let known = bases::find(base);
            base.ends_with(".Model") && known.is_some() || known.is_some_and(|known| !known.is_model)
        };
        if !ancestry.foreign.iter().all(brings_nothing) {
            return Ok(None);
        }
        let mut names: Vec<String> = Vec::new();
        for class in in_order_of_creation(&ancestry.own) {
            let Some(own) = self.own_form_fields(class)? else { return Ok(None) };
            let module = &class.module;
            // Whatever a class binds hides the inherited field of that name.
            if let Some(class) = class.class() {
                names.retain(|name| module.index().bindings_in(class.body, name).is_empty());
            }
            let mut seen = BTreeSet::new();
            names.extend(own.into_iter().filter(|name| seen.insert(name.clone())));
        }
        Ok(Some(names))
    }

    /// Those of one class body.
    fn own_form_fields(&self, definition: &Definition) -> Result<Option<Vec<String>>, NotLoaded> {
        let module = &*definition.module;
        let Some(class) = definition.class().filter(|class| class.node.decorator_list.is_empty()) else {
            return Ok(None);
        };
        let calls = module.index().scope(class.body).statements.iter().filter_map(|statement| {
            let (name, value) = assignment(statement.node)?;
            Some((name, value.as_call_expr()?, statement.is_direct))
        });
        let editable = |(name, call, is_direct): (&str, _, bool)| {
            let found = self.is_editable(&definition.path, module, name, call)?;
            // Under a condition it may not be there.
            let found = if is_direct { found } else { found.filter(|is_editable| !is_editable) };
            Ok(found.map(|is_editable| is_editable.then(|| name.to_owned())))
        };
        let found: Option<Vec<_>> = NotLoaded::all(calls.map(editable))?.into_iter().collect();
        Ok(found.map(|names| names.into_iter().flatten().collect()))
    }

    /// Is it a field that a form shows? `None` when that cannot be told.
    fn is_editable<'a>(
        &self,
        path: &str,
        module: &'a Module,
        name: &'a str,
        call: &'a ExprCall,
    ) -> Result<Option<bool>, NotLoaded> {
        if makes_no_field(module, call) {
            return Ok(Some(false));
        }
        let Some(class) = self.field_class_of(path, module, call)? else { return Ok(None) };
        let field = ModelField { name, at: call.range(), call, class };
        let is_known = match &field.class {
            FieldClass::Django(_) => true,
            FieldClass::Own { django, may_add, .. } => django.is_some() && !may_add,
            FieldClass::Foreign { .. } => false,
        };
        if !is_known || has_unpacking(&call.arguments) {
            return Ok(None);
        }
        let said = match field.argument("editable") {
            Some(Expr::BooleanLiteral(said)) => Some(said.value),
            Some(_) => return Ok(None),
            None => None,
        };
        let is_set_by_django = ["auto_now", "auto_now_add", "parent_link"].iter().any(|it| field.is_true(it));
        let has_no_widget = field.is(&["AutoField", "BigAutoField", "SmallAutoField"]) || is_set_by_django;
        Ok(Some(!has_no_widget && said.unwrap_or_else(|| !field.is(&NOT_EDITABLE))))
    }
}

fn makes_no_field(module: &Module, call: &ExprCall) -> bool {
    // `PostManager.from_queryset(PostQuerySet)()`
    let callee = match &*call.func {
        Expr::Call(made) => &*made.func,
        other => other,
    };
    module
        .qualified(callee)
        .is_some_and(|name| NO_FIELDS.contains(&name.last()) || name.last().ends_with("Manager"))
}

/// Django orders fields as they were made: base classes first, and those of one module as they stand there.
fn in_order_of_creation(classes: &[Definition]) -> Vec<&Definition> {
    let mut paths: Vec<&str> = Vec::new();
    for class in classes.iter().rev() {
        if !paths.contains(&class.path.as_str()) {
            paths.push(&class.path);
        }
    }
    let mut ordered: Vec<&Definition> = classes.iter().collect();
    ordered.sort_by_key(|class| {
        let at = class.module.class(&class.name).map(Ranged::start);
        (paths.iter().position(|path| *path == class.path), at)
    });
    ordered
}
