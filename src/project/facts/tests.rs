//! One search however many ask, no circle that hangs, and what is kept of texts.

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
    fn ask(&self, key: u32, find: impl FnOnce() -> Result<u32, NotLoaded>) -> Result<Arc<u32>, NotLoaded> {
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
