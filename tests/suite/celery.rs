//! CEL001 to CEL009 through files: every format, every row of the truth table, exact fixes, and no word of a password.

use proptest::prelude::*;

use red_panda::model::finding::{Finding, Fix, FixSafety, Place, Severity};
use red_panda::standin::sample::Sample;

/// Findings of this family for new files.
pub(crate) fn found(files: &[(&str, &str)]) -> Vec<Finding> {
    let findings = Sample::new(&[], files).judge().findings;
    let own = findings.into_iter().map(|reported| reported.finding).filter(|f| f.code.starts_with("CEL00"));
    own.collect()
}

pub(crate) fn codes(path: &str, text: &str) -> Vec<(&'static str, u32)> {
    found(&[(path, text)]).iter().map(|f| (f.code, f.place.span().map_or(0, |s| s.start.line))).collect()
}

/// The file after the safe fix of its only finding; `None` when it has no such fix.
pub(crate) fn fixed(path: &str, text: &str) -> Option<String> {
    let findings = found(&[(path, text)]);
    let [only] = findings.as_slice() else { return None };
    let Some(Fix { safety: FixSafety::Safe, edits, .. }) = &only.fix else { return None };
    let source = red_panda::source::Text::new(text);
    let at = |p: red_panda::model::finding::Position| {
        let bytes = source.line_bytes(p.line);
        let line = &text[bytes.clone()];
        bytes.start + line.char_indices().nth(p.column as usize - 1).map_or(line.len(), |(at, _)| at)
    };
    let mut edits: Vec<_> =
        edits.iter().map(|e| (at(e.span.start), at(e.span.end), &e.replacement)).collect();
    edits.sort();
    let mut out = text.to_owned();
    for (start, end, replacement) in edits.into_iter().rev() {
        out.replace_range(start..end, replacement);
    }
    Some(out)
}

#[test]
fn a_placeholder_password_is_encoded_for_the_author_and_a_real_one_never_shown() {
    let env = "# broker\nCELERY_BROKER_URL=amqp://u:change#me@rabbit/v\n";
    assert_eq!(fixed(".env.example", env).unwrap(), env.replace('#', "%23").replacen("%23", "#", 1));
    let real = found(&[(".env.example", "CELERY_BROKER_URL=amqp://u:9fKq#x2LmZt7@rabbit/v\n")]);
    assert_eq!(real[0].fix, Some(Fix::text("Write `#` as `%23`.")));
}

#[test]
fn one_letter_names_nothing_and_a_url_without_a_name_is_called_by_its_file() {
    let said = |text: &str| {
        let findings = found(&[("config/celery.py", text)]);
        findings.into_iter().map(|f| f.headline).collect::<Vec<_>>()
    };
    let plain =
        said("from celery import Celery\n\nu = \"amqp://user:pa#ss@host:5672/vh\"\napp = Celery(broker=u)\n");
    assert!(
        plain.len() == 1 && plain[0].starts_with("The password in the URL in `celery.py` holds"),
        "{plain:?}"
    );
    let built = said(
        "from os import environ\n\np = environ[\"P\"]\nCELERY_BROKER_URL = f\"amqp://user:{p}@host/vh\"\n",
    );
    assert_eq!(built, ["The password goes into the URL of `CELERY_BROKER_URL` unquoted"]);
}

/// `broker_urls.json` once more, through files: what stands in a setting is found there.
#[test]
fn every_row_of_the_table_is_found_where_it_stands() {
    let table: serde_json::Value = serde_json::from_str(include_str!("../data/broker_urls.json")).unwrap();
    let mut wrong = Vec::new();
    let cases = table["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 130);
    for case in cases {
        // A JSON string is a string of Python and of YAML, too.
        let quoted = case["url"].to_string();
        let (path, text) = match case["context"].as_str().unwrap() {
            "literal" => ("config/settings.py", format!("CELERY_BROKER_URL = {quoted}\n")),
            "compose" => (
                "compose.yaml",
                format!("services:\n  w:\n    environment:\n      CELERY_BROKER_URL: {quoted}\n"),
            ),
            "gha" => (".github/workflows/a.yml", format!("env:\n  CELERY_BROKER_URL: {quoted}\n")),
            "helm" => ("chart/templates/a.yaml", format!("CELERY_BROKER_URL: {quoted}\n")),
            "k8s" => {
                ("a.yaml", format!("apiVersion: v1\nkind: ConfigMap\ndata:\n  CELERY_BROKER_URL: {quoted}\n"))
            }
            "percent" => ("a.ini", format!("CELERY_BROKER_URL = {quoted}\n")),
            "docs" => ("a.md", format!("    CELERY_BROKER_URL={quoted}\n")),
            other => panic!("{other}"),
        };
        let mut expected: Vec<String> = Vec::new();
        for finding in case["expect"].as_array().unwrap() {
            expected.push(finding["rule"].as_str().unwrap().to_owned());
        }
        if case["id"] == "redis-db-name" {
            expected.push("CEL009".to_owned());
        }
        let found: Vec<&str> = found(&[(path, &text)]).iter().map(|f| f.code).collect();
        if found != expected {
            wrong.push(format!("{}: expected {expected:?}, found {found:?}", case["id"]));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn wrapping_is_exact_with_its_import() {
    let plain =
        "import os\n\nimport environ\n\nP = os.environ['P']\nCELERY_BROKER_URL = f\"amqp://u:{P}@h/v\"\n";
    let expected = "import os\nfrom urllib.parse import quote\n\nimport environ\n\nP = os.environ['P']\nCELERY_BROKER_URL = f\"amqp://u:{quote(P, safe='')}@h/v\"\n";
    assert_eq!(fixed("config/settings.py", plain).unwrap(), expected);
    assert_eq!(codes("config/settings.py", expected), []);
    let aliased = "import os\nimport urllib.parse\nURL = 'amqp://u:%s@h/v' % os.environ['P']\n";
    assert!(fixed("a.py", aliased).unwrap().contains("% urllib.parse.quote(os.environ['P'], safe=\"\")\n"));
    let keeps = "from urllib.parse import quote\nURL = f'amqp://u:{quote(p())}@h/v'\n";
    assert!(fixed("a.py", keeps).unwrap().contains("{quote(p(), safe=\"\")}"));
    let plus = "import os\nfrom urllib.parse import quote_plus\nURL = f'amqp://u:{quote_plus(os.environ[\"P\"])}@h/v'\n";
    let mended = fixed("a.py", plus).unwrap();
    assert!(mended.contains("{quote(os.environ[\"P\"], safe=\"\")}"), "{mended}");
    assert!(mended.contains("import quote\n"), "{mended}");
    assert_eq!(codes("a.py", &mended), []);
    let docstring = "\"\"\"Settings.\"\"\"\nURL = f'amqp://u:{get()}@h/v'\n";
    assert!(
        fixed("a.py", docstring)
            .unwrap()
            .starts_with("\"\"\"Settings.\"\"\"\nfrom urllib.parse import quote\nURL")
    );
}

#[test]
fn where_wrapping_is_not_exact_there_are_words_only() {
    for text in [
        "quote = str\nURL = f'amqp://u:{get()}@h/v'\n",
        "URL = f'amqp://u:{get()!r}@h/v'\n",
        "P = f'{get()}'\nURL = f'amqp://u:{P}@h/v'\n",
        "URL = 'amqp://u:{p}@h/v'.format(**values)\n",
    ] {
        let findings = found(&[("a.py", text)]);
        assert!(findings[0].fix.as_ref().is_some_and(|fix| fix.edits.is_empty()), "{text}");
    }
}

#[test]
fn values_are_followed_to_where_they_are_quoted() {
    for quoted in [
        "from urllib.parse import quote\ndef enc(p):\n    return quote(p, safe='')\nURL = f'amqp://u:{enc(get())}@h/v'\n",
        "from urllib.parse import quote\nclass C:\n    def __init__(self, p):\n        self.p = quote(p, safe='')\n    def url(self):\n        return f'amqp://u:{self.p}@h/v'\n",
        "from urllib.parse import quote as q\nu, p = 'u', q(get(), '')\nURL = 'amqp://{}:{}@h/v'.format(u, p)\n",
        "from urllib.parse import quote\nauth = f':{quote(p(), safe=\"\")}@' if p() else ''\nURL = f'redis://{auth}h/0'\n",
        "CACHES = {'default': {'PASSWORD': 'made-up'}}\nURL = f\"redis://:{CACHES['default']['PASSWORD']}@cache:6379/0\"\n",
        "import secrets\nURL = f'amqp://u:{secrets.token_urlsafe()}@h/v'\n",
        "from furl import furl\nURL = str(furl('amqp://h/v').set(password=get()))\n",
        "URL = 'amqp://%(u)s:%(p_encoded)s@h/v' % values\n",
    ] {
        assert_eq!(codes("config/settings.py", quoted), [], "{quoted}");
    }
    for bare in [
        "auth = f':{p()}@' if p() else ''\nURL = f'redis://{auth}h/0'\n",
        "BASE = 'amqp://%s:%s@h/v'\nURL = BASE % (get('U'), get('P'))\n",
        "SCHEME = 'amqps'\nURL = f'{SCHEME}://u:{get()}@h/v'\n",
        "URL = 'amqp://u:' + str(get()).strip() + '@h/v'\n",
        "URL = ''.join(('amqp://', 'u', ':', get(), '@h/v'))\n",
        "URL = 'amqp://u:{p}@h/v'.format_map(values)\n",
    ] {
        let found = codes("config/settings.py", bare);
        assert_eq!(found.iter().map(|f| f.0).collect::<Vec<_>>(), ["CEL003"], "{bare}");
    }
}

#[test]
fn a_password_of_another_module_is_judged_where_it_is_quoted() {
    let quoted = "from urllib.parse import quote\nP = quote(get(), safe='')\n";
    for (import, module) in [
        ("from .secrets import P", "config/settings/secrets.py"),
        ("from config.secrets import P", "config/secrets.py"),
        ("from . import P", "config/settings/__init__.py"),
        ("from .. import P", "config/__init__.py"),
        ("from ..secrets import *", "config/secrets.py"),
    ] {
        let settings = format!("{import}\nURL = f'amqp://u:{{P}}@h/v'\n");
        let settings = ("config/settings/base.py", settings.as_str());
        assert_eq!(found(&[settings, (module, quoted)]), [], "{import}");
        assert_eq!(found(&[settings, ("elsewhere/config/secrets.py", quoted)]).len(), 1, "{import}");
    }
}

#[test]
fn one_fault_is_reported_once() {
    assert_eq!(codes("a.py", "URL = f'amqp://u:{get()}@h/v'\n"), [("CEL003", 1)]);
    assert_eq!(codes("a.py", "URL = f'amqp://u:{get()}:@h/v'\n"), [("CEL003", 1)]);
    assert_eq!(codes(".env", "AMQP_URL=amqp://u:a@b#c+d@h:5672/v\n"), [("CEL001", 1)]);
    assert_eq!(
        codes("compose.yml", "services: {a: {environment: {B_URL: 'redis://${PASSWORD}@r'}}}\n"),
        [("CEL007", 1)]
    );
}

#[test]
fn every_format_gives_up_its_urls() {
    let url = "amqp://u:a/b@rabbit:5672/v";
    for (path, text) in [
        ("Procfile", format!("worker: celery -A config -b {url} worker\n")),
        ("Makefile", format!("run:\n\tCELERY_BROKER_URL={url} celery -A config worker\n")),
        ("bin/run.sh", format!("docker run \\\n  -e CELERY_BROKER_URL='{url}' app; true\n")),
        ("deploy/worker.service", format!("[Service]\nEnvironment=\"CELERY_BROKER_URL={url}\" A=1\n")),
        ("supervisor.conf", format!("[program:w]\nenvironment=A=\"1\",URL=\"{url}\",B=\"2\"\n")),
        (
            "Dockerfile.worker",
            format!("FROM x\nENV A=1 \\\n    CELERY_BROKER_URL={url}\nCMD [\"celery\", \"worker\"]\n"),
        ),
        ("docker/Dockerfile", format!("FROM x\nCMD [\"celery\", \"-b\", \"{url}\"]\n")),
        ("group_vars/all.yml", format!("broker: {{url: \"{url}\"}}\n")),
        ("chart/templates/env.yaml", format!("{{{{- if .Values.x }}}}\n  URL: \"{url}\"\n{{{{- end }}}}\n")),
        ("app/settings.py-tpl", format!("BROKER = \"{url}\"  # {{{{ project_name }}}}\n")),
        (".gitlab-ci.yml", format!("variables:\n  URL: {url}\n")),
        ("compose.yaml", format!("x-e: &e\n  URL: {url}\nservices:\n  a:\n    environment:\n      <<: *e\n")),
        (
            "compose.yaml",
            format!("services:\n  a:\n    command: >-\n      celery\n      --broker={url}\n      worker\n"),
        ),
        ("k8s/job.yaml", format!("args: [\"celery -b '{url}' worker\"]\n")),
        ("compose.yml", format!("services:\n  a:\n    command: \"celery -b \\\"{url}\\\" worker\"\n")),
        (".travis.yml", format!("env:\n  - A=1 CELERY_BROKER_URL=\"{url}\"\n  - B=2\n")),
        (".travis.yml", format!("env:\n  - \"CELERY_BROKER_URL='{url}'\"\n")),
        ("pyproject.toml", format!("[tool.pytest.ini_options]\nenv = [\n  \"BROKER_URL={url}\",\n]\n")),
        ("config/local.toml", format!("celery = {{ broker_url = \"{url}\", eager = true }}\n")),
        ("aws/task.json", format!("{{\"environment\":[{{\"name\":\"BROKER\",\"value\":\"{url}\"}}]}}\n")),
        (
            ".devcontainer/devcontainer.json",
            format!("{{\n  // local\n  \"containerEnv\": {{\n    \"BROKER_URL\": \"{url}\"\n  }}\n}}\n"),
        ),
        ("infra/main.tf", format!("environment = {{\n  BROKER_URL = \"{url}\"\n}}\n")),
        (".envs/.local/.django", format!("DEBUG=1\nCELERY_BROKER_URL={url}\n")),
        ("docker/start-worker", format!("#!/bin/bash\nexport CELERY_BROKER_URL='{url}'\nexec \"$@\"\n")),
        ("conf/local_settings.py.example", format!("BROKER_URL = \"{url}\"\n")),
        ("conf/app.cfg.sample", format!("[celery]\nbroker = {url}\n")),
        ("docker/Dockerfile", format!("FROM x\nENV BROKER_URL {url}\n")),
        (
            "config/celery.py",
            format!("from kombu import Connection\nwith Connection('{url}') as c:\n    pass\n"),
        ),
    ] {
        let found = codes(path, &text);
        assert_eq!(found.iter().map(|f| f.0).collect::<Vec<_>>(), ["CEL001"], "{path}: {text}");
    }
}

#[test]
fn what_a_format_makes_of_blanks_and_percent_signs_is_part_of_the_password() {
    let only = |path: &str, text: &str| codes(path, text).iter().map(|f| f.0).collect::<Vec<_>>();
    assert_eq!(only("Dockerfile", "FROM x\nENV BROKER_URL amqp://u:a b@h:5672/v\n"), ["CEL002"]);
    assert_eq!(only("app.ini", "[celery]\nbroker_url = amqp://u:a%secret@h:5672/v\n"), ["CEL002"]);
    assert_eq!(only("app.ini", "[celery]\nbroker_url = amqp://u:a%%40b@h:5672/v\n"), [""; 0]);
    assert_eq!(only("app.ini", "[celery]\nbroker_url = amqp://%(user)s:x@h:5672/v\n"), [""; 0]);
}

/// A comment may hold an `@` of its own.
#[test]
fn a_comment_behind_a_complete_address_is_no_password() {
    for url in ["redis://redis:6379/0", "redis://redis", "amqp://u:p@h:5672/v", "amqp://u:p@[::1]:5672"] {
        let found = codes(".env.example", &format!("CELERY_BROKER_URL={url} # ask ops@example.com\n"));
        assert_eq!(found, [("CEL005", 1)], "{url}");
    }
    assert_eq!(codes(".env.example", "CELERY_BROKER_URL=redis://:pa #ss@h:6379/0\n"), [("CEL001", 1)]);
}

/// CEL005 says what stands around a broker's address, ENV011 what stands around any other value.
#[test]
fn what_stands_around_an_address_is_said_once() {
    for (value, expected) in [
        ("amqp://guest:guest@h// # prod", ["CEL005", "ENV011"]),
        ("redis://r:6379/0  ", ["CEL005", "ENV011"]),
        ("\"redis://r:6379/0", ["CEL005", "ENV011"]),
        ("\"amqp://guest:guest@h//\" # prod", ["ENV011", "ENV011"]),
    ] {
        let text = format!("CELERY_BROKER_URL={value}\nSITE_NAME=a # b\n");
        let judgement = Sample::new(&[], &[("deploy/.env.example", &text)]).judge();
        let said: Vec<_> = judgement.findings.iter().map(|r| r.finding.code).collect();
        let around = |code: &&&str| matches!(**code, "CEL005" | "ENV011");
        let mut said: Vec<_> = said.iter().filter(around).copied().collect();
        said.sort_unstable();
        assert_eq!(said, expected, "{value}");
    }
}

#[test]
fn an_address_far_down_a_long_file_is_read() {
    let text = format!("{}CELERY_BROKER_URL=amqp://u:a/b@h/v\n", "A=1\n".repeat(2_000));
    assert_eq!(codes(".env.example", &text), [("CEL001", 2_001)]);
}

#[test]
fn a_url_that_a_change_only_moves_is_not_introduced() {
    let before = "A = 1\nCELERY_BROKER_URL = 'amqp://u:a/b@h/v'\n";
    let after = "CELERY_BROKER_URL = \"amqp://u:a/b@h/v\"\nA = 1\n";
    let judgement = Sample::new(&[("a.py", before)], &[("a.py", after)]).judge();
    assert_eq!(judgement.findings, []);
    let changed = after.replace("a/b", "a/c");
    let judgement = Sample::new(&[("a.py", before)], &[("a.py", &changed)]).judge();
    assert_eq!(judgement.findings.len(), 1);
}

/// The line with the address need not be the line that breaks it.
#[test]
fn a_password_that_is_changed_where_it_is_assigned_is_found_there() {
    let before = "import os\nfrom urllib.parse import quote\n\nCONST = 'ab'\nPASSWORD = quote(os.environ['P'], safe='')\n\n\n\n\n\nBROKER_URL = f'amqp://u:{PASSWORD}@h//'\nREDIS_URL = f'redis://:{CONST}@h/0'\n";
    let after = before.replace("quote(os.environ['P'], safe='')", "os.environ['P']").replace("'ab'", "'a#b'");
    let judgement = Sample::new(&[("a.py", before)], &[("a.py", &after)]).judge();
    let found = judgement.findings.iter().map(|r| &r.finding).filter(|f| f.code.starts_with("CEL"));
    let mut found: Vec<_> = found.map(|f| (f.code, f.place.span().unwrap().start.line)).collect();
    found.sort_unstable();
    assert_eq!(found, [("CEL001", 4), ("CEL003", 5)]);
    let untouched = format!("{after}DEBUG = True\n");
    let judgement = Sample::new(&[("a.py", &after)], &[("a.py", &untouched)]).judge();
    assert_eq!(judgement.findings, []);
}

#[test]
fn mebibytes_of_hostile_text_are_read() {
    for unit in
        ["amqp://u:p#", "${", "{{", "'amqp://", "- amqp://[", "CELERY_BROKER_URL=amqp://@;", "redis://a@;"]
    {
        let text = unit.repeat(60_000 / unit.len());
        for path in [".env", "a.yml", "a.sh", "README.md", "a.ini", "a.j2"] {
            found(&[(path, &text)]);
        }
    }
    let sum = format!("URL = 'amqp://' {}\n", "+ 'a' ".repeat(4_000));
    found(&[("a.py", &sum)]);
}

const FORMATS: [(&str, &str); 10] = [
    (".env.example", "CELERY_BROKER_URL=URL\n"),
    (".env", "CELERY_BROKER_URL=\"URL\" # prod\n"),
    ("config/settings.py", "import environ\nCELERY_BROKER_URL = env('CELERY_BROKER_URL', default='URL')\n"),
    ("config/celery.py", "from celery import Celery\napp = Celery('x', broker=f'URL{x}')\n"),
    ("compose.yaml", "services:\n  w:\n    environment:\n      CELERY_BROKER_URL: 'URL'\n"),
    ("compose.yml", "services:\n  w:\n    command: celery -b URL worker\n"),
    ("k8s.yaml", "apiVersion: v1\nkind: Secret\nstringData:\n  CELERY_BROKER_URL: 'URL'\n"),
    ("run.sh", "export CELERY_BROKER_URL=URL\n"),
    ("docs/a.md", "    CELERY_BROKER_URL=URL\n"),
    ("roles/x/templates/env.j2", "CELERY_BROKER_URL=URL\n"),
];

fn with_url(format: &str, url: &str) -> String {
    let text =
        format.replace("CELERY_BROKER_URL", "\0").replace("URL", url).replace('\0', "CELERY_BROKER_URL");
    assert!(text.contains(url), "{format}");
    text
}

/// Else a property over them would say nothing.
#[test]
fn a_broken_password_is_found_in_every_format() {
    for (path, text) in FORMATS {
        let text = with_url(text, "amqp://u:aB3c/D4e56@rabbit:5672/vh");
        assert!(!found(&[(path, &text)]).is_empty(), "{path}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(100) })]

    /// Whatever is wrong with a URL, no finding says anything of its password: not one run of four of its letters.
    #[test]
    fn no_finding_holds_any_of_a_password(
        words in prop::collection::vec("[a-z][A-Z][0-9][a-z][A-Z][0-9][a-z][0-9]{2}", 2..4),
        marks in prop::collection::vec("[@:/#%+?&= ;<>^|~]{1,2}|%25|%40|\\[|\\]", 3),
        shape in "amqp://u:PW@rabbit:5672/vh|redis://PW@redis:6379/0|ampq://u:PW@h/v|amqp://u:PW@h//v|amqp://u:PW|u:PW@h:1/v|amqp://PW:x@h/v|amqp://u:PW@h:port/v| amqp://u:PW@h/v |amqp://u:PW@h/v\\?x=1|amqp://u//PW",
    ) {
        let mut password = String::new();
        for (word, mark) in words.iter().zip(&marks) {
            password.push_str(word);
            password.push_str(mark);
        }
        let password = password.trim_end();
        for (path, text) in FORMATS {
            let text = with_url(text, &shape.replace("PW", password));
            for finding in found(&[(path, &text)]) {
                let said = format!(
                    "{} {} {} {:?} {finding:?}",
                    finding.headline, finding.consequence, finding.subject, finding.fix
                );
                for word in &words {
                    for part in word.as_bytes().windows(4) {
                        let part = std::str::from_utf8(part).unwrap();
                        prop_assert!(!said.contains(part), "{path}: {part:?} in {said}");
                    }
                }
            }
        }
    }
}

#[test]
fn tests_and_documents_weigh_less() {
    let url = "amqp://u:a/b@h/v";
    let weight = |path: &str, text: String| found(&[(path, &text)]).first().map(|f| f.severity);
    assert_eq!(weight("a/settings.py", format!("URL = '{url}'\n")), Some(Severity::Error));
    assert_eq!(weight("a/tests/x.py", format!("URL = '{url}'\n")), Some(Severity::Warning));
    assert_eq!(weight("docs/x.rst", format!("Like ``{url}``.\n")), Some(Severity::Advice));
    assert_eq!(weight("docs/x.rst", format!("Like {url}.\n")), None);
}

#[test]
fn a_quote_that_is_taken_away_above_the_url_is_the_cause() {
    let quoted = "from urllib.parse import quote\nimport os\nP = os.environ['P']\nP = quote(P, safe='')\n\n\n\n\n\n\n\n\nCELERY_BROKER_URL = f'amqp://user:{P}@host:5672/vh'\n";
    let bare = quoted.replace("P = quote(P, safe='')\n", "");
    let file = "config/settings.py";
    let judged = Sample::new(&[(file, quoted)], &[(file, &bare)]).judge();
    let [reported] = judged.findings.as_slice() else { panic!("{:?}", judged.findings) };
    assert_eq!((reported.finding.code, reported.finding.severity), ("CEL003", Severity::Error));
    let line = reported.finding.place.span().unwrap().start.line;
    assert!(
        matches!(reported.finding.place, Place::Base { .. }) && line == 4,
        "{:?}",
        reported.finding.place
    );
    // What was unquoted before is nobody's news, whatever is removed.
    let older = quoted.replace("P = quote(P, safe='')", "Q = 1");
    assert_eq!(Sample::new(&[(file, &older)], &[(file, &bare)]).judge().findings, []);
}

#[test]
fn what_a_trailing_blank_does_is_said_for_the_broker_at_hand() {
    let consequence =
        |url: &str| found(&[(".env.example", &format!("BROKER_URL={url}\n"))])[0].consequence.clone();
    assert!(consequence("amqp://guest:guest@h/v # prod").contains("RabbitMQ"));
    assert!(consequence("redis://r:6379/0 # prod").contains("database"));
}
