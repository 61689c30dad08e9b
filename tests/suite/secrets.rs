//! The bot must not become the leak: whatever stands in a changed file, no part of a password reaches any output.

use std::collections::HashSet;

use proptest::prelude::*;

use red_panda::model::judgement::Judgement;
use red_panda::model::plan::Side;
use red_panda::report::plan::{PlanInput, plan};
use red_panda::report::status::Stage;
use red_panda::report::terminal::Terminal;
use red_panda::report::wording::NoLinks;
use red_panda::report::{annotations, heading, json, sarif};
use red_panda::source::Text;
use red_panda::standin::sample::{Sample, files};

use crate::report::fixtures::{GITHUB, status_of};

/// A stretch of this many characters tells something of the password.
const PIECE: usize = 4;

/// Characters that no sentence, code or fingerprint of ours has in this order.
fn piece() -> impl Strategy<Value = String> {
    prop_oneof!["([A-Z][0-9][a-z]){2,4}", "([A-Z][0-9]){3,5}", "([A-Z][0-9]){2}_([A-Z][0-9]){2}"]
}

const JOINTS: [&str; 22] = [
    ".", "-", ". #", "$", "${", "{", "{{", "$(", "%(", "#", " #", "@", ":", "/", "%", "%4", "?", ";", "//",
    "}", "$$", "://",
];

/// What makes readers take the next piece for something else.
fn joint() -> impl Strategy<Value = String> {
    let sign = "[!-/:-@\\[-`{-~]";
    prop_oneof![3 => proptest::sample::select(JOINTS.as_slice()).prop_map(str::to_owned), 1 => sign]
}

fn secret() -> impl Strategy<Value = String> {
    let tail = prop::collection::vec((joint(), piece()), 1..4);
    let end = prop_oneof![3 => Just(""), 1 => Just("}"), 1 => Just("}}"), 1 => Just(")s"), 1 => Just("$")];
    (piece(), tail, end).prop_map(|(first, tail, end)| {
        let tail: String = tail.into_iter().map(|(joint, piece)| joint + &piece).collect();
        first + &tail + end
    })
}

/// Every shape of file that the rules about secrets and broker URLs read.
const SHAPES: [(&str, &str); 34] = [
    (".env", "CELERY_BROKER_URL=amqp://u:{}@rabbit:5672/v\n"),
    (".env", "DB_PASSWORD={}\nAPI_TOKEN='{}'\n"),
    (".env.example", "CELERY_BROKER_URL=amqp://u:{}@rabbit:5672/v\n"),
    (".env.example", "CELERY_BROKER_URL=\"amqp://u:{}@rabbit\" # broker\n"),
    (".env.example", "SECRET_KEY={}\nDB_PASSWORD=\"{}\"\n"),
    ("deploy/prod.env", "export BROKER_URL='redis://:{}@redis:6379/0'\nEMAIL_PASSWORD={}   \n"),
    (".envrc", "export SECRET_KEY=\"{}\n"),
    ("config/settings.py", "CELERY_BROKER_URL = \"amqp://u:{}@rabbit:5672/v\"\n"),
    ("config/settings.py", "CELERY_BROKER_URL = 'redis://{}@redis/0'\n"),
    ("config/settings.py", "import os\nCELERY_BROKER_URL = f\"amqp://u:{}@{os.environ['HOST']}/v\"\n"),
    ("config/settings.py", "CELERY_BROKER_URL = 'amqp://u:{}@%s/v' % HOST\n"),
    ("config/settings.py", "CELERY_BROKER_URL = 'amqp://u:{}@{}/v'.format(HOST)\n"),
    ("config/settings.py", "CELERY_BROKER_URL = os.getenv('BROKER', 'amqp://u:{}@mq//v?x=1')\n"),
    ("config/settings.py", "CACHES = {'default': {'LOCATION': 'redis://u:{}@redis:6379/db'}}\n"),
    ("config/settings.py", "PASSWORD = '{}'\nCELERY_BROKER_URL = f'amqp://u:{PASSWORD}@mq/v'\n"),
    ("tests/test_broker.py", "def test_it():\n    assert App(broker='amqp://u:{}@mq:5672/v').conf\n"),
    (
        "compose.yaml",
        "services:\n  w:\n    environment:\n      CELERY_BROKER_URL: amqp://u:{}@rabbit:5672/v\n",
    ),
    (
        "compose.yaml",
        "services:\n  w:\n    environment:\n      - \"CELERY_BROKER_URL=amqp://u:{}@rabbit:5672/v\"\n",
    ),
    (
        "compose.yaml",
        "services:\n  w:\n    environment:\n      DB_PASSWORD: '{}'\n      BROKER_URL: '${BROKER_URL:-amqp://u:{}@mq}'\n",
    ),
    (
        "docker-compose.yml.j2",
        "services:\n  w:\n    environment:\n      CELERY_BROKER_URL: \"amqp://u:{}@{{ host }}/v\"\n",
    ),
    (
        ".github/workflows/ci.yml",
        "jobs:\n  t:\n    env:\n      CELERY_BROKER_URL: amqp://u:{}@localhost:5672/\n",
    ),
    (
        "k8s/worker.yaml",
        "spec:\n  containers:\n  - env:\n    - name: CELERY_BROKER_URL\n      value: amqp://u:{}@mq:5672/v\n",
    ),
    ("run.sh", "#!/bin/sh\nexport CELERY_BROKER_URL=amqp://u:{}@rabbit:5672/v\n"),
    ("run.sh", "#!/bin/sh\ncelery -A shop --broker \"amqp://u:{}@rabbit:5672/v\" worker\n"),
    ("Procfile", "worker: celery -A shop -b amqp://u:{}@rabbit:5672/v worker\n"),
    ("Dockerfile", "FROM python:3.12\nENV CELERY_BROKER_URL=amqp://u:{}@rabbit:5672/v\n"),
    ("Makefile", "run:\n\tCELERY_BROKER_URL=amqp://u:{}@rabbit:5672/v celery worker\n"),
    ("celery.ini", "[celery]\nbroker_url = amqp://u:{}@rabbit:5672/v\n"),
    ("supervisor.conf", "[program:w]\nenvironment=CELERY_BROKER_URL=\"amqp://u:{}@rabbit:5672/v\"\n"),
    ("pyproject.toml", "[tool.celery]\nbroker_url = \"amqp://u:{}@rabbit:5672/v\"\n"),
    ("config.json", "{\"CELERY_BROKER_URL\": \"amqp://u:{}@rabbit:5672/v\"}\n"),
    ("README.md", "Set `CELERY_BROKER_URL=amqp://u:{}@rabbit:5672/v` first.\n"),
    ("worker.service", "[Service]\nEnvironment=CELERY_BROKER_URL=amqp://u:{}@rabbit:5672/v\n"),
    ("terraform/main.tf", "variable \"u\" { default = \"amqp://u:{}@rabbit:5672/v\" }\n"),
];

/// Lines of env files on which a piece of a secret stands where a name would: broken over lines, or alone on one.
const NAMELIKE: [(&str, &str); 6] = [
    (".env.example", "JWT_KEY=change-me\\\n{}=\n"),
    (".env", "DB_PASSWORD=\"Tr0ub4dor\n{}=x # y\n\" z\n"),
    (".env.example", "{}\n{}=x # y\n{}\n"),
    ("deploy/prod.env", "  {}=x\n{} = y\n{}: z\n# {}=q7Zr2LmX9vKc4TnB\n"),
    (".env.example", "API_TOKEN=-----BEGIN PRIVATE KEY-----\n{}=x y\n"),
    (".env.example", "export {}=x # y\nAPI_TOKEN={} # {}\n"),
];

/// All that anybody is shown of a judgement, on every way out.
fn outputs(sample: &Sample, judged: &Judgement) -> Vec<(&'static str, String)> {
    let text = |side: Side, path: &str| {
        let files = if side == Side::Head { &sample.head } else { &sample.base };
        files.get(path).map(|bytes| Text::new(&String::from_utf8_lossy(bytes)))
    };
    let line = |path: &str, line: u32| text(Side::Head, path).map(|text| text.line(line).to_owned());
    let review = plan(&PlanInput {
        judgement: judged,
        change: &sample.change(),
        stored: &[],
        present: &[],
        capabilities: GITHUB,
        links: &NoLinks,
        base_branch: "main",
        max_comments: 50,
        review_wanted: true,
        line_text: &line,
    });
    let stage = Stage::Judged { judgement: judged, inline: &HashSet::new() };
    let terminal = |colour| Terminal { colour, source: &text, elapsed_ms: None }.render(judged);
    vec![
        ("text", terminal(false)),
        ("coloured text", terminal(true)),
        ("json", json::render(judged).unwrap()),
        ("sarif", sarif::render(judged, &NoLinks).to_string()),
        ("annotations", annotations::render(judged)),
        ("review", format!("{review:?}")),
        ("status", format!("{:?}", status_of(GITHUB, "main", &stage))),
        ("heading", heading(judged)),
        // The run's page is made of these fields.
        ("judgement", format!("{judged:?}")),
    ]
}

/// The first piece of the secret that an output shows and the rest of the file does not hold.
fn leak(sample: &Sample, secret: &str, around: &str) -> Option<String> {
    let judged = sample.judge();
    let characters: Vec<char> = secret.chars().collect();
    // Signs alone, as in `s://`, stand in our own words too.
    let tells = |window: &&[char]| window.iter().filter(|c| c.is_alphanumeric()).count() > 1;
    let pieces: Vec<String> = characters.windows(PIECE).filter(tells).map(|w| w.iter().collect()).collect();
    outputs(sample, &judged).into_iter().find_map(|(name, output)| {
        let shown = pieces.iter().find(|piece| output.contains(*piece) && !around.contains(*piece))?;
        let codes: Vec<_> = judged.findings.iter().map(|r| (r.finding.code, &r.finding.headline)).collect();
        Some(format!("{name} shows {shown:?} of {secret:?} in {around:?}: {codes:?}"))
    })
}

#[test]
fn a_password_with_a_dollar_sign_is_not_taken_for_the_name_of_a_variable() {
    for secret in
        ["h7Kd$Xk29Qprt", "${S3kr3t#ZZq9}", "$Xk29Qprt", "h7Kd${XK29_QPRT}", "$XK29_QPRT", "a{{Xk29Qprt}}"]
    {
        for (path, shape) in SHAPES {
            let text = shape.replace("{}", secret);
            let sample = Sample::new(&[], &[(path, &text)]);
            assert_eq!(leak(&sample, secret, shape), None, "{path}");
        }
    }
}

#[test]
fn a_password_in_the_form_of_a_host_or_with_a_marker_in_it_is_not_shown() {
    for secret in [
        "Xk29Qp.rt7 #Wz",
        "Xk29Qp.rt7#Wz",
        "TESTXk29#Qp",
        "Xk29-Qprt/7Wz",
        "4711#0815",
        "!?#%&/Xk29",
        "my@Xk29?Qprt",
    ] {
        for (path, shape) in SHAPES {
            let text = shape.replace("{}", secret);
            let sample = Sample::new(&[], &[(path, &text)]);
            assert_eq!(leak(&sample, secret, shape), None, "{path}");
        }
    }
}

#[test]
fn no_line_of_an_env_file_is_shown_beside_what_is_said_of_another() {
    let text = "A_TOKEN=f3a9c1d87b20e64f\nA=1 # red-panda: ignore[XYZ999] -- was Tr0ub4dor&3\n";
    let sample = Sample::new(&[], &[(".env", text)]);
    assert!(sample.judge().findings.iter().any(|r| r.finding.code == "STY008"));
    assert_eq!(leak(&sample, "Tr0ub4dor&3", ""), None);
}

#[test]
fn the_name_of_a_variable_is_still_told() {
    let text = "CELERY_BROKER_URL=amqp://u:${RABBITMQ_PASSWORD}@rabbit:5672/v\n";
    let judged = Sample::new(&[], &[("run.sh", text)]).judge();
    let headlines: Vec<&str> = judged.findings.iter().map(|r| r.finding.headline.as_str()).collect();
    assert_eq!(headlines, ["`CELERY_BROKER_URL` pastes `RABBITMQ_PASSWORD` into a URL as it is"]);
}

/// Else a property over them would say nothing.
#[test]
fn a_broken_password_is_found_in_every_shape() {
    for (path, shape) in SHAPES {
        let judged = Sample::new(&[], &[(path, &shape.replace("{}", "h7Kd/Xk29#Qprt"))]).judge();
        assert!(!judged.findings.is_empty(), "{path}: {shape}");
    }
}

/// A change that holds the file; of `history` 0 one that was there, of 1 an early commit's.
fn sample(path: &str, text: &str, history: u8) -> Sample {
    let django = ("manage.py", "import environ\nenviron.Env.read_env('.env')\n");
    let mut sample = Sample::new(&[django], &[django, (path, text)]);
    match history {
        0 => sample.base.extend(files(&[(path, &format!("# before\n{}", text.replace("rabbit", "mq")))])),
        1 => sample.commits.push(files(&[(path, text)])),
        _ => {}
    }
    sample
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(250))]

    #[test]
    fn no_output_shows_a_piece_of_a_planted_secret(
        secret in secret(),
        (path, shape) in proptest::sample::select(SHAPES.as_slice()),
        history in 0u8..3,
    ) {
        let sample = sample(path, &shape.replace("{}", &secret), history);
        prop_assert_eq!(leak(&sample, &secret, shape), None);
    }

    #[test]
    fn no_piece_of_a_secret_comes_back_as_a_name(
        secret in secret(),
        (path, shape) in proptest::sample::select(NAMELIKE.as_slice()),
        history in 0u8..3,
    ) {
        let sample = sample(path, &shape.replace("{}", &secret), history);
        prop_assert_eq!(leak(&sample, &secret, shape), None);
    }
}
