//! What names may hold where they are used, as far as assignments tell.

use ruff_python_ast::{Expr, ExprName};
use ruff_text_size::{Ranged, TextRange, TextSize};

use super::index::Index;
use super::scope::{Binding, BindingKind, ScopeId, ScopeKind};
use super::walk_expr;

/// Values that one expression is followed to.
const MAX_BEHIND: usize = 40;

impl<'a> Index<'a> {
    /// What a name may hold where it is used: what was assigned before it in the nearest function that assigns it, else
    /// what the module does (for a use inside a function, all of it). Parameters come without a value. Branches are not
    /// told apart, and the names of a class count as those of what it stands in.
    pub fn held(&self, name: &str, used: TextSize) -> Vec<&Binding<'a>> {
        let mut held: Vec<_> = self.holding(name, used).collect();
        held.sort_by_key(|binding| binding.at.start());
        held
    }

    /// The same in no order.
    fn holding(&self, name: &str, used: TextSize) -> impl Iterator<Item = &Binding<'a>> {
        let around = self.function_at(used);
        let functions = std::iter::successors(around, |id| self.function_around(*id));
        let inside = functions.map(|id| self.bindings.in_function(name, Some(id)));
        let mut inside = inside.filter(|own| own.iter().any(|binding| self.gives_value(binding)));
        let (own, all) = match inside.next() {
            Some(own) => (own, false),
            None => (self.bindings.in_function(name, None), around.is_some()),
        };
        let own = own.iter().filter(|binding| self.gives_value(binding));
        own.filter(move |binding| all || binding.at.start() <= used)
    }

    fn gives_value(&self, binding: &Binding<'_>) -> bool {
        use BindingKind as K;
        let kind = match binding.kind {
            K::Parameter => true,
            K::Assigned | K::Shared | K::Augmented | K::Loop | K::Walrus => binding.value.is_some(),
            _ => false,
        };
        kind && !matches!(self.scope(binding.scope).kind, ScopeKind::Lambda | ScopeKind::Comprehension)
    }

    /// What a name holds where it is used, when it is assigned once.
    pub fn held_once(&self, name: &ExprName) -> Option<&'a Expr> {
        let mut held = self.holding(name.id.as_str(), name.start());
        let only = held.next().filter(|_| held.next().is_none());
        only.and_then(|binding| binding.value)
    }

    /// What a scope last bound to a name before a place, however that place is come to. An exception is only there
    /// within its `try`.
    pub fn bound_last(&self, scope: ScopeId, name: &str, used: TextSize) -> Option<&Binding<'a>> {
        let bindings = self.bindings_in(scope, name);
        let before = bindings.partition_point(|binding| binding.at.start() < used);
        let last = bindings.get(before.checked_sub(1)?)?;
        let is_there = last.kind != BindingKind::Caught || last.statement.contains(used);
        is_there.then_some(last)
    }

    /// Where the values stand that an expression names, and those that they name in turn.
    pub fn behind(&self, expr: &'a Expr) -> Vec<TextRange> {
        let mut names = names_in(expr);
        let mut ranges = Vec::new();
        while let Some(name) = names.pop().filter(|_| ranges.len() < MAX_BEHIND) {
            let held = self.held(name.id.as_str(), name.start()).into_iter();
            for value in held.filter_map(|binding| binding.value) {
                if !ranges.contains(&value.range()) {
                    ranges.push(value.range());
                    names.extend(names_in(value));
                }
            }
        }
        ranges
    }

    /// All values that the file assigns to `….name`, in source order.
    pub fn attribute(&self, name: &str) -> impl Iterator<Item = &Binding<'a>> {
        let all = self.attributes.get(name).map_or(&[][..], Vec::as_slice);
        all.iter().filter(|binding| self.gives_value(binding))
    }
}

fn names_in(expr: &Expr) -> Vec<&ExprName> {
    let mut names = Vec::new();
    walk_expr(expr, &mut |expr| names.extend(expr.as_name_expr()));
    names
}
