//! Python as its AST is unparsed: quotes, spacing, trailing commas, parentheses and comments do not count.

use ruff_python_ast::{Expr, Stmt};
use ruff_python_codegen::{Generator, Indentation, Mode};
use ruff_source_file::LineEnding;

/// The normal form of an expression.
pub fn normalised_expr(expr: &Expr) -> String {
    Generator::new(&Indentation::default(), LineEnding::Lf).with_mode(Mode::AstUnparse).expr(expr)
}

/// The normal form of statements, one after the other.
pub fn normalised_stmts(body: &[Stmt]) -> String {
    let indentation = Indentation::default();
    let unparsed = body
        .iter()
        .map(|stmt| Generator::new(&indentation, LineEnding::Lf).with_mode(Mode::AstUnparse).stmt(stmt));
    unparsed.collect::<Vec<_>>().join("\n")
}
