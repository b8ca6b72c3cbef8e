//! A lifecycle served over HTTP.
//!
//! ```text
//!   POST /bookings/{id}/confirm ──► command ──► decide ────────────────┐
//!   GET  /bookings/{id} ──────────► state   ──► load                   ├─► AsyncBus ─► SQLite
//!   GET  /events ─────────────────► events  ──► subscribe ─────────────┘
//! ```
//! - `booking`: the domain.
//! - `routes`: what can be asked, and what is done about it.
//! - `answer`: what is said, of a booking or of what went wrong.
//! - `events`: the log, as it grows.

mod answer;
pub mod booking;
mod events;
mod routes;

use std::future::Future;
use std::io;

use tokio::net::TcpListener;
use tokio::sync::watch;
use vitae::tokio::AsyncBus;

/// Serves until it is told to stop; then answers what was asked, ends what would never end by itself,
/// and returns.
///
/// # Errors
/// None today: a connection that cannot be accepted is left, and the next one is waited for.
pub async fn serve(
    listener: TcpListener,
    bus: AsyncBus,
    stop: impl Future + Send + 'static,
) -> io::Result<()> {
    let (serving, stopped) = watch::channel(());
    let service = routes::Service { bus, stopped };
    axum::serve(listener, routes::router(service))
        .with_graceful_shutdown(async move {
            stop.await;
            drop(serving);
        })
        .await
}
