//! The check run: found again, never doubled, and never left without an end.

use red_panda::forge::github::GitHub;
use red_panda::forge::retry::Retry;
use red_panda::forge::{Forge, ForgeError};
use red_panda::model::judgement::Verdict;
use red_panda::model::status::{Outcome, Status};
use red_panda::standin::github::When;

use super::{Story, annotations, status};

#[tokio::test]
async fn p12_a_crashed_run_is_found_again_and_concluded_on_the_same_check() {
    let story = Story::begin().await;
    let pull = story.changed_settings().await;
    story
        .github
        .ensure_status(&pull.repository, &status(&pull.head, Outcome::Running, "run-1"))
        .await
        .unwrap();
    let after_the_crash = GitHub::connect(story.hub.settings()).await.unwrap();
    let resumed = Status { resumed: true, ..status(&pull.head, Outcome::Broken, "run-1") };
    after_the_crash.ensure_status(&pull.repository, &resumed).await.unwrap();
    let checks = story.hub.checks_of(&story.repository, &pull.head);
    assert_eq!(checks.len(), 1);
    assert_eq!(checks[0].conclusion.as_deref(), Some("failure"));
    story.end();
}

#[tokio::test]
async fn p12_a_check_whose_creation_went_unanswered_is_not_made_twice() {
    let story = Story::begin().await;
    let pull = story.changed_settings().await;
    let running = status(&pull.head, Outcome::Running, "run-1");
    story.hub.fail_next(1, "POST", "/check-runs", When::After, 502);
    let retry = Retry::with_delays(vec![std::time::Duration::ZERO; 3]);
    retry.run(|| story.github.ensure_status(&pull.repository, &running)).await.unwrap();
    assert_eq!(story.hub.checks_of(&story.repository, &pull.head).len(), 1);
    story.end();
}

#[tokio::test]
async fn p12_a_resumed_run_that_had_ended_is_not_reopened() {
    let story = Story::begin().await;
    let pull = story.changed_settings().await;
    story
        .github
        .ensure_status(&pull.repository, &status(&pull.head, Outcome::Verdict(Verdict::Approved), "run-1"))
        .await
        .unwrap();
    let again = GitHub::connect(story.hub.settings()).await.unwrap();
    let resumed = Status { resumed: true, ..status(&pull.head, Outcome::Running, "run-1") };
    again.ensure_status(&pull.repository, &resumed).await.unwrap();
    assert_eq!(
        story.hub.check_of(&story.repository, &pull.head).unwrap().conclusion.as_deref(),
        Some("success")
    );
    story.end();
}

#[tokio::test]
async fn p13_a_rerun_is_a_new_check_run_of_the_same_name() {
    let story = Story::begin().await;
    let pull = story.changed_settings().await;
    for (run, verdict) in [("run-1", Verdict::ChangesRequested), ("run-2", Verdict::Approved)] {
        story
            .github
            .ensure_status(&pull.repository, &status(&pull.head, Outcome::Running, run))
            .await
            .unwrap();
        assert!(story.hub.merge(&story.repository, pull.number).is_err(), "a running check holds the gate");
        story
            .github
            .ensure_status(&pull.repository, &status(&pull.head, Outcome::Verdict(verdict), run))
            .await
            .unwrap();
    }
    let ids: Vec<String> =
        story.hub.checks_of(&story.repository, &pull.head).into_iter().map(|c| c.external_id).collect();
    assert_eq!(ids, ["run-1", "run-2"]);
    story.hub.merge(&story.repository, pull.number).unwrap();
    story.end();
}

#[tokio::test]
async fn annotations_are_appended_fifty_at_a_time_and_never_twice() {
    let story = Story::begin().await;
    let pull = story.changed_settings().await;
    let concluded = Status {
        annotations: annotations(120),
        ..status(&pull.head, Outcome::Verdict(Verdict::ChangesRequested), "run-1")
    };
    story
        .github
        .ensure_status(&pull.repository, &status(&pull.head, Outcome::Running, "run-1"))
        .await
        .unwrap();
    story.hub.fail_next(1, "PATCH", "/check-runs", When::After, 504);
    let first = story.github.ensure_status(&pull.repository, &concluded).await;
    assert!(matches!(first, Err(ForgeError::Transient { .. })));
    assert_eq!(
        story.hub.check_of(&story.repository, &pull.head).unwrap().conclusion,
        None,
        "the gate opens last"
    );
    story.github.ensure_status(&pull.repository, &concluded).await.unwrap();
    let check = story.hub.check_of(&story.repository, &pull.head).unwrap();
    let lines: Vec<u64> = check.annotations.iter().map(|a| a["start_line"].as_u64().unwrap()).collect();
    assert_eq!(lines, (1..=120).collect::<Vec<u64>>());
    assert_eq!(check.conclusion.as_deref(), Some("failure"));
    story.end();
}
