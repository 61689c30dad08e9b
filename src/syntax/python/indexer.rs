//! The one pass over a file's tree that makes its index.

use ruff_python_ast::visitor::{self, Visitor};
use ruff_python_ast::{
    Comprehension, ExceptHandler, Expr, ExprCall, ExprLambda, ModModule, Pattern, Stmt, StmtClassDef,
    StmtFor, StmtFunctionDef, StmtTry, StmtWhile, StmtWith,
};
use ruff_text_size::{Ranged, TextRange};
use rustc_hash::FxHashMap;

use super::index::{Block, BlockId, BlockKind, Call, Class, Comment, Function, Index, Try};
use super::meaning::Meanings;
use super::scope::{BindingKind, Bindings, ClassId, FunctionId, Scope, ScopeId, ScopeKind, Statement};

impl<'a> Index<'a> {
    pub(super) fn of(tree: &'a ModModule, comments: Vec<Comment<'a>>) -> Self {
        let module = Scope {
            kind: ScopeKind::Module,
            parent: None,
            function: None,
            class: None,
            statements: Vec::new(),
            calls: 0..0,
        };
        let index = Self {
            scopes: vec![module],
            bindings: Bindings::default(),
            attributes: FxHashMap::default(),
            meanings: Meanings::default(),
            classes: Vec::new(),
            functions: Vec::new(),
            calls: Vec::new(),
            by_last: FxHashMap::default(),
            blocks: Vec::new(),
            comments,
        };
        let around =
            Around { scope: ScopeId::MODULE, block: None, statement: TextRange::default(), is_direct: true };
        let mut indexer = Indexer { index, around, part: None };
        indexer.visit_body(&tree.body);
        indexer.leave(around);
        indexer.index.bindings.sort();
        indexer.index.sort_calls();
        indexer.index
    }

    /// By the last segment of what they call, which all imports and aliases have a say in.
    fn sort_calls(&mut self) {
        for (at, call) in self.calls.iter().enumerate() {
            let last = match &*call.node.func {
                Expr::Attribute(attribute) => attribute.attr.as_str(),
                name @ Expr::Name(written) => {
                    self.meanings.qualified(name).map_or(written.id.as_str(), |name| name.last())
                }
                _ => continue,
            };
            self.by_last.entry(last).or_default().push(at as u32);
        }
    }
}

/// Bytes of stack that the deepest patterns and blocks need beside one expression.
const RED_ZONE: usize = 256 * 1024;
const GROWTH: usize = 1024 * 1024;

/// What is around the place that the pass has come to.
#[derive(Clone, Copy)]
pub(super) struct Around {
    pub(super) scope: ScopeId,
    block: Option<BlockId>,
    pub(super) statement: TextRange,
    /// Of the next statement; see [`Statement`].
    is_direct: bool,
}

pub(super) struct Indexer<'a> {
    pub(super) index: Index<'a>,
    pub(super) around: Around,
    /// Of the target that is being bound; see [`super::Binding`].
    pub(super) part: Option<u32>,
}

impl<'a> Visitor<'a> for Indexer<'a> {
    fn visit_stmt(&mut self, stmt: &'a Stmt) {
        #[cfg(test)]
        tests::VISITED.with(|visited| visited.set(visited.get() + 1));
        let around = self.around;
        let statement = Statement { node: stmt, is_direct: around.is_direct };
        self.index.scopes[around.scope.0 as usize].statements.push(statement);
        self.around = Around { statement: stmt.range(), is_direct: false, ..around };
        self.bindings_of(stmt);
        match stmt {
            Stmt::FunctionDef(function) => self.function(function),
            Stmt::ClassDef(class) => self.class(class),
            Stmt::For(each) => self.each(each),
            Stmt::While(loop_) => self.while_(loop_),
            Stmt::Try(guarded) => self.guarded(guarded),
            Stmt::With(with) => self.with(with),
            _ => visitor::walk_stmt(self, stmt),
        }
        self.around = around;
    }

    /// As in the parser the stack grows with what it holds: what could be read can be indexed.
    fn visit_expr(&mut self, expr: &'a Expr) {
        stacker::maybe_grow(RED_ZONE, GROWTH, || self.expr(expr));
    }

    fn visit_except_handler(&mut self, handler: &'a ExceptHandler) {
        let ExceptHandler::ExceptHandler(inner) = handler;
        if let Some(name) = &inner.name {
            self.bind_name(name, BindingKind::Caught, inner.type_.as_deref());
        }
        visitor::walk_except_handler(self, handler);
    }

    fn visit_pattern(&mut self, pattern: &'a Pattern) {
        let captured = match pattern {
            Pattern::MatchAs(named) => named.name.as_ref(),
            Pattern::MatchStar(star) => star.name.as_ref(),
            Pattern::MatchMapping(mapping) => mapping.rest.as_ref(),
            _ => None,
        };
        if let Some(name) = captured {
            self.bind_name(name, BindingKind::Captured, None);
        }
        visitor::walk_pattern(self, pattern);
    }
}

impl<'a> Indexer<'a> {
    fn expr(&mut self, expr: &'a Expr) {
        match expr {
            Expr::Call(call) => self.call(call),
            Expr::Named(named) => self.bind(&named.target, Some(&named.value), BindingKind::Walrus),
            Expr::Lambda(lambda) => return self.lambda(lambda),
            Expr::ListComp(list) => return self.comprehension(&list.generators, [None, Some(&*list.elt)]),
            Expr::SetComp(set) => return self.comprehension(&set.generators, [None, Some(&*set.elt)]),
            Expr::Generator(each) => return self.comprehension(&each.generators, [None, Some(&*each.elt)]),
            Expr::DictComp(dict) => {
                return self.comprehension(&dict.generators, [dict.key.as_deref(), Some(&*dict.value)]);
            }
            _ => {}
        }
        visitor::walk_expr(self, expr);
    }

    fn function(&mut self, node: &'a StmtFunctionDef) {
        node.decorator_list.iter().for_each(|decorator| self.visit_decorator(decorator));
        node.type_params.iter().for_each(|params| self.visit_type_params(params));
        self.visit_parameters(&node.parameters);
        node.returns.iter().for_each(|returns| self.visit_annotation(returns));
        let id = FunctionId(self.index.functions.len() as u32);
        self.bind_name(&node.name, BindingKind::Function(id), None);
        let outer = self.enter(ScopeKind::Function, Some(id), None);
        self.index.functions.push(Function { node, scope: outer.scope, body: self.around.scope });
        self.parameters(&node.parameters);
        self.visit_body(&node.body);
        self.leave(outer);
    }

    fn class(&mut self, node: &'a StmtClassDef) {
        node.decorator_list.iter().for_each(|decorator| self.visit_decorator(decorator));
        node.type_params.iter().for_each(|params| self.visit_type_params(params));
        node.arguments.iter().for_each(|arguments| self.visit_arguments(arguments));
        let id = ClassId(self.index.classes.len() as u32);
        self.bind_name(&node.name, BindingKind::Class(id), None);
        let outer = self.enter(ScopeKind::Class, None, Some(id));
        self.index.classes.push(Class { node, scope: outer.scope, body: self.around.scope });
        self.visit_body(&node.body);
        self.leave(outer);
    }

    fn lambda(&mut self, lambda: &'a ExprLambda) {
        lambda.parameters.iter().for_each(|parameters| self.visit_parameters(parameters));
        let outer = self.enter(ScopeKind::Lambda, None, None);
        lambda.parameters.iter().for_each(|parameters| self.parameters(parameters));
        self.visit_expr(&lambda.body);
        self.leave(outer);
    }

    /// The first iterable belongs to the scope around it. `elements`: key and value, or the element alone.
    fn comprehension(&mut self, generators: &'a [Comprehension], elements: [Option<&'a Expr>; 2]) {
        let around = self.around;
        for (at, generator) in generators.iter().enumerate() {
            self.visit_expr(&generator.iter);
            if at == 0 {
                self.enter(ScopeKind::Comprehension, None, None);
                self.around.block = around.block;
            }
            self.bind(&generator.target, Some(&generator.iter), BindingKind::Loop);
            self.visit_expr(&generator.target);
            generator.ifs.iter().for_each(|condition| self.visit_expr(condition));
        }
        elements.into_iter().flatten().for_each(|element| self.visit_expr(element));
        self.leave(around);
    }

    fn each(&mut self, each: &'a StmtFor) {
        self.visit_expr(&each.iter);
        self.visit_expr(&each.target);
        self.inside(BlockKind::Loop(each.range()), |indexer| indexer.visit_body(&each.body));
        self.visit_body(&each.orelse);
    }

    fn while_(&mut self, node: &'a StmtWhile) {
        self.inside(BlockKind::Loop(node.range()), |indexer| {
            indexer.visit_expr(&node.test);
            indexer.visit_body(&node.body);
        });
        self.visit_body(&node.orelse);
    }

    fn guarded(&mut self, node: &'a StmtTry) {
        self.inside(BlockKind::Try(Try(node)), |indexer| indexer.visit_body(&node.body));
        node.handlers.iter().for_each(|handler| self.visit_except_handler(handler));
        self.visit_body(&node.orelse);
        self.visit_body(&node.finalbody);
    }

    fn with(&mut self, node: &'a StmtWith) {
        node.items.iter().for_each(|item| self.visit_with_item(item));
        self.inside(BlockKind::With(node), |indexer| indexer.visit_body(&node.body));
    }

    fn inside(&mut self, kind: BlockKind<'a>, visit: impl FnOnce(&mut Self)) {
        let outer = self.around.block;
        let id = BlockId(self.index.blocks.len() as u32);
        self.index.blocks.push(Block { kind, outer });
        self.around.block = Some(id);
        visit(self);
        self.around.block = outer;
    }

    /// Goes into a new scope; gives what is around it, to come back to with [`Self::leave`]. Blocks end at the border of what runs later.
    fn enter(&mut self, kind: ScopeKind, function: Option<FunctionId>, class: Option<ClassId>) -> Around {
        let outer = self.around;
        let around = self.index.scope(outer.scope);
        let scope = Scope {
            kind,
            parent: Some(outer.scope),
            function: function.or(around.function),
            class: class.or(around.class),
            statements: Vec::new(),
            calls: self.index.calls.len()..self.index.calls.len(),
        };
        let id = ScopeId(self.index.scopes.len() as u32);
        self.index.scopes.push(scope);
        self.around = Around { scope: id, block: None, is_direct: true, ..outer };
        outer
    }

    fn leave(&mut self, outer: Around) {
        let calls = self.index.calls.len();
        self.index.scopes[self.around.scope.0 as usize].calls.end = calls;
        self.around = outer;
    }

    fn call(&mut self, node: &'a ExprCall) {
        let Around { scope, statement, block, .. } = self.around;
        self.index.calls.push(Call { node, scope, statement, block });
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use crate::source::Text;
    use crate::syntax::python::Module;

    thread_local! {
        /// Statements that passes of this thread have visited.
        pub(super) static VISITED: Cell<usize> = const { Cell::new(0) };
    }

    #[test]
    fn a_file_is_gone_through_once_however_much_is_asked_of_it() {
        let count = 32_000;
        let functions = (0..count).map(|n| format!("def f{n}(): return g{n}()\nx{n} = f{n}\n"));
        let text = Text::new(&functions.collect::<String>());
        VISITED.set(0);
        let module = Module::parse(&text);
        for n in 0..count {
            let function =
                module.function(&format!("f{n}")).and_then(|node| module.index().function_of(node));
            assert_eq!(function.map(|function| module.index().calls_in(function.body).len()), Some(1));
            assert!(module.assigned(&format!("x{n}")).is_some());
            assert!(module.class(&format!("f{n}")).is_none());
            assert_eq!(module.index().calls_of(&format!("g{n}")).count(), 1);
        }
        assert_eq!(VISITED.get(), 3 * count);
    }
}
