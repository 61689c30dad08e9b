//! What Git answers is the truth: every pattern here is put to `git check-ignore` too.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use super::*;

/// A folder, and its `.gitignore`.
type File<'a> = (&'a str, &'a [u8]);

/// A repository to ask Git in.
struct Asked(tempfile::TempDir);

impl Asked {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        assert!(git(folder.path(), &["init", "-q"]).status().unwrap().success());
        Self(folder)
    }

    /// Which of the paths Git ignores under these files.
    fn ignored(&self, files: &[File<'_>], paths: &[&str]) -> Vec<String> {
        for (folder, bytes) in files {
            let folder = self.0.path().join(folder);
            fs::create_dir_all(&folder).unwrap();
            fs::write(folder.join(GITIGNORE), bytes).unwrap();
        }
        let mut asked = git(self.0.path(), &["check-ignore", "--no-index", "--stdin", "-z"]);
        let mut asked = asked.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        asked.stdin.take().unwrap().write_all(paths.join("\0").as_bytes()).unwrap();
        let answer = String::from_utf8(asked.wait_with_output().unwrap().stdout).unwrap();
        for (folder, _) in files {
            fs::remove_file(self.0.path().join(folder).join(GITIGNORE)).unwrap();
        }
        answer.split_terminator('\0').map(str::to_owned).collect()
    }
}

/// Nobody's configuration has a say.
fn git(folder: &Path, arguments: &[&str]) -> Command {
    let mut git = Command::new("git");
    git.arg("-C")
        .arg(folder)
        .args(["-c", "core.excludesFile=", "-c", "core.ignoreCase=false"])
        .args(arguments);
    git.env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_CONFIG_GLOBAL", "/dev/null").env_remove("GIT_DIR");
    git
}

fn ours(files: &[File<'_>], paths: &[&str]) -> Vec<String> {
    let ignores = Ignores::new(files.iter().copied());
    let ignored = paths.iter().filter(|path| ignores.of(path).unwrap().ignored);
    ignored.map(|path| (*path).to_owned()).collect()
}

const PATHS: [&str; 14] = [
    ".env",
    ".env.example",
    ".env.local",
    "project/.env",
    "project/.env.example",
    "a/b/.env",
    "env",
    "a/env/x",
    ".envrc",
    " .env",
    ".env ",
    "#.env",
    "!.env",
    "a]b-\\{env}",
];

/// Lines, and what they ignore of the paths above, as Git said too.
#[test]
fn a_table_of_files_is_read_as_git_reads_it() {
    let utf16: Vec<u8> = ".env\r\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let with_mark = [b"\xFF\xFE".as_slice(), &utf16].concat();
    let tail = [b"*.pyc\n".as_slice(), &utf16].concat();
    let before_tail = [b".env\n".as_slice(), &utf16].concat();
    let table: [(&[u8], usize); 60] = [
        (b"# f\xFCr alle\n.env\n", 3),
        (b".env # local\n", 0),
        (&with_mark, 0),
        (&tail, 0),
        (&before_tail, 3),
        (b".{env,envrc}\n", 0),
        (b"a]b-\\\\{env}\n", 1),
        (b".env\t\n", 0),
        (b"\t.env\n", 0),
        (b".env  \r\n", 3),
        (b".env\r", 3),
        (b".env \t\n", 0),
        (b".env\\ \n", 1),
        (b".env\\  \n", 1),
        (b"\\ .env\n", 1),
        (b" .env\n", 1),
        (b"\\#.env\n", 1),
        (b"#.env\n", 0),
        (b"\\!.env\n", 1),
        (b".env*\n!.env.example\n", 6),
        (b".env\n!.env\n", 0),
        (b"!.env\n.env\n", 3),
        (b"/.env\n", 1),
        (b"//.env\n", 0),
        (b"**/.env\n", 3),
        (b"/**/.env\n", 3),
        (b"**/project/**\n", 2),
        (b"a/**\n", 2),
        (b"a/**/.env\n", 1),
        (b"a/*/.env\n", 1),
        (b"a*/.env\n", 0),
        (b"a/b**\n", 1),
        (b"**env\n", 8),
        (b"***/.env\n", 3),
        (b"**\\/.env\n", 2),
        (b"p**/.env\n", 1),
        (b".env/\n", 0),
        (b"a/\n", 2),
        (b"env/\n", 1),
        (b"/a/\n", 2),
        (b"*\n!*/\n", 14),
        (b"*\n!.env\n", 13),
        (b"*\n!*/\n!.env\n", 11),
        (b".[e]nv\n", 3),
        (b".[!a-d]nv\n", 3),
        (b".[^e]nv\n", 0),
        (b".[[:alpha:]]nv\n", 3),
        (b".[[:digit:]]nv\n", 0),
        (b".[[:letter:]]nv\n", 0),
        (b".[e\n", 0),
        (b"a[]]b[-x]*\n", 1),
        (b"[]-a.]env\n", 3),
        (b"[[:space:]].env\n", 1),
        (b".env[[:space:]]\n", 1),
        (b".e?v\n", 3),
        (b"a?b\n", 0),
        (b".env\\\n", 0),
        (b"\xEF\xBB\xBF.env\n", 3),
        (b"\n\n.env", 3),
        (b".ENV\n", 0),
    ];
    let asked = Asked::new();
    for (file, number) in table {
        let shown = String::from_utf8_lossy(file);
        let git = asked.ignored(&[("", file)], &PATHS);
        assert_eq!(ours(&[("", file)], &PATHS), git, "{shown:?}");
        assert_eq!(git.len(), number, "{shown:?}: {git:?}");
    }
}

#[test]
fn deeper_files_win_but_nothing_returns_from_an_ignored_folder() {
    let asked = Asked::new();
    let cases: [(&[File<'_>], &[&str]); 5] = [
        (&[("", b".env\n"), ("project", b"!.env\n")], &[".env", "a/b/.env"]),
        (&[("", b"project/\n"), ("project", b"!.env\n")], &["project/.env", "project/.env.example"]),
        (&[("project", b".env\n")], &["project/.env"]),
        (&[("a", b"b/.env\n/env\n"), ("a/b", b"!*\n")], &["a/env/x"]),
        (&[("a/b", b"/.env\n")], &["a/b/.env"]),
    ];
    for (files, ignored) in cases {
        assert_eq!(ours(files, &PATHS), *ignored);
        assert_eq!(asked.ignored(files, &PATHS), *ignored);
    }
}

#[test]
fn the_line_that_decides_is_named() {
    let ignores = Ignores::new([("", b"*.pyc\n.env\n".as_slice()), ("project", b"\n!.env\n".as_slice())]);
    let line = |file: &str, number| Some(DecidingLine { file: file.to_owned(), number });
    let answer = |path| ignores.of(path).unwrap();
    assert_eq!(answer(".env"), Answer { ignored: true, line: line(".gitignore", 2) });
    assert_eq!(answer("project/.env"), Answer { ignored: false, line: line("project/.gitignore", 2) });
    assert_eq!(answer("x"), Answer { ignored: false, line: None });
}

#[test]
fn the_costliest_file_ends_without_an_answer() {
    let line = "*a".repeat(1_000) + "b\n";
    let path = "a".repeat(4_000);
    let file = line.repeat(1_000);
    assert_eq!(Ignores::new([("", file.as_bytes())]).of(&path), None);
    let (open, closed) = ("{".repeat(500_000), "}".repeat(500_000));
    let braces = format!("{open}.env{closed}\n{}\n.env\n", "**/".repeat(300_000));
    assert!(Ignores::new([("", braces.as_bytes())]).of(".env").unwrap().ignored);
}

fn pattern() -> impl Strategy<Value = String> {
    let sign = prop::sample::select(
        [
            "*",
            "**",
            "/",
            "?",
            "a",
            "b",
            "ab",
            ".",
            "[ab]",
            "[!a]",
            "[a-",
            "]",
            "[",
            "-",
            "\\",
            "!",
            "#",
            " ",
            "\t",
            "{a,b}",
            "**/",
            "/**",
            "[[:alpha:]]",
            "[]a]",
            "[^/]",
            "[.-b]",
            "\r",
            "[[:",
            ":]",
            "^",
        ]
        .as_slice(),
    );
    prop::collection::vec(sign, 1..7).prop_map(|signs| signs.concat())
}

fn name() -> impl Strategy<Value = String> {
    prop::sample::select(
        ["a", "b", "ab", "aab", ".a", "a.b", "a-", "]", "{a,b}", "[", "a b", "!a", "#", "\\"].as_slice(),
    )
    .prop_map(str::to_owned)
}

#[test]
fn any_file_is_read_as_git_reads_it() {
    let asked = Asked::new();
    let lines =
        |number| prop::collection::vec(pattern(), number).prop_map(|lines: Vec<String>| lines.join("\n"));
    let paths = prop::collection::btree_set(prop::collection::vec(name(), 1..4), 8..20);
    let given = (lines(1..5), lines(0..3), paths);
    let mut runner =
        TestRunner::new(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() });
    let compared = runner.run(&given, |(root, deeper, paths)| {
        let files: [File<'_>; 2] = [("", root.as_bytes()), ("sub", deeper.as_bytes())];
        let top = paths.iter().map(|parts| parts.join("/"));
        let paths: Vec<String> = top.clone().chain(top.map(|path| format!("sub/{path}"))).collect();
        let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
        prop_assert_eq!(ours(&files, &paths), asked.ignored(&files, &paths), "{:?} and {:?}", root, deeper);
        Ok(())
    });
    compared.unwrap();
}
