//! Threads with large stacks, and whose turn it is: all runs of the process share the processors, each its fair part.

use std::collections::{HashMap, VecDeque};
use std::num::NonZero;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use std::thread::{self, Builder, Thread};

/// Stack of the engine's threads: parser output recurses.
const STACK: usize = 64 * 1024 * 1024;

/// So many threads compute at a time, whatever the number of runs.
#[derive(Debug)]
pub(super) struct Pool {
    seats: usize,
    turns: Mutex<Turns>,
}

#[derive(Debug)]
struct Turns {
    free: usize,
    /// By run; a run that has no seat has no entry.
    seated: HashMap<u64, usize>,
    /// In the order in which they came. Nobody waits while a seat is free.
    waiting: VecDeque<Arc<Waiter>>,
    runs: u64,
}

#[derive(Debug)]
struct Waiter {
    run: u64,
    thread: Thread,
    called: AtomicBool,
}

impl Pool {
    pub(super) fn new(seats: usize) -> Self {
        let (seated, waiting) = (HashMap::new(), VecDeque::new());
        Self { seats, turns: Mutex::new(Turns { free: seats, seated, waiting, runs: 0 }) }
    }

    /// The one of this process, with a seat for each processor.
    pub(super) fn shared() -> Arc<Self> {
        static SHARED: LazyLock<Arc<Pool>> = LazyLock::new(|| {
            let processors = thread::available_parallelism().map_or(1, NonZero::get);
            Arc::new(Pool::new(processors))
        });
        SHARED.clone()
    }

    /// Does `work` on each item, on as many threads as there are seats. While others wait, a run takes its turn item
    /// by item.
    pub(super) fn each<T: Send>(&self, items: Vec<T>, work: impl Fn(T) + Sync) {
        let run = self.new_run();
        let threads = items.len().min(self.seats);
        let items = Mutex::new(items.into_iter());
        let next = || items.lock().unwrap_or_else(PoisonError::into_inner).next();
        let until_done = || {
            let mut turn = None;
            while let Some(item) = next() {
                let mine = turn.take().unwrap_or_else(|| self.turn(run));
                work(item);
                turn = mine.kept();
            }
        };
        thread::scope(|scope| {
            let spawn = || Builder::new().stack_size(STACK).spawn_scoped(scope, until_done).is_ok();
            if (0..threads).filter(|_| spawn()).count() == 0 {
                // No thread to be had: slower, and with less stack, is better than not at all.
                until_done();
            }
        });
    }

    fn new_run(&self) -> u64 {
        let mut turns = self.lock();
        turns.runs += 1;
        turns.runs
    }

    /// Waits for a seat. Of those that wait, the run that has the fewest is called, and of these the one that came first.
    fn turn(&self, run: u64) -> Turn<'_> {
        let waiter = Arc::new(Waiter { run, thread: thread::current(), called: AtomicBool::new(false) });
        {
            let mut turns = self.lock();
            if turns.free > 0 {
                turns.free -= 1;
                turns.seat(run);
                return Turn { pool: self, run };
            }
            turns.waiting.push_back(waiter.clone());
        }
        while !waiter.called.load(Ordering::Acquire) {
            thread::park();
        }
        Turn { pool: self, run }
    }

    fn lock(&self) -> MutexGuard<'_, Turns> {
        self.turns.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Turns {
    fn seat(&mut self, run: u64) {
        *self.seated.entry(run).or_default() += 1;
    }

    fn leave(&mut self, run: u64) {
        let left = self.seated.get(&run).map_or(0, |seats| seats - 1);
        if left == 0 {
            self.seated.remove(&run)
        } else {
            self.seated.insert(run, left)
        };
        let seats = |waiter: &Arc<Waiter>| self.seated.get(&waiter.run).copied().unwrap_or(0);
        let next = self.waiting.iter().enumerate().min_by_key(|(_, waiter)| seats(waiter)).map(|(at, _)| at);
        let Some(next) = next.and_then(|at| self.waiting.remove(at)) else {
            self.free += 1;
            return;
        };
        self.seat(next.run);
        next.called.store(true, Ordering::Release);
        next.thread.unpark();
    }
}

/// A seat; whoever lets go of it calls the next.
struct Turn<'a> {
    pool: &'a Pool,
    run: u64,
}

impl Turn<'_> {
    /// Kept, unless another run waits.
    fn kept(self) -> Option<Self> {
        let wanted = self.pool.lock().waiting.iter().any(|waiter| waiter.run != self.run);
        (!wanted).then_some(self)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.pool.lock().leave(self.run);
    }
}

/// Does the work on a thread with a large stack; where none is to be had, right here.
pub(super) fn on_large_stack<T: Send>(mut work: impl FnMut() -> T + Send) -> T {
    let there = thread::scope(|scope| {
        let thread = Builder::new().stack_size(STACK).spawn_scoped(scope, &mut work).ok()?;
        Some(thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    });
    there.unwrap_or_else(work)
}

/// Lets go of what recurses when it falls, and waits for nobody.
pub(super) fn drop_on_large_stack(value: impl Send + 'static) {
    // Without a thread to be had it falls right here.
    drop(Builder::new().stack_size(STACK).spawn(move || drop(value)));
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    #[test]
    fn a_run_that_does_not_end_leaves_the_others_their_seat() {
        let pool = Pool::new(2);
        let (done, all_done) = channel::<()>();
        let done = Mutex::new(Some(done));
        let all_done = Mutex::new(all_done);
        thread::scope(|scope| {
            let slow = scope.spawn(|| {
                // The first item waits until the others let go of their end of the channel.
                pool.each(vec![true, false, false, false], |waits| {
                    if waits {
                        assert!(all_done.lock().unwrap().recv().is_err());
                    }
                });
            });
            let others: Vec<_> = (0..7).map(|_| scope.spawn(|| pool.each(vec![(); 50], drop))).collect();
            others.into_iter().for_each(|other| other.join().unwrap());
            drop(done.lock().unwrap().take());
            slow.join().unwrap();
        });
        let turns = pool.lock();
        assert_eq!((turns.free, turns.seated.len(), turns.waiting.len()), (2, 0, 0));
    }

    /// One run has both seats when another comes: the first seat that becomes free is the other's, and so on in turn.
    #[test]
    fn of_those_that_wait_the_run_with_the_fewest_seats_is_called() {
        let mut turns = Pool::new(2).turns.into_inner().unwrap();
        let waiter =
            |run| Arc::new(Waiter { run, thread: thread::current(), called: AtomicBool::new(false) });
        turns.free = 0;
        turns.seated = HashMap::from([(1, 2)]);
        turns.waiting = [1, 1, 2, 3].map(waiter).into();
        let mut called = Vec::new();
        for leaving in [1, 2, 3] {
            let before = turns.seated.clone();
            turns.leave(leaving);
            called.extend(
                turns.seated.iter().filter(|(run, n)| before.get(run) < Some(n)).map(|(run, _)| *run),
            );
        }
        assert_eq!(called, [2, 3, 1]);
    }

    #[test]
    fn a_panic_on_the_large_stack_arrives() {
        let panics = std::panic::catch_unwind(|| on_large_stack(|| panic!("as the story wants it")));
        assert!(panics.is_err());
        assert_eq!(on_large_stack(|| 7), 7);
    }
}
