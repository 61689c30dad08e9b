//! Finds the holes of a text by the syntax of whoever fills it in.

use super::hole::{Filling, Hole, Syntax, Unit, says_encoded};

/// The text with its holes found.
pub(crate) fn units(text: &str, syntax: Syntax) -> Vec<Unit> {
    let mut units = Vec::new();
    let mut rest = text;
    let mut before = None;
    while let Some(c) = rest.chars().next() {
        let found = doubled(rest, syntax)
            .map(|(length, c)| (length, Unit::Char(c)))
            .or_else(|| hole(rest, syntax).map(|(length, hole)| (length, Unit::Hole(hole))))
            .or_else(|| placeholder(rest, before, syntax).map(|(length, hole)| (length, Unit::Hole(hole))));
        let (length, unit) = found.unwrap_or((c.len_utf8(), Unit::Char(c)));
        before = rest.get(..length).and_then(|used| used.chars().last());
        rest = rest.get(length..).unwrap_or("");
        units.push(unit);
    }
    units
}

/// `$$` and `%%`, where they stand for one character.
fn doubled(rest: &str, syntax: Syntax) -> Option<(usize, char)> {
    match syntax {
        Syntax::ComposeShell if rest.strip_prefix('$').and_then(shell).is_some() => None,
        Syntax::Compose | Syntax::ComposeShell if rest.starts_with("$$") => Some((2, '$')),
        syntax if syntax.doubles_percent() && rest.starts_with("%%") => Some((2, '%')),
        _ => None,
    }
}

/// A hole at the very start of `rest`, with its length in bytes.
fn hole(rest: &str, syntax: Syntax) -> Option<(usize, Hole)> {
    match syntax {
        Syntax::Literal => None,
        Syntax::Compose => braced(rest, "${", "}").or_else(|| variable(rest)),
        Syntax::ComposeShell => {
            let of_shell = rest.strip_prefix('$').and_then(shell).map(|(length, hole)| {
                let written = rest.get(..=length).unwrap_or("").to_owned();
                (length + 1, Hole { written, ..hole })
            });
            of_shell.or_else(|| braced(rest, "${", "}")).or_else(|| variable(rest))
        }
        // Templates of compose files hold compose's holes too.
        Syntax::Jinja => template(rest, "{{", syntax).or_else(|| braced(rest, "${", "}")),
        Syntax::Helm => template(rest, "{{", syntax),
        Syntax::Workflow => {
            template(rest, "${{", syntax).or_else(|| braced(rest, "${", "}")).or_else(|| variable(rest))
        }
        Syntax::Kubernetes => braced(rest, "$(", ")"),
        Syntax::Shell => shell(rest),
        Syntax::Percent => percent(rest),
        Syntax::Supervisor => percent(rest).or_else(|| eaten(rest)),
        Syntax::Systemd => eaten(rest),
        Syntax::Docs => ["{{", "${", "$(", "{", "<", "["]
            .iter()
            .zip(["}}", "}", ")", "}", ">", "]"])
            .find_map(|(open, close)| braced(rest, open, close))
            .or_else(|| variable(rest))
            .or_else(|| percent(rest))
            .map(|(length, hole)| (length, Hole::placeholder(&hole.written)))
            .or_else(|| unnamed(rest))
            .or_else(|| stars(rest)),
    }
}

/// `$X`, `${X}`, `$(…)` and what stands in backticks. A command may be what encodes: `$(urlencode "$P")`.
fn shell(rest: &str) -> Option<(usize, Hole)> {
    let command = || {
        let (length, hole) = braced(rest, "$(", ")").or_else(|| backticks(rest))?;
        let encodes = says_encoded(&hole.written) || encodes_by_name(&hole.written);
        let filling = if encodes { Filling::Encoded } else { Filling::Raw };
        Some((length, Hole { filling, ..Hole::new(&hole.written, "") }))
    };
    braced(rest, "${", "}").or_else(command).or_else(|| variable(rest))
}

fn backticks(rest: &str) -> Option<(usize, Hole)> {
    let inner = rest.strip_prefix('`')?;
    let length = inner.find('`')? + 2;
    Some((length, Hole::new(rest.get(..length)?, "")))
}

/// Programs and functions that percent-encode: `urlencode`, `jq … @uri`, Python's `quote`.
fn encodes_by_name(command: &str) -> bool {
    ["@uri", "urlencode", "uri_escape", "encodeURI", "quote", "rawurl"]
        .iter()
        .any(|word| command.contains(word))
}

/// `%40` where `%` is a sign of the file's own.
fn eaten(rest: &str) -> Option<(usize, Hole)> {
    let digits = rest.strip_prefix('%')?.get(..2)?;
    digits.bytes().all(|b| b.is_ascii_hexdigit()).then(|| (3, Hole::eaten(rest.get(..3).unwrap_or(""))))
}

/// Whole parts that only stand for something, in every syntax: `<password>`, `{password}`, `[user]`, `***`.
fn placeholder(rest: &str, before: Option<char>, syntax: Syntax) -> Option<(usize, Hole)> {
    // A part begins behind `://`, `:` or `@`.
    if !matches!(before, Some('/' | ':' | '@')) || syntax == Syntax::Docs {
        return None;
    }
    let named = |open: &str, close: &str| {
        let (length, hole) = braced(rest, open, close)?;
        let word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | ' ' | '.');
        let content = rest.get(open.len()..length - close.len())?;
        let is_name =
            content.trim().starts_with(|c: char| c.is_ascii_alphabetic()) && content.chars().all(word);
        is_name.then_some((length, hole))
    };
    let pairs = [("{{", "}}"), ("${", "}"), ("{", "}"), ("<", ">"), ("[", "]"), ("%(", ")s")];
    let (length, hole) = pairs
        .iter()
        .find_map(|(open, close)| named(open, close))
        .or_else(|| unnamed(rest))
        .or_else(|| stars(rest))?;
    let ends = rest.get(length..)?.chars().next();
    // An address in brackets is a host: `[::1]`; `named` refuses it, for it holds colons.
    let filled = syntax == Syntax::Percent && hole.written == "%s";
    let stands = if filled { Hole::new("%s", "") } else { Hole::placeholder(&hole.written) };
    matches!(ends, None | Some(':' | '@' | '/' | '?')).then_some((length, stands))
}

/// `open … close`, with nested pairs, on one line. The name ends where a default or an operator begins.
fn braced(rest: &str, open: &str, close: &str) -> Option<(usize, Hole)> {
    const LONGEST: usize = 1_000;
    let inner = rest.strip_prefix(open)?;
    let (mut depth, mut at) = (1usize, 0usize);
    while depth > 0 {
        let ahead = inner.get(at..)?;
        let next = ahead.chars().next().filter(|c| *c != '\n' && at < LONGEST)?;
        if ahead.starts_with(close) {
            depth -= 1;
            at += close.len();
        } else if ahead.starts_with(open) {
            depth += 1;
            at += open.len();
        } else {
            at += next.len_utf8();
        }
    }
    let length = open.len() + at;
    let content = inner.get(..at - close.len())?;
    let name_end = content.find([':', '-', '?', '+', '!', '|', '#', '%']).unwrap_or(content.len());
    let name = content.get(..name_end).unwrap_or(content).trim();
    (!content.is_empty()).then(|| (length, Hole::new(rest.get(..length).unwrap_or(""), name)))
}

/// `$NAME`
fn variable(rest: &str) -> Option<(usize, Hole)> {
    let name = rest.strip_prefix('$')?;
    let length = name.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(name.len());
    let name = name.get(..length).filter(|n| n.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_'))?;
    Some((length + 1, Hole::new(rest.get(..=length)?, name)))
}

/// `{{ … }}` with its filters.
fn template(rest: &str, open: &str, syntax: Syntax) -> Option<(usize, Hole)> {
    let inner = rest.strip_prefix(open)?;
    let end = inner.find("}}")?;
    let content = inner.get(..end)?;
    let length = open.len() + end + 2;
    let name = content.split('|').next().unwrap_or("").trim().trim_matches(['-', '~']).trim();
    let mut hole = Hole::new(rest.get(..length)?, name);
    let filters: String = content.split_once('|').map_or("", |(_, f)| f).split_whitespace().collect();
    hole.filling = match syntax {
        Syntax::Helm if filters.contains("urlquery") || content.contains("urlquery") => Filling::Encoded,
        Syntax::Jinja if filters.contains("urlencode") => {
            let replaced = filters.contains("replace('/','%2F')")
                || filters.contains("replace(\"/\",\"%2F\")")
                || filters.contains("replace('/','%2f')")
                || filters.contains("regex_replace");
            if replaced || hole.filling == Filling::Encoded { Filling::Encoded } else { Filling::KeepsSlash }
        }
        _ if says_encoded(content) => Filling::Encoded,
        _ => Filling::Raw,
    };
    Some((length, hole))
}

/// `%(name)s`. A `%s` is one only as a whole part of an address: the `%` of `p%secret` is a raw character.
fn percent(rest: &str) -> Option<(usize, Hole)> {
    let name = rest.strip_prefix("%(")?.split_once(')').map(|(name, _)| name)?;
    let is_name = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c));
    let length = name.len() + 4;
    (is_name && rest.get(length - 1..length).is_some_and(|c| c == "s" || c == "d"))
        .then(|| (length, Hole::new(rest.get(..length).unwrap_or(""), name)))
}

/// `%s`, `{}`, `{0}` of a template that is filled in elsewhere.
fn unnamed(rest: &str) -> Option<(usize, Hole)> {
    let filled = rest.strip_prefix('{').and_then(|inner| {
        let digits = inner.find(|c: char| !c.is_ascii_digit())?;
        inner.get(digits..)?.starts_with('}').then_some(digits + 2)
    });
    let length = filled.or_else(|| rest.starts_with("%s").then_some(2))?;
    Some((length, Hole::placeholder(rest.get(..length)?)))
}

/// `***`, `…`, `...`
fn stars(rest: &str) -> Option<(usize, Hole)> {
    let length = rest.find(|c| !matches!(c, '*' | '…' | '.')).unwrap_or(rest.len());
    let run = rest.get(..length)?;
    (run.starts_with('…') || run.chars().count() >= 3).then(|| (length, Hole::placeholder(run)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holes(text: &str, syntax: Syntax) -> Vec<String> {
        units(text, syntax).iter().filter_map(Unit::hole).map(|h| h.written.clone()).collect()
    }

    #[test]
    fn every_syntax_knows_its_own_holes_only() {
        assert_eq!(holes("${A:-${B}}@$C", Syntax::Compose), ["${A:-${B}}", "$C"]);
        assert_eq!(holes("$$A", Syntax::Compose), [""; 0]);
        assert_eq!(holes("x$Ae6y", Syntax::Literal), [""; 0]);
        assert_eq!(holes("{{ a | b }}{x}", Syntax::Jinja), ["{{ a | b }}"]);
        assert_eq!(holes("${{ secrets.A }}-$B", Syntax::Workflow), ["${{ secrets.A }}", "$B"]);
        assert_eq!(holes("$(A)${A}", Syntax::Kubernetes), ["$(A)"]);
        assert_eq!(holes("%s%(a)s%%s", Syntax::Percent), ["%(a)s"]);
        assert_eq!(holes("amqp://%s:%s@h/p%s", Syntax::Percent), ["%s", "%s"]);
        assert_eq!(holes("<user>:***", Syntax::Docs), ["<user>", "***"]);
        assert_eq!(holes("${A}$$B$${C}$$(d)$$1", Syntax::ComposeShell), ["${A}", "$$B", "$${C}", "$$(d)"]);
        assert_eq!(holes("`cat x`$(urlencode $P)", Syntax::Shell), ["`cat x`", "$(urlencode $P)"]);
        assert_eq!(holes("%40%(a)s%%40%s", Syntax::Supervisor), ["%40", "%(a)s"]);
        assert_eq!(holes("%2F%i%%2F", Syntax::Systemd), ["%2F"]);
    }

    #[test]
    fn a_whole_part_that_stands_for_something_is_a_hole_everywhere() {
        assert_eq!(holes("amqp://<user>:<password>@<host>/v", Syntax::Literal).len(), 3);
        assert_eq!(holes("amqp://u:pa<ss>@h/v", Syntax::Literal).len(), 0);
        assert_eq!(holes("amqp://u:[X%XY]@h/v", Syntax::Literal).len(), 0);
        assert_eq!(holes("amqp://u:p@[::1]:5672/v", Syntax::Literal).len(), 0);
    }

    #[test]
    fn an_open_hole_is_text() {
        for text in ["${A", "{{ a", "%(a", "$", "%"] {
            for syntax in [Syntax::Compose, Syntax::Jinja, Syntax::Percent] {
                assert_eq!(holes(text, syntax), [""; 0], "{text}");
            }
        }
    }
}
