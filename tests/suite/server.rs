//! What comes in over HTTP: believed when it is signed, answered when it is durable.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use futures::StreamExt;
use hmac::{Hmac, KeyInit, Mac};
use red_panda::config::settings::{AllowList, ForgeKind};
use red_panda::forge::signature::{self, SignatureError};
use red_panda::model::delivery::{Event, NewJob, Reason};
use red_panda::model::finding::Severity;
use red_panda::model::id::{RunId, Target};
use red_panda::model::judgement::{NotLookedAt, Verdict};
use red_panda::server::webhook::{Room, Webhooks};
use red_panda::server::{AppState, HookedForge, RulePage, router, serve};
use red_panda::store::Store;
use red_panda::store::clock::Clock;
use red_panda::store::jobs::{Failure, Finished};
use red_panda::store::runs::{Counts, PageFinding, Read, RunEnd, RunOutcome, RunPage};
use secrecy::SecretString;
use serde_json::Value;
use sha2::Sha256;
use tokio::io::AsyncWriteExt;
use tower::ServiceExt;

use crate::databases::{Database, sqlite};
use crate::fixtures::{begun, ended, forge, known, repository, review, run_end, run_start, sha};

const SECRET: &str = "the secret of the hook";
/// The largest body that is read.
const LARGEST: usize = 25 * 1024 * 1024;
const ADMIN: &str = "the token of the operator";

/// Webhooks in the simplest dialect there could be: `x-event`, `x-id` and `x-signature` in hex.
struct Plain;

impl Webhooks for Plain {
    fn verify(&self, headers: &HeaderMap, body: &[u8], secret: &SecretString) -> Result<(), SignatureError> {
        let given = headers.get("x-signature").and_then(|v| v.to_str().ok()).unwrap_or_default();
        signature::verify(given, body, secret)
    }

    fn delivery_id(&self, headers: &HeaderMap) -> Option<String> {
        Some(headers.get("x-id")?.to_str().ok()?.to_owned())
    }

    fn parse(&self, _: &HeaderMap, body: &[u8]) -> Result<Event, String> {
        let body: Value = serde_json::from_slice(body).map_err(|_| "it is not JSON".to_owned())?;
        let mut repository = repository();
        body["owner"].as_str().unwrap_or("alice").clone_into(&mut repository.owner);
        Ok(match (body["pull"].as_u64(), body["branch"].as_str(), body["head"].as_str()) {
            (Some(number), _, _) => {
                Event::Pull { repository, number, head: Some(sha('1')), reason: Reason::Pushed }
            }
            (None, Some(branch), _) => {
                Event::Pushed { repository, branch: branch.to_owned(), after: sha('3') }
            }
            (None, None, Some(_)) => Event::Rerequested { repository, head: sha('1') },
            _ => Event::Ignored("an issue"),
        })
    }
}

struct House {
    router: Router,
    store: Store,
    database: Database,
}

impl House {
    async fn new() -> Self {
        Self::with(true, SECRET).await
    }

    async fn at(now: i64) -> Self {
        Self::built(true, SECRET, now, Room::new(LARGEST, Duration::ZERO)).await
    }

    async fn with(connected: bool, secret: &str) -> Self {
        Self::built(connected, secret, 5_000, Room::new(LARGEST, Duration::ZERO)).await
    }

    async fn built(connected: bool, secret: &str, now: i64, room: Room) -> Self {
        let database = sqlite();
        let store = Store::open(&database.url).await.unwrap();
        let hooked = HookedForge {
            name: forge(),
            kind: ForgeKind::Gitea,
            url: "https://git.example.org".into(),
            webhook_secret: SecretString::from(secret.to_owned()),
            webhooks: Arc::new(Plain),
            repositories: AllowList::new(&["alice/*".to_owned()]).unwrap(),
        };
        let forges = if connected { BTreeMap::from([(forge().0, hooked)]) } else { BTreeMap::new() };
        let state = AppState {
            store: store.clone(),
            clock: Clock::new(move || now),
            forges,
            rules: rules(),
            public_url: Some("https://panda.example.org".into()),
            admin_token: Some(SecretString::from(ADMIN.to_owned())),
            retention_days: 90,
            metrics: None,
            room,
        };
        Self { router: router(Arc::new(state)), store, database }
    }

    async fn send(&self, request: Request<Body>) -> (StatusCode, HeaderMap, String) {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        (parts.status, parts.headers, String::from_utf8(body.to_vec()).unwrap())
    }

    async fn deliver(&self, id: &str, body: &str) -> StatusCode {
        self.send(signed(id, body)).await.0
    }

    async fn get(&self, path: &str) -> (StatusCode, HeaderMap, String) {
        self.send(Request::get(path).body(Body::empty()).unwrap()).await
    }

    async fn next_job(&self) -> Option<NewJob> {
        let claim = self.store.claim("w", 9_000, 99_000).await.unwrap()?;
        self.store.finish(&claim.id, &claim.token, 9_000, Finished::Done).await.unwrap();
        Some(claim.job)
    }
}

fn signature(secret: &str, body: &str) -> String {
    let mac = <Hmac<Sha256> as KeyInit>::new_from_slice(secret.as_bytes()).unwrap();
    hex::encode(mac.chain_update(body).finalize().into_bytes())
}

fn request(id: &str, body: &str, signature: &str) -> Request<Body> {
    Request::post("/webhooks/forgejo")
        .header("content-type", "application/json; charset=utf-8")
        .header("x-id", id)
        .header("x-signature", signature)
        .body(Body::from(body.to_owned()))
        .unwrap()
}

fn signed(id: &str, body: &str) -> Request<Body> {
    request(id, body, &signature(SECRET, body))
}

fn rules() -> Vec<RulePage> {
    let markdown = include_str!("rule_page.md").to_owned();
    let rule = |code: &str, name: &str, severity| RulePage {
        code: code.into(),
        name: name.into(),
        severity,
        markdown: markdown.clone(),
    };
    vec![
        rule("MIG004", "runpython-without-reverse", Severity::Error),
        rule("MIG011", "auto-named-migration", Severity::Warning),
        rule("ENV001", "committed-env-file", Severity::Error),
    ]
}

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
    assert!(answers.iter().all(|status| *status == StatusCode::ACCEPTED));
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

#[tokio::test]
async fn every_page_forbids_scripts_frames_and_referrers() {
    let house = House::new().await;
    for path in
        ["/", "/rules", "/rules/mig004", "/overview", "/nowhere", "/static/panda.css", "/live/", "/healthz"]
    {
        let (_, headers, body) = house.get(path).await;
        let policy = headers["content-security-policy"].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'; style-src 'self'"), "{path}: {policy}");
        assert!(policy.contains("frame-ancestors 'none'"));
        assert_eq!(headers["x-content-type-options"], "nosniff");
        assert_eq!(headers["referrer-policy"], "no-referrer");
        assert!(!body.contains("<script") && !body.contains("style=") && !body.contains("onclick"), "{path}");
    }
}

#[tokio::test]
async fn the_front_page_says_the_next_step() {
    let (_, _, lost) = House::with(false, SECRET).await.get("/").await;
    assert!(lost.contains("app-manifest.json") && lost.contains("/webhooks/forgejo"));
    let (_, _, connected) = House::new().await.get("/").await;
    assert!(connected.contains("https://panda.example.org/webhooks/forgejo"), "{connected}");
    assert!(!connected.contains("alice"), "who is served is for operators");
}

#[tokio::test]
async fn a_run_page_shows_findings_by_file_and_escapes_what_came_from_the_pull_request() {
    let house = House::new().await;
    begun(&house.store, &run_start("earlier", 7, 1_000)).await;
    begun(&house.store, &run_start("abcdef", 7, 5_000)).await;
    ended(&house.store, "abcdef", &sample_end()).await;
    let (status, headers, page) = house.get("/runs/abcdef").await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(headers["x-robots-tag"], "noindex, nofollow");
    for shown in [
        "2 things to change before merging, 1 to look at",
        "<code>RunPython(fill)</code> in <code>trees.0003_fill_names</code> cannot be reversed",
        "trees/&#60;script&#62;.py",
        r#"<a href="/rules/MIG004">MIG004</a>"#,
        "4 changed files · 30 rules · 8 requests · 1.2 s",
        "/runs/earlier",
        "nested deeper than 200",
    ] {
        assert!(page.contains(shown), "{shown}\n{page}");
    }
    assert!(!page.contains("javascript:") && !page.contains("http-equiv"));
    assert_eq!(house.get("/runs/abcde").await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_run_that_is_no_longer_kept_is_gone_and_one_that_never_was_is_not_found() {
    const DAY: i64 = 86_400_000;
    let house = House::at(1_796_130_000_000).await;
    let answer = async |at: i64| {
        let (status, _, page) = house.get(&format!("/runs/{}", RunId::new(7, at))).await;
        (status, page)
    };
    let (status, page) = answer(1_796_130_000_000 - 91 * DAY).await;
    assert_eq!(status, StatusCode::GONE);
    assert!(page.contains("The run of 1 September 2026 is no longer kept."), "{page}");
    assert!(page.contains("Runs are kept for 90 days; what it said still stands"), "{page}");
    let (status, page) = answer(1_796_130_000_000 - 89 * DAY).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert!(page.contains("There is no run at this address."), "{page}");
}

#[tokio::test]
async fn the_page_of_a_run_that_was_given_up_says_why_though_the_forge_could_not_be_told() {
    let house = House::new().await;
    house.store.enqueue(&review(7, '1'), 1_000).await.unwrap();
    let claim = house.store.claim("w", 1_000, 9_000).await.unwrap().unwrap();
    begun(&house.store, &run_start(&claim.run.0, 7, 1_000)).await;
    let failure = Failure::Fatal { error: "the repository is gone".into() };
    house.store.fail(&claim.id, &claim.token, 2_000, &failure).await.unwrap();
    let (_, _, page) = house.get(&format!("/runs/{}", claim.run)).await;
    assert!(page.contains("Could not finish") && page.contains("the repository is gone"), "{page}");
    assert!(!page.contains("http-equiv"), "it does not look again: {page}");
}

#[tokio::test]
async fn a_running_run_s_page_looks_again_by_itself() {
    let house = House::new().await;
    begun(&house.store, &run_start("abcdef", 7, 5_000)).await;
    let (_, _, page) = house.get("/runs/abcdef").await;
    assert!(page.contains("Looking at it now") && page.contains(r#"http-equiv="refresh""#), "{page}");
}

#[tokio::test]
async fn the_page_of_a_run_that_was_put_off_says_when_it_is_tried_again() {
    let house = House::new().await;
    house.store.enqueue(&review(7, '1'), 1_000).await.unwrap();
    let claim = house.store.claim("w", 1_000, 9_000).await.unwrap().unwrap();
    begun(&house.store, &run_start(&claim.run.0, 7, 1_000)).await;
    let failure = Failure::Retry { at: 51_600_000, error: "502".into() };
    house.store.fail(&claim.id, &claim.token, 2_000, &failure).await.unwrap();
    let (_, _, page) = house.get(&format!("/runs/{}", claim.run)).await;
    assert!(page.contains("Could not finish, trying again on 1 January 1970, 14:20 UTC"), "{page}");
    assert!(page.contains(r#"http-equiv="refresh""#), "{page}");
}

#[tokio::test]
async fn a_rule_page_shows_its_markdown_and_runs_none_of_it() {
    let house = House::new().await;
    let (status, _, page) = house.get("/rules/MIG004").await;
    assert_eq!(status, StatusCode::OK);
    assert!(page.contains("<figcaption>trees/migrations/0003_fill_names.py"), "{page}");
    assert!(page.contains("&lt;em&gt;raw HTML&lt;/em&gt;"), "{page}");
    assert_eq!(house.get("/rules/runpython-without-reverse").await.0, StatusCode::OK);
    assert_eq!(house.get("/rules/NOPE99").await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_overview_opens_with_the_token_and_with_nothing_else() {
    let house = House::new().await;
    house.store.note_pull(&known(7, None)).await.unwrap();
    let (status, _, form) = house.get("/overview").await;
    assert!(
        status == StatusCode::OK && form.contains("Admin token") && !form.contains("alice/trees"),
        "{form}"
    );
    let with = |token: &str| {
        let token = format!("Bearer {token}");
        Request::get("/overview").header("authorization", token).body(Body::empty()).unwrap()
    };
    for wrong in ["", "the token", "the token of the operator and more"] {
        let (status, headers, page) = house.send(with(wrong)).await;
        assert_eq!(
            (status, headers["www-authenticate"].to_str().unwrap()),
            (StatusCode::UNAUTHORIZED, "Bearer")
        );
        assert!(!page.contains("alice/trees"));
    }
    let (status, _, page) = house.send(with(ADMIN)).await;
    assert_eq!(status, StatusCode::OK);
    assert!(page.contains("alice/trees") && page.contains("#7"), "{page}");
    let form = Request::post("/overview")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Body::from("token=the+token+of+the+operator"))
        .unwrap();
    assert_eq!(house.send(form).await.0, StatusCode::OK);
}

fn finding(
    severity: Severity,
    code: &str,
    path: &str,
    line: u32,
    headline: &str,
    consequence: &str,
) -> PageFinding {
    PageFinding {
        severity,
        code: code.into(),
        headline: headline.into(),
        consequence: consequence.into(),
        path: Some(path.into()),
        line: Some(line),
        url: Some(format!("https://git.example.org/alice/trees/src/commit/1/{path}#L{line}")),
        inline: severity != Severity::Advice,
    }
}

fn sample_end() -> RunEnd {
    let fill = "trees/migrations/0003_fill_names.py";
    let unsafe_link = PageFinding {
        url: Some("javascript:alert(1)".into()),
        ..finding(Severity::Warning, "CEL001", "trees/<script>.py", 5, "password in the broker URL", "")
    };
    RunEnd {
        page: RunPage {
            heading: "2 things to change before merging, 1 to look at".into(),
            counts: Counts { errors: 2, warnings: 1, advice: 0, suppressed: 1 },
            findings: vec![
                finding(
                    Severity::Error,
                    "MIG004",
                    fill,
                    15,
                    "`RunPython(fill)` in `trees.0003_fill_names` cannot be reversed",
                    "`migrate trees 0002` stops here with `IrreversibleError`, and so does every rollback past it.",
                ),
                unsafe_link,
            ],
            not_looked_at: vec![NotLookedAt {
                path: "deep.py".into(),
                reason: "brackets are nested deeper than 200".into(),
            }],
            notes: vec!["`.red-panda.toml` names `MIG018`, which is not built yet".into()],
            read: Read { files: 4, rules: 30, requests: 8, milliseconds: 1_234 },
        },
        ..run_end(RunOutcome::Verdict(Verdict::ChangesRequested))
    }
}

#[tokio::test]
async fn half_a_request_does_not_keep_the_server_from_stopping() {
    let house = House::new().await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut stranger = tokio::net::TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    tokio::io::AsyncWriteExt::write_all(&mut stranger, b"GET / HTTP/1.1\r\n").await.unwrap();
    let stop = tokio::time::sleep(Duration::from_millis(50));
    let serving = serve(listener, house.router.clone(), stop, Duration::ZERO);
    tokio::time::timeout(Duration::from_secs(10), serving).await.expect("it stops").unwrap();
}

#[tokio::test]
async fn twenty_silent_connections_that_announce_the_largest_body_delay_nobody_s_delivery() {
    // Who finds no room waits for longer than this story does.
    let room = Room::new(5 * LARGEST, Duration::from_secs(600));
    let house = House::built(true, SECRET, 5_000, room).await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let serving = tokio::spawn(serve(listener, house.router.clone(), std::future::pending(), Duration::ZERO));
    let head = format!(
        "POST /webhooks/forgejo HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\n\
         content-length: {LARGEST}\r\n\r\n"
    );
    let mut silent = Vec::new();
    for _ in 0..20 {
        let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        silent.push(stream);
    }
    let (parts, body) = signed("a", r#"{"pull":7}"#).into_parts();
    let body = axum::body::to_bytes(body, LARGEST).await.unwrap();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let request = client.post(format!("http://{address}/webhooks/forgejo")).headers(parts.headers).body(body);
    let answered = tokio::time::timeout(Duration::from_secs(60), request.send()).await.expect("an answer");
    assert_eq!(answered.unwrap().status().as_u16(), 202);
    drop(silent);
    serving.abort();
}
