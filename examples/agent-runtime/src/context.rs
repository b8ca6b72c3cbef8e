//! "What is the active workflow context for this permission request?": the question the project
//! began with, answered by one read of the log.
//!
//! The read is of the request's own stream, and that is three events at the most, however long the
//! log, the session and the workflow: it was asked, it was [placed](RequestPlaced), it was decided or
//! has lapsed. What was around it a policy told it, in the commit in which it was asked.

use vitae::store::{EventStore, Page, Read, ReadError};
use vitae::{DecodeError, Event, InvalidName, Lifecycle, StreamId};

use crate::request::{
    Decision, PermissionAsked, PermissionDecided, Request, RequestLapsed, RequestPlaced,
    WorkflowStanding, request_stream,
};
use crate::run::{Place, Tool};

/// The most events that a context is read from.
pub const MOST_EVENTS: usize = 3;

/// A permission request and what was around it.
#[derive(Clone, PartialEq, Debug)]
pub struct RequestContext {
    /// Where it was asked: the session, the workflow in whose turn, the run.
    pub place: Place,
    /// The request.
    pub request: String,
    /// What the agent wants to use.
    pub tool: Tool,
    /// The public id of the run.
    pub run: String,
    /// How the workflow stood, if it was asked in the turn of one.
    pub workflow: Option<WorkflowStanding>,
    /// The rule of the workflow that decided it, if one did.
    pub rule: Option<String>,
    /// What was decided, and by whom.
    pub decision: Option<(String, Decision)>,
    /// Whether a further run opened before anybody had decided.
    pub lapsed: bool,
}

/// Why there is no context.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ContextError {
    /// The session has no permission request of this id.
    #[error("session `{session}` has no permission request `{request}`")]
    Unknown {
        /// The session.
        session: String,
        /// The request.
        request: String,
    },
    /// An id cannot be part of a stream's.
    #[error("an id is not valid")]
    InvalidName(#[from] InvalidName),
    /// The log could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// An event could not be read.
    #[error("an event of the log cannot be read")]
    Decode(#[from] DecodeError),
}

/// The context of a permission request, in one read of the log.
///
/// # Errors
/// [`ContextError`] if there is no such request, or the log cannot be read.
pub fn of_request(
    store: &dyn EventStore,
    session: &str,
    request: &str,
) -> Result<RequestContext, ContextError> {
    let stream = StreamId::new(Request::DEFINITION.name, request_stream(session, request))?;
    let mut page = Page::new();
    store.read(&Read::stream(stream).page_of(MOST_EVENTS), &mut page)?;
    let (mut asked, mut placed, mut decision, mut lapsed) = (None, None, None, false);
    for event in page.iter() {
        match event.kind() {
            PermissionAsked::KIND => asked = Some(event.decode::<PermissionAsked>()?),
            RequestPlaced::KIND => placed = Some(event.decode::<RequestPlaced>()?),
            PermissionDecided::KIND => {
                let decided: PermissionDecided = event.decode()?;
                decision = Some((decided.source, decided.decision));
            }
            RequestLapsed::KIND => lapsed = true,
            _ => {}
        }
    }
    let (Some(PermissionAsked { place, request, tool }), Some(placed)) = (asked, placed) else {
        let (session, request) = (session.to_owned(), request.to_owned());
        return Err(ContextError::Unknown { session, request });
    };
    let RequestPlaced { run_id: run, workflow, rule, .. } = placed;
    Ok(RequestContext { place, request, tool, run, workflow, rule, decision, lapsed })
}
