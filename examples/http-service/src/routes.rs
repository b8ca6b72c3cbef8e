//! What can be asked of the service, and what is done about it.

use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::routing::{get, post};
use axum::{Json, Router};
use tokio::sync::watch;
use uuid::Uuid;
use vitae::tokio::AsyncBus;
use vitae::{Alongside, CommitId};

use crate::answer::{Failure, Shown};
use crate::booking::{Booking, BookingEvent, Cancelled, Confirmed, Left, Requested, Seated};
use crate::events::events;

/// What every request needs.
#[derive(Clone)]
pub(crate) struct Service {
    pub(crate) bus: AsyncBus,
    /// Closed as soon as the service stops.
    pub(crate) stopped: watch::Receiver<()>,
}

/// A command is the event that it asks for: its JSON is the event's.
pub(crate) fn router(service: Service) -> Router {
    Router::new()
        .route("/bookings/{id}", get(state))
        .route("/bookings/{id}/request", post(command::<Requested>))
        .route("/bookings/{id}/confirm", post(command::<Confirmed>))
        .route("/bookings/{id}/seat", post(command::<Seated>))
        .route("/bookings/{id}/leave", post(command::<Left>))
        .route("/bookings/{id}/cancel", post(command::<Cancelled>))
        .route("/events", get(events))
        .with_state(service)
}

async fn state(
    State(Service { bus, .. }): State<Service>,
    Path(id): Path<String>,
) -> Result<Shown, Failure> {
    Ok(Shown::of(bus.load_existing::<Booking>(id).await?))
}

/// Records an event. With the header `Idempotency-Key`, a UUID, the same request again is done once.
async fn command<E: Into<BookingEvent>>(
    State(Service { bus, .. }): State<Service>,
    Path(id): Path<String>,
    headers: HeaderMap,
    Json(event): Json<E>,
) -> Result<Shown, Failure> {
    let mut alongside = Alongside::new();
    if let Some(commit) = commit_of_key(&headers)? {
        let receipt = bus.run(move |bus| bus.store().receipt(commit)).await?;
        if receipt.is_some() {
            return Ok(Shown::of(bus.load::<Booking>(id).await?));
        }
        alongside = alongside.commit_id(commit);
    }
    let booking = bus.load::<Booking>(id).await?.record(event.into())?;
    let (booking, _) = bus.commit_alongside(booking, alongside).await?;
    Ok(Shown::of(booking))
}

/// The key of a request is the id of its commit: the store knows which it has.
fn commit_of_key(headers: &HeaderMap) -> Result<Option<CommitId>, Failure> {
    let Some(key) = headers.get("idempotency-key") else {
        return Ok(None);
    };
    let key = key.to_str().ok().and_then(|key| Uuid::try_parse(key).ok());
    let key = key.ok_or_else(|| Failure::bad_request("the idempotency key is not a UUID"))?;
    Ok(Some(CommitId::from_bytes(key.into_bytes())))
}
