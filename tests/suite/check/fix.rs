//! `check --fix`: what is put into a working tree, and what stays as it is.

use super::*;

/// Two files that each have a safe fix: a migration that can be taken back by doing nothing, and an env file whose names
/// have blanks behind them.
const ENV: &str = "# For the shop.\nDEBUG = False\nSITE = shop\n";

fn repo() -> Repo {
    let repo = Repo::new();
    repo.write("shop/migrations/0002_fill_x.py", without_reverse().as_bytes());
    repo.write(".env.example", ENV.as_bytes());
    repo.git(&["add", "-A"]);
    repo
}

fn without_reverse() -> String {
    MIGRATION.replace("            migrations.RunPython.noop,\n", "")
}

fn fix(repo: &Repo, arguments: &[&str]) -> Said {
    let mut command = Command::new(env!("CARGO_BIN_EXE_red-panda"));
    command.args(["check", "--base", "main", "--fix"]).args(arguments).arg("--repo").arg(repo.path());
    said(command.output().unwrap())
}

fn content(repo: &Repo, path: &str) -> String {
    std::fs::read_to_string(repo.path().join(path)).unwrap()
}

#[test]
fn what_is_safe_is_put_in_and_told_and_the_rest_is_left() {
    let repo = repo();
    let index = repo.git(&["ls-files", "-s"]);
    let said = fix(&repo, &[]);
    assert!(said.has("fixed: .env.example:2 ENV011 "), "{said:?}");
    assert!(said.has("fixed: .env.example:3 ENV011 "), "{said:?}");
    assert_eq!(content(&repo, ".env.example"), ENV.replace(" = ", "="));
    assert_eq!(repo.git(&["ls-files", "-s"]), index, "the index is a person's own");
    let again = fix(&repo, &["--allow-dirty"]);
    assert!(again.out.starts_with("0 fixed, "), "{again:?}");
    assert_eq!(
        content(&repo, "shop/migrations/0001_initial.py"),
        repo.git(&["show", "main:shop/migrations/0001_initial.py"]) + "\n"
    );
}

#[test]
fn a_file_with_unstaged_changes_is_named_and_left_and_others_are_fixed() {
    let repo = repo();
    repo.write(".env.example", format!("{ENV}MORE = 1\n").as_bytes());
    repo.write("deploy/.env.example", ENV.as_bytes());
    repo.write("config/.env.example", ENV.as_bytes());
    repo.git(&["add", "config"]);
    let said = fix(&repo, &[]);
    assert!(said.has("not fixed: .env.example: it has changes that are not staged"), "{said:?}");
    assert!(said.has("not fixed: deploy/.env.example: "), "nobody added it: {said:?}");
    assert!(said.has("fixed: config/.env.example:2 "), "{said:?}");
    assert!(content(&repo, ".env.example").contains("DEBUG = False"));
    assert!(content(&repo, "config/.env.example").contains("DEBUG=False"));
    let said = fix(&repo, &["--allow-dirty"]);
    assert!(said.has("fixed: deploy/.env.example:2 "), "{said:?}");
    assert!(content(&repo, ".env.example").ends_with("MORE=1\n"));
}

#[test]
fn a_diff_is_shown_and_nothing_is_written_and_git_can_apply_it() {
    let repo = repo();
    let shown = fix(&repo, &["--diff"]);
    assert_eq!(content(&repo, ".env.example"), ENV);
    assert!(shown.error.contains("would fix: .env.example:2 ENV011"), "{shown:?}");
    assert!(shown.error.contains(" would be fixed, "), "{shown:?}");
    std::fs::write(repo.path().join("fix.patch"), &shown.out).unwrap();
    repo.git(&["apply", "fix.patch"]);
    assert_eq!(content(&repo, ".env.example"), ENV.replace(" = ", "="));
}

#[test]
fn what_may_hold_a_secret_is_fixed_and_not_shown() {
    let repo = repo();
    repo.write(".env.example", b"DEBUG = False\nSECRET_KEY=h7KdXk29QprtVbn31mZq\n");
    let shown = fix(&repo, &["--diff"]);
    let all = format!("{}{}", shown.out, shown.error);
    assert!(!all.contains("h7KdX") && !all.contains("DEBUG=False"), "{shown:?}");
    assert!(shown.error.contains("not fixed: .env.example: it may hold a secret"), "{shown:?}");
    fix(&repo, &["--allow-dirty"]);
    assert!(content(&repo, ".env.example").starts_with("DEBUG=False\n"));
}

#[test]
fn line_ends_stay_as_they_are_whether_git_turns_them_or_not() {
    for turned in ["true", "false"] {
        let repo = repo();
        repo.git(&["config", "core.autocrlf", turned]);
        repo.write(".env.example", ENV.replace('\n', "\r\n").as_bytes());
        repo.git(&["add", "-A"]);
        let said = fix(&repo, &[]);
        assert_eq!(content(&repo, ".env.example"), ENV.replace(" = ", "=").replace('\n', "\r\n"), "{said:?}");
    }
}

#[test]
fn only_a_working_tree_can_be_fixed() {
    let repo = repo();
    repo.commit();
    let folder = tempfile::tempdir().unwrap();
    git(folder.path(), &["clone", "-q", "--bare", &repo.path().display().to_string(), "."]);
    let bare = check(folder.path(), &["--all", "--fix"]);
    assert!(bare.code == Some(2) && bare.error.contains("run this in a working tree"), "{bare:?}");
    let head = check(repo.path(), &["--all", "--fix", "--head", "work"]);
    assert!(head.code == Some(2) && head.error.contains("cannot be used with"), "{head:?}");
    let said = check(repo.path(), &["--all", "--fix"]);
    assert!(said.error.contains("2 fixed, "), "{said:?}");
    assert_eq!(content(&repo, ".env.example"), ENV.replace(" = ", "="));
}
