//! The list of rules: the standard's own, the catalogue in `model`, the rules that are built and their folders agree.

use std::path::Path;

use red_panda::model::catalogue::{self, CATALOGUE, Family};
use red_panda::rules::{self, Rule};
use serde::Deserialize;

/// A rule as the standard has it; see `tests/data/README.md`.
#[derive(Debug, Deserialize)]
struct Standard {
    code: String,
    name: String,
    severity: String,
    confidence: String,
}

fn standard() -> Vec<Standard> {
    let rules: Vec<Standard> = serde_json::from_str(include_str!("../data/catalogue.json")).unwrap();
    assert_eq!(rules.len(), 166);
    rules
}

#[test]
fn the_catalogue_is_the_standard_s() {
    let of_standard: Vec<_> =
        standard().into_iter().map(|rule| (rule.code, rule.name, rule.severity, rule.confidence)).collect();
    let ours = CATALOGUE.iter().map(|entry| {
        let confidence = format!("{:?}", entry.confidence).to_lowercase();
        (entry.code.to_owned(), entry.name.to_owned(), entry.severity.to_string(), confidence)
    });
    assert_eq!(ours.collect::<Vec<_>>(), of_standard);
}

#[test]
fn the_list_the_catalogue_and_the_folders_agree() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/rules");
    let all = rules::all();
    for rule in &all {
        assert_eq!(catalogue::of_code(rule.code()), Some(rule.entry));
        let family = folder.join(rule.entry.family().unwrap().as_str());
        let own = walk(&family);
        let stem = rule.entry.name.replace('-', "_");
        let stands = |extension: &str| own.iter().any(|path| path.ends_with(&format!("/{stem}.{extension}")));
        assert!(stands("rs") && stands("md"), "{} is not in {}", rule.code(), family.display());
    }
    let pages = walk(&folder).into_iter().filter(|p| p.ends_with(".md")).count();
    assert_eq!(pages, all.len(), "a page without a rule in its family's list");
    assert!(
        all.windows(2).all(|pair| order(pair[0]) < order(pair[1])),
        "rules stand in the order of the catalogue"
    );
}

fn order(rule: &Rule) -> (Option<Family>, &str) {
    (rule.entry.family(), rule.code())
}

fn walk(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(walk(&path)) } else { found.push(path.display().to_string()) }
    }
    found
}
