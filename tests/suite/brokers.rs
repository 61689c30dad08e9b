//! Broker URLs where people write them: in commands of a shell, in files with escapes of their own, through functions that
//! encode and decode; and what kombu makes of them, by its table.

use red_panda::model::finding::Fix;

use crate::celery::{codes, fixed, found};

const BROKEN: &str = "redis://:change/me@redis:6379/0";

fn only(path: &str, text: &str) -> Vec<&'static str> {
    codes(path, text).into_iter().map(|(code, _)| code).collect()
}

fn compose(command: &str) -> String {
    format!("services:\n  worker:\n    image: shop\n    command: {command}\n")
}

#[test]
fn a_command_is_read_however_many_shells_stand_around_it() {
    for command in [
        r#"sh -c "wait && celery -A config -b <> worker""#,
        "bash -lc 'celery -A config --broker=<> worker'",
        r#"["sh", "-c", "celery -A config -b <> worker"]"#,
        r#"sh -c "true || false; celery worker -b <>; echo""#,
        r#"sh -c "(celery worker -b <>)""#,
        r#"sh -c "celery worker -b <>& wait""#,
        r#"sh -c "exec celery -b <> worker""#,
        r#"sh -c "su app -c 'celery -b <> worker'""#,
        r#"sh -c "env X=y celery -b <> worker""#,
        r#"sh -c "export CELERY_BROKER_URL=<>; celery worker""#,
        r#"'sh -c "celery -b \"<>\" worker"'"#,
        r#"sh -c "X=$(celery -b <> inspect ping)""#,
        "CELERY_BROKER_URL=<> celery worker",
    ] {
        assert_eq!(only("compose.yaml", &compose(&command.replace("<>", BROKEN))), ["CEL001"], "{command}");
        let right = command.replace("<>", "redis://:change%2Fme@redis:6379/0");
        assert_eq!(only("compose.yaml", &compose(&right)), [""; 0], "{command}");
    }
}

#[test]
fn every_file_that_starts_a_worker_may_do_it_through_a_shell() {
    for (path, text) in [
        ("Dockerfile", "FROM x\nCMD sh -c \"celery -b <> worker\"\n"),
        ("Dockerfile", "FROM x\nCMD [\"sh\", \"-c\", \"wait && celery -b <> worker\"]\n"),
        ("Dockerfile", "FROM x\nENTRYPOINT [\"/bin/bash\",\"-lc\",\"celery -b <> worker\"]\n"),
        ("Dockerfile", "FROM x\nCMD [\"celery\",\"-b\",\"<>\",\"worker\"]\n"),
        ("Dockerfile", "FROM x\nRUN true && celery -b <> inspect; true\n"),
        ("Procfile", "worker: bash -lc 'wait && exec celery -b <> worker'\n"),
        (
            ".github/workflows/a.yml",
            "jobs:\n  a:\n    steps:\n      - run: |\n          bash -c \"celery -b <> worker\" &\n",
        ),
        ("supervisord.conf", "[program:w]\ncommand=sh -c \"sleep 5; celery -b <> worker\"\n"),
        ("worker.service", "[Service]\nExecStart=/bin/sh -c 'exec celery -b <> worker'\n"),
        ("run.sh", "#!/bin/sh\nsu app -c \"celery -b <> worker\"\n"),
        ("run.sh", "#!/bin/sh\nexec sh -c \"celery \\\n  -b <> worker\"\n"),
        ("run.sh", "#!/bin/sh\nssh host \"cd /app; celery -b <> worker\"\n"),
        ("fly.toml", "[processes]\nworker = \"sh -c 'celery -b <> worker'\"\n"),
        ("run.sh", "#!/bin/sh\nX=`celery -b <> inspect ping`\n"),
        ("Makefile", "run:\n\tsh -c \"celery -b <> worker\"\n"),
        ("package.json", "{\"scripts\": {\"w\": \"sh -c \\\"celery -b <> worker\\\"\"}}\n"),
        (
            "k8s.yaml",
            "apiVersion: v1\nkind: Pod\ncommand: [\"/bin/sh\", \"-c\"]\nargs: [\"celery -b <> worker\"]\n",
        ),
    ] {
        assert_eq!(only(path, &text.replace("<>", BROKEN)), ["CEL001"], "{text}");
        assert_eq!(only(path, &text.replace("<>", "redis://redis:6379/0")), [""; 0], "{text}");
    }
}

#[test]
fn the_items_of_a_command_are_known_by_the_option_before_them() {
    for command in [r#"["celery", "-b", "<>", "worker"]"#, r#"["celery", "--broker=<>", "worker"]"#] {
        let misspelt = compose(&command.replace("<>", "ampq://u:p@rabbit/v"));
        assert_eq!(only("compose.yaml", &misspelt), ["CEL008"], "{command}");
    }
}

#[test]
fn what_is_only_said_is_no_command() {
    for text in [
        "echo \"start it with celery -b redis://:change/me@redis:6379/0\"\n",
        "python -c \"print('amqp://u:a/b@h/v')\"\n",
        "curl http://u@h/x; redis-cli -u redis://h:6379/0&& mail me@example.org\n",
    ] {
        assert_eq!(only("run.sh", text), [""; 0], "{text}");
    }
}

#[test]
fn what_a_shell_puts_into_a_url_is_a_variable() {
    let shell = |value: &str| only("run.sh", &format!("#!/bin/sh\ncelery -b \"{value}\" worker\n"));
    assert_eq!(shell("redis://:$(cat /run/secrets/p)@redis:6379/0"), ["CEL004"]);
    assert_eq!(shell("redis://:`cat /run/secrets/p`@redis:6379/0"), ["CEL004"]);
    assert_eq!(shell("redis://:$(urlencode \"$P\")@redis:6379/0"), [""; 0]);
    assert_eq!(shell("redis://:$(jq -rn --arg p \"$P\" '$p|@uri')@redis:6379/0"), [""; 0]);
    let task = "- shell: \"celery -b redis://:{{ pw | urlencode | replace('/', '%2F') }}@h:6379/0 worker\"\n";
    assert_eq!(only("tasks/main.yml", task), [""; 0]);
    // Compose hands `$$` to the shell.
    let inner = compose(r#"sh -c "celery -b redis://:$${REDIS_PASSWORD}@redis:6379/0 worker""#);
    let findings = found(&[("compose.yaml", &inner)]);
    assert!(
        findings[0].code == "CEL004" && findings[0].headline.contains("`REDIS_PASSWORD`"),
        "{findings:?}"
    );
}

#[test]
fn a_single_percent_sign_is_found_where_the_file_eats_it() {
    for (path, text) in [
        ("supervisord.conf", "[program:w]\nenvironment=CELERY_BROKER_URL=\"amqp://u:p%40ss@h/v\"\n"),
        ("supervisor.ini", "[program:w]\ncommand=celery -b redis://:p%23ss@h/0 worker\n"),
        ("w.service", "[Service]\nEnvironment=\"CELERY_BROKER_URL=amqp://u:p%40ss@h/v\"\n"),
        ("w.service", "[Service]\nExecStart=/usr/bin/celery -b amqp://u:p@h/%2F worker\n"),
        ("a.py", "import os\nBROKER_URL = 'amqp://u:p%40ss@%s/v' % os.environ['H']\n"),
        ("a.py", "import os\nBROKER_URL = 'amqp://u:p%40ss@%(h)s/v' % {'h': os.environ['H']}\n"),
    ] {
        let findings = found(&[(path, text)]);
        let [only] = findings.as_slice() else { panic!("{text}: {findings:?}") };
        assert_eq!(only.code, "CEL002", "{text}");
        assert_eq!(only.fix, Some(Fix::text("Write `%%` for each `%` that belongs to the URL.")));
        assert_eq!(codes(path, &text.replace("%40", "%%40").replace("%2", "%%2")), [], "{text}");
    }
}

/// Who reads these files is not known, or hands `%` on.
#[test]
fn a_single_percent_sign_is_no_fault_elsewhere() {
    for (path, text) in [
        ("app.ini", "[celery]\nbroker_url = amqp://u:p%40ss@h/v\n"),
        ("uwsgi.ini", "[uwsgi]\nenv = CELERY_BROKER_URL=amqp://u:p%40ss@h/v\n"),
        ("run.sh", "export CELERY_BROKER_URL=amqp://u:p%40ss@h/v\n"),
        ("a.py", "H = 1\nBROKER_URL = f'amqp://u:p%40ss@{H}/v'\n"),
        ("a.py", "BROKER_URL = 'amqp://u:p@node%2d:%d/v' % (n(), port())\n"),
    ] {
        assert_eq!(codes(path, text), [], "{text}");
    }
}

#[test]
fn a_fix_says_what_the_file_doubles() {
    let text = |path: &str, text: &str| found(&[(path, text)])[0].fix.clone().unwrap().text;
    let supervisor = "[program:w]\nenvironment=CELERY_BROKER_URL=\"amqp://u:change#me@h/v\"\n";
    assert!(text("supervisord.conf", supervisor).starts_with("Write `#` as `%%23`."));
    assert_eq!(fixed("supervisord.conf", supervisor).unwrap(), supervisor.replace('#', "%%23"));
    let unit = "[Service]\nEnvironment=CELERY_BROKER_URL=amqp://u:change#me@h/v\n";
    assert_eq!(fixed("w.service", unit).unwrap(), unit.replace('#', "%%23"));
    let template = "import os\nBROKER_URL = 'amqp://u:change#me@%s/v' % os.environ['H']\n";
    assert!(text("a.py", template).starts_with("Write `#` as `%%23`."));
    let compose = "services:\n  w:\n    environment:\n      CELERY_BROKER_URL: amqp://u:change#me@h/a$$b\n";
    assert_eq!(fixed("compose.yaml", compose).unwrap(), compose.replace('#', "%23"));
}

#[test]
fn a_dollar_sign_may_belong_to_the_password() {
    let text = |password: &str| {
        let text =
            format!("services:\n  w:\n    environment:\n      CELERY_BROKER_URL: amqp://u:{password}@h/v\n");
        found(&[("compose.yaml", &text)])[0].fix.clone().unwrap().text
    };
    assert!(text("pa$word").contains("written `%24`"));
    assert!(!text("${RABBITMQ_PASSWORD}").contains("%24"));
}

const HEAD: &str = "import os, secrets, uuid\nfrom functools import partial\nfrom urllib.parse import quote, unquote, urlparse, urlsplit\nimport environ\nenv = environ.Env()\n";

fn settings(body: &str) -> Vec<&'static str> {
    only("config/settings.py", &format!("{HEAD}{body}\n"))
}

#[test]
fn what_is_encoded_still_is_pasted() {
    for body in [
        "p = urlsplit(os.environ['R'])\nURL = f'redis://:{p.password}@h/1'",
        "URL = f\"redis://:{urlparse(os.environ['R']).password or ''}@h/1\"",
        "p = env.url('R')\nURL = f'redis://:{p.password}@h/1'",
        "p = env('R', cast=urlparse)\nURL = 'redis://:{}@h/1'.format(p.password)",
        "p = urlparse(os.environ['R'])\nURL = 'redis://:{p.password}@{p.hostname}/1'.format(p=p)",
        "from urllib.parse import ParseResult\ndef f(p: ParseResult):\n    return f'redis://:{p.password}@h/1'",
        "class A:\n    def __init__(self, url):\n        self.parsed = urlparse(url)\n    def url(self):\n        return f'redis://:{self.parsed.password}@h/1'",
        "p = urlparse(os.environ['R'])\nURL = f'redis://:{quote(unquote(p.password), safe=\"\")}@h/1'",
    ] {
        assert_eq!(settings(body), [""; 0], "{body}");
    }
}

#[test]
fn what_is_decoded_is_raw() {
    for body in [
        "p = urlparse(unquote(os.environ['R']))\nURL = f'redis://:{p.password}@h/1'",
        "p = urlparse(os.environ['R'])\npw = unquote(p.password)\nURL = f'redis://:{pw}@h/1'",
        "p = env.db_url('R')\nURL = f\"redis://:{p['PASSWORD']}@h/1\"",
        "from kombu.utils.url import parse_url\np = parse_url(os.environ['R'])\nURL = f\"redis://:{p['password']}@h/1\"",
        "from yarl import URL as Y\nURL = f'amqp://u:{Y(os.environ[\"X\"]).password}@h/1'",
        "import base64\nURL = f'amqp://u:{base64.b64encode(os.urandom(9)).decode()}@h/1'",
    ] {
        assert_eq!(settings(body), ["CEL003"], "{body}");
    }
}

#[test]
fn what_is_quoted_twice_is_said_to_be() {
    for (body, mended) in [
        (
            "p = urlparse(os.environ['R'])\nURL = f'redis://:{quote(p.password, safe=\"\")}@h/1'",
            "URL = f'redis://:{p.password}@h/1'",
        ),
        ("p = env.url('R')\npw = quote(p.password)\nURL = f'redis://:{pw}@h/1'", "pw = p.password\n"),
        (
            "pw = quote(os.environ['P'], safe='')\nURL = f'redis://:{quote(pw, safe=\"\")}@h/1'",
            "URL = f'redis://:{pw}@h/1'",
        ),
    ] {
        assert_eq!(settings(body), ["CEL006"], "{body}");
        let mended_file = fixed("config/settings.py", &format!("{HEAD}{body}\n")).unwrap();
        assert!(mended_file.contains(mended), "{mended_file}");
        assert_eq!(codes("config/settings.py", &mended_file), [], "{mended_file}");
    }
}

#[test]
fn a_function_around_quote_is_followed() {
    for (body, expected) in [
        ("enc = partial(quote, safe='')\nURL = f'amqp://u:{enc(os.environ[\"P\"])}@h/1'", ""),
        ("enc = partial(quote)\nURL = f'amqp://u:{enc(os.environ[\"P\"])}@h/1'", "CEL003"),
        ("enc = lambda text: quote(text, safe='')\nURL = f'amqp://u:{enc(os.environ[\"P\"])}@h/1'", ""),
        ("enc = lambda text: text.strip()\nURL = f'amqp://u:{enc(os.environ[\"P\"])}@h/1'", "CEL003"),
        // A package's function may encode what it is given, and gets what it is asked for.
        ("from acme import prepare\nURL = f'amqp://u:{prepare(os.environ[\"P\"])}@h/1'", ""),
        ("from acme import get_secret\nURL = f'amqp://u:{get_secret(\"P\")}@h/1'", "CEL003"),
    ] {
        assert_eq!(settings(body).concat(), expected, "{body}");
    }
}

#[test]
fn a_function_of_the_repository_is_followed_into_its_module() {
    let judged = |import: &str, call: &str, utils: &str| {
        let body = format!("import os\n{import}\nURL = f'amqp://u:{{{call}}}@h/1'\n");
        let files =
            [("config/settings.py", body.as_str()), ("config/__init__.py", ""), ("config/utils.py", utils)];
        found(&files).into_iter().map(|finding| finding.code).collect::<String>()
    };
    let quoting = "from urllib.parse import quote\ndef enc(text):\n    return quote(text, safe='')\n";
    assert_eq!(judged("from config.utils import enc", "enc(os.environ['P'])", quoting), "");
    assert_eq!(judged("from config import utils", "utils.enc(os.environ['P'])", quoting), "");
    let bound =
        "from functools import partial\nfrom urllib.parse import quote\nenc = partial(quote, safe='')\n";
    assert_eq!(judged("from config.utils import enc", "enc(os.environ['P'])", bound), "");
    let raw = "import os\ndef password():\n    return os.environ['P']\n";
    assert_eq!(judged("from config.utils import password", "password()", raw), "CEL003");
}

#[test]
fn makers_of_letters_and_digits_need_no_quoting() {
    for value in [
        "uuid.uuid4().hex[:12]",
        "secrets.token_hex(8).upper()",
        "__import__('hashlib').sha256(b'x').hexdigest()[:20]",
        "__import__('binascii').hexlify(os.urandom(9)).decode()",
    ] {
        assert_eq!(settings(&format!("T = {value}\nURL = f'amqp://u:{{T}}@h/1'")), [""; 0], "{value}");
    }
    let drawn = |letters: &str| {
        settings(&format!(
            "import random, string\nT = ''.join(random.choices({letters}, k=9))\nURL = f'amqp://u:{{T}}@h/1'"
        ))
    };
    assert_eq!(drawn("string.ascii_letters + string.digits"), [""; 0]);
    assert_eq!(drawn("string.ascii_letters + string.punctuation"), ["CEL003"]);
}

#[derive(serde::Deserialize)]
struct Table {
    cases: Vec<Case>,
}

/// Of `tests/data/kombu_urls.json`, which `tests/oracles/kombu_urls.py` writes.
#[derive(serde::Deserialize)]
struct Case {
    url: String,
    error: Option<String>,
    as_meant: Option<bool>,
}

/// What kombu reads as meant is silent; what it reads otherwise is found, with kombu's own error where there is one.
#[test]
fn every_row_of_kombus_table_is_found_with_its_cause() {
    let table: Table = serde_json::from_str(include_str!("../data/kombu_urls.json")).unwrap();
    assert!(table.cases.len() > 70);
    let mut wrong = Vec::new();
    for case in table.cases {
        let findings = found(&[("config/settings.py", &format!("CELERY_BROKER_URL = '{}'\n", case.url))]);
        match case.as_meant {
            Some(true) if !findings.is_empty() => wrong.push(format!("{}: {findings:?}", case.url)),
            Some(false) if findings.is_empty() => wrong.push(format!("{}: silent", case.url)),
            _ => {}
        }
        let Some(error) = case.error else { continue };
        let (kind, text) = error.split_once(": ").unwrap();
        // `Connection._init_params() got an unexpected keyword argument`: which function it was is no news.
        let text = text.split_once(" got ").map_or("", |(_, text)| text);
        let is_said = |said: &str| said.contains(kind) && said.contains(text);
        if !findings.iter().any(|finding| is_said(&finding.consequence)) {
            wrong.push(format!("{}: {error}, said {findings:?}", case.url));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Somebody may take them apart before kombu sees them.
#[test]
fn whole_urls_in_a_row_are_only_told_where_python_hands_them_over() {
    let list = "redis://h1:6379/0,redis://h2:6379/0";
    assert_eq!(only("config/settings.py", &format!("CELERY_BROKER_URL = '{list}'\n")), ["CEL008"]);
    assert_eq!(only(".env.example", &format!("CELERY_BROKER_URL={list}\n")), [""; 0]);
    let split =
        format!("import os\nCELERY_BROKER_URL = os.environ.get('CELERY_BROKER_URL', '{list}').split(',')\n");
    assert_eq!(only("config/settings.py", &split), [""; 0]);
}

#[test]
fn a_reference_to_a_secret_is_no_broker_url() {
    for reference in [
        "op://dev/shop/broker-url",
        "ref+awsssm://shop/broker",
        "vault:secret/data/shop#broker",
        "ssm:/prod/shop/broker",
        "arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop/broker-AbCdEf",
        "azurekeyvault://shop@vault:1/x",
        "@Microsoft.KeyVault(SecretUri=https://v.vault.azure.net/secrets/x/)",
        "{{resolve:secretsmanager:shop:SecretString:url}}",
        "ENC[AES256_GCM,data:aGVs/bG8=,iv:a/b=,tag:c==,type:str]",
        // Of a resolver that nobody here knows
        "team-vault://shop/broker",
    ] {
        assert_eq!(only(".env.example", &format!("CELERY_BROKER_URL={reference}\n")), [""; 0], "{reference}");
    }
    for address in
        ["rabbitmq://rabbit//", "http://rabbit:15672", "mysql://u:p@db/x", "rabbit:5672/vh", "u:p@rabbit/vh"]
    {
        assert_eq!(only(".env.example", &format!("CELERY_BROKER_URL={address}\n")), ["CEL008"], "{address}");
    }
}
