//! `cancel`: a workflow is to end with the turn that is under way.

use std::path::PathBuf;
use std::sync::Arc;

use agent_runtime::live::hearing::Hearing;
use agent_runtime::supervisor::Supervisor;
use clap::Args;

use super::Failure;

#[derive(Args)]
pub(crate) struct CancelArguments {
    /// The store.
    #[arg(long, value_name = "FILE", default_value = "agent-runtime.db")]
    db: PathBuf,
    /// The session.
    #[arg(long, value_name = "ID", default_value = "main")]
    session: String,
}

/// The supervisor is not asked: it reads on the log what has happened, as always.
pub(super) fn cancel(arguments: &CancelArguments) -> Result<(), Failure> {
    if !arguments.db.exists() {
        return Err(format!("there is no store at {}", arguments.db.display()).into());
    }
    let bus = agent_runtime::bus(Arc::new(agent_runtime::store_options().open(&arguments.db)?))?;
    let hearing = Hearing::new(bus, arguments.session.clone());
    Ok(hearing.see(Supervisor::cancel)?)
}
