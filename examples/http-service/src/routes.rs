//! What can be asked of the service, and what is done about it.

use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::routing::{get, post};
use axum::{Json, Router};
use tokio::sync::watch;
use vitae::tokio::AsyncBus;

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

/// Records an event. With the header `Idempotency-Key`, the same request again is done once.
async fn command<E: Into<BookingEvent> + Clone + Send + 'static>(
    State(Service { bus, .. }): State<Service>,
    Path(id): Path<String>,
    headers: HeaderMap,
    Json(event): Json<E>,
) -> Result<Shown, Failure> {
    let key = key_of(&headers)?;
    bus.run(move |bus| {
        let mut decide = bus.decide::<Booking>(&id).retries(5);
        if let Some(key) = key {
            decide = decide.key(key);
        }
        decide.run(|booking| booking.record(event.clone().into()).map(|booking| (booking, ())))?;
        Ok(Shown::of(bus.load(&id)?))
    })
    .await
}

fn key_of(headers: &HeaderMap) -> Result<Option<String>, Failure> {
    let key = headers.get("idempotency-key").map(|key| key.to_str().map(str::to_owned));
    key.transpose().map_err(|_| Failure::bad_request("the idempotency key is not text"))
}
