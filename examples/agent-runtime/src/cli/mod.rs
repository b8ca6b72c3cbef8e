//! What a person types, and what is shown.

mod attend;
mod cancel;
mod context;
mod demo;
mod hook;
mod keep;
mod listings;
mod log;
mod output;
mod replay;
mod run;

use std::error::Error;
use std::io;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, Parser, Subcommand};
use vitae::Bus;
use vitae_sqlite::SqliteStore;

/// Why a command failed.
pub(crate) type Failure = Box<dyn Error>;

/// An agent supervisor over one log.
#[derive(Parser)]
#[command(version, about, max_term_width = 100)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Loop an agent over a workflow, or go on with the one that is under way. The exit status says
    /// how it ended: 0 completed, 3 blocked, 4 exhausted, 5 failed, 6 cancelled.
    Run(run::RunArguments),
    /// Start an agent for a person, outside any workflow, and hear its hooks.
    Attend(attend::AttendArguments),
    /// End the session's workflow with the turn that is under way.
    Cancel(cancel::CancelArguments),
    /// Hand a hook to the supervisor: its JSON on standard input, the decision on standard output.
    Hook(hook::HookArguments),
    /// Keep the agent of one turn. `run` starts this; it is nothing for people.
    #[command(hide = true)]
    Keep(keep::KeepArguments),
    /// Drive the lifecycles from a recorded session, or go on where an earlier replay stopped.
    Replay(ReplayArguments),
    /// List the workflow runs.
    Workflows(Listing),
    /// List the runs.
    Runs(Listing),
    /// Show the feed.
    Feed(Listing),
    /// Show a permission request and everything around it.
    Context {
        /// The request's id.
        request: String,
        #[command(flatten)]
        listing: Listing,
    },
    /// Show every event of the log.
    Log(Listing),
    /// Compute the projections anew from the log.
    Rebuild {
        /// The store.
        #[arg(long, value_name = "FILE")]
        db: PathBuf,
    },
    /// Play a session, kill the player midway, resume, and show what became of it.
    Demo,
}

#[derive(Args, Clone)]
pub(crate) struct ReplayArguments {
    /// The recording, a JSON object a line; `-` is standard input.
    recording: PathBuf,
    /// The store; it is created if it is missing.
    #[arg(long, value_name = "FILE")]
    db: PathBuf,
    /// End after line N, without any clean-up.
    #[arg(long, value_name = "N")]
    stop_after: Option<u64>,
    /// The session of a recording that names none.
    #[arg(long, value_name = "ID")]
    session: Option<String>,
    /// Wait this long before each line.
    #[arg(long, value_name = "MILLISECONDS", default_value_t = 0)]
    pace: u64,
}

#[derive(Args)]
pub(crate) struct Listing {
    /// The store.
    #[arg(long, value_name = "FILE")]
    db: PathBuf,
    /// Only this session.
    #[arg(long, value_name = "ID")]
    session: Option<String>,
    /// One JSON object a line.
    #[arg(long)]
    json: bool,
}

impl Listing {
    /// The bus over the store, which is only read.
    fn bus(&self) -> Result<Bus, Failure> {
        let store = SqliteStore::open_read_only(&self.db)?;
        Ok(agent_runtime::bus(Arc::new(store))?)
    }
}

/// Does what was asked.
pub(crate) fn run(arguments: Arguments) -> Result<ExitCode, Failure> {
    match arguments.command {
        Command::Run(arguments) => return run::run(arguments),
        Command::Attend(arguments) => return attend::attend(&arguments),
        Command::Cancel(arguments) => cancel::cancel(&arguments),
        Command::Hook(arguments) => hook::hook(&arguments),
        Command::Keep(arguments) => keep::keep(&arguments),
        Command::Replay(arguments) => replay::replay(&arguments),
        Command::Workflows(listing) => listings::workflows(&listing),
        Command::Runs(listing) => listings::runs(&listing),
        Command::Feed(listing) => listings::feed(&listing),
        Command::Context { request, listing } => context::context(&request, &listing),
        Command::Log(listing) => log::log(&listing),
        Command::Rebuild { db } => listings::rebuild(&db),
        Command::Demo => demo::demo(),
    }?;
    Ok(ExitCode::SUCCESS)
}

/// An error with everything that caused it.
pub(crate) fn explain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

/// Whether the reader of our output has gone, which is no failure of ours.
pub(crate) fn is_closed_pipe(error: &(dyn Error + 'static)) -> bool {
    let error = error.downcast_ref::<io::Error>();
    error.is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}
