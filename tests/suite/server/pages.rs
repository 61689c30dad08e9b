//! Pages: what each says, to whom, and what it never runs.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use red_panda::model::finding::Severity;
use red_panda::model::id::RunId;
use red_panda::model::judgement::{NotLookedAt, Verdict};
use red_panda::store::jobs::Failure;
use red_panda::store::runs::{Counts, PageFinding, Read, RunEnd, RunOutcome, RunPage};

use crate::fixtures::{begun, ended, known, review, run_end, run_start};

use super::*;

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
