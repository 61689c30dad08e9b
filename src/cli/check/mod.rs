//! `red-panda check`: the engine on the local repository.

mod fix;
mod progress;
mod subject;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use anyhow::Context as _;
use clap::{Args, ValueEnum};

use crate::engine::Input;
use crate::engine::bounds::{Paths, Progress};
use crate::engine::selection::Selection;
use crate::forge::local::Local;
use crate::model::judgement::Verdict;
use crate::model::plan::Side;
use crate::model::status::Outcome;
use crate::report::terminal::Terminal;
use crate::report::wording::NoLinks;
use crate::report::{annotations, json, sarif};
use crate::review::judge::{Judged, judge, nameless};

use super::output::{colour, out};
use progress::Line;
use subject::Subject;

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
    /// Judge all that stands there, as if all of it were new; nothing counts as deployed
    #[arg(long, conflicts_with = "base")]
    all: bool,
    /// With --all: these files and folders alone, as they are called from the current folder
    #[arg(value_name = "PATH", requires = "all")]
    paths: Vec<PathBuf>,
    /// Run these rules alone, also where the policy has them off: codes (MIG004), names (runpython-without-reverse) and
    /// families (migrations, MIG), with commas or several times
    #[arg(long, value_name = "RULES", value_delimiter = ',')]
    select: Vec<String>,
    /// Do not run these rules, named in the same way; here also those that a policy cannot turn off, for it is your
    /// machine (the bot does not hear of it)
    #[arg(long, value_name = "RULES", value_delimiter = ',')]
    ignore: Vec<String>,
    /// Put the safe fixes into the working tree: fixes that keep what the code means
    #[arg(long, conflicts_with = "head")]
    fix: bool,
    /// With --fix: also into files with changes that are not staged
    #[arg(long, requires = "fix")]
    allow_dirty: bool,
    /// With --fix: show what would change, and write nothing
    #[arg(long, requires = "fix")]
    diff: bool,
    /// How to print what was found
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// A policy that replaces the repository's
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
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

fn exit_code(verdict: Verdict) -> ExitCode {
    ExitCode::from(Outcome::Verdict(verdict).exit_code())
}

impl Check {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let started = Instant::now();
        let runtime =
            tokio::runtime::Builder::new_current_thread().build().context("the runtime does not start")?;
        let selection = Selection::parse(&self.select, &self.ignore)?;
        let mut local = Local::open(&self.repo)?;
        if self.fix {
            return runtime.block_on(self.fix(&mut local, &selection, started));
        }
        let subject = self.subject(&mut local)?;
        let judged = runtime.block_on(self.judge(&local, &subject, &selection))?;
        self.print(&judged, started)?;
        Ok(exit_code(judged.judgement.verdict()))
    }

    async fn judge(&self, local: &Local, subject: &Subject, selection: &Selection) -> anyhow::Result<Judged> {
        let progress = Arc::<Progress>::default();
        let _line = Line::show(progress.clone());
        let input = subject.input(local, self.config.as_deref()).await?;
        let input = Input { selection: selection.clone(), progress, ..input };
        Ok(judge(local, &nameless(), input).await?)
    }

    fn subject(&self, local: &mut Local) -> anyhow::Result<Subject> {
        if !self.all {
            return Ok(Subject::Change(local.range(self.base.as_deref(), self.head.as_deref())?));
        }
        let whole = local.whole(self.head.as_deref())?;
        let here = std::env::current_dir().context("the current folder cannot be read")?;
        let paths = Paths::new(local.named(&whole, &here, &self.paths)?);
        Ok(Subject::Whole(whole, paths))
    }

    fn print(&self, judged: &Judged, started: Instant) -> anyhow::Result<()> {
        let judgement = &judged.judgement;
        let text = match self.format {
            Format::Text => {
                let source = |side: Side, path: &str| judged.engine.text(side, path);
                let elapsed = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
                let terminal = Terminal { colour: colour(), source: &source, elapsed_ms: Some(elapsed) };
                if self.all { terminal.render_whole(judgement) } else { terminal.render(judgement) }
            }
            Format::Json => json::render(judgement)?,
            Format::Sarif => format!("{:#}\n", sarif::render(judgement, &NoLinks)),
            Format::Github => annotations::render(judgement),
        };
        out(&text);
        Ok(())
    }
}
