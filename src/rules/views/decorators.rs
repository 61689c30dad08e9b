//! What the decorators of a view may do.

use ruff_python_ast::Stmt;

use crate::project::Project;
use crate::project::django::views::View;
use crate::source::NotLoaded;

/// Whose decorators let an exception of the view pass.
const PASSING: [&str; 4] = ["django.", "rest_framework.decorators.", "drf_spectacular.", "drf_yasg."];

/// May a decorator of a view catch what it raises? One of the repository does where its module has a `try` in a function;
/// of a package's nobody knows.
pub(super) fn may_catch(project: &Project, path: &str, view: &View<'_>) -> Result<bool, NotLoaded> {
    let found = view.decorators().map(|name| {
        let Some(name) = name.map(|name| name.to_string()) else { return Ok(true) };
        if PASSING.iter().any(|home| name.starts_with(home)) || PLAIN.contains(&name.as_str()) {
            return Ok(false);
        }
        let Some(own) = project.definition(path, &name)? else { return Ok(true) };
        let Some(node) = own.module.function(&own.name) else { return Ok(true) };
        let tries = own.module.index().statements().filter(|(_, stmt)| matches!(stmt, Stmt::Try(_)));
        Ok(tries.into_iter().any(|(_, stmt)| node.range.contains_range(ruff_text_size::Ranged::range(stmt))))
    });
    Ok(NotLoaded::all(found)?.contains(&true))
}

/// Decorators of Python itself.
const PLAIN: [&str; 4] = ["staticmethod", "classmethod", "property", "functools.cached_property"];
