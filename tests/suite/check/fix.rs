//! `check --fix`: what is put into a working tree, and what stays as it is.

use super::*;

const STEPS: &str = "shop/migrations/0002_fill_x.py";
const SETTINGS: &str = "config/settings.py";

/// Two steps that do nothing, and do not say that nothing takes them back.
const IDLE: &str = "from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [(\"shop\", \"0001_initial\")]
    operations = [
        migrations.RunPython(
            migrations.RunPython.noop,
        ),
        migrations.RunPython(migrations.RunPython.noop),
    ]
";
/// Two addresses that want the same import.
const BROKERS: &str = "import os

INSTALLED_APPS = [\"shop\"]
PASSWORD = os.environ[\"RABBIT_PASSWORD\"]
CELERY_BROKER_URL = f\"amqp://grove:{PASSWORD}@rabbit:5672/grove\"
OTHER_BROKER_URL = f\"amqp://grove:{PASSWORD}@rabbit:5672/other\"
";

fn repo() -> Repo {
    let repo = Repo::new();
    repo.write(STEPS, IDLE.as_bytes());
    repo.git(&["add", "-A"]);
    repo
}

fn mended() -> String {
    let noop = "migrations.RunPython.noop";
    let two = format!("RunPython({noop}, {noop})");
    IDLE.replace(&format!("            {noop},\n"), &format!("            {noop},\n            {noop},\n"))
        .replace(&format!("RunPython({noop})"), &two)
}

fn fix(repo: &Repo, arguments: &[&str]) -> Said {
    let mut command = Command::new(env!("CARGO_BIN_EXE_red-panda"));
    command.args(["check", "--base", "main", "--fix", "--select", "MIG004,CEL003"]);
    said(command.args(arguments).arg("--repo").arg(repo.path()).output().unwrap())
}

fn content(repo: &Repo, path: &str) -> String {
    std::fs::read_to_string(repo.path().join(path)).unwrap()
}

#[test]
fn what_is_safe_is_put_in_and_told_and_nothing_is_left_of_it() {
    let repo = repo();
    repo.write(SETTINGS, BROKERS.as_bytes());
    repo.git(&["add", "-A"]);
    let index = repo.git(&["ls-files", "-s"]);
    let said = fix(&repo, &[]);
    assert_eq!(said.code, Some(0), "{said:?}");
    for line in [
        "fixed: shop/migrations/0002_fill_x.py:7 MIG004 RunPython(migrations.RunPython.noop) in shop.0002_fill_x cannot",
        "fixed: shop/migrations/0002_fill_x.py:10 MIG004 ",
        "fixed: config/settings.py:5 CEL003 PASSWORD goes into the URL",
        "fixed: config/settings.py:6 CEL003 ",
        "\n4 fixed, 0 left\n",
    ] {
        assert!(said.has(line), "{line}: {said:?}");
    }
    assert_eq!(content(&repo, STEPS), mended());
    let settings = content(&repo, SETTINGS);
    assert_eq!(settings.matches("from urllib.parse import quote").count(), 1, "{settings}");
    assert_eq!(settings.matches("{quote(PASSWORD, safe='')}").count(), 2, "{settings}");
    assert_eq!(repo.git(&["ls-files", "-s"]), index, "the index is a person's own");
    let again = fix(&repo, &["--allow-dirty"]);
    assert!(again.out.starts_with("0 fixed, 0 left\n"), "{again:?}");
}

#[test]
fn a_file_with_unstaged_changes_is_named_and_left_and_others_are_fixed() {
    let repo = repo();
    let third = "shop/migrations/0003_more_x.py";
    let next = IDLE.replace("0001_initial", "0002_fill_x");
    repo.write(third, next.as_bytes());
    repo.write("shop/migrations/0004_last_x.py", next.replace("0002_fill_x", "0003_more_x").as_bytes());
    repo.git(&["add", third]);
    repo.write(STEPS, format!("{IDLE}# later\n").as_bytes());
    let said = fix(&repo, &[]);
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(said.has(&format!("not fixed: {STEPS}: it has changes that are not staged")), "{said:?}");
    assert!(said.has("not fixed: shop/migrations/0004_last_x.py: "), "nobody added it: {said:?}");
    assert!(said.has("\n2 fixed, 4 left\n"), "{said:?}");
    assert_eq!(content(&repo, STEPS), format!("{IDLE}# later\n"));
    let said = fix(&repo, &["--allow-dirty"]);
    assert!(said.code == Some(0) && said.has("\n4 fixed, 0 left\n"), "{said:?}");
    assert_eq!(content(&repo, STEPS), format!("{}# later\n", mended()));
}

#[test]
fn a_diff_is_shown_and_nothing_is_written_and_git_can_apply_it() {
    let repo = repo();
    let shown = fix(&repo, &["--diff"]);
    assert_eq!((shown.code, content(&repo, STEPS).as_str()), (Some(1), IDLE), "{shown:?}");
    assert!(shown.error.contains(&format!("would fix: {STEPS}:7 MIG004")), "{shown:?}");
    assert!(shown.error.ends_with("\n2 would be fixed, 0 left\n"), "{shown:?}");
    std::fs::write(repo.path().join("fix.patch"), &shown.out).unwrap();
    repo.git(&["apply", "fix.patch"]);
    assert_eq!(content(&repo, STEPS), mended());
}

#[test]
fn what_may_hold_a_secret_is_fixed_and_not_shown() {
    let repo = repo();
    repo.write(SETTINGS, format!("{BROKERS}OTHER_PASSWORD = \"h7KdXk29QprtVbn31mZq\"\n").as_bytes());
    let shown = fix(&repo, &["--diff"]);
    assert!(!shown.out.contains("h7KdX") && !shown.error.contains("h7KdX"), "{shown:?}");
    assert!(shown.error.contains("not fixed: config/settings.py: it may hold a secret"), "{shown:?}");
    assert!(shown.error.ends_with("\n2 would be fixed, 2 left\n"), "{shown:?}");
    fix(&repo, &["--allow-dirty"]);
    assert!(content(&repo, SETTINGS).contains("quote(PASSWORD"));
}

#[test]
fn line_ends_stay_as_they_are_whether_git_turns_them_or_not() {
    for turned in ["true", "false"] {
        let repo = repo();
        repo.git(&["config", "core.autocrlf", turned]);
        repo.write(STEPS, IDLE.replace('\n', "\r\n").as_bytes());
        repo.git(&["add", "-A"]);
        let said = fix(&repo, &[]);
        assert_eq!(content(&repo, STEPS), mended().replace('\n', "\r\n"), "{turned}: {said:?}");
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
    let said = check(repo.path(), &["--all", "--fix", "--select", "MIG004"]);
    assert!(said.error.ends_with("\n2 fixed, 0 left\n"), "beside what machines read: {said:?}");
    assert!(said.out.starts_with("{\"summary\":"), "{said:?}");
    assert_eq!(content(&repo, STEPS), mended());
}
