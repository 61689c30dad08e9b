//! Small inputs rebuilt from public reports, each with the findings that must and must not be there:
//! `tests/data/reported.json`, whose fields `tests/data/README.md` explains.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use crate::fixtures::git;

/// One commit: path → content, `None` where the file goes.
type Step = BTreeMap<String, Option<Content>>;

#[derive(Deserialize)]
#[serde(untagged, deny_unknown_fields)]
enum Content {
    Text(String),
    Bytes { b64: String },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    id: String,
    situation: String,
    base: Step,
    steps: Vec<Step>,
    main_steps: Vec<Step>,
    expect: Vec<Expected>,
    judge: Vec<String>,
    accept: Vec<(String, String)>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    code: String,
    path: String,
    line: Option<u64>,
    end: Option<u64>,
    side: String,
    severity: Option<Vec<String>>,
}

/// What a line of `--format json` must have; its other fields are other tests' concern.
#[derive(Debug, Deserialize)]
struct Found {
    code: String,
    path: Option<String>,
    line: Option<u64>,
    side: Option<String>,
    severity: String,
}

fn cases() -> Vec<Case> {
    #[derive(Deserialize)]
    struct File {
        cases: Vec<Case>,
    }
    serde_json::from_str::<File>(include_str!("../data/reported.json")).unwrap().cases
}

impl Expected {
    fn is(&self, found: &Found) -> bool {
        let lines = self.line.map(|line| line..=self.end.unwrap_or(line));
        found.code == self.code
            && found.path.as_ref() == Some(&self.path)
            && found.side.as_ref() == Some(&self.side)
            && lines.is_none_or(|lines| found.line.is_some_and(|line| lines.contains(&line)))
            && self.severity.as_ref().is_none_or(|any| any.contains(&found.severity))
    }
}

impl Case {
    /// A bare repository with `main` and `pr`, of which the latter left the former at `base`.
    fn build(&self, folder: &Path) {
        git(folder, &["init", "-q", "--bare", "-b", "main"]);
        let mut stream = Vec::new();
        commit(&mut stream, "main", None, &self.base);
        let root = Some("refs/heads/main");
        commit(&mut stream, "pr", root, &self.steps[0]);
        self.steps[1..].iter().for_each(|step| commit(&mut stream, "pr", None, step));
        self.main_steps.iter().for_each(|step| commit(&mut stream, "main", None, step));
        let mut import = Command::new("git");
        import.arg("-C").arg(folder).args(["fast-import", "--quiet"]).stdin(Stdio::piped());
        let mut import = import.spawn().unwrap();
        import.stdin.take().unwrap().write_all(&stream).unwrap();
        assert!(import.wait().unwrap().success(), "{}", self.id);
    }

    fn check(&self) -> Vec<Found> {
        let folder = tempfile::tempdir().unwrap();
        self.build(folder.path());
        let mut check = Command::new(env!("CARGO_BIN_EXE_red-panda"));
        check.args(["check", "--format", "json", "--base", "main", "--head", "pr", "--repo"]);
        let output = check.arg(folder.path()).output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        // The last line is the summary: without it nothing was judged.
        let Some((findings, last)) = said.trim_end().rsplit_once('\n').or(Some(("", said.trim_end()))) else {
            unreachable!("there is always a last line")
        };
        assert!(
            last.contains("\"summary\""),
            "{}: {said}{}",
            self.id,
            String::from_utf8_lossy(&output.stderr)
        );
        findings.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    fn accepts(&self, found: &Found) -> bool {
        self.accept
            .iter()
            .any(|(code, path)| *code == found.code && (path == "*" || found.path.as_ref() == Some(path)))
    }

    fn judges(&self, code: &str) -> bool {
        self.judge.iter().any(|judged| judged == "*" || judged == code)
    }
}

fn commit(stream: &mut Vec<u8>, branch: &str, from: Option<&str>, step: &Step) {
    let mut line = |bytes: &[u8]| stream.extend([bytes, b"\n"].concat());
    line(format!("commit refs/heads/{branch}").as_bytes());
    line(b"committer Case <case@example.invalid> 1700000000 +0000\ndata 4\nwork");
    if let Some(from) = from {
        line(format!("from {from}").as_bytes());
    }
    for (path, content) in step {
        let bytes = match content {
            None => {
                line(format!("D {path}").as_bytes());
                continue;
            }
            Some(Content::Text(text)) => text.as_bytes().to_vec(),
            Some(Content::Bytes { b64 }) => STANDARD.decode(b64).unwrap(),
        };
        line(format!("M 100644 inline {path}\ndata {}", bytes.len()).as_bytes());
        line(&bytes);
    }
}

fn holds(id: &str) {
    let case = cases().into_iter().find(|case| case.id == id).expect(id);
    let found = case.check();
    for expected in &case.expect {
        let there = found.iter().any(|found| expected.is(found));
        assert!(there, "{}: no {} in {}\n{found:#?}", case.situation, expected.code, expected.path);
    }
    let more = found.iter().filter(|found| case.judges(&found.code) && !case.accepts(found));
    let more: Vec<_> = more.filter(|found| !case.expect.iter().any(|e| e.is(found))).collect();
    assert!(more.is_empty(), "{}: {more:#?}", case.situation);
}

/// A test for each case, named like it; and one that none was left out.
macro_rules! reported {
    ($($test:ident = $id:literal,)*) => {
        $(#[test]
        fn $test() {
            holds($id);
        })*

        const TRIED: &[&str] = &[$($id),*];
    };
}

reported! {
    // migrations
    a_column_is_judged_by_the_table_of_its_own_project = "mono-not-null",
    a_copy_in_an_archive_silences_nothing = "copy-in-archive",
    what_only_another_project_has_does_not_exist = "mono-other-project-only",
    circle_over_two_apps = "circle-two-apps",
    circle_of_itself = "circle-itself",
    squash_in_a_circle = "squash-circle",
    finished_squash_that_another_app_names = "squash-finished-left-behind",
    squash_of_computed_names = "squash-computed-replaces",
    renamed_once = "rename-once",
    another_user_model = "user-model-switched",
    latest_of_another_app = "latest",
    run_before_nothing = "run-before-missing",
    chain_on_nothing = "chain-on-missing",
    relation_without_dependency = "fk-without-dependency",
    the_global_registry_gives_live_models = "global-registry",
    a_live_model_is_seen_in_the_helper_that_runs = "live-in-helper",
    another_name_of_utc_is_no_edit = "utc-pytz",
    an_f_string_says_what_format_said = "fstring",
    // brokers
    a_command_in_sh_c_is_read = "shell-compose",
    what_urlparse_leaves_encoded_is_pasted = "password-of-url-urlparse",
    what_unquote_gives_is_raw = "password-unquoted",
    an_option_that_kombu_does_not_take = "redis-query",
    a_blank_before_the_next_broker = "failover-space",
    a_reference_is_no_broker = "secret-reference",
    // env files
    a_piece_of_a_wrapped_secret_is_no_name = "env-wrapped-secret",
    a_latin_1_comment_hides_no_line_of_gitignore = "gitignore-latin1",
    git_knows_no_braces = "gitignore-braces",
    latin_1_since_ever_is_looked_at = "latin1-stays",
    what_sops_writes_is_nobodys_name = "sops",
    paths_of_the_folder_are_no_secrets = "envrc-paths",
    a_comment_behind_the_equals_sign_is_the_value = "env-hash-value",
}

#[test]
fn every_case_is_tried() {
    let cases: BTreeSet<String> = cases().into_iter().map(|case| case.id).collect();
    let tried: BTreeSet<String> = TRIED.iter().map(|id| (*id).to_owned()).collect();
    assert_eq!(tried, cases);
}
