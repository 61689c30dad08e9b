//! Whatever the rules say of env files, no part of a value leaves them.

use proptest::prelude::*;

use red_panda::model::finding::Finding;
use red_panda::project::env::secret::classify;
use red_panda::standin::sample::{Sample, files};

/// Everything of a finding that anybody may ever see.
fn shown(finding: &Finding) -> String {
    let fix = finding.fix.as_ref().map_or_else(String::new, |fix| {
        let edits = fix.edits.iter().map(|edit| edit.replacement.as_str());
        std::iter::once(fix.text.as_str()).chain(edits).collect::<Vec<_>>().join("\n")
    });
    let place = format!("{:?}", finding.place);
    [&finding.subject, &finding.headline, &finding.consequence, &fix, &place, &format!("{finding:?}")]
        .map(String::as_str)
        .join("\n")
}

/// A value as providers and password managers make them, with the signs that the parser has to get right.
fn secret() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z]{4}[A-Z]{4}[0-9]{4}[!%^*_+=@/#]{2}[a-zA-Z0-9]{6}",
        "[a-zA-Z0-9]{40}".prop_map(|body| ["ghp", "_", &body].concat()),
        "[A-Z0-9]{16}".prop_map(|body| ["AK", "IA", &body].concat()),
        "[a-f0-9]{32}",
        "[a-zA-Z0-9]{12}\\$[a-zA-Z0-9]{12}",
    ]
}

fn line() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("DB_PASSWORD={}"),
        Just("DB_PASSWORD=\"{}\""),
        Just("DB_PASSWORD='{}'"),
        Just("export API_TOKEN={}"),
        Just("API_TOKEN = {} # production"),
        Just("API_TOKEN={} # production"),
        Just("API_TOKEN: {}"),
        Just("# OLD_SECRET={}"),
        Just("SECRET_KEY=\"{}"),
        Just("BROKER_URL=amqp://shop:{}@mq:5672/vh"),
        Just("SECRET_KEY=   # {}"),
        Just("SECRET_KEY={}   "),
        Just("api_key={}"),
        Just("{}"),
        Just("{}=="),
        Just("PRIVATE_KEY=\"-----BEGIN RSA PRIVATE KEY-----\n{}\n-----END RSA PRIVATE KEY-----\""),
        Just("PRIVATE_KEY=-----BEGIN RSA PRIVATE KEY-----\n{}=\n-----END RSA PRIVATE KEY-----"),
        Just("SECRET_KEY=two {} words"),
        Just("SECRET_KEY=${OTHER:-{}}"),
        Just("SECRET_KEY={} \r"),
        Just("\u{FEFF}TOKEN={}"),
        Just("API_TOKEN={1}\\\n{2}="),
        Just("API_TOKEN={1}\n{2}==\nDEBUG=True"),
        Just("API_TOKEN=\"{1}\n{2}=x y\n\" z"),
        Just("{2} = x"),
        Just("{2}: x"),
        Just(" {2}=x"),
    ]
    .prop_map(str::to_owned)
}

const PATHS: [&str; 6] = [".env", ".env.example", "deploy/prod.env", ".env.local", "sample.env", ".envrc"];

/// Else a property over them would say nothing.
#[test]
fn a_secret_is_found_in_every_file() {
    for path in PATHS {
        let text =
            format!("export SECRET_KEY={}\n", ["ghp", "_", "4Xk29QprtLm7Zq81Vb30NcYd56TgRw2HsJfA"].concat());
        let findings =
            Sample::new(&[], &[("compose.yaml", "services: {}\n"), (path, &text)]).judge().findings;
        assert!(
            findings.iter().any(|r| ["ENV001", "ENV005"].contains(&r.finding.code)),
            "{path}: {findings:?}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn no_finding_holds_a_part_of_a_planted_secret(
        secrets in prop::collection::vec((secret(), line()), 1..6),
        path in prop::sample::select(PATHS.as_slice()),
        early in any::<bool>(),
    ) {
        let written = |(secret, line): &(String, String)| {
            let (first, second) = secret.split_at(secret.len() / 2);
            line.replace("{}", secret).replace("{1}", first).replace("{2}", second) + "\n"
        };
        let text: String = secrets.iter().map(written).collect();
        let django = "import environ\nenviron.Env.read_env('.env')\n";
        let around = [("compose.yaml", "services: {}\n"), ("config/settings.py", django)];
        let mut sample = Sample::new(&around, &[around[0], around[1], ("x.txt", "")]);
        if early {
            sample.commits.push(files(&[(path, &text)]));
        } else {
            sample.head.insert(path.to_owned(), text.into_bytes());
        }
        let judgement = sample.judge();
        for finding in judgement.findings.iter().map(|reported| &reported.finding).filter(|f| f.code.starts_with("ENV")) {
            let shown = shown(finding);
            // One that says of itself that it is none, by chance (`…xxxxx…`), may be shown.
            for (secret, _) in secrets.iter().filter(|(secret, _)| classify("SECRET", secret).is_some()) {
                let parts: Vec<char> = secret.chars().collect();
                for part in parts.windows(8) {
                    let part: String = part.iter().collect();
                    prop_assert!(!shown.contains(&part), "{} shows {part:?} of {secret:?}: {shown}", finding.code);
                }
            }
        }
        for fault in &judgement.not_looked_at {
            prop_assert!(!fault.path.starts_with("ENV"), "{fault:?}");
        }
    }
}
