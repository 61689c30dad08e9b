//! What a fix writes, where it writes all that is needed: it parses, and what it was written against is gone.

use std::cmp::Reverse;

use red_panda::model::finding::{Edit, Position};
use red_panda::source::Text;
use red_panda::syntax::python::Module;

use super::{all, at};

/// Rules whose every exact fix ends its finding.
const MENDING: [&str; 5] = ["MOD002", "MOD003", "MOD006", "MOD007", "MOD008"];

#[test]
fn what_a_fix_writes_parses_and_ends_the_finding() {
    let mut mended = Vec::new();
    for (rule, example) in all().filter(|(rule, example)| example.bad && MENDING.contains(&rule.code())) {
        for told in example.judge().findings.iter().filter(|told| told.finding.code == rule.code()) {
            let (Some(fix), Some(path)) = (&told.finding.fix, told.finding.place.path()) else { continue };
            if fix.edits.is_empty() {
                continue;
            }
            let mut sample = example.sample.clone();
            let text = edited(str::from_utf8(&sample.head[path]).unwrap(), &fix.edits);
            let shown = format!("{}: {}\n{text}", at(rule, &example), told.finding.headline);
            assert_eq!(Module::parse(&Text::new(&text)).fault(), None, "{shown}");
            sample.head.insert(path.to_owned(), text.into_bytes());
            let again = sample.judge();
            assert!(!again.findings.iter().any(|still| still.fingerprint == told.fingerprint), "{shown}");
            mended.push(rule.code());
        }
    }
    assert!(MENDING.iter().all(|code| mended.contains(code)), "{mended:?}");
}

fn edited(text: &str, edits: &[Edit]) -> String {
    let mut sorted: Vec<&Edit> = edits.iter().collect();
    sorted.sort_by_key(|edit| Reverse((edit.span.start.line, edit.span.start.column)));
    let mut text = text.to_owned();
    for edit in sorted {
        let bytes = offset(&text, edit.span.start)..offset(&text, edit.span.end);
        text.replace_range(bytes, &edit.replacement);
    }
    text
}

fn offset(text: &str, at: Position) -> usize {
    let above: usize = text.split_inclusive('\n').take(at.line as usize - 1).map(str::len).sum();
    let before = text[above..].chars().take(at.column as usize - 1);
    above + before.map(char::len_utf8).sum::<usize>()
}
