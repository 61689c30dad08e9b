//! The safe fixes of a judgement, put into the texts that they are about.

use std::collections::BTreeMap;

use crate::model::finding::{Edit, Finding, FixSafety};
use crate::model::judgement::Judgement;
use crate::source::{Text, edit};
use crate::syntax::python::Module;
use crate::syntax::yaml::Yaml;

use super::pool::on_large_stack;

/// What became of one file.
#[derive(Clone, Debug)]
pub struct FileFix {
    pub path: String,
    /// With what was put in; the text as it was where nothing could be.
    pub text: Text,
    /// Findings whose fix was put in.
    pub fixed: Vec<Finding>,
    /// Findings whose fix leaves a file that does not parse any more.
    pub broken: Vec<Finding>,
}

/// Puts in every safe fix but those that collide with an earlier one: they wait for the next judgement. `text`: head's
/// text of a file that may be changed.
pub fn put_in(judgement: &Judgement, text: &(dyn Fn(&str) -> Option<Text> + Sync)) -> Vec<FileFix> {
    let mut files: BTreeMap<&str, Vec<&Finding>> = BTreeMap::new();
    for finding in judgement.findings.iter().map(|reported| &reported.finding) {
        if let Some(path) = finding.place.path().filter(|_| is_safe(finding)) {
            files.entry(path).or_default().push(finding);
        }
    }
    // It parses what it made, and that recurses.
    on_large_stack(|| {
        let fixed = files.iter().filter_map(|(path, findings)| Some(put_into(path, &text(path)?, findings)));
        fixed.collect()
    })
}

/// Has it a fix that needs nobody's judgement?
pub fn is_safe(finding: &Finding) -> bool {
    finding.fix.as_ref().is_some_and(|fix| fix.safety == FixSafety::Safe && !fix.edits.is_empty())
}

fn edits(finding: &Finding) -> &[Edit] {
    finding.fix.as_ref().map_or(&[], |fix| &fix.edits)
}

fn put_into(path: &str, text: &Text, findings: &[&Finding]) -> FileFix {
    let mut chosen: Vec<&Finding> = Vec::new();
    let mut broken: Vec<&Finding> = Vec::new();
    for finding in findings {
        let collides = |other: &&Finding| collide(edits(finding), edits(other));
        if !chosen.iter().any(collides) {
            chosen.push(finding);
        }
    }
    let parsed = parses(path, text);
    let good = |text: &Text| !parsed || parses(path, text);
    let mut new = edited(text, &chosen).filter(good);
    if new.is_none() {
        let is_good_alone = |finding: &&Finding| edited(text, &[finding]).is_some_and(|text| good(&text));
        (chosen, broken) = chosen.into_iter().partition(is_good_alone);
        new = edited(text, &chosen).filter(good);
    }
    if new.is_none() {
        // Each is good, and together they are not.
        broken.append(&mut chosen);
    }
    let own = |findings: Vec<&Finding>| findings.into_iter().cloned().collect();
    let text = new.unwrap_or_else(|| text.clone());
    FileFix { path: path.to_owned(), text, fixed: own(chosen), broken: own(broken) }
}

fn collide(a: &[Edit], b: &[Edit]) -> bool {
    a.iter().any(|a| b.iter().any(|b| edit::collide(a, b)))
}

/// The text with the edits of all findings; one that several have is put in once.
fn edited(text: &Text, findings: &[&Finding]) -> Option<Text> {
    let mut all: Vec<Edit> = Vec::new();
    for edit in findings.iter().flat_map(|finding| edits(finding)) {
        if !all.contains(edit) {
            all.push(edit.clone());
        }
    }
    edit::apply(text, &all).map(|text| Text::new(&text))
}

/// Of a language that nobody here parses anything does.
fn parses(path: &str, text: &Text) -> bool {
    match path.rsplit_once('.').map(|(_, end)| end) {
        Some("py") => Module::parse(text).fault().is_none(),
        Some("yml" | "yaml") => Yaml::parse(text).broken_at().is_none(),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::catalogue::MIG004;
    use crate::model::finding::{Fingerprint, Fix, NodeText, Place, Position, Span};
    use crate::model::judgement::Reported;
    use crate::rules::{Against, Rule};
    use crate::standin::sample::Sample;

    const RULE: Rule = Rule { entry: &MIG004, page: "", against: Against::Nothing, looks: &[] };

    /// A finding whose fix replaces some columns of the first line of `a.py`.
    fn finding(columns: (u32, u32), replacement: &str) -> Finding {
        let at = |column| Position { line: 1, column };
        let span = Span { start: at(columns.0), end: at(columns.1) };
        let edits = vec![Edit { span, replacement: replacement.to_owned() }];
        let place = Place::Head { path: "a.py".to_owned(), span };
        let fix = Fix { safety: FixSafety::Safe, text: String::new(), edits };
        RULE.finding(place, replacement, NodeText::Open(String::new()), "", "").with_fix(fix)
    }

    fn fixed(text: &str, findings: &[Finding]) -> FileFix {
        let mut judgement = Sample::default().judge();
        let reported = |finding: &Finding| Reported {
            fingerprint: Fingerprint::of(finding, 0),
            finding: finding.clone(),
        };
        judgement.findings = findings.iter().map(reported).collect();
        put_in(&judgement, &|_| Some(Text::new(text))).remove(0)
    }

    #[test]
    fn of_edits_that_collide_the_first_wins_and_one_that_several_want_is_put_in_once() {
        let file = fixed(
            "x = 1\n",
            &[finding((5, 6), "2"), finding((5, 6), "3"), finding((1, 1), "# \n"), finding((1, 1), "# \n")],
        );
        assert_eq!((file.text.as_str(), file.fixed.len()), ("# \nx = 2\n", 3));
        assert!(file.broken.is_empty());
    }

    #[test]
    fn what_no_longer_parses_is_named_and_the_others_are_put_in() {
        let file = fixed("x = 1\n", &[finding((1, 2), "y"), finding((5, 6), "(")]);
        assert_eq!(file.text.as_str(), "y = 1\n");
        assert_eq!((file.fixed.len(), file.broken.len()), (1, 1));
        assert_eq!(fixed("x = \n", &[finding((1, 2), "y")]).text.as_str(), "y = \n", "it was broken before");
    }
}
