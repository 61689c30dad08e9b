//! Which lists are still to be read, and how many together.

use std::collections::VecDeque;

use crate::forge::ListAsked;
use crate::model::id::Repository;

/// A list that shows more pages than this is not read on: a thousand times fifty pull requests are not open at once.
const MOST_PAGES: u32 = 1_000;

/// So many repositories in a row that cannot be read by themselves are the forge's fault, not theirs.
const MOST_MISSES: u32 = 3;

/// A part of a repository's list that is to be asked for.
#[derive(Clone, Debug)]
pub(super) struct Part {
    pub(super) asked: ListAsked,
    /// When the first part was asked for, in Unix milliseconds.
    pub(super) began: Option<i64>,
    pages: u32,
}

/// The lists of an account, by repository id. What is read again or read on stands before what was never asked for, so
/// that all before the first one has been looked through.
#[derive(Debug)]
pub(super) struct Todo {
    parts: VecDeque<Part>,
    /// Asked for together next: halved when the forge does not answer, doubled when it does.
    size: usize,
    most: usize,
    misses: u32,
}

impl Todo {
    /// From the repository with this id on; from the first, where there is none.
    pub(super) fn new(mut repositories: Vec<Repository>, from: u64, most: usize) -> Self {
        repositories.sort_by_key(|repository| repository.id);
        let done = repositories.partition_point(|repository| repository.id < from);
        let skipped = if done == repositories.len() { 0 } else { done };
        let parts = repositories.into_iter().skip(skipped).map(Part::first).collect();
        Self { parts, size: most, most, misses: 0 }
    }

    /// The repository that is next; 0 when all were looked through.
    pub(super) fn next(&self) -> u64 {
        self.parts.front().map_or(0, |part| part.asked.repository.id)
    }

    pub(super) fn take(&mut self) -> Vec<Part> {
        let size = self.size.min(self.parts.len());
        self.parts.drain(..size).collect()
    }

    /// Puts back what is to be read on or again, in the order it was taken. Of the parts that were `taken` together so
    /// many could not be read; with fewer others they may be, and what cannot be read by itself is left out. `false`
    /// when that came too often.
    pub(super) fn put_back(&mut self, taken: usize, again: Vec<Part>, unread: usize) -> bool {
        if unread == 0 {
            self.misses = 0;
            self.size = (self.size * 2).min(self.most);
        } else if let ([alone], 1) = (again.as_slice(), taken) {
            tracing::warn!(repo = %alone.asked.repository.full_name(), "its open pull requests cannot be listed");
            self.misses += 1;
            return self.misses < MOST_MISSES;
        } else {
            self.size = (taken / 2).max(1);
        }
        for part in again.into_iter().rev() {
            self.parts.push_front(part);
        }
        true
    }
}

impl Part {
    /// The list from its beginning.
    pub(super) fn first(repository: Repository) -> Self {
        Self { asked: ListAsked { repository, after: None }, began: None, pages: 1 }
    }

    /// The next page of it, if the list is read on; `asked_at` is when this page was asked for.
    pub(super) fn next(&self, after: String, asked_at: i64) -> Option<Self> {
        let goes_on = self.asked.after.as_ref() != Some(&after) && self.pages < MOST_PAGES;
        let asked = ListAsked { repository: self.asked.repository.clone(), after: Some(after) };
        goes_on.then(|| Self { asked, began: self.began.or(Some(asked_at)), pages: self.pages + 1 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn todo(repositories: std::ops::RangeInclusive<u64>, from: u64) -> Todo {
        let repository =
            |id| Repository { id, owner: "alice".into(), name: format!("trees-{id}"), installation: None };
        Todo::new(repositories.rev().map(repository).collect(), from, 8)
    }

    fn ids(parts: &[Part]) -> Vec<u64> {
        parts.iter().map(|part| part.asked.repository.id).collect()
    }

    #[test]
    fn it_goes_on_where_the_last_sweep_stopped_and_begins_anew_after_the_end() {
        assert_eq!(ids(&todo(1..=9, 7).take()), [7, 8, 9]);
        assert_eq!(ids(&todo(1..=9, 10).take()), [1, 2, 3, 4, 5, 6, 7, 8], "the last ones were taken away");
        let mut todo = todo(1..=3, 0);
        assert_eq!((todo.next(), todo.take().len(), todo.next()), (1, 3, 0));
    }

    #[test]
    fn a_list_that_goes_on_is_read_on_with_the_next_ones() {
        let mut todo = todo(1..=20, 0);
        let taken = todo.take();
        let on = taken[2].next("cursor".into(), 5).unwrap();
        assert!(on.next("cursor".into(), 6).is_none(), "a cursor that leads to itself");
        assert!(todo.put_back(8, vec![on], 0));
        assert_eq!(todo.next(), 3, "the cursor of the sweep does not pass it");
        let taken = todo.take();
        assert_eq!((ids(&taken), taken[0].began), (vec![3, 9, 10, 11, 12, 13, 14, 15], Some(5)));
    }

    #[test]
    fn one_that_can_never_be_read_is_found_and_left_out() {
        let mut todo = todo(1..=20, 0);
        let (mut seen, mut questions) = (Vec::new(), 0);
        while todo.next() != 0 {
            let taken = todo.take();
            questions += 1;
            let bad = taken.iter().any(|part| part.asked.repository.id == 5);
            seen.extend(ids(&taken).into_iter().filter(|_| !bad));
            let again = if bad { taken.clone() } else { Vec::new() };
            assert!(todo.put_back(taken.len(), again, if bad { taken.len() } else { 0 }));
        }
        assert_eq!(seen, (1..=20).filter(|id| *id != 5).collect::<Vec<_>>());
        assert!(questions < 15, "{questions}");
    }

    #[test]
    fn a_forge_that_lists_nothing_is_not_asked_about_everybody() {
        let mut todo = todo(1..=5_000, 0);
        let mut questions = 1;
        while let taken = todo.take()
            && todo.put_back(taken.len(), taken.clone(), taken.len())
        {
            questions += 1;
        }
        assert_eq!(questions, 6, "of 8, 4, 2 and three times of 1");
    }
}
