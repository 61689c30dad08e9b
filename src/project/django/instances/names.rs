//! What names are: by what was assigned to them, looped over, or said of a parameter.

use ruff_python_ast::{Expr, ExprCall, ExprName, StmtFunctionDef};
use ruff_text_size::{Ranged, TextSize};

use crate::source::NotLoaded;
use crate::syntax::python::{Binding, BindingKind, Function, Index, ScopeId, ScopeKind, string};

use crate::project::django::lineage::{ClassRef, Lineages};
use crate::project::django::relations::ModelRef;

use super::{Found, Instances, Known, Loads, Shape};

/// Values of one name that are weighed against each other.
const MAX_BINDINGS: usize = 12;
/// Places of one scope that bind a name: more are not gone through for each use.
const MAX_WEIGHED: usize = 100;

impl<'a> Instances<'a> {
    /// All that a name may be where it stands must be one thing.
    pub(super) fn name(&self, name: &'a ExprName, scope: ScopeId, depth: usize) -> Found {
        let bindings = bindings(self.module.index(), name.id.as_str(), scope, name.start());
        if bindings.len() > MAX_BINDINGS {
            return Ok(None);
        }
        let mut found: Option<Known> = None;
        for binding in bindings.into_iter().filter(|binding| !is_none(binding)) {
            let Some(known) = self.bound(binding, depth)? else { return Ok(None) };
            found = match found {
                None => Some(known),
                Some(other) => match other.or(known) {
                    None => return Ok(None),
                    both => both,
                },
            };
        }
        Ok(found)
    }

    fn bound(&self, binding: &Binding<'a>, depth: usize) -> Found {
        let at = binding.at.start();
        if let Some(known) = self.bound.borrow().get(&at) {
            return Ok(known.clone());
        }
        // Names that lead back to themselves end here.
        self.bound.borrow_mut().insert(at, None);
        let known = match (binding.kind, binding.value, binding.part) {
            (BindingKind::Parameter, ..) => self.parameter(binding)?,
            (BindingKind::Loop, Some(rows), None) => {
                self.at(rows, binding.scope, depth)?.and_then(Known::item)
            }
            (BindingKind::Loop, Some(Expr::Call(call)), Some(1)) => match self.enumerated(call) {
                Some(rows) => self.at(rows, binding.scope, depth)?.and_then(Known::item),
                None => None,
            },
            (BindingKind::Assigned | BindingKind::Shared | BindingKind::Walrus, Some(value), part) => {
                let known = self.at(value, binding.scope, depth)?;
                match part {
                    None => known,
                    Some(0) => known
                        .filter(|known| known.shape == Shape::Pair)
                        .map(|known| Known { shape: Shape::Row, ..known }),
                    Some(_) => None,
                }
            }
            _ => None,
        };
        self.bound.borrow_mut().insert(at, known.clone());
        Ok(known)
    }

    /// The rows of `enumerate(rows)`.
    fn enumerated(&self, call: &'a ExprCall) -> Option<&'a Expr> {
        let is_enumerate = self.module.qualified(&call.func).is_some_and(|name| name == "enumerate");
        call.arguments.args.first().filter(|_| is_enumerate)
    }

    fn parameter(&self, binding: &Binding<'_>) -> Found {
        let index = self.module.index();
        let own = index.scope(binding.scope);
        let Some(function) = own.function.map(|id| index.function(id)).filter(|f| f.body == binding.scope)
        else {
            return Ok(None);
        };
        let node = function.node;
        let Some(parameter) =
            node.parameters.iter().map(|any| any.as_parameter()).find(|p| p.name.range == binding.at)
        else {
            return Ok(None);
        };
        if let Some(annotation) = &parameter.annotation {
            return self.annotated(annotation);
        }
        let is_first = node.parameters.iter().next().is_some_and(|first| first.name().range == binding.at);
        if is_first && parameter.name.as_str() == "self" {
            return self.own_row(function);
        }
        match (parameter.name.as_str(), self.sender(node)) {
            ("instance", Some(sender)) => {
                Ok(self.model(sender)?.and_then(|model| Known::new(model, Shape::Row)))
            }
            _ => Ok(None),
        }
    }

    /// What an annotation says: `Post`, `"Post"`, `Post | None`, `Optional[Post]`, `QuerySet[Post]`.
    pub fn annotated(&self, annotation: &'a Expr) -> Found {
        let row = |model: Option<ModelRef>| model.and_then(|model| Known::new(model, Shape::Row));
        match annotation {
            Expr::Name(_) | Expr::Attribute(_) => self.model(annotation).map(row),
            Expr::StringLiteral(_) => match string(annotation) {
                Some(name) if name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.')) => {
                    self.project.model_named(self.path, &self.imported(name)).map(row)
                }
                _ => Ok(None),
            },
            Expr::BinOp(either) => match (&*either.left, &*either.right) {
                (one, Expr::NoneLiteral(_)) | (Expr::NoneLiteral(_), one)
                    if matches!(one, Expr::Name(_) | Expr::Attribute(_)) =>
                {
                    self.model(one).map(row)
                }
                _ => Ok(None),
            },
            Expr::Subscript(generic) => {
                let name = self.module.qualified(&generic.value);
                let model = self.model(&generic.slice)?;
                Ok(match name.map(|name| name.last().to_owned()).as_deref() {
                    Some("Optional") => row(model),
                    Some("QuerySet") => model.and_then(|model| {
                        Known::new(model, Shape::Rows(Loads { is_opaque: true, ..Loads::default() }))
                    }),
                    _ => None,
                })
            }
            _ => Ok(None),
        }
    }

    /// A name of a string as the file's imports mean it.
    fn imported(&self, name: &str) -> String {
        let (first, rest) = name.split_once('.').map_or((name, None), |(first, rest)| (first, Some(rest)));
        let target = self.module.index().import_of(first).map(|import| import.target.to_string());
        let target = target.unwrap_or_else(|| first.to_owned());
        rest.map_or(target.clone(), |rest| format!("{target}.{rest}"))
    }

    /// `self` in a method of a model.
    fn own_row(&self, function: &Function<'_>) -> Found {
        let index = self.module.index();
        let scope = index.scope(function.scope);
        let is_plain = function.node.decorator_list.iter().all(|decorator| {
            let name = self.module.qualified(&decorator.expression);
            name.is_none_or(|name| !["staticmethod", "classmethod"].contains(&name.last()))
        });
        let class =
            scope.class.filter(|_| scope.kind == ScopeKind::Class && is_plain).map(|id| index.class(id));
        let Some(class) = class.filter(|class| class.scope == ScopeId::MODULE) else { return Ok(None) };
        let name = class.node.name.as_str();
        let lineages = self.project.fact::<Lineages>(self.path)?;
        let is_model = lineages.of(name).is_some_and(|lineage| lineage.is_model());
        let class = ClassRef { path: self.path.to_owned(), name: name.to_owned() };
        Ok(is_model.then_some(class).and_then(|class| Known::new(ModelRef::Own(class), Shape::Row)))
    }

    /// The model of `@receiver(post_save, sender=Model)`.
    fn sender(&self, function: &'a StmtFunctionDef) -> Option<&'a Expr> {
        let calls =
            function.decorator_list.iter().filter_map(|decorator| decorator.expression.as_call_expr());
        let mut receivers = calls.filter(|call| {
            self.module.qualified(&call.func).is_some_and(|name| name == "django.dispatch.receiver")
        });
        let receiver = receivers.next().filter(|_| receivers.next().is_none())?;
        receiver.arguments.find_keyword("sender").map(|keyword| &keyword.value)
    }

    /// The model whose row `form.save()` gives: of a model form, or of REST framework's model serializer.
    pub(super) fn saved(&self, form: &'a Expr) -> Result<Option<ModelRef>, NotLoaded> {
        let Some(made) = form.as_name_expr().and_then(|name| self.module.index().held_once(name)) else {
            return Ok(None);
        };
        let Some(call) = made.as_call_expr().filter(|call| call.arguments.find_keyword("many").is_none())
        else {
            return Ok(None);
        };
        let Some(name) = self.module.qualified(&call.func).map(|name| name.to_string()) else {
            return Ok(None);
        };
        let Some(ancestry) = self.project.ancestry(self.path, &name)? else { return Ok(None) };
        let is_meant = ancestry.foreign.iter().any(|base| BASES.contains(&base.as_str()));
        if !is_meant {
            return Ok(None);
        }
        for class in &ancestry.own {
            let index = class.module.index();
            let Some(node) = class.class() else { break };
            if index.function_in(node.body, "save").is_some() {
                return Ok(None);
            }
            let meta = index.class_in(node.body, "Meta");
            let model = meta.and_then(|meta| index.assigned_in(meta.body, "model"));
            if let Some(name) = model.and_then(|model| class.module.qualified(model)) {
                return self.project.model_named(&class.path, &name.to_string());
            }
        }
        Ok(None)
    }

    /// Is it the request of a view: a parameter `request`, or `self.request`?
    pub(super) fn is_request(&self, expr: &Expr, scope: ScopeId) -> bool {
        match expr {
            Expr::Name(name) if name.id.as_str() == "request" => {
                let bound = bindings(self.module.index(), "request", scope, name.start());
                !bound.is_empty() && bound.iter().all(|binding| binding.kind == BindingKind::Parameter)
            }
            Expr::Attribute(attribute) => {
                attribute.attr.as_str() == "request"
                    && attribute.value.as_name_expr().is_some_and(|name| name.id.as_str() == "self")
            }
            _ => false,
        }
    }
}

const BASES: [&str; 6] = [
    "django.forms.ModelForm",
    "django.forms.models.ModelForm",
    "django.contrib.auth.forms.UserCreationForm",
    "rest_framework.serializers.ModelSerializer",
    "rest_framework.serializers.HyperlinkedModelSerializer",
    "django.contrib.gis.forms.ModelForm",
];

/// What gives a name its values where it is used: of a comprehension or lambda around, else of the nearest function
/// that does, else of the module. An assignment that no branch stands before hides those above it, and so does the loop
/// that the use is in.
fn bindings<'i, 'a>(
    index: &'i Index<'a>,
    name: &str,
    scope: ScopeId,
    used: TextSize,
) -> Vec<&'i Binding<'a>> {
    let mut at = Some(scope);
    while let Some(id) =
        at.filter(|id| matches!(index.scope(*id).kind, ScopeKind::Comprehension | ScopeKind::Lambda))
    {
        let own = index.bindings_in(id, name);
        if !own.is_empty() {
            return own.iter().collect();
        }
        at = index.scope(id).parent;
    }
    let around = index.function_at(used).map(|id| index.function(id).body);
    let mut near = around.into_iter().chain([ScopeId::MODULE]);
    if near.any(|scope| index.bindings_in(scope, name).len() > MAX_WEIGHED) {
        return Vec::new();
    }
    let mut held = index.held(name, used);
    held.retain(|binding| !binding.value.is_some_and(|value| value.range().contains_inclusive(used)));
    let is_odd = |binding: &Binding<'_>| {
        use BindingKind as K;
        matches!(binding.kind, K::With | K::Caught | K::Captured | K::Import | K::Function(_) | K::Class(_))
    };
    if held.first().is_some_and(|first| index.bindings_in(first.scope, name).iter().any(is_odd)) {
        return Vec::new();
    }
    let hides = |binding: &&Binding<'_>| {
        if binding.kind == BindingKind::Loop {
            return binding.statement.contains(used);
        }
        let assigns = matches!(binding.kind, BindingKind::Assigned | BindingKind::Shared);
        assigns
            && index
                .statement_in(binding.scope, binding.statement)
                .is_some_and(|statement| statement.is_direct)
    };
    match held.iter().rposition(hides) {
        Some(last) => held.split_off(last),
        None => held,
    }
}

/// `name = None`
fn is_none(binding: &Binding<'_>) -> bool {
    let assigns = matches!(binding.kind, BindingKind::Assigned | BindingKind::Shared);
    assigns && binding.value.is_some_and(Expr::is_none_literal_expr)
}
