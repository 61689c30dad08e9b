//! Where an imported module comes from: Python itself, a package, this repository.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::change::Path;
use crate::source::tree::{file_name, folder, is_vendored, join};
use crate::source::{NotLoaded, Tree};

use super::stdlib::{is_standard, was_standard};
use crate::project::{Fact, Project};

/// In the order of PEP 8.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    Future,
    Standard,
    ThirdParty,
    /// This repository, by an absolute import.
    Own,
    Relative,
}

/// The repository's top-level modules.
#[derive(Debug)]
pub struct OwnModules {
    /// By name, the folders that they stand in.
    homes: BTreeMap<String, BTreeSet<Path>>,
    /// Folders from which imports surely start: the repository's own, `src`, those of a `manage.py`.
    roots: BTreeSet<Path>,
    truncated: bool,
}

impl Fact for OwnModules {
    type Key = ();

    fn find(project: &Project, (): &()) -> Result<Self, NotLoaded> {
        Ok(Self::of(&*project.tree()?))
    }
}

impl OwnModules {
    fn of(tree: &Tree) -> Self {
        let mut homes: BTreeMap<String, BTreeSet<Path>> = BTreeMap::new();
        let is_package = |at: &str| tree.contains(&join(at, "__init__.py"));
        let python = tree.entries.keys().filter(|path| path.ends_with(".py") && !is_vendored(path));
        for path in python {
            let at = folder(path);
            let home = match file_name(path) {
                "__init__.py" if at.is_empty() || is_package(folder(at)) => None,
                "__init__.py" => Some((file_name(at), folder(at))),
                _ if is_package(at) => None,
                name => Some((name.trim_end_matches(".py"), at)),
            };
            if let Some((name, root)) = home {
                homes.entry(name.to_owned()).or_default().insert(root.to_owned());
            }
        }
        let managed = tree.named("manage.py").map(|path| folder(path).to_owned());
        let roots = managed.chain([String::new(), "src".to_owned()]).collect();
        Self { homes, roots, truncated: tree.truncated }
    }

    /// Where the file at `from` gets a top-level module from, by an absolute import; `None` where nobody can tell.
    pub fn origin(&self, tree: &Tree, from: &str, name: &str) -> Option<Origin> {
        if name == "__future__" {
            return Some(Origin::Future);
        }
        let homes = self.homes.get(name);
        let is_sure = |root: &Path| self.roots.contains(root) && is_in(from, root);
        let is_own = homes.is_some_and(|homes| homes.iter().any(is_sure));
        // A namesake elsewhere may be what a changed `sys.path` means, and a folder without `__init__.py` a package.
        let may_be_own = homes.is_some() || self.is_namespace(tree, from, name);
        match (is_standard(name), is_own, may_be_own) {
            (true, false, _) => Some(Origin::Standard),
            (true, true, _) => None,
            (false, true, _) => Some(Origin::Own),
            (false, false, true) => None,
            (false, false, false) => (!self.truncated && !was_standard(name)).then_some(Origin::ThirdParty),
        }
    }

    fn is_namespace(&self, tree: &Tree, from: &str, name: &str) -> bool {
        let roots = self.roots.iter().filter(|root| is_in(from, root));
        roots.into_iter().any(|root| tree.under(&join(root, name)).any(|path| path.ends_with(".py")))
    }
}

fn is_in(path: &str, root: &str) -> bool {
    root.is_empty() || path.strip_prefix(root).is_some_and(|rest| rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::change::Mode;
    use crate::source::tree::TreeEntry;

    fn tree(paths: &[&str]) -> Tree {
        let entry = || TreeEntry { mode: Mode::File, blob: None, size: None };
        Tree { entries: paths.iter().map(|path| ((*path).to_owned(), entry())).collect(), truncated: false }
    }

    #[test]
    fn a_module_is_the_repository_s_where_imports_surely_find_it() {
        let tree = tree(&[
            "site/manage.py",
            "site/blog/__init__.py",
            "site/payments/__init__.py",
            "site/payments/stripe.py",
            "other/shop/__init__.py",
            "platform/__init__.py",
            "site/apps/tags/__init__.py",
            "conftest.py",
        ]);
        let own = OwnModules::of(&tree);
        let origin = |name| own.origin(&tree, "site/payments/views.py", name);
        assert_eq!(origin("blog"), Some(Origin::Own));
        assert_eq!(origin("conftest"), Some(Origin::Own));
        assert_eq!(origin("stripe"), Some(Origin::ThirdParty));
        assert_eq!(origin("json"), Some(Origin::Standard));
        assert_eq!(origin("__future__"), Some(Origin::Future));
        for unknown in ["shop", "platform", "apps", "tags", "distutils"] {
            assert_eq!(origin(unknown), None, "{unknown}");
        }
    }
}
