//! `red-panda check` on the repositories that people have on their laptops.

use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

use crate::fixtures::git;

const MIGRATION: &str = "from django.db import migrations


def fill(apps, schema_editor):
    apps.get_model(\"shop\", \"Item\").objects.update(x=1)


class Migration(migrations.Migration):
    dependencies = [(\"shop\", \"0001_initial\")]
    operations = [
        migrations.RunPython(
            fill,
            migrations.RunPython.noop,
        ),
    ]
";
const BROKER: &str = "CELERY_BROKER_URL = \"amqp://user:pa#ss@host:5672/vh\"\n";

/// A repository with a Django project on `main`, and a branch `work` at the same commit.
struct Repo(TempDir);

impl Repo {
    fn new() -> Self {
        Self::with(&[])
    }

    /// The same with further files on `main`.
    fn with(files: &[(&str, &[u8])]) -> Self {
        let repo = Self(tempfile::tempdir().unwrap());
        repo.git(&["init", "-q", "-b", "main"]);
        repo.write(
            "manage.py",
            b"import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'config.settings')\n",
        );
        repo.write("config/settings.py", b"INSTALLED_APPS = [\"shop\"]\n");
        repo.write(".gitignore", b".env\n");
        repo.write("shop/__init__.py", b"");
        repo.write("shop/migrations/__init__.py", b"");
        let first = "from django.db import migrations, models\n\n\nclass Migration(migrations.Migration):\n    initial = True\n    dependencies = []\n    operations = [\n        migrations.CreateModel(\"Item\", [(\"id\", models.AutoField(primary_key=True))]),\n    ]\n";
        repo.write("shop/migrations/0001_initial.py", first.as_bytes());
        files.iter().for_each(|(path, text)| repo.write(path, text));
        repo.commit();
        repo.git(&["checkout", "-q", "-b", "work"]);
        repo
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn write(&self, path: &str, content: &[u8]) {
        let path = self.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    fn git(&self, arguments: &[&str]) -> String {
        git(self.path(), arguments)
    }

    fn commit(&self) {
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "-m", "step"]);
    }

    fn check(&self) -> Said {
        check(self.path(), &["--base", "main"])
    }
}

fn check(folder: &Path, arguments: &[&str]) -> Said {
    said(red_panda(folder).args(arguments).output().unwrap())
}

fn red_panda(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_red-panda"));
    command.args(["check", "--format", "json", "--repo"]).arg(folder);
    command
}

/// What a check printed, and how it ended.
#[derive(Debug)]
struct Said {
    code: Option<i32>,
    out: String,
    error: String,
}

impl Said {
    fn has(&self, text: &str) -> bool {
        self.out.contains(text)
    }
}

fn said(output: Output) -> Said {
    Said {
        code: output.status.code(),
        out: String::from_utf8(output.stdout).unwrap(),
        error: String::from_utf8(output.stderr).unwrap(),
    }
}

#[test]
fn untracked_files_are_judged_and_ignored_ones_are_not() {
    let repo = Repo::new();
    repo.write(".env", b"SECRET_KEY=h7KdXk29QprtVbn31mZq\n");
    assert_eq!(repo.check().code, Some(0));
    repo.write("config/settings.py", BROKER.as_bytes());
    repo.write(
        "shop/migrations/0002_fill.py",
        MIGRATION.replace("            migrations.RunPython.noop,\n", "").as_bytes(),
    );
    let before = repo.git(&["status", "--porcelain"]);
    let said = repo.check();
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(said.has("CEL001") && said.has("MIG004"), "{said:?}");
    assert_eq!(repo.git(&["status", "--porcelain"]), before);
}

/// The commands between backticks in the fix of a finding.
fn commands(said: &Said) -> Vec<String> {
    let line: serde_json::Value = serde_json::from_str(said.out.lines().next().unwrap()).unwrap();
    let fix = line["fix"]["text"].as_str().unwrap().to_owned();
    fix.split('`').skip(1).step_by(2).filter(|code| code.contains(' ')).map(str::to_owned).collect()
}

#[test]
fn an_untracked_env_file_is_called_so_and_the_command_that_is_told_works() {
    for staged in [false, true] {
        let repo = Repo::with(&[(".gitignore", b"*.pyc")]);
        repo.write("shop/.env", b"DEBUG=True\nSECRET_KEY=h7KdXk29QprtVbn31mZq\n");
        if staged {
            repo.git(&["add", "-A"]);
            repo.write("shop/.env", b"DEBUG=True\nSECRET_KEY=k9KdXk29QprtVbn31mZq\n");
        }
        let said = repo.check();
        let called =
            if staged { "`shop/.env` is staged and" } else { "`shop/.env` is untracked, not ignored" };
        assert!(said.has(called) && said.has("\"line\":2") && !said.has("rotate"), "{said:?}");
        for command in commands(&said) {
            let mut shell = Command::new("sh");
            assert!(shell.current_dir(repo.path()).arg("-c").arg(&command).status().unwrap().success());
        }
        assert!(!repo.check().has("ENV001"), "{said:?}");
    }
}

#[test]
fn a_secret_that_came_and_went_is_seen_from_the_working_tree_too() {
    let repo = Repo::new();
    repo.write("deploy/.env", b"SECRET_KEY=h7KdXk29QprtVbn31mZq\n");
    repo.git(&["add", "-f", "deploy/.env"]);
    repo.commit();
    repo.git(&["rm", "-q", "deploy/.env"]);
    repo.commit();
    let said = repo.check();
    assert!(said.code == Some(1) && said.has("ENV001"), "{said:?}");
}

#[test]
fn a_submodule_that_is_added_or_moved_is_no_file() {
    let (repo, other) = (Repo::new(), Repo::new());
    repo.git(&["submodule", "-q", "add", &other.path().display().to_string(), "lib"]);
    let added = repo.check();
    assert_eq!(added.code, Some(0), "{added:?}");
    repo.commit();
    repo.git(&["branch", "-q", "-f", "main"]);
    other.write("new.py", b"x = 1\n");
    other.commit();
    git(&repo.path().join("lib"), &["pull", "-q", "origin", "work"]);
    repo.commit();
    let moved = check(repo.path(), &["--base", "main", "--head", "work"]);
    assert_eq!(moved.code, Some(0), "{moved:?}");
}

#[test]
fn a_line_taken_out_of_a_call_is_a_change_of_the_call() {
    let repo = Repo::with(&[("shop/migrations/0002_fill.py", MIGRATION.as_bytes())]);
    let without = MIGRATION.replace("            migrations.RunPython.noop,\n", "");
    repo.write("shop/migrations/0002_fill.py", without.as_bytes());
    let said = repo.check();
    assert!(said.has("MIG004"), "{said:?}");
}

#[test]
fn what_becomes_text_is_judged_and_what_is_none_is_not_passed() {
    let repo = Repo::with(&[("config/settings.py", b"x = '\0'\n")]);
    repo.write("config/settings.py", BROKER.as_bytes());
    let said = repo.check();
    assert!(said.code == Some(1) && said.has("CEL001"), "{said:?}");

    repo.write("config/settings.py", b"# caf\xe9\nDEBUG = False\n");
    let said = repo.check();
    assert_eq!(said.code, Some(2), "{said:?}");
    assert!(said.has("it is not UTF-8 text"), "{said:?}");

    repo.write("config/settings.py", &[b"# coding: latin-1\n# caf\xe9\n", BROKER.as_bytes()].concat());
    let said = repo.check();
    assert!(said.code == Some(1) && said.has("\"line\":3"), "{said:?}");
}

#[cfg(unix)]
#[test]
fn a_symbolic_link_is_not_read_as_python() {
    let repo = Repo::new();
    repo.write("shared/local.py", b"DEBUG = True\n");
    std::os::unix::fs::symlink("../shared/local.py", repo.path().join("config/local.py")).unwrap();
    std::os::unix::fs::symlink("../0002.txt", repo.path().join("shop/migrations/0002_x.py")).unwrap();
    let said = repo.check();
    assert_eq!(said.code, Some(0), "{said:?}");
}

#[test]
fn yaml_that_the_change_broke_was_not_looked_at() {
    let good = b"services:\n  web:\n    image: x\n";
    let repo = Repo::with(&[("docker-compose.yml", good), ("old.yml", b"a: [\n")]);
    repo.write("docker-compose.yml", b"services:\n  {{ x }}: [\n");
    repo.write("old.yml", b"b: [\n");
    repo.write("chart/templates/web.yaml", b"{{- if x }}\na: [\n{{- end }}\n");
    let said = repo.check();
    assert_eq!(said.code, Some(2), "{said:?}");
    assert!(said.has("it does not parse as YAML from line 2 on"), "{said:?}");
    assert_eq!(said.out.matches("was not looked at").count(), 2, "{said:?}");
}

#[test]
fn an_old_suppression_does_not_become_new_and_an_excluded_file_has_none() {
    let line = "x = 1  # red-panda: ignore[CEL001] -- old\n";
    let repo = Repo::with(&[
        ("config/old.py", line.as_bytes()),
        (".red-panda.toml", b"exclude = [\"config/settings.py\"]\n"),
    ]);
    repo.write("config/old.py", line.replace("x = 1", "x = 2").as_bytes());
    repo.write(
        "config/settings.py",
        BROKER.replace("\n", "  # red-panda: ignore[CEL001] -- known\n").as_bytes(),
    );
    let said = repo.check();
    assert!(!said.has("STY008"), "{said:?}");
    repo.write("config/new.py", line.as_bytes());
    assert!(repo.check().has("STY008"));
}

#[test]
fn p28_a_suppression_is_unused_only_in_a_file_that_its_rule_looks_at() {
    let repo = Repo::with(&[]);
    let line = b"x = 1  # red-panda: ignore[MIG004, ENV002] -- what it is about stands elsewhere\n";
    repo.write("config/settings.py", line);
    assert!(!repo.check().has("STY008"));
    repo.write("shop/migrations/0002_fill.py", line);
    let said = repo.check();
    assert!(said.has("The suppression of `MIG004` is not used"), "{said:?}");
    assert!(!said.has("ENV002"), "{said:?}");
}

#[test]
fn the_forges_branch_tells_what_is_deployed_before_the_local_one() {
    let repo = Repo::with(&[(".red-panda.toml", b"[deployed]\nref = \"stable\"\n")]);
    repo.git(&["branch", "-q", "stable"]);
    repo.write("shop/migrations/0002_fill.py", MIGRATION.as_bytes());
    repo.commit();
    repo.git(&["branch", "-q", "-f", "main"]);
    repo.git(&["update-ref", "refs/remotes/origin/stable", "work"]);
    repo.write("shop/migrations/0002_fill.py", MIGRATION.replace("x=1", "x=2").as_bytes());
    let said = repo.check();
    assert!(said.code == Some(1) && said.has("MIG001"), "{said:?}");
}

#[test]
fn what_git_cannot_open_is_told_with_the_next_step() {
    let repo = Repo::new();
    let elsewhere = tempfile::tempdir().unwrap();
    let says = |said: Said, sentence: &str| {
        assert_eq!(said.code, Some(2), "{said:?}");
        assert!(said.error.contains(sentence), "{said:?}");
    };
    says(check(repo.path(), &[]), "name the target branch with --base");
    says(check(repo.path(), &["--base", "nope"]), "there is no commit nope");
    says(check(elsewhere.path(), &[]), "is not a Git repository");
    let foreign = red_panda(repo.path()).env("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1").output().unwrap();
    says(said(foreign), "safe.directory");
    git(elsewhere.path(), &["init", "-q"]);
    says(check(elsewhere.path(), &["--base", "HEAD"]), "has no commit yet");
    repo.git(&["checkout", "-q", "--orphan", "alone"]);
    // Made in the same second, equal trees would be the same commit.
    repo.write("alone.py", b"");
    repo.commit();
    says(repo.check(), "share no history");
}

#[test]
fn a_shallow_clone_is_told_to_get_its_history() {
    let repo = Repo::new();
    repo.write("x.py", b"x = 1\n");
    repo.commit();
    let folder = tempfile::tempdir().unwrap();
    let url = format!("file://{}", repo.path().display());
    git(folder.path(), &["clone", "-q", "--depth", "1", "--no-single-branch", "-b", "work", &url, "."]);
    let said = check(folder.path(), &["--base", "origin/main"]);
    assert!(said.code == Some(2) && said.error.contains("fetch-depth: 0"), "{said:?}");
}

#[test]
fn a_bare_repository_is_judged_at_its_head() {
    let repo = Repo::new();
    repo.write("config/settings.py", BROKER.as_bytes());
    repo.commit();
    let folder = tempfile::tempdir().unwrap();
    git(folder.path(), &["clone", "-q", "--bare", &repo.path().display().to_string(), "."]);
    assert_eq!(check(folder.path(), &["--base", "main"]).code, Some(1));
    assert_eq!(check(folder.path(), &["--base", "work"]).code, Some(0));
}

#[test]
fn the_repository_is_the_one_that_was_named_and_its_hooks_do_not_run() {
    let (repo, other) = (Repo::new(), Repo::new());
    repo.write("config/settings.py", BROKER.as_bytes());
    repo.write(".git/hooks/post-index-change", b"#!/bin/sh\ntouch \"$(git rev-parse --git-dir)/ran\"\n");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let hook = repo.path().join(".git/hooks/post-index-change");
        std::fs::set_permissions(hook, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    let mut command = red_panda(repo.path());
    let output = command.args(["--base", "main"]).env("GIT_DIR", other.path().join(".git")).output().unwrap();
    assert_eq!(said(output).code, Some(1));
    assert!(!repo.path().join(".git/ran").exists());
}

#[cfg(unix)]
#[test]
fn odd_names_are_names() {
    let repo = Repo(tempfile::Builder::new().prefix("a:b\"c").tempdir().unwrap());
    repo.git(&["init", "-q", "-b", "main"]);
    repo.write("x.txt", b"x\n");
    repo.commit();
    for name in ["new\nline.py", "quo\"te.py", "schön.py", "esc\u{1b}[31m.py"] {
        repo.write(name, b"def f(:\n");
    }
    let plain = repo.check();
    assert_eq!(plain.code, Some(2), "{plain:?}");
    assert_eq!(plain.out.matches("does not parse as Python").count(), 4, "{plain:?}");
    for format in ["github", "text"] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_red-panda"));
        command.args(["check", "--base", "main", "--format", format, "--repo"]).arg(repo.path());
        let shown = said(command.output().unwrap());
        let named = shown.out.lines().filter(|line| line.contains("does not parse as Python")).count();
        assert_eq!(named, 4, "a name begins no line of its own: {shown:?}");
        assert!(!shown.out.contains('\u{1b}'), "{shown:?}");
    }
}

#[test]
fn what_git_cannot_take_in_is_told_and_the_rest_is_judged() {
    let repo = Repo::new();
    git(repo.path(), &["init", "-q", "nested"]);
    repo.write("nested/settings.py", BROKER.as_bytes());
    let alone = repo.check();
    assert_eq!(alone.code, Some(0), "{alone:?}");
    assert!(alone.has("`nested/` is a repository of its own without a commit"), "{alone:?}");

    repo.write("config/settings.py", BROKER.as_bytes());
    let said = repo.check();
    assert!(said.code == Some(1) && said.has("CEL001"), "{said:?}");
}

#[cfg(unix)]
#[test]
fn a_file_that_nobody_can_read_is_missed_where_a_rule_has_to_understand_it() {
    use std::os::unix::fs::PermissionsExt as _;
    let repo = Repo::with(&[("config/pipe.py", b"x = 1\n"), ("notes.txt", b"x\n")]);
    let pipe = |path: &str| {
        std::fs::remove_file(repo.path().join(path)).unwrap();
        assert!(Command::new("mkfifo").arg(repo.path().join(path)).status().unwrap().success());
    };
    pipe("notes.txt");
    let noted = repo.check();
    assert_eq!(noted.code, Some(0), "{noted:?}");
    assert!(noted.has("`notes.txt` was not looked at: it is no regular file"), "{noted:?}");

    pipe("config/pipe.py");
    repo.write("config/other.py", BROKER.as_bytes());
    let said = repo.check();
    assert!(said.code == Some(1) && said.has("CEL001"), "{said:?}");
    assert!(said.has("{\"path\":\"config/pipe.py\",\"reason\":\"it is no regular file\"}"), "{said:?}");

    std::fs::remove_file(repo.path().join("config/other.py")).unwrap();
    assert_eq!(repo.check().code, Some(2));
    // The superuser reads everything.
    repo.write("config/shut.py", b"x = 1\n");
    let shut = repo.path().join("config/shut.py");
    std::fs::set_permissions(&shut, std::fs::Permissions::from_mode(0o000)).unwrap();
    let denied = std::fs::File::open(&shut).is_err();
    assert_eq!(repo.check().has("it cannot be read: permission denied"), denied);
}

#[test]
fn a_filter_that_does_not_run_concerns_its_files_alone() {
    let attributes: (&str, &[u8]) = (".gitattributes", b"*.bin filter=lfs\nconfig/big.py filter=lfs\n");
    let repo = Repo::with(&[attributes]);
    repo.git(&["config", "filter.lfs.clean", "no-such-program clean -- %f"]);
    repo.git(&["config", "filter.lfs.required", "true"]);
    repo.write("model.bin", b"weights\n");
    repo.write("config/settings.py", BROKER.as_bytes());
    let said = repo.check();
    assert!(said.code == Some(1) && said.has("CEL001"), "{said:?}");
    assert!(said.has("`model.bin` was not looked at: its Git filter `lfs` does not run"), "{said:?}");

    repo.write("config/settings.py", b"DEBUG = False\n");
    assert_eq!(repo.check().code, Some(0));
    // What Git talks to, as Git LFS sets it up, dies in other words.
    repo.git(&["config", "filter.lfs.process", "no-such-program filter-process"]);
    let noted = repo.check();
    assert!(noted.code == Some(0) && noted.has("its Git filter `lfs` does not run"), "{noted:?}");
    repo.write("config/big.py", b"x = 1\n");
    assert_eq!(repo.check().code, Some(2));
}

#[cfg(unix)]
#[test]
fn a_line_end_in_the_way_to_the_repository_is_part_of_its_name() {
    let repo = Repo(tempfile::Builder::new().prefix("new\nline").tempdir().unwrap());
    repo.git(&["init", "-q", "-b", "main"]);
    repo.write("x.txt", b"x\n");
    repo.commit();
    repo.write("new\nline/settings.py", BROKER.as_bytes());
    let said = repo.check();
    assert!(said.code == Some(1) && said.has("CEL001"), "{said:?}");
}

#[test]
fn of_a_branch_and_a_tag_of_one_name_the_branch_is_taken_and_the_tag_is_noted() {
    let repo = Repo::new();
    let (old, branch) = (repo.git(&["rev-parse", "main"]), "work");
    repo.write("config/settings.py", BROKER.as_bytes());
    repo.commit();
    repo.git(&["tag", branch, &old]);
    let said = check(repo.path(), &["--base", "main", "--head", branch]);
    assert!(said.code == Some(1) && said.has("CEL001"), "{said:?}");
    let note = format!("not the tag at {}", &old[..7]);
    assert!(said.has("`work` is a branch and a tag") && said.has(&note), "{said:?}");
    repo.git(&["tag", "-f", branch, &repo.git(&["rev-parse", "refs/heads/work"])]);
    let one = check(repo.path(), &["--base", "main", "--head", branch]);
    assert!(one.has("CEL001") && !one.has("is a branch and a tag"), "{one:?}");
}

#[test]
fn a_base_that_is_named_by_its_object_id_is_told_in_short() {
    let repo = Repo::with(&[("shop/migrations/0002_fill.py", MIGRATION.as_bytes())]);
    let base = repo.git(&["rev-parse", "main"]);
    repo.write("shop/migrations/0002_fill.py", MIGRATION.replace("x=1", "x=2").as_bytes());
    let said = check(repo.path(), &["--base", &base]);
    assert!(said.has(&format!("is deployed (it is on `{}`)", &base[..7])), "{said:?}");
    let none = check(repo.path(), &["--base", &"1".repeat(40)]);
    assert!(none.error.contains("there is no commit 1111111:"), "{none:?}");
}

#[test]
fn an_edit_within_the_second_of_the_commit_is_seen() {
    let repo = Repo::new();
    repo.git(&["config", "core.trustctime", "false"]);
    let then = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_700_000_000);
    let date = |path: &str| {
        let file = std::fs::File::options().write(true).open(repo.path().join(path)).unwrap();
        file.set_modified(then).unwrap();
    };
    repo.write("config/settings.py", BROKER.replace("pa#ss", "pa23s").as_bytes());
    date("config/settings.py");
    repo.commit();
    repo.write("config/settings.py", BROKER.as_bytes());
    date("config/settings.py");
    date(".git/index");
    let said = check(repo.path(), &["--base", "work"]);
    assert!(said.has("CEL001"), "{said:?}");
}

#[test]
fn without_a_base_the_branch_of_origin_counts() {
    let repo = Repo::new();
    let steps: Vec<String> = (0..4)
        .map(|n| {
            repo.write("README.md", format!("{n}\n").as_bytes());
            repo.commit();
            repo.git(&["rev-parse", "HEAD"])
        })
        .collect();
    let none = check(repo.path(), &[]);
    assert_eq!(none.code, Some(2), "{none:?}");
    assert!(none.error.contains("--base"), "{none:?}");
    for (at, branch) in steps.iter().zip(["origin/master", "origin/main", "origin/trunk"]) {
        repo.git(&["update-ref", &format!("refs/remotes/{branch}"), at]);
        if branch == "origin/trunk" {
            repo.git(&["symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/trunk"]);
        }
        let said = check(repo.path(), &[]);
        assert!(said.has(&format!("\"base\":\"{at}\"")), "{branch}: {said:?}");
    }
}

#[test]
fn of_several_merge_bases_git_s_first_is_taken_and_named() {
    let repo = Repo::new();
    repo.git(&["branch", "other"]);
    for branch in ["work", "other"] {
        repo.git(&["checkout", "-q", branch]);
        repo.write(&format!("{branch}.md"), b"x\n");
        repo.commit();
        repo.git(&["tag", &format!("{branch}-1")]);
    }
    repo.git(&["merge", "-q", "-m", "there", "work-1"]);
    repo.git(&["checkout", "-q", "work"]);
    repo.git(&["merge", "-q", "-m", "back", "other-1"]);
    let first = repo.git(&["merge-base", "other", "work"]);
    let said = check(repo.path(), &["--base", "other", "--head", "work"]);
    assert!(said.has(&format!("have 2 merge bases; compared with {}", &first[..7])), "{said:?}");
}

#[test]
fn a_renamed_file_keeps_what_it_had() {
    let repo = Repo::with(&[("config/old.py", BROKER.as_bytes())]);
    repo.git(&["mv", "config/old.py", "config/production.py"]);
    assert_eq!(repo.check().code, Some(0));
}

#[test]
fn another_policy_can_be_tried() {
    let repo = Repo::new();
    repo.write("config/settings.py", BROKER.as_bytes());
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(&file, "exclude = [\"config/**\"]\n").unwrap();
    let policy = file.path().display().to_string();
    assert_eq!(check(repo.path(), &["--base", "main", "--config", &policy]).code, Some(0));
    std::fs::write(&file, "profil = 1\n").unwrap();
    assert_eq!(check(repo.path(), &["--base", "main", "--config", &policy]).code, Some(2));
}

/// Once merged, every pull request would be red.
#[test]
fn a_change_cannot_keep_the_fault_that_it_brings_into_the_policy() {
    let repo = Repo::new();
    for line in [
        "profil = 1",
        "# red-panda: ignore[POLICY] -- x\nprofil = 1",
        "profil = 1  # red-panda: ignore[POLICY] -- x",
    ] {
        repo.write(".red-panda.toml", format!("{line}\n").as_bytes());
        let said = repo.check();
        assert_eq!(said.code, Some(1), "{line}: {said:?}");
        assert!(said.has("\"POLICY\""), "{line}: {said:?}");
    }
}
