//! Names across files: where in the repository an imported name is defined, and what a class derives from.

use std::collections::BTreeSet;
use std::sync::Arc;

use ruff_python_ast::{Expr, StmtImportFrom};

use crate::model::change::Path;
use crate::source::tree::{file_name, folder, join};
use crate::source::{NotLoaded, Tree};
use crate::syntax::python::{Class, Module, ScopeId};

use crate::project::Project;

/// Files and names looked at before one is given up.
const MAX_LOOKUPS: usize = 64;
/// Own classes that one class may derive from, near and far: nobody writes more, but a circle would go on for ever.
const MAX_CLASSES: usize = 24;

/// Where a name is defined: a class, a function or a value at the top of this module.
#[derive(Clone, Debug)]
pub struct Definition {
    pub path: Path,
    pub module: Arc<Module>,
    pub name: String,
}

impl Definition {
    /// The class that it is, if it is one.
    pub fn class(&self) -> Option<&Class<'_>> {
        self.module.index().class_in(ScopeId::MODULE, &self.name)
    }
}

/// What a class derives from.
#[derive(Clone, Debug, Default)]
pub struct Ancestry {
    /// The class itself and the repository's own classes above it, nearest first.
    pub own: Vec<Definition>,
    /// Dotted names of the bases that are not in the repository.
    pub foreign: Vec<String>,
}

impl Project {
    /// Where `dotted`, as [`Module::qualified`] gives it in the file at `from`, is defined in this repository.
    pub fn definition(&self, from: &str, dotted: &str) -> Result<Option<Definition>, NotLoaded> {
        self.locate(from, dotted, &mut BTreeSet::new())
    }

    /// The class `dotted` of the file at `from` with all it derives from; `None` when it is no class of this repository.
    pub fn ancestry(&self, from: &str, dotted: &str) -> Result<Option<Ancestry>, NotLoaded> {
        let Some(first) = self.definition(from, dotted)? else { return Ok(None) };
        if first.module.class(&first.name).is_none() {
            return Ok(None);
        }
        let mut ancestry = Ancestry::default();
        let mut seen = BTreeSet::new();
        let mut level = vec![first];
        // Level by level, so that all files of one level are asked for at once.
        while !level.is_empty() {
            level.retain(|d| seen.len() < MAX_CLASSES && seen.insert((d.path.clone(), d.name.clone())));
            let bases = NotLoaded::all(level.iter().flat_map(|definition| self.bases(definition)))?;
            ancestry.own.append(&mut level);
            for (name, base) in bases {
                match base {
                    Some(own) if own.module.class(&own.name).is_some() => level.push(own),
                    _ => ancestry.foreign.push(name),
                }
            }
        }
        Ok(Some(ancestry))
    }

    /// The bases of a class with their definitions, where those are in the repository.
    fn bases(&self, definition: &Definition) -> Vec<Result<(String, Option<Definition>), NotLoaded>> {
        let module = &definition.module;
        let bases = module.class(&definition.name).map_or(&[][..], |class| class.bases());
        let name = |base: &Expr| {
            module.qualified(base).map_or_else(|| module.source(base).to_owned(), |name| name.to_string())
        };
        let names = bases.iter().map(name);
        names.map(|name| self.definition(&definition.path, &name).map(|found| (name, found))).collect()
    }

    /// `seen`: files and names that were looked at on the way, so that modules which import each other end.
    fn locate(
        &self,
        from: &str,
        dotted: &str,
        seen: &mut BTreeSet<(Path, String)>,
    ) -> Result<Option<Definition>, NotLoaded> {
        let (path, name) = match split(dotted) {
            None => (Some(from.to_owned()), dotted),
            Some((module, name)) => (module_path(&*self.tree()?, from, module), name),
        };
        match path {
            Some(path) if seen.len() < MAX_LOOKUPS && seen.insert((path.clone(), name.to_owned())) => {
                self.defined_in(&path, name, seen)
            }
            _ => Ok(None),
        }
    }

    fn defined_in(
        &self,
        path: &str,
        name: &str,
        seen: &mut BTreeSet<(Path, String)>,
    ) -> Result<Option<Definition>, NotLoaded> {
        let Some(module) = self.module(path)? else { return Ok(None) };
        let value = module.assigned(name);
        if let Some(alias) = value.and_then(|v| alias(&module, v)).filter(|alias| alias != name) {
            return self.locate(path, &alias, seen);
        }
        if value.is_some() || module.class(name).is_some() || module.function(name).is_some() {
            return Ok(Some(Definition { path: path.to_owned(), module, name: name.to_owned() }));
        }
        let import = module.index().import_of(name).map(|import| import.target.to_string());
        if let Some(target) = import.filter(|target| target != name) {
            return self.locate(path, &target, seen);
        }
        let stars = module.index().star_imports().iter();
        let found = stars.map(|star| self.locate(path, &star.clone().with(&[name]).to_string(), seen));
        Ok(NotLoaded::all(found)?.into_iter().flatten().next())
    }
}

/// `X = other.Y`: the other name.
fn alias(module: &Module, value: &Expr) -> Option<String> {
    module.qualified(value).map(|name| name.to_string())
}

/// `a.b.C` → (`a.b`, `C`); `.C` → (`.`, `C`); a plain name has no module.
pub fn split(dotted: &str) -> Option<(&str, &str)> {
    let dot = dotted.rfind('.')?;
    let (module, name) = (&dotted[..dot], &dotted[dot + 1..]);
    // The dots of a relative import belong to the module.
    Some(if module.is_empty() || module.ends_with('.') { (&dotted[..=dot], name) } else { (module, name) })
}

/// The module of `from .base import *`, with its leading dots.
pub(in crate::project) fn star_import(import: &StmtImportFrom) -> Option<String> {
    let module = import.module.as_ref().map_or("", |m| m.as_str());
    let star = import.names.iter().any(|alias| alias.name.as_str() == "*");
    star.then(|| format!("{}{module}", ".".repeat(import.level as usize)))
}

/// The file of a dotted module as the file at `from` would import it.
pub fn module_path(tree: &Tree, from: &str, module: &str) -> Option<Path> {
    let plain = module.trim_start_matches('.');
    let level = module.len() - plain.len();
    let below = plain.replace('.', "/");
    let file_in = |root: &str| {
        let package = join(root, &below);
        let package = package.trim_end_matches('/');
        let candidates = [format!("{package}.py"), join(package, "__init__.py")];
        candidates.into_iter().find(|path| tree.contains(path))
    };
    if level > 0 {
        let package = (1..level).fold(folder(from), |at, _| folder(at));
        return file_in(package);
    }
    if below.is_empty() {
        return None;
    }
    roots(tree, from).into_iter().find_map(file_in)
}

/// Folders that may stand on `sys.path`: that of the nearest `manage.py`, then those above the file from the root down.
fn roots<'a>(tree: &Tree, from: &'a str) -> Vec<&'a str> {
    let mut above = vec![folder(from)];
    while let Some(last) = above.last().filter(|f| !f.is_empty()) {
        above.push(folder(last));
    }
    let managed = above.iter().copied().find(|f| tree.contains(&join(f, "manage.py")));
    // A package's own folder is never a root: `from models import x` means another file there.
    let others = above.iter().rev().copied().filter(|f| !tree.contains(&join(f, "__init__.py")));
    managed.into_iter().chain(others).filter(|f| file_name(f) != "migrations").collect()
}
