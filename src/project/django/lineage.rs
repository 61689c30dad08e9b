//! What the classes of a file derive from, through all modules of the repository.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::model::change::Path;
use crate::source::NotLoaded;

use crate::project::django::bases::{self, Base};
use crate::project::{Fact, Project};

/// A class at the top of a module.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ClassRef {
    pub path: Path,
    pub name: String,
}

/// What one class derives from, near and far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lineage {
    /// The repository's own classes above it, nearest first, without itself.
    pub own: Vec<ClassRef>,
    /// Dotted names of the bases that are not in the repository, without what stands in brackets behind them.
    pub foreign: Vec<String>,
}

impl Lineage {
    /// Is one of these, by its dotted name, among its bases?
    pub fn derives_from(&self, names: &[&str]) -> bool {
        self.foreign.iter().any(|base| names.contains(&base.as_str()))
    }

    /// Does some base satisfy this?
    pub fn derives_from_any(&self, is_meant: impl Fn(&str) -> bool) -> bool {
        self.foreign.iter().any(|base| is_meant(base))
    }

    pub fn is_model(&self) -> bool {
        self.known().any(|base| base.is_model)
    }

    /// What is known of the bases from elsewhere.
    pub fn known(&self) -> impl Iterator<Item = &'static Base> {
        self.foreign.iter().filter_map(|name| bases::find(name))
    }

    /// Is there no base from elsewhere but Django's own `Model` and such as are no models?
    pub fn is_told(&self) -> bool {
        let is_plain = |name: &String| {
            name.ends_with("db.models.Model") || bases::find(name).is_some_and(|base| !base.is_model)
        };
        self.foreign.iter().all(is_plain)
    }

    /// Is every base known? Else it may bring anything: whoever says that something is missing has to be silent.
    pub fn is_complete(&self) -> bool {
        self.foreign.iter().all(|name| bases::find(name).is_some())
    }
}

/// The lineages of the classes at the top of one module, by their names.
#[derive(Debug, Default)]
pub struct Lineages(BTreeMap<String, Arc<Lineage>>);

impl Lineages {
    pub fn of(&self, class: &str) -> Option<&Arc<Lineage>> {
        self.0.get(class)
    }
}

impl Fact for Lineages {
    type Key = str;

    fn find(project: &Project, path: &str) -> Result<Self, NotLoaded> {
        let Some(module) = project.module(path)? else { return Ok(Self::default()) };
        let lineage = |name: &str| {
            let ancestry = project.ancestry(path, name)?.unwrap_or_default();
            let above = ancestry.own.into_iter().skip(1);
            let own = above.map(|class| ClassRef { path: class.path, name: class.name }).collect();
            let foreign = ancestry.foreign.iter().map(|name| plain(name).to_owned()).collect();
            Ok((name.to_owned(), Arc::new(Lineage { own, foreign })))
        };
        let found = module.classes().map(|class| lineage(class.name.as_str()));
        Ok(Self(NotLoaded::all(found)?.into_iter().collect()))
    }
}

/// `Generic[T]` → `Generic`
fn plain(name: &str) -> &str {
    name.split(['[', '(']).next().unwrap_or(name)
}
