//! Which test modules `manage.py test` finds: those of packages below the folder that it is run in.
//! https://docs.python.org/3/library/unittest.html#test-discovery

use ruff_python_ast::StmtClassDef;

use crate::source::Tree;
use crate::source::tree::{above, file_name, folder, join};
use crate::syntax::python::{Module, ScopeId};

/// `test*.py`, Django's pattern.
pub fn is_test_module(path: &str) -> bool {
    let name = file_name(path);
    name.starts_with("test") && name.ends_with(".py")
}

/// Would discovery come to this folder, if it were a package? So when all between it and `manage.py` are packages, and
/// there is one: a folder beside `manage.py` may be named to it as a path.
pub fn comes_to(tree: &Tree, at: &str) -> bool {
    let parent = folder(at);
    let Some(root) = above(at).find(|above| tree.contains(&join(above, "manage.py"))) else { return false };
    let between = std::iter::once(parent).chain(above(parent)).take_while(|at| at.len() > root.len());
    let mut between = between.peekable();
    between.peek().is_some() && between.all(|at| tree.contains(&join(at, "__init__.py")))
}

/// The classes of a module that hold tests.
pub fn test_classes(module: &Module) -> impl Iterator<Item = &StmtClassDef> {
    let classes = module.index().classes().iter().filter(|class| class.scope == ScopeId::MODULE);
    let tests = classes.filter(|class| {
        let methods = class.node.body.iter().filter_map(|statement| statement.as_function_def_stmt());
        methods.into_iter().any(|method| method.name.starts_with("test"))
    });
    tests.map(|class| class.node)
}

#[cfg(test)]
mod tests {
    use super::comes_to;
    use crate::model::change::Mode;
    use crate::source::Tree;
    use crate::source::tree::TreeEntry;

    #[test]
    fn discovery_goes_through_packages_only() {
        let paths =
            ["manage.py", "blog/__init__.py", "blog/api/x.py", "blog/tests/test_a.py", "tests/test_b.py"];
        let entry = || TreeEntry { mode: Mode::File, blob: None, size: None };
        let entries = paths.iter().map(|path| ((*path).to_owned(), entry())).collect();
        let tree = Tree { entries, truncated: false };
        assert!(comes_to(&tree, "blog/tests"));
        assert!(!comes_to(&tree, "blog/api/tests"), "`blog/api` is no package");
        assert!(!comes_to(&tree, "tests"), "`manage.py test tests/` finds it");
    }
}
