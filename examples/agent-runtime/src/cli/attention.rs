//! `steer`, `suspend`, `wake`: what a person does to a workflow, beside the program that runs it.

use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;

use agent_runtime::supervisor::{Heard, Supervisor};
use clap::Args;
use vitae::{Alongside, Clock, SystemClock};

use super::Failure;

#[derive(Args)]
pub(crate) struct OfWorkflow {
    /// The workflow run's id.
    workflow: String,
    /// The store.
    #[arg(long, value_name = "FILE")]
    db: PathBuf,
}

impl OfWorkflow {
    fn supervisor(&self) -> Result<Supervisor, Failure> {
        let bus =
            agent_runtime::bus(Arc::new(agent_runtime::store_options().open_existing(&self.db)?))?;
        Ok(Supervisor::of_workflow(bus, &self.workflow)?)
    }
}

pub(super) fn steer(of: &OfWorkflow, text: &str) -> Result<(), Failure> {
    of.supervisor()?.steer(&of.workflow, text, now())?;
    say(&format!("{}: the agent is told when it next stops, or with the next prompt", of.workflow))
}

pub(super) fn suspend(of: &OfWorkflow, reason: &str) -> Result<(), Failure> {
    of.supervisor()?.suspend(&of.workflow, reason, now())?;
    say(&format!("{}: no further turn begins before it is woken", of.workflow))
}

pub(super) fn wake(of: &OfWorkflow, message: Option<&str>) -> Result<(), Failure> {
    of.supervisor()?.wake(&of.workflow, message, now())?;
    say(&format!("{}: it goes on where it was", of.workflow))
}

pub(super) fn now() -> Heard {
    Heard { at: SystemClock.now(), alongside: Alongside::new() }
}

pub(super) fn say(what: &str) -> Result<(), Failure> {
    Ok(writeln!(io::stdout().lock(), "{what}")?)
}
