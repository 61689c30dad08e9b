//! `red-panda check`: the engine on the local repository.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;

use crate::forge::local::Local;
use crate::model::judgement::Judgement;
use crate::model::status::Outcome;
use crate::review::judge::{judge, nameless};
use crate::review::prepare::{self, Branches, PolicyRead};

use super::output::out;

#[derive(Debug, Args)]
pub(super) struct Check {
    /// The repository, or a folder inside its working tree; bare ones too
    #[arg(long, value_name = "DIR", default_value = ".")]
    repo: PathBuf,
    /// What to compare with: a branch, tag or sha [default: origin/HEAD, origin/main or origin/master]
    #[arg(long, value_name = "REF")]
    base: Option<String>,
    /// What to judge [default: the working tree; in a bare repository HEAD]
    #[arg(long, value_name = "REF")]
    head: Option<String>,
    #[arg(long, value_name = "FORMAT", default_value = "json")]
    format: String,
}

impl Check {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let runtime =
            tokio::runtime::Builder::new_current_thread().build().context("the runtime does not start")?;
        let judgement = runtime.block_on(self.judge())?;
        for reported in &judgement.findings {
            let f = &reported.finding;
            let span = f.place.span();
            let line = serde_json::json!({
                "code": f.code, "severity": f.severity, "path": f.place.path(), "line": span.map(|s| s.start.line),
                "column": span.map(|s| s.start.column), "subject": f.subject, "message": f.headline,
                "consequence": f.consequence, "fingerprint": reported.fingerprint,
            });
            out(&format!("{line}\n"));
        }
        out(&format!(
            "{}\n",
            serde_json::json!({"summary": {"verdict": judgement.verdict(), "not_looked_at": judgement.not_looked_at, "notes": judgement.notes}})
        ));
        Ok(ExitCode::from(Outcome::Verdict(judgement.verdict()).exit_code()))
    }

    async fn judge(&self) -> anyhow::Result<Judgement> {
        let mut local = Local::open(&self.repo)?;
        let range = local.range(self.base.as_deref(), self.head.as_deref())?;
        let change = local.change(&range)?;
        let repository = nameless();
        let PolicyRead::Valid(policy) = prepare::policy(&local, &repository, &change).await? else {
            anyhow::bail!("broken policy");
        };
        let branches = Branches { target: range.base_name.clone(), default: range.base_name.clone() };
        let mut input = prepare::input(&local, &repository, change, *policy, &branches).await?;
        input.notes.extend(range.notes);
        Ok(judge(&local, &repository, input).await?.judgement)
    }
}
