//! `answer`: somebody answers a request on the log, or a workflow that awaits attention, whether a
//! supervisor runs or not.

use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;

use agent_runtime::relay::Reply;
use agent_runtime::supervisor::{SuperviseError, Supervisor};
use clap::Args;
use vitae::Bus;

use super::Failure;
use super::attention::now;
use super::context::only_session;

/// The channel's name on the log.
const NAME: &str = "command";

#[derive(Args)]
pub(crate) struct AnswerArguments {
    /// The id of a request, or of a workflow run that awaits attention: `--text` wakes that, and is told
    /// to its agent.
    request: String,
    #[command(flatten)]
    reply: ReplyArguments,
    /// The store.
    #[arg(long, value_name = "FILE")]
    db: PathBuf,
    /// The session, if the store has several.
    #[arg(long, value_name = "ID")]
    session: Option<String>,
}

#[derive(Args)]
#[group(required = true, multiple = false)]
struct ReplyArguments {
    /// The tool may be used.
    #[arg(long)]
    allow: bool,
    /// The tool must not be used.
    #[arg(long, value_name = "REASON", num_args = 0..=1)]
    deny: Option<Option<String>>,
    /// The tool may be used, now and for the rest of the workflow.
    #[arg(long)]
    always: bool,
    /// The answer to a question, or to a workflow that awaits attention.
    #[arg(long)]
    text: Option<String>,
}

impl ReplyArguments {
    fn reply(&self) -> Reply {
        match (&self.deny, &self.text) {
            (Some(reason), _) => Reply::Deny { reason: reason.clone() },
            (None, Some(text)) => Reply::Text { text: text.clone() },
            (None, None) if self.always => Reply::Always,
            // There is one of them, and it is none of the others.
            (None, None) => Reply::Allow,
        }
    }
}

pub(super) fn answer(arguments: &AnswerArguments) -> Result<(), Failure> {
    let bus =
        agent_runtime::bus(Arc::new(agent_runtime::store_options().open_existing(&arguments.db)?))?;
    let (request, reply) = (&arguments.request, arguments.reply.reply());
    if let Reply::Text { text } = &reply
        && let Some(supervisor) = of_workflow(&bus, arguments)?
    {
        supervisor.wake(request, Some(text), now())?;
        writeln!(io::stdout().lock(), "{request}: it goes on where it was")?;
        return Ok(());
    }
    let session = match &arguments.session {
        Some(session) => session.clone(),
        None => only_session(bus.store().as_ref())?,
    };
    Supervisor::new(bus, session).answer(request, NAME, &reply)?;
    writeln!(io::stdout().lock(), "request {request}: {reply}")?;
    Ok(())
}

/// The supervisor of the workflow that is answered, if it is one. It has its session, whatever others the
/// store has.
fn of_workflow(
    bus: &Bus,
    arguments: &AnswerArguments,
) -> Result<Option<Supervisor>, SuperviseError> {
    match Supervisor::of_workflow(bus.clone(), &arguments.request) {
        Ok(supervisor) => {
            let named = arguments.session.as_deref();
            Ok(Some(supervisor).filter(|of| named.is_none_or(|session| session == of.session())))
        }
        Err(SuperviseError::UnknownWorkflow { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}
