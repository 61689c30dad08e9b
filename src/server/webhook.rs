//! From the bytes of a webhook to rows: no handler can see what was not verified.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{FromRequest, Path, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::{Bytes, BytesMut};
use futures::StreamExt;
use secrecy::SecretString;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tracing::Instrument;

use crate::forge::signature::SignatureError;
use crate::model::delivery::{Event, NewJob};
use crate::model::id::Repository;
use crate::store::{Accepted, Delivery, StoreError};

use super::dispatch::{self, Decision};
use super::{AppState, HookedForge, Shared};

/// What the server must know of a kind of forge's webhooks. One implementation per kind.
pub trait Webhooks: Send + Sync {
    /// Is the body signed with this secret?
    fn verify(&self, headers: &HeaderMap, body: &[u8], secret: &SecretString) -> Result<(), SignatureError>;

    /// The forge's own id of the delivery.
    fn delivery_id(&self, headers: &HeaderMap) -> Option<String>;

    /// What it says. The error names what is missing, for the forge's log of deliveries.
    fn parse(&self, headers: &HeaderMap, body: &[u8]) -> Result<Event, String>;
}

/// No forge sends more: GitHub drops larger payloads itself.
const LARGEST: usize = 25 * 1024 * 1024;

/// Bodies held at once, in bytes: before its signature is looked at, a body may be anybody's.
const ROOM: usize = 128 * 1024 * 1024;
/// How long a delivery waits for room. Forges give up after five to ten seconds.
const WAIT: Duration = Duration::from_secs(4);

/// How long a body may take: it holds room, and its sender may be anybody.
const ARRIVAL: Duration = Duration::from_secs(10);

/// Room for the bodies of deliveries that are under way. It is taken by what has arrived, not by what is announced:
/// whoever sends nothing takes none.
#[derive(Debug)]
pub struct Room {
    kibibytes: Arc<Semaphore>,
    wait: Duration,
}

impl Default for Room {
    fn default() -> Self {
        Self::new(ROOM, WAIT)
    }
}

impl Room {
    /// For this many bytes in all; who finds none free waits this long.
    pub fn new(bytes: usize, wait: Duration) -> Self {
        Self { kibibytes: Arc::new(Semaphore::new(bytes.div_ceil(1024))), wait }
    }

    /// Enlarges `held` to `bytes`.
    async fn extend(&self, held: &mut Held, bytes: usize) -> Result<(), DeliveryReply> {
        let more = bytes.div_ceil(1024).saturating_sub(held.kibibytes());
        if more == 0 {
            return Ok(());
        }
        let taken = Arc::clone(&self.kibibytes).acquire_many_owned(u32::try_from(more).unwrap_or(u32::MAX));
        match tokio::time::timeout(self.wait, taken).await {
            Ok(Ok(permit)) => {
                held.add(permit);
                Ok(())
            }
            _ => Err(DeliveryReply::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "Too many deliveries are under way. Send it again in a minute; the next sweep finds it otherwise.",
            )),
        }
    }
}

/// Room that one body takes.
#[derive(Debug, Default)]
struct Held(Option<OwnedSemaphorePermit>);

impl Held {
    fn kibibytes(&self) -> usize {
        self.0.as_ref().map_or(0, OwnedSemaphorePermit::num_permits)
    }

    fn add(&mut self, more: OwnedSemaphorePermit) {
        match &mut self.0 {
            Some(held) => held.merge(more),
            None => self.0 = Some(more),
        }
    }
}

/// A body whose signature was right. Made only here.
#[derive(Debug)]
pub struct VerifiedDelivery {
    state: Arc<AppState>,
    forge: String,
    headers: HeaderMap,
    body: Bytes,
    /// Given back when the delivery is answered.
    room: Held,
}

/// A reply for the forge's log of deliveries, which people read when something does not work.
#[derive(Debug)]
pub struct DeliveryReply(StatusCode, String);

impl DeliveryReply {
    fn new(status: StatusCode, words: impl Into<String>) -> Self {
        Self(status, words.into())
    }
}

impl IntoResponse for DeliveryReply {
    fn into_response(self) -> Response {
        (self.0, [(header::CONTENT_TYPE, "text/plain; charset=utf-8")], format!("{}\n", self.1))
            .into_response()
    }
}

impl FromRequest<Shared> for VerifiedDelivery {
    type Rejection = DeliveryReply;

    async fn from_request(request: Request, state: &Shared) -> Result<Self, DeliveryReply> {
        let (mut parts, body) = request.into_parts();
        let forge = axum::RequestPartsExt::extract::<Path<String>>(&mut parts).await.map(|Path(name)| name);
        let hooked = forge.as_ref().ok().and_then(|name| state.forges.get(name)).ok_or_else(unknown_forge)?;
        if !is_json(&parts.headers) {
            refused(hooked, "content_type");
            let words = "The webhook sends a form: set its content type to application/json.";
            return Err(DeliveryReply::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, words));
        }
        let (body, room) = read(&parts.headers, body, &state.room).await.inspect_err(|reply| {
            let room = reply.0 == StatusCode::SERVICE_UNAVAILABLE;
            refused(hooked, if room { "room" } else { "body" });
        })?;
        hooked.webhooks.verify(&parts.headers, &body, &hooked.webhook_secret).map_err(|error| {
            refused(hooked, "signature");
            DeliveryReply::new(StatusCode::UNAUTHORIZED, format!("The delivery is not believed: {error}."))
        })?;
        let (state, forge) = (Arc::clone(state), hooked.name.0.clone());
        Ok(Self { state, forge, headers: parts.headers, body, room })
    }
}

fn unknown_forge() -> DeliveryReply {
    let words = "No forge of this name is in the settings: the address ends in the name of a [[forge]] in red-panda.toml.";
    DeliveryReply::new(StatusCode::NOT_FOUND, words)
}

fn refused(forge: &HookedForge, why: &'static str) {
    metrics::counter!("red_panda_deliveries_refused_total", "forge" => forge.name.0.clone(), "why" => why)
        .increment(1);
    tracing::warn!(forge = %forge.name, why, "a webhook was refused");
}

fn is_json(headers: &HeaderMap) -> bool {
    let value = headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    value.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
}

fn too_large() -> DeliveryReply {
    DeliveryReply::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        "The payload is larger than 25 MiB: no forge sends that.",
    )
}

/// What the request announces is refused before a byte of it is read.
fn announces_too_much(headers: &HeaderMap) -> bool {
    let told = headers.get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.parse::<usize>().ok());
    told.is_some_and(|length| length > LARGEST)
}

/// The whole body, and the room that it takes.
async fn read(headers: &HeaderMap, body: Body, room: &Room) -> Result<(Bytes, Held), DeliveryReply> {
    if announces_too_much(headers) {
        return Err(too_large());
    }
    let late =
        |_| DeliveryReply::new(StatusCode::REQUEST_TIMEOUT, "The body did not arrive within ten seconds.");
    tokio::time::timeout(ARRIVAL, gather(body, room)).await.map_err(late)?
}

async fn gather(body: Body, room: &Room) -> Result<(Bytes, Held), DeliveryReply> {
    let (mut chunks, mut gathered, mut held) = (body.into_data_stream(), BytesMut::new(), Held::default());
    while let Some(chunk) = chunks.next().await {
        let cut = |_| DeliveryReply::new(StatusCode::BAD_REQUEST, "The body ended before its length.");
        let chunk = chunk.map_err(cut)?;
        let length = gathered.len() + chunk.len();
        if length > LARGEST {
            return Err(too_large());
        }
        room.extend(&mut held, length).await?;
        gathered.extend_from_slice(&chunk);
    }
    Ok((gathered.freeze(), held))
}

/// `POST /webhooks/{forge}`
pub(super) async fn receive(State(_): State<Shared>, delivery: VerifiedDelivery) -> Response {
    let VerifiedDelivery { state, forge, headers, body, room: _room } = delivery;
    let Some(forge) = state.forges.get(&forge) else { return unknown_forge().into_response() };
    let span = tracing::info_span!(
        "delivery", forge = %forge.name, delivery = tracing::field::Empty, repo = tracing::field::Empty,
        pull = tracing::field::Empty, head = tracing::field::Empty,
    );
    let reply = take_in(&state, forge, &headers, &body).instrument(span).await;
    metrics::counter!(
        "red_panda_deliveries_total", "forge" => forge.name.0.clone(), "status" => reply.0.as_u16().to_string()
    )
    .increment(1);
    reply.into_response()
}

async fn take_in(state: &AppState, forge: &HookedForge, headers: &HeaderMap, body: &[u8]) -> DeliveryReply {
    let Some(id) = forge.webhooks.delivery_id(headers).filter(|id| !id.is_empty() && id.len() <= 200) else {
        return DeliveryReply::new(
            StatusCode::BAD_REQUEST,
            "The delivery has no id: this is not a webhook of this forge.",
        );
    };
    tracing::Span::current().record("delivery", &id);
    let event = match forge.webhooks.parse(headers, body) {
        Ok(event) => event,
        Err(problem) => {
            return DeliveryReply::new(
                StatusCode::BAD_REQUEST,
                format!("The payload cannot be read: {problem}."),
            );
        }
    };
    let now = state.clock.now();
    let decision = dispatch::decide(&forge.name, event, now, &|repository| allows(forge, repository));
    let jobs = match jobs_of(state, forge, decision).await {
        Ok(Ok(jobs)) => jobs,
        Ok(Err(why)) => {
            metrics::counter!("red_panda_deliveries_ignored_total", "forge" => forge.name.0.clone(), "why" => why)
                .increment(1);
            return DeliveryReply::new(StatusCode::ACCEPTED, format!("Nothing to do: {why}."));
        }
        Err(error) => return unavailable(&error),
    };
    record(jobs.first());
    let delivery = Delivery { forge: forge.name.clone(), id, received_at: now };
    match state.store.accept(delivery, jobs).await {
        Ok(Accepted::Queued) => DeliveryReply::new(StatusCode::ACCEPTED, "Queued."),
        Ok(Accepted::Requeued) => DeliveryReply::new(StatusCode::ACCEPTED, "Queued again."),
        Ok(Accepted::Known) => DeliveryReply::new(StatusCode::OK, "This delivery was here before."),
        Err(error) => unavailable(&error),
    }
}

fn allows(forge: &HookedForge, repository: &Repository) -> bool {
    forge.repositories.allows(&repository.full_name())
}

fn record(job: Option<&NewJob>) {
    let Some(job) = job else { return };
    let span = tracing::Span::current();
    span.record("repo", job.repository.full_name());
    span.record("pull", tracing::field::display(&job.target));
    if let Some(head) = &job.head_hint {
        span.record("head", tracing::field::display(head));
    }
    tracing::info!(reason = job.reason.as_str(), "accepted");
}

/// How many pull requests a moved target queues again.
const FAN_OUT: i64 = 50;

/// The jobs of a decision, with what only the store knows; the inner error says why there are none.
async fn jobs_of(
    state: &AppState,
    forge: &HookedForge,
    decision: Decision,
) -> Result<Result<Vec<NewJob>, &'static str>, StoreError> {
    Ok(match decision {
        Decision::Ignore(why) => Err(why),
        Decision::Queue(jobs) => Ok(jobs),
        Decision::TargetMoved { repository, branch } => {
            let pulls =
                state.store.pulls_a_push_concerns(&forge.name, repository.id, &branch, FAN_OUT).await?;
            match dispatch::target_moved(&forge.name, &repository, &pulls) {
                jobs if jobs.is_empty() => Err("no open pull request into this branch touches migrations"),
                jobs => Ok(jobs),
            }
        }
        Decision::Recheck { repository, head } => {
            let pulls = state.store.pulls_with_head(&forge.name, repository.id, &head).await?;
            let group = state.store.group_argument(&forge.name, repository.id, &head).await?;
            Ok(dispatch::recheck(&forge.name, &repository, &head, &pulls, group))
        }
    })
}

fn unavailable(error: &StoreError) -> DeliveryReply {
    tracing::error!(error = error.chain(), "a delivery was not stored");
    let words = "The delivery could not be stored: the database does not answer. Send it again when /ready/ says ready.";
    DeliveryReply::new(StatusCode::SERVICE_UNAVAILABLE, words)
}
