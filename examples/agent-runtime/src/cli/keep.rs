//! `keep`: the process between a supervisor and the agent of one turn.

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::PathBuf;
use std::time::Duration;

use agent_runtime::live::SOCKET;
use agent_runtime::live::client::Client;
use agent_runtime::live::keeper::Errand;
use agent_runtime::live::output::Speaks;
use clap::Args;

use super::Failure;

/// How long a supervisor that was killed is waited for, with a hook that stands in the output.
const PATIENCE: Duration = Duration::from_secs(30);

#[derive(Args)]
pub(crate) struct KeepArguments {
    /// The turn's folder.
    #[arg(long)]
    folder: PathBuf,
    /// What the agent's standard output is.
    #[arg(long)]
    speaks: Speaks,
    /// The agent.
    #[arg(last = true, required = true)]
    command: Vec<OsString>,
}

pub(super) fn keep(arguments: &KeepArguments) -> Result<(), Failure> {
    let socket = std::env::var_os(SOCKET).map(PathBuf::from);
    let errand = Errand {
        folder: &arguments.folder,
        speaks: arguments.speaks,
        command: &arguments.command,
        client: socket.map(|socket| Client::new(socket, PATIENCE)),
    };
    // A supervisor that has gone meanwhile reads no word, and is not needed.
    errand.keep(|| drop(writeln!(io::stdout().lock(), "kept")))?;
    Ok(())
}
