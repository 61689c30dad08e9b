//! ENV001 where a page's example cannot say it: links, encrypted files, commits.

use red_panda::model::finding::Severity;
use red_panda::model::judgement::Judgement;
use red_panda::standin::sample::{Sample, files};

const REAL: &str = "DB_PASSWORD=Tr0ub4dor&3\n";

fn found(judgement: &Judgement) -> Vec<(String, Severity, String)> {
    let own = judgement.findings.iter().map(|r| &r.finding).filter(|f| f.code == "ENV001");
    own.map(|f| (f.place.path().unwrap_or("").to_owned(), f.severity, f.headline.clone())).collect()
}

fn added(path: &str, text: &str) -> Vec<(String, Severity, String)> {
    found(&Sample::new(&[], &[(path, text)]).judge())
}

#[test]
fn it_names_keys_and_never_values() {
    let env = "A_TOKEN=f3a9c1d87b20e64f\nB_TOKEN=a3a9c1d87b20e64e\nC_TOKEN=b3a9c1d87b20e64d\nD_TOKEN=c3a9c1d87b20e64c\nE_TOKEN=d3a9c1d87b20e64b\nF_TOKEN=e3a9c1d87b20e64a\nG_TOKEN=0123\n";
    let [(_, severity, headline)] = added("project/.env", env).try_into().unwrap();
    assert_eq!(severity, Severity::Error);
    assert_eq!(
        headline,
        "`project/.env` is committed and holds 6 values that look real: `A_TOKEN`, `B_TOKEN`, `C_TOKEN`, `D_TOKEN`, `E_TOKEN` and 1 more"
    );
}

#[test]
fn empty_files_deletions_and_submodules_are_silent() {
    assert_eq!(added(".env", ""), []);
    assert_eq!(added(".env", " \n\r\n"), []);
    assert_eq!(found(&Sample::new(&[(".env", REAL)], &[]).judge()), []);
}

#[test]
fn encrypted_files_are_silent_but_their_keys_are_not() {
    let sops = "DB_PASSWORD=ENC[AES256_GCM,data:q7Zr,iv:x,tag:y,type:str]\nsops_mac=ENC[AES256_GCM,data:z]\nsops_version=3.8.1\n";
    assert_eq!(added(".env", sops), []);
    let leaky = format!("{sops}MAIL_TOKEN=f3a9c1d87b20e64f\n");
    assert!(added(".env", &leaky)[0].2.ends_with("1 value that looks real: `MAIL_TOKEN`"));
    let opener = "DOTENV_PRIVATE_KEY=\"9d1f0c7ae2b84365a0f2e6d19c3b7a58\"\n";
    assert_eq!(added(".env.keys", opener)[0].1, Severity::Error);
    let mut sample = Sample::default();
    sample.head.insert(".env".to_owned(), b"\0GITCRYPT\0\x01\x02".to_vec());
    sample.head.insert("prod.env.gpg".to_owned(), b"\x85\x02\x0c\x03".to_vec());
    sample.head.insert("deploy/secrets.yml".to_owned(), b"\0GITCRYPT\0\x01\x02".to_vec());
    let judgement = sample.judge();
    assert_eq!(found(&judgement), []);
    assert!(judgement.not_looked_at.is_empty(), "{:?}", judgement.not_looked_at);
}

#[test]
fn what_cannot_be_read_is_committed_all_the_same() {
    let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:aa\nsize 12\n";
    assert_eq!(added("prod.env", pointer)[0].1, Severity::Error);
    let utf16: Vec<u8> = "\u{FEFF}A=b".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let mut sample = Sample::default();
    sample.head.insert(".env".to_owned(), utf16);
    assert_eq!(found(&sample.judge())[0].1, Severity::Error);
}

#[test]
fn a_link_is_judged_by_what_it_points_at() {
    let link = |target: &str| {
        let mut sample = Sample::new(
            &[],
            &[("app/.env", target), ("conf/live", REAL), ("app/t.example", "A=change-me\n")],
        );
        sample.symlinks.push("app/.env".to_owned());
        found(&sample.judge())[0].clone()
    };
    assert_eq!(link("../conf/live").1, Severity::Error);
    assert_eq!(link("t.example").1, Severity::Warning);
    assert_eq!(link("../../outside").1, Severity::Warning);
    assert_eq!(
        link("/etc/shop.env").2,
        "`app/.env` is committed as a link to `/etc/shop.env`, which is not in the repository"
    );
}

#[test]
fn of_a_tracked_file_only_new_values_count() {
    let modified =
        |before: &str, after: &str| found(&Sample::new(&[(".env", before)], &[(".env", after)]).judge());
    assert_eq!(modified("A=1\nB=2\n", "B=2\nA=1\n"), []);
    assert_eq!(modified("A=1\nB=2\n", "A=1\n"), []);
    assert_eq!(modified(REAL, &format!("# note\n{REAL}")), []);
    assert_eq!(modified("A=one\n", "A=two\n")[0].1, Severity::Warning);
    let news = modified("A=1\n", &format!("A=1\n{REAL}"));
    assert_eq!(news[0].2, "`.env` is committed, and this change adds 1 value that looks real: `DB_PASSWORD`");
}

#[test]
fn placeholders_among_fixtures_are_advice() {
    assert_eq!(added("tests/fixtures/.env", "SECRET_KEY=change-me\n")[0].1, Severity::Advice);
    assert_eq!(added("tests/fixtures/.env", REAL)[0].1, Severity::Error);
}

fn with_commits(head: &[(&str, &str)], commits: &[&[(&str, &str)]]) -> Vec<(String, Severity, String)> {
    let mut sample = Sample::new(&[], head);
    sample.commits = commits.iter().map(|list| files(list)).collect();
    found(&sample.judge())
}

#[test]
fn a_leak_is_reported_once_whichever_commits_show_it() {
    let twice = with_commits(&[(".env", REAL)], &[&[(".env", REAL)], &[(".env", REAL)]]);
    assert_eq!(twice.len(), 1);
    assert_eq!(twice[0].2, "`.env` is committed and holds 1 value that looks real: `DB_PASSWORD`");
    let moved = with_commits(&[("b/.env", REAL)], &[&[("a/.env", REAL)], &[("b/.env", REAL)]]);
    assert_eq!(moved.len(), 1, "{moved:?}");
}

/// Where ENV001 stands: with a line, or on the file as a whole.
fn places(sample: &Sample) -> Vec<(Option<u32>, String)> {
    let judged = sample.judge();
    let own = judged.findings.iter().map(|r| &r.finding).filter(|f| f.code == "ENV001");
    own.map(|f| {
        let fix = f.fix.as_ref().map_or("", |fix| &fix.text);
        (f.place.span().map(|span| span.start.line), fix.to_owned())
    })
    .collect()
}

#[test]
fn it_stands_on_the_worst_line_that_the_change_adds() {
    let line = |base: &[(&str, &str)], head: &str| places(&Sample::new(base, &[(".env", head)]))[0].0;
    assert_eq!(line(&[], &format!("# all\nSECRET_KEY=change-me\nHOST=one\n{REAL}TOKEN={REAL}")), Some(4));
    assert_eq!(line(&[], "# all\nSECRET_KEY=change-me\nSITE_NAME=Trees\n"), Some(3));
    assert_eq!(line(&[(".env", REAL)], &format!("{REAL}HOST=one\nA_TOKEN=f3a9c1d87b20e64f\n")), Some(3));
    assert_eq!(line(&[], "version https://git-lfs.github.com/spec/v1\noid sha256:aa\nsize 12\n"), Some(1));
    let pem = "A=1\nKEY=\"-----BEGIN RSA PRIVATE KEY-----\nMIIEow\n-----END RSA PRIVATE KEY-----\"\n";
    assert_eq!(line(&[], pem), Some(2));
}

#[test]
fn what_only_moved_into_place_has_no_line_in_the_diff() {
    let mut sample = Sample::new(&[(".env.example", "A=change-me\n")], &[(".env", "A=change-me\n")]);
    sample.renames.insert(".env".to_owned(), ".env.example".to_owned());
    assert_eq!(places(&sample)[0].0, None);
}

#[test]
fn of_what_the_history_holds_it_says_how_to_take_it_out() {
    let mut sample = Sample::new(&[], &[("a.py", "")]);
    sample.commits = vec![files(&[(".env", REAL)])];
    let [(line, fix)] = places(&sample).try_into().unwrap();
    assert_eq!(line, None);
    assert_eq!(
        fix,
        "Treat it as leaked: rotate `DB_PASSWORD`, then take it out of that commit before the branch is merged, with `git rebase -i 0000000^` and `git push --force-with-lease`."
    );
}

#[test]
fn a_private_key_without_quotes_is_real_and_its_lines_are_no_names() {
    let key = |body: &str| {
        format!(
            "A=1\nPRIVATE_KEY=-----BEGIN RSA PRIVATE KEY-----\n{body}\nWd1HfJ6pYg=\n-----END RSA PRIVATE KEY-----\n"
        )
    };
    let found = added(".env", &key("MIIEowIBAAKCAQEAq7Zr2LmX9vKc4TnB8s"));
    assert_eq!(found[0].2, "`.env` is committed and holds 1 value that looks real: `PRIVATE_KEY`");
    assert_eq!(added(".env", &key("change-me"))[0].1, Severity::Warning);
}

#[test]
fn a_link_that_somebody_filled_in_shows_nothing() {
    let judged = |target: &str| {
        let mut sample = Sample::new(&[], &[("app/.env", target)]);
        sample.symlinks.push("app/.env".to_owned());
        found(&sample.judge())[0].2.clone()
    };
    assert_eq!(
        judged("A=1\nDB_PASSWORD=Tr0ub4dor&3\n"),
        "`app/.env` is committed and holds 1 value that looks real: `DB_PASSWORD`"
    );
    assert_eq!(
        judged("q7Zr2LmX9vKc4TnB8sWd1HfJ"),
        "`app/.env` is committed as a link to another file, which is not in the repository"
    );
}

#[test]
fn a_key_is_named_where_every_reader_takes_its_line_for_an_assignment() {
    let real = "f3a9c1d87b20e64f";
    for line in [format!("MAIL_TOKEN={real}"), format!("export MAIL_TOKEN=\"{real}\"")] {
        assert!(added(".env", &format!("{line}\n"))[0].2.ends_with("looks real: `MAIL_TOKEN`"), "{line}");
    }
    for line in [
        format!("MAIL_TOKEN = {real}"),
        format!("  MAIL_TOKEN={real}"),
        format!("MAIL_TOKEN: {real}"),
        format!("MAIL_TOKEN=\"{real}"),
        format!("A=b\\\nMAIL_TOKEN={real}"),
    ] {
        assert!(added(".env", &format!("{line}\n"))[0].2.ends_with("looks real"), "{line}");
    }
}

#[test]
fn what_a_commit_published_and_the_head_does_not_show_is_reported_at_the_commit() {
    let gone = with_commits(&[("a.py", "")], &[&[(".env", REAL)], &[("a.py", "")]]);
    assert_eq!(
        gone[0].2,
        "`.env` was committed in `0000000` and holds 1 value that looks real: `DB_PASSWORD`"
    );
    let replaced = with_commits(&[(".env", "DB_PASSWORD=change-me\n")], &[&[(".env", REAL)]]);
    assert_eq!(replaced.iter().map(|f| f.1).collect::<Vec<_>>(), [Severity::Error, Severity::Warning]);
}
