//! Where relays meet the requests that they are about.

use vitae::{HandlerError, Policy, Reaction};

use super::{
    Answered, Asked, Channels, Expired, Matter, Relay, RelayAnswered, RelayCancelled, RelayExpired,
    RelayRequested, Reply, asked_for, question_id, question_of,
};
use crate::hook::question::asked_by;
use crate::permissions::{AlwaysAllowed, Permissions};
use crate::request::{
    Decided, Decision, PermissionAsked, PermissionDecided, Request, RequestLapsed, request_stream,
};
use crate::session::Session;

/// Whenever a permission is asked for that no rule has decided, and the session has channels, or the
/// one that it is a branch of, it is relayed. One that does not wait for a decision is not, whoever
/// wants it to be.
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
            for (request, asked) in asked_for(&event.request, &event.tool) {
                let stream = request_stream(&event.place.session, &request);
                let (place, patience) = (event.place.clone(), open.patience());
                let requested = RelayRequested { place, request, asked, patience };
                then.record::<Relay>(&stream, requested)?;
            }
            Ok(())
        })
        .on(|event: &RelayRequested, relay, then| {
            let id = relay.stream().id().as_str();
            let waits = match event.asked {
                Asked::Permission { .. } => then.state::<Request>(id)?.awaiting().is_some(),
                // Most questions are nobody's but the supervisor's.
                Asked::Question { .. } => match asker(id, then)? {
                    Some((_, request)) => request.awaiting().is_some(),
                    None => true,
                },
            };
            if waits { Ok(()) } else { Err("the request waits for no decision".into()) }
        })
}

/// The request that a question belongs to, if it does, with the id of its stream.
fn asker(id: &str, then: &mut Reaction<'_>) -> Result<Option<(String, Request)>, HandlerError> {
    let Some((stream, number)) = question_of(id) else {
        return Ok(None);
    };
    let request = then.state::<Request>(stream)?;
    let asks = match &request {
        Request::AwaitingPermission(state) => asked_by(&state.tool).len(),
        Request::Decided(Decided { tool: Some(tool) }) => asked_by(tool).len(),
        // It does not say any more what it asked; nobody waits for the answer.
        Request::Lapsed => number,
        _ => 0,
    };
    Ok((number <= asks).then(|| (stream.to_owned(), request)))
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
                Reply::Text { .. } => return answered(id, then),
            };
            if reply == Reply::Always {
                always_allow(&matter, then)?;
            }
            let (place, request, source) = (matter.place, matter.request, "user".to_owned());
            let decided = PermissionDecided { place, request, source, decision };
            Ok(then.record::<Request>(id, decided)?)
        })
        .on(|_: &RelayExpired, relay, then| {
            let id = relay.stream().id().as_str();
            let Relay::Expired(Expired { matter }) = then.state::<Relay>(id)? else {
                return Ok(());
            };
            let decision = Decision::NoOpinion { reason: "timeout".to_owned() };
            let (stream, place, request) = match (matter.asked, asker(id, then)?) {
                (Asked::Permission { .. }, _) => (id.to_owned(), matter.place, matter.request),
                (_, Some((stream, Request::AwaitingPermission(asks)))) => {
                    (stream, asks.place, asks.request)
                }
                _ => return Ok(()),
            };
            let source = "timeout".to_owned();
            let decided = PermissionDecided { place, request, source, decision };
            Ok(then.record::<Request>(stream, decided)?)
        })
}

/// A question is answered. If it is the last one of a request, the agent has its answers: whoever tells it
/// reads them from the relays, as whoever asks a question without a request does.
fn answered(id: &str, then: &mut Reaction<'_>) -> Result<(), HandlerError> {
    let Some((stream, Request::AwaitingPermission(asks))) = asker(id, then)? else {
        return Ok(());
    };
    for (number, _) in (1..).zip(asked_by(&asks.tool)) {
        if !matches!(then.state::<Relay>(question_id(&stream, number))?, Relay::Answered(_)) {
            return Ok(());
        }
    }
    let (source, decision) = ("user".to_owned(), Decision::Allow);
    let decided = PermissionDecided { place: asks.place, request: asks.request, source, decision };
    Ok(then.record::<Request>(stream, decided)?)
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

/// Whenever what was asked for is decided or lapses without its relay, the relay is called off, and so is
/// each question that it asked.
pub fn decisions_end_relays() -> Policy {
    Policy::new("decisions-end-relays")
        .on(|event: &PermissionDecided, request, then| {
            let why = format!("decided by {}", event.source);
            cancel(request.stream().id().as_str(), &why, then)
        })
        .on(|_: &RequestLapsed, request, then| {
            cancel(request.stream().id().as_str(), "a further run has opened", then)
        })
}

fn cancel(stream: &str, why: &str, then: &mut Reaction<'_>) -> Result<(), HandlerError> {
    cancel_one(stream, why, then)?;
    for number in 1.. {
        if !cancel_one(&question_id(stream, number), why, then)? {
            break;
        }
    }
    Ok(())
}

/// Calls a relay off, if it is pending. Says whether there is one.
fn cancel_one(id: &str, why: &str, then: &mut Reaction<'_>) -> Result<bool, HandlerError> {
    let relay = then.state::<Relay>(id)?;
    let Some(Matter { place, request, .. }) = relay.matter() else {
        return Ok(false);
    };
    if relay.is_pending() {
        let (place, request, why) = (place.clone(), request.clone(), why.to_owned());
        then.record::<Relay>(id, RelayCancelled { place, request, why })?;
    }
    Ok(true)
}
