//! The hidden marker at the end of every body of ours: what the comment reports, whatever a person does to its text.
//!
//! ```text
//! <!-- red-panda:v1 fp=0011223344556677,8899aabbccddeeff -->
//! <!-- red-panda:v1 summary fp= -->
//! ```

use super::finding::Fingerprint;
use super::plan::{ForgePosting, PostingKind};

const OPEN: &str = "<!-- red-panda:v1 ";
const CLOSE: &str = " -->";
const SUMMARY: &str = "summary ";

/// The marker's text, to be put on the last line of a body.
pub fn render(kind: PostingKind, fingerprints: &[Fingerprint]) -> String {
    let summary = if kind == PostingKind::Summary { SUMMARY } else { "" };
    let list: Vec<&str> = fingerprints.iter().map(|f| f.0.as_str()).collect();
    format!("{OPEN}{summary}fp={}{CLOSE}", list.join(","))
}

/// What a body says it reports. Only the last HTML comment counts, and only on a line of its own: a marker quoted
/// from a pull request stands before ours or inside other text. Believe it in comments of our own account alone.
pub fn parse(body: &str) -> Option<(PostingKind, Vec<Fingerprint>)> {
    let start = body.rfind("<!--")?;
    if !body[..start].is_empty() && !body[..start].ends_with('\n') {
        return None;
    }
    let line = body[start..].lines().next()?.trim_end();
    let inner = line.strip_prefix(OPEN)?.strip_suffix(CLOSE)?;
    let (kind, list) = match inner.strip_prefix(SUMMARY) {
        Some(rest) => (PostingKind::Summary, rest),
        None => (PostingKind::Inline, inner),
    };
    let list = list.strip_prefix("fp=")?;
    if list.is_empty() {
        return Some((kind, Vec::new()));
    }
    let fingerprints = list.split(',').map(fingerprint).collect::<Option<_>>()?;
    Some((kind, fingerprints))
}

/// A body without its marker.
pub fn strip(body: &str) -> &str {
    let marked = parse(body).and_then(|_| body.rfind("<!--"));
    marked.and_then(|at| body.get(..at)).unwrap_or(body).trim_end()
}

/// A comment or review of ours, if its body carries the marker of its kind.
pub fn posting(kind: PostingKind, forge_id: u64, review_id: u64, body: &str) -> Option<ForgePosting> {
    let (found, fingerprints) = parse(body)?;
    (found == kind).then_some(ForgePosting { kind, forge_id, review_id, fingerprints })
}

fn fingerprint(text: &str) -> Option<Fingerprint> {
    let well_formed =
        text.len() == 16 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    well_formed.then(|| Fingerprint(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn fp(text: &str) -> Fingerprint {
        Fingerprint(text.to_owned())
    }

    #[test]
    fn what_is_rendered_is_read_back() {
        let two = vec![fp("0011223344556677"), fp("8899aabbccddeeff")];
        for kind in [PostingKind::Inline, PostingKind::Summary] {
            for list in [two.clone(), Vec::new()] {
                let body = format!("**Something.**\n\n{}\n", render(kind, &list));
                assert_eq!(parse(&body), Some((kind, list)));
            }
        }
        assert_eq!(
            render(PostingKind::Inline, &two),
            "<!-- red-panda:v1 fp=0011223344556677,8899aabbccddeeff -->"
        );
        assert_eq!(render(PostingKind::Summary, &[]), "<!-- red-panda:v1 summary fp= -->");
    }

    #[test]
    fn a_marker_quoted_before_ours_does_not_count() {
        let quoted = render(PostingKind::Summary, &[fp("ffffffffffffffff")]);
        let ours = render(PostingKind::Inline, &[fp("0011223344556677")]);
        let body = format!("They wrote\n{quoted}\nin `a.py`.\n\n{ours}");
        assert_eq!(parse(&body), Some((PostingKind::Inline, vec![fp("0011223344556677")])));
    }

    #[test]
    fn a_posting_is_of_the_kind_that_its_marker_says() {
        let body = format!("text\n\n{}", render(PostingKind::Summary, &[fp("0011223344556677")]));
        assert_eq!(strip(&body), "text");
        assert_eq!(posting(PostingKind::Inline, 1, 2, &body), None);
        let summary = posting(PostingKind::Summary, 1, 2, &body).unwrap();
        assert_eq!((summary.forge_id, summary.fingerprints.len()), (1, 1));
    }

    #[test]
    fn a_marker_inside_a_sentence_is_text() {
        let marker = render(PostingKind::Inline, &[fp("0011223344556677")]);
        assert_eq!(parse(&format!("see `{marker}`")), None);
        assert_eq!(parse(&format!("> {marker}")), None);
        assert_eq!(parse(&format!("{marker}\n<!-- another -->")), None);
    }

    #[test]
    fn a_person_may_add_a_line_and_the_forge_may_change_line_ends() {
        let body =
            format!("text\r\n\r\n{}\r\nagreed, Ada", render(PostingKind::Inline, &[fp("0011223344556677")]));
        assert_eq!(parse(&body), Some((PostingKind::Inline, vec![fp("0011223344556677")])));
    }

    #[test]
    fn a_malformed_list_is_no_marker() {
        for list in [
            "fp=xyz",
            "fp=0011223344556677,",
            "fp=001122334455667",
            "fp=00112233445566GG",
            "0011223344556677",
            "",
        ] {
            assert_eq!(parse(&format!("<!-- red-panda:v1 {list} -->")), None, "{list}");
        }
        assert_eq!(parse("<!-- red-panda:v2 fp= -->"), None);
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "(<!-- red-panda:v1 |fp=|summary |-->|\n|ä|[0-9a-f]{0,17}|,| ){0,12}") {
            let _ = parse(&text);
        }
    }
}
