//! How the lifecycles move together. None of them knows another; here is where they meet.
//!
//! All policies are atomic: what they record joins the commit of its cause, so no crash can fall
//! between a run that closes and a workflow that advances.

use vitae::{HandlerError, Policy, Reaction};

use crate::permissions;
use crate::relay;
use crate::request::{
    Decision, PermissionAsked, PermissionDecided, Request, RequestLapsed, StopAsked, StopDecided,
    request_stream,
};
use crate::run::{
    Place, RequestKind, RequestRaised, RequestSettled, Run, RunClosed, RunOpened, run_stream,
};
use crate::session::{
    RunNoted, RunOver, Session, TurnBegan, TurnOver, WorkflowBegan, WorkflowOver,
};
use crate::workflow::{
    Ended, Imported, IterationCompleted, RunJoined, Started, TakenUp, TurnStarted, Workflow,
};

/// Every policy, in the order in which they react.
#[must_use]
pub fn all() -> Vec<Policy> {
    vec![
        workflows_move_the_session(),
        runs_move_the_session_and_their_workflow(),
        requests_count_in_their_run(),
        a_further_run_lapses_requests(),
        permissions::requests_meet_their_workflow(),
        // After the rules: what they have decided is not relayed.
        relay::permissions_are_relayed(),
        relay::relays_decide_requests(),
        relay::decisions_end_relays(),
        crate::retry::policy(),
        crate::branches::policy(),
        crate::steering::policy(),
    ]
}

/// Whenever a workflow or one of its turns begins or ends, the session knows whose the hooks are.
fn workflows_move_the_session() -> Policy {
    Policy::new("workflows-move-the-session")
        .on(|event: &Started, _, then| {
            let (session, workflow) = (event.session.clone(), event.workflow.clone());
            Ok(then.record::<Session>(&event.session, WorkflowBegan { session, workflow })?)
        })
        .on(|event: &Imported, _, then| {
            let (session, workflow) = (event.session.clone(), event.workflow.clone());
            Ok(then.record::<Session>(&event.session, WorkflowBegan { session, workflow })?)
        })
        .on(|event: &TakenUp, _, then| {
            // Others may have begun in the session since it was imported.
            let (session, workflow) = (event.session.clone(), event.workflow.clone());
            Ok(then.record::<Session>(&event.session, WorkflowBegan { session, workflow })?)
        })
        .on(|event: &TurnStarted, _, then| {
            let (session, workflow) = (event.session.clone(), event.workflow.clone());
            Ok(then.record::<Session>(&event.session, TurnBegan { session, workflow })?)
        })
        .on(|event: &IterationCompleted, _, then| {
            let (session, workflow) = (event.session.clone(), event.workflow.clone());
            Ok(then.record::<Session>(&event.session, TurnOver { session, workflow })?)
        })
        .on(|event: &Ended, _, then| {
            let (session, workflow) = (event.session.clone(), event.workflow.clone());
            Ok(then.record::<Session>(&event.session, WorkflowOver { session, workflow })?)
        })
}

/// Whenever a run opens or closes, the session knows; and the workflow whose turn it is joins it.
fn runs_move_the_session_and_their_workflow() -> Policy {
    Policy::new("runs-move-the-session-and-their-workflow")
        .on(|event: &RunOpened, _, then| {
            let Place { session, workflow, run } = event.place.clone();
            then.record::<Session>(&session, RunNoted { session: session.clone(), run })?;
            // The run of a branch may be opened when the turn is over: then it has none to join.
            if let Some(workflow) = workflow
                && let Workflow::Running(_) = then.state::<Workflow>(&workflow)?
            {
                let id = workflow.clone();
                let run = event.run_id.clone();
                then.record::<Workflow>(&id, RunJoined { session, workflow, run })?;
            }
            Ok(())
        })
        .on(|event: &RunClosed, _, then| {
            let Place { session, run, .. } = event.place.clone();
            let id = session.clone();
            Ok(then.record::<Session>(&id, RunOver { session, run })?)
        })
}

/// Whenever a request is raised or decided, its run counts it.
fn requests_count_in_their_run() -> Policy {
    Policy::new("requests-count-in-their-run")
        .on(|event: &PermissionAsked, _, then| {
            raise(&event.place, &event.request, RequestKind::Permission, then)
        })
        .on(|event: &StopAsked, _, then| {
            raise(&event.place, &event.request, RequestKind::Stop, then)
        })
        .on(|event: &PermissionDecided, _, then| settle(&event.place, &event.request, false, then))
        .on(|event: &StopDecided, _, then| {
            let denied = matches!(event.decision, Decision::Deny { .. });
            settle(&event.place, &event.request, denied && event.counts, then)
        })
}

fn raise(
    place: &Place,
    request: &str,
    kind: RequestKind,
    then: &mut Reaction<'_>,
) -> Result<(), HandlerError> {
    let raised = RequestRaised { place: place.clone(), request: request.to_owned(), kind };
    Ok(then.record::<Run>(place.run_stream(), raised)?)
}

fn settle(
    place: &Place,
    request: &str,
    blocked: bool,
    then: &mut Reaction<'_>,
) -> Result<(), HandlerError> {
    // A decision may come after the run has closed: then it has nothing to count in.
    if let Run::Running(_) = then.state::<Run>(place.run_stream())? {
        let request = request.to_owned();
        let settled = RequestSettled { place: place.clone(), request, blocked };
        then.record::<Run>(place.run_stream(), settled)?;
    }
    Ok(())
}

/// Whenever a run opens, what the run before it asked and nobody decided lapses.
fn a_further_run_lapses_requests() -> Policy {
    Policy::new("a-further-run-lapses-requests").on(|event: &RunOpened, _, then| {
        let Place { session, run, .. } = &event.place;
        let before = run_stream(session, run.saturating_sub(1));
        let Run::Closed(before) = then.state::<Run>(before)? else {
            return Ok(());
        };
        lapse(session, &before.pending, then)
    })
}

/// Requests that nobody waits for any more lapse, unless somebody has decided.
pub(crate) fn lapse(
    session: &str,
    requests: &[String],
    then: &mut Reaction<'_>,
) -> Result<(), HandlerError> {
    for request in requests {
        let stream = request_stream(session, request);
        if let Some(place) = then.state::<Request>(&stream)?.awaiting().cloned() {
            let request = request.clone();
            then.record::<Request>(&stream, RequestLapsed { place, request })?;
        }
    }
    Ok(())
}
