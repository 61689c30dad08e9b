//! Our sentences as Markdown. Code stays code; every other word that a forge could take for markup, a mention, a
//! reference or an address becomes code as well: an escaped `@name` would still notify somebody.

use std::iter;

use crate::model::finding::{code, is_invisible};

/// Longest sentence that is shown, in characters.
const LONGEST_SENTENCE: usize = 600;

/// A piece of a sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Segment<'a> {
    Text(&'a str),
    Code(&'a str),
}

/// Splits a sentence at its backticks. A backtick without its partner is text.
pub(super) fn segments(sentence: &str) -> Vec<Segment<'_>> {
    let mut found = Vec::new();
    let mut rest = sentence;
    while let Some((text, after)) = rest.split_once('`') {
        let Some((inner, tail)) = after.split_once('`') else { break };
        found.push(Segment::Text(text));
        found.push(Segment::Code(inner));
        rest = tail;
    }
    found.push(Segment::Text(rest));
    found.retain(|s| !matches!(s, Segment::Text("") | Segment::Code("")));
    found
}

/// A sentence as Markdown of one line.
pub(super) fn sentence(text: &str) -> String {
    let mut out = String::new();
    let mut room = LONGEST_SENTENCE;
    for segment in segments(text) {
        let (piece, length) = match segment {
            Segment::Text(words) => (prose(&clip(words, room), out.is_empty()), words.chars().count()),
            Segment::Code(inner) => (code_span(&clip(inner, room)), inner.chars().count()),
        };
        // Two backticks side by side would be one longer fence.
        if out.ends_with('`') && piece.starts_with('`') {
            out.push(' ');
        }
        out.push_str(&piece);
        room = room.saturating_sub(length);
        if room == 0 {
            out.push('…');
            break;
        }
    }
    out
}

/// A sentence in a cell of a table.
pub(super) fn cell(text: &str) -> String {
    sentence(text).replace('|', "\\|")
}

/// A name in a cell of a table.
pub(super) fn code_cell(text: &str) -> String {
    code_span(text).replace('|', "\\|")
}

/// A name as a code span. Blanks at its ends would unbalance it, and an HTML comment inside could pass for our marker.
pub(super) fn code_span(text: &str) -> String {
    let text = clean(text).replace("<!--", "<! --");
    let text = text.trim();
    if text.is_empty() { "`�`".to_owned() } else { code(text) }
}

/// A link, if there is an address that can be one.
pub(super) fn link(text: &str, address: Option<&str>) -> String {
    match address.and_then(destination) {
        Some(url) => format!("[{text}]({url})"),
        None => text.to_owned(),
    }
}

/// An address of the web with everything percent-encoded that Markdown or HTML could read otherwise.
fn destination(address: &str) -> Option<String> {
    if !address.starts_with("https://") && !address.starts_with("http://") {
        return None;
    }
    let mut url = String::with_capacity(address.len());
    for c in address.chars() {
        let tame = c.is_ascii_alphanumeric() || "-._~:/?#@!$&'+,;=%".contains(c);
        if tame {
            url.push(c);
        } else {
            let mut bytes = [0; 4];
            for byte in c.encode_utf8(&mut bytes).bytes() {
                url.push_str(&format!("%{byte:02X}"));
            }
        }
    }
    Some(url)
}

/// A fence longer than any run of backticks inside.
pub(super) fn fenced(info: &str, content: &str) -> String {
    let longest = content.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence: String = iter::repeat_n('`', longest.max(2) + 1).collect();
    let newline = if content.is_empty() || content.ends_with('\n') { "" } else { "\n" };
    format!("{fence}{info}\n{content}{newline}{fence}")
}

fn clip(text: &str, room: usize) -> String {
    text.chars().take(room).collect()
}

/// Words between code spans, with the blanks at their ends kept as one.
fn prose(text: &str, at_start: bool) -> String {
    let text = clean(text);
    let words: Vec<String> =
        text.split_whitespace().enumerate().map(|(i, w)| word(w, at_start && i == 0)).collect();
    let blank = |yes: bool| if yes { " " } else { "" };
    let before = blank(text.starts_with(' ') && !at_start);
    let after = blank(text.ends_with(' ') && !words.is_empty());
    format!("{before}{}{after}", words.join(" "))
}

fn word(word: &str, first: bool) -> String {
    let open = if word.starts_with('(') { ')' } else { '.' };
    let core = word.trim_end_matches(['.', ',', ';', ':', '?', open]);
    let core = if core.is_empty() { word } else { core };
    let tail = &word[core.len()..];
    let (open, core) = core.strip_prefix('(').map_or(("", core), |rest| ("(", rest));
    if core.is_empty() {
        return word.to_owned();
    }
    if first && let Some(escaped) = list_marker(word) {
        return escaped;
    }
    if is_tame(core) && !begins_address(word) {
        word.to_owned()
    } else {
        format!("{open}{}{tail}", code_span(core))
    }
}

/// Asked of the whole word: a dot or colon at its end belongs to an address that begins there.
fn begins_address(word: &str) -> bool {
    let word = word.to_ascii_lowercase();
    ["www.", "http:", "https:"].iter().any(|start| word.contains(start))
}

/// `-`, `+` and `1.` at the start of a line begin a list, `===` underlines a heading: escaped.
fn list_marker(word: &str) -> Option<String> {
    if word.chars().all(|c| matches!(c, '-' | '+' | '=')) {
        return Some(format!("\\{word}"));
    }
    let digits = word.trim_end_matches(['.', ')']);
    let marker = digits.len() + 1 == word.len() && is_number(digits);
    marker.then(|| format!("{digits}\\{}", &word[digits.len()..]))
}

/// Can this word only be read as a word?
fn is_tame(word: &str) -> bool {
    let quiet = |c: char| {
        if c.is_ascii() { c.is_ascii_alphanumeric() || "'\",.;?()-/%+=".contains(c) } else { c != '\u{FFFD}' }
    };
    word.chars().all(quiet) && !is_reference(word)
}

/// `GH-12` and `ABC-12` are linked to issues, seven hex digits and more to commits.
fn is_reference(word: &str) -> bool {
    let issue = word.match_indices('-').any(|(at, _)| {
        let numbered = word[at + 1..].starts_with(|c: char| c.is_ascii_digit());
        numbered && word[..at].contains(|c: char| c.is_ascii_alphabetic())
    });
    let mut parts = word.split(|c: char| !c.is_ascii_alphanumeric());
    issue || parts.any(|part| part.len() >= 7 && part.chars().all(|c| c.is_ascii_hexdigit()))
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_digit())
}

/// One line, nothing unseen: control characters become blanks, invisible ones are made visible.
pub(super) fn clean(text: &str) -> String {
    text.chars().map(clean_char).collect()
}

pub(super) fn clean_char(c: char) -> char {
    match c {
        c if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') => ' ',
        c if is_invisible(c) => '\u{FFFD}',
        c => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn html(markdown: &str) -> String {
        let mut out = String::new();
        let options = pulldown_cmark::Options::ENABLE_TABLES | pulldown_cmark::Options::ENABLE_STRIKETHROUGH;
        pulldown_cmark::html::push_html(&mut out, pulldown_cmark::Parser::new_ext(markdown, options));
        out
    }

    #[test]
    fn nothing_unseen_survives() {
        assert_eq!(clean("a\u{1b}[31m\r\nb\u{202e}c"), "a [31m  b\u{FFFD}c");
    }

    #[test]
    fn code_stays_code_and_prose_stays_prose() {
        let text = "`RunPython(fill)` in `trees.0003` can't be reversed (today), it's 3/4 done";
        assert_eq!(sentence(text), text);
    }

    #[test]
    fn what_a_forge_would_link_becomes_code() {
        for hostile in [
            "@octocat",
            "#12",
            "GH-12",
            "a/b#3",
            "!4",
            "https://x.test",
            "www.x.test",
            "me@x.test",
            "3f1c2ab",
        ] {
            assert_eq!(sentence(&format!("ask {hostile}, now")), format!("ask `{hostile}`, now"));
        }
    }

    #[test]
    fn an_address_is_none_for_ending_where_the_word_does() {
        assert_eq!(sentence("holds pwww. and https: here"), "holds `pwww`. and `https`: here");
    }

    #[test]
    fn markup_is_only_text() {
        let shown =
            html(&sentence("a <img src=x> ![x](y) [l](z) *b* __init__ &amp; ~~s~~ <!-- c --> \u{202e}"));
        for tag in ["<img", "<a", "<em", "<strong", "<del", "<!--"] {
            assert!(!shown.contains(tag), "{tag} in {shown}");
        }
    }

    #[test]
    fn a_lone_backtick_is_text() {
        assert_eq!(
            segments("a `b` c ` d"),
            [Segment::Text("a "), Segment::Code("b"), Segment::Text(" c ` d")]
        );
        assert_eq!(sentence("a ` d"), "a `'` d");
        assert_eq!(sentence("`a``b`@c"), "`a` `b` `@c`");
    }

    #[test]
    fn a_sentence_does_not_begin_a_list() {
        assert_eq!(html(&sentence("- x")), "<p>- x</p>\n");
        assert_eq!(html(&sentence("1. x")), "<p>1. x</p>\n");
    }

    #[test]
    fn a_bar_does_not_end_a_cell() {
        let table = format!("|a|\n|-|\n|{}|\n", cell("`a|b` c"));
        assert!(html(&table).contains("<code>a|b</code> c"));
    }

    #[test]
    fn only_addresses_of_the_web_are_linked() {
        assert_eq!(link("x", Some("javascript:alert(1)")), "x");
        assert_eq!(
            link("x", Some("https://f.test/a b)|(c`<d>")),
            "[x](https://f.test/a%20b%29%7C%28c%60%3Cd%3E)"
        );
    }

    #[test]
    fn fences_are_longer_than_what_they_hold() {
        assert_eq!(fenced("", "a\n````\nb"), "`````\na\n````\nb\n`````");
        assert_eq!(fenced("suggestion", ""), "```suggestion\n```");
    }
}
