//! `answer`: somebody answers a request on the log, whether a supervisor runs or not.

use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;

use agent_runtime::relay::Reply;
use agent_runtime::supervisor::Supervisor;
use clap::Args;

use super::Failure;
use super::context::only_session;

/// The channel's name on the log.
const NAME: &str = "command";

#[derive(Args)]
pub(crate) struct AnswerArguments {
    /// The request's id.
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
    /// The answer to a question.
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
    let session = match &arguments.session {
        Some(session) => session.clone(),
        None => only_session(bus.store().as_ref())?,
    };
    let (request, reply) = (&arguments.request, arguments.reply.reply());
    Supervisor::new(bus, session).answer(request, NAME, &reply)?;
    writeln!(io::stdout().lock(), "request {request}: {reply}")?;
    Ok(())
}
