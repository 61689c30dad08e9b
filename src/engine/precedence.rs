//! One cause, one finding: where two rules speak of the same spot for the same reason, the first is heard.

use std::collections::BTreeMap;

use crate::model::finding::{Finding, Place, Span};
use crate::model::judgement::Reported;

/// How near two findings of a pair have to stand to be of one cause.
#[derive(Clone, Copy, Debug)]
enum Spot {
    /// They share a line.
    Line,
    /// They stand in one file.
    File,
}

/// Who is heard, who is not, and where.
const PAIRS: &[(&str, &str, Spot)] = &[
    // A secret is one fault, whatever it is written into.
    ("SEC001", "SEC006", Spot::Line),
    ("SEC001", "SEC005", Spot::Line),
    ("SEC006", "SEC005", Spot::Line),
    ("ENV005", "SEC005", Spot::Line),
    ("ENV001", "SEC005", Spot::File),
    // Settings that take over others are too many settings, not a careless import.
    ("SET001", "STY005", Spot::Line),
    ("MOD009", "MOD008", Spot::Line),
    ("CCH004", "CCH001", Spot::Line),
    ("STY003", "STY004", Spot::File),
    // A soft delete by another name, a prefetch that is thrown away: what it is for says more than its form.
    ("MOD018", "MOD011", Spot::Line),
    ("QRY003", "QRY001", Spot::Line),
    // A route tells the id to everybody; the link to it follows.
    ("URL001", "URL008", Spot::Line),
    ("URL001", "URL002", Spot::Line),
];

/// What is left when the second of each pair is silent.
pub(super) fn heard(mut reported: Vec<Reported>) -> Vec<Reported> {
    for (first, second, spot) in PAIRS {
        let mut places: BTreeMap<String, Vec<Option<Span>>> = BTreeMap::new();
        for finding in reported.iter().map(|r| &r.finding).filter(|finding| finding.code == *first) {
            if let Some(path) = finding.place.path() {
                places.entry(path.to_owned()).or_default().push(finding.place.span());
            }
        }
        if places.is_empty() {
            continue;
        }
        let is_told = |finding: &Finding| {
            let spans = finding.place.path().and_then(|path| places.get(path));
            spans.is_some_and(|spans| match spot {
                Spot::File => true,
                Spot::Line => spans.iter().any(|span| share_a_line(*span, &finding.place)),
            })
        };
        reported.retain(|r| r.finding.code != *second || !is_told(&r.finding));
    }
    reported
}

fn share_a_line(span: Option<Span>, place: &Place) -> bool {
    let Some((first, second)) = span.zip(place.span()) else { return false };
    let (first, second) = (first.lines(), second.lines());
    first.start < second.end && second.start < first.end
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::catalogue;
    use crate::model::finding::{Confidence, Fingerprint, NodeText, Severity};

    fn finding(code: &'static str, path: &str, line: u32) -> Reported {
        let finding = Finding {
            code,
            severity: Severity::Error,
            confidence: Confidence::Certain,
            place: Place::Head { path: path.to_owned(), span: Span::line(line, 9) },
            cause: None,
            subject: code.to_owned(),
            node: NodeText::Open(String::new()),
            headline: String::new(),
            consequence: String::new(),
            fix: None,
        };
        Reported { fingerprint: Fingerprint::of(&finding, 0), finding }
    }

    fn left(findings: &[(&'static str, &str, u32)]) -> Vec<&'static str> {
        let all = findings.iter().map(|(code, path, line)| finding(code, path, *line)).collect();
        heard(all).into_iter().map(|r| r.finding.code).collect()
    }

    #[test]
    fn of_two_that_speak_of_one_line_the_first_is_heard() {
        assert_eq!(left(&[("SEC005", "a.py", 3), ("SEC001", "a.py", 3)]), ["SEC001"]);
        assert_eq!(left(&[("SEC005", "a.py", 4), ("SEC001", "a.py", 3)]), ["SEC005", "SEC001"]);
        assert_eq!(left(&[("SEC005", "b.py", 3), ("SEC001", "a.py", 3)]), ["SEC005", "SEC001"]);
        assert_eq!(left(&[("SEC005", "a.py", 3)]), ["SEC005"]);
    }

    #[test]
    fn where_a_file_is_the_cause_the_line_does_not_matter() {
        assert_eq!(left(&[("STY003", "a.py", 1), ("STY004", "a.py", 9)]), ["STY003"]);
    }

    #[test]
    fn every_pair_names_rules_and_leads_in_no_circle() {
        for (first, second, _) in PAIRS {
            assert!(catalogue::of_code(first).is_some() && catalogue::of_code(second).is_some());
            assert!(!PAIRS.iter().any(|(a, b, _)| a == second && b == first), "{first} {second}");
        }
    }
}
