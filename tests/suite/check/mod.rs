//! `red-panda check` on the repositories that people have on their laptops.

mod adopting;
mod all;
mod fix;
mod git;

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
