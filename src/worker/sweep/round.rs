//! The way of a sweep through the repositories of one account.

use crate::forge::{ForgeError, ListAsked, Lists, requests};
use crate::model::id::Repository;
use crate::review::JobError;

use super::account::Account;
use super::page::{Fate, Page};
use super::share::Share;
use super::todo::{Part, Todo};

/// No list of repositories is read for less than as many questions about what is open in them.
const WORTH: u64 = 2;

impl Account<'_> {
    /// From where the last sweep stopped to the end, or until the sweep's share of the budget is used.
    pub(super) async fn sweep(self, turn: &mut i64) -> Result<(), JobError> {
        let Self { worker, name, installation, .. } = self;
        if worker.store.is_paused(name, installation, worker.now()).await? {
            return Ok(());
        }
        let state = worker.store.sweep_state(name, installation, worker.now()).await?;
        let mut share = Share::new(state.spent);
        if !self.allows(&share, WORTH * state.listing) {
            tracing::info!(forge = %name, installation, "the sweep's share of the budget is used; it goes on later");
            return Ok(());
        }
        let repositories = self.repositories(&mut share).await?;
        let mut todo = Todo::new(repositories, state.next, self.served.forge.lists_at_once().max(1));
        let mut points = 1;
        while todo.next() != 0 {
            if !self.allows(&share, points) {
                tracing::info!(forge = %name, installation, "the sweep's share of the budget is used; it goes on later");
                return Ok(());
            }
            let taken = todo.take();
            let cost = self.read(taken, &mut todo, turn).await?;
            share.spend(cost);
            points = cost.max(1);
        }
        Ok(())
    }

    fn allows(&self, share: &Share, points: u64) -> bool {
        share.allows(points, &self.served.forge.budgets(self.installation), self.worker.now())
    }

    /// The account's repositories that we work for. What listing them cost is counted also when it failed.
    async fn repositories(&self, share: &mut Share) -> Result<Vec<Repository>, JobError> {
        let listing = async {
            let listed = self.served.forge.fetch_repositories(self.installation).await;
            (listed, requests::so_far())
        };
        let (listed, sent) = requests::counted(listing).await;
        share.spend(sent);
        self.worker.store.note_listing(self.name, self.installation, sent, self.worker.now()).await?;
        Ok(listed?.into_iter().filter(|r| (self.served.allows)(&r.full_name())).collect())
    }

    /// Asks for these parts together and writes down what they bring. Returns what it cost.
    async fn read(self, taken: Vec<Part>, todo: &mut Todo, turn: &mut i64) -> Result<u64, JobError> {
        let asked: Vec<ListAsked> = taken.iter().map(|part| part.asked.clone()).collect();
        let asked_at = self.worker.now();
        let Lists { parts: answers, points } = match self.served.forge.fetch_open_pulls(&asked).await {
            Ok(lists) => lists,
            Err(error) if may_be_too_much(&error) => {
                let parts = asked.iter().map(|_| Err(error.clone())).collect();
                Lists { parts, points: 1 }
            }
            Err(error) => return Err(error.into()),
        };
        let mut page = Page::new(self, asked_at, points);
        let (count, mut again, mut unread, mut error) = (taken.len(), Vec::new(), 0, None);
        for (part, answer) in taken.into_iter().zip(answers) {
            if let Err(fault) = &answer {
                error = Some(fault.clone());
            }
            match page.take(part, answer) {
                Fate::Read => {}
                Fate::GoesOn(part) => again.push(part),
                Fate::Unread(part) => {
                    unread += 1;
                    again.push(part);
                }
            }
        }
        let goes_on = todo.put_back(count, again, unread);
        page.write(Some(todo.next()), Some(turn)).await?;
        match error {
            Some(error) if !goes_on => Err(error.into()),
            _ => Ok(points),
        }
    }
}

fn may_be_too_much(error: &ForgeError) -> bool {
    matches!(error, ForgeError::Transient { .. } | ForgeError::Invalid { .. })
}
