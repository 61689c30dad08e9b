//! `red-panda check`: the engine on the local repository.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context as _, bail};
use clap::{Args, ValueEnum};

use crate::forge::local::{Local, Range};
use crate::model::change::Change;
use crate::model::plan::Side;
use crate::model::policy::{POLICY_PATH, Policy};
use crate::model::status::Outcome;
use crate::report::terminal::Terminal;
use crate::report::wording::NoLinks;
use crate::report::{annotations, json, sarif};
use crate::review::judge::{Judged, judge, nameless};
use crate::review::prepare::{self, Branches, PolicyRead};

use super::output::{colour, out};

#[derive(Debug, Args)]
pub(super) struct Check {
    /// The repository, or a folder inside its working tree; bare ones too
    #[arg(long, value_name = "DIR", default_value = ".")]
    repo: PathBuf,
    /// What to compare with: a branch, tag or sha [default: origin/HEAD, origin/main or origin/master]
    #[arg(long, value_name = "REF")]
    base: Option<String>,
    /// What to judge: a branch, tag or sha [default: the working tree; in a bare repository HEAD]
    #[arg(long, value_name = "REF")]
    head: Option<String>,
    /// How to print what was found
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// A policy that replaces the one of the base side
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    /// Like a compiler, for people
    Text,
    /// A line of JSON for each finding, then one for the whole
    Json,
    /// SARIF 2.1.0, for code scanning and editors
    Sarif,
    /// Workflow commands of GitHub Actions
    Github,
}

impl Check {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let started = Instant::now();
        let runtime =
            tokio::runtime::Builder::new_current_thread().build().context("the runtime does not start")?;
        let judged = runtime.block_on(self.judge())?;
        self.print(&judged, started)?;
        Ok(ExitCode::from(Outcome::Verdict(judged.judgement.verdict()).exit_code()))
    }

    async fn judge(&self) -> anyhow::Result<Judged> {
        let mut local = Local::open(&self.repo)?;
        let range = local.range(self.base.as_deref(), self.head.as_deref())?;
        let change = local.change(&range)?;
        let mut policy = self.policy(&local, &change, &range).await?;
        let branches = Branches { target: range.base_name.clone(), default: range.base_name.clone() };
        let mut notes = range.notes;
        if policy.deployed.environment.take().is_some() {
            notes.push(
                "deployments can only be asked of the forge: here the base counts as deployed".to_owned(),
            );
        }
        let mut input = prepare::input(&local, &nameless(), change, policy, &branches).await?;
        input.notes.extend(notes);
        input.unread = range.unread;
        Ok(judge(&local, &nameless(), input).await?)
    }

    /// The base side's policy, or the file that replaces it.
    async fn policy(&self, local: &Local, change: &Change, range: &Range) -> anyhow::Result<Policy> {
        if let Some(file) = &self.config {
            let text = std::fs::read_to_string(file)
                .with_context(|| format!("{} cannot be read", file.display()))?;
            return prepare::parse(&text).map_err(|fault| anyhow::anyhow!("{}, {fault}", file.display()));
        }
        match prepare::policy(local, &nameless(), change).await? {
            PolicyRead::Valid(policy) => Ok(*policy),
            PolicyRead::Broken(fault) => {
                bail!(
                    "{POLICY_PATH} on {}, {fault}; mend it there, or give another with --config",
                    range.base_name
                )
            }
        }
    }

    fn print(&self, judged: &Judged, started: Instant) -> anyhow::Result<()> {
        let judgement = &judged.judgement;
        let text = match self.format {
            Format::Text => {
                let source = |side: Side, path: &str| judged.engine.text(side, path);
                let elapsed = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
                Terminal { colour: colour(), source: &source, elapsed_ms: Some(elapsed) }.render(judgement)
            }
            Format::Json => json::render(judgement)?,
            Format::Sarif => format!("{:#}\n", sarif::render(judgement, &NoLinks)),
            Format::Github => annotations::render(judgement),
        };
        out(&text);
        Ok(())
    }
}
