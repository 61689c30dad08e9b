//! What of an SQL text is filled in when the program runs.

use ruff_python_ast::{Expr, Operator};

use crate::syntax::python::{BindingKind, Module, Piece, normalised_expr, string};

/// What an SQL text is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum SqlText {
    /// Nothing but constants: this text.
    Constant(String),
    /// A value stands in it as text: this expression.
    Value(String),
    /// A name or a piece of SQL is filled in: this expression.
    Fragment(String),
    Unknown,
}

pub(super) fn read(module: &Module, sql: &Expr) -> SqlText {
    let sql = match sql {
        Expr::Name(name) => module.index().held_once(name).unwrap_or(sql),
        other => other,
    };
    let Some(pieces) = module.pieces(sql) else { return SqlText::Unknown };
    let mut found = SqlText::Constant(String::new());
    let mut before = String::new();
    for (at, piece) in pieces.iter().enumerate() {
        let hole = match piece {
            Piece::Text(text) => {
                before.push_str(text);
                continue;
            }
            Piece::Eaten(_) => continue,
            Piece::Hole(hole) if is_harmless(module, hole.expr) => {
                before.push('?');
                continue;
            }
            Piece::Hole(hole) => hole,
        };
        let behind = match pieces.get(at + 1) {
            Some(Piece::Text(text)) => text.as_str(),
            _ => "",
        };
        if is_value(&before, behind) && !names_sql(module.source(hole.expr)) {
            return SqlText::Value(normalised_expr(hole.expr));
        }
        if matches!(found, SqlText::Constant(_)) {
            found = SqlText::Fragment(normalised_expr(hole.expr));
        }
        before.push('?');
    }
    match found {
        SqlText::Constant(_) => SqlText::Constant(before),
        other => other,
    }
}

/// Does a value stand between these texts: behind `=`, in quotes? What a dot follows is the name of a table.
fn is_value(before: &str, behind: &str) -> bool {
    let before = before.trim_end_matches(' ');
    let opens_quote = before.matches('\'').count() % 2 == 1;
    let compares = before.ends_with(['=', '<', '>'])
        || ends_with_word(before, "LIKE")
        || ends_with_word(before, "ILIKE");
    opens_quote || (compares && !behind.starts_with(['.', '(', '"', '_']))
}

/// Does a name say that it holds a piece of SQL: `where_clause`, `table`, `sum_expression`?
fn names_sql(written: &str) -> bool {
    const WORDS: [&str; 11] = [
        "sql",
        "query",
        "expr",
        "clause",
        "condition",
        "where",
        "table",
        "column",
        "field",
        "schema",
        "function",
    ];
    let written = written.to_ascii_lowercase();
    WORDS.iter().any(|word| written.contains(word))
}

fn ends_with_word(text: &str, word: &str) -> bool {
    let last = text.rsplit(|c: char| !c.is_alphanumeric()).next().unwrap_or("");
    last.eq_ignore_ascii_case(word)
}

/// Numbers, names that Django quotes, what the models say of their tables, constants, and lists of `%s`.
fn is_harmless(module: &Module, expr: &Expr) -> bool {
    match expr {
        Expr::Name(name) => {
            let text = name.id.as_str();
            is_constant(text) || text.contains("placeholder") || is_of_a_display(module, text) || {
                let held = module.index().held_once(name);
                held.is_some_and(|value| !value.is_name_expr() && is_harmless(module, value))
            }
        }
        Expr::Attribute(attribute) => {
            let is_meta = module.source(expr).contains("_meta.");
            is_meta || is_constant(attribute.attr.as_str())
        }
        Expr::Call(call) => {
            let last = match &*call.func {
                Expr::Name(name) => name.id.as_str(),
                Expr::Attribute(attribute) => attribute.attr.as_str(),
                _ => "",
            };
            let is_list = last == "join" && call.arguments.args.first().is_some_and(is_placeholders);
            is_list || matches!(last, "int" | "float" | "len" | "quote_name" | "qn" | "Decimal")
        }
        other => is_placeholders(other) || other.is_number_literal_expr(),
    }
}

/// `["%s"] * n`, `"%s" for _ in ids`
fn is_placeholders(expr: &Expr) -> bool {
    match expr {
        Expr::StringLiteral(_) => string(expr).is_some(),
        Expr::BinOp(op) if op.op == Operator::Mult => is_placeholders(&op.left) || is_placeholders(&op.right),
        Expr::List(list) => list.elts.iter().all(Expr::is_string_literal_expr),
        Expr::Tuple(tuple) => tuple.elts.iter().all(Expr::is_string_literal_expr),
        Expr::Generator(each) => each.elt.is_string_literal_expr(),
        Expr::ListComp(each) => each.elt.is_string_literal_expr(),
        _ => false,
    }
}

fn is_constant(name: &str) -> bool {
    name.chars().any(char::is_alphabetic) && !name.chars().any(char::is_lowercase)
}

/// Is it looped over constants: `for table in ("a", "b")`, `for table in TABLES`?
fn is_of_a_display(module: &Module, name: &str) -> bool {
    let bindings = module.index().bindings(name);
    !bindings.is_empty()
        && bindings.iter().all(|binding| {
            binding.kind == BindingKind::Loop
                && binding.value.is_some_and(|value| match value {
                    Expr::List(list) => list.elts.iter().all(Expr::is_literal_expr),
                    Expr::Tuple(tuple) => tuple.elts.iter().all(Expr::is_literal_expr),
                    Expr::Name(name) => is_constant(name.id.as_str()),
                    _ => false,
                })
        })
}
