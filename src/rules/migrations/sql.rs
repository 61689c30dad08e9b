//! The SQL of a RunSQL, as far as it is literal text.

use ruff_python_ast::Expr;

use crate::project::migrations::migration::Operation;
use crate::syntax::python::{Folded, Module, string};

/// The statements of a RunSQL without comments, or `None` when a part of them is not literal.
pub(super) fn statements(operation: &Operation<'_>) -> Option<Vec<String>> {
    texts(operation.module, operation.argument("sql", 0)?)
        .map(|texts| texts.iter().flat_map(|t| split(t)).collect())
}

/// A text, a list of texts, a list of `(text, parameters)`.
fn texts(module: &Module, sql: &Expr) -> Option<Vec<String>> {
    match module.fold(sql) {
        Folded::Str(text) => Some(vec![text]),
        Folded::List { items, partial: false } => items.into_iter().map(text_of).collect(),
        _ => None,
    }
}

fn text_of(item: Folded) -> Option<String> {
    match item {
        Folded::Str(text) => Some(text),
        Folded::List { items, .. } => items.into_iter().next().and_then(text_of),
        _ => None,
    }
}

/// Do two literal arguments of RunSQL say the same, but for blanks and comments between the words?
pub(super) fn is_same(before: &Expr, after: &Expr) -> bool {
    let statements =
        |expr| literals(expr).map(|texts| texts.into_iter().map(split).collect::<Vec<Vec<String>>>());
    // A text is split at its semicolons and a list is not: to change the one for the other is more than spelling.
    let is_list = |expr: &Expr| matches!(expr, Expr::List(_) | Expr::Tuple(_));
    is_list(before) == is_list(after)
        && matches!((statements(before), statements(after)), (Some(old), Some(new)) if old == new)
}

/// Texts whose quotes and comments are those of every database: no backslash, no comment that MySQL runs.
fn literals(expr: &Expr) -> Option<Vec<&str>> {
    let plain = |expr| string(expr).filter(|sql| !["\\", "/*!", "/*+"].iter().any(|odd| sql.contains(odd)));
    match expr {
        Expr::List(list) => list.elts.iter().map(plain).collect(),
        Expr::Tuple(list) => list.elts.iter().map(plain).collect(),
        other => plain(other).map(|sql| vec![sql]),
    }
}

/// Statements between semicolons, without comments and with single blanks; strings and dollar quotes stay whole.
pub(super) fn split(sql: &str) -> Vec<String> {
    let mut statements = vec![String::new()];
    let mut rest = sql;
    while let Some(character) = rest.chars().next() {
        let length = token_length(rest);
        let (token, after) = rest.split_at(length);
        rest = after;
        let Some(current) = statements.last_mut() else { break };
        match character {
            ';' => statements.push(String::new()),
            _ if token.starts_with("--") || token.starts_with("/*") || character.is_whitespace() => {
                if !current.is_empty() && !current.ends_with(' ') {
                    current.push(' ');
                }
            }
            _ => current.push_str(token),
        }
    }
    statements.iter().map(|s| s.trim().to_owned()).filter(|s| !s.is_empty()).collect()
}

/// Bytes of the comment, string, dollar quote or single character that `sql` begins with.
fn token_length(sql: &str) -> usize {
    let first = sql.chars().next().map_or(1, char::len_utf8);
    let until = |from: usize, end: &str| {
        sql.get(from..).and_then(|r| r.find(end)).map_or(sql.len(), |at| from + at + end.len())
    };
    match sql.as_bytes() {
        [b'-', b'-', ..] => sql.find('\n').unwrap_or(sql.len()),
        [b'/', b'*', ..] => until(2, "*/"),
        [b'\'', ..] => until(1, "'"),
        [b'"', ..] => until(1, "\""),
        [b'$', ..] => {
            let tag = sql[1..].find('$').map(|at| &sql[..at + 2]);
            match tag.filter(|t| t[1..t.len() - 1].chars().all(|c| c.is_alphanumeric() || c == '_')) {
                Some(tag) => until(tag.len(), tag),
                None => 1,
            }
        }
        _ => first,
    }
}

/// The statement's words in capitals; quoted names and strings stay as they are.
pub(super) fn words(statement: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut current = String::new();
    let mut rest = statement;
    while let Some(character) = rest.chars().next() {
        let (token, after) = rest.split_at(token_length(rest));
        rest = after;
        if character.is_whitespace() || matches!(character, '(' | ')' | ',') {
            if !current.is_empty() {
                words.push(std::mem::take(&mut current));
            }
            if !character.is_whitespace() {
                words.push(token.to_owned());
            }
        } else {
            current.push_str(token);
        }
    }
    if !current.is_empty() {
        words.push(current);
    }
    words
}

/// Does it change rows, not the schema?
pub(super) fn is_data(statement: &str) -> bool {
    begins(statement, &["INSERT", "UPDATE", "DELETE", "MERGE", "REPLACE", "TRUNCATE", "COPY", "UPSERT"])
}

/// Does it take rows away for good?
pub(super) fn deletes(statement: &str) -> bool {
    begins(statement, &["DELETE", "TRUNCATE", "DROP"])
}

/// Does it only add or change rows?
pub(super) fn only_writes(statement: &str) -> bool {
    begins(statement, &["INSERT", "UPDATE"])
}

/// Statements that leave nothing to be taken back.
pub(super) fn changes_nothing(statement: &str) -> bool {
    let words = words(statement);
    begins(statement, &["ANALYZE", "VACUUM"])
        || matches!(words.as_slice(), [a, b] if a.eq_ignore_ascii_case("SELECT") && b == "1")
        || matches!(words.as_slice(), [a, b, ..] if a.eq_ignore_ascii_case("COMMENT") && b.eq_ignore_ascii_case("ON"))
}

fn begins(statement: &str, verbs: &[&str]) -> bool {
    let first = statement.split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or("");
    verbs.iter().any(|verb| verb.eq_ignore_ascii_case(first))
}

/// What takes a statement back.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Inverse {
    pub(super) sql: String,
    /// The statement is of PostgreSQL, where the inverse is right as it stands.
    pub(super) postgres: bool,
}

/// The exact inverse of `CREATE INDEX` and `CREATE VIEW`.
pub(super) fn inverse(statement: &str) -> Option<Inverse> {
    let words = words(statement);
    let mut rest: &[String] = words.as_slice();
    let mut take = |word: &str| match rest {
        [first, after @ ..] if first.eq_ignore_ascii_case(word) => {
            rest = after;
            true
        }
        _ => false,
    };
    if !take("CREATE") {
        return None;
    }
    if take("VIEW") {
        let name = identifier(rest.first()?)?;
        return Some(Inverse { sql: format!("DROP VIEW IF EXISTS {name}"), postgres: true });
    }
    take("UNIQUE");
    if !take("INDEX") {
        return None;
    }
    let concurrently = take("CONCURRENTLY");
    let guarded = take("IF") && take("NOT") && take("EXISTS");
    let [name, on, table, after @ ..] = rest else { return None };
    let only = table.eq_ignore_ascii_case("ONLY");
    let table = if only { after.first()? } else { table };
    let (name, table) = (identifier(name)?, identifier(table)?);
    if !on.eq_ignore_ascii_case("ON") {
        return None;
    }
    // An index lives in its table's schema.
    let schema = table.rsplit_once('.').map_or_else(String::new, |(schema, _)| format!("{schema}."));
    let concurrently_word = if concurrently { "CONCURRENTLY " } else { "" };
    let using = after.iter().any(|w| w.eq_ignore_ascii_case("USING"));
    Some(Inverse {
        sql: format!("DROP INDEX {concurrently_word}IF EXISTS {schema}{name}"),
        postgres: (concurrently || using || only) && !guarded,
    })
}

/// `CREATE EXTENSION [IF NOT EXISTS] x`: the extension.
pub(super) fn extension(statement: &str) -> Option<String> {
    let words = words(statement);
    let is = |at: usize, word: &str| words.get(at).is_some_and(|w| w.eq_ignore_ascii_case(word));
    if !is(0, "CREATE") || !is(1, "EXTENSION") {
        return None;
    }
    let at = if is(2, "IF") { 5 } else { 2 };
    identifier(words.get(at)?).map(str::to_owned)
}

/// A plain or quoted name, also with its schema; nothing that could leave a string literal.
fn identifier(word: &str) -> Option<&str> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '"' | '$' | '-');
    (!word.is_empty() && word.chars().all(plain) && word.matches('"').count().is_multiple_of(2))
        .then_some(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_are_split_where_the_database_splits_them() {
        let sql = "-- first\nINSERT INTO t VALUES ('a;b');\n/* ; */ DO $$ BEGIN; END $$; ";
        assert_eq!(split(sql), ["INSERT INTO t VALUES ('a;b')", "DO $$ BEGIN; END $$"]);
    }

    #[test]
    fn an_index_is_dropped_where_it_was_made() {
        let inverse = |sql| inverse(sql).map(|i| (i.sql, i.postgres));
        let drop = |name: &str, sure| Some((format!("DROP INDEX {name}"), sure));
        assert_eq!(inverse("CREATE INDEX i ON t(c)"), drop("IF EXISTS i", false));
        assert_eq!(inverse("create unique index i on app.t (c)"), drop("IF EXISTS app.i", false));
        assert_eq!(
            inverse("CREATE INDEX CONCURRENTLY IF NOT EXISTS \"I\" ON t USING gin (c)"),
            drop("CONCURRENTLY IF EXISTS \"I\"", false)
        );
        assert_eq!(inverse("CREATE INDEX i ON t USING gin (c)"), drop("IF EXISTS i", true));
        assert_eq!(
            inverse("CREATE VIEW v AS SELECT 1").map(|i| i.0),
            Some("DROP VIEW IF EXISTS v".to_owned())
        );
        assert_eq!(inverse("CREATE OR REPLACE VIEW v AS SELECT 1"), None);
        assert_eq!(inverse("CREATE INDEX ON t (c)"), None);
        assert_eq!(inverse("CREATE INDEX i'; ON t (c)"), None);
    }

    #[test]
    fn what_changes_nothing_is_told_from_what_does() {
        assert!(changes_nothing("ANALYZE blog_post") && changes_nothing("SELECT 1"));
        assert!(changes_nothing("COMMENT ON TABLE t IS 'x'"));
        assert!(!changes_nothing("SELECT setval('s', 1)") && !changes_nothing("ANALYZED"));
    }
}
