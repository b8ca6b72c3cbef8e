//! `attend`: an agent for a person, whose hooks are heard.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::sync::Arc;

use agent_runtime::live::conduct::Supervised;
use agent_runtime::live::places::Places;
use agent_runtime::live::{PROGRAM, SESSION, SOCKET};
use agent_runtime::relay::outside::OpenChannels;
use clap::Args;
use vitae_sqlite::SqliteStore;

use super::Failure;
use super::channels::BesideTerminal;

#[derive(Args)]
pub(crate) struct AttendArguments {
    /// The store; it is created if it is missing.
    #[arg(long, value_name = "FILE", default_value = "agent-runtime.db")]
    db: PathBuf,
    /// The session.
    #[arg(long, value_name = "ID", default_value = "main")]
    session: String,
    // The terminal is the agent's.
    #[command(flatten)]
    channels: BesideTerminal,
    /// The agent; it has this terminal, and its exit status is this program's.
    #[arg(last = true, required = true)]
    command: Vec<OsString>,
}

pub(super) fn attend(arguments: &AttendArguments) -> Result<ExitCode, Failure> {
    let places = Places::of(&arguments.db, &arguments.session)?;
    let bus = agent_runtime::bus(Arc::new(SqliteStore::open(&arguments.db)?))?;
    let supervised = Supervised::open(bus.clone(), places)?;
    if let Some(workflow) = supervised.hearing().supervisor().workflow_under_way()? {
        let reason =
            format!("workflow `{workflow}` is under way in this session; go on with `run`");
        return Err(reason.into());
    }
    let Some((program, rest)) = arguments.command.split_first() else {
        return Err("no command was given for the agent".into());
    };
    let channels = arguments.channels.open(&bus, &arguments.session)?;
    let status = Command::new(program)
        .args(rest)
        .env(PROGRAM, std::env::current_exe()?)
        .env(SOCKET, supervised.places().socket())
        .env(SESSION, &arguments.session)
        .status();
    // Whatever came of it, nobody is there any more to be asked.
    let closed = channels.map_or(Ok(()), OpenChannels::close);
    let status =
        status.map_err(|error| format!("cannot start `{}`: {error}", program.display()))?;
    closed?;
    // Without an exit code it was a signal: what a shell says of that is as good as any.
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
}
