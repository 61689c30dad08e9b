//! `red-panda rules`: what is checked, and why.

use std::process::ExitCode;

use anyhow::bail;
use clap::{Args, Subcommand};

use crate::model::catalogue;
use crate::model::nearest::nearest;
use crate::rules;

use super::markdown;
use super::output::{colour, out};

#[derive(Debug, Args)]
pub(super) struct Rules {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// All rules that this version checks
    List,
    /// The page of a rule
    Explain {
        /// `MIG004`, or `runpython-without-reverse`
        #[arg(value_name = "CODE")]
        rule: String,
    },
}

impl Rules {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        match self.command {
            None | Some(Command::List) => list(),
            Some(Command::Explain { rule }) => explain(&rule)?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn list() {
    let mut text = String::new();
    for rule in rules::all() {
        text.push_str(&format!(
            "{}  {:<8} {}\n",
            rule.code(),
            rule.entry.severity.to_string(),
            rule.entry.name
        ));
    }
    out(&text);
}

fn explain(wanted: &str) -> anyhow::Result<()> {
    if let Some(rule) = rules::find(wanted) {
        let page = markdown::render(rule.page, "", colour());
        out(&format!("{} · {} · {}\n\n{page}", rule.code(), rule.entry.name, rule.entry.severity));
        return Ok(());
    }
    let upper = wanted.to_ascii_uppercase();
    if let Some(entry) = catalogue::find(&upper).or_else(|| catalogue::find(wanted)) {
        bail!("{} ({}) is in the standard's catalogue and not built yet", entry.code, entry.name);
    }
    let codes = rules::all().into_iter().map(|r| r.code());
    match nearest(&upper, codes) {
        Some(near) => bail!("there is no rule {wanted}; did you mean {near}?"),
        None => bail!("there is no rule {wanted}: `red-panda rules list` names them all"),
    }
}
