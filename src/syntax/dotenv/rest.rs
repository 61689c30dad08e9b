//! Which lines may be no lines of their own, but the rest of a value that somebody or some program broke.

use crate::source::Text;

use super::{Content, LONGEST_VALUE, Line, Quote, closing_quote_from};

/// Marks the lines behind a backslash, inside a quote, between the marks of a PEM key, and below a bare value.
pub(super) fn mark(text: &Text, lines: &mut [Line]) {
    let (mut until, mut in_quote, mut continued) = (0, false, false);
    for line in lines {
        let inside = line.number <= until;
        if let Content::Assignment(assignment) = &mut line.content {
            assignment.within_quote = inside && in_quote;
            // No piece of a value begins with `export`.
            continued &= !assignment.export;
        }
        line.may_be_rest = inside || continued;
        let written = text.line(line.last).trim_end();
        continued = match line.content {
            Content::Blank | Content::Comment | Content::CommentedOut(_) => false,
            Content::Assignment(_) => written.ends_with('\\'),
            Content::Other => written.ends_with('\\') || is_bare_value(written.trim_start()),
        };
        if !inside && let Some(end) = end_of_value(text, line) {
            until = end;
            in_quote = line.assignment().is_some_and(|assignment| assignment.quote == Quote::Broken);
        }
    }
}

/// One word that is not the name of a variable: a piece of a value, and what follows it is likely the next.
fn is_bare_value(written: &str) -> bool {
    let is_name = written.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_');
    !is_name && !written.contains(char::is_whitespace)
}

/// The last line of a value that begins here and is not read as one.
fn end_of_value(text: &Text, line: &Line) -> Option<u32> {
    let behind = line.last + 1..=text.line_count().min(line.last + LONGEST_VALUE);
    let assignment = line.assignment();
    if let Some(assignment) = assignment.filter(|assignment| assignment.quote == Quote::Broken) {
        let quote = *text
            .as_str()
            .as_bytes()
            .get(assignment.raw.start..)?
            .iter()
            .find(|b| !matches!(b, b' ' | b'\t'))?;
        return behind.into_iter().find(|number| closing_quote_from(text.line(*number), quote, 0).is_some());
    }
    let is_open = line.number == line.last && {
        let written = text.line(line.number);
        written.contains("-----BEGIN ") && !written.contains("-----END ")
    };
    let end = *behind.end();
    is_open.then(|| behind.into_iter().find(|number| text.line(*number).contains("-----END ")).unwrap_or(end))
}
