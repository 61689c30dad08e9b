//! The floors hold: every `use crate::…` points down, siblings never import each other.

use std::fs;
use std::path::{Path, PathBuf};

/// Height of each floor; the same height means siblings.
const FLOORS: [(&str, u8); 14] = [
    ("cli", 9),
    ("server", 8),
    ("worker", 8),
    ("standin", 8),
    ("review", 7),
    ("forge", 6),
    ("store", 6),
    ("engine", 6),
    ("report", 6),
    ("rules", 5),
    ("project", 4),
    ("syntax", 3),
    ("source", 2),
    ("model", 1),
];

/// `config` stands beside `model`, and `model` may not know it.
fn height(module: &str) -> Option<u8> {
    if module == "config" {
        Some(1)
    } else {
        FLOORS.iter().find(|(name, _)| *name == module).map(|(_, h)| *h)
    }
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn every_import_points_down() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    let mut checked = 0;
    let mut wrong = Vec::new();
    // Tests may look anywhere.
    for file in files.iter().filter(|file| !file.ends_with("tests.rs")) {
        let relative = file.strip_prefix(&root).unwrap();
        let own = relative
            .components()
            .next()
            .unwrap()
            .as_os_str()
            .to_string_lossy()
            .trim_end_matches(".rs")
            .to_owned();
        let Some(own_height) = height(&own) else { continue };
        let text = fs::read_to_string(file).unwrap();
        let text = text.split("#[cfg(test)]\nmod tests").next().unwrap();
        for (number, line) in text.lines().enumerate().filter(|(_, l)| !l.trim_start().starts_with("//")) {
            for other in line.split("crate::").skip(1) {
                let other: String = other.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                let Some(other_height) = height(&other) else { continue };
                checked += 1;
                let model_data = other == "model" && own == "config";
                if other != own && other_height >= own_height && !model_data {
                    wrong.push(format!("{}:{}: {own} uses {other}", relative.display(), number + 1));
                }
            }
        }
    }
    assert!(checked > 50, "only {checked} imports were looked at");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
