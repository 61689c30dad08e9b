//! What a `%` template says: text, conversions, and percent-escapes that its author took for text.

/// A part of a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part<'a> {
    Text(&'a str),
    /// `%s`, `%-5.2f`; with its name `%(name)s`.
    Conversion(Option<&'a str>),
    /// `%40`: Python reads it as the beginning of a conversion.
    Eaten(&'a str),
}

/// What fills the conversions without a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Values {
    Several(usize),
    Mapping,
    Unknown,
}

/// The parts in order. `%2d` may be a number of two digits as well as a `-`: how many values there are decides.
pub(super) fn parts(template: &str, values: Values) -> Vec<Part<'_>> {
    let mut parts = split(template, true);
    let has_eaten = parts.iter().any(|part| matches!(part, Part::Eaten(_)));
    let unnamed = parts.iter().filter(|part| **part == Part::Conversion(None)).count();
    let named = parts.iter().any(|part| matches!(part, Part::Conversion(Some(_))));
    let is_text = match values {
        Values::Several(count) => count == unnamed && (count > 0 || !named),
        Values::Mapping => true,
        Values::Unknown => unnamed > 0 || named,
    };
    if has_eaten && !is_text {
        parts = split(template, false);
    }
    parts
}

fn split(template: &str, escapes: bool) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let mut rest = template;
    while let Some(at) = rest.find('%') {
        parts.push(Part::Text(&rest[..at]));
        rest = &rest[at..];
        let (part, length) = match rest.get(..3).filter(|text| escapes && is_escape(text)) {
            Some(text) => (Part::Eaten(text), 3),
            None if rest.starts_with("%%") => (Part::Text("%"), 2),
            None => conversion(rest),
        };
        parts.push(part);
        rest = rest.get(length..).unwrap_or("");
    }
    parts.push(Part::Text(rest));
    parts
}

/// `%40`, `%2F`, `%C3`: what `urllib.parse.quote` writes.
fn is_escape(text: &str) -> bool {
    let digits = text.as_bytes();
    let leads = digits.get(1).is_some_and(|b| matches!(b, b'2'..=b'7' | b'A'..=b'D'));
    leads && digits.get(2).is_some_and(u8::is_ascii_hexdigit)
}

/// `%(name)-5.2f` with its length: the name, flags, width and precision, and one letter.
fn conversion(rest: &str) -> (Part<'_>, usize) {
    let name = rest.strip_prefix("%(").and_then(|inner| inner.split_once(')')).map(|(name, _)| name);
    let start = name.map_or(1, |name| name.len() + 3);
    let behind = rest.get(start..).unwrap_or("");
    let options = |c: char| matches!(c, '#' | '-' | '+' | ' ' | '.' | '*') || c.is_ascii_digit();
    let letter = behind.find(|c| !options(c)).unwrap_or(behind.len());
    let length = behind.get(letter..).and_then(|text| text.chars().next()).map_or(0, char::len_utf8);
    (Part::Conversion(name), start + letter + length)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn eaten(template: &str, values: Values) -> Vec<&str> {
        let eaten = |part| if let Part::Eaten(text) = part { Some(text) } else { None };
        parts(template, values).into_iter().filter_map(eaten).collect()
    }

    /// As Python 3.11 answers: `TypeError` where a value is missing, another text where a mapping is there.
    #[test]
    fn an_escape_is_eaten_where_the_values_are_for_the_others() {
        assert_eq!(eaten("u:p%40s@%s", Values::Several(1)), ["%40"]);
        assert_eq!(eaten("u:p%2Fs@%(h)s/%C3%A9", Values::Mapping), ["%2F", "%C3", "%A9"]);
        assert_eq!(eaten("u:p%23s@%s", Values::Unknown), ["%23"]);
        assert_eq!(eaten("u:p%%40s@%s", Values::Several(1)), [""; 0]);
        assert_eq!(eaten("node%2d:%d", Values::Several(2)), [""; 0]);
        assert_eq!(eaten("node%02d:%d", Values::Unknown), [""; 0]);
        assert_eq!(eaten("%40s", Values::Unknown), [""; 0]);
    }

    #[test]
    fn a_conversion_is_as_long_as_python_reads_it() {
        let all = parts("%-10s|%(a)05.2f|%", Values::Unknown);
        assert_eq!(
            all,
            [
                Part::Text(""),
                Part::Conversion(None),
                Part::Text("|"),
                Part::Conversion(Some("a")),
                Part::Text("|"),
                Part::Conversion(None),
                Part::Text(""),
            ]
        );
    }
}
