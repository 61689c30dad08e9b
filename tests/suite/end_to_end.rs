//! The main job through all floors: a signed webhook becomes a review and a blocking status; a fix turns it green.
//! The same story on the stand-in Forgejo, the stand-in GitHub, and (when there is one) a real Forgejo or Gitea.

use std::collections::BTreeMap;
use std::path::Path;

use red_panda::config::settings::{Inputs, Settings};
use red_panda::model::id::Sha;
use red_panda::model::status::STATUS_NAME;
use red_panda::standin::gitea::{BOT_TOKEN, Forgejo, Moment};
use red_panda::standin::github::GitHubStandIn;
use secrecy::ExposeSecret;
use serde_json::Value;

use crate::github_contract::watch;
use crate::house::{
    BASE, Grove, Panda, SECRET, borrowed, deliver, faulty, gitea_settings, github_settings, mended, quiet,
    settled, swept, until,
};
use crate::real_forge::fixture::{Fixture, server};

#[tokio::test(flavor = "multi_thread")]
async fn the_main_job_on_the_stand_in_forgejo() {
    let grove = Grove::begin(BASE).await;
    let (forge, repository) = (&grove.forge, &grove.repository);
    repository.require(&[STATUS_NAME]);

    let head = repository.push("topic", &borrowed(&faulty())).unwrap();
    let number = repository.open_pull("topic", "Faults").unwrap();
    assert_eq!(forge.deliver().await, [202, 202]);
    let status = grove.settled(&head).await;
    assert_eq!(status.state, "failure", "{status:?}");
    let comments = repository.comments_on(number);
    let places: Vec<(&str, u64)> =
        comments.iter().filter(|c| !c.path.is_empty()).map(|c| (c.path.as_str(), c.line)).collect();
    for place in [
        ("config/settings.py", 1),
        ("trees/migrations/0001_initial.py", 7),
        ("trees/migrations/0002_fill_trees.py", 11),
    ] {
        assert!(places.contains(&place), "{place:?} in {places:?}");
    }
    assert!(repository.merge(number).is_err(), "the required status blocks");

    let before = comments.len();
    let head = repository.push("topic", &borrowed(&mended())).unwrap();
    forge.deliver().await;
    let status = grove.settled(&head).await;
    let comments = repository.comments_on(number);
    let fixed = comments.iter().filter(|c| !c.path.is_empty() && c.body.contains("Fixed in")).count();
    assert_eq!(fixed, places.len(), "every comment is marked fixed: {comments:#?}");
    assert_eq!(comments.len(), before, "nothing is repeated: {comments:#?}");
    assert_eq!(status.state, "success", "{status:?}");
    repository.merge(number).unwrap();

    // What is clean from the start gets no comment at all.
    let head = repository.push("clean", &[("trees/models.py", Some("NAMES = []\n"))]).unwrap();
    let number = repository.open_pull("clean", "Clean").unwrap();
    forge.deliver().await;
    assert_eq!(grove.settled(&head).await.state, "success");
    assert_eq!(repository.comments_on(number), [], "clean: no comment");
    repository.merge(number).unwrap();
    assert_eq!(forge.violations(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pushed_secret_stays_reported_until_its_commit_is_gone() {
    let grove = Grove::begin(BASE).await;
    let (forge, repository) = (&grove.forge, &grove.repository);
    let clean = repository.push("topic", &[("a.py", Some("x = 1\n"))]).unwrap();
    let number = repository.open_pull("topic", "A secret").unwrap();
    let head = repository.push("topic", &[(".env", Some("SECRET_KEY=k3-Qw9vZ7pL2_xT8rB4nM6\n"))]).unwrap();
    forge.deliver().await;
    assert_eq!(grove.settled(&head).await.state, "failure");
    let removed = repository.push("topic", &[(".env", None)]).unwrap();
    forge.deliver().await;
    assert_eq!(grove.settled(&removed).await.state, "failure", "deleting it does not undo the push");
    let said: String = repository.comments_on(number).into_iter().map(|c| c.body).collect();
    assert!(said.contains(".env") && !said.contains("k3-Qw9"), "{said}");
    repository.force_push("topic", &clean);
    forge.deliver().await;
    until("the green status", async || repository.status_of(&clean).filter(|s| s.state == "success")).await;
    assert_eq!(forge.violations(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn of_thousands_of_findings_the_first_are_told_and_nothing_is_green() {
    let grove = Grove::begin(BASE).await;
    let (forge, repository) = (&grove.forge, &grove.repository);
    // Warnings only: each line excuses a rule that there is not.
    let text: String = (0..2_500).map(|n| format!("x=1  # red-panda: ignore[Z{n}] -- why\n")).collect();
    let head = repository.push("topic", &[("trees/run.sh", Some(&text))]).unwrap();
    let number = repository.open_pull("topic", "Many").unwrap();
    forge.deliver().await;
    let status = grove.settled(&head).await;
    assert_eq!(status.state, "error", "{status:?}");
    let said: String = repository.comments_on(number).into_iter().map(|c| c.body).collect();
    assert!(said.contains("500 more findings: only the first 2000 are reported"), "{said:.2000}");
    assert_eq!(forge.violations(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recheck_command_is_acknowledged_and_obeyed() {
    let grove = Grove::begin(BASE).await;
    let (forge, repository) = (&grove.forge, &grove.repository);
    let head = repository.push("topic", &[("a.py", Some("x = 1\n"))]).unwrap();
    let number = repository.open_pull("topic", "One").unwrap();
    forge.deliver().await;
    until("the first status", async || repository.status_of(&head).filter(|s| s.state == "success")).await;
    let first = repository.status_of(&head).unwrap().target_url;

    let comment = repository.comment(number, "grace", "/red-panda recheck");
    forge.deliver().await;
    until("a new run", async || {
        repository.status_of(&head).filter(|s| s.state == "success" && s.target_url != first)
    })
    .await;
    assert_eq!(repository.reactions_to(comment).len(), 1);
    assert_eq!(forge.violations(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recheck_command_on_github_is_acknowledged_and_obeyed() {
    let github = GitHubStandIn::start().await.unwrap();
    github.set_webhook_secret(SECRET);
    let repository = github.create_repository("grace", "grove", BASE);
    let panda = Panda::start(&github_settings(&github)).await;
    quiet(|| github.requests().len()).await;
    let head = github.push(&repository, "topic", &[("a.py", Some("x = 1\n"))]).unwrap();
    let number = github.open_pull(&repository, "topic", "main").unwrap();
    let checked = async |runs: usize| {
        deliver(&github, &panda).await;
        until("the check", async || {
            let ended = github.checks_of(&repository, &head).into_iter();
            let ended: Vec<_> = ended.filter(|c| c.conclusion.as_deref() == Some("success")).collect();
            (ended.len() == runs).then_some(())
        })
        .await;
    };
    checked(1).await;
    let stranger = github.comment(&repository, number, "mallory", "/red-panda recheck");
    let comment = github.comment(&repository, number, "ada", "/red-panda recheck");
    checked(2).await;
    assert_eq!(github.reactions_to(&repository, comment), ["eyes"]);
    assert_eq!(github.reactions_to(&repository, stranger), Vec::<String>::new());
    assert_eq!(github.violations(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn p27_a_broken_policy_is_told_and_its_repair_can_be_merged() {
    let grove = Grove::begin(&[BASE, &[(".red-panda.toml", "[rulez]\n")]].concat()).await;
    let (forge, repository) = (&grove.forge, &grove.repository);
    let head = repository.push("topic", &[("a.py", Some("x = 1\n"))]).unwrap();
    repository.open_pull("topic", "One").unwrap();
    forge.deliver().await;
    let status = grove.settled(&head).await;
    assert_eq!(status.state, "error");
    assert!(
        status.description.contains("line 1: unknown key \"rulez\"; did you mean \"rules\"?"),
        "{status:?}"
    );

    let head = repository.push("repair", &[(".red-panda.toml", Some("[rules]\n"))]).unwrap();
    repository.open_pull("repair", "Mend").unwrap();
    forge.deliver().await;
    assert_eq!(grove.settled(&head).await.state, "success");
}

#[tokio::test(flavor = "multi_thread")]
async fn p16_a_delivery_that_never_came_is_found_by_the_sweep() {
    let forge = Forgejo::start().await.unwrap();
    let repository = forge.repository("grace/grove", BASE);
    let head = repository.push("topic", &borrowed(&faulty())).unwrap();
    repository.open_pull("topic", "Faults").unwrap();
    let _panda = Panda::start(&gitea_settings(&forge.url(), BOT_TOKEN, "grace/grove")).await;
    let status = settled(&repository, &head).await;
    assert_eq!(status.state, "failure");
    assert_eq!(forge.violations(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn five_hundreds_after_the_review_was_taken_double_nothing() {
    let grove = Grove::begin(BASE).await;
    let (forge, repository) = (&grove.forge, &grove.repository);
    forge.fail_next(1, "POST", "reviews", Moment::After);
    let head = repository.push("topic", &borrowed(&faulty())).unwrap();
    let number = repository.open_pull("topic", "Faults").unwrap();
    forge.deliver().await;
    until("the status", async || repository.status_of(&head).filter(|s| s.state == "failure")).await;
    let summaries = repository.comments_on(number).iter().filter(|c| c.path.is_empty()).count();
    assert_eq!(summaries, 1);
    assert_eq!(forge.violations(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_main_job_on_the_stand_in_github_with_every_request_valid() {
    let github = GitHubStandIn::start().await.unwrap();
    let contract = watch(&github);
    github.set_webhook_secret(SECRET);
    let repository = github.create_repository("grace", "grove", BASE);
    let panda = Panda::start(&github_settings(&github)).await;
    swept(async || github.requests().iter().any(|r| r.path.ends_with("/pulls") || r.path == "/graphql"))
        .await;
    let settled = async |head: &Sha| {
        until("the check", async || github.check_of(&repository, head).filter(|c| c.status == "completed"))
            .await
    };

    let head = github.push(&repository, "topic", &borrowed(&faulty())).unwrap();
    let number = github.open_pull(&repository, "topic", "main").unwrap();
    deliver(&github, &panda).await;
    let check = settled(&head).await;
    assert_eq!(check.conclusion.as_deref(), Some("failure"), "{check:?}");
    let comments = github.comments_on(&repository, number);
    assert!(comments.len() >= 3, "{comments:#?}");
    assert_eq!(github.reviews_on(&repository, number).len(), 1);
    assert!(github.merge(&repository, number).is_err(), "the required check blocks");

    let head = github.push(&repository, "topic", &borrowed(&mended())).unwrap();
    deliver(&github, &panda).await;
    assert_eq!(settled(&head).await.conclusion.as_deref(), Some("success"));
    let after = github.comments_on(&repository, number);
    assert_eq!(after.len(), comments.len(), "nothing is repeated");
    assert!(after.iter().all(|c| c.body.contains("Fixed in")), "{after:#?}");

    github.merge(&repository, number).unwrap();
    assert_eq!(github.violations(), Vec::<String>::new());
    assert_eq!(
        *contract.lock().unwrap(),
        Vec::<String>::new(),
        "every request is valid by GitHub's own schema"
    );
}

#[test]
fn a_folder_may_be_named_like_an_address() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("a%20b #1?");
    std::fs::create_dir(&home).unwrap();
    let file = home.join("red-panda.toml");
    let environment = BTreeMap::new();
    let read = |path: &Path| std::fs::read_to_string(path);
    let inputs = Inputs { file: Some((&file, "")), environment: &environment, read: &read };
    let settings = Settings::read(&inputs).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let store = red_panda::store::Store::open(settings.database_url.expose_secret()).await.unwrap();
        store.close().await;
    });
    assert!(home.join("red-panda.db").exists());
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a real forge: tests/forgejo/README.md"]
async fn the_main_job_on_a_real_forge() {
    let (url, admin_token) = server();
    let fixture = Fixture::create(&url, &admin_token, BASE).await;
    let repositories = format!("{}/*", fixture.owner);
    let panda = Panda::start(&gitea_settings(&url, &fixture.bot_token, &repositories)).await;
    fixture.require(STATUS_NAME).await;
    fixture.add_hook(&panda.hook(), SECRET).await;
    fixture.commit("main", Some("topic"), &borrowed(&faulty())).await;
    let number = fixture.open_pull("topic", "Faults").await;
    let state = async |number: u64| {
        let pull = fixture.owner_must("GET", &fixture.path(&format!("pulls/{number}")), &Value::Null).await;
        let head = pull["head"]["sha"].as_str().unwrap().to_owned();
        let statuses =
            fixture.owner_must("GET", &fixture.path(&format!("commits/{head}/status")), &Value::Null).await;
        let state = statuses["statuses"][0]["status"].as_str().map(str::to_owned);
        state.filter(|s| s != "pending").map(|s| (head, s))
    };
    let (first_head, first) = until("the status", async || state(number).await).await;
    assert_eq!(first, "failure");
    let comments = fixture.inline_comments(number).await;
    assert!(comments.len() >= 3, "{comments:#?}");
    assert!(fixture.merge(number).await.is_err(), "the required status blocks");

    fixture.commit("topic", None, &borrowed(&mended())).await;
    let second =
        until("the second status", async || state(number).await.filter(|(head, _)| *head != first_head))
            .await;
    assert_eq!(second.1, "success");
    let after = fixture.inline_comments(number).await;
    assert_eq!(after.len(), comments.len(), "nothing is repeated");
    assert!(after.iter().all(|c| c["body"].as_str().unwrap().contains("Fixed in")), "{after:#?}");
    fixture.merge(number).await.unwrap();
}
