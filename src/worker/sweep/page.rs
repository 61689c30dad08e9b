//! What a page of lists brings: what the store is to know, and which pull requests are to be looked at.

use std::collections::{BTreeMap, BTreeSet};

use crate::forge::{ForgeError, OpenPulls, Result};
use crate::model::delivery::{JobKind, NewJob, Reason};
use crate::model::id::{ForgeName, Repository, Target};
use crate::model::pull::OpenPull;
use crate::review::JobError;
use crate::store::pulls::KnownPull;
use crate::store::sweeps::SweptPage;

use super::account::Account;
use super::todo::Part;

/// Twenty jobs a minute.
pub(super) const GAP: i64 = 3_000;

/// A list may come from a copy of the forge's database that is so far behind, in milliseconds: what was seen of a pull
/// request by itself within that time is the newer.
const LISTS_LAG: i64 = 10_000;

/// A time that is more than an hour ahead was written by a clock that was wrong.
const WRONG_CLOCK: i64 = 3_600_000;

/// What became of a part of a list.
pub(super) enum Fate {
    /// Nothing more is to be read.
    Read,
    /// The list goes on with this part.
    GoesOn(Part),
    /// It may be read with fewer others.
    Unread(Part),
}

/// The answers to one question for several lists.
pub(super) struct Page<'a> {
    account: Account<'a>,
    /// What the lists show was so then, in Unix milliseconds.
    seen_at: i64,
    points: u64,
    lists: Vec<OpenPulls>,
    /// When the lists began that were read to their end, and whose they are.
    ended: BTreeMap<u64, (i64, Repository)>,
}

impl<'a> Page<'a> {
    pub(super) fn new(account: Account<'a>, asked_at: i64, points: u64) -> Self {
        let seen_at = asked_at - LISTS_LAG;
        Self { account, seen_at, points, lists: Vec::new(), ended: BTreeMap::new() }
    }

    pub(super) fn take(&mut self, part: Part, answer: Result<OpenPulls>) -> Fate {
        let mut list = match answer {
            Ok(list) => list,
            Err(ForgeError::Transient { .. } | ForgeError::Invalid { .. }) => return Fate::Unread(part),
            // Pull requests switched off, or the repository went away since it was listed.
            Err(ForgeError::NotFound { .. } | ForgeError::Gone { .. }) => return Fate::Read,
            Err(error) => {
                tracing::warn!(repo = %part.asked.repository.full_name(), %error, "not swept");
                return Fate::Read;
            }
        };
        let fate = match list.next.take() {
            Some(after) => part.next(after, self.seen_at).map_or(Fate::Read, Fate::GoesOn),
            None => {
                let began = part.began.unwrap_or(self.seen_at);
                self.ended.insert(list.repository.id, (began, list.repository.clone()));
                Fate::Read
            }
        };
        self.lists.push(list);
        fate
    }

    /// Writes it all at once: what is open, what is to be looked at from `turn` on (nothing, where there is none), and
    /// where the sweep goes on.
    pub(super) async fn write(
        self,
        next: Option<u64>,
        turn: Option<&mut i64>,
    ) -> std::result::Result<(), JobError> {
        let Account { worker, name, installation, .. } = self.account;
        let left = self.left().await?;
        let found = if turn.is_some() { self.unjudged().await? } else { Vec::new() };
        let pulls: Vec<KnownPull> = self.shown().map(|(list, pull)| self.known(list, pull)).collect();
        let mut unused = 0;
        let turn = turn.unwrap_or(&mut unused);
        let page = SweptPage {
            forge: name,
            installation,
            pulls: &pulls,
            left: &left,
            found: &found,
            turn: *turn,
            gap: GAP,
            next,
            points: self.points,
        };
        let queued = worker.store.save_swept(&page, worker.now()).await?;
        *turn += GAP * i64::try_from(queued).unwrap_or(0);
        metrics::counter!("red_panda_swept_total", "forge" => name.0.clone()).increment(queued as u64);
        Ok(())
    }

    fn shown(&self) -> impl Iterator<Item = (&OpenPulls, &OpenPull)> {
        self.lists.iter().flat_map(|list| list.pulls.iter().map(move |pull| (list, pull)))
    }

    /// Looks at what was open and is not on a list that was read to its end: whatever became of it.
    async fn left(&self) -> std::result::Result<Vec<NewJob>, JobError> {
        let Account { worker, name, .. } = self.account;
        let repositories: Vec<u64> = self.ended.keys().copied().collect();
        let shown: BTreeSet<(u64, u64)> =
            self.shown().map(|(list, pull)| (list.repository.id, pull.number)).collect();
        let mut left = Vec::new();
        for open in worker.store.open_in(name, &repositories).await? {
            let Some((began, repository)) = self.ended.get(&open.repository) else { continue };
            // What an earlier page of the list showed was seen since it began, and so was what a review looked at.
            let seen = open.seen_at >= *began && open.seen_at <= began + WRONG_CLOCK;
            if !seen && !shown.contains(&(open.repository, open.number)) {
                left.push(look_at(name, repository, open.number, Reason::Closed));
            }
        }
        Ok(left)
    }

    /// Reviews of those whose head is not judged. What is older than our being here gets a status only.
    async fn unjudged(&self) -> std::result::Result<Vec<NewJob>, JobError> {
        let Account { worker, name, first_started, .. } = self.account;
        let listed: Vec<(u64, &OpenPull)> =
            self.shown().map(|(list, pull)| (list.repository.id, pull)).collect();
        let repositories: Vec<u64> = self.lists.iter().map(|list| list.repository.id).collect();
        let installed = worker.store.installed_since(name, &repositories, worker.now()).await?;
        let shown: Vec<(&OpenPulls, &OpenPull)> = self.shown().collect();
        let unjudged = worker.store.unjudged(name, &listed).await?;
        let review = |(list, pull): &(&OpenPulls, &OpenPull)| {
            let since = installed.get(&list.repository.id).copied().unwrap_or(first_started);
            let old = pull.head_since.is_some_and(|at| at < since);
            let reason = if old { Reason::Backlog } else { Reason::Swept };
            let job = look_at(name, &list.repository, pull.number, reason);
            NewJob { head_hint: Some(pull.head.clone()), ..job }
        };
        Ok(unjudged.into_iter().filter_map(|place| shown.get(place)).map(review).collect())
    }

    fn known(&self, list: &OpenPulls, pull: &OpenPull) -> KnownPull {
        KnownPull {
            forge: self.account.name.clone(),
            repository: list.repository.clone(),
            number: pull.number,
            head: pull.head.clone(),
            base_branch: pull.base_branch.clone(),
            default_branch: list.default_branch.clone(),
            touches_migrations: None,
            open: true,
            seen_at: self.seen_at,
        }
    }
}

/// A review of what a sweep found.
pub(super) fn look_at(name: &ForgeName, repository: &Repository, number: u64, reason: Reason) -> NewJob {
    NewJob {
        forge: name.clone(),
        repository: repository.clone(),
        target: Target::Pull(number),
        kind: JobKind::Review,
        reason,
        head_hint: None,
        priority: 10,
        argument: None,
    }
}
