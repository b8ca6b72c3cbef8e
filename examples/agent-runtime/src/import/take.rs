//! The events of one commit of an import.
//!
//! Owns which events a row becomes. A hook goes the way of any hook; what a lifecycle refuses is kept as
//! the row that it is.

use vitae::store::AppendError;
use vitae::{Alongside, Bus, CommitReason, Lifecycle, LoadError};

use super::events::{AgentImported, DecisionImported, RowKept, SessionImported};
use super::legacy::RawRow;
use super::steps::{Step, What};
use super::tables::{AgentRow, DecisionRow, HookRow, SessionRow, WorkflowRow};
use crate::request::{PermissionDecided, Request, RequestTyped, StopDecided, request_stream};
use crate::session::Session;
use crate::supervisor::{Heard, SuperviseError, Supervisor};
use crate::workflow::{self, Ended, Idle, Imported, Outcome, Workflow, WrappingUp};

/// Commits the events of a step.
pub(super) fn step(
    bus: &Bus,
    session: &str,
    step: &Step<'_>,
    alongside: &Alongside,
) -> Result<(), SuperviseError> {
    let take = Take { bus, session, step, alongside };
    let taken = match &step.what {
        What::Session(row) => take.session(&row.value),
        What::Workflow(row) => take.workflow(&row.value),
        What::WorkflowEnd(row, outcome) => take.workflow_end(&row.value.id, outcome),
        What::Hook(row, workflow) => take.hook(&row.value, *workflow),
        What::Decision(line, decision) => take.decision(&line.value.id, decision),
        What::Agent(row) => take.agent(&row.value),
        What::Opaque(row) => take.row(&row.raw, row.why.clone()),
    };
    match taken {
        Err(refused) if is_refusal(&refused) => take.row(step.raw(), refused.to_string()),
        taken => taken,
    }
}

/// Whether it is the row that cannot be taken, and not the log that cannot be read or written.
fn is_refusal(error: &SuperviseError) -> bool {
    matches!(
        error,
        SuperviseError::Record(_)
            | SuperviseError::WrongState { .. }
            | SuperviseError::InvalidName(_)
            | SuperviseError::Load(LoadError::InvalidId(_))
            | SuperviseError::UnknownRequest { .. }
            | SuperviseError::Commit(CommitReason::Append(AppendError::Invalid(_)))
    )
}

struct Take<'a> {
    bus: &'a Bus,
    session: &'a str,
    step: &'a Step<'a>,
    alongside: &'a Alongside,
}

impl Take<'_> {
    fn session(&self, row: &SessionRow) -> Result<(), SuperviseError> {
        let imported = SessionImported {
            session: row.id.clone(),
            project: row.project.clone(),
            label: row.label.clone(),
        };
        self.commit(self.load::<Session>(self.session)?.record(imported)?)
    }

    fn workflow(&self, row: &WorkflowRow) -> Result<(), SuperviseError> {
        let idle = self.load::<Workflow>(&row.id)?.at::<Idle>()?;
        self.commit(idle.record(Imported {
            session: self.session.to_owned(),
            workflow: row.id.clone(),
            name: row.name.clone(),
            iterations: row.iterations,
            max_iterations: row.max_iterations,
            tracker_path: row.tracker_path.clone(),
        })?)
    }

    fn workflow_end(&self, id: &str, outcome: &Outcome) -> Result<(), SuperviseError> {
        let running = self.load::<Workflow>(id)?.at::<workflow::Running>()?;
        let (session, workflow) = (self.session.to_owned(), id.to_owned());
        let wrapping_up = WrappingUp {
            session: session.clone(),
            workflow: workflow.clone(),
            outcome: outcome.clone(),
        };
        let ended = Ended { session, workflow, outcome: outcome.clone() };
        self.commit(running.record(wrapping_up)?.record(ended)?)
    }

    /// A hook is heard for the workflow that its agent session belongs to, while that one runs.
    fn hook(&self, row: &HookRow, workflow: Option<&str>) -> Result<(), SuperviseError> {
        let workflow = match workflow {
            Some(id) => {
                let runs = matches!(self.load::<Workflow>(id)?.state(), Workflow::Running(_));
                runs.then(|| id.to_owned())
            }
            None => None,
        };
        let supervisor = Supervisor::new(self.bus.clone(), self.session.to_owned());
        let heard = Heard { at: self.step.at, alongside: self.alongside.clone() };
        supervisor.in_turn_of(workflow).hook(&row.id, row.hook.clone(), heard)
    }

    fn decision(&self, line: &str, row: &DecisionRow) -> Result<(), SuperviseError> {
        let session = self.load::<Session>(self.session)?.record(DecisionImported {
            session: self.session.to_owned(),
            request: row.request.clone(),
            line: line.to_owned(),
        })?;
        let (request, source) = (row.request.clone(), row.source.to_owned());
        let decision = row.decision.clone();
        let asked = self.load::<Request>(&request_stream(self.session, &request))?;
        match asked.typed() {
            RequestTyped::AwaitingPermission(asked) => {
                let place = asked.state().place.clone();
                let decided = PermissionDecided { place, request, source, decision };
                self.commit((asked.record(decided)?, session))
            }
            RequestTyped::AwaitingStop(asked) => {
                let place = asked.state().place.clone();
                let counts = !asked.state().has_message;
                let decided = StopDecided { place, request, source, decision, counts };
                self.commit((asked.record(decided)?, session))
            }
            _ => Err(SuperviseError::UnknownRequest { request }),
        }
    }

    fn agent(&self, row: &AgentRow) -> Result<(), SuperviseError> {
        let imported = AgentImported {
            session: self.session.to_owned(),
            workflow: row.workflow.clone(),
            agent: row.id.clone(),
            tokens: row.tokens,
        };
        self.commit(self.load::<Session>(self.session)?.record(imported)?)
    }

    fn row(&self, raw: &RawRow, why: String) -> Result<(), SuperviseError> {
        let kept = RowKept {
            session: self.session.to_owned(),
            table: raw.table.clone(),
            row: raw.row.clone(),
            why,
            json: raw.json.clone(),
        };
        self.commit(self.load::<Session>(self.session)?.record(kept)?)
    }

    fn load<L: Lifecycle>(&self, id: &str) -> Result<vitae::Aggregate<L>, SuperviseError> {
        Ok(self.bus.load::<L>(id)?.occurring_at(self.step.at))
    }

    fn commit(&self, lives: impl vitae::CommitSet) -> Result<(), SuperviseError> {
        self.bus.commit_alongside(lives, self.alongside.clone())?;
        Ok(())
    }
}
