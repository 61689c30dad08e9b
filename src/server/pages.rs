//! The pages that need no key: front, rules, and what is said when something is not there.

use std::any::Any;

use askama::Template;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::markdown;
use super::view::{STYLESHEET, page, severity_word, stylesheet_url};
use super::{AppState, HookedForge, RulePage, Shared};
use crate::config::settings::ForgeKind;
use crate::model::catalogue::Family;

#[derive(Template)]
#[template(path = "front.html")]
struct Front {
    css: &'static str,
    forges: Vec<Connected>,
    /// `https://panda.example.org`, or what stands for it where the settings do not say.
    address: String,
    rules: usize,
    overview: bool,
}

struct Connected {
    name: String,
    kind: &'static str,
    url: String,
}

pub(super) async fn front(State(state): State<Shared>) -> Response {
    let connected = |forge: &HookedForge| Connected {
        name: forge.name.0.clone(),
        kind: match forge.kind {
            ForgeKind::GitHub => "GitHub",
            ForgeKind::Gitea => "Gitea or Forgejo",
        },
        url: forge.url.clone(),
    };
    let template = Front {
        css: stylesheet_url(),
        forges: state.forges.values().map(connected).collect(),
        address: state.public_url.clone().unwrap_or_default(),
        rules: state.rules.len(),
        overview: state.admin_token.is_some(),
    };
    page(StatusCode::OK, &template)
}

#[derive(Template)]
#[template(path = "rules.html")]
struct Rules {
    css: &'static str,
    families: Vec<(&'static str, Vec<RuleLine>)>,
    count: usize,
}

struct RuleLine {
    code: String,
    title: String,
    severity: &'static str,
}

pub(super) async fn rules(State(state): State<Shared>) -> Response {
    let template = Rules { css: stylesheet_url(), families: families(&state), count: state.rules.len() };
    cached(page(StatusCode::OK, &template))
}

fn families(state: &AppState) -> Vec<(&'static str, Vec<RuleLine>)> {
    let mut families: Vec<(&'static str, Vec<RuleLine>)> = Vec::new();
    for rule in &state.rules {
        let family = Family::of_code(&rule.code).map_or("other", Family::as_str);
        let line = RuleLine {
            code: rule.code.clone(),
            title: markdown::title(&rule.markdown).unwrap_or_else(|| rule.name.clone()),
            severity: severity_word(rule.severity),
        };
        match families.last_mut().filter(|(name, _)| *name == family) {
            Some((_, lines)) => lines.push(line),
            None => families.push((family, vec![line])),
        }
    }
    families
}

#[derive(Template)]
#[template(path = "rule.html")]
struct OneRule<'a> {
    css: &'static str,
    rule: &'a RulePage,
    title: String,
    /// The page's own first heading is its title.
    has_heading: bool,
    severity: &'static str,
    /// Made by [`markdown::to_html`], which lets no HTML through.
    body: String,
}

/// By code, in either case, or by name.
pub(super) async fn rule(State(state): State<Shared>, Path(code): Path<String>) -> Response {
    let Some(rule) = state.rules.iter().find(|r| r.code.eq_ignore_ascii_case(&code) || r.name == code) else {
        return message(
            StatusCode::NOT_FOUND,
            "There is no rule of this code.",
            "Check the code; all rules are listed below.",
            Some(("/rules", "All rules")),
        );
    };
    let title = markdown::title(&rule.markdown);
    let template = OneRule {
        css: stylesheet_url(),
        rule,
        has_heading: title.is_some(),
        title: title.unwrap_or_else(|| rule.name.clone()),
        severity: severity_word(rule.severity),
        body: markdown::to_html(&rule.markdown),
    };
    cached(page(StatusCode::OK, &template))
}

/// Rule pages change with a new version only.
fn cached(response: Response) -> Response {
    ([(header::CACHE_CONTROL, "public, max-age=300")], response).into_response()
}

pub(super) async fn stylesheet() -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/css; charset=utf-8"),
        // Its address carries its hash.
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
    ];
    (headers, STYLESHEET).into_response()
}

#[derive(Template)]
#[template(path = "message.html")]
struct Message<'a> {
    css: &'static str,
    status: u16,
    what: &'a str,
    next: &'a str,
    link: Option<(&'a str, &'a str)>,
}

/// What happened and what to do next, as a page.
pub(super) fn message(status: StatusCode, what: &str, next: &str, link: Option<(&str, &str)>) -> Response {
    page(status, &Message { css: stylesheet_url(), status: status.as_u16(), what, next, link })
}

pub(super) async fn not_found() -> Response {
    message(
        StatusCode::NOT_FOUND,
        "There is no page at this address.",
        "Addresses of runs are long: copy the whole of it from the status or the comment.",
        Some(("/", "Front page")),
    )
}

/// Somebody opened the webhook's address in a browser.
pub(super) async fn webhook_by_hand() -> Response {
    let answer = message(
        StatusCode::METHOD_NOT_ALLOWED,
        "This address takes webhooks, and the browser sends none.",
        "Enter it in the webhook's settings on the forge, with content type application/json and the secret.",
        Some(("/", "Front page")),
    );
    ([(header::ALLOW, "POST")], answer).into_response()
}

pub(super) fn unavailable(error: &crate::store::StoreError) -> Response {
    tracing::error!(error = error.chain(), "a page could not be read from the store");
    message(
        StatusCode::SERVICE_UNAVAILABLE,
        "The database does not answer.",
        "Nothing is lost; load this page again in a minute. /ready/ tells when it is back.",
        None,
    )
}

pub(super) fn after_panic(_: Box<dyn Any + Send + 'static>) -> Response {
    tracing::error!("a handler panicked");
    message(
        StatusCode::INTERNAL_SERVER_ERROR,
        "Something broke while this page was made.",
        "The fault is ours and stands in the server's log; reviews are not touched by it.",
        Some(("/", "Front page")),
    )
}
