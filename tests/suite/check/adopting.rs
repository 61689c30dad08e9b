//! `profile = "adopting"`: what most files of the base break is advice, until the team gets there.

use super::*;

const POLICY: &[u8] = b"profile = \"adopting\"\n";
const STR: &str = "\n    def __str__(self):\n        return self.name\n";

fn model(name: &str, named: bool) -> String {
    let text = if named { STR } else { "" };
    format!(
        "from django.db import models\n\n\nclass {name}(models.Model):\n    name = models.CharField(max_length=9)\n{text}"
    )
}

/// Three files with models, of which so many say nothing of their rows, and a new one that does not either.
fn project(policy: &[u8], silent: usize) -> Repo {
    let models: Vec<String> = (0..3).map(|n| model(&format!("Item{n}"), n >= silent)).collect();
    let paths = ["shop/models.py", "blog/models.py", "news/models.py"];
    let files = paths.iter().zip(&models).map(|(path, text)| (*path, text.as_bytes()));
    let repo = Repo::with(&files.chain([(".red-panda.toml", policy)]).collect::<Vec<_>>());
    repo.write("wiki/models.py", model("Page", false).as_bytes());
    repo
}

/// How the new model is told of.
fn severity(repo: &Repo, arguments: &[&str]) -> (String, Said) {
    let said = check(repo.path(), &[&["--select", "MOD004,MIG004"], arguments].concat());
    let lines = said.out.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let page = lines.filter(|line| line["path"] == "wiki/models.py" && line["code"] == "MOD004");
    let told: Vec<String> = page.map(|line| line["severity"].as_str().unwrap().to_owned()).collect();
    (told.join(", "), said)
}

#[test]
fn what_most_files_break_is_advice_until_most_keep_it() {
    let base = ["--base", "main"];
    let (told, said) = severity(&project(POLICY, 2), &base);
    assert_eq!((told.as_str(), said.code), ("advice", Some(0)), "{said:?}");
    // Files without a model, like settings, neither keep the rule nor break it.
    assert!(said.has("what most files break is advice: MOD004 (2 of 3 files)"), "{said:?}");
    let (told, said) = severity(&project(POLICY, 1), &base);
    assert_eq!((told.as_str(), said.code), ("error", Some(1)), "{said:?}");
    assert!(!said.has("most files break"), "{said:?}");
    assert_eq!(severity(&project(b"", 3), &base).0, "error");
}

#[test]
fn what_the_policy_decides_and_what_is_essential_is_no_habit() {
    let decided = project(&[POLICY, b"[rules]\nMOD004 = \"error\"\n"].concat(), 3);
    assert_eq!(severity(&decided, &["--base", "main"]).0, "error");
    let without = MIGRATION.replace("            migrations.RunPython.noop,\n", "");
    let repo = Repo::with(&[
        (".red-panda.toml", POLICY),
        ("shop/migrations/0002_fill.py", without.as_bytes()),
        ("shop/migrations/0003_fill.py", without.replace("0001_initial", "0002_fill").as_bytes()),
    ]);
    repo.write("shop/migrations/0004_fill.py", without.replace("0001_initial", "0003_fill").as_bytes());
    let said = repo.check();
    let error = "\"code\":\"MIG004\",\"name\":\"runpython-without-reverse\",\"severity\":\"error\"";
    assert!(said.code == Some(1) && said.has(error), "{said:?}");
}

#[test]
fn a_whole_project_is_told_what_would_be_lowered_and_how_far_it_is() {
    let repo = project(b"", 2);
    let (told, said) = severity(&repo, &["--all"]);
    assert_eq!(told, "error");
    let note =
        "most files break MOD004 (3 of 4 files): with `profile = \\\"adopting\\\"` these would be advice";
    assert!(said.has(note), "{said:?}");
    repo.write(".red-panda.toml", POLICY);
    let (told, said) = severity(&repo, &["--all"]);
    assert_eq!(told, "advice");
    assert!(said.has("what most files break is advice: MOD004 (3 of 4 files)"), "{said:?}");
    let mut command = red_panda(repo.path());
    command.current_dir(repo.path()).args(["--select", "MOD004", "--all", "wiki"]);
    let narrowed = self::said(command.output().unwrap());
    assert!(narrowed.code == Some(0) && narrowed.has("MOD004 (3 of 4 files)"), "{narrowed:?}");
}
