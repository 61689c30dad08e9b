//! The binary as people and monitors meet it: its demo, its pipes and colours, and what it counts.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use red_panda::standin::gitea::{BOT_TOKEN, Forgejo};
use tempfile::TempDir;

use crate::fixtures::git;
use crate::house::{BASE, SECRET, borrowed, faulty, gitea_settings};

const BINARY: &str = env!("CARGO_BIN_EXE_red-panda");

/// `red-panda serve` on a port of this machine that a second life has again.
pub(crate) struct Server(Child);

impl Server {
    /// A free port, and a folder with settings that listen on it and, if not said otherwise, keep a SQLite file there.
    pub(crate) fn settle(top: &str, forge: &str) -> (TempDir, u16) {
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let folder = tempfile::tempdir().unwrap();
        let settings = format!(
            "listen = \"127.0.0.1:{port}\"\n{top}[[forge]]\nname = \"forge\"\nwebhook_secret = \"{SECRET}\"\n{forge}"
        );
        std::fs::write(folder.path().join("red-panda.toml"), settings).unwrap();
        (folder, port)
    }

    pub(crate) async fn start(folder: &Path, port: u16) -> Self {
        let mut command = Command::new(BINARY);
        command.arg("serve").arg("--config").arg(folder.join("red-panda.toml"));
        let server = Self(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        for _ in 0..400 {
            let alive = client.get(format!("http://127.0.0.1:{port}/live/")).send().await;
            if alive.is_ok_and(|answer| answer.status().is_success()) {
                return server;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        panic!("the server did not come up");
    }
}

impl Drop for Server {
    /// SIGKILL: nothing is tidied up.
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_review_did_is_counted() {
    let forge = Forgejo::start().await.unwrap();
    let repository = forge.repository("grace/grove", BASE);
    let (folder, port) = Server::settle("", &gitea_settings(&forge.url(), BOT_TOKEN, "grace/grove"));
    let _server = Server::start(folder.path(), port).await;
    while forge.count("GET", "pulls") == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    repository.add_hook(Some(&format!("http://127.0.0.1:{port}/webhooks/forge")), SECRET);
    repository.push("topic", &borrowed(&faulty())).unwrap();
    repository.open_pull("topic", "Faults").unwrap();
    assert_eq!(forge.deliver().await, [202, 202]);
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let mut counted = String::new();
    for _ in 0..600 {
        let asked = client.get(format!("http://127.0.0.1:{port}/metrics")).send().await.unwrap();
        counted = asked.text().await.unwrap();
        if counted.contains("end=\"done\"") {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    for line in [
        "red_panda_deliveries_total{forge=\"forge\",status=\"202\"} 2",
        "red_panda_jobs_total{kind=\"review\",end=\"done\"} 1",
        "red_panda_jobs{state=\"ready\"} 0",
        "red_panda_jobs{state=\"dead\"} 0",
    ] {
        assert!(counted.lines().any(|l| l == line), "{line}\n{counted}");
    }
}

#[test]
fn the_demo_shows_the_four_faults_and_ends() {
    let output = Command::new(BINARY).args(["demo", "--once"]).output().unwrap();
    let shown = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{shown}{}", String::from_utf8_lossy(&output.stderr));
    for fault in [
        "The password in CELERY_BROKER_URL holds",
        "trees.0001_initial is deployed",
        "RunPython(fill_slugs)",
        ".env is committed",
        "✗ Red Panda Approval — 4 errors",
        "Merging is refused",
    ] {
        assert!(shown.contains(fault), "{fault}\n{shown}");
    }
    assert!(!shown.contains('\u{1b}'), "no colour in a pipe");
}

/// A repository whose working tree holds a broken broker URL.
fn repository() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    git(folder.path(), &["init", "-q", "-b", "main"]);
    git(folder.path(), &["commit", "-q", "--allow-empty", "-m", "first"]);
    let url = "CELERY_BROKER_URL = \"amqp://grove:change#me@rabbit:5672/grove\"\n";
    std::fs::write(folder.path().join("settings.py"), url).unwrap();
    folder
}

#[test]
fn a_pipe_that_is_closed_early_ends_a_check_quietly() {
    let folder = repository();
    let mut command = Command::new(BINARY);
    command.args(["check", "--base", "main", "--repo"]).arg(folder.path());
    let mut check = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(check.stdout.take());
    let output = check.wait_with_output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert_eq!(output.status.code(), Some(1), "the verdict still stands");
}

/// `script` is the terminal.
#[cfg(target_os = "linux")]
#[test]
fn a_terminal_gets_colour_unless_it_says_no_color() {
    let folder = repository();
    let shown = |no_color: Option<&str>| {
        let check = format!("{BINARY} check --base main --repo {}", folder.path().display());
        let mut command = Command::new("script");
        command.args(["-qec", &check, "/dev/null"]).env_remove("NO_COLOR").stdin(Stdio::null());
        command.envs(no_color.map(|value| ("NO_COLOR", value)));
        let output = command.output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    for (no_color, coloured) in [(None, true), (Some(""), true), (Some("1"), false)] {
        let shown = shown(no_color);
        assert!(shown.contains("CEL001"), "{shown}");
        assert_eq!(shown.contains("\u{1b}["), coloured, "{no_color:?}: {shown:?}");
    }
}
