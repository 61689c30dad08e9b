//! `/overview`, behind the admin token. No cookie: the token comes with each request, and nothing can be changed here.

use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use sha2::Sha256;

use super::pages::{message, unavailable};
use super::view::{counted, outcome_tone, outcome_words, page, stylesheet_url, when};
use super::{AppState, Shared};
use crate::model::id::Target;
use crate::store::jobs::QueueCounts;
use crate::store::overview::{DeadJob, Overview, PullOverview};

#[derive(Deserialize)]
pub(super) struct TokenForm {
    token: SecretString,
}

#[derive(Template)]
#[template(path = "token.html")]
struct TokenPage {
    css: &'static str,
    wrong: bool,
}

#[derive(Template)]
#[template(path = "overview.html")]
struct OverviewPage {
    css: &'static str,
    queue: QueueCounts,
    repositories: Vec<RepositoryView>,
    dead: Vec<DeadView>,
}

struct RepositoryView {
    forge: String,
    full_name: String,
    pulls: Vec<PullView>,
}

struct PullView {
    target: String,
    tone: &'static str,
    words: String,
    run: Option<String>,
    when: String,
}

struct DeadView {
    forge: String,
    full_name: String,
    target: String,
    error: String,
    run: Option<String>,
    when: String,
}

pub(super) async fn overview(State(state): State<Shared>, headers: HeaderMap) -> Response {
    let bearer = headers.get(header::AUTHORIZATION).and_then(|v| v.to_str().ok()?.strip_prefix("Bearer "));
    answer(&state, bearer).await
}

pub(super) async fn overview_by_form(State(state): State<Shared>, Form(form): Form<TokenForm>) -> Response {
    answer(&state, Some(form.token.expose_secret())).await
}

async fn answer(state: &Arc<AppState>, given: Option<&str>) -> Response {
    let Some(wanted) = &state.admin_token else {
        let next = "Set admin_token, its file or RED_PANDA_ADMIN_TOKEN to a long random text, and restart.";
        return message(StatusCode::NOT_FOUND, "The overview has no admin token and is closed.", next, None);
    };
    match given {
        Some(given) if same(wanted, given) => match state.store.overview().await {
            Ok(overview) => page(StatusCode::OK, &view(overview)),
            Err(error) => unavailable(&error),
        },
        Some(_) => {
            let answer = page(StatusCode::UNAUTHORIZED, &TokenPage { css: stylesheet_url(), wrong: true });
            ([(header::WWW_AUTHENTICATE, "Bearer")], answer).into_response()
        }
        None => page(StatusCode::OK, &TokenPage { css: stylesheet_url(), wrong: false }),
    }
}

/// Compares in constant time: the tags of both texts under the wanted one as key.
fn same(wanted: &SecretString, given: &str) -> bool {
    let tag = |text: &str| {
        let key = wanted.expose_secret().as_bytes();
        <Hmac<Sha256> as KeyInit>::new_from_slice(key).map(|mac| mac.chain_update(text.as_bytes()))
    };
    match (tag(wanted.expose_secret()), tag(given.trim())) {
        (Ok(wanted), Ok(given)) => wanted.verify(&given.finalize().into_bytes()).is_ok(),
        _ => false,
    }
}

fn view(overview: Overview) -> OverviewPage {
    OverviewPage {
        css: stylesheet_url(),
        queue: overview.queue,
        repositories: overview
            .repositories
            .into_iter()
            .map(|r| RepositoryView {
                forge: r.forge.0,
                full_name: r.repository.full_name(),
                pulls: r.pulls.into_iter().map(pull).collect(),
            })
            .collect(),
        dead: overview.dead.into_iter().map(dead).collect(),
    }
}

fn target_words(target: &Target) -> String {
    match target {
        Target::Pull(number) => format!("#{number}"),
        Target::Group(sha) => format!("group {}", sha.short()),
        Target::Repository => "all of it".to_owned(),
    }
}

fn pull(pull: PullOverview) -> PullView {
    let target = target_words(&pull.target);
    let Some(run) = pull.latest else {
        return PullView {
            target,
            tone: "open",
            words: "not looked at yet".into(),
            run: None,
            when: String::new(),
        };
    };
    let counts = counted(run.errors, run.warnings, run.advice);
    PullView {
        target,
        tone: outcome_tone(run.outcome),
        words: if counts.is_empty() { outcome_words(run.outcome).to_owned() } else { counts },
        when: when(run.finished_at.unwrap_or(run.started_at)),
        run: Some(run.id.0),
    }
}

fn dead(job: DeadJob) -> DeadView {
    DeadView {
        forge: job.forge.0,
        full_name: job.full_name,
        target: target_words(&job.target),
        error: job.error,
        run: job.run.map(|run| run.0),
        when: job.stopped_at.map(when).unwrap_or_default(),
    }
}
