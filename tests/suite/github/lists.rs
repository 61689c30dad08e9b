//! The open pull requests of many repositories, and the sweep over them.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use red_panda::forge::github::GitHub;
use red_panda::forge::{Forge, ForgeError, ListAsked, OpenPulls};
use red_panda::model::id::Repository;
use red_panda::review::{JobEnd, JobError, Lease, Perform};
use red_panda::store::Store;
use red_panda::store::clock::Clock;
use red_panda::store::jobs::Claim;
use red_panda::worker::{Options, ServedForge, Worker};

use super::Story;
use crate::databases::{Database, sqlite};
use crate::fixtures::{forge, known_open};

/// The stories here queue reviews and perform none.
struct Nobody;

#[async_trait]
impl Perform for Nobody {
    async fn perform(&self, claim: &Claim, _: &dyn Lease) -> Result<JobEnd, JobError> {
        panic!("not performed here: {}", claim.job.target)
    }
    async fn put_off(&self, _: &Claim, _: &JobError, _: i64, _: &dyn Lease) -> Result<(), JobError> {
        Ok(())
    }
    async fn give_up(&self, _: &Claim, _: &str, _: &dyn Lease) -> Result<(), JobError> {
        Ok(())
    }
}

fn asked(repository: &Repository, after: Option<String>) -> ListAsked {
    ListAsked { repository: repository.clone(), after }
}

impl Story {
    fn opens(&self, repository: &Repository, pulls: u64) {
        for n in 1..=pulls {
            self.hub.push(repository, &format!("topic-{n}"), &[("a.py", Some(&format!("{n}\n")))]).unwrap();
            self.hub.open_pull(repository, &format!("topic-{n}"), "main").unwrap();
        }
    }

    fn repositories(&self, count: usize) -> Vec<Repository> {
        (0..count)
            .map(|n| self.hub.create_repository("ada", &format!("leaf-{n}"), &[("a.py", "a\n")]))
            .collect()
    }

    /// A process that sweeps, beside a store of its own.
    async fn sweeper(&self) -> (Store, Worker, Database) {
        let database = sqlite();
        let store = Store::open(&database.url).await.unwrap();
        (store.clone(), self.worker(&store).await, database)
    }

    async fn worker(&self, store: &Store) -> Worker {
        let github = Arc::new(GitHub::connect(self.hub.settings()).await.unwrap());
        let served = BTreeMap::from([(forge(), ServedForge { forge: github, allows: Arc::new(|_| true) })]);
        Worker::new(store.clone(), Arc::new(Nobody), served, Clock::system(), Options::new("w"))
    }

    /// As many GraphQL queries as were sent.
    fn queries(&self) -> usize {
        self.requests().iter().filter(|r| *r == "POST /graphql").count()
    }
}

#[tokio::test]
async fn several_repositories_are_listed_with_one_query_and_read_on_with_the_next() {
    let story = Story::begin().await;
    let (trees, leaf) = (story.repository.clone(), story.repositories(1).remove(0));
    let gone = Repository { id: 9, name: "gone".into(), ..trees.clone() };
    story.opens(&trees, 3);
    story.opens(&leaf, 1);
    story.hub.set_page_size(2);
    story.hub.forget_requests();

    let all = [asked(&trees, None), asked(&gone, None), asked(&leaf, None)];
    let lists = story.github.fetch_open_pulls(&all).await.unwrap();
    assert_eq!(lists.points, 1);
    let [Ok(first), Err(ForgeError::NotFound { .. }), Ok(whole)] = &lists.parts[..] else {
        panic!("{lists:?}")
    };
    let numbers = |list: &OpenPulls| list.pulls.iter().map(|p| p.number).collect::<Vec<_>>();
    assert_eq!((numbers(first), first.default_branch.as_str()), (vec![3, 2], "main"));
    assert_eq!((numbers(whole), &whole.next, &whole.repository), (vec![1], &None, &leaf));
    let head = story.hub.git(&leaf, |git| git.branch("topic-1")).unwrap().unwrap();
    assert_eq!((&whole.pulls[0].head, whole.pulls[0].base_branch.as_str()), (&head, "main"));

    let on = [asked(&leaf, None), asked(&trees, first.next.clone())];
    let lists = story.github.fetch_open_pulls(&on).await.unwrap();
    let [Ok(_), Ok(rest)] = &lists.parts[..] else { panic!("{lists:?}") };
    assert_eq!((numbers(rest), &rest.next), (vec![1], &None));
    assert_eq!(story.requests(), ["POST /graphql", "POST /graphql"]);
    let budgets = story.github.budgets(trees.installation);
    assert!(budgets.iter().any(|b| (b.limit, b.remaining) == (5_000, 4_998)), "{budgets:?}");
    story.end();
}

#[tokio::test]
async fn fifty_repositories_are_one_point_and_a_list_of_several_pages_is_read_to_its_end() {
    let story = Story::begin().await;
    let leaves = story.repositories(120);
    story.opens(&leaves[7], 5);
    story.opens(&leaves[100], 1);
    story.hub.set_page_size(2);
    story.hub.forget_requests();
    let (store, worker, _database) = story.sweeper().await;
    worker.sweep().await;
    let open = async |leaf: usize| known_open(&store, leaves[leaf].id).await.len();
    assert_eq!((open(7).await, open(100).await), (5, 1));
    assert_eq!(store.queue_counts().await.unwrap().ready, 6);
    assert_eq!(story.queries(), 3, "121 repositories, and two pages more beside the others");

    story.end();
}

#[tokio::test]
async fn a_sweep_stops_at_its_share_of_the_points_and_the_next_process_goes_on_from_there() {
    let story = Story::begin().await;
    let leaves = story.repositories(150);
    story.opens(&leaves[10], 1);
    story.opens(&leaves[140], 1);
    story.hub.set_budgets(5_000, 16);
    let (store, worker, _database) = story.sweeper().await;
    story.hub.forget_requests();
    worker.sweep().await;
    assert_eq!(
        story.hub.left_of_budgets().1,
        14,
        "two requests to list them, and two points for two questions"
    );
    let open = async |leaf: usize| known_open(&store, leaves[leaf].id).await.len();
    assert_eq!((open(10).await, open(140).await), (1, 0));
    let state =
        store.sweep_state(&forge(), story.repository.installation, Clock::system().now()).await.unwrap();
    assert_eq!(state.next, leaves[99].id);

    story.hub.set_budgets(5_000, 5_000);
    story.worker(&store).await.sweep().await;
    assert_eq!((open(10).await, open(140).await), (1, 1));
    story.end();
}
