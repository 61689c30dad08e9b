//! Edits put into a text.

use crate::model::finding::Edit;

use super::text::Text;

/// The text with all edits in it, and with its own line ends; `None` where they overlap or one is not inside it.
pub fn apply(text: &Text, edits: &[Edit]) -> Option<String> {
    let mut sorted: Vec<&Edit> = edits.iter().collect();
    sorted.sort_by_key(|edit| (edit.span.start, edit.span.end));
    let mut edited = String::with_capacity(text.as_str().len());
    let mut at = 0;
    for edit in sorted {
        let (start, end) = (text.offset(edit.span.start)?, text.offset(edit.span.end)?);
        edited.push_str(text.as_str().get(at..start)?);
        edited.push_str(&with_line_ends(text, edit));
        at = end.max(start);
    }
    edited.push_str(text.as_str().get(at..)?);
    Some(edited)
}

/// Do they change the same place? Those that touch count: neither knows what the other leaves there.
pub fn collide(a: &Edit, b: &Edit) -> bool {
    a != b && a.span.start <= b.span.end && b.span.start <= a.span.end
}

/// A replacement with the line ends of the line that it stands in.
fn with_line_ends(text: &Text, edit: &Edit) -> String {
    let line = text.line_bytes(edit.span.start.line);
    let is_crlf = text.as_str().get(line).is_some_and(|line| line.ends_with("\r\n"));
    let bare = edit.replacement.replace("\r\n", "\n");
    if is_crlf { bare.replace('\n', "\r\n") } else { bare }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::finding::{Position, Span};

    fn edit(from: (u32, u32), to: (u32, u32), replacement: &str) -> Edit {
        let at = |(line, column)| Position { line, column };
        Edit { span: Span { start: at(from), end: at(to) }, replacement: replacement.to_owned() }
    }

    #[test]
    fn edits_are_put_in_whatever_their_order() {
        let text = Text::new("a = é1\nb = 2\nc = 3");
        let edits = [edit((3, 6), (3, 6), "0"), edit((1, 6), (1, 7), "7"), edit((2, 1), (3, 1), "")];
        assert_eq!(apply(&text, &edits).as_deref(), Some("a = é7\nc = 30"));
        assert_eq!(apply(&text, &[edit((1, 1), (1, 3), ""), edit((1, 2), (1, 4), "")]), None);
        assert_eq!(apply(&text, &[edit((4, 1), (4, 1), "")]), None);
        assert_eq!(apply(&text, &[edit((2, 1), (2, 9), "")]), None);
    }

    #[test]
    fn a_replacement_has_the_line_ends_of_its_line() {
        let text = Text::new("a(\r\n)\r\n");
        let put_in = [edit((1, 3), (1, 3), "\n    b,")];
        assert_eq!(apply(&text, &put_in).as_deref(), Some("a(\r\n    b,\r\n)\r\n"));
    }

    #[test]
    fn what_touches_collides_and_what_is_the_same_does_not() {
        let (a, b) = (edit((1, 1), (1, 3), "x"), edit((1, 3), (1, 3), "y"));
        assert!(collide(&a, &b) && collide(&b, &a));
        assert!(!collide(&a, &a.clone()) && !collide(&a, &edit((1, 4), (1, 5), "")));
    }
}
