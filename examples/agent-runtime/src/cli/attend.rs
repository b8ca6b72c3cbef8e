//! `attend`: an agent for a person, whose hooks are heard.

use std::ffi::OsString;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::sync::Arc;

use agent_runtime::live::conduct::Supervised;
use agent_runtime::live::places::Places;
use agent_runtime::live::{PROGRAM, SESSION, SOCKET, TOKEN};
use agent_runtime::signals::{SignalKind, Signals};
use clap::Args;

use super::Failure;
use super::channels::BesideTerminal;
use super::post::Post;

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
    let bus = agent_runtime::bus(Arc::new(agent_runtime::store_options().open(&arguments.db)?))?;
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
    let post = Post::new(supervised, channels);
    // What a person does at the terminal is meant for the agent, which may stay.
    let _ignored = Signals::caught([SignalKind::interrupt(), SignalKind::quit()])?;
    post.leave_on(Signals::caught([SignalKind::terminate()])?, "the agent goes on unsupervised");
    let status = Command::new(program)
        .args(rest)
        .env(PROGRAM, std::env::current_exe()?)
        .env(SOCKET, post.supervised().places().socket())
        .env(SESSION, &arguments.session)
        .env_remove(TOKEN)
        .status();
    // Whatever came of it.
    let left = post.leave();
    let status =
        status.map_err(|error| format!("cannot start `{}`: {error}", program.display()))?;
    left?;
    // Without an exit code it was a signal: what a shell says of that is as good as any.
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal));
    let code = code.and_then(|code| u8::try_from(code).ok());
    Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
}
