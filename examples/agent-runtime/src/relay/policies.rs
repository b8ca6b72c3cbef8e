//! Where relays meet the requests that they are about.

use vitae::{HandlerError, Policy, Reaction};

use super::{
    Answered, Asked, Channels, Expired, Matter, Relay, RelayAnswered, RelayCancelled, RelayExpired,
    RelayRequested, Reply,
};
use crate::permissions::{AlwaysAllowed, Permissions};
use crate::request::{
    Decision, PermissionAsked, PermissionDecided, Request, RequestLapsed, request_stream,
};
use crate::session::Session;

/// Whenever a permission is asked for that no rule has decided, and the session has channels, or the
/// one that it is a branch of, it is relayed. One that does not wait for a decision is not, whoever wants it to be.
pub fn permissions_are_relayed() -> Policy {
    Policy::new("permissions-are-relayed")
        .on(|event: &PermissionAsked, _, then| {
            let Channels::Open(open) = channels_of(&event.place.session, then)? else {
                return Ok(());
            };
            let stream = request_stream(&event.place.session, &event.request);
            if then.state::<Request>(&stream)?.awaiting().is_none() {
                return Ok(());
            }
            let requested = RelayRequested {
                place: event.place.clone(),
                request: event.request.clone(),
                asked: Asked::Permission { tool: event.tool.clone() },
                patience: open.patience,
            };
            Ok(then.record::<Relay>(&stream, requested)?)
        })
        .on(|event: &RelayRequested, relay, then| {
            let request = then.state::<Request>(relay.stream().id())?;
            match event.asked {
                Asked::Permission { .. } if request.awaiting().is_none() => {
                    Err("the request waits for no decision".into())
                }
                _ => Ok(()),
            }
        })
}

/// The channels of a session; those of the session that it descends from, if it is a branch without
/// any of its own.
fn channels_of(session: &str, then: &mut Reaction<'_>) -> Result<Channels, HandlerError> {
    let own = then.state::<Channels>(session)?;
    match (&own, &then.state::<Session>(session)?.line().origin) {
        (Channels::Closed, Some(origin)) => Ok(then.state::<Channels>(&origin.root)?),
        _ => Ok(own),
    }
}

/// Whenever a relay is answered or expires, what was asked for is decided.
pub fn relays_decide_requests() -> Policy {
    Policy::new("relays-decide-requests")
        .on(|_: &RelayAnswered, relay, then| {
            let id = relay.stream().id().as_str();
            let Relay::Answered(Answered { matter, reply, .. }) = then.state::<Relay>(id)? else {
                return Ok(());
            };
            let decision = match &reply {
                Reply::Allow | Reply::Always => Decision::Allow,
                Reply::Deny { reason } => Decision::Deny { reason: reason.clone() },
                // A question is no request: whoever asked it reads the answer from its relay.
                Reply::Text { .. } => return Ok(()),
            };
            if reply == Reply::Always {
                always_allow(&matter, then)?;
            }
            decide(id, &matter, "user", decision, then)
        })
        .on(|_: &RelayExpired, relay, then| {
            let id = relay.stream().id().as_str();
            let Relay::Expired(Expired { matter }) = then.state::<Relay>(id)? else {
                return Ok(());
            };
            if matches!(matter.asked, Asked::Question { .. }) {
                return Ok(());
            }
            let decision = Decision::NoOpinion { reason: "timeout".to_owned() };
            decide(id, &matter, "timeout", decision, then)
        })
}

fn decide(
    id: &str,
    matter: &Matter,
    source: &str,
    decision: Decision,
    then: &mut Reaction<'_>,
) -> Result<(), HandlerError> {
    let (place, request) = (matter.place.clone(), matter.request.clone());
    let source = source.to_owned();
    Ok(then.record::<Request>(id, PermissionDecided { place, request, source, decision })?)
}

/// "Always" is of the workflow in whose turn it was asked. That there is one, the relay has made sure.
fn always_allow(matter: &Matter, then: &mut Reaction<'_>) -> Result<(), HandlerError> {
    let (Some(workflow), Asked::Permission { tool }) = (&matter.place.workflow, &matter.asked)
    else {
        return Ok(());
    };
    let allowed = AlwaysAllowed {
        session: matter.place.session.clone(),
        workflow: workflow.clone(),
        request: matter.request.clone(),
        tool: tool.name.clone(),
    };
    Ok(then.record::<Permissions>(workflow, allowed)?)
}

/// Whenever what was asked for is decided or lapses without its relay, the relay is called off.
pub fn decisions_end_relays() -> Policy {
    Policy::new("decisions-end-relays")
        .on(|event: &PermissionDecided, request, then| {
            let why = format!("decided by {}", event.source);
            cancel(request.stream().id().as_str(), why, then)
        })
        .on(|_: &RequestLapsed, request, then| {
            cancel(request.stream().id().as_str(), "a further run has opened".to_owned(), then)
        })
}

fn cancel(id: &str, why: String, then: &mut Reaction<'_>) -> Result<(), HandlerError> {
    let relay = then.state::<Relay>(id)?;
    if let Some(Matter { place, request, .. }) = relay.matter().filter(|_| relay.is_pending()) {
        let (place, request) = (place.clone(), request.clone());
        then.record::<Relay>(id, RelayCancelled { place, request, why })?;
    }
    Ok(())
}
