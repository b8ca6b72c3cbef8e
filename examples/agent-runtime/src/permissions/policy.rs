//! Where requests meet the workflow in whose turn they are asked, and its rules.

use vitae::{Context, HandlerError, Lifecycle, Policy, Reaction};

use super::{Moment, Permissions, Verdict};
use crate::hook::question::asked_by;
use crate::request::{
    Decision, PermissionAsked, PermissionDecided, Request, RequestPlaced, WorkflowStanding,
    request_stream,
};
use crate::run::Run;
use crate::workflow::Workflow;

/// Whenever a permission is asked for, it is noted where it stands, so that its own events tell; and
/// if a rule of the workflow speaks, it is decided in the same commit, before anybody is asked.
pub fn requests_meet_their_workflow() -> Policy {
    Policy::new("requests-meet-their-workflow").on(|event: &PermissionAsked, context, then| {
        let stream = request_stream(&event.place.session, &event.request);
        let (run_id, workflow) = (run_id(event, then)?, standing(event, then)?);
        let decided = match &workflow {
            Some(workflow) => rule_on(event, workflow, context, then)?,
            None => None,
        };
        let (rule, decision) = decided.unzip();
        let (place, request) = (event.place.clone(), event.request.clone());
        then.record::<Request>(&stream, RequestPlaced { place, request, run_id, workflow, rule })?;
        if let Some(decision) = decision {
            let (place, request) = (event.place.clone(), event.request.clone());
            let source = "rule".to_owned();
            let decided = PermissionDecided { place, request, source, decision };
            then.record::<Request>(&stream, decided)?;
        }
        Ok(())
    })
}

/// The public id of the run that it is asked in.
fn run_id(event: &PermissionAsked, then: &mut Reaction<'_>) -> Result<String, HandlerError> {
    match then.state::<Run>(event.place.run_stream())? {
        Run::Running(running) => Ok(running.run_id),
        _ => Err("a permission is asked for outside any run".into()),
    }
}

/// How the workflow stands in whose turn it is asked.
fn standing(
    event: &PermissionAsked,
    then: &mut Reaction<'_>,
) -> Result<Option<WorkflowStanding>, HandlerError> {
    let Some(id) = &event.place.workflow else {
        return Ok(None);
    };
    let workflow = then.state::<Workflow>(id)?;
    let state = workflow.state().name.to_owned();
    let (plan, iteration) = match workflow {
        Workflow::Starting(starting) => (starting.plan, None),
        Workflow::Running(running) => (running.plan, running.in_turn.then_some(running.iteration)),
        _ => return Ok(None),
    };
    let (name, max_iterations) = (plan.name, plan.max_iterations);
    Ok(Some(WorkflowStanding { name, state, iteration, max_iterations }))
}

/// The rule that speaks, as text, and what it decides.
fn rule_on(
    event: &PermissionAsked,
    workflow: &WorkflowStanding,
    context: &Context,
    then: &mut Reaction<'_>,
) -> Result<Option<(String, Decision)>, HandlerError> {
    let Some(id) = &event.place.workflow else {
        return Ok(None);
    };
    let moment = Moment { iteration: workflow.iteration.unwrap_or(0), at: context.occurred_at() };
    let permissions = then.state::<Permissions>(id)?;
    // That it may ask is no answer.
    let asks = !asked_by(&event.tool).is_empty();
    let spoken = permissions.rule_on(&event.tool.name, moment);
    let spoken = spoken.filter(|spoken| !asks || spoken.rule.verdict == Verdict::Deny);
    Ok(spoken.map(|spoken| {
        let rule = spoken.to_string();
        let decision = match spoken.rule.verdict {
            Verdict::Approve => Decision::Allow,
            Verdict::Deny => Decision::Deny { reason: Some(format!("the workflow's {rule}")) },
        };
        (rule, decision)
    }))
}
