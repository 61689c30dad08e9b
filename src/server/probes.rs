//! For machines: is it alive, can it work, what has it done.

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use metrics_exporter_prometheus::{BuildError, PrometheusBuilder, PrometheusHandle};
use serde_json::json;

use super::Shared;

/// Collects the process's metrics from now on. Once per process; there is no listener of its own.
pub fn install_metrics() -> Result<PrometheusHandle, BuildError> {
    PrometheusBuilder::new().install_recorder()
}

pub(super) async fn live() -> Response {
    Json(json!({ "status": "alive" })).into_response()
}

/// 503 names what is broken, for whoever asks the endpoint by hand.
pub(super) async fn ready(State(state): State<Shared>) -> Response {
    match state.store.ping().await {
        Ok(()) => Json(json!({ "status": "ready", "database": "ok" })).into_response(),
        Err(error) => {
            tracing::error!(error = error.chain(), "not ready: the database does not answer");
            let body = json!({ "status": "unavailable", "broken": "database" });
            (StatusCode::SERVICE_UNAVAILABLE, Json(body)).into_response()
        }
    }
}

pub(super) async fn metrics(State(state): State<Shared>) -> Response {
    if let Ok(counts) = state.store.queue_counts().await {
        for (name, jobs) in [("ready", counts.ready), ("running", counts.running), ("dead", counts.dead)] {
            // Exact up to 2^53, and no queue is that long.
            metrics::gauge!("red_panda_jobs", "state" => name).set(jobs as f64);
        }
    }
    let text = state.metrics.as_ref().map(|handle| {
        handle.run_upkeep();
        handle.render()
    });
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text.unwrap_or_default())
        .into_response()
}
