//! `hook`: what an agent calls. Whatever happens, it exits with 0 and the agent goes on.

use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::time::Duration;

use agent_runtime::live::SOCKET;
use agent_runtime::live::client::Client;
use agent_runtime::live::hook_call::HookCall;
use clap::Args;

use super::{Failure, explain, is_closed_pipe};

#[derive(Args)]
pub(crate) struct HookArguments {
    /// The hook's id, a fresh one unless set.
    #[arg(long)]
    id: Option<String>,
    /// How long a decision is waited for. Keep it below the agent's own time-out.
    #[arg(long, value_name = "SECONDS", default_value_t = 590)]
    wait: u64,
    /// How long a supervisor that was killed is waited for.
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    patience: u64,
    /// Ask for leave where the agent says that it will use a tool: for agents that no person sits
    /// before, which ask nobody.
    #[arg(long)]
    ask: bool,
}

pub(super) fn hook(arguments: &HookArguments) -> Result<(), Failure> {
    match tell(arguments) {
        Err(error) if !is_closed_pipe(error.as_ref()) => {
            note(format_args!("{}; the agent goes on without it", explain(error.as_ref())));
        }
        _ => {}
    }
    Ok(())
}

fn tell(arguments: &HookArguments) -> Result<(), Failure> {
    let socket = std::env::var_os(SOCKET).map(PathBuf::from);
    let socket = socket.ok_or_else(|| format!("{SOCKET} is not set: there is no supervisor"))?;
    let mut json = String::new();
    io::stdin().lock().read_to_string(&mut json)?;
    let id = arguments.id.clone().unwrap_or_else(|| uuid::Uuid::now_v7().to_string());
    let wait = Duration::from_secs(arguments.wait);
    let call = HookCall { id: &id, json: &json, wait, asks: arguments.ask };
    let client = Client::new(socket, Duration::from_secs(arguments.patience));
    let output = call.tell(&client, || note(format_args!("{id} waits for a decision")))?;
    if let Some(output) = output {
        writeln!(io::stdout().lock(), "{output}")?;
    }
    Ok(())
}

/// Tells the agent's user. Whether anybody reads it changes nothing.
fn note(what: std::fmt::Arguments<'_>) {
    let _ = writeln!(io::stderr().lock(), "agent-runtime: {what}");
}
