//! `kill -9` between any two steps: the real binary dies at a different point each time, a new one takes over, and the
//! forge ends as after one clean run.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use red_panda::model::status::STATUS_NAME;
use red_panda::standin::gitea::{BOT_TOKEN, Forgejo};

use crate::end_to_end::{BASE, SECRET, borrowed, faulty, gitea_settings};

/// A free port for a process that has to have the same one twice.
fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

struct Server(Child);

impl Server {
    async fn start(folder: &std::path::Path, port: u16) -> Self {
        let binary = env!("CARGO_BIN_EXE_red-panda");
        let config = folder.join("red-panda.toml");
        let mut command = Command::new(binary);
        command.arg("serve").arg("--config").arg(config).stdout(Stdio::null()).stderr(Stdio::null());
        let server = Self(command.spawn().unwrap());
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

/// Ten lives: killed as soon as the forge has seen so many requests of the review. The first writes come late in a run.
#[tokio::test(flavor = "multi_thread")]
async fn p12_ten_kills_at_different_points_leave_one_review_and_one_final_status() {
    let mut killed_in_time = 0;
    for requests in [1, 3, 5, 7, 9, 10, 11, 12, 13, 14] {
        let forge = Forgejo::start().await.unwrap();
        let repository = forge.repository("grace/grove", BASE);
        repository.require(&[STATUS_NAME]);
        let folder = tempfile::tempdir().unwrap();
        let port = free_port();
        let settings = format!(
            "listen = \"127.0.0.1:{port}\"\n[[forge]]\nname = \"forge\"\nwebhook_secret = \"{SECRET}\"\n{}",
            gitea_settings(&forge.url(), BOT_TOKEN, "grace/grove")
        );
        std::fs::write(folder.path().join("red-panda.toml"), settings).unwrap();
        let server = Server::start(folder.path(), port).await;
        while forge.count("GET", "pulls") == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        repository.add_hook(Some(&format!("http://127.0.0.1:{port}/webhooks/forge")), SECRET);
        let head = repository.push("topic", &borrowed(&faulty())).unwrap();
        let number = repository.open_pull("topic", "Faults").unwrap();
        forge.forget_requests();
        assert!(forge.deliver().await.iter().all(|status| *status == 202));
        while forge.requests().len() < requests {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        drop(server);
        let settled = || repository.status_of(&head).is_some_and(|s| s.state != "pending");
        killed_in_time += usize::from(!settled());

        let _server = Server::start(folder.path(), port).await;
        for _ in 0..600 {
            if settled() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let status = repository.status_of(&head).unwrap();
        assert_eq!(status.state, "failure", "killed after {requests}: {status:?}");
        let comments = repository.comments_on(number);
        let summaries = comments.iter().filter(|c| c.path.is_empty()).count();
        assert_eq!(summaries, 1, "killed after {requests}: {comments:#?}");
        let mut places: Vec<_> =
            comments.iter().filter(|c| !c.path.is_empty()).map(|c| (&c.path, c.line)).collect();
        places.sort();
        let all = places.len();
        places.dedup();
        assert_eq!((all, places.len()), (3, 3), "killed after {requests}: {comments:#?}");
        assert_eq!(forge.violations(), Vec::<String>::new());
    }
    assert!(killed_in_time >= 7, "only {killed_in_time} of ten died before the end");
}
