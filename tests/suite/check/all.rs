//! `check --all`: what stands there, whatever came before.

use super::*;

/// A repository whose every fault is old.
fn old_project() -> Repo {
    let without = MIGRATION.replace("            migrations.RunPython.noop,\n", "");
    let repo = Repo::with(&[
        ("shop/migrations/0002_fill.py", without.as_bytes()),
        ("config/settings.py", BROKER.as_bytes()),
        ("config/settings_old.py", BROKER.as_bytes()),
    ]);
    assert_eq!(repo.check().code, Some(0));
    repo
}

/// The rules that these stories are about: what others say of the same files is not their matter.
const RULES: &str = "MIG004,MIG011,MIG015,CEL001";

fn all(repo: &Repo, arguments: &[&str]) -> Said {
    check(repo.path(), &[&["--all"], arguments].concat())
}

/// Code and path of each finding.
fn findings(said: &Said) -> Vec<(String, String)> {
    let lines = said.out.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let named = lines.filter_map(|line| {
        Some((line.get("code")?.as_str()?.to_owned(), line["path"].as_str().unwrap_or_default().to_owned()))
    });
    named.collect()
}

#[test]
fn what_is_old_is_told_too_and_needs_no_base() {
    let repo = old_project();
    let all = |more: &[&str]| all(&repo, &[&["--select", RULES], more].concat());
    let said = all(&[]);
    assert_eq!(said.code, Some(1), "{said:?}");
    let found = findings(&said);
    for (code, path) in [
        ("MIG004", "shop/migrations/0002_fill.py"),
        ("CEL001", "config/settings.py"),
        ("CEL001", "config/settings_old.py"),
    ] {
        assert!(found.contains(&(code.to_owned(), path.to_owned())), "{found:?}");
    }
    assert!(said.has("nothing counts as deployed here"), "{said:?}");
    assert_eq!(findings(&all(&["--head", "work"])), found);
    repo.write("config/settings_old.py", b"");
    assert_eq!(findings(&all(&[])).len(), found.len() - 1, "the working tree, not its commit");
}

/// What is told of some paths is what is told of all, but for the rest.
#[test]
fn paths_narrow_what_is_told_and_change_none_of_it() {
    let repo = old_project();
    let everything = findings(&all(&repo, &[]));
    for path in ["shop", "config/settings.py", "shop/migrations/"] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_red-panda"));
        command.current_dir(repo.path()).args(["check", "--format", "json", "--all", path]);
        let narrowed = said(command.output().unwrap());
        let inside = everything.iter().filter(|(_, at)| at.starts_with(path)).cloned();
        assert_eq!(findings(&narrowed), inside.collect::<Vec<_>>(), "{path}: {narrowed:?}");
    }
}

#[test]
fn a_path_that_is_not_there_is_told_with_the_likely_one() {
    let repo = old_project();
    let ask = |folder: &str, path: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_red-panda"));
        command.current_dir(repo.path().join(folder)).args(["check", "--all", path]);
        let said = said(command.output().unwrap());
        assert_eq!(said.code, Some(2), "{said:?}");
        said.error
    };
    assert!(ask("", "shpo").contains("there is no shpo in the working tree; did you mean shop?"));
    assert!(ask("", "whatever").contains("name files and folders that are there"));
    assert!(ask("config", "setings.py").contains("did you mean config/settings.py?"));
    assert!(ask("config", "../../x").contains("is not inside"));
    let usage = all(&repo, &["--base", "main"]);
    assert!(usage.code == Some(2) && usage.error.contains("cannot be used with"), "{usage:?}");
}

#[test]
fn a_project_without_a_commit_can_be_looked_at() {
    let repo = Repo(tempfile::tempdir().unwrap());
    repo.git(&["init", "-q", "-b", "main"]);
    assert_eq!(all(&repo, &[]).code, Some(0));
    repo.write("config/settings.py", BROKER.as_bytes());
    let said = all(&repo, &[]);
    assert!(said.code == Some(1) && said.has("CEL001"), "{said:?}");
}

#[test]
fn policy_and_attributes_are_those_that_stand_there() {
    let repo = old_project();
    repo.write(".gitattributes", b"config/settings_old.py linguist-generated\n");
    repo.write(".red-panda.toml", b"exclude = [\"shop/**\"]\n");
    let found = findings(&all(&repo, &["--select", RULES]));
    assert_eq!(found, [("CEL001".to_owned(), "config/settings.py".to_owned())]);
    repo.write(".red-panda.toml", b"exclud = []\n");
    let broken = all(&repo, &[]);
    assert_eq!(broken.code, Some(2));
    assert!(broken.error.contains(".red-panda.toml in the working tree, line 1: unknown key"), "{broken:?}");
}

/// A forge lists three thousand.
#[test]
fn a_project_of_more_files_than_a_forge_lists_is_looked_at_to_its_end() {
    let repo = Repo::new();
    (0..3_001).for_each(|number| repo.write(&format!("app/part_{number}.py"), b""));
    repo.write("zone/settings.py", BROKER.as_bytes());
    let said = all(&repo, &[]);
    assert!(said.code == Some(1) && said.has("zone/settings.py"), "{said:?}");
    assert!(said.has("\"not_looked_at\":[]"), "{said:?}");
}

#[test]
fn every_format_tells_all_of_it_and_the_text_ends_with_the_rules() {
    let repo = old_project();
    let ask = |format: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_red-panda"));
        command.args(["check", "--all", "--select", RULES, "--format", format, "--repo"]).arg(repo.path());
        said(command.output().unwrap())
    };
    for format in ["sarif", "github"] {
        let said = ask(format);
        assert!(said.has("MIG004") && said.has("config/settings_old.py"), "{said:?}");
    }
    let text = ask("text");
    let (table, verdict) = text.out.trim_end().rsplit_once("\n\n").unwrap();
    let table = table.rsplit_once("\n\n").unwrap().1;
    assert_eq!(
        table,
        "error   CEL001  broker-url-unencoded           2  config/settings.py:1\n\
         error   MIG004  runpython-without-reverse      1  shop/migrations/0002_fill.py:11\n\
         warning MIG011  auto-named-migration           1  shop/migrations/0002_fill.py\n\
         advice  MIG015  irreversible-or-lossy-reverse  1  shop/migrations/0002_fill.py:11"
    );
    assert!(verdict.starts_with("3 errors, 1 warning, 1 piece of advice in "), "{verdict}");
}

#[test]
fn rules_are_chosen_by_code_name_and_family() {
    let repo = old_project();
    let codes = |arguments: &[&str]| {
        let said = all(&repo, arguments);
        assert_ne!(said.code, Some(2), "{said:?}");
        let mut codes: Vec<String> = findings(&said).into_iter().map(|(code, _)| code).collect();
        codes.dedup();
        codes
    };
    assert_eq!(codes(&["--select", RULES]), ["CEL001", "MIG004", "MIG011", "MIG015"]);
    for words in ["MIG004", "mig004", "runpython-without-reverse", "MIG004,CEL004"] {
        assert_eq!(codes(&["--select", words]), ["MIG004"], "{words}");
    }
    for words in ["migrations", "MIG", "mig"] {
        let found = codes(&["--select", words]);
        assert!(found.len() > 2 && found.iter().all(|code| code.starts_with("MIG")), "{words}: {found:?}");
    }
    assert_eq!(codes(&["--select", "MIG004", "--select", "CEL001", "--ignore", "celery"]), ["MIG004"]);
    assert_eq!(codes(&["--select", RULES, "--ignore", "migrations,CEL"]), Vec::<String>::new());
    for (word, sentence) in [
        ("MIG04", "there is no rule or family \"MIG04\"; did you mean \"MIG004\"?"),
        ("migration", "did you mean \"migrations\"?"),
        ("whatever", "`red-panda rules list` names them all"),
    ] {
        let said = all(&repo, &["--select", word]);
        assert!(said.code == Some(2) && said.error.contains(sentence), "{said:?}");
    }
}

/// The command line is a person's own, whatever the policy may not turn off or has off.
#[test]
fn the_command_line_goes_before_the_policy() {
    let repo = old_project();
    repo.write("shop/.env", b"SECRET_KEY=h7KdXk29QprtVbn31mZq\n");
    repo.git(&["add", "-f", "shop/.env"]);
    assert!(repo.check().has("ENV001"));
    let ignored = check(repo.path(), &["--base", "main", "--ignore", "ENV001"]);
    assert!(!ignored.has("ENV001"), "{ignored:?}");
    repo.write(".red-panda.toml", b"[rules]\nMIG004 = { severity = \"off\", reason = \"x\" }\n");
    assert!(!all(&repo, &[]).has("MIG004"));
    assert!(all(&repo, &["--select", "MIG004"]).has("\"MIG004\""));
}
