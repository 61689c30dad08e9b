//! The page is the test: every example of every rule's page reports exactly the marked lines, a good one is clean for
//! every rule of its family, and what stands there as good is code that parses.

mod examples;
mod fixes;

use red_panda::engine::fixes as fixing;
use red_panda::model::catalogue::Family;
use red_panda::model::finding::Place;
use red_panda::model::judgement::Judgement;
use red_panda::rules::{self, Rule};
use red_panda::source::Text;
use red_panda::standin::sample::Files;
use red_panda::syntax::dotenv::{Content, EnvFile};
use red_panda::syntax::python::Module;
use red_panda::syntax::yaml::Yaml;

use examples::{Example, Expected, examples};

/// Every example of every page.
fn all() -> impl Iterator<Item = (&'static Rule, Example)> {
    let of_rule =
        |rule| examples(rule).unwrap_or_else(|fault| panic!("{fault}")).into_iter().map(move |e| (rule, e));
    rules::all().into_iter().flat_map(of_rule)
}

fn at(rule: &Rule, example: &Example) -> String {
    format!("{} line {}", rule.code(), example.first_line)
}

/// What the rule itself says.
fn reported(rule: &Rule, judgement: &Judgement) -> Vec<Expected> {
    let not_run: Vec<_> = judgement.not_looked_at.iter().filter(|n| n.path == rule.code()).collect();
    assert!(not_run.is_empty(), "{}: {not_run:?}", rule.code());
    let own = judgement.findings.iter().filter(|r| r.finding.code == rule.code());
    own.map(|r| {
        let line = r.finding.place.span().map_or(0, |s| s.start.line);
        let path = match &r.finding.place {
            Place::Repository => String::new(),
            place => place.path().unwrap_or("").to_owned(),
        };
        (path, line, r.finding.severity.to_string())
    })
    .collect()
}

#[test]
fn every_example_of_every_page_reports_exactly_its_marked_lines() {
    let mut wrong = Vec::new();
    for (rule, example) in all() {
        let mut expected = example.expected.clone();
        let mut found = reported(rule, &example.judge());
        expected.sort();
        found.sort();
        if example.bad == expected.is_empty() {
            wrong.push(format!("{}: bad examples mark lines, good ones do not", at(rule, &example)));
        }
        if expected != found {
            wrong.push(format!("{}: expected {expected:?}, found {found:?}", at(rule, &example)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_page_has_a_bad_and_a_good_example() {
    for rule in rules::all() {
        let examples = examples(rule).unwrap();
        assert!(examples.iter().any(|e| e.bad) && examples.iter().any(|e| e.good), "{}", rule.code());
    }
}

#[test]
fn a_good_example_is_clean_for_its_whole_family() {
    let mut wrong = Vec::new();
    for (rule, example) in all().filter(|(_, example)| example.good) {
        let judgement = example.judge();
        assert!(judgement.files > 0, "{}: nothing was looked at", at(rule, &example));
        let family = judgement
            .findings
            .iter()
            .map(|r| &r.finding)
            .filter(|f| Family::of_code(f.code) == rule.entry.family());
        let (but, family): (Vec<_>, Vec<_>) =
            family.partition(|f| example.but.iter().any(|code| code == f.code));
        let said = family.iter().map(|f| format!("{}: {}: {}", at(rule, &example), f.code, f.headline));
        wrong.extend(said);
        let idle = example.but.iter().filter(|code| !but.iter().any(|f| f.code == code.as_str()));
        wrong.extend(idle.map(|code| format!("{}: {code} has nothing to say", at(rule, &example))));
        wrong.extend(judgement.not_looked_at.iter().map(|n| format!("{}: {n:?}", at(rule, &example))));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Why a block is not what its language says.
fn fault(language: &str, path: &str, text: &str) -> Option<String> {
    let text = Text::new(text);
    match language {
        "py" => Module::parse(&text).fault().map(|fault| format!("{fault:?}")),
        "yaml" => Yaml::parse(&text).broken_at().map(|line| format!("line {line} does not parse")),
        "env" => {
            let file = EnvFile::parse(&text);
            let other = file.lines().iter().find(|line| line.content == Content::Other);
            other.map(|line| format!("line {} is no assignment", line.number))
        }
        _ if [".py", ".yml", ".yaml"].iter().any(|end| path.ends_with(end)) => {
            Some(format!("is shown as {language}"))
        }
        _ => None,
    }
}

#[test]
fn what_a_page_shows_as_good_parses() {
    let (mut parsed, mut wrong) = (0, Vec::new());
    for (rule, example) in all().filter(|(_, example)| example.good) {
        for (language, path, text) in &example.shown {
            parsed += usize::from(matches!(language.as_str(), "py" | "yaml" | "env"));
            let fault = fault(language, path, text);
            wrong.extend(fault.map(|fault| format!("{}: {path}: {fault}", at(rule, &example))));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(parsed > 120, "only {parsed} blocks were parsed");
}

#[test]
fn a_block_that_does_not_parse_is_told() {
    assert!(fault("py", "a.py", "def f(:\n").is_some());
    assert!(fault("yaml", "a.yml", "a: [\n").is_some());
    assert!(fault("env", ".env", "A=1\nno assignment\n").is_some());
    assert!(fault("text", "a.py", "def f(:\n").is_some());
    assert_eq!(fault("sh", ".envrc", "use flake\n"), None);
}

/// Of a page's prose, without its settings and what other tools call it.
fn says(page: &str, severity: &str) -> bool {
    let (mut in_block, mut counts) = (false, true);
    page.lines().any(|line| {
        in_block ^= line.starts_with("```");
        if line.starts_with("## ") {
            counts = !matches!(line, "## Settings" | "## Other tools");
        }
        let mut words = line.split(|c: char| !c.is_alphabetic());
        counts && !in_block && words.any(|word| word.to_lowercase().trim_end_matches('s') == severity)
    })
}

#[test]
fn a_severity_that_is_not_the_main_one_is_said_in_the_page_s_prose() {
    let mut wrong = Vec::new();
    for (rule, example) in all() {
        let main = rule.entry.severity.to_string();
        let others = example.expected.iter().map(|(_, _, severity)| severity).filter(|s| **s != main);
        wrong.extend(others.filter(|s| !says(rule.page, s)).map(|s| format!("{}: {s}", at(rule, &example))));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The head of every example of every page, with where it stands.
pub(crate) fn heads() -> Vec<(String, Files)> {
    all().map(|(rule, example)| (at(rule, &example), example.sample.head)).collect()
}

/// Fixes that collide wait for the next round.
const ROUNDS: usize = 10;

/// Puts in the safe fixes of one rule until it has none; how many were put in, and what is wrong with them.
fn fixed(rule: &Rule, example: &mut Example) -> (usize, Vec<String>) {
    let mut put_in = 0;
    for _ in 0..ROUNDS {
        let mut judgement = example.judge();
        judgement.findings.retain(|reported| reported.finding.code == rule.code());
        let before = judgement.findings.len();
        let head = example.sample.head.clone();
        let text = |path: &str| Some(Text::new(std::str::from_utf8(head.get(path)?).ok()?));
        let files = fixing::put_in(&judgement, &text);
        let fixed: usize = files.iter().map(|file| file.fixed.len()).sum();
        if fixed == 0 {
            let breaks = files.iter().flat_map(|file| &file.broken);
            return (put_in, breaks.map(|f| format!("{} no longer parses", f.subject)).collect());
        }
        for file in files {
            example.sample.head.insert(file.path, file.text.as_str().as_bytes().to_vec());
        }
        let after = reported(rule, &example.judge()).len();
        if after + fixed > before {
            return (put_in, vec![format!("{fixed} of {before} fixed, {after} left")]);
        }
        put_in += fixed;
    }
    (put_in, vec!["it does not settle".to_owned()])
}

#[test]
fn a_safe_fix_of_a_page_leaves_a_file_that_parses_and_no_longer_reports() {
    let (mut all_fixed, mut wrong) = (0, Vec::new());
    for (rule, mut example) in all().filter(|(_, example)| example.bad) {
        let at = at(rule, &example);
        let (put_in, faults) = fixed(rule, &mut example);
        all_fixed += put_in;
        wrong.extend(faults.into_iter().map(|fault| format!("{at}: {fault}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(all_fixed > 25, "only {all_fixed} were put in");
}
