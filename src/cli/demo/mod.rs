//! `red-panda demo`: the real server on an embedded store, beside a stand-in forge with a sample project. A signed
//! webhook goes in over HTTP, and what was posted is shown.

mod sample;
mod show;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::Args;
use tokio::net::TcpListener;

use crate::config::settings::{Inputs, Settings};
use crate::model::id::Sha;
use crate::standin::gitea::{BOT_TOKEN, Forgejo, Repository};
use crate::store::clock::Clock;

use super::assembly::Assembly;
use super::output::{colour, out};
use super::serve::stop_signal;

/// How long the review may take before something is wrong.
const PATIENCE: Duration = Duration::from_secs(60);
const SECRET: &str = "the demo's webhook secret";

#[derive(Debug, Args)]
pub(super) struct Demo {
    /// End when the review is shown, instead of waiting for Ctrl-C
    #[arg(long)]
    once: bool,
}

impl Demo {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
        runtime.context("the runtime does not start")?.block_on(self.show())?;
        Ok(ExitCode::SUCCESS)
    }

    async fn show(&self) -> anyhow::Result<()> {
        let folder = tempfile::tempdir().context("there is no room for a temporary folder")?;
        let forge = Forgejo::start().await.context("the stand-in forge does not start")?;
        let repository = forge.repository(sample::REPOSITORY, sample::BASE);
        let listener = TcpListener::bind("127.0.0.1:0").await.context("no port is free on 127.0.0.1")?;
        let url = format!("http://{}", listener.local_addr()?);
        let assembly =
            Assembly::new(settings(folder.path(), &url, &forge.url())?, Clock::system(), None).await?;
        let store = assembly.store.clone();
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let serving = tokio::spawn(assembly.run(listener, async move { drop(stopped.await) }));

        repository.require(&[crate::model::status::STATUS_NAME]);
        repository.add_hook(Some(&format!("{url}/webhooks/forgejo")), SECRET);
        let head = repository.push(sample::BRANCH, sample::CHANGES).context("the sample does not push")?;
        let number =
            repository.open_pull(sample::BRANCH, sample::TITLE).context("the sample does not open")?;
        out(&show::intro(colour(), &url));
        let answers = forge.deliver().await;
        if answers.is_empty() || answers.iter().any(|status| *status != 202) {
            bail!("the server answered the webhook with {answers:?}");
        }
        await_review(&repository, number, &head).await?;
        out(&show::review(&repository, number, &head, colour()));
        if !self.once {
            out(&show::waiting(colour()));
            stop_signal().await;
        }
        drop(stop);
        let _ = serving.await;
        store.close().await;
        Ok(())
    }
}

/// The same settings that a person writes, with the stand-in as the one forge.
fn settings(folder: &Path, url: &str, forge: &str) -> anyhow::Result<Settings> {
    let file = folder.join("red-panda.toml");
    let text = format!(
        r#"public_url = "{url}"
[[forge]]
name = "forgejo"
kind = "gitea"
url = "{forge}"
token = "{BOT_TOKEN}"
webhook_secret = "{SECRET}"
repositories = ["{}"]
"#,
        sample::REPOSITORY
    );
    let inputs = Inputs {
        file: Some((&file, &text)),
        environment: &BTreeMap::new(),
        read: &|path: &Path| std::fs::read_to_string(path),
    };
    Ok(Settings::read(&inputs)?)
}

async fn await_review(repository: &Repository, number: u64, head: &Sha) -> anyhow::Result<()> {
    let pending = || repository.status_of(head).is_none_or(|status| status.state == "pending");
    let settled = async {
        while pending() || repository.comments_on(number).is_empty() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, settled).await.context("the review did not come within a minute")
}
