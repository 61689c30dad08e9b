//! Two modules compared token by token, for files that this Python cannot parse.

use ruff_python_ast::token::TokenKind;

use crate::syntax::python::Module;

/// Do two modules say the same, token by token?
pub(crate) fn same_tokens(a: &Module, b: &Module) -> bool {
    words(a) == words(b)
}

/// Tokens without comments, line ends, parentheses, commas and the prefixes and quotes of strings.
fn words(module: &Module) -> Vec<&str> {
    use TokenKind::{Comma, Comment, Lpar, NonLogicalNewline, Rpar};
    let skipped = [Comma, Comment, Lpar, NonLogicalNewline, Rpar];
    module
        .tokens()
        .filter(|(kind, _)| !skipped.contains(kind))
        .map(|(kind, text)| match kind {
            TokenKind::String => text.trim_start_matches(['u', 'U', 'b', 'B']).trim_matches(['"', '\'']),
            _ => text.trim(),
        })
        .collect()
}
