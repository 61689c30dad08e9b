//! `docs/coverage.md`: each sentence of the standard, and the rules that stand behind it.
//! `BLESS=1 cargo test coverage` writes it from `tests/data/coverage.json`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use red_panda::model::catalogue::{self, CATALOGUE};
use red_panda::rules;
use serde::Deserialize;

use crate::documents::root;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Section {
    section: String,
    sentences: Vec<Sentence>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sentence {
    sentence: String,
    rules: Vec<String>,
    /// Why no rule can know, or not all of it.
    note: Option<String>,
}

fn sections() -> Vec<Section> {
    serde_json::from_str(include_str!("../data/coverage.json")).unwrap()
}

fn sentences(sections: &[Section]) -> impl Iterator<Item = &Sentence> {
    sections.iter().flat_map(|section| &section.sentences)
}

const ABOVE: &str = "# What of the standard is checked

<!-- Written by `BLESS=1 cargo test coverage` from tests/data/coverage.json: change that. -->

The sentences of the Red Panda Standards, Django V1-02, word for word, each with the rules that stand behind it.";

fn page(sections: &[Section]) -> String {
    let behind: BTreeSet<&str> =
        sentences(sections).flat_map(|s| s.rules.iter().map(String::as_str)).collect();
    let built = behind.iter().filter(|code| rules::find(code).is_some()).count();
    let unknowable = sentences(sections).filter(|sentence| sentence.rules.is_empty()).count();
    let mut page = format!(
        "{ABOVE}\n{} sentences; {} rules stand behind them, {built} of these are built; of {unknowable} sentences no rule can know.\n",
        sentences(sections).count(),
        behind.len(),
    );
    for section in sections {
        page.push_str(&format!("\n## {}\n\n| sentence | rules |\n|---|---|\n", section.section));
        for sentence in &section.sentences {
            page.push_str(&format!("| {} | {} |\n", cell(&sentence.sentence), behind_it(sentence)));
        }
    }
    page
}

fn behind_it(sentence: &Sentence) -> String {
    let rules: Vec<String> = sentence.rules.iter().map(|code| linked(code)).collect();
    let note = sentence.note.as_deref().map(cell);
    let parts = [Some(rules.join(", ")).filter(|rules| !rules.is_empty()), note];
    parts.into_iter().flatten().collect::<Vec<_>>().join(". ")
}

/// To its page, from `docs/`.
fn linked(code: &str) -> String {
    let Some(entry) = rules::find(code).map(|rule| rule.entry) else {
        return format!("{code} (not built yet)");
    };
    let (family, page) = (entry.family().unwrap().as_str(), format!("{}.md", entry.name.replace('-', "_")));
    // The rules on tasks have a folder of their own.
    let stands = |folder: &&String| root().join("src/rules").join(folder).join(&page).exists();
    let folders = [family.to_owned(), format!("{family}/tasks")];
    let folder = folders.iter().find(stands).unwrap_or_else(|| panic!("{page} is not there"));
    format!("[{code}](../src/rules/{folder}/{page})")
}

/// As it reads, in a table.
fn cell(text: &str) -> String {
    let parts = text.split('`').enumerate();
    let shown =
        parts.map(|(at, part)| if at % 2 == 0 { part.replace("__", "\\_\\_") } else { part.to_owned() });
    shown.collect::<Vec<_>>().join("`").replace('|', "\\|")
}

fn document() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/coverage.md")
}

#[test]
fn the_page_is_what_the_data_says() {
    let page = page(&sections());
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(document(), &page).unwrap();
    }
    let written = std::fs::read_to_string(document()).unwrap();
    assert!(written == page, "docs/coverage.md is old: `BLESS=1 cargo test coverage` writes it");
}

#[test]
fn every_code_is_known_and_every_rule_stands_behind_a_sentence() {
    let sections = sections();
    let named: BTreeSet<&str> =
        sentences(&sections).flat_map(|s| s.rules.iter().map(String::as_str)).collect();
    let unknown = named.iter().filter(|code| catalogue::of_code(code).is_none());
    assert_eq!(unknown.collect::<Vec<_>>(), Vec::<&&str>::new());
    let idle = CATALOGUE.iter().filter(|entry| !named.contains(entry.code)).map(|entry| entry.code);
    assert_eq!(idle.collect::<Vec<_>>(), Vec::<&str>::new());
}

#[test]
fn no_sentence_is_missing_and_one_without_rules_says_why() {
    let sections = sections();
    let silent = sentences(&sections).filter(|sentence| sentence.rules.is_empty() && sentence.note.is_none());
    assert_eq!(silent.map(|s| &s.sentence).collect::<Vec<_>>(), Vec::<&String>::new());
    // As many as the text of the standard has; `tests/oracles/standard_sentences.py` looks there.
    assert_eq!(sentences(&sections).count(), 207);
    let twice =
        sections.iter().flat_map(|section| section.sentences.iter().map(|s| (&section.section, &s.sentence)));
    assert_eq!(twice.collect::<BTreeSet<_>>().len(), 207);
}
