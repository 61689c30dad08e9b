//! Which databases the project's settings allow: `DATABASES` with the names it uses, in every settings module.

use std::collections::BTreeSet;

use ruff_python_ast::{Expr, Stmt};

use crate::source::NotLoaded;
use crate::syntax::python::{Module, string, walk_expr};

use crate::project::Project;
use crate::project::django::settings;

/// A database that Django speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Engine {
    Sqlite,
    Postgres,
    Mysql,
    Oracle,
}

/// Settings modules looked at; a project has a handful.
const MAX_MODULES: usize = 32;

impl Project {
    /// The engines that settings name, also as the default of an environment variable; empty when none can be read.
    pub fn database_engines(&self) -> Result<BTreeSet<Engine>, NotLoaded> {
        let tree = self.tree()?;
        let paths = settings::named(&tree).take(MAX_MODULES);
        let modules = NotLoaded::all(paths.map(|path| self.module(path)))?;
        Ok(modules.into_iter().flatten().flat_map(|module| engines(&module)).collect())
    }
}

fn engines(module: &Module) -> BTreeSet<Engine> {
    let mut found = BTreeSet::new();
    let statements = module.index().module().statements.iter();
    for value in statements.filter_map(|statement| databases(statement.node)) {
        named(module, value, true, &mut found);
    }
    found
}

/// Engines in the texts of a value, and in the values of the names it uses.
fn named(module: &Module, value: &Expr, follow: bool, found: &mut BTreeSet<Engine>) {
    walk_expr(value, &mut |expr| {
        found.extend(string(expr).and_then(engine));
        let name = expr.as_name_expr().filter(|_| follow);
        if let Some(assigned) = name.and_then(|name| module.assigned(name.id.as_str())) {
            named(module, assigned, false, found);
        }
    });
}

/// The value of `DATABASES = …`, `DATABASES["default"] = …`, `DATABASES["default"]["ENGINE"] = …`.
fn databases(stmt: &Stmt) -> Option<&Expr> {
    let (target, value) = match stmt {
        Stmt::Assign(assign) => (assign.targets.first()?, &*assign.value),
        Stmt::AnnAssign(assign) => (&*assign.target, assign.value.as_deref()?),
        _ => return None,
    };
    let mut root = target;
    while let Expr::Subscript(subscript) = root {
        root = &subscript.value;
    }
    root.as_name_expr().is_some_and(|name| name.id.as_str() == "DATABASES").then_some(value)
}

/// `django.db.backends.sqlite3`, `sqlite:///db.sqlite3`, `postgis://…`
fn engine(text: &str) -> Option<Engine> {
    let scheme = text.split_once(':').map_or("", |(scheme, _)| scheme);
    let backend = text.contains(".backends.") || text.contains("db_engine");
    let named = |names: &[&str]| {
        names.iter().any(|name| (backend && text.contains(name)) || scheme.starts_with(name))
    };
    match () {
        () if named(&["sqlite", "spatialite"]) => Some(Engine::Sqlite),
        () if named(&["postgres", "postgis", "psql", "pgsql"]) => Some(Engine::Postgres),
        () if named(&["mysql", "mariadb"]) => Some(Engine::Mysql),
        () if named(&["oracle"]) => Some(Engine::Oracle),
        () => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Text;

    fn of(source: &str) -> Vec<Engine> {
        engines(&Module::parse(&Text::new(source))).into_iter().collect()
    }

    #[test]
    fn engines_are_read_from_literals_defaults_and_names() {
        assert_eq!(of("DATABASES = {'default': {'ENGINE': 'django.db.backends.sqlite3'}}"), [Engine::Sqlite]);
        let by_env = "DB_ENGINE = os.environ.get('DB_ENGINE', 'django.db.backends.sqlite3')\n\
                      DATABASES = {'default': {'ENGINE': DB_ENGINE}}\n";
        assert_eq!(of(by_env), [Engine::Sqlite]);
        assert_eq!(of("DATABASES = {'default': env.db(default='postgres://u@h/d')}"), [Engine::Postgres]);
        let both = "DATABASES = {}\nif DEBUG:\n    DATABASES['default'] = {'ENGINE': 'django.db.backends.sqlite3'}\n\
                    else:\n    DATABASES['default'] = dj_database_url.parse('postgis://h/d')\n";
        assert_eq!(of(both), [Engine::Sqlite, Engine::Postgres]);
        assert_eq!(of("CACHES = {'default': {'BACKEND': 'django.db.backends.sqlite3'}}"), []);
        assert_eq!(of("DATABASES = read()"), []);
    }
}
