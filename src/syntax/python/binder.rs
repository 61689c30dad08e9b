//! What the pass over a file binds.

use ruff_python_ast::{Expr, Identifier, Parameters, Stmt};
use ruff_text_size::{Ranged, TextRange};

use super::growth::growth;
use super::indexer::Indexer;
use super::scope::{Binding, BindingKind, Scope, ScopeId, ScopeKind};

impl<'a> Indexer<'a> {
    /// What a statement binds in the scope that it stands in.
    pub(super) fn bindings_of(&mut self, stmt: &'a Stmt) {
        let scope = self.around.scope;
        match stmt {
            Stmt::Assign(assign) => {
                self.index.meanings.assign(assign);
                let only = assign.targets.len() == 1;
                let kind = if only { BindingKind::Assigned } else { BindingKind::Shared };
                assign.targets.iter().for_each(|target| self.bind(target, Some(&assign.value), kind));
            }
            Stmt::AnnAssign(assign) => {
                if let Some(value) = &assign.value {
                    self.bind(&assign.target, Some(value), BindingKind::Assigned);
                }
            }
            Stmt::AugAssign(assign) => {
                self.bind(&assign.target, Some(&assign.value), BindingKind::Augmented);
            }
            Stmt::For(each) => self.bind(&each.target, Some(&each.iter), BindingKind::Loop),
            Stmt::With(with) => {
                for item in &with.items {
                    if let Some(target) = &item.optional_vars {
                        self.bind(target, Some(&item.context_expr), BindingKind::With);
                    }
                }
            }
            Stmt::Expr(_) => {
                if let Some((name, value)) =
                    growth(stmt).and_then(|(name, growth)| Some((name, growth.value()?)))
                {
                    self.push(name.id.as_str(), BindingKind::Grown, Some(value), name.range());
                }
            }
            Stmt::Import(import) => {
                self.index.meanings.import(import, scope);
                for alias in &import.names {
                    let local = alias.asname.as_ref().unwrap_or(&alias.name);
                    let local_name = local.as_str().split('.').next().unwrap_or_default();
                    self.push(local_name, BindingKind::Import, None, alias.range());
                }
            }
            Stmt::ImportFrom(import) => {
                self.index.meanings.import_from(import, scope);
                for alias in import.names.iter().filter(|alias| alias.name.as_str() != "*") {
                    let local = alias.asname.as_ref().unwrap_or(&alias.name);
                    self.push(local.as_str(), BindingKind::Import, None, alias.range());
                }
            }
            _ => {}
        }
    }

    pub(super) fn parameters(&mut self, parameters: &'a Parameters) {
        for parameter in parameters.iter() {
            let kind = if parameter.is_variadic() { BindingKind::Variadic } else { BindingKind::Parameter };
            self.bind_name(parameter.name(), kind, None);
        }
    }

    pub(super) fn bind_name(&mut self, name: &'a Identifier, kind: BindingKind, value: Option<&'a Expr>) {
        self.push(name.as_str(), kind, value, name.range());
    }

    pub(super) fn bind(&mut self, target: &'a Expr, value: Option<&'a Expr>, kind: BindingKind) {
        match target {
            Expr::Name(name) => self.push(name.id.as_str(), kind, value, name.range()),
            Expr::Attribute(attribute) => {
                let name = attribute.attr.as_str();
                let binding = self.binding(name, kind, value, attribute.range(), self.around.scope);
                self.index.attributes.entry(name).or_default().push(binding);
            }
            Expr::Tuple(targets) => self.bind_each(&targets.elts, value, kind),
            Expr::List(targets) => self.bind_each(&targets.elts, value, kind),
            Expr::Starred(starred) => self.bind(&starred.value, None, kind),
            _ => {}
        }
    }

    /// `user, password = "u", quote(p)`; of a value that is no display every target gets the whole.
    fn bind_each(&mut self, targets: &'a [Expr], value: Option<&'a Expr>, kind: BindingKind) {
        let kind = if kind == BindingKind::Assigned { BindingKind::Shared } else { kind };
        let elements = match value {
            Some(Expr::Tuple(tuple)) => tuple.elts.as_slice(),
            Some(Expr::List(list)) => list.elts.as_slice(),
            _ => &[],
        };
        let own = |at: usize| elements.get(at).filter(|_| elements.len() == targets.len());
        for (at, target) in targets.iter().enumerate() {
            let is_part = own(at).is_none() || kind == BindingKind::Loop;
            self.part = is_part.then_some(at as u32);
            self.bind(target, own(at).or(value), kind);
        }
        self.part = None;
    }

    fn push(&mut self, name: &'a str, kind: BindingKind, value: Option<&'a Expr>, at: TextRange) {
        let mut scope = self.around.scope;
        // A walrus binds around the comprehension that it stands in.
        while kind == BindingKind::Walrus
            && let Scope { kind: ScopeKind::Comprehension, parent: Some(parent), .. } =
                self.index.scope(scope)
        {
            scope = *parent;
        }
        let binding = self.binding(name, kind, value, at, scope);
        self.index.bindings.push(binding);
    }

    fn binding(
        &mut self,
        name: &'a str,
        kind: BindingKind,
        value: Option<&'a Expr>,
        at: TextRange,
        scope: ScopeId,
    ) -> Binding<'a> {
        let function = self.index.scope(scope).function;
        let name = self.index.bindings.number(name);
        let (part, statement) = (self.part, self.around.statement);
        Binding { name, kind, value, part, scope, function, at, statement }
    }
}
