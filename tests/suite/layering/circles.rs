//! No circles: what a file imports never leads back to it. A file may name the folder that it stands in, whose
//! `mod.rs` holds what its files share; what that one only passes on from another file counts as that file's.

use std::collections::{BTreeMap, BTreeSet};

use super::imports::Path;
use super::{File, files};

/// The stand-in forges are a world of their own: a repository knows its hooks, and they know it.
const FREE: &str = "standin";

/// Which files each file imports.
fn graph(files: &[File]) -> Graph<'_> {
    let by_module: BTreeMap<&Path, &File> = files.iter().map(|file| (&file.module, file)).collect();
    let of = |file: &File| {
        let named =
            file.imports.paths.iter().filter_map(|path| holder(&by_module, &file.module, path.clone(), 0));
        named.filter(|holder| !file.module.starts_with(holder)).collect()
    };
    files.iter().map(|file| (&file.module, of(file))).collect()
}

/// The file that holds what `path` names for `module`.
fn holder<'a>(
    files: &BTreeMap<&'a Path, &'a File>,
    module: &Path,
    path: Path,
    passed_on: usize,
) -> Option<&'a Path> {
    /// No name is passed on more often; `use a as b` twice could go on for ever.
    const MOST: usize = 8;
    let length = (0..=path.len()).rev().find(|length| files.contains_key(&path[..*length].to_vec()))?;
    let (holder, file) = files.get_key_value(&path[..length].to_vec())?;
    let passes_on = |name: &&String| file.imports.names.iter().find(|(given, _)| given == *name);
    match path.get(length).as_ref().and_then(passes_on) {
        Some((_, target)) if module.starts_with(holder) && passed_on < MOST => {
            let target = target.iter().chain(&path[length + 1..]).cloned().collect();
            self::holder(files, module, target, passed_on + 1)
        }
        _ => Some(holder),
    }
}

type Graph<'a> = BTreeMap<&'a Path, BTreeSet<&'a Path>>;

/// Every file that imports lead to from this one.
fn reached<'a>(graph: &Graph<'a>, from: &'a Path) -> BTreeSet<&'a Path> {
    let (mut reached, mut next) = (BTreeSet::new(), vec![from]);
    while let Some(file) = next.pop() {
        next.extend(graph[file].iter().copied().filter(|other| reached.insert(*other)));
    }
    reached
}

/// Sets of files of which each leads to each other.
fn circles(files: &[File]) -> Vec<String> {
    let graph = graph(files);
    let circle = |file: &&Path| -> Vec<String> {
        let there = reached(&graph, file);
        let back = there.iter().filter(|other| reached(&graph, other).contains(*file));
        back.map(|other| other.join("/")).collect()
    };
    let circles: BTreeSet<Vec<String>> = graph.keys().map(circle).filter(|files| !files.is_empty()).collect();
    circles.into_iter().map(|files| files.join(" ↔ ")).collect()
}

#[test]
fn no_file_leads_back_to_itself() {
    let files: Vec<File> = files().into_iter().filter(|file| file.module[0] != FREE).collect();
    let links: usize = graph(&files).values().map(BTreeSet::len).sum();
    assert!(links > 500, "only {links} imports between files were found");
    assert_eq!(circles(&files), Vec::<String>::new());
}

fn made_up(sources: &[(&str, &str)]) -> Vec<File> {
    let file = |(module, source): &(&str, &str)| {
        let module: Path = module.split('/').map(str::to_owned).collect();
        File { imports: super::imports(source, &module), module }
    };
    sources.iter().map(file).collect()
}

#[test]
fn a_circle_is_found_however_it_is_closed() {
    let circle = ["a/one ↔ a/two"];
    let one = ("a/one", "use super::two::Two;");
    assert_eq!(circles(&made_up(&[one, ("a/two", "use crate::a::one::One;")])), circle);
    assert_eq!(circles(&made_up(&[one, ("a/two", "fn f() { super::one::f() }")])), circle);
    let passing_on = ("a", "pub(crate) mod one; mod two; pub use one::One;");
    assert_eq!(circles(&made_up(&[passing_on, one, ("a/two", "use super::{One, Three};")])), circle);
    let outside = made_up(&[passing_on, ("a/one", "use crate::b::B;"), ("b", "use crate::a::One;")]);
    assert_eq!(circles(&outside), ["a ↔ a/one ↔ b"]);
}

#[test]
fn what_a_folder_shares_with_its_files_is_no_circle() {
    let shared = made_up(&[
        ("a", "mod one; pub struct Shared; fn f() { one::f() } use one::One;"),
        ("a/one", "use super::Shared; pub struct One(super::Shared);"),
    ]);
    assert_eq!(circles(&shared), Vec::<String>::new());
}
