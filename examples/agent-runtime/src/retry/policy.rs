//! What a workflow's retry life hears of turns and permissions.

use vitae::{HandlerError, Policy, Reaction};

use super::{Denial, PermissionRefused, Retry, TurnWatched};
use crate::request::{Decision, PermissionDecided, Request, request_stream};
use crate::workflow::TurnStarted;

/// How much is noted of what a tool was to be given, and of the reason, in characters. The whole of it
/// stands where it was asked and decided.
const NOTED: usize = 500;

/// Whenever a turn begins it is watched, and whenever it is denied a permission that is noted. A turn
/// that begins before its pause is over is refused here: nothing can be watched while it lasts.
#[must_use]
pub fn policy() -> Policy {
    Policy::new("turns-are-watched")
        .on(|event: &TurnStarted, _, then| {
            if let Retry::Off = then.state::<Retry>(&event.workflow)? {
                return Ok(());
            }
            let (session, workflow) = (event.session.clone(), event.workflow.clone());
            let watched = TurnWatched { session, workflow, iteration: event.iteration };
            Ok(then.record::<Retry>(&event.workflow, watched)?)
        })
        .on(|event: &PermissionDecided, _, then| match (&event.decision, &event.place.workflow) {
            (Decision::Deny { reason }, Some(workflow)) => {
                note(event, workflow, reason.as_deref(), then)
            }
            _ => Ok(()),
        })
}

fn note(
    event: &PermissionDecided,
    workflow: &str,
    reason: Option<&str>,
    then: &mut Reaction<'_>,
) -> Result<(), HandlerError> {
    if let Retry::Off = then.state::<Retry>(workflow)? {
        return Ok(());
    }
    let session = &event.place.session;
    let Request::Decided(decided) =
        then.state::<Request>(request_stream(session, &event.request))?
    else {
        return Ok(());
    };
    let Some(tool) = decided.tool else { return Ok(()) };
    let refused = PermissionRefused {
        session: session.clone(),
        workflow: workflow.to_owned(),
        request: event.request.clone(),
        denial: Denial {
            tool: beginning(&tool.name),
            input: beginning(&tool.input),
            reason: reason.map(beginning),
        },
    };
    Ok(then.record::<Retry>(workflow, refused)?)
}

fn beginning(text: &str) -> String {
    let mut noted: String = text.chars().take(NOTED).collect();
    if noted.len() < text.len() {
        noted.push('…');
    }
    noted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_long_is_noted_with_its_beginning() {
        assert_eq!(beginning(&"é".repeat(NOTED)), "é".repeat(NOTED));
        assert_eq!(beginning(&"é".repeat(NOTED + 1)), "é".repeat(NOTED) + "…");
    }
}
