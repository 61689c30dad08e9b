//! `red-panda serve`: webhooks in, reviews out.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::Args;
use tokio::net::TcpListener;

use crate::config::settings::{Inputs, SETTINGS_PATH, Settings};
use crate::store::clock::Clock;

use super::assembly::Assembly;
use super::output::start_logging;

#[derive(Debug, Args)]
pub(super) struct Serve {
    /// The settings [default: red-panda.toml if it is there; the environment alone is enough]
    #[arg(long, value_name = "FILE", env = "RED_PANDA_CONFIG")]
    config: Option<PathBuf>,
}

impl Serve {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        start_logging();
        let settings = self.settings()?;
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
        runtime.context("the runtime does not start")?.block_on(serve(settings))?;
        Ok(ExitCode::SUCCESS)
    }

    fn settings(&self) -> anyhow::Result<Settings> {
        let path = self.config.clone().unwrap_or_else(|| PathBuf::from(SETTINGS_PATH));
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => Some(text),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && self.config.is_none() => None,
            Err(error) => bail!("{} cannot be read: {error}", path.display()),
        };
        let environment: BTreeMap<String, String> = std::env::vars_os()
            .filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?)))
            .collect();
        let inputs = Inputs {
            file: text.as_deref().map(|text| (path.as_path(), text)),
            environment: &environment,
            read: &|path: &Path| std::fs::read_to_string(path),
        };
        Ok(Settings::read(&inputs)?)
    }
}

async fn serve(settings: Settings) -> anyhow::Result<()> {
    let address = settings.listen.clone();
    let metrics = crate::server::install_metrics();
    let forges = settings.forges.len();
    let assembly = Assembly::new(settings, Clock::system(), metrics.ok()).await?;
    let listener = TcpListener::bind(&address).await;
    let listener = listener.with_context(|| format!("{address} cannot be listened on: is it taken?"))?;
    tracing::info!(address = %listener.local_addr()?, forges, "listening");
    assembly.run(listener, stop_signal()).await
}

/// Ctrl-C, or the signal that containers and service managers send.
pub(super) async fn stop_signal() {
    let interrupt = async {
        let _ = tokio::signal::ctrl_c().await;
    };
    let terminate = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => drop(signal.recv().await),
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        () = interrupt => {}
        () = terminate => {}
    }
}
