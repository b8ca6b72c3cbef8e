//! The log as it grows: server-sent events.

use std::error::Error;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Sse;
use axum::response::sse::{self, KeepAlive};
use futures_util::{Stream, StreamExt, TryStreamExt, stream};
use serde_json::json;
use tokio::sync::watch;
use vitae::store::{EventStore, Page, Query};
use vitae::{Catalog, GlobalPosition, Lifecycle, Name};

use crate::answer::Failure;
use crate::booking::Booking;
use crate::routes::Service;

type BoxError = Box<dyn Error + Send + Sync>;

/// Every event of every booking, first those that were, then those that come. A browser that lost the
/// connection says which it saw last, and misses none.
pub(crate) async fn events(
    State(Service { bus, stopped }): State<Service>,
    headers: HeaderMap,
) -> Result<Sse<impl Stream<Item = Result<sse::Event, BoxError>>>, Failure> {
    let bookings = Name::from_static(Booking::DEFINITION.name).map_err(Failure::bad_request)?;
    let pages = bus.subscribe(Query::category(bookings), last_seen(&headers));
    let events = pages
        .take_until(until(stopped))
        .map_err(BoxError::from)
        .and_then(move |page| {
            let bus = bus.clone();
            async move { bus.run(move |bus| render(bus.store().as_ref(), &page)).await }
        })
        .map_ok(|events| stream::iter(events.into_iter().map(Ok)))
        .try_flatten();
    Ok(Sse::new(events).keep_alive(KeepAlive::default()))
}

/// An event's id is its position.
fn last_seen(headers: &HeaderMap) -> Option<GlobalPosition> {
    let id = headers.get("last-event-id")?.to_str().ok()?;
    GlobalPosition::new(id.parse().ok()?)
}

/// The service has to end what would never end by itself.
async fn until(mut stopped: watch::Receiver<()>) {
    // Nothing is ever sent: it ends when the other end does.
    let _ = stopped.changed().await;
}

/// Payloads by the schemas in the log: this shows events of kinds that the service does not know, too.
fn render(store: &dyn EventStore, page: &Page) -> Result<Vec<sse::Event>, BoxError> {
    let catalog = Catalog::load(store)?;
    let shown = page.iter().map(|event| {
        let data = json!({
            "event": event.kind(),
            "booking": event.stream(),
            "version": event.version().get(),
            "payload": catalog.render(&event)?,
        });
        Ok(sse::Event::default().id(event.position().to_string()).json_data(data)?)
    });
    shown.collect()
}
