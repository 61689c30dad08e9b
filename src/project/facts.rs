//! Facts: what is understood of a commit or of a text alone, found once however many rules ask at the same time.

use std::any::{Any, TypeId};
use std::borrow::Borrow;
use std::collections::{HashMap, HashSet, VecDeque};
use std::hash::{Hash, Hasher};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::thread::{self, ThreadId};

use crate::source::{Blob, NotLoaded, Text};

use super::Project;

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
/// Bytes of what was read lately beyond that: a rule asks for the same file several times in a row. What made room for
/// others is there while somebody has it, and then read again.
const MAX_RECENT: usize = 48 * 1024 * 1024;

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

/// What was read lately and is not kept, oldest first, with its bytes.
#[derive(Default)]
struct Recent {
    facts: VecDeque<(usize, Arc<dyn Any + Send + Sync>)>,
    bytes: usize,
}

impl Recent {
    /// Gives back what made room: trees take a while to fall. One that is too long alone does not stay at all: two
    /// megabytes of nothing but brackets are a hundred of tree.
    fn add(&mut self, weight: usize, fact: Arc<dyn Any + Send + Sync>) -> Vec<Arc<dyn Any + Send + Sync>> {
        self.facts.push_back((weight, fact));
        self.bytes += weight;
        let mut gone = Vec::new();
        while self.bytes > MAX_RECENT {
            let Some((weight, oldest)) = self.facts.pop_front() else { break };
            self.bytes -= weight;
            gone.push(oldest);
        }
        gone
    }
}

impl std::fmt::Debug for Recent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Recent").field("bytes", &self.bytes).finish_non_exhaustive()
    }
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
        let Blob::Text(text) = blob else { return blob };
        let mut texts = self.texts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = texts.get(&text) {
            return Blob::Text(known.clone());
        }
        texts.insert(text.clone());
        Blob::Text(text)
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
            let search = match table.get(key) {
                Some(Slot::Found(fact)) => return Asked::Known(fact.clone()),
                Some(Slot::Sought(search)) => *search,
                Some(Slot::Lent(lent)) => match lent.upgrade() {
                    Some(fact) => return Asked::Known(fact),
                    None => return Asked::Mine(known.begin::<F, Q>(owner, key, me)),
                },
                None => return Asked::Mine(known.begin::<F, Q>(owner, key, me)),
            };
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
mod tests {
    use std::sync::mpsc::{Receiver, Sender, channel};

    use super::*;
    use crate::model::id::Sha;
    use crate::source::{Snapshot, SnapshotId, Want};
    use crate::syntax::python::Module;

    /// What a story's fact does when it is sought, and how often it was.
    #[derive(Default)]
    struct Story {
        sought: AtomicUsize,
        facts: Facts,
    }

    impl Story {
        fn ask(
            &self,
            key: u32,
            find: impl FnOnce() -> Result<u32, NotLoaded>,
        ) -> Result<Arc<u32>, NotLoaded> {
            self.facts.once(Owner::Texts, &key, || {
                self.sought.fetch_add(1, Ordering::SeqCst);
                find()
            })
        }

        /// Waits until another thread waits for a fact.
        fn until_somebody_waits(&self) {
            while self.facts.lock().waiting.is_empty() {
                thread::yield_now();
            }
        }
    }

    #[test]
    fn a_fact_is_found_once_when_two_ask_at_the_same_time() {
        let story = Story::default();
        let (begun, begins) = channel();
        thread::scope(|scope| {
            scope.spawn(|| {
                let found = story.ask(1, || {
                    begun.send(()).unwrap();
                    story.until_somebody_waits();
                    Ok(7)
                });
                assert_eq!(found, Ok(Arc::new(7)));
            });
            begins.recv().unwrap();
            assert_eq!(story.ask(1, || Ok(8)), Ok(Arc::new(7)));
        });
        assert_eq!(story.sought.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn what_is_not_read_yet_is_asked_again_and_not_kept() {
        let story = Story::default();
        let missing = NotLoaded::one(Want::Tree(SnapshotId::Head));
        assert_eq!(story.ask(1, || Err(missing.clone())), Err(missing));
        assert_eq!(story.ask(1, || Ok(7)), Ok(Arc::new(7)));
        assert_eq!(story.ask(1, || Ok(8)), Ok(Arc::new(7)));
    }

    #[test]
    fn whoever_waits_for_a_search_that_panics_finds_the_fact_itself() {
        let story = Story::default();
        let (begun, begins) = channel();
        thread::scope(|scope| {
            let panics = scope.spawn(|| {
                story.ask(1, || {
                    begun.send(()).unwrap();
                    story.until_somebody_waits();
                    panic!("as the story wants it")
                })
            });
            begins.recv().unwrap();
            assert_eq!(story.ask(1, || Ok(8)), Ok(Arc::new(8)));
            assert!(panics.join().is_err());
        });
    }

    /// One asks for 1, which needs 2; the other for 2, which needs 1.
    #[test]
    fn facts_that_need_each_other_end_on_two_threads() {
        let story = Story::default();
        let meet = |mine: u32, other: u32, here: Sender<()>, there: Receiver<()>| {
            let story = &story;
            move || {
                story.ask(mine, || {
                    here.send(()).unwrap();
                    there.recv().unwrap();
                    story.ask(other, || story.ask(mine, || Ok(0)).map(|fact| *fact)).map(|fact| *fact)
                })
            }
        };
        let ((one, sees_one), (two, sees_two)) = (channel(), channel());
        thread::scope(|scope| {
            let first = scope.spawn(meet(1, 2, one, sees_two));
            let second = scope.spawn(meet(2, 1, two, sees_one));
            assert!(first.join().is_err() && second.join().is_err(), "each is a circle, and none hangs");
        });
    }

    /// Whoever has what it waited for is in nobody's way.
    #[test]
    fn facts_in_two_orders_are_no_circle() {
        let story = Story::default();
        let deep = |first: u32, then: u32| {
            let story = &story;
            move || {
                for round in 0..200 {
                    let leaf = story.ask(10 * round, || Ok(1)).unwrap();
                    let both = [first, then].map(|n| *story.ask(10 * round + n, || Ok(*leaf + n)).unwrap());
                    assert_eq!(both, [1 + first, 1 + then]);
                }
            }
        };
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(deep(1, 2));
                scope.spawn(deep(2, 1));
            }
        });
        assert!(story.facts.lock().waiting.is_empty());
    }

    /// A fact of a story, which says how much it holds.
    struct Heavy;

    impl ContentFact for Heavy {
        fn read(_: &Content<'_>) -> Self {
            Self
        }

        fn weight(&self) -> usize {
            MAX_KEPT / 2
        }
    }

    #[test]
    fn what_does_not_fit_is_there_while_somebody_has_it_and_then_read_again() {
        let facts = Facts::default();
        let texts = ["one", "two", "three", "four"].map(Text::new);
        let read = |n: usize| facts.content(&texts[n]).fact::<Heavy>();
        let [one, two, three] = [0, 1, 2].map(read);
        let (three, held) = (Arc::downgrade(&three), three);
        drop(read(3));
        assert!(Arc::ptr_eq(&held, &read(2)), "somebody has it");
        drop(held);
        assert!(three.upgrade().is_none(), "nobody has it, and another was read since");
        let four = Arc::downgrade(&read(3));
        assert!(four.upgrade().is_some(), "it was read last");
        assert!(Arc::ptr_eq(&one, &read(0)) && Arc::ptr_eq(&two, &read(1)), "these are kept");
        drop(read(2));
        assert!(four.upgrade().is_none());
    }

    #[test]
    fn equal_texts_of_two_commits_are_parsed_once() {
        let facts = Arc::new(Facts::default());
        let side = |text: &str| {
            let snapshot = Snapshot::unlisted(SnapshotId::Head, Sha::parse(&"a".repeat(40)).unwrap());
            snapshot.supply_file("a.py".to_owned(), facts.shared(Blob::from_bytes(text.as_bytes())));
            Project::new(Arc::new(snapshot), facts.clone())
        };
        let module = |project: Project| -> Arc<Module> { project.module("a.py").unwrap().unwrap() };
        let [one, same, other] = ["x = 1\n", "x = 1\n", "x = 2\n"].map(side).map(module);
        assert!(Arc::ptr_eq(&one, &same) && !Arc::ptr_eq(&one, &other));
    }
}
