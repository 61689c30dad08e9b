//! The page is the test: every example of every rule's page reports exactly the marked lines.
//!
//! A fenced block with a path is an example's file: ```` ```py blog/models.py bad ````. Its words:
//! `bad` (its marked lines must be reported, and nothing else), `good` (nothing may be reported), `with` (just there),
//! `base` (the file at the merge base; at head too, unless another block or `deleted` says otherwise), `tip` (at the
//! target's tip), `deployed` (at the deployed ref `production`), `commit` (in an earlier commit of the change),
//! `deleted`, `from=OLD/PATH` (renamed), `symlink`, `in=NAME` (blocks of one example share a name), and `◀` (the file
//! as a whole is reported). A line ends with `◀` when it must be reported; `◀ warning` says how.

use std::collections::BTreeMap;

use red_panda::model::finding::{Place, Severity};
use red_panda::project::migrations::deployed::Evidence;
use red_panda::rules::example::MARK;
use red_panda::rules::{self, Rule};
use red_panda::standin::sample::{Files, Sample};

/// Path, line (0: the file as a whole), severity.
type Expected = (String, u32, String);

#[derive(Default)]
struct Example {
    sample: Sample,
    base_only: Files,
    deleted: Vec<String>,
    expected: Vec<Expected>,
    bad: bool,
    first_line: usize,
}

fn severity_of(mark: &str, rule: &Rule) -> String {
    let word = mark.split_whitespace().find(|w| matches!(*w, "error" | "warning" | "advice"));
    word.map_or_else(|| rule.entry.severity.to_string(), str::to_owned)
}

fn examples(rule: &Rule) -> Vec<Example> {
    let mut found: BTreeMap<String, Example> = BTreeMap::new();
    let mut lines = rule.page.lines().enumerate();
    while let Some((number, line)) = lines.next() {
        let Some(info) = line.strip_prefix("```").filter(|i| !i.is_empty()) else { continue };
        let body: Vec<&str> = lines.by_ref().map(|(_, l)| l).take_while(|l| !l.starts_with("```")).collect();
        let (words, whole_mark) = info.split_once(MARK).map_or((info, None), |(w, m)| (w, Some(m)));
        let mut words = words.split_whitespace().skip(1);
        let Some(path) = words.next() else { continue };
        let words: Vec<&str> = words.collect();
        let name = words
            .iter()
            .find_map(|w| w.strip_prefix("in="))
            .map_or_else(|| format!("@{number}"), str::to_owned);
        let example = found.entry(name).or_default();
        if example.first_line == 0 {
            example.first_line = number + 1;
        }
        if let Some(mark) = whole_mark {
            example.expected.push((path.to_owned(), 0, severity_of(mark, rule)));
        }
        let mut content = String::new();
        for (index, line) in body.iter().enumerate() {
            let (text, mark) =
                line.split_once(MARK).map_or((*line, None), |(t, m)| (t.trim_end_matches("  "), Some(m)));
            if let Some(mark) = mark {
                example.expected.push((path.to_owned(), index as u32 + 1, severity_of(mark, rule)));
            }
            content.push_str(text);
            content.push('\n');
        }
        place(example, path, &words, content.into_bytes());
    }
    found.into_values().collect()
}

fn place(example: &mut Example, path: &str, words: &[&str], content: Vec<u8>) {
    let has = |word: &str| words.contains(&word);
    example.bad |= has("bad");
    if let Some(from) = words.iter().find_map(|w| w.strip_prefix("from=")) {
        example.sample.renames.insert(path.to_owned(), from.to_owned());
    }
    if has("symlink") {
        example.sample.symlinks.push(path.to_owned());
    }
    let path = path.to_owned();
    if has("deleted") {
        example.deleted.push(path.clone());
    }
    match () {
        () if has("base") => drop(example.base_only.insert(path, content)),
        () if has("tip") => drop(example.sample.tip.get_or_insert_default().insert(path, content)),
        () if has("deployed") => {
            let source = Evidence::Ref("production".to_owned());
            example.sample.deployed.get_or_insert((source, Files::new())).1.insert(path, content);
        }
        () if has("commit") => example.sample.commits.push(Files::from([(path, content)])),
        () => drop(example.sample.head.insert(path, content)),
    }
}

/// What stands on one side stands on the others too, unless the page says otherwise.
fn complete(mut example: Example) -> Example {
    let renamed: Vec<_> = example.sample.renames.values().cloned().collect();
    let sample = &mut example.sample;
    for (path, content) in &example.base_only {
        sample.base.insert(path.clone(), content.clone());
        if !example.deleted.contains(path) && !renamed.contains(path) {
            sample.head.entry(path.clone()).or_insert_with(|| content.clone());
        }
        if let Some(tip) = &mut sample.tip {
            tip.entry(path.clone()).or_insert_with(|| content.clone());
        }
    }
    // A package needs its `__init__.py`, a Django project its `manage.py`: pages need not repeat them.
    let packages: Vec<String> = sample
        .head
        .keys()
        .chain(sample.base.keys())
        .filter_map(|p| p.rsplit_once("/migrations/").map(|(app, _)| format!("{app}/migrations/__init__.py")))
        .collect();
    for path in packages.into_iter().chain(["manage.py".to_owned()]) {
        if example.deleted.contains(&path) {
            continue;
        }
        for side in
            [Some(&mut sample.base), Some(&mut sample.head), sample.tip.as_mut()].into_iter().flatten()
        {
            side.entry(path.clone()).or_default();
        }
    }
    example
}

fn reported(rule: &Rule, sample: &Sample) -> Vec<Expected> {
    let judgement = sample.judge();
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
    for rule in rules::all() {
        let examples: Vec<Example> = examples(rule).into_iter().map(complete).collect();
        let (bad, good) =
            (examples.iter().filter(|e| e.bad).count(), examples.iter().filter(|e| !e.bad).count());
        if bad == 0 || good == 0 {
            wrong.push(format!("{}: a page needs a bad and a good example", rule.code()));
        }
        for example in &examples {
            let mut expected = example.expected.clone();
            let mut found = reported(rule, &example.sample);
            expected.sort();
            found.sort();
            if example.bad == expected.is_empty() {
                wrong.push(format!(
                    "{} line {}: bad examples mark lines, good ones do not",
                    rule.code(),
                    example.first_line
                ));
            }
            if expected != found {
                wrong.push(format!(
                    "{} line {}: expected {expected:?}, found {found:?}",
                    rule.code(),
                    example.first_line
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The head of every example of every page, with where it stands.
pub(crate) fn heads() -> Vec<(String, Files)> {
    let examples = rules::all().into_iter().flat_map(|rule| {
        let of_rule = examples(rule).into_iter().map(complete);
        of_rule.map(move |e| (format!("{} line {}", rule.code(), e.first_line), e.sample.head))
    });
    examples.collect()
}

#[test]
fn the_list_the_catalogue_and_the_folders_agree() {
    use red_panda::model::catalogue;
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/rules");
    let all = rules::all();
    for rule in &all {
        assert_eq!(catalogue::of_code(rule.code()), Some(rule.entry));
        let family = rule.entry.family().unwrap();
        let file = folder.join(family.as_str()).join(format!("{}.rs", rule.entry.name.replace('-', "_")));
        assert!(
            file.exists() && file.with_extension("md").exists(),
            "{} is not in {}",
            rule.code(),
            file.display()
        );
    }
    let pages = walk(&folder).into_iter().filter(|p| p.ends_with(".md")).count();
    assert_eq!(pages, all.len(), "a page without a rule in its family's list");
    assert!(
        all.windows(2).all(|pair| order(pair[0]) < order(pair[1])),
        "rules stand in the order of the catalogue"
    );
    assert!(all.iter().any(|r| r.entry.severity == Severity::Error));
}

fn order(rule: &Rule) -> (Option<red_panda::model::catalogue::Family>, &str) {
    (rule.entry.family(), rule.code())
}

fn walk(folder: &std::path::Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(walk(&path)) } else { found.push(path.display().to_string()) }
    }
    found
}
