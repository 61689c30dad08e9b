//! A whole Red Panda inside the test, beside a forge: what the stories through all floors share.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use red_panda::cli::assembly::Assembly;
use red_panda::config::settings::{Inputs, Settings};
use red_panda::model::id::Sha;
use red_panda::standin::gitea::{BOT_TOKEN, Forgejo, Repository, ShownStatus};
use red_panda::standin::github::{Delivery, GitHubStandIn};
use red_panda::store::clock::Clock;
use secrecy::ExposeSecret;
use tokio::net::TcpListener;

pub(crate) const SECRET: &str = "the secret of the webhook";

pub(crate) const INITIAL: &str = "from django.db import migrations, models\n\n\nclass Migration(migrations.Migration):\n    initial = True\n    operations = [\n        migrations.CreateModel(\"Tree\", [(\"id\", models.AutoField(primary_key=True))]),\n    ]\n";
const FILL: &str = "from django.db import migrations\n\n\ndef fill(apps, schema_editor):\n    pass\n\n\nclass Migration(migrations.Migration):\n    dependencies = [(\"trees\", \"0001_initial\")]\n    operations = [\n        migrations.RunPython(fill),\n    ]\n";

pub(crate) const BASE: &[(&str, &str)] = &[
    (".gitignore", ".env\n"),
    ("manage.py", ""),
    ("trees/__init__.py", ""),
    ("trees/migrations/__init__.py", ""),
    ("trees/migrations/0001_initial.py", INITIAL),
];

/// Three of the four named faults.
pub(crate) fn faulty() -> Vec<(&'static str, Option<String>)> {
    vec![
        ("trees/migrations/0001_initial.py", Some(INITIAL.replace("AutoField", "BigAutoField"))),
        ("trees/migrations/0002_fill_trees.py", Some(FILL.to_owned())),
        (
            "config/settings.py",
            Some("CELERY_BROKER_URL = \"amqp://grove:change#me@rabbit:5672/grove\"\n".to_owned()),
        ),
    ]
}

/// The same pull request, mended.
pub(crate) fn mended() -> Vec<(&'static str, Option<String>)> {
    vec![
        ("trees/migrations/0001_initial.py", Some(INITIAL.to_owned())),
        (
            "trees/migrations/0002_fill_trees.py",
            Some(FILL.replace("RunPython(fill)", "RunPython(fill, migrations.RunPython.noop)")),
        ),
        (
            "config/settings.py",
            Some("CELERY_BROKER_URL = \"amqp://grove:change%23me@rabbit:5672/grove\"\n".to_owned()),
        ),
    ]
}

pub(crate) fn borrowed<'a>(changes: &'a [(&'static str, Option<String>)]) -> Vec<(&'a str, Option<&'a str>)> {
    changes.iter().map(|(path, text)| (*path, text.as_deref())).collect()
}

/// A whole Red Panda inside the test, on an embedded store.
pub(crate) struct Panda {
    url: String,
    serving: tokio::task::JoinHandle<anyhow::Result<()>>,
    _folder: tempfile::TempDir,
}

impl Panda {
    pub(crate) async fn start(forge: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let file = folder.path().join("red-panda.toml");
        let text = format!(
            "public_url = \"{url}\"\n[[forge]]\nname = \"forge\"\nwebhook_secret = \"{SECRET}\"\n{forge}"
        );
        let inputs = Inputs {
            file: Some((&file, &text)),
            environment: &BTreeMap::new(),
            read: &|path: &Path| std::fs::read_to_string(path),
        };
        let assembly = Assembly::new(Settings::read(&inputs).unwrap(), Clock::system(), None).await.unwrap();
        let serving = tokio::spawn(assembly.run(listener, std::future::pending()));
        Self { url, serving, _folder: folder }
    }

    pub(crate) fn hook(&self) -> String {
        format!("{}/webhooks/forge", self.url)
    }
}

impl Drop for Panda {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// Waits for what the forge will show; says what was waited for when it never comes.
pub(crate) async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    for _ in 0..600 {
        if let Some(seen) = look().await {
            return seen;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{what} did not come in 30 seconds");
}

/// The sweep at start is over: what comes now comes by webhook.
pub(crate) async fn swept(mut listed: impl AsyncFnMut() -> bool) {
    until("the sweep", async || listed().await.then_some(())).await;
}

pub(crate) fn gitea_settings(url: &str, token: &str, repositories: &str) -> String {
    format!("kind = \"gitea\"\nurl = \"{url}\"\ntoken = \"{token}\"\nrepositories = [\"{repositories}\"]\n")
}

/// A repository on a stand-in Forgejo, beside a Red Panda that hears of everything from now on by webhook.
pub(crate) struct Grove {
    pub(crate) forge: Forgejo,
    pub(crate) repository: Repository,
    _panda: Panda,
}

impl Grove {
    pub(crate) async fn begin(files: &[(&str, &str)]) -> Self {
        let forge = Forgejo::start().await.unwrap();
        let repository = forge.repository("grace/grove", files);
        let panda = Panda::start(&gitea_settings(&forge.url(), BOT_TOKEN, "grace/*")).await;
        swept(async || forge.count("GET", "pulls") > 0).await;
        repository.add_hook(Some(&panda.hook()), SECRET);
        Self { forge, repository, _panda: panda }
    }

    /// The status once it is the last one.
    pub(crate) async fn settled(&self, head: &Sha) -> ShownStatus {
        settled(&self.repository, head).await
    }
}

pub(crate) async fn settled(repository: &Repository, head: &Sha) -> ShownStatus {
    until("the status", async || repository.status_of(head).filter(|s| s.state != "pending")).await
}

pub(crate) fn github_settings(github: &GitHubStandIn) -> String {
    let settings = github.settings();
    let key = settings.private_key.expose_secret().replace('\n', "\\n");
    format!(
        "kind = \"github\"\nurl = \"{}\"\napp_id = {}\nprivate_key = \"{key}\"\n",
        settings.url, settings.app_id
    )
}

/// Hands every webhook of the stand-in over; there is one.
pub(crate) async fn deliver(github: &GitHubStandIn, panda: &Panda) {
    let webhooks = github.webhooks();
    assert!(!webhooks.is_empty(), "the stand-in has nothing to tell");
    for delivery in webhooks {
        assert_eq!(post(&panda.hook(), delivery).await, 202);
    }
}

/// Hands one webhook of the stand-in over; gives the answer's status.
pub(crate) async fn post(hook: &str, delivery: Delivery) -> u16 {
    let named = |(k, v): (String, String)| (k.parse::<http::HeaderName>().unwrap(), v.parse().unwrap());
    let headers: http::HeaderMap = delivery.headers.into_iter().map(named).collect();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    client.post(hook).headers(headers).body(delivery.body).send().await.unwrap().status().as_u16()
}

/// Waits until nothing more is asked.
pub(crate) async fn quiet(count: impl Fn() -> usize) -> usize {
    let mut before = usize::MAX;
    until("silence", async || {
        let now = count();
        tokio::time::sleep(Duration::from_millis(300)).await;
        let same = now == before;
        before = now;
        same.then_some(now)
    })
    .await
}
