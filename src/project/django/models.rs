//! Django models as their classes say: fields, `Meta`, methods, and what they inherit.

use std::collections::BTreeSet;
use std::sync::Arc;

use ruff_python_ast::{Expr, ExprCall, StmtClassDef};
use ruff_text_size::Ranged;

use crate::source::NotLoaded;
use crate::syntax::python::{Binding, BindingKind, Class, Folded, Function, Module, ScopeId, assignment};

use crate::project::Project;
use crate::project::django::lineage::{ClassRef, Lineage, Lineages};
use crate::project::django::model_field::ModelField;

/// A model at the top of a module.
#[derive(Clone, Debug)]
pub struct ModelClass<'a> {
    pub project: &'a Project,
    pub path: &'a str,
    pub module: &'a Module,
    pub class: &'a Class<'a>,
    pub lineage: Arc<Lineage>,
    fields: Vec<ModelField<'a>>,
}

/// The own models of a module, in source order.
pub fn of_module<'a>(
    project: &'a Project,
    path: &'a str,
    module: &'a Module,
) -> Result<Vec<ModelClass<'a>>, NotLoaded> {
    if module.classes().next().is_none() {
        return Ok(Vec::new());
    }
    let lineages = project.fact::<Lineages>(path)?;
    let model = |node: &'a StmtClassDef| {
        let lineage = lineages.of(node.name.as_str()).filter(|lineage| lineage.is_model());
        let Some((class, lineage)) = module.index().class_of(node).zip(lineage) else { return Ok(None) };
        let fields = fields(project, path, module, class)?;
        Ok(Some(ModelClass { project, path, module, class, lineage: lineage.clone(), fields }))
    };
    Ok(NotLoaded::all(module.classes().map(model))?.into_iter().flatten().collect())
}

/// The fields that a class body assigns.
fn fields<'a>(
    project: &Project,
    path: &str,
    module: &'a Module,
    class: &'a Class<'a>,
) -> Result<Vec<ModelField<'a>>, NotLoaded> {
    let field = |(name, call)| {
        let Some(class_of_field) = project.field_class_of(path, module, call)? else { return Ok(None) };
        let bindings = module.index().bindings_in(class.body, name).iter();
        let binding =
            bindings.rev().find(|binding| binding.value.is_some_and(|value| value.range() == call.range()));
        Ok(binding.map(|binding| ModelField { name, at: binding.at, call, class: class_of_field }))
    };
    Ok(NotLoaded::all(assigned_calls(module, class.body).map(field))?.into_iter().flatten().collect())
}

/// What the classes above a model give it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inherited {
    Given,
    /// No class above it has it.
    Missing,
    /// A base that nobody here knows may have it.
    Unknown,
}

impl<'a> ModelClass<'a> {
    pub fn name(&self) -> &'a str {
        self.class.node.name.as_str()
    }

    pub fn node(&self) -> &'a StmtClassDef {
        self.class.node
    }

    /// The fields of its own body, in source order.
    pub fn fields(&self) -> &[ModelField<'a>] {
        &self.fields
    }

    pub fn field(&self, name: &str) -> Option<&ModelField<'a>> {
        self.fields.iter().rev().find(|field| field.name == name)
    }

    /// Its own `class Meta`.
    pub fn meta(&self) -> Option<&'a Class<'a>> {
        meta_of(self.module, self.class)
    }

    /// What its own `Meta` says of an option.
    pub fn own_option(&self, name: &str) -> Option<&'a Expr> {
        self.module.index().assigned_in(self.meta()?.body, name)
    }

    /// Does it make no table, for others to derive from? Never inherited.
    pub fn is_abstract(&self) -> bool {
        is_abstract(self.module, self.class)
    }

    pub fn is_proxy(&self) -> bool {
        is_true(self.own_option("proxy"))
    }

    pub fn is_unmanaged(&self) -> bool {
        self.own_option("managed").and_then(Expr::as_boolean_literal_expr).is_some_and(|value| !value.value)
    }

    /// Has it a table of its own that migrations make?
    pub fn is_concrete(&self) -> bool {
        !self.is_abstract() && !self.is_proxy() && !self.is_unmanaged()
    }

    /// Has a class above it a table of its own? Then its rows are parts of rows there:
    /// https://docs.djangoproject.com/en/5.2/topics/db/models/#multi-table-inheritance
    pub fn joins_a_table(&self) -> Result<bool, NotLoaded> {
        let has_table = |above: &ClassRef| {
            let lineages = self.project.fact::<Lineages>(&above.path)?;
            let is_model = lineages.of(&above.name).is_some_and(|lineage| lineage.is_model());
            let Some(module) = self.project.module(&above.path)?.filter(|_| is_model) else {
                return Ok(false);
            };
            let meta = class_of(&module, above).and_then(|class| meta_of(&module, class));
            Ok(!is_true(meta.and_then(|meta| module.index().assigned_in(meta.body, "abstract"))))
        };
        let own = NotLoaded::all(self.lineage.own.iter().map(has_table))?;
        Ok(own.contains(&true) || self.lineage.known().any(|base| base.is_concrete))
    }

    /// May a decorator of the class add to it?
    pub fn is_decorated(&self) -> bool {
        !self.class.node.decorator_list.is_empty()
    }

    /// A method of its own body.
    pub fn method(&self, name: &str) -> Option<&'a Function<'a>> {
        self.module.index().function_in(self.class.body, name)
    }

    /// What its own body binds to a name, last one first.
    pub fn bindings(&self, name: &str) -> impl Iterator<Item = &'a Binding<'a>> {
        self.module.index().bindings_in(self.class.body, name).iter().rev()
    }

    /// Does it or a class above it, `models.Model` left out, have an attribute of this name? `name = None` takes an
    /// inherited field away: https://docs.djangoproject.com/en/5.2/topics/db/models/#field-name-hiding-is-not-permitted
    pub fn has(&self, name: &str) -> Result<Inherited, NotLoaded> {
        if let Some(own) = given(self.module, self.class, name) {
            return Ok(if own { Inherited::Given } else { Inherited::Missing });
        }
        for above in &self.lineage.own {
            let Some(module) = self.project.module(&above.path)? else { return Ok(Inherited::Unknown) };
            if let Some(given) = class_of(&module, above).and_then(|class| given(&module, class, name)) {
                return Ok(if given { Inherited::Given } else { Inherited::Missing });
            }
        }
        let brought = |base: &crate::project::django::bases::Base| {
            base.fields.contains(&name) || base.methods.contains(&name)
        };
        Ok(match self.lineage.known().any(brought) {
            true => Inherited::Given,
            false if self.lineage.is_complete() => Inherited::Missing,
            false => Inherited::Unknown,
        })
    }

    /// What an option of `Meta` is worth, its own or inherited; `None` when no `Meta` gives it and every base is known.
    pub fn option(&self, name: &str) -> Result<Option<Folded>, NotLoaded> {
        let mut seen = BTreeSet::new();
        let found = option_of(self.project, self.path, self.module, self.class, name, &mut seen)?;
        if let Some(found) = found {
            return Ok(Some(found));
        }
        if self.meta().is_some_and(|meta| meta.node.bases().is_empty()) {
            return Ok(None);
        }
        for above in &self.lineage.own {
            let Some(module) = self.project.module(&above.path)? else { return Ok(Some(Folded::Unknown)) };
            let Some(class) = class_of(&module, above) else { continue };
            if let Some(found) = option_of(self.project, &above.path, &module, class, name, &mut seen)? {
                return Ok(Some(found));
            }
        }
        Ok((!self.lineage.is_complete()).then_some(Folded::Unknown))
    }

    /// The names of all fields, own and inherited from the repository's classes and known ones.
    pub fn all_field_names(&self) -> Result<BTreeSet<String>, NotLoaded> {
        let mut names: BTreeSet<String> = self.fields.iter().map(|field| field.name.to_owned()).collect();
        for above in &self.lineage.own {
            let Some(module) = self.project.module(&above.path)? else { continue };
            let Some(class) = class_of(&module, above) else { continue };
            let inherited = fields(self.project, &above.path, &module, class)?;
            names.extend(inherited.iter().map(|field| field.name.to_owned()));
        }
        names.extend(self.lineage.known().flat_map(|base| base.fields).map(|name| (*name).to_owned()));
        Ok(names)
    }
}

/// See [`ModelClass::is_abstract`].
pub(in crate::project) fn is_abstract(module: &Module, class: &Class<'_>) -> bool {
    let meta = meta_of(module, class);
    is_true(meta.and_then(|meta| module.index().assigned_in(meta.body, "abstract")))
}

/// Names that a class body gives what a call makes, in source order.
pub(in crate::project) fn assigned_calls(
    module: &Module,
    class: ScopeId,
) -> impl Iterator<Item = (&str, &ExprCall)> {
    module.index().scope(class).statements.iter().filter_map(|statement| {
        let (name, value) = assignment(statement.node)?;
        Some((name, value.as_call_expr()?))
    })
}

fn class_of<'m>(module: &'m Module, class: &ClassRef) -> Option<&'m Class<'m>> {
    module.index().class_in(ScopeId::MODULE, &class.name)
}

fn meta_of<'m>(module: &'m Module, class: &Class<'m>) -> Option<&'m Class<'m>> {
    module.index().class_in(class.body, "Meta")
}

/// What the `Meta` of one class says, through the `Parent.Meta` that it derives from.
fn option_of(
    project: &Project,
    path: &str,
    module: &Module,
    class: &Class<'_>,
    name: &str,
    seen: &mut BTreeSet<(String, String)>,
) -> Result<Option<Folded>, NotLoaded> {
    let Some(meta) = meta_of(module, class) else { return Ok(None) };
    if !seen.insert((path.to_owned(), class.node.name.to_string())) {
        return Ok(None);
    }
    if let Some(value) = module.index().assigned_in(meta.body, name) {
        return Ok(Some(module.fold(value)));
    }
    for base in meta.node.bases() {
        let dotted = module.qualified(base).map(|name| name.to_string());
        let Some(parent) = dotted.as_deref().and_then(|dotted| dotted.strip_suffix(".Meta")) else {
            return Ok(Some(Folded::Unknown));
        };
        let Some(found) = project.definition(path, parent)? else { continue };
        let Some(parent) = found.class() else { continue };
        if let Some(value) = option_of(project, &found.path, &found.module, parent, name, seen)? {
            return Ok(Some(value));
        }
    }
    Ok(None)
}

/// Does a class body bind a name, to more than `None`?
fn given(module: &Module, class: &Class<'_>, name: &str) -> Option<bool> {
    let last = module.index().bindings_in(class.body, name).last()?;
    let is_none = last.kind == BindingKind::Assigned && last.value.is_some_and(Expr::is_none_literal_expr);
    Some(!is_none)
}

fn is_true(value: Option<&Expr>) -> bool {
    value.and_then(Expr::as_boolean_literal_expr).is_some_and(|value| value.value)
}
