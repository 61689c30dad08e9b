//! Lines for a terminal: broken between words, colour codes not counted.

/// Columns that a line of ours has at most, where its words allow it.
pub const COLUMNS: usize = 100;

/// `text` in lines of at most `columns`: `first` stands before the first line, `rest` before the others. A word that is
/// longer than a line keeps one for itself.
pub fn wrap(text: &str, first: &str, rest: &str, columns: usize) -> String {
    let mut wrapped = String::new();
    let mut line = first.to_owned();
    let mut begun = false;
    for word in text.split_whitespace() {
        if begun && width(&line) + 1 + width(word) > columns {
            wrapped.push_str(line.trim_end());
            wrapped.push('\n');
            line = rest.to_owned();
        } else if begun {
            line.push(' ');
        }
        line.push_str(word);
        begun = true;
    }
    wrapped.push_str(line.trim_end());
    wrapped.push('\n');
    wrapped
}

/// Characters without colour codes.
pub fn width(text: &str) -> usize {
    let mut count = 0;
    let mut in_code = false;
    for c in text.chars() {
        match c {
            '\u{1b}' => in_code = true,
            'm' if in_code => in_code = false,
            _ if !in_code => count += 1,
            _ => {}
        }
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stay_whole_and_lines_hang_below_the_first() {
        assert_eq!(wrap("one two three", "- ", "  ", 9), "- one two\n  three\n");
        assert_eq!(wrap("\u{1b}[1mone\u{1b}[0m two", "", "", 7), "\u{1b}[1mone\u{1b}[0m two\n");
        assert_eq!(wrap("unbreakable", "", "  ", 4), "unbreakable\n");
        assert_eq!(wrap("", "│ ", "│ ", 9), "│\n");
    }
}
