use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use base64::Engine as _;
use secrecy::ExposeSecret;

use super::{Account, ForgeKind, Inputs, Settings, SettingsError};

const PEM: &str = "-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY-----\n";

const FULL: &str = r#"
listen = "0.0.0.0:9000"
public_url = "https://panda.example.org/"
database_url = "sqlite://data/panda.db"
admin_token_file = "/run/secrets/admin"
[[forge]]
name = "github"
kind = "github"
url = "https://api.github.com"
app_id = 4242
private_key_file = "app.pem"
webhook_secret_file = "hook.secret"
[[forge]]
name = "forgejo"
kind = "gitea"
url = "https://git.example.org/"
token_file = "bot.token"
webhook_secret_file = "forgejo.secret"
repositories = ["alice/*"]
bot_login = "red-panda"
"#;

fn read_file(path: &Path) -> io::Result<String> {
    match path.to_str() {
        Some("/etc/panda/app.pem") => Ok(PEM.to_owned()),
        Some("/etc/panda/hook.secret" | "/etc/panda/forgejo.secret") => Ok("s3cret-of-the-hook\n".to_owned()),
        Some("/etc/panda/bot.token") => Ok("token-of-the-bot\n".to_owned()),
        Some("/run/secrets/admin") => Ok("0123456789abcdef0123\n".to_owned()),
        Some("/etc/panda/empty") => Ok("\n".to_owned()),
        _ => Err(io::Error::from(io::ErrorKind::NotFound)),
    }
}

fn settings(text: &str, environment: &[(&str, &str)]) -> Result<Settings, SettingsError> {
    let environment: BTreeMap<_, _> =
        environment.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    let file = Some((Path::new("/etc/panda/red-panda.toml"), text));
    Settings::read(&Inputs { file, environment: &environment, read: &read_file })
}

fn problem(text: &str, environment: &[(&str, &str)]) -> String {
    settings(text, environment).expect_err("these settings are wrong").to_string()
}

#[test]
fn the_whole_file_is_read_relative_to_itself() {
    let settings = settings(FULL, &[]).unwrap();
    assert_eq!(settings.public_url.as_deref(), Some("https://panda.example.org"));
    assert_eq!(settings.database_url.expose_secret(), "sqlite:///etc/panda/data/panda.db");
    let github = settings.forge("github").unwrap();
    assert_eq!(github.webhook_secret.expose_secret(), "s3cret-of-the-hook");
    assert!(
        matches!(&github.account, Account::GitHub { app_id: 4242, private_key } if private_key.expose_secret() == PEM)
    );
    let forgejo = settings.forge("forgejo").unwrap();
    assert_eq!((forgejo.kind(), forgejo.url.as_str()), (ForgeKind::Gitea, "https://git.example.org"));
    assert!(forgejo.repositories.allows("Alice/trees"));
    assert!(!forgejo.repositories.allows("bob/trees"));
    assert!(!forgejo.repositories.allows("alice/a/b"));
}

#[test]
fn an_entry_of_the_repositories_may_hold_a_comma() {
    let settings = settings(&FULL.replace("alice/*", "{alice,bob}/*"), &[]).unwrap();
    let repositories = &settings.forge("forgejo").unwrap().repositories;
    assert!(repositories.allows("bob/trees") && !repositories.allows("carol/trees"));
}

#[test]
fn without_anything_there_is_a_server_without_forges() {
    let settings = settings("", &[]).unwrap();
    assert_eq!(settings.listen, "127.0.0.1:8080");
    assert_eq!(settings.database_url.expose_secret(), "sqlite:///etc/panda/red-panda.db");
    assert!(settings.forges.is_empty());
}

#[test]
fn history_is_kept_for_a_number_of_days() {
    let days = |text: &str| settings(text, &[]).map(|settings| settings.retention_days);
    assert_eq!(days(""), Ok(90));
    assert_eq!(days("retention_days = 7"), Ok(7));
    let environment = settings("retention_days = 7", &[("RED_PANDA_RETENTION_DAYS", "365")]).unwrap();
    assert_eq!(environment.retention_days, 365);
    for wrong in ["0", "-1", "36501", "\"for ever\""] {
        let problem = problem(&format!("retention_days = {wrong}"), &[]);
        assert!(
            problem.ends_with("line 1: \"retention_days\" must be a number of days from 1 to 36500"),
            "{problem}"
        );
    }
    assert!(problem("retention_days = 1.5", &[]).ends_with("\"retention_days\" must be a number"));
}

#[test]
fn a_database_url_that_a_password_breaks_is_named_by_its_variable_and_never_shown() {
    for password in ["gr#ve", "gr/ve", "gr?ve", "12#ve", "12/ve", "12?ve"] {
        let url = format!("postgres://panda:{password}@db:5432/panda");
        let problem = problem("", &[("DATABASE_URL", &url)]);
        assert!(problem.starts_with("DATABASE_URL: ") && problem.contains("# is %23"), "{problem}");
        assert!(!problem.contains("ve@") && !problem.contains(password), "{problem}");
    }
    for url in ["postgres://panda:gr%23ve@db/panda", "postgresql:///panda?host=/run/postgresql"] {
        let settings = settings("", &[("DATABASE_URL", url)]).unwrap();
        assert_eq!(settings.database_url.expose_secret(), url);
    }
}

#[test]
fn the_environment_wins_key_by_key_and_may_add_a_forge() {
    let environment = [
        ("DATABASE_URL", "postgres://panda@db/panda"),
        ("RED_PANDA_LISTEN", "[::]:80"),
        ("RED_PANDA_FORGE_GITHUB_APP_ID", "7"),
        ("RED_PANDA_FORGE_GITHUB_WEBHOOK_SECRET", "from the environment"),
        ("RED_PANDA_FORGE_OTHER_SITE_KIND", "gitea"),
        ("RED_PANDA_FORGE_OTHER_SITE_URL", "https://other.example.org"),
        ("RED_PANDA_FORGE_OTHER_SITE_TOKEN", "t"),
        ("RED_PANDA_FORGE_OTHER_SITE_WEBHOOK_SECRET", "w"),
        ("RED_PANDA_FORGE_OTHER_SITE_REPOSITORIES", "a/b, c/*"),
        // What Kubernetes puts beside a service named red-panda.
        ("RED_PANDA_SERVICE_HOST", "10.0.0.1"),
    ];
    let settings = settings(FULL, &environment).unwrap();
    assert_eq!(settings.database_url.expose_secret(), "postgres://panda@db/panda");
    assert_eq!(settings.listen, "[::]:80");
    let github = settings.forge("github").unwrap();
    assert!(matches!(github.account, Account::GitHub { app_id: 7, .. }));
    assert_eq!(github.webhook_secret.expose_secret(), "from the environment");
    assert_eq!(settings.forge("other-site").unwrap().repositories.patterns(), ["a/b", "c/*"]);
}

#[test]
fn p21_a_key_is_read_in_every_form_that_environments_make_of_it() {
    let base64 = base64::engine::general_purpose::STANDARD.encode(PEM);
    let forms = [
        PEM.to_owned(),
        PEM.replace('\n', "\r\n"),
        PEM.replace('\n', "\\n"),
        PEM.replace('\n', "\\r\\n"),
        format!("\"{}\"", PEM.replace('\n', "\\n")),
        format!("  {}  ", PEM.replace('\n', "\n   ")),
        base64.clone(),
        format!("{}\n{}", &base64[..40], &base64[40..]),
    ];
    for form in forms {
        let settings = settings(FULL, &[("RED_PANDA_FORGE_GITHUB_PRIVATE_KEY", &form)]).unwrap();
        let Account::GitHub { private_key, .. } = &settings.forge("github").unwrap().account else {
            panic!("GitHub")
        };
        assert_eq!(private_key.expose_secret(), PEM, "{form:?}");
    }
}

#[test]
fn p21_what_is_no_key_is_refused_in_one_sentence_without_any_of_it() {
    let public = PEM.replace("RSA PRIVATE", "PUBLIC");
    for text in ["hunter2hunter2", "aHVudGVyMg==", "-----BEGIN RSA PRIVATE KEY-----\nhunter2", &public] {
        let said = problem(FULL, &[("RED_PANDA_FORGE_GITHUB_PRIVATE_KEY", text)]);
        let begin = "RED_PANDA_FORGE_GITHUB_PRIVATE_KEY: the private key is not a PEM";
        assert!(said.starts_with(begin) && !said.contains("hunter2"), "{said}");
    }
}

#[test]
fn no_start_without_a_webhook_secret_or_with_an_empty_one() {
    let without = FULL.replace("webhook_secret_file = \"hook.secret\"\n", "");
    assert!(
        problem(&without, &[]).contains("line 6: forge \"github\" has no webhook secret; put the secret")
    );
    let empty = FULL.replace("hook.secret", "empty");
    assert!(problem(&empty, &[]).contains("line 12: the webhook secret of \"github\" is empty"));
}

#[test]
fn a_mistake_is_named_with_file_line_key_and_the_next_step() {
    let cases = [
        (
            FULL.replace("listen =", "lisen ="),
            "red-panda.toml, line 2: unknown key \"lisen\"; did you mean \"listen\"?",
        ),
        (FULL.replace("app_id", "app_idd"), "line 10: unknown key \"app_idd\"; did you mean \"app_id\"?"),
        (FULL.replace("4242", "\"x\""), "line 10: \"app_id\" must be the number on the App's settings page"),
        (FULL.replace("\"0.0.0.0:9000\"", "9000"), "line 2: \"listen\" must be a text in quotes"),
        (
            FULL.replace("kind = \"gitea\"", "kind = \"forgejo\""),
            "line 15: unknown kind \"forgejo\"; write kind = \"github\"",
        ),
        (
            FULL.replace("repositories = [\"alice/*\"]\n", ""),
            "forge \"forgejo\" has no list of repositories; add",
        ),
        (FULL.replace("alice/*", "alice"), "line 19: \"alice\" is not owner/name"),
        (FULL.replace("alice/*", "alice//trees"), "line 19: \"alice//trees\" is not owner/name"),
        (FULL.replace("alice/*", "alice/trees/"), "line 19: \"alice/trees/\" is not owner/name"),
        (FULL.replace("\"alice/*\"", "\"alice/*\", \"\""), "line 19: \"\" is not owner/name"),
        (FULL.replace("app.pem", "gone.pem"), "line 11: /etc/panda/gone.pem cannot be read"),
        (
            FULL.replace("\"forgejo\"", "\"github\""),
            "line 13: a second forge is named \"github\"; rename one",
        ),
        (
            FULL.replace("sqlite:", "mysql:"),
            "line 4: \"database_url\" must begin with sqlite:// or postgres://",
        ),
        (
            FULL.replace("app_id = 4242", "token = \"x\""),
            "line 10: \"token\" belongs to a forge of kind \"gitea\"",
        ),
        ("listen = ".to_owned(), "line 1: not TOML"),
    ];
    for (text, said) in cases {
        let problem = problem(&text, &[]);
        assert!(problem.contains(said), "{problem}\nwanted: {said}");
    }
    assert!(problem(FULL, &[("RED_PANDA_LISTN", "x")]).contains("did you mean RED_PANDA_LISTEN?"));
    let blank = problem(FULL, &[("RED_PANDA_FORGE_GITHUB_REPOSITORIES", " ")]);
    assert!(blank.starts_with("RED_PANDA_FORGE_GITHUB_REPOSITORIES: \"\" is not owner/name"), "{blank}");
    assert!(
        problem(FULL, &[("RED_PANDA_FORGE_GITHUB_SECRET", "x")])
            .contains("write RED_PANDA_FORGE_<NAME>_<KEY>")
    );
}

#[test]
fn no_secret_is_ever_shown() {
    let settings = settings(FULL, &[("DATABASE_URL", "postgres://panda:pa55word@db/panda")]).unwrap();
    let shown = format!("{settings:?}");
    for secret in ["pa55word", "s3cret-of-the-hook", "token-of-the-bot", "0123456789abcdef", "abc\\n"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}
