//! A forge that answers 429 to everything, for a time and for ever: worker, reviewer and client, on a made-up clock.

use std::collections::BTreeMap;
use std::sync::Arc;

use red_panda::forge::Forge;
use red_panda::model::delivery::NewJob;
use red_panda::model::id::{Sha, Target};
use red_panda::review::Reviewer;
use red_panda::standin::gitea::{BOT, BOT_TOKEN, Forgejo, Repository, ShownStatus};
use red_panda::store::Store;
use red_panda::store::jobs::Idle;
use red_panda::worker::{Options, ServedForge, Worker};

use super::{BASE, connect};
use crate::databases::{Database, sqlite};
use crate::fixtures::{Time, forge as name, review};

const HOUR: i64 = 3_600_000;

/// A pull request was opened on a forge that from then on answers 429 to everything.
struct Night {
    forge: Forgejo,
    blog: Repository,
    head: Sha,
    store: Store,
    worker: Worker,
    time: Time,
    _database: Database,
}

impl Night {
    async fn falls() -> Self {
        let forge = Forgejo::start().await.unwrap();
        let blog = forge.repository("ada/blog", BASE);
        let client: Arc<dyn Forge> = Arc::new(connect(&forge, BOT_TOKEN, Some(BOT)).await.unwrap());
        let database = sqlite();
        let store = Store::open(&database.url).await.unwrap();
        // The client knows no other clock than the machine's.
        let time = Time::starting_at(chrono::Utc::now().timestamp_millis());
        let forges = BTreeMap::from([(name(), Arc::clone(&client))]);
        let reviewer = Reviewer::new(forges, store.clone(), time.clock(), None);
        let served = BTreeMap::from([(name(), ServedForge { forge: client, allows: Arc::new(|_| true) })]);
        let worker = Worker::new(store.clone(), Arc::new(reviewer), served, time.clock(), Options::new("w"));
        let head = blog.push("topic", &[("a.py", Some("one\nTWO\nthree\n"))]).unwrap();
        let number = blog.open_pull("topic", "Change two").unwrap();
        forge.set_limited(true);
        let opened = NewJob {
            repository: blog.model(),
            target: Target::Pull(number),
            head_hint: Some(head.clone()),
            ..review(number, '1')
        };
        store.enqueue(&opened, time.now()).await.unwrap();
        Self { forge, blog, head, store, worker, time, _database: database }
    }

    /// So many hours; whatever is due in each is tried.
    async fn passes(&self, hours: usize) {
        for _ in 0..hours {
            self.worker.drain().await.unwrap();
            self.time.later(HOUR);
        }
    }

    fn status(&self) -> Option<ShownStatus> {
        self.blog.status_of(&self.head)
    }
}

#[tokio::test]
async fn p8_three_hours_of_429_delay_a_review_and_cost_nothing_else() {
    let night = Night::falls().await;
    night.passes(3).await;
    assert!(night.status().is_none());
    night.forge.set_limited(false);
    night.passes(1).await;
    assert_eq!(night.status().unwrap().state, "success");
}

#[tokio::test]
async fn p8_half_a_day_of_429_ends_in_a_status_that_says_so() {
    let night = Night::falls().await;
    night.passes(9).await;
    assert!(night.status().is_none());
    night.forge.set_limited(false);
    night.passes(1).await;
    let status = night.status().unwrap();
    let words = "Could not finish: the forge's rate limit has been in the way for 6 hours (run ";
    assert!(status.state == "error" && status.description.starts_with(words), "{status:?}");
}

#[tokio::test]
async fn p8_429_for_ever_is_asked_a_bounded_number_of_times_and_stands_on_the_run_s_page() {
    let night = Night::falls().await;
    night.passes(14).await;
    let asked = night.forge.requests().len();
    night.passes(24).await;
    assert_eq!(night.forge.requests().len(), asked, "it is over");
    assert!(asked <= 40, "{asked} requests");
    let dead = night.store.overview().await.unwrap().dead.remove(0);
    let idle = night.store.idle(&dead.run.unwrap()).await.unwrap();
    assert!(matches!(idle, Some(Idle::GivenUp { error }) if error.contains("rate limit")));
}
