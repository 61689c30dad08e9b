//! The floors hold: every import points down, siblings never import each other, and no two files import each other
//! in a circle.

mod circles;
mod imports;

use std::fs;

use imports::{Imports, Path, imports};

/// Height of each floor; the same height means siblings.
const FLOORS: [(&str, u8); 15] = [
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
    ("config", 1),
];

/// The one import between siblings: the settings' words are those of the model, which does not know the settings.
const ALLOWED: (&str, &str) = ("config", "model");

fn height(floor: &str) -> Option<u8> {
    FLOORS.iter().find(|(name, _)| *name == floor).map(|(_, height)| *height)
}

/// A file below `src/`, as its place there says: `forge/retry.rs` is `["forge", "retry"]`.
struct File {
    module: Path,
    imports: Imports,
}

/// Every file that is no test.
fn files() -> Vec<File> {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut folders = vec![root.clone()];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "rs") {
                let module = module(path.strip_prefix(&root).unwrap());
                let imports = imports(&fs::read_to_string(&path).unwrap(), &module);
                files.push(File { module, imports });
            }
        }
    }
    let tests: Vec<Path> = files.iter().flat_map(|file| file.imports.tests.clone()).collect();
    files.retain(|file| !tests.iter().any(|test| file.module.starts_with(test)));
    files.sort_by(|a, b| a.module.cmp(&b.module));
    files
}

fn module(file: &std::path::Path) -> Path {
    let mut module: Path =
        file.with_extension("").iter().map(|part| part.to_string_lossy().into_owned()).collect();
    module.pop_if(|last| *last == "mod");
    module
}

/// What is wrong with the imports of one module.
fn wrong(module: &[String], imports: &Imports) -> Vec<String> {
    let Some((own, own_height)) = module.first().and_then(|own| Some((own, height(own)?))) else {
        return vec![format!("{}: no floor that this test knows", module.join("::"))];
    };
    let fault = |path: &Path| {
        let other = path.first()?;
        let reason = match height(other) {
            None => "no floor that this test knows",
            Some(other_height) if other == own || other_height < own_height => return None,
            Some(_) if (own.as_str(), other.as_str()) == ALLOWED => return None,
            Some(_) => "up or sideways",
        };
        Some(format!("{} uses {}: {reason}", module.join("::"), path.join("::")))
    };
    imports.paths.iter().filter_map(fault).collect()
}

#[test]
fn every_import_points_down() {
    let floors: Vec<File> = files()
        .into_iter()
        .filter(|file| !matches!(file.module.as_slice(), [root] if root == "lib" || root == "main"))
        .collect();
    let wrong: Vec<String> = floors.iter().flat_map(|file| wrong(&file.module, &file.imports)).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let across =
        |file: &File| file.imports.paths.iter().filter(|path| path.first() != file.module.first()).count();
    let looked_at: usize = floors.iter().map(across).sum();
    assert!(looked_at > 500, "only {looked_at} imports were looked at");
    for (floor, _) in FLOORS {
        assert!(floors.iter().any(|file| file.module[0] == floor), "{floor} is no floor any more");
    }
}

/// What a module of the floor `report` may not say, however it says it.
#[test]
fn no_way_to_write_an_import_hides_it() {
    let said = |source: &str| {
        let module: Path = ["report", "markdown"].map(str::to_owned).to_vec();
        wrong(&module, &imports(source, &module)).len()
    };
    for (forbidden, times) in [
        ("use crate::engine::Engine;", 1),
        ("pub use crate::engine::Engine;", 1),
        ("pub(crate) use crate::engine as e;", 1),
        ("use crate::{engine::Engine, forge::{Forge, retry::{self, Retry}}, model::change::Change};", 4),
        ("use\n    crate\n    ::{ // all\n    engine };", 1),
        ("use super::super::engine::Engine;", 1),
        ("use super::{markdown, super::engine};", 1),
        ("use self::super::super::{store, model};", 1),
        ("mod inner { use super::super::super::engine; }", 1),
        ("fn f() -> crate::engine::Engine { super::super::store::open() }", 2),
        ("const A: &str = concat!(crate::engine::NAME);", 1),
        ("#[derive(crate::server::Page)] struct A;", 1),
        ("macro_rules! m { () => { $crate::engine::run() } }", 1),
        ("use crate::*;", 1),
        ("use crate::newcomer::Floor;", 1),
        ("#[cfg(test)] mod tests; use crate::engine;", 1),
        ("#[cfg(test)] use crate::{server}; use crate::engine;", 1),
        ("#[cfg(not(test))] use crate::engine;", 1),
    ] {
        assert_eq!(said(forbidden), times, "{forbidden}");
    }
    for allowed in [
        "use crate::rules::{self, Rule}; use crate::model::change::Change;",
        "use super::status; use super::super::rules; use std::fmt; use serde::de;",
        "// use crate::engine;\n/// [`crate::engine`]\nconst A: &str = \"crate::engine::Engine\";",
        "#[cfg(test)]\n#[allow(x)]\nmod tests { use crate::engine; }",
        "#[cfg(test)] use crate::engine::Engine;",
        "fn f<'a>(crate_: char, a: &'a str) -> impl Fn() + use<'a> { let engine = 1; Vec::new() }",
    ] {
        assert_eq!(said(allowed), 0, "{allowed}");
    }
}

#[test]
fn a_module_on_no_floor_is_told() {
    let module: Path = vec!["newcomer".to_owned()];
    assert_eq!(wrong(&module, &Imports::default()), ["newcomer: no floor that this test knows"]);
}
