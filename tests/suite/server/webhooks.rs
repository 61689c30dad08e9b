//! Deliveries: believed when they are signed, answered when they are durable.

use axum::body::{Body, Bytes};
use axum::http::StatusCode;
use futures::StreamExt;
use red_panda::model::delivery::Reason;
use red_panda::model::id::Target;
use red_panda::store::Store;
use red_panda::store::jobs::Failure;
use tower::ServiceExt;

use crate::fixtures::{known, sha};

use super::*;

#[tokio::test]
async fn a_signed_delivery_is_a_row_before_it_is_answered() {
    let house = House::new().await;
    assert_eq!(house.deliver("a", r#"{"pull":7}"#).await, StatusCode::ACCEPTED);
    let again = Store::open(&house.database.url).await.unwrap();
    let claim = again.claim("w", 5_000, 9_000).await.unwrap().unwrap();
    assert_eq!((claim.job.target, claim.job.head_hint), (Target::Pull(7), Some(sha('1'))));
}

#[tokio::test]
async fn p17_a_replayed_delivery_is_200_and_202_again_when_its_job_died() {
    let house = House::new().await;
    assert_eq!(house.deliver("a", r#"{"pull":7}"#).await, StatusCode::ACCEPTED);
    assert_eq!(house.deliver("a", r#"{"pull":7}"#).await, StatusCode::OK);
    let claim = house.store.claim("w", 5_000, 9_000).await.unwrap().unwrap();
    let fatal = Failure::Fatal { error: "502".into() };
    house.store.fail(&claim.id, &claim.token, 5_000, &fatal).await.unwrap();
    assert_eq!(house.deliver("a", r#"{"pull":7}"#).await, StatusCode::ACCEPTED);
    assert_eq!(house.store.queue_counts().await.unwrap().ready, 1);
}

#[tokio::test]
async fn p19_a_wrong_empty_or_missing_signature_is_401_with_words_and_leaves_no_row() {
    let house = House::new().await;
    let body = r#"{"pull":7}"#;
    let mut missing = signed("d", body);
    missing.headers_mut().remove("x-signature");
    for wrong in [request("a", body, &signature("another", body)), request("b", body, ""), missing] {
        let (status, _, words) = house.send(wrong).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED);
        assert!(words.starts_with("The delivery is not believed: the webhook"), "{words}");
    }
    assert_eq!(house.next_job().await, None);
    assert_eq!(house.deliver("a", body).await, StatusCode::ACCEPTED, "a forged delivery takes no id");
}

#[tokio::test]
async fn p19_an_empty_secret_signs_nothing() {
    let house = House::with(true, "").await;
    let body = r#"{"pull":7}"#;
    let (status, _, _) = house.send(request("a", body, &signature("", body))).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn p17_the_signature_comes_before_everything_that_reads_the_body() {
    let house = House::new().await;
    let (status, _, _) = house.send(request("a", "not even JSON", "00")).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    let (status, _, words) = house.send(signed("a", "not even JSON")).await;
    assert_eq!(
        (status, words.as_str()),
        (StatusCode::BAD_REQUEST, "The payload cannot be read: it is not JSON.\n")
    );
}

#[tokio::test]
async fn a_webhook_that_cannot_be_read_is_told_why() {
    let house = House::new().await;
    let mut form = signed("a", "payload=1");
    form.headers_mut().insert("content-type", "application/x-www-form-urlencoded".parse().unwrap());
    assert_eq!(house.send(form).await.0, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    let mut elsewhere = signed("a", "{}");
    *elsewhere.uri_mut() = "/webhooks/github".parse().unwrap();
    let (status, _, words) = house.send(elsewhere).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert!(words.contains("[[forge]]"), "{words}");
    let large = "x".repeat(25 * 1024 * 1024 + 1);
    assert_eq!(house.deliver("a", &large).await, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(house.deliver("b", &" ".repeat(3 << 20)).await, StatusCode::BAD_REQUEST, "3 MiB are read");
}

#[tokio::test]
async fn twenty_deliveries_at_once_are_one_commit() {
    let recorder = metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder();
    let _here = metrics::set_default_local_recorder(&recorder);
    let house = House::new().await;
    let ids: Vec<String> = (0..20).map(|n| format!("id-{n}")).collect();
    let bodies: Vec<String> = (0..20).map(|n| format!(r#"{{"pull":{n}}}"#)).collect();
    let all = ids.iter().zip(&bodies).map(|(id, body)| house.deliver(id, body));
    let answers = futures::future::join_all(all).await;
    assert_eq!(answers, [StatusCode::ACCEPTED; 20]);
    assert_eq!(house.store.queue_counts().await.unwrap().ready, 20);
    let metrics = recorder.handle().render();
    assert!(metrics.contains("red_panda_accept_commits_total 1\n"), "{metrics}");
}

#[tokio::test]
async fn p16_a_store_that_is_down_is_503_so_that_the_forge_shows_a_failed_delivery() {
    let house = House::new().await;
    house.store.close().await;
    let (status, _, words) = house.send(signed("a", r#"{"pull":7}"#)).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(words.contains("could not be stored"), "{words}");
    let (status, _, body) = house.get("/ready/").await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(body.contains(r#""broken":"database""#), "{body}");
    assert_eq!(house.get("/live/").await.0, StatusCode::OK);
}

#[tokio::test]
async fn unsigned_bodies_that_never_end_take_no_more_memory_than_there_is_room_for() {
    let house = House::new().await;
    let endless = |sent: usize| {
        let begun = futures::stream::once(async move { std::io::Result::Ok(Bytes::from(vec![b' '; sent])) });
        let body = Body::from_stream(begun.chain(futures::stream::pending()));
        tokio::spawn(house.router.clone().oneshot(signed("a", "").map(|_| body)))
    };
    let slow = endless(LARGEST);
    tokio::task::yield_now().await;
    let (status, _, words) = house.send(signed("b", r#"{"pull":7}"#)).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{words}");
    slow.abort();
    drop(slow.await);
    assert_eq!(house.deliver("b", r#"{"pull":7}"#).await, StatusCode::ACCEPTED);

    let small = endless(1024);
    tokio::task::yield_now().await;
    assert_eq!(house.deliver("c", r#"{"pull":8}"#).await, StatusCode::ACCEPTED, "there is room beside it");
    small.abort();
}

#[tokio::test]
async fn what_asks_for_nothing_is_202_and_no_row() {
    let house = House::new().await;
    assert_eq!(house.deliver("a", "{}").await, StatusCode::ACCEPTED);
    assert_eq!(house.deliver("b", r#"{"pull":7,"owner":"mallory"}"#).await, StatusCode::ACCEPTED);
    assert_eq!(house.deliver("c", r#"{"branch":"main"}"#).await, StatusCode::ACCEPTED);
    assert_eq!(house.next_job().await, None);
}

#[tokio::test]
async fn a_moved_target_queues_the_open_pull_requests_that_touch_migrations() {
    let house = House::new().await;
    for number in 1..=60 {
        house.store.note_pull(&known(number, Some(number > 5))).await.unwrap();
    }
    assert_eq!(house.deliver("a", r#"{"branch":"main"}"#).await, StatusCode::ACCEPTED);
    assert_eq!(house.store.queue_counts().await.unwrap().ready, 50);
    let job = house.next_job().await.unwrap();
    assert_eq!((job.reason, job.priority), (Reason::TargetMoved, 10));
}

#[tokio::test]
async fn p14_a_check_asked_for_again_is_of_the_pull_request_with_that_head() {
    let house = House::new().await;
    house.store.note_pull(&known(7, None)).await.unwrap();
    assert_eq!(house.deliver("a", r#"{"head":"1"}"#).await, StatusCode::ACCEPTED);
    let job = house.next_job().await.unwrap();
    assert_eq!((job.target, job.reason), (Target::Pull(7), Reason::Rerequested));
}
