//! What a story puts in the place of a forge: it answers what the story expects, and whatever else it is asked fails
//! the story.
//!
//! [`Answers`] has the methods of [`Reader`] and [`Forge`], and each one refuses: it panics with its name. A story's
//! fake overrides the few that it expects. [`Fake`] holds the fake and hands out the forge made of it. A worker takes a
//! panic for one more thing that breaks, and carries on, so every one is remembered, and ends the story when the
//! [`Fake`] goes.

use std::ops::Deref;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use red_panda::forge::{Budget, FileWanted, Forge, ListAsked, Lists, PostedReview, Reader, Result, Take};
use red_panda::model::change::Change;
use red_panda::model::id::{Repository, Sha};
use red_panda::model::plan::{CommentEdit, ForgePosting, NewReview};
use red_panda::model::pull::{Capabilities, PullRequest, Standing};
use red_panda::model::status::Status;
use red_panda::source::Tree;

/// The contract, once: the trait whose methods refuse, and the forge that passes each call on to it.
macro_rules! contract {
    (
        reads { $($read:ident($($read_what:ident: $read_type:ty),*) -> $read_gives:ty;)* }
        calls { $($call:ident($($call_what:ident: $call_type:ty),*) -> $call_gives:ty;)* }
        says { $($say:ident($($say_what:ident: $say_type:ty),*) -> $say_gives:ty;)* }
    ) => {
        /// What a fake answers; what it does not override refuses.
        #[async_trait]
        #[allow(unused_variables)]
        pub(crate) trait Answers: Send + Sync {
            $(async fn $read(&self, $($read_what: $read_type),*) -> Result<$read_gives> {
                panic!("the story does not expect {}", stringify!($read))
            })*
            $(async fn $call(&self, $($call_what: $call_type),*) -> Result<$call_gives> {
                panic!("the story does not expect {}", stringify!($call))
            })*
            $(fn $say(&self, $($say_what: $say_type),*) -> $say_gives {
                panic!("the story does not expect {}", stringify!($say))
            })*
            /// As the contract has it where a forge does not say otherwise.
            async fn fetch_standing(&self, pull: &PullRequest) -> Result<Standing> {
                Ok(self.fetch_pull(&pull.repository, pull.number).await?.standing())
            }
        }

        #[async_trait]
        impl<A: Answers> Reader for Kept<A> {
            $(async fn $read(&self, $($read_what: $read_type),*) -> Result<$read_gives> {
                let _watch = self.watch(stringify!($read));
                self.answers.$read($($read_what),*).await
            })*
        }

        #[async_trait]
        impl<A: Answers> Forge for Kept<A> {
            $(async fn $call(&self, $($call_what: $call_type),*) -> Result<$call_gives> {
                let _watch = self.watch(stringify!($call));
                self.answers.$call($($call_what),*).await
            })*
            $(fn $say(&self, $($say_what: $say_type),*) -> $say_gives {
                let _watch = self.watch(stringify!($say));
                self.answers.$say($($say_what),*)
            })*
            async fn fetch_standing(&self, pull: &PullRequest) -> Result<Standing> {
                let _watch = self.watch("fetch_standing");
                self.answers.fetch_standing(pull).await
            }
        }
    };
}

contract! {
    reads {
        fetch_tree(repository: &Repository, commit: &Sha) -> Tree;
        fetch_each(repository: &Repository, wanted: &[FileWanted], take: &mut Take<'_>) -> ();
        fetch_ref(repository: &Repository, name: &str) -> Option<Sha>;
        fetch_tags(repository: &Repository) -> Vec<String>;
        fetch_deployed(repository: &Repository, environment: &str) -> Option<Sha>;
    }
    calls {
        fetch_repository(repository: &Repository) -> Repository;
        fetch_installations() -> Vec<Option<u64>>;
        fetch_repositories(installation: Option<u64>) -> Vec<Repository>;
        fetch_pull(repository: &Repository, number: u64) -> PullRequest;
        fetch_open_pulls(asked: &[ListAsked]) -> Lists;
        fetch_change(pull: &PullRequest) -> Change;
        fetch_group_change(repository: &Repository, head: &Sha, base: &Sha) -> Change;
        fetch_own_postings(pull: &PullRequest) -> Vec<ForgePosting>;
        fetch_may_write(repository: &Repository, login: &str) -> bool;
        ensure_status(repository: &Repository, status: &Status) -> ();
        ensure_review(pull: &PullRequest, review: &NewReview) -> PostedReview;
        ensure_comment(pull: &PullRequest, edit: &CommentEdit) -> ();
        ensure_reaction(repository: &Repository, comment_id: u64) -> ();
    }
    says {
        capabilities() -> Capabilities;
        lists_at_once() -> usize;
        budgets(installation: Option<u64>) -> Vec<Budget>;
        line_url(repository: &Repository, commit: &Sha, path: &str, line: Option<u32>) -> String;
    }
}

struct Kept<A> {
    answers: A,
    /// The calls that panicked.
    broken: Mutex<Vec<&'static str>>,
}

impl<A> Kept<A> {
    fn watch(&self, call: &'static str) -> Watch<'_> {
        Watch { call, broken: &self.broken }
    }
}

/// Remembers its call when that panics.
struct Watch<'a> {
    call: &'static str,
    broken: &'a Mutex<Vec<&'static str>>,
}

impl Drop for Watch<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.broken.lock().unwrap().push(self.call);
        }
    }
}

/// A fake as the story holds it.
pub(crate) struct Fake<A: Answers + 'static>(Arc<Kept<A>>);

impl<A: Answers> Fake<A> {
    pub(crate) fn new(answers: A) -> Self {
        Self(Arc::new(Kept { answers, broken: Mutex::default() }))
    }

    /// The forge that it plays.
    pub(crate) fn forge(&self) -> Arc<dyn Forge> {
        Arc::clone(&self.0) as Arc<dyn Forge>
    }
}

impl<A: Answers> Deref for Fake<A> {
    type Target = A;

    fn deref(&self) -> &A {
        &self.0.answers
    }
}

impl<A: Answers> Drop for Fake<A> {
    fn drop(&mut self) {
        let broken = std::mem::take(&mut *self.0.broken.lock().unwrap());
        assert!(broken.is_empty() || std::thread::panicking(), "not as the story expects: {broken:?}");
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::{Answers, Fake};
    use crate::fixtures::repository;

    struct Nobody;

    impl Answers for Nobody {}

    #[tokio::test]
    async fn what_nobody_expects_fails_the_story_though_a_worker_catches_it() {
        let fake = Fake::new(Nobody);
        let forge = fake.forge();
        let caught = AssertUnwindSafe(forge.fetch_installations()).catch_unwind().await;
        assert!(caught.is_err());
        let caught = AssertUnwindSafe(forge.fetch_tags(&repository())).catch_unwind().await;
        assert!(caught.is_err());
        let end = catch_unwind(AssertUnwindSafe(|| drop(fake))).unwrap_err();
        let said = end.downcast::<String>().unwrap();
        assert!(said.contains("[\"fetch_installations\", \"fetch_tags\"]"), "{said}");
    }
}
