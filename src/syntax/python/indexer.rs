//! The one pass over a file's tree that makes its index.

use ruff_python_ast::visitor::{self, Visitor};
use ruff_python_ast::{
    Comprehension, ExceptHandler, Expr, ExprCall, ExprLambda, Identifier, ModModule, Parameters, Pattern,
    Stmt, StmtClassDef, StmtFor, StmtFunctionDef, StmtTry, StmtWhile,
};
use ruff_text_size::{Ranged, TextRange};
use rustc_hash::FxHashMap;

use super::change::change;
use super::index::{Block, BlockId, BlockKind, Call, Class, Comment, Function, Index, Try};
use super::meaning::Meanings;
use super::scope::{
    Binding, BindingKind, Bindings, ClassId, FunctionId, Scope, ScopeId, ScopeKind, Statement,
};

impl<'a> Index<'a> {
    pub(super) fn of(tree: &'a ModModule, comments: Vec<Comment<'a>>) -> Self {
        let module = Scope {
            kind: ScopeKind::Module,
            parent: None,
            function: None,
            class: None,
            statements: Vec::new(),
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
        let place =
            Place { scope: ScopeId::MODULE, block: None, statement: TextRange::default(), is_direct: true };
        let mut indexer = Indexer { index, place };
        indexer.visit_body(&tree.body);
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

/// Where the pass has come to.
#[derive(Clone, Copy)]
struct Place {
    scope: ScopeId,
    block: Option<BlockId>,
    statement: TextRange,
    /// Of the next statement; see [`Statement`].
    is_direct: bool,
}

struct Indexer<'a> {
    index: Index<'a>,
    place: Place,
}

impl<'a> Visitor<'a> for Indexer<'a> {
    fn visit_stmt(&mut self, stmt: &'a Stmt) {
        #[cfg(test)]
        tests::VISITED.with(|visited| visited.set(visited.get() + 1));
        let place = self.place;
        let statement = Statement { node: stmt, is_direct: place.is_direct };
        self.index.scopes[place.scope.0 as usize].statements.push(statement);
        self.place = Place { statement: stmt.range(), is_direct: false, ..place };
        self.bindings_of(stmt);
        match stmt {
            Stmt::FunctionDef(function) => self.function(function),
            Stmt::ClassDef(class) => self.class(class),
            Stmt::For(each) => self.each(each),
            Stmt::While(loop_) => self.while_(loop_),
            Stmt::Try(guarded) => self.guarded(guarded),
            _ => visitor::walk_stmt(self, stmt),
        }
        self.place = place;
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
        let first = self.index.calls.len();
        let body = self.place.scope;
        self.index.functions.push(Function { node, scope: outer.scope, body, calls: (first, first) });
        self.parameters(&node.parameters);
        self.visit_body(&node.body);
        self.index.functions[id.0 as usize].calls.1 = self.index.calls.len();
        self.place = outer;
    }

    fn class(&mut self, node: &'a StmtClassDef) {
        node.decorator_list.iter().for_each(|decorator| self.visit_decorator(decorator));
        node.type_params.iter().for_each(|params| self.visit_type_params(params));
        node.arguments.iter().for_each(|arguments| self.visit_arguments(arguments));
        let id = ClassId(self.index.classes.len() as u32);
        self.bind_name(&node.name, BindingKind::Class(id), None);
        let outer = self.enter(ScopeKind::Class, None, Some(id));
        self.index.classes.push(Class { node, scope: outer.scope, body: self.place.scope });
        self.visit_body(&node.body);
        self.place = outer;
    }

    fn lambda(&mut self, lambda: &'a ExprLambda) {
        lambda.parameters.iter().for_each(|parameters| self.visit_parameters(parameters));
        let outer = self.enter(ScopeKind::Lambda, None, None);
        lambda.parameters.iter().for_each(|parameters| self.parameters(parameters));
        self.visit_expr(&lambda.body);
        self.place = outer;
    }

    /// The first iterable belongs to the scope around it. `elements`: key and value, or the element alone.
    fn comprehension(&mut self, generators: &'a [Comprehension], elements: [Option<&'a Expr>; 2]) {
        let place = self.place;
        for (at, generator) in generators.iter().enumerate() {
            self.visit_expr(&generator.iter);
            if at == 0 {
                self.enter(ScopeKind::Comprehension, None, None);
                self.place.block = place.block;
            }
            self.bind(&generator.target, Some(&generator.iter), BindingKind::Loop);
            self.visit_expr(&generator.target);
            generator.ifs.iter().for_each(|condition| self.visit_expr(condition));
        }
        elements.into_iter().flatten().for_each(|element| self.visit_expr(element));
        self.place = place;
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

    fn inside(&mut self, kind: BlockKind<'a>, visit: impl FnOnce(&mut Self)) {
        let outer = self.place.block;
        let id = BlockId(self.index.blocks.len() as u32);
        self.index.blocks.push(Block { kind, outer });
        self.place.block = Some(id);
        visit(self);
        self.place.block = outer;
    }

    /// Goes into a new scope; gives the place to come back to. Blocks end at the border of what runs later.
    fn enter(&mut self, kind: ScopeKind, function: Option<FunctionId>, class: Option<ClassId>) -> Place {
        let outer = self.place;
        let around = self.index.scope(outer.scope);
        let scope = Scope {
            kind,
            parent: Some(outer.scope),
            function: function.or(around.function),
            class: class.or(around.class),
            statements: Vec::new(),
        };
        let id = ScopeId(self.index.scopes.len() as u32);
        self.index.scopes.push(scope);
        self.place = Place { scope: id, block: None, is_direct: true, ..outer };
        outer
    }

    fn call(&mut self, node: &'a ExprCall) {
        let Place { scope, statement, block, .. } = self.place;
        self.index.calls.push(Call { node, scope, statement, block });
    }

    /// What a statement binds in the scope that it stands in.
    fn bindings_of(&mut self, stmt: &'a Stmt) {
        let scope = self.place.scope;
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
                    change(stmt).and_then(|(name, change)| Some((name, change.value()?)))
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

    fn parameters(&mut self, parameters: &'a Parameters) {
        for parameter in parameters.iter() {
            let kind = if parameter.is_variadic() { BindingKind::Variadic } else { BindingKind::Parameter };
            self.bind_name(parameter.name(), kind, None);
        }
    }

    fn bind_name(&mut self, name: &'a Identifier, kind: BindingKind, value: Option<&'a Expr>) {
        self.push(name.as_str(), kind, value, name.range());
    }

    fn bind(&mut self, target: &'a Expr, value: Option<&'a Expr>, kind: BindingKind) {
        match target {
            Expr::Name(name) => self.push(name.id.as_str(), kind, value, name.range()),
            Expr::Attribute(attribute) => {
                let name = attribute.attr.as_str();
                let binding = self.binding(name, kind, value, attribute.range(), self.place.scope);
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
            self.bind(target, own(at).or(value), kind);
        }
    }

    fn push(&mut self, name: &'a str, kind: BindingKind, value: Option<&'a Expr>, at: TextRange) {
        let mut scope = self.place.scope;
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
        Binding { name, kind, value, scope, function, at, statement: self.place.statement }
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
            assert_eq!(function.map(|function| module.index().calls_in(function).len()), Some(1));
            assert!(module.assigned(&format!("x{n}")).is_some());
            assert!(module.class(&format!("f{n}")).is_none());
            assert_eq!(module.index().calls_of(&format!("g{n}")).count(), 1);
        }
        assert_eq!(VISITED.get(), 3 * count);
    }
}
