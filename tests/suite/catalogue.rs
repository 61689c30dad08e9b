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
        standard().into_iter().map(|rule| (rule.code, rule.name, rule.severity)).collect();
    let ours = CATALOGUE.iter().map(|e| (e.code.to_owned(), e.name.to_owned(), e.severity.to_string()));
    assert_eq!(ours.collect::<Vec<_>>(), of_standard);
}

#[test]
fn a_rule_is_as_severe_and_as_sure_as_the_standard_says() {
    let standard = standard();
    for rule in rules::all() {
        let wanted = standard.iter().find(|of_standard| of_standard.code == rule.code).unwrap();
        let confidence = format!("{:?}", rule.confidence).to_lowercase();
        assert_eq!(
            (rule.severity.to_string(), confidence),
            (wanted.severity.clone(), wanted.confidence.clone()),
            "{}",
            rule.code
        );
    }
}

#[test]
fn the_list_the_catalogue_and_the_folders_agree() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/rules");
    let all = rules::all();
    for rule in &all {
        let entry =
            catalogue::find(rule.code).unwrap_or_else(|| panic!("{} is not in the catalogue", rule.code));
        assert_eq!(entry.name, rule.name);
        let family = rule.family().unwrap();
        let file = folder.join(family.as_str()).join(format!("{}.rs", rule.name.replace('-', "_")));
        assert!(
            file.exists() && file.with_extension("md").exists(),
            "{} is not in {}",
            rule.code,
            file.display()
        );
    }
    let pages = walk(&folder).into_iter().filter(|p| p.ends_with(".md")).count();
    assert_eq!(pages, all.len(), "a page without a rule in its family's list");
    assert!(
        all.windows(2).all(|pair| order(pair[0]) < order(pair[1])),
        "rules stand in the order of the catalogue"
    );
}

fn order(rule: &Rule) -> (Option<Family>, &str) {
    (rule.family(), rule.code)
}

fn walk(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(walk(&path)) } else { found.push(path.display().to_string()) }
    }
    found
}
