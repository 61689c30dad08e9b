//! `red-panda check` on repositories that are not as they should be.

use std::path::Path;
use std::process::{Command, Output};

use crate::fixtures::git;

fn check(folder: &Path) -> Output {
    let binary = env!("CARGO_BIN_EXE_red-panda");
    let range = ["--base", "HEAD~1", "--head", "HEAD"];
    Command::new(binary).args(["check", "--repo"]).arg(folder).args(range).output().unwrap()
}

/// Two commits: the second adds a view and edits another.
fn repository(folder: &Path) {
    git(folder, &["init", "-q"]);
    git(folder, &["config", "uploadpack.allowFilter", "true"]);
    for text in ["def home(request):\n    return None\n", "def home(request):\n    return 1\n"] {
        std::fs::write(folder.join("views.py"), text).unwrap();
        std::fs::write(folder.join(format!("part{}.py", text.len())), text).unwrap();
        git(folder, &["add", "."]);
        git(folder, &["commit", "-q", "-m", "step"]);
    }
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_partial_clone_is_told_what_to_fetch() {
    let folder = tempfile::tempdir().unwrap();
    repository(folder.path());
    let partial = folder.path().join("partial.git");
    let url = format!("file://{}", folder.path().display());
    git(
        folder.path(),
        &["clone", "-q", "--bare", "--filter=blob:none", &url, &partial.display().to_string()],
    );

    let output = check(&partial);
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    let (object, rest) =
        said(&output).split_once(" of the ").map(|(o, r)| (o.to_owned(), r.to_owned())).unwrap();
    assert!(
        object.starts_with("red-panda: object ") && object.len() == "red-panda: object 3f1c2ab".len(),
        "{object}"
    );
    assert_eq!(
        rest,
        "compared commits is not in this clone, which is partial or damaged: fetch what is missing with `git fetch --refetch --no-filter`\n"
    );

    git(&partial, &["fetch", "-q", "--refetch", "--no-filter"]);
    assert_eq!(check(&partial).status.code(), Some(0));
}

#[test]
fn a_lost_policy_is_not_taken_for_none() {
    let folder = tempfile::tempdir().unwrap();
    git(folder.path(), &["init", "-q"]);
    std::fs::write(folder.path().join(".red-panda.toml"), "profile = \"essentials\"\n").unwrap();
    git(folder.path(), &["add", "."]);
    git(folder.path(), &["commit", "-q", "-m", "policy"]);
    std::fs::write(folder.path().join("views.py"), "x = 1\n").unwrap();
    git(folder.path(), &["add", "."]);
    git(folder.path(), &["commit", "-q", "-m", "view"]);
    assert_eq!(check(folder.path()).status.code(), Some(0));

    let policy = git(folder.path(), &["rev-parse", "HEAD:.red-panda.toml"]);
    let (start, rest) = policy.split_at(2);
    std::fs::remove_file(folder.path().join(format!(".git/objects/{start}/{rest}"))).unwrap();
    let output = check(folder.path());
    assert_eq!(output.status.code(), Some(2));
    assert!(
        said(&output)
            .contains(&format!("object {} of the compared commits is not in this clone", &policy[..7]))
    );
}

#[test]
fn a_lost_tree_is_said_as_plainly() {
    let folder = tempfile::tempdir().unwrap();
    repository(folder.path());
    let tree = git(folder.path(), &["rev-parse", "HEAD^{tree}"]);
    let (start, rest) = tree.split_at(2);
    std::fs::remove_file(folder.path().join(format!(".git/objects/{start}/{rest}"))).unwrap();
    let output = check(folder.path());
    assert_eq!(output.status.code(), Some(2));
    assert!(said(&output).contains(" of the compared commits is not in this clone"), "{}", said(&output));
}
