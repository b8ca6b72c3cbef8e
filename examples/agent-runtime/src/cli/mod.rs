//! What a person types, and what is shown.

mod answer;
mod attend;
mod attention;
mod branch;
mod cancel;
mod channels;
mod context;
mod demo;
mod hook;
mod import;
mod keep;
mod listings;
mod log;
mod output;
mod post;
mod replay;
mod run;
mod serve;
mod tree;
mod watch;

use std::error::Error;
use std::io;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use agent_runtime::answering::Desk;
use clap::{Args, Parser, Subcommand};
use vitae::Bus;
use vitae::store::EventStore;
use vitae_sqlite::SqliteStore;

use crate::scripted_agent;

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
    /// Play a recording as an agent. The demo starts this.
    #[command(hide = true)]
    ScriptedAgent(scripted_agent::Arguments),
    /// Drive the lifecycles from a recorded session, or go on where an earlier replay stopped.
    Replay(ReplayArguments),
    /// Take over a session of the reference system from its file, and check that nothing was lost.
    Import {
        /// The session's file; it is only read.
        legacy: PathBuf,
        /// The store; it is created if it is missing.
        #[arg(long, value_name = "FILE")]
        db: PathBuf,
    },
    /// List the workflow runs.
    Workflows(Listing),
    /// List the runs.
    Runs(Listing),
    /// Show the runs and the branches that they forked, as a tree.
    Tree(Listing),
    /// Show the feed.
    Feed(Listing),
    /// Show a permission request and everything around it.
    Context {
        /// The request's id.
        request: String,
        #[command(flatten)]
        listing: Listing,
    },
    /// Answer a request that waits, or a workflow that awaits attention. No supervisor need run.
    Answer(answer::AnswerArguments),
    /// Offer what waits in a session to people, and take their answers, until ended.
    Channels(channels::ChannelsArguments),
    /// Tell a workflow's agent something with its next turn.
    Steer {
        #[command(flatten)]
        of: attention::OfWorkflow,
        /// What it is told.
        text: String,
    },
    /// Hold a workflow once its turn has ended, until it is woken.
    Suspend {
        #[command(flatten)]
        of: attention::OfWorkflow,
        /// What it waits for.
        reason: String,
    },
    /// Let a workflow go on that awaits attention.
    Wake {
        #[command(flatten)]
        of: attention::OfWorkflow,
        /// What the agent is told with its next turn.
        #[arg(long, value_name = "TEXT")]
        message: Option<String>,
    },
    /// Give a part of the work of an open run to an agent session of its own.
    Fork {
        #[command(flatten)]
        branch: branch::Branch,
        /// What that agent is to do.
        task: String,
        /// The agent session whose run forks: the one that started last in the session unless set.
        #[arg(long, value_name = "AGENT")]
        by: Option<String>,
    },
    /// Say what came of a part that was forked.
    Join {
        #[command(flatten)]
        branch: branch::Branch,
        /// What it came to.
        result: String,
    },
    /// Show every event of the log.
    Log(Listing),
    /// Show everything live on the terminal, and answer requests there.
    Watch(Watched),
    /// Serve everything live on a local web page, with a slider through time.
    Serve {
        #[command(flatten)]
        watched: Watched,
        /// The port on 127.0.0.1; 0 is any that is free.
        #[arg(long, value_name = "N", default_value_t = 8384)]
        port: u16,
    },
    /// Compute the projections anew from the log.
    Rebuild {
        /// The store.
        #[arg(long, value_name = "FILE")]
        db: PathBuf,
    },
    /// Supervise an agent that plays a session, kill the supervisor midway, resume, and show what became of it.
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

/// What is looked at.
#[derive(Args)]
pub(crate) struct Watched {
    /// The store.
    #[arg(long, value_name = "FILE")]
    db: PathBuf,
    /// Only this session.
    #[arg(long, value_name = "ID")]
    session: Option<String>,
}

impl Watched {
    /// The store, which is only read: whoever writes to it meanwhile is not held up.
    fn store(&self) -> Result<Arc<dyn EventStore>, Failure> {
        let store: Arc<dyn EventStore> = Arc::new(SqliteStore::open_read_only(&self.db)?);
        // Whatever this program cannot read is found here.
        agent_runtime::bus(store.clone())?;
        Ok(store)
    }

    /// Where answers are taken, as a channel of this name: the store is open for writing while one is,
    /// and no longer.
    fn desk(&self, channel: &'static str) -> Desk {
        let db = self.db.clone();
        Desk::new(channel, move || {
            Ok(agent_runtime::bus(Arc::new(agent_runtime::store_options().open_existing(&db)?))?)
        })
    }
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
        Command::ScriptedAgent(arguments) => return Ok(scripted_agent::run(&arguments)),
        Command::Replay(arguments) => replay::replay(&arguments),
        Command::Import { legacy, db } => import::import(&legacy, &db),
        Command::Workflows(listing) => listings::workflows(&listing),
        Command::Runs(listing) => listings::runs(&listing),
        Command::Tree(listing) => tree::tree(&listing),
        Command::Feed(listing) => listings::feed(&listing),
        Command::Context { request, listing } => context::context(&request, &listing),
        Command::Answer(arguments) => answer::answer(&arguments),
        Command::Channels(arguments) => channels::channels(&arguments),
        Command::Steer { of, text } => attention::steer(&of, &text),
        Command::Suspend { of, reason } => attention::suspend(&of, &reason),
        Command::Wake { of, message } => attention::wake(&of, message.as_deref()),
        Command::Fork { branch, task, by } => branch::fork(&branch, by.as_deref(), &task),
        Command::Join { branch, result } => branch::join(&branch, &result),
        Command::Log(listing) => log::log(&listing),
        Command::Watch(watched) => watch::watch(&watched),
        Command::Serve { watched, port } => serve::serve(&watched, port),
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
