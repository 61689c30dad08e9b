use std::cell::Cell;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use super::*;
use crate::model::catalogue::Entry;
use crate::model::finding::{Confidence, Severity};
use crate::model::judgement::Verdict;
use crate::rules::{Against, Found, Look, Reading, Rule};
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
    Rule { entry: &STORY, page: "", against: Against::ChangedLines, looks }
}

thread_local! {
    /// How long this thread has computed, as far as a story wants it.
    static COMPUTED: Cell<Duration> = const { Cell::new(Duration::ZERO) };
}

fn computed() -> Duration {
    COMPUTED.get()
}

/// Computes for as long as a story wants it, which takes no time.
fn compute(time: Duration) {
    COMPUTED.set(COMPUTED.get() + time);
}

/// Judges with one more rule, and says what could not be looked at.
fn judged_with(sample: &Sample, rule: &'static Rule) -> (Judgement, String) {
    let mut engine: Engine = sample.engine();
    engine.runner.rules.push(rule);
    let (judgement, _) = sample.drive(&mut engine, &computed);
    let reasons: Vec<String> = judgement.not_looked_at.iter().map(|n| n.reason.clone()).collect();
    (judgement, reasons.join("; "))
}

fn codes(judgement: &Judgement) -> Vec<&str> {
    judgement.findings.iter().map(|r| r.finding.code).collect()
}

#[test]
fn a_rule_that_panics_is_named_and_the_others_report() {
    static PANICS: Rule = rule(&[Look::Change(|_| Reading::InPassing, |_| panic!("as the story wants it"))]);
    let (judgement, reasons) = judged_with(&faulty(), &PANICS);
    assert_eq!(codes(&judgement), ["CEL001"]);
    assert!(reasons.contains("XXX001 did not run: it failed on this change"), "{reasons}");
    let (judgement, _) = judged_with(&Sample::new(&[], &[("a.py", "x = 1\n")]), &PANICS);
    assert_eq!(judgement.verdict(), Verdict::Incomplete);
}

#[test]
fn a_rule_that_never_has_enough_is_not_run_and_the_others_report() {
    static ASKS: Rule = rule(&[Look::Change(
        |_| Reading::InPassing,
        |context| {
            let read = (0..).find_map(|n| context.here.text(&format!("more/{n}")).err());
            read.map_or(Ok(Vec::new()), Err)
        },
    )]);
    let mut sample = faulty();
    sample.head.extend((0..40).map(|n| (format!("more/{n}"), vec![b'x'; n + 1])));
    sample.base = sample.head.clone();
    sample.base.remove(SETTINGS);
    let (judgement, reasons) = judged_with(&sample, &ASKS);
    assert_eq!(codes(&judgement), ["CEL001"]);
    assert_eq!(reasons, "the rules ask for more files than 32 rounds of reading give: not run: XXX001");
}

#[test]
fn a_rule_that_panics_on_one_file_reports_of_the_others() {
    static PANICS: Rule = rule(&[Look::File(
        |path| Reading::Alone.when(path.ends_with(".py")),
        |_, file| if file.path == "b.py" { panic!("as the story wants it") } else { Ok(Vec::new()) },
    )]);
    let sample = Sample::new(&[], &[("a.py", ""), ("b.py", ""), ("c.py", "")]);
    let (_, reasons) = judged_with(&sample, &PANICS);
    assert_eq!(
        reasons,
        "XXX001 did not run on b.py: it failed on this change, which is a fault of Red Panda"
    );
}

/// What the rules compute is counted, each pair of a rule and a file for itself, and nothing else is.
#[test]
fn past_its_time_a_run_looks_at_no_more_files_and_nothing_is_green() {
    static COMPUTES: Rule =
        rule(&[Look::File(|path| Reading::Alone.when(path.ends_with(".txt")), |_, _| slow(25))]);
    let files: Vec<(String, Vec<u8>)> = (0..9).map(|n| (format!("{n}.txt"), vec![b'0' + n])).collect();
    let sample = Sample { head: files.into_iter().collect(), ..Sample::default() };
    let mut engine = sample.engine();
    engine.runner.rules = vec![&COMPUTES];
    engine.pool = Arc::new(Pool::new(1));
    let (judgement, _) = sample.drive(&mut engine, &computed);
    assert_eq!(judgement.verdict(), Verdict::Incomplete);
    let reason = &judgement.not_looked_at[0].reason;
    assert_eq!(reason, "XXX001 did not run on 3.txt and 5 more files: the time of the run was used up");
}

/// Finds nothing, in so many seconds.
fn slow(seconds: u64) -> Found {
    compute(Duration::from_secs(seconds));
    Ok(Vec::new())
}

/// A run with one rule that does not end holds up none of seven others on two threads, nor does its time count for
/// them.
#[test]
fn a_slow_run_holds_up_nobody() {
    static UNTIL_ALL_ARE_DONE: Mutex<Option<Receiver<()>>> = Mutex::new(None);
    static SLOW: Rule = rule(&[Look::Change(
        |_| Reading::InPassing,
        |_| {
            let all_done = UNTIL_ALL_ARE_DONE.lock().unwrap().take().unwrap();
            assert!(all_done.recv().is_err());
            slow(3_600)
        },
    )]);
    static QUICK: Rule = rule(&[Look::File(|_| Reading::InPassing, |_, _| slow(1))]);
    let (running, all_done) = channel();
    *UNTIL_ALL_ARE_DONE.lock().unwrap() = Some(all_done);
    let pool = Arc::new(Pool::new(2));
    let judged = |rules: Vec<&'static Rule>| {
        let sample = faulty();
        let mut engine = sample.engine();
        engine.runner.rules.splice(0..0, rules);
        engine.pool = pool.clone();
        sample.drive(&mut engine, &computed).0
    };
    thread::scope(|scope| {
        let slow = scope.spawn(|| judged(vec![&SLOW]));
        let others: Vec<_> = (0..7).map(|_| scope.spawn(|| judged(vec![&QUICK]))).collect();
        for other in others {
            let judgement = other.join().unwrap();
            assert_eq!(codes(&judgement), ["CEL001"]);
            assert_eq!(judgement.not_looked_at, []);
        }
        drop(running);
        assert_eq!(codes(&slow.join().unwrap()), ["CEL001"]);
    });
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
    let (judgement, asked) = sample.drive(&mut engine, &computed);
    assert_eq!(asked.contents, 0);
    let reasons: Vec<&str> = judgement.not_looked_at.iter().map(|n| n.reason.as_str()).collect();
    assert_eq!(reasons, ["the rules ask for files that are longer than 64 MiB together: no rule was run"]);
}

/// Whoever looks at a project of their own waits as long as it takes.
#[test]
fn on_a_person_s_own_machine_more_is_read() {
    let sample = faulty();
    let judged = |bounds: Bounds| {
        let (judgement, _) = sample.drive(&mut Engine::new(Input { bounds, ..sample.input() }), &computed);
        (codes(&judgement).len(), judgement.not_looked_at.len())
    };
    for tight in [Bounds { bytes: 8, ..Bounds::LOCAL }, Bounds { rounds: 0, ..Bounds::LOCAL }] {
        assert_eq!(judged(tight), (0, 1), "{tight:?}");
    }
    assert_eq!(judged(Bounds::LOCAL), (1, 0));
    let (forge, local) = (Bounds::FORGE, Bounds::LOCAL);
    assert!(forge.bytes < local.bytes && forge.rounds < local.rounds && forge.time < local.time);
}

/// The tree of a sum is as deep as it has terms: a thread of a runtime has no stack for it.
#[test]
fn a_deep_tree_may_be_let_go_of_on_a_small_stack() {
    let sum = format!("x = {}1\n", "1 + ".repeat(2_900));
    let sample = Sample::new(&[], &[(SETTINGS, &sum)]);
    let mut engine = sample.engine();
    let (judgement, _) = sample.drive(&mut engine, &computed);
    assert_eq!(judgement.not_looked_at, [], "it was parsed");
    let small = std::thread::Builder::new().stack_size(64 << 10).spawn(move || drop(engine)).unwrap();
    small.join().unwrap();
}

/// A fixture and a program are nobody's concern; settings that were not looked at are never green.
#[test]
fn only_what_a_rule_has_to_understand_is_missed() {
    let long = "x".repeat(3 << 20);
    let missed = |path: &str| {
        let judgement = Sample::new(&[], &[(path, &long)]).judge();
        judgement.not_looked_at.into_iter().map(|n| n.reason).collect::<Vec<_>>()
    };
    for path in ["fixtures/items.json", "CHANGES.md", "static/app.js", "bin/tool", "static/logo.png"] {
        assert!(missed(path).is_empty(), "{path}");
    }
    for path in ["config/settings.py", "compose.yaml", "deploy/app.toml", "Dockerfile", ".env.example"] {
        assert_eq!(missed(path), ["it is larger than 2 MiB"], "{path}");
    }
}
