//! Everything live on a local web page, and as it was at any position.
//!
//! ```text
//!   GET  /                       ──► assets    the page, embedded
//!   GET  /api/state?at=POSITION  ──► routes ──► History ─► the log
//!   GET  /api/whole?id=STREAM    ──► routes ──► the log: all of what waits there
//!   GET  /api/live               ──► routes ──► Changes: where the log ends, as it grows
//!   POST /api/answer             ──► routes ──► Desk, for who has the token
//! ```
//! Every answer passes through `guard`. Owns what a browser is told, and what it may do. Must never
//! write to the log itself, and never make markup of what an agent said: that leaves here as JSON only.
//!
//! A look at a position costs what [`History`] says; an answer holds at most
//! [`MOST`](crate::overview::MOST) lives of each lifecycle and 200 events.

mod assets;
mod guard;
mod routes;

pub use guard::Token;

use std::future::Future;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use vitae::store::EventStore;

use crate::answering::Desk;
use crate::overview::{History, Scope};

/// How many pages may listen at once.
const LISTENERS: usize = 32;

/// How many looks may wait or be under way at once.
const LOOKS: usize = 16;

/// How long a request that is under way may take once the page is to be served no more.
const MOMENT: Duration = Duration::from_secs(2);

/// What the page shows.
#[derive(Clone)]
pub struct Sights {
    store: Arc<dyn EventStore>,
    history: Arc<Mutex<History>>,
    desk: Arc<Desk>,
    token: Arc<Token>,
    listeners: Arc<Semaphore>,
    looks: Arc<Semaphore>,
}

impl Sights {
    /// What is looked at of a store. Who has the token answers at the desk.
    #[must_use]
    pub fn new(store: Arc<dyn EventStore>, scope: Scope, desk: Desk, token: Token) -> Self {
        Self {
            history: Arc::new(Mutex::new(History::new(store.clone(), scope))),
            store,
            desk: Arc::new(desk),
            token: Arc::new(token),
            listeners: Arc::new(Semaphore::new(LISTENERS)),
            looks: Arc::new(Semaphore::new(LOOKS)),
        }
    }
}

/// Serves the page until it is told to stop; then ends what would never end by itself, and returns. A
/// request that is under way has a moment to come to its end.
///
/// Names other than the listener's own address and `localhost` are refused, so that no foreign page
/// reaches it through a name of its own that leads here.
///
/// # Errors
/// If the listener has no address.
pub async fn serve(
    listener: TcpListener,
    sights: Sights,
    stop: impl Future + Send + 'static,
) -> io::Result<()> {
    let (serving, mut stopped) = watch::channel(());
    let router = guard::guarded(routes::router(sights, stopped.clone()), listener.local_addr()?);
    let served = axum::serve(listener, router).with_graceful_shutdown(async move {
        stop.await;
        drop(serving);
    });
    tokio::select! {
        served = served => served,
        // Somebody holds a connection on which nothing comes.
        () = async {
            drop(stopped.changed().await);
            tokio::time::sleep(MOMENT).await;
        } => Ok(()),
    }
}
