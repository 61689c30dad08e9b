//! FRM001 to FRM003 against Django itself: the lists that they write are the fields that Django's forms have, and what
//! FRM003 calls an error is what Django refuses. The table is `tests/data/model_forms.json`.

use std::collections::BTreeMap;

use red_panda::model::finding::{Finding, Severity};
use red_panda::standin::sample::Sample;
use serde::Deserialize;

#[derive(Deserialize)]
struct Case {
    case: String,
    models: String,
    forms: String,
    django: BTreeMap<String, Answer>,
}

/// The fields of a form, or Django's error.
#[derive(Deserialize)]
#[serde(untagged)]
enum Answer {
    Fields(Vec<String>),
    Error(String),
}

fn cases() -> Vec<Case> {
    serde_json::from_str(include_str!("../data/model_forms.json")).unwrap()
}

/// What is said of the forms of a case.
fn found(case: &Case) -> Vec<Finding> {
    let files = [("manage.py", ""), ("blog/models.py", &*case.models), ("blog/forms.py", &*case.forms)];
    let judgement = Sample::new(&[("manage.py", "")], &files).judge();
    assert!(judgement.not_looked_at.is_empty(), "{}: {:?}", case.case, judgement.not_looked_at);
    let findings = judgement.findings.into_iter().map(|reported| reported.finding);
    findings.filter(|finding| finding.code.starts_with("FRM")).collect()
}

/// The form that a finding is about, by its name in the table.
fn form<'a>(case: &'a Case, finding: &Finding) -> &'a str {
    let line = finding.place.span().unwrap().start.line as usize;
    let names = case.forms.lines().take(line).filter_map(|line| {
        let class = line.strip_prefix("class ").and_then(|rest| rest.split('(').next());
        class.or_else(|| line.split_once(" = ").map(|(name, _)| name).filter(|name| !name.contains(' ')))
    });
    names.last().unwrap()
}

#[test]
fn the_list_that_is_written_is_the_form_that_django_makes() {
    let mut lists = 0;
    for case in cases() {
        for finding in found(&case) {
            let list =
                finding.fix.iter().flat_map(|fix| &fix.edits).find(|edit| edit.replacement.contains('['));
            let (Some(edit), Answer::Fields(fields)) = (list, &case.django[form(&case, &finding)]) else {
                continue;
            };
            let written: Vec<&str> = edit.replacement.split('"').skip(1).step_by(2).collect();
            assert_eq!(&written, fields, "{}: {}", case.case, finding.headline);
            lists += 1;
        }
    }
    assert!(lists > 35, "only {lists} lists");
}

#[test]
fn a_form_without_a_list_is_one_that_django_refuses() {
    let is_error = |finding: &Finding| finding.code == "FRM003" && finding.severity == Severity::Error;
    for case in cases() {
        let said = found(&case);
        let told: Vec<&str> =
            said.iter().filter(|it| is_error(it)).map(|finding| form(&case, finding)).collect();
        let refused =
            |answer: &Answer| matches!(answer, Answer::Error(error) if error == "ImproperlyConfigured");
        let want = case.django.iter().filter(|(_, answer)| refused(answer)).map(|(name, _)| name.as_str());
        let mut told_sorted = told.clone();
        told_sorted.sort_unstable();
        assert_eq!(told_sorted, want.collect::<Vec<_>>(), "{}", case.case);
    }
}
