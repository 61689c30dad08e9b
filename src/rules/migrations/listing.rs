//! Edits of the list that a migration's `dependencies` are.

use ruff_python_ast::Expr;
use ruff_text_size::Ranged;

use crate::model::finding::{Edit, Span};
use crate::project::django::apps::MigrationName;
use crate::syntax::python::Module;

/// `("blog", "0001_initial")`; `None` when a name does not stand between quotes as it is.
pub(super) fn written(name: &MigrationName) -> Option<String> {
    let is_plain = |text: &str| text.chars().all(|c| c.is_alphanumeric() || c == '_');
    (is_plain(&name.app) && is_plain(&name.name)).then(|| format!("(\"{}\", \"{}\")", name.app, name.name))
}

/// One more entry behind the others, on a line of its own where those have one.
pub(super) fn with_one_more(module: &Module, entry: &str) -> Option<Edit> {
    let value = module.attribute(module.class("Migration")?, "dependencies")?;
    let Expr::List(list) = value else { return None };
    let list_span = module.span(list);
    let Some(last) = list.elts.last() else {
        return Some(Edit { span: list_span, replacement: format!("[{entry}]") });
    };
    let last = module.span(last);
    let indent = " ".repeat(last.start.column as usize - 1);
    let apart = last.start.line > list_span.start.line && last.end.line < list_span.end.line;
    let between = if apart { format!(",\n{indent}") } else { ", ".to_owned() };
    Some(Edit { span: Span { start: last.end, end: last.end }, replacement: format!("{between}{entry}") })
}

/// Another entry in the place of one.
pub(super) fn instead(module: &Module, entry: &impl Ranged, name: &MigrationName) -> Option<Edit> {
    Some(Edit { span: module.span(entry), replacement: written(name)? })
}
