//! Celery's tasks: which functions are some, with the options of their decorators.

use ruff_python_ast::{Arguments, Expr};

use crate::source::NotLoaded;
use crate::source::tree::{file_name, is_vendored};
use crate::syntax::python::{Function, Module, ScopeId, has_unpacking};

use crate::project::python::imports::Definition;
use crate::project::python::role::is_test;
use crate::project::{Fact, Project};

/// Decorators that make a task of a function, by every name that a release of Celery gave them.
const DECORATORS: [&str; 8] = [
    "celery.shared_task",
    "celery.app.shared_task",
    "celery.task",
    "celery.task.task",
    "celery.task.base.task",
    "celery.task.periodic_task",
    "celery.decorators.task",
    "celery.decorators.periodic_task",
];
const APPS: [&str; 3] = ["celery.Celery", "celery.app.Celery", "celery.app.base.Celery"];
/// Files that may set the application up.
const MAX_APPS: usize = 8;

/// A function that Celery runs.
#[derive(Clone, Copy, Debug)]
pub struct Task<'a> {
    pub function: &'a Function<'a>,
    /// What the decorator is called with.
    pub options: Option<&'a Arguments>,
}

impl<'a> Task<'a> {
    pub fn name(&self) -> &'a str {
        self.function.node.name.as_str()
    }

    pub fn option(&self, name: &str) -> Option<&'a Expr> {
        self.options.and_then(|options| options.find_keyword(name)).map(|keyword| &keyword.value)
    }

    /// May it have options that cannot be seen?
    pub fn has_unknown_options(&self) -> bool {
        self.options.is_some_and(has_unpacking)
    }

    /// Is the task itself its first argument?
    pub fn is_bound(&self) -> bool {
        self.option("bind").and_then(Expr::as_boolean_literal_expr).is_some_and(|bind| bind.value)
    }
}

/// The tasks at the top of a module, in source order.
pub fn of_module<'a>(project: &Project, path: &str, module: &'a Module) -> Result<Vec<Task<'a>>, NotLoaded> {
    if !module.text().as_str().contains("task") {
        return Ok(Vec::new());
    }
    let functions = module.index().functions().iter().filter(|function| function.scope == ScopeId::MODULE);
    let found = functions.map(|function| task(project, path, module, function));
    Ok(NotLoaded::all(found)?.into_iter().flatten().collect())
}

fn task<'a>(
    project: &Project,
    path: &str,
    module: &'a Module,
    function: &'a Function<'a>,
) -> Result<Option<Task<'a>>, NotLoaded> {
    for decorator in &function.node.decorator_list {
        let (made_by, options) = match &decorator.expression {
            Expr::Call(call) => (&*call.func, Some(&call.arguments)),
            other => (other, None),
        };
        if project.makes_task(path, module, made_by)? {
            return Ok(Some(Task { function, options }));
        }
    }
    Ok(None)
}

impl Project {
    /// The task that a dotted name means in the file at `from`: where it is defined.
    pub fn task_named(&self, from: &str, dotted: &str) -> Result<Option<Definition>, NotLoaded> {
        let Some(found) = self.definition(from, dotted)? else { return Ok(None) };
        let index = found.module.index();
        let function = index.function_in(ScopeId::MODULE, &found.name);
        let is_task = match function {
            Some(function) => task(self, &found.path, &found.module, function)?.is_some(),
            None => false,
        };
        Ok(is_task.then_some(found))
    }

    /// Does a decorator make tasks: `shared_task`, `app.task`?
    pub fn makes_task(&self, path: &str, module: &Module, decorator: &Expr) -> Result<bool, NotLoaded> {
        if module.qualified(decorator).is_some_and(|name| DECORATORS.iter().any(|known| name == *known)) {
            return Ok(true);
        }
        match decorator.as_attribute_expr().filter(|attribute| attribute.attr.as_str() == "task") {
            Some(attribute) => self.is_celery_app(path, module, &attribute.value),
            None => Ok(false),
        }
    }

    /// Is it Celery's application?
    pub fn is_celery_app(&self, path: &str, module: &Module, expr: &Expr) -> Result<bool, NotLoaded> {
        let Some(name) = module.qualified(expr).map(|name| name.to_string()) else { return Ok(false) };
        if name == "celery.current_app" {
            return Ok(true);
        }
        let Some(found) = self.definition(path, &name)? else { return Ok(false) };
        let made =
            found.module.index().assigned_in(ScopeId::MODULE, &found.name).and_then(Expr::as_call_expr);
        let Some(class) =
            made.and_then(|call| found.module.qualified(&call.func)).map(|name| name.to_string())
        else {
            return Ok(false);
        };
        if APPS.contains(&class.as_str()) {
            return Ok(true);
        }
        let ancestry = self.ancestry(&found.path, &class)?;
        Ok(ancestry.is_some_and(|own| own.foreign.iter().any(|base| APPS.contains(&base.as_str()))))
    }
}

/// Does an application give all its tasks a class of its own? Then any of them may do more than its function says.
#[derive(Debug)]
pub struct HasTaskClass(pub bool);

impl Fact for HasTaskClass {
    type Key = ();

    fn find(project: &Project, (): &()) -> Result<Self, NotLoaded> {
        let tree = project.tree()?;
        let is_meant = |path: &&str| {
            let named =
                ["celery.py", "celery_app.py", "celeryapp.py", "celery_config.py"].contains(&file_name(path));
            named && !is_test(path) && !is_vendored(path)
        };
        let apps: Vec<&str> =
            tree.entries.keys().map(String::as_str).filter(is_meant).take(MAX_APPS).collect();
        let texts = NotLoaded::all(apps.into_iter().map(|path| project.text(path)))?;
        let says = |text: &str| {
            text.contains("task_cls") || text.contains(".Task =") || text.contains("annotations")
        };
        Ok(Self(texts.iter().flatten().any(|text| says(text.as_str()))))
    }
}
