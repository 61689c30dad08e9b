//! What a file holds, found in one pass: scopes with their bindings, imports, classes, functions, calls, comments.
//! Rules and facts ask the index; none of them walks the tree for these.

use ruff_python_ast::{ExceptHandler, Expr, ExprCall, Stmt, StmtClassDef, StmtFunctionDef, StmtTry};
use ruff_text_size::{Ranged, TextRange, TextSize};
use rustc_hash::FxHashMap;

use super::dotted::Dotted;
use super::meaning::{Import, Meanings};
use super::scope::{Binding, BindingKind, Bindings, ClassId, FunctionId, Scope, ScopeId, ScopeKind};

/// A comment with its `#`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Comment<'a> {
    /// 1-based.
    pub line: u32,
    pub text: &'a str,
}

/// A function or method.
#[derive(Debug)]
pub struct Function<'a> {
    pub node: &'a StmtFunctionDef,
    /// Where its name is bound.
    pub scope: ScopeId,
    pub body: ScopeId,
}

#[derive(Debug)]
pub struct Class<'a> {
    pub node: &'a StmtClassDef,
    /// Where its name is bound.
    pub scope: ScopeId,
    pub body: ScopeId,
}

/// A call and what stands around it.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    pub node: &'a ExprCall,
    pub scope: ScopeId,
    /// The statement that it is part of.
    pub statement: TextRange,
    pub(super) block: Option<BlockId>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BlockId(pub(super) u32);

/// A block around others within one function.
#[derive(Clone, Copy, Debug)]
pub(super) struct Block<'a> {
    pub kind: BlockKind<'a>,
    pub(super) outer: Option<BlockId>,
}

#[derive(Clone, Copy, Debug)]
pub enum BlockKind<'a> {
    /// What a `for` or `while` repeats: the statement's range.
    Loop(TextRange),
    /// What a `try` guards, and its handlers do not.
    Try(Try<'a>),
}

#[derive(Clone, Copy, Debug)]
pub struct Try<'a>(pub &'a StmtTry);

impl<'a> Try<'a> {
    /// What its handlers name: of `except (A, b.C):` both.
    pub fn caught(self) -> impl Iterator<Item = &'a Expr> {
        self.types().flatten().flat_map(|expr| match expr {
            Expr::Tuple(tuple) => tuple.elts.as_slice(),
            other => std::slice::from_ref(other),
        })
    }

    /// Does a handler without a name catch everything?
    pub fn is_bare(self) -> bool {
        self.types().any(|caught| caught.is_none())
    }

    fn types(self) -> impl Iterator<Item = Option<&'a Expr>> {
        self.0.handlers.iter().map(|ExceptHandler::ExceptHandler(handler)| handler.type_.as_deref())
    }
}

/// The index of one file.
#[derive(Debug)]
pub struct Index<'a> {
    pub(super) scopes: Vec<Scope<'a>>,
    pub(super) bindings: Bindings<'a>,
    /// What is assigned to `….name`, by the name.
    pub(super) attributes: FxHashMap<&'a str, Vec<Binding<'a>>>,
    pub(super) meanings: Meanings<'a>,
    pub(super) classes: Vec<Class<'a>>,
    pub(super) functions: Vec<Function<'a>>,
    pub(super) calls: Vec<Call<'a>>,
    pub(super) by_last: FxHashMap<&'a str, Vec<u32>>,
    pub(super) blocks: Vec<Block<'a>>,
    pub(super) comments: Vec<Comment<'a>>,
}

impl<'a> Index<'a> {
    pub fn scope(&self, id: ScopeId) -> &Scope<'a> {
        &self.scopes[id.0 as usize]
    }

    /// About how many bytes it holds beside the tree. What weighs little is left out.
    pub fn weight(&self) -> usize {
        fn of<T>(held: &Vec<T>) -> usize {
            held.capacity() * size_of::<T>()
        }
        let statements: usize = self.scopes.iter().map(|scope| of(&scope.statements)).sum();
        let attributes: usize = self.attributes.values().map(of).sum();
        let calls = self.by_last.values().map(|calls| of(calls) + size_of::<(&str, Vec<u32>)>());
        statements
            + attributes
            + calls.sum::<usize>()
            + of(&self.scopes)
            + of(&self.classes)
            + of(&self.functions)
            + of(&self.calls)
            + of(&self.blocks)
            + of(&self.comments)
            + self.bindings.weight()
            + self.meanings.weight()
    }

    /// All scopes, outer before inner.
    pub fn scopes(&self) -> impl Iterator<Item = &Scope<'a>> {
        self.scopes.iter()
    }

    /// The module's own.
    pub fn module(&self) -> &Scope<'a> {
        self.scope(ScopeId::MODULE)
    }

    /// Every statement with its scope; of one scope in source order, outer scopes before inner.
    pub fn statements(&self) -> impl Iterator<Item = (ScopeId, &'a Stmt)> {
        let numbered = self.scopes.iter().enumerate();
        numbered.flat_map(|(at, scope)| {
            scope.statements.iter().map(move |statement| (ScopeId(at as u32), statement.node))
        })
    }

    /// `Post.save`: the classes and functions around a scope with its own, `module` at the top.
    pub fn name_of(&self, scope: ScopeId) -> String {
        let mut names = Vec::new();
        let mut next = Some(scope);
        while let Some(at) = next {
            let scope = self.scope(at);
            let own = match scope.kind {
                ScopeKind::Class => scope.class.map(|id| self.class(id).node.name.as_str()),
                ScopeKind::Function => scope.function.map(|id| self.function(id).node.name.as_str()),
                _ => None,
            };
            names.extend(own);
            next = scope.parent;
        }
        names.reverse();
        if names.is_empty() { "module".to_owned() } else { names.join(".") }
    }

    /// All functions and methods, in source order.
    pub fn functions(&self) -> &[Function<'a>] {
        &self.functions
    }

    pub fn function(&self, id: FunctionId) -> &Function<'a> {
        &self.functions[id.0 as usize]
    }

    /// What the index holds of a function of this file.
    pub fn function_of(&self, node: &StmtFunctionDef) -> Option<&Function<'a>> {
        let at = self.functions.binary_search_by_key(&node.start(), |function| function.node.start());
        self.functions.get(at.ok()?).filter(|function| std::ptr::eq(function.node, node))
    }

    /// The functions of a scope by this name, the last one first.
    pub fn functions_in(&self, scope: ScopeId, name: &str) -> impl Iterator<Item = &Function<'a>> {
        let own = self.bindings_in(scope, name).iter().rev();
        own.filter_map(|binding| match binding.kind {
            BindingKind::Function(id) => Some(self.function(id)),
            _ => None,
        })
    }

    /// The last function of a scope by this name.
    pub fn function_in(&self, scope: ScopeId, name: &str) -> Option<&Function<'a>> {
        self.functions_in(scope, name).next()
    }

    /// The last function of the file by this name, wherever it stands.
    pub fn function_named(&self, name: &str) -> Option<&Function<'a>> {
        let all = self.bindings(name).iter();
        let functions = all.filter_map(|binding| match binding.kind {
            BindingKind::Function(id) => Some(id),
            _ => None,
        });
        functions.max().map(|id| self.function(id))
    }

    /// The function around a place, with its decorators and defaults.
    pub fn function_at(&self, offset: TextSize) -> Option<FunctionId> {
        let before = self.functions.partition_point(|function| function.node.start() <= offset);
        let mut nearest = before.checked_sub(1).map(|at| FunctionId(at as u32));
        while let Some(id) = nearest.filter(|id| !self.function(*id).node.range().contains(offset)) {
            nearest = self.function_around(id);
        }
        nearest
    }

    /// The function that this one is defined in.
    pub fn function_around(&self, id: FunctionId) -> Option<FunctionId> {
        self.scope(self.function(id).scope).function
    }

    /// All classes, in source order.
    pub fn classes(&self) -> &[Class<'a>] {
        &self.classes
    }

    pub fn class(&self, id: ClassId) -> &Class<'a> {
        &self.classes[id.0 as usize]
    }

    /// What the index holds of a class of this file.
    pub fn class_of(&self, node: &StmtClassDef) -> Option<&Class<'a>> {
        let at = self.classes.binary_search_by_key(&node.start(), |class| class.node.start());
        self.classes.get(at.ok()?).filter(|class| std::ptr::eq(class.node, node))
    }

    /// The last class of a scope by this name.
    pub fn class_in(&self, scope: ScopeId, name: &str) -> Option<&Class<'a>> {
        let own = self.bindings_in(scope, name).iter().rev();
        own.filter_map(|binding| match binding.kind {
            BindingKind::Class(id) => Some(self.class(id)),
            _ => None,
        })
        .next()
    }

    /// All that is bound to a name, by scope, and in source order within one.
    pub fn bindings(&self, name: &str) -> &[Binding<'a>] {
        self.bindings.of(name)
    }

    /// What a scope binds to a name, in source order.
    pub fn bindings_in(&self, scope: ScopeId, name: &str) -> &[Binding<'a>] {
        self.bindings.in_scope(name, self.scope(scope).function, scope)
    }

    /// The last `name = value` of a scope.
    pub fn assigned_in(&self, scope: ScopeId, name: &str) -> Option<&'a Expr> {
        let own = self.bindings_in(scope, name).iter().rev();
        own.filter(|binding| binding.kind == BindingKind::Assigned).find_map(|binding| binding.value)
    }

    /// Every value that a scope gives a name, or lets it grow by: `=`, `+=`, `.append(…)` and the like, in source order.
    pub fn given_in(&self, scope: ScopeId, name: &str) -> impl Iterator<Item = &'a Expr> {
        use BindingKind as K;
        let own = self.bindings_in(scope, name).iter();
        let gives = |kind| matches!(kind, K::Assigned | K::Augmented | K::Grown);
        own.filter(move |binding| gives(binding.kind)).filter_map(|binding| binding.value)
    }

    /// Every import of the file, in source order.
    pub fn imports(&self) -> &[Import<'a>] {
        self.meanings.imports()
    }

    /// The first import of this local name.
    pub fn import_of(&self, local: &str) -> Option<&Import<'a>> {
        self.meanings.import_of(local)
    }

    /// Modules that the file imports everything from, with their leading dots.
    pub fn star_imports(&self) -> &[Dotted<'a>] {
        self.meanings.star_imports()
    }

    /// See [`super::Module::qualified`].
    pub fn qualified(&self, expr: &'a Expr) -> Option<Dotted<'a>> {
        self.meanings.qualified(expr)
    }

    /// Every call, outer before inner, as Python evaluates them.
    pub fn calls(&self) -> &[Call<'a>] {
        &self.calls
    }

    /// Those in a scope, also in functions and classes inside.
    pub fn calls_in(&self, scope: ScopeId) -> &[Call<'a>] {
        self.calls.get(self.scope(scope).calls.clone()).unwrap_or_default()
    }

    /// Calls whose callee ends so: `ForeignKey` finds `models.ForeignKey(…)`, and `FK(…)` where that stands for it.
    pub fn calls_of(&self, last: &str) -> impl Iterator<Item = &Call<'a>> {
        let found = self.by_last.get(last).map_or(&[][..], Vec::as_slice);
        found.iter().map(|at| &self.calls[*at as usize])
    }

    /// The blocks around a call within its function, innermost first.
    pub fn blocks_around(&self, call: &Call<'_>) -> impl Iterator<Item = BlockKind<'a>> {
        let block = |id: BlockId| &self.blocks[id.0 as usize];
        let blocks = std::iter::successors(call.block.map(block), move |inner| inner.outer.map(block));
        blocks.map(|block| block.kind)
    }

    pub fn comments(&self) -> &[Comment<'a>] {
        &self.comments
    }

    /// Those on these 1-based lines.
    pub fn comments_on(&self, lines: std::ops::RangeInclusive<u32>) -> &[Comment<'a>] {
        let start = self.comments.partition_point(|comment| comment.line < *lines.start());
        let end = self.comments.partition_point(|comment| comment.line <= *lines.end());
        self.comments.get(start..end).unwrap_or_default()
    }
}
