//! One migration file as Django reads it: the class's attributes and its operations.

use std::sync::Arc;

use ruff_python_ast::{Expr, ExprCall, StmtClassDef};
use ruff_text_size::{Ranged, TextRange};

use crate::syntax::python::{Module, string, text_of, walk_expr};

use crate::project::django::apps::MigrationName;
use crate::project::python::imports::Ancestry;
use crate::project::{Content, ContentFact};

/// One entry of `dependencies` or `run_before`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Dependency {
    /// `("blog", "0001_initial")`; the name may be `__first__` or `__latest__`.
    On(MigrationName),
    /// `migrations.swappable_dependency(settings.AUTH_USER_MODEL)`: the setting's name.
    Swappable(String),
    /// Anything the text alone does not tell.
    Unknown,
}

/// A dependency with its place in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DependencyAt {
    pub dependency: Dependency,
    pub range: TextRange,
}

/// Where an operation stands in the tree of operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Position {
    /// Runs against database and state.
    Plain,
    /// Inside `SeparateDatabaseAndState(database_operations=…)`.
    DatabaseOnly,
    /// Inside `SeparateDatabaseAndState(state_operations=…)`, or another operation's `state_operations`.
    StateOnly,
}

/// One operation call, with what its callee resolves to (`django.db.migrations.RunPython`).
#[derive(Clone, Debug)]
pub struct Operation<'a> {
    pub call: &'a ExprCall,
    pub callee: String,
    pub position: Position,
    /// The file that the call is written in: the migration's own, or a helper's.
    pub module: &'a Module,
    /// Its path.
    pub path: &'a str,
    /// Where the migration's own file has it: the call, or the name or call that brings it in from a helper.
    pub at: TextRange,
    /// Set when the callee is a class of this repository.
    pub ancestry: Option<&'a Ancestry>,
}

/// `None`: the text holds no class `Migration`.
impl ContentFact for Option<Arc<Migration>> {
    fn read(content: &Content<'_>) -> Self {
        Migration::read(content.fact()).map(Arc::new)
    }

    /// The tree that it looks into is the module's.
    fn weight(&self) -> usize {
        1024
    }
}

impl Operation<'_> {
    /// Is the call written in the migration's own file?
    pub fn is_here(&self) -> bool {
        self.at == self.call.range()
    }

    /// `RunPython` for Django's own operation and for a class of this repository that derives from it alone.
    pub fn django_kind(&self) -> Option<&str> {
        if is_django_operation(&self.callee) {
            return Some(self.kind());
        }
        match self.ancestry?.foreign.as_slice() {
            [base] if is_django_operation(base) => base.rsplit('.').next(),
            _ => None,
        }
    }

    /// The last component of the callee: `AddField`.
    pub fn kind(&self) -> &str {
        self.callee.rsplit('.').next().unwrap_or(&self.callee)
    }

    /// An operation of Django itself: `django.db.migrations.*` in any of its import spellings.
    pub fn is_django(&self, kind: &str) -> bool {
        self.kind() == kind && is_django_operation(&self.callee)
    }

    /// An argument by keyword, else by position.
    pub fn argument(&self, name: &str, position: usize) -> Option<&Expr> {
        self.call.arguments.find_argument_value(name, position)
    }

    /// A literal string argument.
    pub fn text(&self, name: &str, position: usize) -> Option<&str> {
        self.argument(name, position).and_then(string)
    }

    /// `*args` or `**kwargs`: the arguments cannot be known.
    pub fn has_unpacking(&self) -> bool {
        let arguments = &self.call.arguments;
        arguments.args.iter().any(Expr::is_starred_expr) || arguments.keywords.iter().any(|k| k.arg.is_none())
    }
}

/// `django.db.migrations.X`, `django.db.migrations.operations.X`, `….operations.special.X`, …
pub fn is_django_operation(callee: &str) -> bool {
    callee.starts_with("django.db.migrations.")
}

/// Is a base class Django's own `Migration`?
pub fn is_djangos(module: &Module, base: &Expr) -> bool {
    module.qualified(base).is_some_and(|base| {
        base == "django.db.migrations.Migration" || base == "django.db.migrations.migration.Migration"
    })
}

/// South's migrations have the same class name and another life.
pub fn is_south(migration: &Migration) -> bool {
    let bases = migration.class().map_or_else(Vec::new, |class| class.bases().to_vec());
    bases.iter().filter_map(|base| migration.module().qualified(base)).any(|base| {
        base.starts_with("south.") || base.ends_with("SchemaMigration") || base.ends_with("DataMigration")
    })
}

/// A module with a class `Migration`.
#[derive(Debug)]
pub struct Migration {
    module: Arc<Module>,
    pub dependencies: Vec<DependencyAt>,
    pub run_before: Vec<DependencyAt>,
    pub replaces: Vec<DependencyAt>,
    /// `replaces` may hold more than could be read.
    pub replaces_partial: bool,
    /// `dependencies` may hold more than could be read.
    pub dependencies_partial: bool,
    /// `run_before` may hold more than could be read.
    pub run_before_partial: bool,
    /// `initial = True`
    pub initial: bool,
    /// `atomic = False` when it is written so.
    pub atomic: Option<bool>,
}

impl Dependency {
    /// The migration it names, if it names one.
    pub fn migration(&self) -> Option<&MigrationName> {
        match self {
            Self::On(name) => Some(name),
            Self::Swappable(_) | Self::Unknown => None,
        }
    }
}

impl Migration {
    /// The migrations that it stands for.
    pub fn replaced(&self) -> impl Iterator<Item = &MigrationName> {
        self.replaces.iter().filter_map(|r| r.dependency.migration())
    }

    /// `None` when the module has no class `Migration`.
    pub(in crate::project) fn read(module: Arc<Module>) -> Option<Self> {
        let class = module.class("Migration")?;
        let value = |name: &str| module.attribute(class, name);
        let (dependencies, dependencies_partial) = references(&module, value("dependencies"));
        let (run_before, run_before_partial) = references(&module, value("run_before"));
        let (replaces, replaces_partial) = references(&module, value("replaces"));
        let truth = |name: &str| value(name).and_then(Expr::as_boolean_literal_expr).map(|flag| flag.value);
        let (initial, atomic) = (truth("initial").unwrap_or(false), truth("atomic"));
        Some(Self {
            dependencies,
            run_before,
            replaces,
            replaces_partial,
            dependencies_partial,
            run_before_partial,
            initial,
            atomic,
            module,
        })
    }

    pub fn module(&self) -> &Arc<Module> {
        &self.module
    }

    /// The class `Migration`; it is there, or this value would not be.
    pub fn class(&self) -> Option<&StmtClassDef> {
        self.module.class("Migration")
    }

    /// An attribute of the class: `operations`, `dependencies`.
    pub fn attribute(&self, name: &str) -> Option<&Expr> {
        self.class().and_then(|class| self.module.attribute(class, name))
    }
}

/// The entries of a list of references, and whether there may be more.
fn references(module: &Module, value: Option<&Expr>) -> (Vec<DependencyAt>, bool) {
    let Some(value) = value else { return (Vec::new(), false) };
    let elements = match value {
        Expr::List(list) => list.elts.as_slice(),
        Expr::Tuple(tuple) => tuple.elts.as_slice(),
        other => {
            let mut found = Vec::new();
            walk_expr(other, &mut |expr| {
                if let dependency @ (Dependency::On(_) | Dependency::Swappable(_)) = reference(module, expr) {
                    found.push(DependencyAt { dependency, range: expr.range() });
                }
            });
            return (found, true);
        }
    };
    let found: Vec<_> = elements
        .iter()
        .map(|e| DependencyAt { dependency: reference(module, e), range: e.range() })
        .collect();
    let partial = found.iter().any(|d| d.dependency == Dependency::Unknown);
    (found, partial)
}

fn reference(module: &Module, expr: &Expr) -> Dependency {
    let pair = match expr {
        Expr::Tuple(tuple) => tuple.elts.as_slice(),
        Expr::List(list) => list.elts.as_slice(),
        Expr::Call(call) => return swappable(module, call),
        _ => return Dependency::Unknown,
    };
    match pair {
        [app, name] => {
            let text = |expr| text_of(expr).or_else(|| module.fold(expr).as_str().map(str::to_owned));
            match (text(app), text(name)) {
                (Some(app), Some(name)) => Dependency::On(MigrationName { app, name }),
                _ => Dependency::Unknown,
            }
        }
        _ => Dependency::Unknown,
    }
}

/// `swappable_dependency(settings.AUTH_USER_MODEL)`, or of the model itself: then it is the first migration of its app.
fn swappable(module: &Module, call: &ExprCall) -> Dependency {
    let is_swappable = module.qualified(&call.func).is_some_and(|q| q.ends_with("swappable_dependency"));
    let model = call.arguments.find_positional(0).filter(|_| is_swappable);
    match model {
        Some(Expr::Attribute(setting)) => Dependency::Swappable(setting.attr.to_string()),
        Some(model) => match string(model).and_then(|model| model.split_once('.')) {
            Some((app, _)) => {
                Dependency::On(MigrationName { app: app.to_owned(), name: "__first__".to_owned() })
            }
            None => Dependency::Unknown,
        },
        None => Dependency::Unknown,
    }
}
