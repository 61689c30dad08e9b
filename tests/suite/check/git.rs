//! Repositories and working trees as Git has them: what cannot be opened, read or told apart.

use super::*;

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
