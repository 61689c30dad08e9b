//! What the names of a file stand for, by its imports and plain aliases. Scopes are not told apart: a name that is
//! bound to two things stands for neither.

use ruff_python_ast::{Alias, Expr, StmtAssign, StmtImport, StmtImportFrom};
use ruff_text_size::TextRange;
use rustc_hash::FxHashMap;

use super::dotted::Dotted;
use super::scope::ScopeId;

/// How many aliases are followed before a name is given up.
const MAX_HOPS: usize = 8;

/// One local name bound by an import.
#[derive(Debug)]
pub struct Import<'a> {
    pub local: &'a str,
    /// With leading dots for a relative import.
    pub target: Dotted<'a>,
    pub scope: ScopeId,
    /// The name with its `as`.
    pub range: TextRange,
}

#[derive(Debug, Default)]
pub(super) struct Meanings<'a> {
    imports: Vec<Import<'a>>,
    /// Their first by its local name.
    by_local: FxHashMap<&'a str, u32>,
    star_imports: Vec<Dotted<'a>>,
    /// `None`: bound twice, differently.
    bound: FxHashMap<&'a str, Option<Meaning<'a>>>,
}

/// What a local name stands for.
#[derive(Debug, PartialEq, Eq)]
enum Meaning<'a> {
    /// Read no further: of `from datetime import datetime, timedelta` the second is not in the first.
    Imported(Dotted<'a>),
    /// `x = a.b`
    Alias(Dotted<'a>),
}

impl<'a> Meanings<'a> {
    /// About how many bytes they hold.
    pub(super) fn weight(&self) -> usize {
        self.imports.capacity() * size_of::<Import<'_>>()
            + self.bound.capacity() * size_of::<(&str, Option<Meaning<'_>>)>()
            + self.by_local.capacity() * size_of::<(&str, u32)>()
    }

    pub(super) fn imports(&self) -> &[Import<'a>] {
        &self.imports
    }

    pub(super) fn import_of(&self, local: &str) -> Option<&Import<'a>> {
        self.by_local.get(local).and_then(|at| self.imports.get(*at as usize))
    }

    pub(super) fn star_imports(&self) -> &[Dotted<'a>] {
        &self.star_imports
    }

    pub(super) fn qualified(&self, expr: &'a Expr) -> Option<Dotted<'a>> {
        let mut name = Dotted::written(expr)?;
        for _ in 0..MAX_HOPS {
            let Some(meaning) = self.bound.get(name.first()) else { return Some(name) };
            name = match meaning.as_ref()? {
                Meaning::Imported(target) => return Some(target.clone().with(name.rest())),
                Meaning::Alias(target) => target.clone().with(name.rest()),
            };
        }
        None
    }

    /// `import a.b`, `import a.b as c`.
    pub(super) fn import(&mut self, import: &'a StmtImport, scope: ScopeId) {
        for alias in &import.names {
            let full = alias.name.as_str();
            match &alias.asname {
                Some(local) => self.bind(local, Dotted::module(0, Some(full)), scope, alias),
                None => {
                    let first = full.split('.').next().unwrap_or(full);
                    self.bind(first, Dotted::module(0, Some(first)), scope, alias);
                }
            }
        }
    }

    /// `from ..a import b as c`, `from a import *`
    pub(super) fn import_from(&mut self, import: &'a StmtImportFrom, scope: ScopeId) {
        let module = Dotted::module(import.level, import.module.as_ref().map(|name| name.as_str()));
        for alias in &import.names {
            match alias.name.as_str() {
                "*" if scope == ScopeId::MODULE => self.star_imports.push(module.clone()),
                "*" => {}
                name => {
                    let local = alias.asname.as_ref().unwrap_or(&alias.name);
                    self.bind(local.as_str(), module.clone().with(&[name]), scope, alias);
                }
            }
        }
    }

    /// `local = a.b`
    pub(super) fn assign(&mut self, assign: &'a StmtAssign) {
        if let [Expr::Name(local)] = assign.targets.as_slice()
            && let Some(target) = Dotted::written(&assign.value)
            && !target.is_plain()
            && target.first() != local.id.as_str()
        {
            self.mean(local.id.as_str(), Meaning::Alias(target));
        }
    }

    fn bind(&mut self, local: &'a str, target: Dotted<'a>, scope: ScopeId, alias: &Alias) {
        self.mean(local, Meaning::Imported(target.clone()));
        self.by_local.entry(local).or_insert(self.imports.len() as u32);
        self.imports.push(Import { local, target, scope, range: alias.range });
    }

    fn mean(&mut self, local: &'a str, meaning: Meaning<'a>) {
        match self.bound.get_mut(local) {
            None => {
                self.bound.insert(local, Some(meaning));
            }
            Some(known) if known.as_ref() == Some(&meaning) => {}
            Some(known) => *known = None,
        }
    }
}
