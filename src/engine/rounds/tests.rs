use super::*;
use crate::engine::Engine;
use crate::model::catalogue::Entry;
use crate::model::finding::{Confidence, Severity};
use crate::model::judgement::Verdict;
use crate::rules::Against;
use crate::standin::sample::{Sample, files};

const SETTINGS: &str = "a/settings.py";
const FAULT: &str = "CELERY_BROKER_URL = \"amqp://grove:change#me@rabbit:5672/grove\"";

const IGNORES: (&str, &str) = (".gitignore", ".env\n");

/// A change with one finding.
fn faulty() -> Sample {
    Sample::new(&[IGNORES], &[IGNORES, (SETTINGS, FAULT)])
}

/// What the catalogue would say of the rule of a story.
static STORY: Entry = Entry {
    code: "XXX001",
    name: "of-a-story",
    severity: Severity::Error,
    confidence: Confidence::Certain,
    essential: false,
    always_on: false,
    tells_unparsed: false,
};

const fn rule(looks: &'static [Look]) -> Rule {
    Rule { entry: &STORY, page: "", against: Against::ChangedLines, looks, wants: None }
}

/// Judges with one more rule, and says what could not be looked at.
fn judged_with(sample: &Sample, rule: &'static Rule) -> (Judgement, String) {
    let mut engine: Engine = sample.engine();
    engine.rules.push((rule, Progress::Waiting));
    let (judgement, _) = sample.drive(&mut engine, &|| false);
    let reasons: Vec<String> = judgement.not_looked_at.iter().map(|n| n.reason.clone()).collect();
    (judgement, reasons.join("; "))
}

fn codes(judgement: &Judgement) -> Vec<&str> {
    judgement.findings.iter().map(|r| r.finding.code).collect()
}

#[test]
fn a_rule_that_panics_is_named_and_the_others_report() {
    static PANICS: Rule = rule(&[Look::Change(|_| panic!("as the story wants it"))]);
    let (judgement, reasons) = judged_with(&faulty(), &PANICS);
    assert_eq!(codes(&judgement), ["CEL001"]);
    assert!(reasons.contains("XXX001 did not run: it failed on this change"), "{reasons}");
    let (judgement, _) = judged_with(&Sample::new(&[], &[("a.py", "x = 1\n")]), &PANICS);
    assert_eq!(judgement.verdict(), Verdict::Incomplete);
}

#[test]
fn a_rule_that_never_has_enough_is_not_run_and_the_others_report() {
    static ASKS: Rule = rule(&[Look::Change(|context| {
        let read = (0..).find_map(|n| context.here.text(&format!("more/{n}")).err());
        read.map_or(Ok(Vec::new()), Err)
    })]);
    let mut sample = faulty();
    sample.head.extend((0..40).map(|n| (format!("more/{n}"), vec![b'x'; n + 1])));
    sample.base = sample.head.clone();
    sample.base.remove(SETTINGS);
    let (judgement, reasons) = judged_with(&sample, &ASKS);
    assert_eq!(codes(&judgement), ["CEL001"]);
    assert_eq!(reasons, "the rules ask for more files than 8 rounds of reading give: not run: XXX001");
}

#[test]
fn without_time_no_rule_runs_and_nothing_is_green() {
    let sample = Sample::new(&[], &[("a.py", "x = 1\n")]);
    let (judgement, _) = sample.drive(&mut sample.engine(), &|| true);
    assert_eq!(judgement.verdict(), Verdict::Incomplete);
    assert_eq!(judgement.not_looked_at.len(), judgement.rules);
}

/// Each note is as long as a file may be; all of them are longer than a run may read.
fn with_notes(mut sample: Sample) -> Sample {
    let note = |n: u8| (format!("notes/{n}.txt"), vec![b'!' + n; 2 << 20]);
    sample.head.extend((0..33).map(note));
    sample
}

#[test]
fn what_rests_on_a_base_that_was_not_read_is_not_reported() {
    let edited = format!("{FAULT}  # of the grove\n");
    let sample = with_notes(Sample {
        base: files(&[(SETTINGS, FAULT)]),
        head: files(&[(SETTINGS, &edited)]),
        ..Sample::default()
    });
    let judgement = sample.judge();
    assert_eq!(codes(&judgement), Vec::<&str>::new());
    assert_eq!(judgement.verdict(), Verdict::Incomplete);
    let reasons: Vec<&str> = judgement.not_looked_at.iter().map(|n| n.reason.as_str()).collect();
    assert_eq!(reasons, ["the rules ask for files that are longer than 64 MiB together: no rule was run"]);
}

#[test]
fn what_the_trees_tell_to_be_too_long_is_not_asked_for() {
    let sample = with_notes(faulty());
    let mut engine = sample.engine();
    let mut asked = 0;
    let judgement = loop {
        match engine.step(&|| false) {
            Step::Done(judgement) => break judgement,
            Step::Need(wants) => {
                asked += wants.iter().filter(|want| matches!(want, Want::File { .. })).count();
                wants.iter().for_each(|want| sample.supply(&mut engine, want));
            }
        }
    };
    assert_eq!(asked, 0);
    let reasons: Vec<&str> = judgement.not_looked_at.iter().map(|n| n.reason.as_str()).collect();
    assert_eq!(reasons, ["the rules ask for files that are longer than 64 MiB together: no rule was run"]);
}

/// The tree of a sum is as deep as it has terms: a thread of a runtime has no stack for it.
#[test]
fn a_deep_tree_may_be_let_go_of_on_a_small_stack() {
    let sum = format!("x = {}1\n", "1 + ".repeat(2_900));
    let sample = Sample::new(&[], &[(SETTINGS, &sum)]);
    let mut engine = sample.engine();
    let (judgement, _) = sample.drive(&mut engine, &|| false);
    assert_eq!(judgement.not_looked_at, [], "it was parsed");
    let small = std::thread::Builder::new().stack_size(64 << 10).spawn(move || drop(engine)).unwrap();
    small.join().unwrap();
}
