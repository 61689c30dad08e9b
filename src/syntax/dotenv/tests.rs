use proptest::prelude::*;
use serde_json::Value;

use super::*;

fn file(text: &str) -> EnvFile {
    EnvFile::parse(&Text::new(text))
}

fn pairs(text: &str) -> Vec<(String, String)> {
    let file = file(text);
    file.assignments().map(|a| (file.key(a).to_owned(), file.value(a).to_owned())).collect()
}

/// Two cells of the table come from a port of the parser alone; the programs around it do more.
/// Compose's `ParseWithLookup` takes the byte order mark away first, and Go's line scanner takes the CR of a CR LF.
const PROGRAM_DOES_MORE: [(&str, EnvReader, &str); 2] = [
    ("bom", EnvReader::Compose, "amqp://u:p@h:5672/vh"),
    ("crlf-quoted", EnvReader::DockerRun, "\"amqp://u:p@h:5672/vh\""),
];

#[test]
fn every_reader_sees_what_the_table_tells() {
    let table: Value = serde_json::from_str(include_str!("../../../tests/data/dotenv_lines.json")).unwrap();
    let columns = [
        (EnvReader::DjangoEnviron, "django_environ_environ"),
        (EnvReader::PythonDotenv, "python_dotenv"),
        (EnvReader::Decouple, "python_decouple"),
        (EnvReader::Compose, "compose_go_v2"),
        (EnvReader::DockerRun, "docker_run_env_file"),
    ];
    let rows = table["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 20);
    for row in rows {
        let id = row["id"].as_str().unwrap();
        let file = file(row["bytes"].as_str().unwrap());
        let assignment = file.assignments().next().unwrap_or_else(|| panic!("{id}: no assignment"));
        for (reader, column) in columns {
            let expected = match row[column].as_str() {
                None => Reading::Absent,
                Some(error) if error.starts_with('<') => Reading::Fails,
                Some(value) => Reading::Value(value.to_owned()),
            };
            let more = PROGRAM_DOES_MORE.iter().find(|(i, r, _)| (*i, *r) == (id, reader));
            let expected = more.map_or(expected, |(_, _, value)| Reading::Value((*value).to_owned()));
            assert!(file.read(assignment, reader) == expected, "{id}: {}", reader.name());
        }
    }
}

#[test]
fn the_python_readers_are_matched_on_several_hundred_lines_that_they_were_run_on() {
    let table: Value =
        serde_json::from_str(include_str!("../../../tests/data/dotenv_more_lines.json")).unwrap();
    let columns = [
        (EnvReader::DjangoEnviron, "django_environ"),
        (EnvReader::PythonDotenv, "python_dotenv"),
        (EnvReader::Decouple, "python_decouple"),
    ];
    let mut wrong = Vec::new();
    let rows = table["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 364);
    for row in rows {
        let file = file(row["bytes"].as_str().unwrap());
        for (reader, column) in columns {
            let reading = file.get("KEY").map(|key| file.read(key, reader));
            let value = reading.as_ref().and_then(Reading::value);
            if value != row[column].as_str() {
                wrong.push(format!("{} of {}: {value:?}, not {}", reader.name(), row["bytes"], row[column]));
            }
        }
    }
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn an_empty_value_never_takes_the_next_line() {
    // gitleaks #1828: `PASSWORD=` swallowed the line below.
    assert_eq!(
        pairs("PASSWORD=\nAPI_HOST=api.internal\nTOKEN=   \n\nX=1"),
        [("PASSWORD", ""), ("API_HOST", "api.internal"), ("TOKEN", ""), ("X", "1")]
            .map(|(k, v)| (k.to_owned(), v.to_owned()))
    );
}

#[test]
fn a_quoted_value_may_span_lines() {
    let file = file("A=1\nKEY=\"-----BEGIN X-----\nMIIabc==\n-----END X-----\" # note\nB=2\n");
    let key = file.get("KEY").unwrap();
    assert_eq!(file.value(key), "-----BEGIN X-----\nMIIabc==\n-----END X-----");
    assert_eq!((file.lines()[1].number, file.lines()[1].last), (2, 4));
    assert_eq!(key.comment.as_ref().map(|c| file.slice(c)), Some("# note"));
    assert!(file.get("B").is_some());
}

#[test]
fn an_unbalanced_quote_ends_with_its_line() {
    let file = file("A=\"open\nSECRET_B=two\nC='x\nDEBUG=True\nD='\n");
    assert_eq!(file.get("A").unwrap().quote, Quote::Broken);
    assert_eq!(file.value(file.get("A").unwrap()), "open");
    assert_eq!(file.value(file.get("SECRET_B").unwrap()), "two");
    assert_eq!(file.value(file.get("DEBUG").unwrap()), "True");
}

#[test]
fn comments_commented_out_lines_and_prose_are_told_apart() {
    let file = file(
        "# Consumed by: app\n# KEY=value\n#OTHER='v'\n# set DEBUG=True to debug\n# a == b\nexport X=1\nset -e\n",
    );
    let kinds: Vec<&str> = file
        .lines()
        .iter()
        .map(|l| match l.content {
            Content::Comment => "comment",
            Content::CommentedOut(_) => "out",
            Content::Assignment(_) => "set",
            Content::Blank => "blank",
            Content::Other => "other",
        })
        .collect();
    assert_eq!(kinds, ["comment", "out", "out", "comment", "comment", "set", "other"]);
    assert_eq!(file.value(file.lines()[2].written().unwrap()), "v");
    assert!(file.get("X").unwrap().export);
}

#[test]
fn inline_comments_need_a_blank_before_the_hash() {
    assert_eq!(
        pairs("A=b # c\nB=b#c\nC=\t# c\nD=#c\nE='a # b' # c\nF=\"x\"#c\nG=b\t# c\nH=# c"),
        [("A", "b"), ("B", "b#c"), ("C", ""), ("D", "#c"), ("E", "a # b"), ("F", "x"), ("G", "b"), ("H", "")]
            .map(|(k, v)| (k.to_owned(), v.to_owned()))
    );
}

#[test]
fn a_value_never_shows_in_debug() {
    let file = file("SECRET_KEY=hunter2hunter2\n");
    let reading = file.read(file.get("SECRET_KEY").unwrap(), EnvReader::Compose);
    let shown = format!("{file:?} {reading:?} {:?}", file.lines());
    assert!(!shown.contains("hunter2"), "{shown}");
}

#[test]
fn what_may_be_the_rest_of_a_value_is_known_by_what_stands_above() {
    for (text, rest) in [
        ("KEY=abc\\\nDEF=ghi\nB=1\n", &[2][..]),
        ("KEY=\"abc\nDEF=ghi\njkl=\" x\nB=1\n", &[2, 3]),
        ("KEY='abc\nDEF=ghi\n", &[]),
        ("KEY=-----BEGIN RSA PRIVATE KEY-----\nMIIabc=\n-----END RSA PRIVATE KEY-----\nB=1\n", &[2, 3]),
        ("KEY=abc\nghiJKL456\nmno=\nB=1\n", &[3]),
        ("source ./lib\nB=1\n# note\\\nC=1\n", &[]),
    ] {
        let file = file(text);
        let marked: Vec<u32> = file.lines().iter().filter(|l| l.may_be_rest).map(|l| l.number).collect();
        assert_eq!(marked, rest, "{text:?}");
    }
}

#[test]
fn an_assignment_for_all_is_one_that_no_reader_drops_or_refuses() {
    for line in ["KEY=v", "KEY=", "export KEY=v", "KEY=\"v w\"", "KEY=v # c", "KEY='a\nb'"] {
        let file = file(&format!("{line}\n"));
        assert!(file.is_for_all(file.get("KEY").unwrap()), "{line}");
    }
    for line in [" KEY=v", "KEY =v", "KEY: v", "KEY=\"v", "export  KEY=v", "\u{FEFF}KEY=v"] {
        let file = file(&format!("{line}\n"));
        assert!(!file.is_for_all(file.get("KEY").unwrap()), "{line}");
    }
}

proptest! {
    #[test]
    fn no_byte_is_lost_and_nothing_panics(
        text in "(\u{FEFF})?([A-Z_]{1,4}|export |[ \t=:#'\"\\\\$]|[a-z0-9]{1,5}|\r?\n|é|[{}])*"
    ) {
        let file = file(&text);
        let mut at = 0;
        for line in file.lines() {
            prop_assert_eq!(line.bytes.start, at);
            at = line.bytes.end;
            if let Some(a) = line.written() {
                for range in [&a.statement, &a.key, &a.separator_bytes, &a.raw, &a.value] {
                    prop_assert!(text.get(range.clone()).is_some(), "{:?}", range);
                    prop_assert!(line.bytes.start <= range.start && range.end <= line.bytes.end);
                }
                for reader in EnvReader::ALL {
                    file.read(a, reader);
                }
            }
        }
        prop_assert_eq!(at, text.len());
    }
}
