//! The command line of the agent runtime.

mod cli;
#[path = "../scripted-agent/agent.rs"]
mod scripted_agent;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    match cli::run(cli::Arguments::parse()) {
        Ok(code) => code,
        Err(error) if cli::is_closed_pipe(error.as_ref()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {}", cli::explain(error.as_ref()));
            ExitCode::FAILURE
        }
    }
}
