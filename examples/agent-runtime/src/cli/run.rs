//! `run`: an agent looped over a workflow.

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use agent_runtime::live::conduct::{Progress, Supervised};
use agent_runtime::live::places::Places;
use agent_runtime::live::turn::Agent;
use agent_runtime::signals::{SignalKind, Signals};
use agent_runtime::workflow::{Exit, Outcome, Status};
use agent_runtime::workflow_file::WorkflowFile;
use clap::Args;

use super::Failure;
use super::channels::ChannelChoice;
use super::post::Post;

#[derive(Args)]
pub(crate) struct RunArguments {
    /// The workflow file.
    workflow: PathBuf,
    /// The store; it is created if it is missing.
    #[arg(long, value_name = "FILE", default_value = "agent-runtime.db")]
    db: PathBuf,
    /// The session.
    #[arg(long, value_name = "ID", default_value = "main")]
    session: String,
    /// What the agent is asked for: `{input}` in the workflow's prompt.
    #[arg(long, value_name = "TEXT")]
    input: Option<String>,
    /// The workflow run's id, a fresh one unless set. One that has ended is not started again.
    #[arg(long, value_name = "ID")]
    id: Option<String>,
    #[command(flatten)]
    channels: ChannelChoice,
    /// The agent, started once for each turn, with the prompt on its standard input; `{prompt}` in
    /// an argument is the prompt too.
    #[arg(last = true, required = true)]
    command: Vec<OsString>,
}

pub(super) fn run(arguments: RunArguments) -> Result<ExitCode, Failure> {
    // Asked now: later the file may have been replaced by a newer one.
    let program = std::env::current_exe()?;
    let signals = Signals::caught([SignalKind::interrupt(), SignalKind::terminate()])?;
    let file = WorkflowFile::read(&arguments.workflow)?;
    let places = Places::of(&arguments.db, &arguments.session)?;
    let bus = agent_runtime::bus(Arc::new(agent_runtime::store_options().open(&arguments.db)?))?;
    let supervised = Supervised::open(bus.clone(), places)?;
    let channels = arguments.channels.open(&bus, &arguments.session)?;
    let post = Post::new(supervised, Some(channels));
    post.leave_on(signals, "a turn that is under way goes on; the next `run` goes on with it");
    let supervised = post.supervised();
    let workflow = supervised.start(&file, arguments.id, arguments.input)?;
    say(format_args!("workflow {workflow} in session {}", arguments.session));
    let (speaks, command) = (file.agent.speaks, arguments.command.as_slice());
    let agent = Agent { program: &program, speaks, command };
    let outcome = supervised.conduct(&workflow, &file, agent, |progress| match progress {
        Progress::Begins { iteration } => say(format_args!("turn {iteration} begins")),
        Progress::GoesOn { iteration } => say(format_args!("turn {iteration} goes on")),
        Progress::Ended { iteration, exit } => {
            say(format_args!("turn {iteration} has ended: {}", how(exit)));
        }
        Progress::Pauses { until } => say(format_args!("it is run again at {until}")),
        Progress::Awaits { reason } => {
            say(format_args!("it waits for somebody: {reason}; see `agent-runtime wake`"));
        }
    });
    // Whatever came of it.
    let left = post.leave();
    let outcome = outcome?;
    left?;
    let reason = outcome.stop_reason.as_ref();
    let reason = reason.map(|reason| format!(": {reason}")).unwrap_or_default();
    say(format_args!("{}{reason}", outcome.status.as_str()));
    Ok(exit_status(&outcome))
}

fn how(exit: &Exit) -> String {
    match (&exit.error, exit.code) {
        (Some(error), _) => error.clone(),
        (None, Some(code)) => format!("exit status {code}"),
        (None, None) => "nobody knows how".to_owned(),
    }
}

/// Tells a person. Whether one reads it changes nothing for the workflow.
fn say(what: std::fmt::Arguments<'_>) {
    let _ = writeln!(io::stdout().lock(), "{what}");
}

/// The exit status of each end. 1 is an error of this program, 2 wrong usage.
fn exit_status(outcome: &Outcome) -> ExitCode {
    match outcome.status {
        Status::Completed => ExitCode::SUCCESS,
        Status::Blocked => ExitCode::from(3),
        Status::Exhausted => ExitCode::from(4),
        Status::Failed => ExitCode::from(5),
        Status::Cancelled => ExitCode::from(6),
        // No workflow ends so.
        Status::Running => ExitCode::FAILURE,
    }
}
