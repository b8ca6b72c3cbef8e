//! The `request` lifecycle: something the agent may not do before somebody has decided.
//!
//! Owns what was asked, what was decided, and that a request lapses when a further run opens.

use serde::{Deserialize, Serialize};
use vitae::store::EventRef;
use vitae::{Context, DecodeError, Event, Lifecycle, Schema};

use crate::run::{Place, Tool};

/// A request.
#[derive(Lifecycle, Clone, Debug)]
#[lifecycle(name = "request")]
pub enum Request {
    /// Not asked yet.
    #[state(initial)]
    #[on(PermissionAsked => AwaitingPermission, StopAsked => AwaitingStop)]
    Unasked,

    /// The agent waits for leave to use a tool.
    #[on(RequestPlaced => AwaitingPermission)]
    #[on(PermissionDecided => Decided, RequestLapsed => Lapsed)]
    AwaitingPermission(AwaitingPermission),

    /// The agent waits for leave to stop.
    #[on(StopDecided => Decided, RequestLapsed => Lapsed)]
    AwaitingStop(AwaitingStop),

    /// Somebody has decided.
    #[state(terminal)]
    Decided(Decided),

    /// Nobody has decided in time: a further run was opened.
    #[state(terminal)]
    Lapsed,
}

/// The id of the stream of a session's request.
#[must_use]
pub fn request_stream(session: &str, request: &str) -> String {
    format!("{session}/{request}")
}

/// How an event settles its request, if it does. One that lapses is left to the agent.
///
/// # Errors
/// [`DecodeError`] if the event cannot be read.
pub fn settled_by(event: &EventRef<'_>) -> Result<Option<Decision>, DecodeError> {
    Ok(match event.kind() {
        PermissionDecided::KIND => Some(event.decode::<PermissionDecided>()?.decision),
        StopDecided::KIND => Some(event.decode::<StopDecided>()?.decision),
        RequestLapsed::KIND => Some(Decision::NoOpinion { reason: "lapsed".to_owned() }),
        _ => None,
    })
}

/// [`Request::AwaitingPermission`].
#[derive(Clone, Debug)]
pub struct AwaitingPermission {
    /// Where it was asked.
    pub place: Place,
    /// The request.
    pub request: String,
    /// The tool.
    pub tool: Tool,
}

/// [`Request::AwaitingStop`].
#[derive(Clone, Debug)]
pub struct AwaitingStop {
    /// Where it was asked.
    pub place: Place,
    /// The request.
    pub request: String,
    /// Whether the agent said something with it. Then a decision on it counts nothing: in the
    /// program that this one rebuilds, the message takes the request's place.
    pub has_message: bool,
}

/// [`Request::Decided`].
#[derive(Clone, Debug)]
pub struct Decided {
    /// The tool that leave was asked for; `None` if it was to stop.
    pub tool: Option<Tool>,
}

/// What was decided.
#[derive(Schema, Serialize, Deserialize, Clone, PartialEq, Eq, Debug)]
pub enum Decision {
    /// Go on.
    Allow,
    /// Do not: a tool is not to be used, or the agent is not to stop.
    Deny {
        /// What the agent is told.
        reason: Option<String>,
    },
    /// Nobody has an opinion; the agent decides as it would alone.
    NoOpinion {
        /// Why, such as `timeout`.
        reason: String,
    },
}

/// The agent asks for leave to use a tool.
#[derive(Event, Serialize, Deserialize, Clone, Debug)]
#[event(
    name = "request.permission_asked",
    tag = place.session,
    tag = place.workflow,
    tag = request
)]
pub struct PermissionAsked {
    /// Where.
    pub place: Place,
    /// The request: the id of the hook that asks.
    pub request: String,
    /// The tool.
    pub tool: Tool,
}

/// Where a permission stood when it was asked for: what is around it, told by its own events.
#[derive(Event, Serialize, Deserialize, Clone, Debug)]
#[event(name = "request.placed", tag = place.session, tag = place.workflow, tag = request)]
pub struct RequestPlaced {
    /// Where it was asked.
    pub place: Place,
    /// The request.
    pub request: String,
    /// The public id of the run.
    pub run_id: String,
    /// The workflow in whose turn it was asked, if any.
    pub workflow: Option<WorkflowStanding>,
    /// The rule of the workflow that decides it, if one does, in words.
    pub rule: Option<String>,
}

/// How a workflow stood.
#[derive(Schema, Serialize, Deserialize, Clone, PartialEq, Eq, Debug)]
pub struct WorkflowStanding {
    /// Its name.
    pub name: String,
    /// The name of its state.
    pub state: String,
    /// Its turn, counted from 1; `None` if none was under way, as far as is known: a workflow that was
    /// imported from a file does not say which it was.
    pub iteration: Option<u32>,
    /// The most turns.
    pub max_iterations: u32,
}

/// The agent asks for leave to stop.
#[derive(Event, Serialize, Deserialize, Clone, Debug)]
#[event(name = "request.stop_asked", tag = place.session, tag = place.workflow, tag = request)]
pub struct StopAsked {
    /// Where.
    pub place: Place,
    /// The request: the id of the hook that asks.
    pub request: String,
    /// The last thing it said.
    pub message: Option<String>,
    /// Whether a decision has kept it from stopping before.
    pub again: bool,
}

/// Somebody has decided whether the tool may be used.
#[derive(Event, Serialize, Deserialize, Clone, Debug)]
#[event(
    name = "request.permission_decided",
    tag = place.session,
    tag = place.workflow,
    tag = request
)]
pub struct PermissionDecided {
    /// Where it was asked.
    pub place: Place,
    /// The request.
    pub request: String,
    /// Who decided: `user`, `rule`, `timeout`.
    pub source: String,
    /// What was decided.
    pub decision: Decision,
}

/// Somebody has decided whether the agent may stop.
#[derive(Event, Serialize, Deserialize, Clone, Debug)]
#[event(name = "request.stop_decided", tag = place.session, tag = place.workflow, tag = request)]
pub struct StopDecided {
    /// Where it was asked.
    pub place: Place,
    /// The request.
    pub request: String,
    /// Who decided: `user`, `rule`, `timeout`.
    pub source: String,
    /// What was decided.
    pub decision: Decision,
    /// Whether it counts: a decision on a stop with a message does not.
    pub counts: bool,
}

/// A further run was opened before anybody had decided.
#[derive(Event, Serialize, Deserialize, Clone, Debug)]
#[event(name = "request.lapsed", tag = place.session, tag = place.workflow, tag = request)]
pub struct RequestLapsed {
    /// Where it was asked.
    pub place: Place,
    /// The request.
    pub request: String,
}

impl Request {
    /// Where it was asked, if nobody has decided yet.
    #[must_use]
    pub const fn awaiting(&self) -> Option<&Place> {
        match self {
            Self::AwaitingPermission(state) => Some(&state.place),
            Self::AwaitingStop(state) => Some(&state.place),
            Self::Unasked | Self::Decided(_) | Self::Lapsed => None,
        }
    }
}

impl RequestTransitions for Request {
    fn unasked_on_permission_asked(
        _: Unasked,
        event: &PermissionAsked,
        _: &Context,
    ) -> AwaitingPermission {
        let (place, request) = (event.place.clone(), event.request.clone());
        AwaitingPermission { place, request, tool: event.tool.clone() }
    }

    fn awaiting_permission_on_request_placed(
        from: AwaitingPermission,
        _: &RequestPlaced,
        _: &Context,
    ) -> AwaitingPermission {
        from
    }

    fn unasked_on_stop_asked(_: Unasked, event: &StopAsked, _: &Context) -> AwaitingStop {
        AwaitingStop {
            place: event.place.clone(),
            request: event.request.clone(),
            has_message: event.message.is_some(),
        }
    }

    fn awaiting_permission_on_permission_decided(
        from: AwaitingPermission,
        _: &PermissionDecided,
        _: &Context,
    ) -> Decided {
        Decided { tool: Some(from.tool) }
    }

    fn awaiting_stop_on_stop_decided(_: AwaitingStop, _: &StopDecided, _: &Context) -> Decided {
        Decided { tool: None }
    }
}
