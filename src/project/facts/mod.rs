//! Facts: what is understood of a commit or of a text alone, found once however many rules ask at the same time.

mod recent;

use std::any::{Any, TypeId};
use std::borrow::Borrow;
use std::collections::{HashMap, HashSet};
use std::hash::{Hash, Hasher};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::thread::{self, ThreadId};

use crate::source::{Blob, NotLoaded, Text};

use super::Project;
use recent::Recent;

/// What is understood of one commit's project; asked for with [`Project::fact`].
pub trait Fact: Sized + Send + Sync + 'static {
    /// What it is about: `str` for a path, `()` where a commit has only one.
    type Key: ToOwned<Owned: Borrow<Self::Key> + Hash + Eq + Send + 'static> + Hash + Eq + ?Sized;

    /// Finds it. It may ask for other facts, but not in a circle.
    fn find(project: &Project, key: &Self::Key) -> Result<Self, NotLoaded>;
}

/// What a text alone tells, whatever the commit and the path; asked for with [`Content::fact`].
pub trait ContentFact: Sized + Send + Sync + 'static {
    fn read(content: &Content<'_>) -> Self;

    /// About how many bytes it holds, the text and other facts left out.
    fn weight(&self) -> usize;
}

/// Bytes that what was read of a run's texts may hold for as long as the run lasts: a tree is fifteen to fifty times as
/// long as its text. First come, first kept: rules go through the files in one order, and when the oldest made room for
/// the newest, none would ever find anything again.
const MAX_KEPT: usize = 64 * 1024 * 1024;

/// A text, and what was read of it.
#[derive(Debug)]
pub struct Content<'a> {
    pub text: &'a Text,
    facts: &'a Facts,
}

impl Content<'_> {
    pub fn fact<F: ContentFact>(&self) -> Arc<F> {
        let find = || Ok::<F, std::convert::Infallible>(F::read(self));
        let mut lent = None;
        let keep = |fact: &F| {
            let kept = self.facts.has_room(fact.weight());
            lent = (!kept).then(|| fact.weight());
            kept
        };
        let Ok(fact) = self.facts.once_if(Owner::Texts, &SameText(self.text.clone()), find, keep);
        if let Some(weight) = lent {
            let mut recent = self.facts.recent.lock().unwrap_or_else(PoisonError::into_inner);
            let gone = recent.add(weight, fact.clone());
            drop(recent);
            drop(gone);
        }
        fact
    }

    /// Puts in a small fact that came along with another, and stays when that one makes room.
    pub(super) fn keep<F: ContentFact>(&self, fact: F) {
        let mut known = self.facts.lock();
        if let Some(table) = known.table::<F, SameText>(Owner::Texts) {
            table.entry(SameText(self.text.clone())).or_insert_with(|| Slot::Found(Arc::new(fact)));
        }
    }
}

/// All facts of a run. Its commits share them: a text that several have is read once.
#[derive(Debug, Default)]
pub struct Facts {
    known: Mutex<Known>,
    /// A fact was found, or whoever sought it gave up.
    changed: Condvar,
    /// Texts that are equal are one, also where nobody knew their ids.
    texts: Mutex<HashSet<Text>>,
    projects: AtomicUsize,
    /// Bytes of what is kept of texts.
    kept: AtomicUsize,
    recent: Mutex<Recent>,
}

/// Who has a fact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Owner {
    Texts,
    Project(usize),
}

#[derive(Debug, Default)]
struct Known {
    /// By type and owner, each a `HashMap<Key, Slot<Fact>>`.
    tables: HashMap<(TypeId, Owner), Box<dyn Any + Send>>,
    /// Who waits for which search.
    waiting: HashMap<ThreadId, Search>,
    searches: u64,
}

#[derive(Debug)]
enum Slot<F> {
    Sought(Search),
    Found(Arc<F>),
    /// Found and not kept: there as long as somebody has it.
    Lent(Weak<F>),
}

/// One thread's looking for one fact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Search {
    by: ThreadId,
    number: u64,
}

impl Facts {
    pub(super) fn content<'a>(&'a self, text: &'a Text) -> Content<'a> {
        Content { text, facts: self }
    }

    pub(super) fn new_owner(&self) -> Owner {
        Owner::Project(self.projects.fetch_add(1, Ordering::Relaxed))
    }

    /// The same blob; of equal texts the one that was seen first, so that what is read of it is found again without
    /// comparing whole texts.
    pub fn shared(&self, blob: Blob) -> Blob {
        let (text, kind): (Text, fn(Text) -> Blob) = match blob {
            Blob::Text(text) => (text, Blob::Text),
            Blob::Bytewise(text) => (text, Blob::Bytewise),
            other => return other,
        };
        let mut texts = self.texts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = texts.get(&text) {
            return kind(known.clone());
        }
        texts.insert(text.clone());
        kind(text)
    }

    /// Counts what was read of a text, when it may be kept.
    fn has_room(&self, weight: usize) -> bool {
        let more = |held: usize| held.checked_add(weight).filter(|held| *held <= MAX_KEPT);
        self.kept.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).is_ok()
    }

    /// The fact, found by whoever asks first; the others wait. What could not be found is not kept.
    pub(super) fn once<F, Q, E>(
        &self,
        owner: Owner,
        key: &Q,
        find: impl FnOnce() -> Result<F, E>,
    ) -> Result<Arc<F>, E>
    where
        F: Send + Sync + 'static,
        Q: ToOwned<Owned: Borrow<Q> + Hash + Eq + Send + 'static> + Hash + Eq + ?Sized,
    {
        self.once_if(owner, key, find, |_| true)
    }

    /// The same; `keep` says whether it stays when all who asked have let go of it.
    fn once_if<F, Q, E>(
        &self,
        owner: Owner,
        key: &Q,
        find: impl FnOnce() -> Result<F, E>,
        keep: impl FnOnce(&F) -> bool,
    ) -> Result<Arc<F>, E>
    where
        F: Send + Sync + 'static,
        Q: ToOwned<Owned: Borrow<Q> + Hash + Eq + Send + 'static> + Hash + Eq + ?Sized,
    {
        let search = match self.known_or_mine::<F, Q>(owner, key) {
            Asked::Known(fact) => return Ok(fact),
            Asked::Unshared => return find().map(Arc::new),
            Asked::Mine(search) => search,
        };
        let mut seeking = Seeking { facts: self, owner, key, search, found: None };
        let fact = Arc::new(find()?);
        seeking.found =
            Some(if keep(&fact) { Slot::Found(fact.clone()) } else { Slot::Lent(Arc::downgrade(&fact)) });
        Ok(fact)
    }

    fn known_or_mine<F, Q>(&self, owner: Owner, key: &Q) -> Asked<F>
    where
        F: Send + Sync + 'static,
        Q: ToOwned<Owned: Borrow<Q> + Hash + Eq + Send + 'static> + Hash + Eq + ?Sized,
    {
        let me = thread::current().id();
        let mut known = self.lock();
        loop {
            let Some(table) = known.table::<F, Q::Owned>(owner) else { return Asked::Unshared };
            let (fact, search) = match table.get(key) {
                Some(Slot::Found(fact)) => (Some(fact.clone()), None),
                Some(Slot::Lent(lent)) => (lent.upgrade(), None),
                Some(Slot::Sought(search)) => (None, Some(*search)),
                None => (None, None),
            };
            if let Some(fact) = fact {
                return Asked::Known(fact);
            }
            let Some(search) = search else { return Asked::Mine(known.begin::<F, Q>(owner, key, me)) };
            if search.by == me {
                drop(known);
                circle();
            }
            if known.waits_for(search, me) {
                // Each of two threads seeks what the other needs: neither may wait.
                return Asked::Unshared;
            }
            known.waiting.insert(me, search);
            known = self.changed.wait(known).unwrap_or_else(PoisonError::into_inner);
            known.waiting.remove(&me);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What asking for a fact gives.
enum Asked<F> {
    Known(Arc<F>),
    /// Whoever asked has to find it for all.
    Mine(Search),
    /// Whoever asked has to find it for itself.
    Unshared,
}

impl Known {
    fn table<F, K>(&mut self, owner: Owner) -> Option<&mut HashMap<K, Slot<F>>>
    where
        F: Send + Sync + 'static,
        K: Send + 'static,
    {
        let new = || Box::new(HashMap::<K, Slot<F>>::new()) as Box<dyn Any + Send>;
        let table = self.tables.entry((TypeId::of::<HashMap<K, Slot<F>>>(), owner)).or_insert_with(new);
        table.downcast_mut()
    }

    fn begin<F, Q>(&mut self, owner: Owner, key: &Q, by: ThreadId) -> Search
    where
        F: Send + Sync + 'static,
        Q: ToOwned<Owned: Hash + Eq + Send + 'static> + ?Sized,
    {
        self.searches += 1;
        let search = Search { by, number: self.searches };
        if let Some(table) = self.table::<F, Q::Owned>(owner) {
            table.insert(key.to_owned(), Slot::Sought(search));
        }
        search
    }

    /// Does whoever is at this search wait for `thread`, directly or through others?
    fn waits_for(&self, search: Search, thread: ThreadId) -> bool {
        let next = |search: &Search| self.waiting.get(&search.by).copied();
        std::iter::successors(Some(search), next).take(self.waiting.len() + 1).any(|s| s.by == thread)
    }
}

/// Puts in what was found, or takes back that it is sought: also when finding it panics.
struct Seeking<'a, F, Q>
where
    F: Send + Sync + 'static,
    Q: ToOwned<Owned: Borrow<Q> + Hash + Eq + Send + 'static> + Hash + Eq + ?Sized,
{
    facts: &'a Facts,
    owner: Owner,
    key: &'a Q,
    search: Search,
    found: Option<Slot<F>>,
}

impl<F, Q> Drop for Seeking<'_, F, Q>
where
    F: Send + Sync + 'static,
    Q: ToOwned<Owned: Borrow<Q> + Hash + Eq + Send + 'static> + Hash + Eq + ?Sized,
{
    fn drop(&mut self) {
        let mut known = self.facts.lock();
        if let Some(table) = known.table::<F, Q::Owned>(self.owner) {
            match self.found.take() {
                Some(slot) => drop(table.insert(self.key.to_owned(), slot)),
                None => drop(table.remove(self.key)),
            }
        }
        // Whoever waited for it is free from now on, though it has not woken yet.
        known.waiting.retain(|_, search| *search != self.search);
        self.facts.changed.notify_all();
    }
}

/// A fact needs itself, which is a fault of ours: the rule that asked is named as not run.
fn circle() -> ! {
    std::panic::resume_unwind(Box::new("a fact needs itself to be found"))
}

/// A text by where it is kept: asking for what was read of it compares no contents.
#[derive(Clone)]
struct SameText(Text);

impl PartialEq for SameText {
    fn eq(&self, other: &Self) -> bool {
        self.0.address() == other.0.address()
    }
}

impl Eq for SameText {}

impl Hash for SameText {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.address().hash(state);
    }
}

#[cfg(test)]
mod tests;
