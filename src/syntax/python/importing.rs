//! How a module can name what another one defines: by an import that it has, or by a new one.

use ruff_python_ast::Stmt;

use crate::model::finding::{Edit, Span};

use super::{Module, ScopeId};

impl Module {
    /// The name under which the module level knows `module.name`.
    pub fn imported_as(&self, module: &str, name: &str) -> Option<String> {
        let visible = || self.imports().filter(|import| import.scope == ScopeId::MODULE);
        let itself = visible().find(|import| import.target == *format!("{module}.{name}"));
        let through = || visible().find(|import| import.target == *module);
        // `import a.b` binds `a`, and yet `a.b.name` is there.
        let written = || visible().find(|import| self.source(&import.range) == module);
        itself
            .map(|import| import.local.to_owned())
            .or_else(|| through().map(|import| format!("{}.{name}", import.local)))
            .or_else(|| written().map(|_| format!("{module}.{name}")))
    }

    /// The import as a line of its own: at the end of the first group of imports behind those of `__future__`, else
    /// before the first statement that is no docstring.
    pub fn new_import(&self, import: &str) -> Edit {
        let mut statements =
            self.body().iter().skip_while(|stmt| is_docstring(stmt) || is_future(stmt)).peekable();
        let lines = |stmt: &Stmt| (self.span(stmt).start.line, self.span(stmt).end.line);
        let line = match statements.next_if(|stmt| is_import(stmt)) {
            Some(first) => {
                let mut end = lines(first).1;
                while let Some(next) = statements.next_if(|stmt| is_import(stmt) && lines(stmt).0 == end + 1)
                {
                    end = lines(next).1;
                }
                end + 1
            }
            None => {
                match self.body().iter().take_while(|stmt| is_docstring(stmt) || is_future(stmt)).last() {
                    Some(opening) => lines(opening).1 + 1,
                    None => self.body().first().map_or(1, |first| lines(first).0),
                }
            }
        };
        let mut span: Span = self.text().line_span(line);
        span.end = span.start;
        Edit { span, replacement: format!("{import}\n") }
    }
}

fn is_import(stmt: &Stmt) -> bool {
    matches!(stmt, Stmt::Import(_) | Stmt::ImportFrom(_))
}

fn is_future(stmt: &Stmt) -> bool {
    let module = stmt.as_import_from_stmt().and_then(|import| import.module.as_ref());
    module.is_some_and(|module| module.as_str() == "__future__")
}

fn is_docstring(stmt: &Stmt) -> bool {
    stmt.as_expr_stmt().is_some_and(|expr| expr.value.is_string_literal_expr())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Text;

    #[test]
    fn a_new_import_ends_the_first_group() {
        for (source, line) in [
            ("import os\nimport re\n\nimport environ\n", 3),
            ("from __future__ import annotations\n\nimport os\nA = 1\n", 4),
            ("\"\"\"Settings.\"\"\"\nA = 1\n", 2),
            ("# -*- coding: utf-8 -*-\nA = 1\n", 2),
            ("from os import (\n    environ,\n)\nA = 1\n", 4),
        ] {
            let module = Module::parse(&Text::new(source));
            assert_eq!(module.new_import("import x").span.start.line, line, "{source}");
        }
    }

    #[test]
    fn a_name_is_known_by_each_kind_of_import() {
        for (source, name) in [
            ("from urllib.parse import quote as q\n", Some("q")),
            ("from urllib import parse\n", Some("parse.quote")),
            ("import urllib.parse\n", Some("urllib.parse.quote")),
            ("def f():\n    from urllib.parse import quote\n", None),
        ] {
            let module = Module::parse(&Text::new(source));
            assert_eq!(module.imported_as("urllib.parse", "quote").as_deref(), name, "{source}");
        }
    }
}
