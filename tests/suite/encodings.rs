//! Files in other encodings than UTF-8: what is read, what is noted, and what makes a change incomplete.

use red_panda::model::judgement::{Judgement, Verdict};
use red_panda::standin::sample::{Files, Sample};

const LATIN: &[u8] = b"# f\xFCr alle\n";

fn with(path: &str, text: &[u8]) -> Files {
    Files::from([(path.to_owned(), text.to_vec())])
}

/// The file was one text and is now another.
fn judged(path: &str, base: Option<&[u8]>, head: &[u8]) -> Judgement {
    let base = base.map_or_else(Files::new, |text| with(path, text));
    Sample { base, head: with(path, head), ..Sample::default() }.judge()
}

#[test]
fn where_ascii_decides_it_is_read_byte_by_byte_and_noted() {
    let broker = [LATIN, b"export CELERY_BROKER_URL=amqp://u:pa#ss@mq:5672/v\n"].concat();
    for path in ["run.sh", "Dockerfile", "supervisor.conf", ".env.example"] {
        let judged = judged(path, None, &broker);
        assert_eq!(judged.verdict(), Verdict::ChangesRequested, "{path}: {judged:?}");
        assert!(judged.findings.iter().any(|r| r.finding.code == "CEL001"), "{path}");
        assert_eq!(judged.notes, [format!("`{path}` was read byte by byte: it is not UTF-8 text")]);
    }
}

#[test]
fn what_its_readers_refuse_counts_where_the_change_made_it_so() {
    let (before, after) = ([LATIN, b"services: {}\n"].concat(), [LATIN, b"services:\n  app: {}\n"].concat());
    let stays = judged("compose.yaml", Some(&before), &after);
    assert_eq!(stays.verdict(), Verdict::Approved, "{stays:?}");
    assert_eq!(
        stays.notes,
        ["`compose.yaml` was read byte by byte: it is not UTF-8 text, as before this change"]
    );
    for base in [None, Some(b"services: {}\n".as_slice())] {
        let made = judged("compose.yaml", base, &after);
        assert_eq!(made.verdict(), Verdict::Incomplete, "{made:?}");
        assert_eq!(made.not_looked_at[0].reason, "it is not UTF-8 text");
    }
    let python = [LATIN, b"A = 1\n"].concat();
    assert_eq!(judged("a.py", None, &python).verdict(), Verdict::Incomplete);
    let stays = judged("a.py", Some(LATIN), &python);
    assert_eq!(stays.notes, ["`a.py` was not looked at: it is not UTF-8 text, as before this change"]);
}

#[test]
fn no_line_of_such_a_file_is_offered_in_another_encoding() {
    let text = [LATIN, b"DEBUG=True # f\xFCr alle\n"].concat();
    let sample = Sample { head: with(".env.example", &text), ..Sample::default() };
    let mut engine = sample.engine();
    let (judged, _) = sample.drive(&mut engine, &|| std::time::Duration::ZERO);
    let found = judged.findings.iter().find(|r| r.finding.code == "ENV011").unwrap();
    assert!(found.finding.fix.as_ref().unwrap().edits.is_empty(), "{found:?}");
    assert_eq!(engine.text(red_panda::model::plan::Side::Head, ".env.example"), None);
}

#[test]
fn utf_16_is_no_text_but_to_git() {
    let utf16: Vec<u8> = "\u{FEFF}.env\r\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(judged("compose.yaml", None, &utf16).verdict(), Verdict::Incomplete);
    let base =
        Files::from([("manage.py".to_owned(), Vec::new()), (".gitignore".to_owned(), b".env\n".to_vec())]);
    let mut head = base.clone();
    head.insert(".gitignore".to_owned(), utf16);
    let judged = Sample { base, head, ..Sample::default() }.judge();
    let [found] = judged.findings.as_slice() else { panic!("{judged:?}") };
    assert_eq!(found.finding.headline, "`.env` is not ignored by `.gitignore`");
    assert_eq!(judged.not_looked_at, []);
}
