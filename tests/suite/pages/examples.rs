//! The examples of a rule's page as changes that can be judged. The words of a fence are those of
//! [`red_panda::rules::example`]. A line ends with `◀` when it must be reported; `◀ warning` says how, where that is not
//! the rule's main severity.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use red_panda::model::judgement::Judgement;
use red_panda::project::migrations::deployed::Evidence;
use red_panda::rules::example::{Fence, MARK, Word};
use red_panda::rules::{self, Rule};
use red_panda::standin::sample::{Files, Sample};
use regex::Regex;

/// Path, line (0: the file as a whole), severity.
pub(super) type Expected = (String, u32, String);

/// One change of a page, and what must be reported of it.
#[derive(Default)]
pub(super) struct Example {
    pub(super) sample: Sample,
    pub(super) expected: Vec<Expected>,
    pub(super) bad: bool,
    pub(super) good: bool,
    pub(super) first_line: usize,
    /// Its blocks as the page shows them: language, path, text.
    pub(super) shown: Vec<(String, String, String)>,
    /// Codes that may speak of it though it is good; each has its reason in the fence.
    pub(super) but: Vec<String>,
    base_only: Files,
    deleted: Vec<String>,
}

impl Example {
    pub(super) fn judge(&self) -> Judgement {
        let judgement = self.sample.judge();
        assert_eq!(judgement.rules, rules::all().len());
        judgement
    }
}

/// All examples of a page, or what is wrong with how they are written.
pub(super) fn examples(rule: &Rule) -> Result<Vec<Example>, String> {
    let mut found: BTreeMap<String, Example> = BTreeMap::new();
    let mut lines = rule.page.lines().enumerate();
    while let Some((number, line)) = lines.next() {
        let Some(info) = line.strip_prefix("```") else { continue };
        let at = format!("{} line {}", rule.code(), number + 1);
        let body: Vec<&str> = lines.by_ref().map(|(_, l)| l).take_while(|l| !l.starts_with("```")).collect();
        let Some(fence) = Fence::parse(info).map_err(|unknown| format!("{at}: {unknown}"))? else { continue };
        let name =
            fence.words.iter().find_map(|word| if let Word::In(name) = word { Some(*name) } else { None });
        let example = found.entry(name.map_or_else(|| format!("@{number}"), str::to_owned)).or_default();
        if example.first_line == 0 {
            example.first_line = number + 1;
        }
        let content = content(example, &fence, &body, rule).map_err(|fault| format!("{at}: {fault}"))?;
        let language = info.split_whitespace().next().unwrap_or_default();
        example.shown.push((language.to_owned(), fence.path.to_owned(), content.clone()));
        place(example, &fence, content.into_bytes()).map_err(|fault| format!("{at}: {fault}"))?;
    }
    let examples: Vec<Example> = found.into_values().map(complete).collect();
    match examples.iter().find(|example| example.bad == example.good) {
        Some(neither) => {
            Err(format!("{} line {}: an example is bad or good", rule.code(), neither.first_line))
        }
        None => Ok(examples),
    }
}

/// A block's text without its marks, which become what is expected.
fn content(example: &mut Example, fence: &Fence<'_>, body: &[&str], rule: &Rule) -> Result<String, String> {
    let mut content = String::new();
    let mut marks: Vec<(u32, &str)> = fence.mark.map(|mark| (0, mark)).into_iter().collect();
    for (line, number) in body.iter().zip(1..) {
        let (text, mark) =
            line.split_once(MARK).map_or((*line, None), |(t, m)| (t.trim_end_matches("  "), Some(m)));
        marks.extend(mark.map(|mark| (number, mark)));
        content.push_str(text);
        content.push('\n');
    }
    let lines =
        fence.words.iter().find_map(|word| if let Word::Lines(count) = word { Some(*count) } else { None });
    let missing = (lines.unwrap_or(0) as usize).saturating_sub(body.len());
    content.push_str(&"\n".repeat(missing));
    for (line, mark) in marks {
        let severity = match mark.trim() {
            "" => rule.entry.severity.to_string(),
            said @ ("error" | "warning" | "advice") => said.to_owned(),
            other => return Err(format!("\"{other}\" is no severity")),
        };
        example.expected.push((fence.path.to_owned(), line, severity));
    }
    Ok(content)
}

/// Puts a block's file where its words say: at head, if not said otherwise.
fn place(example: &mut Example, fence: &Fence<'_>, content: Vec<u8>) -> Result<(), String> {
    let path = fence.path.to_owned();
    let sample = &mut example.sample;
    let (mut verdicts, mut places) = (0, Vec::new());
    for word in &fence.words {
        match word {
            Word::Bad | Word::Good => verdicts += 1,
            Word::With | Word::Base | Word::Tip | Word::Deployed | Word::Commit => places.push(*word),
            Word::Deleted => example.deleted.push(path.clone()),
            Word::Symlink => sample.symlinks.push(path.clone()),
            Word::From(old) => drop(sample.renames.insert(path.clone(), (*old).to_owned())),
            Word::But(code) => example.but.push((*code).to_owned()),
            Word::In(_) | Word::Lines(_) => {}
        }
    }
    if verdicts > 1 || places.len() > 1 || verdicts + places.len() == 0 {
        return Err(format!("{path} is not said to be one thing"));
    }
    example.bad |= fence.words.contains(&Word::Bad);
    example.good |= fence.words.contains(&Word::Good);
    match places.first() {
        Some(Word::Base) => drop(example.base_only.insert(path, content)),
        Some(Word::Tip) => drop(sample.tip.get_or_insert_default().insert(path, content)),
        Some(Word::Deployed) => {
            let source = Evidence::Ref("production".to_owned());
            sample.deployed.get_or_insert((source, Files::new())).1.insert(path, content);
        }
        Some(Word::Commit) => sample.commits.push(Files::from([(path, content)])),
        _ => drop(sample.head.insert(path, content)),
    }
    Ok(())
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
    for (path, content) in needless_to_say(&example) {
        let Sample { base, head, tip, deployed, .. } = &mut example.sample;
        let sides = [Some(base), Some(head), tip.as_mut(), deployed.as_mut().map(|(_, files)| files)];
        for side in sides.into_iter().flatten() {
            side.entry(path.clone()).or_insert_with(|| content.as_bytes().to_vec());
        }
    }
    example
}

/// An empty migration.
const MIGRATION: &str =
    "from django.db import migrations\n\n\nclass Migration(migrations.Migration):\n    operations = []\n";

/// What pages need not repeat: a project's `manage.py` and `.gitignore`, the `__init__.py` of a package of migrations,
/// and for a good example the migrations that its own depend on.
fn needless_to_say(example: &Example) -> Vec<(String, &'static str)> {
    let mut files =
        vec![("manage.py".to_owned(), ""), (".gitignore".to_owned(), ".env\n.env.*\n!.env.example\n")];
    let Sample { base, head, .. } = &example.sample;
    for (path, content) in base.iter().chain(head) {
        let Some((app, _)) = path.rsplit_once("/migrations/") else { continue };
        files.push((format!("{app}/migrations/__init__.py"), ""));
        if example.good && !example.but.iter().any(|code| code == "MIG009") {
            let named = dependencies(&String::from_utf8_lossy(content), app);
            files.extend(named.into_iter().map(|name| (format!("{app}/migrations/{name}.py"), MIGRATION)));
        }
    }
    let tip = example.sample.tip.iter().flatten();
    let said: Vec<&String> =
        base.iter().chain(head).chain(tip).map(|(path, _)| path).chain(&example.deleted).collect();
    files.retain(|(path, _)| !said.contains(&path));
    files
}

/// Names of the migrations of the same app that a migration says it depends on.
fn dependencies(migration: &str, app: &str) -> Vec<String> {
    let list = migration.split_once("dependencies = [").and_then(|(_, rest)| rest.split_once(']'));
    let label = app.rsplit('/').next().unwrap_or(app);
    static PAIR: LazyLock<Regex> = LazyLock::new(|| Regex::new(r#"\("(\w+)", "(\w+)"\)"#).unwrap());
    let pairs = PAIR.captures_iter(list.map_or("", |(list, _)| list));
    pairs.filter(|pair| &pair[1] == label).map(|pair| pair[2].to_owned()).collect()
}
