//! The operations of a migration, wherever they are written: lists, sums, loops, names, functions, helper modules.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use ruff_python_ast::{Expr, ExprCall, Stmt, StmtFunctionDef};
use ruff_text_size::{Ranged, TextRange};

use crate::model::change::Path;
use crate::source::NotLoaded;
use crate::syntax::python::{Module, assignment, top_level};

use crate::project::migrations::migration::{Migration, Operation, Position, is_django_operation};
use crate::project::python::imports::{Ancestry, Definition, star_imports};
use crate::project::{Fact, Project};

/// Lists in lists, functions in functions.
const MAX_DEPTH: usize = 24;
/// Expressions of one migration; more comes from helpers that call each other over and over.
const MAX_VISITS: usize = 100_000;
/// Helper modules that import helper modules.
const MAX_HOPS: usize = 6;

/// A migration with what it takes from other files of the repository.
#[derive(Debug)]
pub struct Source {
    path: Path,
    migration: Arc<Migration>,
    elsewhere: Elsewhere,
    /// There is more than was followed.
    cut: bool,
}

/// What names that are not Django's stand for, by the file that uses them and the dotted name.
type Elsewhere = BTreeMap<(Path, String), Option<Found>>;

#[derive(Debug)]
struct Found {
    definition: Definition,
    /// Set for a class.
    ancestry: Option<Ancestry>,
}

static NOTHING: Elsewhere = BTreeMap::new();

impl Source {
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

impl Fact for Option<Arc<Source>> {
    type Key = str;

    fn find(project: &Project, path: &str) -> Result<Self, NotLoaded> {
        let Some(migration) = project.migration(path)? else { return Ok(None) };
        let elsewhere = Elsewhere::new();
        let mut source = Source { path: path.to_owned(), migration, elsewhere, cut: true };
        for _ in 0..MAX_HOPS {
            let Collected { wanted, cut, .. } = collect(&source.path, &source.migration, &source.elsewhere);
            if wanted.is_empty() {
                source.cut = cut;
                break;
            }
            let found = wanted.into_iter().map(|key| project.found(&key).map(|found| (key, found)));
            let found = NotLoaded::all(found)?;
            source.elsewhere.extend(found);
        }
        Ok(Some(Arc::new(source)))
    }
}

impl Project {
    /// A migration file with its helper modules read; `None` as for [`Project::migration`].
    pub fn migration_source(&self, path: &str) -> Result<Option<Arc<Source>>, NotLoaded> {
        Ok((*self.fact::<Option<Arc<Source>>>(path)?).clone())
    }

    fn found(&self, (from, dotted): &(Path, String)) -> Result<Option<Found>, NotLoaded> {
        let Some(definition) = self.definition(from, dotted)? else { return Ok(None) };
        Ok(Some(Found { ancestry: self.ancestry(from, dotted)?, definition }))
    }
}

impl Migration {
    /// Every operation in source order as far as this file tells, also nested ones; with helper modules read, ask
    /// [`Project::migration_source`].
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
        cut: Cell::new(false),
    };
    let module = &**migration.module();
    for class in module.classes().into_iter().filter(|c| c.name.as_str() == "Migration") {
        let frame = Frame {
            module,
            path,
            class: Some(&class.body),
            function: None,
            at: None,
            position: Position::Plain,
        };
        for value in bound(&class.body, "operations") {
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
    class: Option<&'a [Stmt]>,
    function: Option<&'a [Stmt]>,
    /// The reference in the migration file through which another file was entered.
    at: Option<TextRange>,
    position: Position,
}

struct Collector<'a> {
    elsewhere: &'a Elsewhere,
    found: RefCell<Vec<Operation<'a>>>,
    wanted: RefCell<BTreeSet<(Path, String)>>,
    /// Each expression counts once for each place it is brought in from, so `ops = ops + ops` ends.
    seen: RefCell<HashSet<(usize, Option<TextRange>, Position)>>,
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

    fn name(&self, name: &str, expr: &'a Expr, frame: Frame<'a>, depth: usize) {
        let scopes = [frame.function, frame.class, Some(frame.module.body())];
        let values = scopes.into_iter().flatten().map(|body| bound(body, name)).find(|v| !v.is_empty());
        match values {
            Some(values) => values.into_iter().for_each(|v| self.expr(v, frame, depth + 1)),
            None => self.elsewhere(expr, frame, depth),
        }
    }

    /// A name of another file.
    fn elsewhere(&self, expr: &'a Expr, frame: Frame<'a>, depth: usize) {
        let Some(dotted) = frame.module.qualified(expr) else { return };
        let Some(found) = self.look_up(&dotted, frame) else { return };
        let Definition { path, module, name } = &found.definition;
        let there = Frame {
            module,
            path,
            class: None,
            function: None,
            at: frame.at.or(Some(expr.range())),
            position: frame.position,
        };
        for value in bound(module.body(), name) {
            self.expr(value, there, depth + 1);
        }
    }

    fn look_up(&self, dotted: &str, frame: Frame<'a>) -> Option<&'a Found> {
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
        let Some(callee) = callee(call, frame.module) else { return };
        if is_django_operation(&callee) {
            self.operation(call, callee, None, frame, depth);
            return;
        }
        if let Some(function) = own_function(&callee, frame) {
            self.returned(function, frame, depth);
            return;
        }
        match self.look_up(&callee, frame) {
            Some(Found { definition, ancestry: None })
                if definition.module.function(&definition.name).is_some() =>
            {
                let Definition { path, module, name } = definition;
                let there = Frame {
                    module,
                    path,
                    class: None,
                    function: None,
                    at: frame.at.or(Some(call.range())),
                    position: frame.position,
                };
                if let Some(function) = module.function(name) {
                    self.returned(function, there, depth);
                }
            }
            found => {
                let ancestry = found.and_then(|f| f.ancestry.as_ref());
                self.operation(call, callee, ancestry, frame, depth);
            }
        }
    }

    /// What a function returns or yields.
    fn returned(&self, function: &'a StmtFunctionDef, frame: Frame<'a>, depth: usize) {
        let frame = Frame { function: Some(&function.body), ..frame };
        for stmt in top_level(&function.body) {
            match stmt {
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
fn callee(call: &ExprCall, module: &Module) -> Option<String> {
    let name = module.qualified(&call.func)?;
    if name.contains('.') || module.class(&name).is_some() || module.function(&name).is_some() {
        return Some(name);
    }
    let django = star_imports(module)
        .into_iter()
        .find(|m| m == "django.db.migrations" || m.starts_with("django.db.migrations.operations"));
    let known = matches!(name.as_str(), "RunPython" | "RunSQL" | "SeparateDatabaseAndState")
        || name.starts_with("Add")
        || name.starts_with("Alter")
        || name.starts_with("Remove")
        || name.starts_with("Rename")
        || name.starts_with("Create")
        || name.starts_with("Delete");
    Some(match django {
        Some(django) if known => format!("{django}.{name}"),
        _ => name,
    })
}

fn own_function<'a>(callee: &str, frame: Frame<'a>) -> Option<&'a StmtFunctionDef> {
    let in_body = |body: &'a [Stmt]| {
        top_level(body)
            .into_iter()
            .filter_map(|s| s.as_function_def_stmt())
            .rfind(|f| f.name.as_str() == callee)
    };
    [frame.function, frame.class, Some(frame.module.body())].into_iter().flatten().find_map(in_body)
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

/// Every value a name is given or grows by in these statements: `=`, `+=`, `.append(…)`, `.extend(…)`, `.insert(0, …)`.
fn bound<'a>(body: &'a [Stmt], name: &str) -> Vec<&'a Expr> {
    top_level(body).into_iter().filter_map(|stmt| value_for(stmt, name)).collect()
}

fn value_for<'a>(stmt: &'a Stmt, name: &str) -> Option<&'a Expr> {
    let is_name = |expr: &Expr| expr.as_name_expr().is_some_and(|n| n.id.as_str() == name);
    if let Some((target, value)) = assignment(stmt) {
        return (target == name).then_some(value);
    }
    match stmt {
        Stmt::AugAssign(assign) => is_name(&assign.target).then_some(&assign.value),
        Stmt::Expr(expr) => {
            let call = expr.value.as_call_expr()?;
            let method = call.func.as_attribute_expr().filter(|m| is_name(&m.value))?;
            match method.attr.as_str() {
                "append" | "extend" => call.arguments.find_positional(0),
                "insert" => call.arguments.find_positional(1),
                _ => None,
            }
        }
        _ => None,
    }
}
