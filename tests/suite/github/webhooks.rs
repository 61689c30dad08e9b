//! What GitHub tells, and what we make of it.

use red_panda::forge::Forge;
use red_panda::model::delivery::{Event, Reason};

use crate::fixtures::list;

use super::{SETTINGS, Story, parsed, text};

#[tokio::test]
async fn p14_a_rerequested_check_of_a_fork_names_its_commit_and_that_is_enough() {
    let story = Story::begin().await;
    let head = story.hub.push(&story.repository, "topic", &[(SETTINGS, Some("A = 1\n"))]).unwrap();
    let number = story.hub.open_fork_pull(&story.repository, "topic", "main").unwrap();
    story.hub.set_webhook_secret("s3cret");
    story.hub.webhooks();
    story.hub.rerequest(&story.repository, &head);
    let event = parsed(&story, "s3cret").remove(0);
    assert_eq!(event, Event::Rerequested { repository: story.repository.clone(), head: head.clone() });
    let open = list(&story.github, &story.repository).await.unwrap();
    assert_eq!(open.iter().find(|p| p.head == head).map(|p| p.number), Some(number));
    assert_eq!(text(&story.read(&head, SETTINGS).await), "A = 1\n");
    story.end();
}

#[tokio::test]
async fn without_the_permission_for_issues_no_command_is_heard() {
    let story = Story::begin().await;
    let pull = story.changed_settings().await;
    story.hub.webhooks();
    story.hub.forbid("issues");
    story.hub.comment(&story.repository, pull.number, "ada", "/red-panda recheck");
    assert!(story.hub.webhooks().is_empty());
    story.end();
}

#[tokio::test]
async fn a_command_is_taken_from_who_may_write_and_acknowledged_once() {
    let story = Story::begin().await;
    let pull = story.changed_settings().await;
    assert!(story.github.fetch_may_write(&story.repository, "ada").await.unwrap());
    assert!(!story.github.fetch_may_write(&story.repository, "mallory[bot]").await.unwrap());
    let id = story.hub.comment(&story.repository, pull.number, "ada", "/red-panda recheck");
    for _ in 0..2 {
        story.github.ensure_reaction(&story.repository, id).await.unwrap();
    }
    assert_eq!(story.hub.reactions_to(&story.repository, id), ["eyes"]);
    story.end();
}

#[tokio::test]
async fn a_story_is_told_in_webhooks() {
    let story = Story::begin().await;
    let hub = &story.hub;
    hub.set_webhook_secret("s3cret");
    hub.push(&story.repository, "topic", &[("a.py", Some("a\n"))]).unwrap();
    let number = hub.open_pull(&story.repository, "topic", "main").unwrap();
    let pushed = hub.push_lagging(&story.repository, "topic", &[("a.py", Some("b\n"))], 1).unwrap();
    hub.set_draft(&story.repository, number, true);
    hub.set_draft(&story.repository, number, false);
    hub.retarget(&story.repository, number, "main");
    let id = hub.comment(&story.repository, number, "ada", "/red-panda recheck");
    hub.queue_merge(&story.repository, number).unwrap();
    hub.close_pull(&story.repository, number);
    let events = parsed(&story, "s3cret");
    let reasons: Vec<Reason> = events
        .iter()
        .filter_map(|e| if let Event::Pull { reason, .. } = e { Some(*reason) } else { None })
        .collect();
    assert_eq!(reasons, [Reason::Opened, Reason::Pushed, Reason::Ready, Reason::Retargeted]);
    assert!(
        events
            .iter()
            .any(|e| matches!(e, Event::Pull { head: Some(h), reason: Reason::Pushed, .. } if *h == pushed))
    );
    assert!(events.iter().any(|e| matches!(e, Event::Command { comment_id, .. } if *comment_id == id)));
    assert!(
        events
            .iter()
            .any(|e| matches!(e, Event::GroupRequested { base_branch, .. } if base_branch == "main"))
    );
    assert!(matches!(events.last(), Some(Event::PullClosed { .. })));
    assert_eq!(events.iter().filter(|e| matches!(e, Event::Pushed { .. })).count(), 2);
    story.end();
}
