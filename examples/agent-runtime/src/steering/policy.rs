//! Where messages meet the agent that they are for.

use vitae::{HandlerError, Policy, Reaction};

use super::{Steering, Taken, Told};
use crate::prompt::Besides;
use crate::request::{Decision, Request, StopAsked, StopDecided};
use crate::session::Session;
use crate::workflow::{IterationCompleted, Workflow};

/// Whenever the agent of a workflow wants to stop and somebody has a message for it, it is kept from
/// stopping and told; when its turn has ended for good, what it was told is taken.
///
/// Nothing else holds a stop. Nobody is asked about one, and a tracker that is not complete is no reason:
/// each turn is a fresh agent, and the next one goes on from there.
#[must_use]
pub fn policy() -> Policy {
    Policy::new("messages-hold-a-stop")
        .on(|event: &StopAsked, stop, then| match &event.place.workflow {
            Some(workflow) => hold(event, stop.stream().id().as_str(), workflow, then),
            None => Ok(()),
        })
        .on(|event: &IterationCompleted, _, then| {
            let Steering::Queue(queue) = then.state::<Steering>(&event.workflow)?;
            if queue.told <= queue.taken || is_run_again(&event.workflow, then)? {
                return Ok(());
            }
            let (session, workflow) = (event.session.clone(), event.workflow.clone());
            let taken = Taken { session, workflow, up_to: queue.told };
            Ok(then.record::<Steering>(&event.workflow, taken)?)
        })
}

fn hold(
    event: &StopAsked,
    stop: &str,
    workflow: &str,
    then: &mut Reaction<'_>,
) -> Result<(), HandlerError> {
    let Steering::Queue(queue) = then.state::<Steering>(workflow)?;
    if queue.untold().is_empty() || !may_be_held(event, stop, workflow, then)? {
        return Ok(());
    }
    let messages = Besides { messages: queue.untold(), ..Besides::default() };
    let reason = messages.after(String::new()).text.trim_start().to_owned();
    let told = Told {
        session: event.place.session.clone(),
        workflow: workflow.to_owned(),
        request: event.request.clone(),
        up_to: queue.last(),
    };
    then.record::<Steering>(workflow, told)?;
    let decided = StopDecided {
        place: event.place.clone(),
        request: event.request.clone(),
        source: "steering".to_owned(),
        decision: Decision::Deny { reason: Some(reason) },
        counts: event.message.is_none(),
    };
    Ok(then.record::<Request>(stop, decided)?)
}

/// Whether the agent is one that can be told, and is to go on at all. A branch has a task of its own.
fn may_be_held(
    event: &StopAsked,
    stop: &str,
    workflow: &str,
    then: &mut Reaction<'_>,
) -> Result<bool, HandlerError> {
    let waits = then.state::<Request>(stop)?.awaiting().is_some();
    let is_branch = then.state::<Session>(&event.place.session)?.line().origin.is_some();
    let goes_on = match then.state::<Workflow>(workflow)? {
        Workflow::Running(running) => !running.cancelled && running.suspension.is_none(),
        _ => false,
    };
    Ok(waits && !is_branch && goes_on)
}

/// Whether the turn that has just ended is run again, now or when somebody has looked.
fn is_run_again(workflow: &str, then: &mut Reaction<'_>) -> Result<bool, HandlerError> {
    Ok(match then.state::<Workflow>(workflow)? {
        Workflow::Running(running) => running.repeats,
        Workflow::AwaitingAttention(state) => state.running.repeats,
        _ => false,
    })
}
