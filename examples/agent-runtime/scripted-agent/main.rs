//! An agent that does what a recording says, as a program of its own. `agent-runtime scripted-agent` is the
//! same, for the demo.

#[path = "agent.rs"]
mod agent;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    agent::run(&agent::Arguments::parse())
}
