//! `pending`: what waits for somebody to decide or to answer, relayed or not.

use serde::{Deserialize, Serialize};
use vitae::{Context, HandlerError, Projection, Rows};

use crate::relay::{Asked, RelayAnswered, RelayCancelled, RelayExpired, RelayRequested};
use crate::request::{PermissionAsked, PermissionDecided, RequestLapsed};
use crate::run::Place;

/// The view's name.
pub const VIEW: &str = "pending";

/// A row of the view. Its key is the id of the request's stream.
#[derive(Serialize, Deserialize, Clone, PartialEq, Eq, Debug)]
pub struct PendingRow {
    /// Where it comes from.
    pub place: Place,
    /// The request.
    pub request: String,
    /// What is asked.
    pub asked: Asked,
    /// Since when, in Unix milliseconds.
    pub since: i64,
    /// Until when an answer is waited for, in Unix milliseconds; `None` if it was not relayed.
    pub until: Option<i64>,
}

/// The projection.
#[must_use]
pub fn projection() -> Projection {
    Projection::new(VIEW)
        .on(|event: &PermissionAsked, at: &Context, rows| {
            let row = PendingRow {
                place: event.place.clone(),
                request: event.request.clone(),
                asked: Asked::Permission { tool: event.tool.clone() },
                since: at.occurred_at().as_millis(),
                until: None,
            };
            rows.put(key(at), &row)
        })
        .on(|event: &RelayRequested, at, rows| {
            let until = at.occurred_at().saturating_add(event.patience);
            let row = PendingRow {
                place: event.place.clone(),
                request: event.request.clone(),
                asked: event.asked.clone(),
                since: at.occurred_at().as_millis(),
                until: Some(until.as_millis()),
            };
            rows.put(key(at), &row)
        })
        .on(|_: &PermissionDecided, at, rows| over(at, rows))
        .on(|_: &RequestLapsed, at, rows| over(at, rows))
        .on(|_: &RelayAnswered, at, rows| over(at, rows))
        .on(|_: &RelayCancelled, at, rows| over(at, rows))
        .on(|_: &RelayExpired, at, rows| over(at, rows))
}

/// A request and its relay have one id.
fn key(at: &Context) -> &[u8] {
    at.stream().id().as_str().as_bytes()
}

fn over(at: &Context, rows: &mut Rows<'_>) -> Result<(), HandlerError> {
    rows.delete(key(at))
}
