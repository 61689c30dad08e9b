//! The scopes of a file and what is bound in them.

use std::ops::Range;

use ruff_python_ast::{Expr, Stmt};
use ruff_text_size::TextRange;
use rustc_hash::FxHashMap;

/// A scope's number in its index; the module's own is [`ScopeId::MODULE`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ScopeId(pub(super) u32);

impl ScopeId {
    pub const MODULE: Self = Self(0);
}

/// A function's number in its index: in source order, outer before inner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FunctionId(pub(super) u32);

/// A class's number in its index: in source order, outer before inner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClassId(pub(super) u32);

/// A part of the file with names of its own.
#[derive(Debug)]
pub struct Scope<'a> {
    pub kind: ScopeKind,
    /// `None` for the module.
    pub parent: Option<ScopeId>,
    /// The function whose body this is, or that is nearest around it.
    pub function: Option<FunctionId>,
    /// The class whose body this is, or that is nearest around it.
    pub class: Option<ClassId>,
    /// In source order, those of branches and loops too, but not those of functions and classes in it.
    pub statements: Vec<Statement<'a>>,
    /// The numbers of its calls, those of the scopes in it too.
    pub(super) calls: Range<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScopeKind {
    Module,
    Class,
    Function,
    Lambda,
    Comprehension,
}

/// A statement of a scope.
#[derive(Clone, Copy, Debug)]
pub struct Statement<'a> {
    pub node: &'a Stmt,
    /// No `if`, `try`, loop or other block of the scope stands around it.
    pub is_direct: bool,
}

/// One place where a name is bound or grows. `global` and `nonlocal` are not followed.
#[derive(Clone, Copy, Debug)]
pub struct Binding<'a> {
    /// Its name's number.
    pub(super) name: u32,
    pub kind: BindingKind,
    /// What the name gets, grows by, or is taken from.
    pub value: Option<&'a Expr>,
    /// Which of several targets it is, where the value is that of all of them: `row, created = value`.
    pub part: Option<u32>,
    pub scope: ScopeId,
    /// The function it is in.
    pub function: Option<FunctionId>,
    /// The name.
    pub at: TextRange,
    /// The statement that does it.
    pub statement: TextRange,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BindingKind {
    /// `name = value`, `name: T = value`
    Assigned,
    /// One of several targets: `a = b = value`, `a, b = value`. Of a display as long as the targets each gets its own
    /// element, of anything else the whole.
    Shared,
    /// `name += value` and the like.
    Augmented,
    /// `name.append(value)`, `name.extend(value)` and the like, as a statement.
    Grown,
    /// `for name in value`, in comprehensions too.
    Loop,
    /// `name := value`
    Walrus,
    /// `with value as name`
    With,
    /// `except E as name`
    Caught,
    /// `case name:`
    Captured,
    Parameter,
    /// `*name`, `**name`
    Variadic,
    Import,
    Function(FunctionId),
    Class(ClassId),
}

/// Bindings by name; of one name those of one function, and then of one scope, side by side.
#[derive(Debug, Default)]
pub(super) struct Bindings<'a> {
    /// A number for each name.
    names: FxHashMap<&'a str, u32>,
    all: Vec<Binding<'a>>,
    /// By the name's number: where in `all` its bindings begin. One more than there are names.
    starts: Vec<usize>,
}

impl<'a> Bindings<'a> {
    /// The name's number: what a binding of it carries.
    pub(super) fn number(&mut self, name: &'a str) -> u32 {
        let next = self.names.len() as u32;
        *self.names.entry(name).or_insert(next)
    }

    pub(super) fn push(&mut self, binding: Binding<'a>) {
        self.all.push(binding);
    }

    /// About how many bytes they hold.
    pub(super) fn weight(&self) -> usize {
        let names = self.names.capacity() * size_of::<(&str, u32)>();
        names + self.all.capacity() * size_of::<Binding<'_>>() + self.starts.capacity() * size_of::<usize>()
    }

    /// To be called when all are there, in source order.
    pub(super) fn sort(&mut self) {
        self.all.sort_by_key(|binding| (binding.name, binding.function, binding.scope));
        let start = |name| self.all.partition_point(|binding| binding.name < name);
        self.starts = (0..=self.names.len() as u32).map(start).collect();
    }

    pub(super) fn of(&self, name: &str) -> &[Binding<'a>] {
        let own = self.names.get(name).and_then(|number| {
            let number = *number as usize;
            self.all.get(*self.starts.get(number)?..*self.starts.get(number + 1)?)
        });
        own.unwrap_or_default()
    }

    /// Those in a function, or outside of all functions: also in classes, lambdas and comprehensions there.
    pub(super) fn in_function(&self, name: &str, function: Option<FunctionId>) -> &[Binding<'a>] {
        range(self.of(name), function, |binding| binding.function)
    }

    /// Those in a scope of this function.
    pub(super) fn in_scope(
        &self,
        name: &str,
        function: Option<FunctionId>,
        scope: ScopeId,
    ) -> &[Binding<'a>] {
        range(self.in_function(name, function), scope, |binding| binding.scope)
    }
}

/// The part with this key of what is sorted by it.
fn range<T, K: Ord>(sorted: &[T], key: K, key_of: impl Fn(&T) -> K) -> &[T] {
    let start = sorted.partition_point(|item| key_of(item) < key);
    let behind = sorted.get(start..).unwrap_or_default();
    behind.get(..behind.partition_point(|item| key_of(item) == key)).unwrap_or_default()
}
