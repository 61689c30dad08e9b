//! The fuzz targets, driven without a fuzzer: over their seeds, and over copies of them that a stranger damaged.

#[path = "../../fuzz/targets.rs"]
mod targets;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use targets::{TARGETS, run};

/// What parsers stumble over.
const NASTY: &[&[u8]] = &[
    b"\0",
    b"\n",
    b"\r\n",
    b"\\\n",
    b"'",
    b"\"\"\"",
    b"`",
    b"(((((((((",
    b"}",
    b"[",
    b"${",
    b"{{",
    b"@@ -1 +1 @@\n",
    b"<<: *a\n",
    b"&a ",
    b"\xff\xfe",
    b"\xf0\x9f",
    "\u{feff}".as_bytes(),
    "\u{202e}".as_bytes(),
    b"# red-panda: ignore[",
    b"://:@/%",
    b"99999999999999999999",
    b"-",
    b"\t",
    b"lambda:",
    b"f\"{",
    b"<!-- red-panda:v1 fp=",
];

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz").join(name)
}

fn names(folder: &Path) -> BTreeSet<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    entries.map(|e| e.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned()).collect()
}

fn seeds(target: &str) -> Vec<Vec<u8>> {
    let entries = std::fs::read_dir(folder("seeds").join(target)).unwrap();
    let mut paths: Vec<_> = entries.map(|e| e.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(|path| std::fs::read(path).unwrap()).collect()
}

/// Cuts, doubles or overwrites a stretch of a seed a few times.
fn damaged(target: &str) -> impl Strategy<Value = Vec<u8>> + use<> {
    let edit = (any::<prop::sample::Index>(), 0..40_usize, 0..3_u8, prop::sample::select(NASTY));
    (prop::sample::select(seeds(target)), prop::collection::vec(edit, 1..6)).prop_map(|(mut bytes, edits)| {
        for (at, length, kind, nasty) in edits {
            let start = at.index(bytes.len() + 1);
            let end = (start + length).min(bytes.len());
            let stretch = bytes[start..end].to_vec();
            match kind {
                0 => drop(bytes.splice(start..end, [])),
                1 => drop(bytes.splice(start..start, stretch)),
                _ => drop(bytes.splice(start..start, nasty.iter().copied())),
            }
        }
        bytes
    })
}

#[test]
fn every_target_has_its_file_and_its_seeds() {
    let listed: BTreeSet<String> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(names(&folder("fuzz_targets")), listed);
    assert_eq!(names(&folder("seeds")), listed);
}

#[test]
fn every_target_survives_its_seeds_and_damaged_copies_of_them() {
    for (name, _) in TARGETS {
        let intact = seeds(name);
        assert!(!intact.is_empty(), "{name} has no seed");
        intact.iter().for_each(|seed| run(name, seed));
        let cases = if *name == "judge" { 48 } else { 400 };
        let config = Config { cases, failure_persistence: None, ..Config::default() };
        let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
        let result = runner.run(&damaged(name), |bytes| {
            run(name, &bytes);
            Ok(())
        });
        assert!(result.is_ok(), "{name}: {}", result.unwrap_err());
    }
}
