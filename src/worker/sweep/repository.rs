//! A sweep of one repository: it was given to us, or a check of a commit was asked for whose pull request we do not
//! know.

use crate::forge::ForgeError;
use crate::model::delivery::{NewJob, Reason};
use crate::model::id::{Repository, Sha, Target};
use crate::model::pull::OpenPull;
use crate::review::{JobEnd, JobError};

use super::Worker;
use super::account::Account;
use super::page::{Fate, Page, look_at};
use super::share::Share;
use super::todo::Part;

impl Worker {
    pub(in crate::worker) async fn sweep_repository(&self, job: &NewJob) -> Result<JobEnd, JobError> {
        let NewJob { forge: name, repository, target, reason, argument, .. } = job;
        let served = self.served(name)?;
        if let Some(since) =
            argument.as_deref().and_then(|a| a.parse().ok()).filter(|_| *reason == Reason::Backlog)
        {
            self.store.note_installed(name, repository.id, since).await?;
        }
        let first_started = self.store.first_started(name, self.now()).await?;
        let account =
            Account { worker: self, name, served, installation: repository.installation, first_started };
        match target {
            Target::Group(head) => account.look_again(repository, head).await?,
            Target::Repository => account.look_through(repository).await?,
            Target::Pull(_) => return Err(JobError::Fatal("one pull request is not swept".to_owned())),
        }
        Ok(JobEnd::Done)
    }
}

impl Account<'_> {
    /// Where an organisation gave us thousands of repositories, the sweep looks through most of them, many together.
    async fn look_through(self, repository: &Repository) -> Result<(), JobError> {
        let Self { worker, name, served, installation, .. } = self;
        let state = worker.store.sweep_state(name, installation, worker.now()).await?;
        if !Share::new(state.spent).allows_single(&served.forge.budgets(installation), worker.now()) {
            tracing::info!("left to the sweep: many repositories were looked through by themselves");
            return Ok(());
        }
        let mut turn = worker.next_turn(name).await?;
        self.read_all(repository, Some(&mut turn)).await.map(drop)
    }

    /// A check of this commit was asked for: of every pull request whose head it is.
    async fn look_again(self, repository: &Repository, head: &Sha) -> Result<(), JobError> {
        let open = self.read_all(repository, None).await?;
        for (repository, pull) in open.iter().filter(|(_, pull)| pull.head == *head) {
            let job = look_at(self.name, repository, pull.number, Reason::Rerequested);
            let job = NewJob { head_hint: Some(head.clone()), priority: 0, ..job };
            self.worker.store.enqueue(&job, self.worker.now()).await?;
        }
        Ok(())
    }

    /// Reads a list to its end and notes it. What is not judged is looked at from `turn` on, where there is one.
    async fn read_all(
        self,
        repository: &Repository,
        mut turn: Option<&mut i64>,
    ) -> Result<Vec<(Repository, OpenPull)>, JobError> {
        let (mut all, mut part) = (Vec::new(), Part::first(repository.clone()));
        loop {
            let asked_at = self.worker.now();
            let mut lists = self.served.forge.fetch_open_pulls(std::slice::from_ref(&part.asked)).await?;
            let list = match lists.parts.pop() {
                Some(Ok(list)) => list,
                // Pull requests switched off, or the repository went away.
                None | Some(Err(ForgeError::NotFound { .. } | ForgeError::Gone { .. })) => return Ok(all),
                Some(Err(error)) => return Err(error.into()),
            };
            all.extend(list.pulls.iter().map(|pull| (list.repository.clone(), pull.clone())));
            let mut page = Page::new(self, asked_at, lists.points);
            let fate = page.take(part, Ok(list));
            page.write(None, turn.as_deref_mut()).await?;
            match fate {
                Fate::GoesOn(next) => part = next,
                Fate::Read | Fate::Unread(_) => return Ok(all),
            }
        }
    }
}
