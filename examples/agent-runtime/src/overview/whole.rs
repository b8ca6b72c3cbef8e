//! All of what somebody is asked, for who is to answer it.
//!
//! An overview has the beginning of it only: it is kept for many positions, and sent whenever the log goes
//! on. Must never decide anything.

use std::ops::ControlFlow;

use vitae::store::{EventRef, EventStore, Read};
use vitae::{DecodeError, Event, Lifecycle, StreamId};

use super::SightError;
use super::text::legible;
use crate::relay::{Asked, Relay, RelayRequested};
use crate::request::{PermissionAsked, Request, StopAsked};
use crate::run::Tool;

/// All of what was asked under the id of a stream of a request or a relay: the tool, and what it is to be
/// given; or the question, and what can be answered to it. `None` if nothing was.
///
/// # Errors
/// [`SightError`] if the log cannot be read.
pub fn whole(store: &dyn EventStore, id: &str) -> Result<Option<String>, SightError> {
    // A request is relayed as what it is to a person.
    for category in [Relay::DEFINITION.name, Request::DEFINITION.name] {
        let Ok(stream) = StreamId::new(category, id) else { return Ok(None) };
        let mut asked = None;
        store.visit(Read::stream(stream).page_of(1), |event| {
            let (position, text) = (event.position(), text_of(event));
            asked = text.map_err(|source| SightError::Decode { position, source })?;
            Ok::<_, SightError>(ControlFlow::Break(()))
        })?;
        if asked.is_some() {
            return Ok(asked.as_deref().map(legible));
        }
    }
    Ok(None)
}

/// What the first event of a stream asks, if it asks anything.
fn text_of(event: &EventRef<'_>) -> Result<Option<String>, DecodeError> {
    Ok(Some(match event.kind() {
        RelayRequested::KIND => match event.decode::<RelayRequested>()?.asked {
            Asked::Permission { tool } => use_of(&tool),
            Asked::Question { text, choices } => [vec![text], choices].concat().join("\n"),
        },
        PermissionAsked::KIND => use_of(&event.decode::<PermissionAsked>()?.tool),
        StopAsked::KIND => event.decode::<StopAsked>()?.message.unwrap_or_default(),
        _ => return Ok(None),
    }))
}

fn use_of(tool: &Tool) -> String {
    format!("{}\n{}", tool.name, tool.input)
}
