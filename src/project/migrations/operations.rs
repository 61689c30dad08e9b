//! The operations of a migration, wherever they are written: lists, sums, loops, names, functions, helper modules.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use ruff_python_ast::{Expr, ExprCall, Stmt};
use ruff_text_size::{Ranged, TextRange};

use crate::model::change::Path;
use crate::source::NotLoaded;
use crate::syntax::python::{Dotted, Function, Module, ScopeId};

use crate::project::migrations::migration::{Migration, Operation, Position, is_django_operation};
use crate::project::python::imports::{Ancestry, Definition};
use crate::project::{Fact, Project};

/// Lists in lists, functions in functions.
const MAX_DEPTH: usize = 24;
/// Expressions of one migration; more comes from helpers that call each other over and over.
const MAX_VISITS: usize = 100_000;
/// Helper modules that import helper modules.
const MAX_HOPS: usize = 6;

/// A migration with what it takes from other files of the repository.
#[derive(Debug)]
pub struct WholeMigration {
    path: Path,
    migration: Arc<Migration>,
    elsewhere: Elsewhere,
    /// There is more than was followed.
    cut: bool,
}

/// What names that are not Django's stand for, by the file that uses them and the dotted name.
type Elsewhere = BTreeMap<(Path, String), Option<Referent>>;

#[derive(Debug)]
struct Referent {
    definition: Definition,
    /// Set for a class.
    ancestry: Option<Ancestry>,
}

impl Referent {
    /// The function that it is, if it is one.
    fn function(&self) -> Option<&Function<'_>> {
        self.definition.module.index().function_in(ScopeId::MODULE, &self.definition.name)
    }

    /// The top of its file, entered from `frame` through what stands `at` there.
    fn frame<'a>(&'a self, frame: Frame<'a>, at: TextRange) -> Frame<'a> {
        let Definition { module, path, .. } = &self.definition;
        Frame {
            module,
            path,
            class: None,
            function: None,
            at: frame.at.or(Some(at)),
            position: frame.position,
        }
    }
}

static NOTHING: Elsewhere = BTreeMap::new();

impl WholeMigration {
    pub fn path(&self) -> &str {
        &self.path
    }

    pub fn migration(&self) -> &Arc<Migration> {
        &self.migration
    }

    /// Every operation in source order, also nested ones.
    pub fn operations(&self) -> Vec<Operation<'_>> {
        collect(&self.path, &self.migration, &self.elsewhere).operations
    }

    /// Are there more operations than were followed? Then nobody can say that none of them is at fault.
    pub fn is_cut(&self) -> bool {
        self.cut
    }
}

impl Fact for Option<Arc<WholeMigration>> {
    type Key = str;

    fn find(project: &Project, path: &str) -> Result<Self, NotLoaded> {
        let Some(migration) = project.migration(path)? else { return Ok(None) };
        let elsewhere = Elsewhere::new();
        let mut whole = WholeMigration { path: path.to_owned(), migration, elsewhere, cut: true };
        for _ in 0..MAX_HOPS {
            let Collected { wanted, cut, .. } = collect(&whole.path, &whole.migration, &whole.elsewhere);
            if wanted.is_empty() {
                whole.cut = cut;
                break;
            }
            let found = wanted.into_iter().map(|key| project.found(&key).map(|found| (key, found)));
            let found = NotLoaded::all(found)?;
            whole.elsewhere.extend(found);
        }
        Ok(Some(Arc::new(whole)))
    }
}

impl Project {
    /// A migration file with its helper modules read; `None` as for [`Project::migration`].
    pub fn whole_migration(&self, path: &str) -> Result<Option<Arc<WholeMigration>>, NotLoaded> {
        Ok((*self.fact::<Option<Arc<WholeMigration>>>(path)?).clone())
    }

    fn found(&self, (from, dotted): &(Path, String)) -> Result<Option<Referent>, NotLoaded> {
        let Some(definition) = self.definition(from, dotted)? else { return Ok(None) };
        Ok(Some(Referent { ancestry: self.ancestry(from, dotted)?, definition }))
    }
}

impl Migration {
    /// Every operation in source order as far as this file tells, also nested ones; with helper modules read, ask
    /// [`Project::whole_migration`].
    pub fn operations(&self) -> Vec<Operation<'_>> {
        collect("", self, &NOTHING).operations
    }
}

/// What one look at a migration gives.
struct Collected<'a> {
    operations: Vec<Operation<'a>>,
    /// Names of other files that were not looked up yet.
    wanted: BTreeSet<(Path, String)>,
    cut: bool,
}

fn collect<'a>(path: &'a str, migration: &'a Migration, elsewhere: &'a Elsewhere) -> Collected<'a> {
    let collector = Collector {
        elsewhere,
        found: RefCell::default(),
        wanted: RefCell::default(),
        seen: RefCell::default(),
        seen_names: RefCell::default(),
        cut: Cell::new(false),
    };
    let module = &**migration.module();
    let index = module.index();
    let top = index.classes().iter().filter(|class| class.scope == ScopeId::MODULE);
    for class in top.filter(|class| class.node.name.as_str() == "Migration") {
        let frame = Frame {
            module,
            path,
            class: Some(class.body),
            function: None,
            at: None,
            position: Position::Plain,
        };
        for value in index.given_in(class.body, "operations") {
            collector.expr(value, frame, 0);
        }
    }
    Collected {
        operations: collector.found.into_inner(),
        wanted: collector.wanted.into_inner(),
        cut: collector.cut.get(),
    }
}

/// Where an expression stands.
#[derive(Clone, Copy)]
struct Frame<'a> {
    module: &'a Module,
    path: &'a str,
    class: Option<ScopeId>,
    function: Option<ScopeId>,
    /// The reference in the migration file through which another file was entered.
    at: Option<TextRange>,
    position: Position,
}

impl Frame<'_> {
    /// Where a name is looked for, innermost first.
    fn scopes(self) -> impl Iterator<Item = ScopeId> {
        [self.function, self.class, Some(ScopeId::MODULE)].into_iter().flatten()
    }
}

/// What was looked at, with where the migration's file brings it in.
type Seen<T> = RefCell<HashSet<(T, Option<TextRange>, Position)>>;

struct Collector<'a> {
    elsewhere: &'a Elsewhere,
    found: RefCell<Vec<Operation<'a>>>,
    wanted: RefCell<BTreeSet<(Path, String)>>,
    /// Each expression counts once for each place it is brought in from, so `ops = ops + ops` ends.
    seen: Seen<usize>,
    /// The same for names, by module and scope: of one that is used often the values are gone through once.
    seen_names: Seen<(usize, ScopeId, &'a str)>,
    cut: Cell<bool>,
}

impl<'a> Collector<'a> {
    fn expr(&self, expr: &'a Expr, frame: Frame<'a>, depth: usize) {
        let visit = (std::ptr::from_ref(expr) as usize, frame.at, frame.position);
        let mut seen = self.seen.borrow_mut();
        if depth > MAX_DEPTH || seen.len() > MAX_VISITS {
            self.cut.set(true);
            return;
        }
        if !seen.insert(visit) {
            return;
        }
        drop(seen);
        let each = |exprs: &'a [Expr]| exprs.iter().for_each(|e| self.expr(e, frame, depth + 1));
        match expr {
            Expr::List(list) => each(&list.elts),
            Expr::Tuple(tuple) => each(&tuple.elts),
            Expr::Starred(starred) => self.expr(&starred.value, frame, depth + 1),
            Expr::BinOp(_) => summands(expr).into_iter().for_each(|e| self.expr(e, frame, depth + 1)),
            Expr::BoolOp(op) => each(&op.values),
            Expr::If(choice) => {
                self.expr(&choice.body, frame, depth + 1);
                self.expr(&choice.orelse, frame, depth + 1);
            }
            Expr::ListComp(comprehension) => {
                self.comprehension(&comprehension.elt, &comprehension.generators, frame, depth)
            }
            Expr::Generator(generator) => {
                self.comprehension(&generator.elt, &generator.generators, frame, depth);
            }
            Expr::Subscript(subscript) => self.expr(&subscript.value, frame, depth + 1),
            Expr::Name(name) => self.name(name.id.as_str(), expr, frame, depth),
            Expr::Attribute(_) => self.elsewhere(expr, frame, depth),
            Expr::Call(call) => self.call(call, frame, depth),
            _ => {}
        }
    }

    /// `[op for op in ops]` holds the operations of `ops`, `[RunPython(f) for f in fs]` one of its own.
    fn comprehension(
        &self,
        element: &'a Expr,
        generators: &'a [ruff_python_ast::Comprehension],
        frame: Frame<'a>,
        depth: usize,
    ) {
        let target = element.as_name_expr().map(|n| n.id.as_str());
        let over = generators
            .iter()
            .find(|g| target.is_some() && g.target.as_name_expr().map(|n| n.id.as_str()) == target);
        self.expr(over.map_or(element, |g| &g.iter), frame, depth + 1);
    }

    fn name(&self, name: &'a str, expr: &'a Expr, frame: Frame<'a>, depth: usize) {
        let index = frame.module.index();
        let Some(scope) = frame.scopes().find(|scope| index.given_in(*scope, name).next().is_some()) else {
            return self.elsewhere(expr, frame, depth);
        };
        let module = std::ptr::from_ref(frame.module) as usize;
        if self.seen_names.borrow_mut().insert(((module, scope, name), frame.at, frame.position)) {
            index.given_in(scope, name).for_each(|value| self.expr(value, frame, depth + 1));
        }
    }

    /// A name of another file.
    fn elsewhere(&self, expr: &'a Expr, frame: Frame<'a>, depth: usize) {
        let Some(dotted) = frame.module.qualified(expr) else { return };
        let Some(found) = self.look_up(&dotted.to_string(), frame) else { return };
        let Definition { module, name, .. } = &found.definition;
        for value in module.index().given_in(ScopeId::MODULE, name) {
            self.expr(value, found.frame(frame, expr.range()), depth + 1);
        }
    }

    fn look_up(&self, dotted: &str, frame: Frame<'a>) -> Option<&'a Referent> {
        let key = (frame.path.to_owned(), dotted.to_owned());
        match self.elsewhere.get(&key) {
            Some(found) => found.as_ref(),
            None => {
                self.wanted.borrow_mut().insert(key);
                None
            }
        }
    }

    fn call(&self, call: &'a ExprCall, frame: Frame<'a>, depth: usize) {
        if let Some(copied) = copied(call) {
            copied.iter().for_each(|e| self.expr(e, frame, depth + 1));
            return;
        }
        let Some(callee) = callee(call, frame.module).map(|name| name.to_string()) else { return };
        if is_django_operation(&callee) {
            self.operation(call, callee, None, frame, depth);
            return;
        }
        if let Some(function) = own_function(&callee, frame) {
            self.returned(function, frame, depth);
            return;
        }
        let found = self.look_up(&callee, frame);
        let ancestry = found.and_then(|found| found.ancestry.as_ref());
        let function = found.filter(|_| ancestry.is_none()).and_then(Referent::function);
        match found.zip(function) {
            Some((found, function)) => {
                self.returned(function, found.frame(frame, call.range()), depth);
            }
            None => self.operation(call, callee, ancestry, frame, depth),
        }
    }

    /// What a function returns or yields.
    fn returned(&self, function: &'a Function<'a>, frame: Frame<'a>, depth: usize) {
        let frame = Frame { function: Some(function.body), ..frame };
        for statement in &frame.module.index().scope(function.body).statements {
            match statement.node {
                Stmt::Return(ret) => {
                    ret.value.iter().for_each(|value| self.expr(value, frame, depth + 1));
                }
                Stmt::Expr(expr) => match &*expr.value {
                    Expr::Yield(y) => y.value.iter().for_each(|value| self.expr(value, frame, depth + 1)),
                    Expr::YieldFrom(y) => self.expr(&y.value, frame, depth + 1),
                    _ => {}
                },
                _ => {}
            }
        }
    }

    fn operation(
        &self,
        call: &'a ExprCall,
        callee: String,
        ancestry: Option<&'a Ancestry>,
        frame: Frame<'a>,
        depth: usize,
    ) {
        let argument = |name: &str, at: usize| call.arguments.find_argument_value(name, at);
        let operation = Operation {
            call,
            callee,
            position: frame.position,
            module: frame.module,
            path: frame.path,
            at: frame.at.unwrap_or(call.range()),
            ancestry,
        };
        let (database, state) = match operation.django_kind() {
            Some("SeparateDatabaseAndState") => {
                (argument("database_operations", 0), argument("state_operations", 1))
            }
            Some("RunSQL") => (None, argument("state_operations", 2)),
            _ => (None, None),
        };
        self.found.borrow_mut().push(operation);
        if let Some(expr) = database {
            let position =
                if frame.position == Position::Plain { Position::DatabaseOnly } else { frame.position };
            self.expr(expr, Frame { position, ..frame }, depth + 1);
        }
        if let Some(expr) = state {
            self.expr(expr, Frame { position: Position::StateOnly, ..frame }, depth + 1);
        }
    }
}

/// The callee's dotted name; a plain name that only a star import of Django's operations can bring is one of them.
fn callee<'a>(call: &'a ExprCall, module: &'a Module) -> Option<Dotted<'a>> {
    let callee = module.qualified(&call.func)?;
    let name = callee.last();
    if !callee.is_plain() || module.class(name).is_some() || module.function(name).is_some() {
        return Some(callee);
    }
    let mut stars = module.index().star_imports().iter();
    let django =
        stars.find(|m| **m == "django.db.migrations" || m.starts_with("django.db.migrations.operations"));
    let known = matches!(name, "RunPython" | "RunSQL" | "SeparateDatabaseAndState")
        || ["Add", "Alter", "Remove", "Rename", "Create", "Delete"].iter().any(|verb| name.starts_with(verb));
    Some(match django {
        Some(django) if known => django.clone().with(&[name]),
        _ => callee,
    })
}

fn own_function<'a>(callee: &str, frame: Frame<'a>) -> Option<&'a Function<'a>> {
    frame.scopes().find_map(|scope| frame.module.index().function_in(scope, callee))
}

/// `list(ops)`, `reversed(ops)`, `filter(None, ops)`, `itertools.chain(a, b)`: their arguments are what they hold.
fn copied(call: &ExprCall) -> Option<&[Expr]> {
    let name = match &*call.func {
        Expr::Name(name) => name.id.as_str(),
        Expr::Attribute(attribute) => attribute.attr.as_str(),
        _ => return None,
    };
    match name {
        "list" | "tuple" | "reversed" | "sorted" | "sum" | "chain" | "from_iterable" | "copy"
        | "deepcopy" => Some(&call.arguments.args),
        "filter" => call.arguments.args.get(1..),
        _ => None,
    }
}

/// The parts of a sum from left to right; a long one nests deep to the left.
fn summands(expr: &Expr) -> Vec<&Expr> {
    let mut parts = Vec::new();
    let mut rest = expr;
    while let Expr::BinOp(op) = rest {
        parts.push(&*op.right);
        rest = &op.left;
    }
    parts.push(rest);
    parts.reverse();
    parts
}
