//! How runs, sessions and branches move together.

use vitae::{HandlerError, Policy, Reaction};

use crate::run::{Forked, Joined, Place, Run, RunClosed, RunStatus, run_stream};
use crate::session::{BranchOver, Branched, Session, TurnBegan};
use crate::{UNKNOWN_AGENT, policies};

/// Whenever a run forks, the branch is a session that works for the same workflow; whenever it is
/// joined, or its parent closes, it is over.
#[must_use]
pub fn policy() -> Policy {
    Policy::new("branches-follow-their-run")
        .on(|event: &Forked, _, then| {
            let Place { session, workflow, .. } = &event.place;
            let origin = then.state::<Session>(session)?.line().origin.clone();
            let branched = Branched {
                session: event.branch.clone(),
                agent: event.agent.clone(),
                parent: event.place.run_stream(),
                depth: origin.map_or(0, |origin| origin.depth).saturating_add(1),
            };
            then.record::<Session>(&event.branch, branched)?;
            if let Some(workflow) = workflow.clone() {
                let began = TurnBegan { session: event.branch.clone(), workflow };
                then.record::<Session>(&event.branch, began)?;
            }
            Ok(())
        })
        .on(|event: &Joined, _, then| end(&event.branch, RunStatus::Completed, then))
        .on(|event: &RunClosed, _, then| {
            let Run::Closed(parent) = then.state::<Run>(event.place.run_stream())? else {
                return Ok(());
            };
            parent.branches.iter().try_for_each(|branch| end(branch, RunStatus::Aborted, then))
        })
}

/// Closes the branch's open run, with what it asked for, and takes the branch from its workflow.
fn end(branch: &str, status: RunStatus, then: &mut Reaction<'_>) -> Result<(), HandlerError> {
    let session = then.state::<Session>(branch)?;
    let line = session.line();
    let stream = run_stream(branch, line.runs);
    if line.run_is_open
        && let Run::Running(running) = then.state::<Run>(&stream)?
    {
        let agent = line.agent.clone().unwrap_or_else(|| UNKNOWN_AGENT.to_owned());
        then.record::<Run>(&stream, RunClosed { place: running.place, agent, status })?;
        policies::lapse(branch, &running.pending, then)?;
    }
    Ok(then.record::<Session>(branch, BranchOver { session: branch.to_owned() })?)
}
