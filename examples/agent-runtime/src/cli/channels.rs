//! `channels`: what waits in a session is offered to people, by a process of its own.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use agent_runtime::live::TOKEN;
use agent_runtime::relay::SUPERVISOR;
use agent_runtime::relay::outside::{FollowError, OpenChannels, Settings, Token};
use clap::Args;
use vitae::Bus;

use super::context::only_session;
use super::{Failure, explain};

/// Who opens the channels that are beside a supervisor. Nobody closes these.
const BESIDE: &str = "channels";

#[derive(Args)]
pub(crate) struct ChannelsArguments {
    /// The store.
    #[arg(long, value_name = "FILE")]
    db: PathBuf,
    /// The session, if the store has several, or has it not yet.
    #[arg(long, value_name = "ID")]
    session: Option<String>,
    #[command(flatten)]
    channels: ChannelChoice,
}

/// Which channels are opened, and how patient they are.
#[derive(Args)]
pub(crate) struct ChannelChoice {
    /// Do not ask on the terminal.
    #[arg(long)]
    no_terminal: bool,
    #[command(flatten)]
    beside: BesideTerminal,
}

/// The channels that do without this process's terminal, and how patient all of them are.
#[derive(Args)]
pub(crate) struct BesideTerminal {
    /// Ask in this folder: a file for each request, and one for its answer.
    #[arg(long, value_name = "FOLDER")]
    folder: Option<PathBuf>,
    /// Ask on this port of the loopback address, 0 being any; AGENT_RUNTIME_TOKEN is the token, else
    /// one is made and shown.
    #[arg(long, value_name = "PORT")]
    http: Option<u16>,
    /// How long an answer is waited for, such as 90s or 10m.
    #[arg(long, value_name = "TIME", default_value = "5m", value_parser = patience)]
    patience: Duration,
}

fn patience(text: &str) -> Result<Duration, String> {
    let patience: jiff::SignedDuration = text.parse().map_err(|error| format!("{error}"))?;
    Duration::try_from(patience).map_err(|_| "it is over before it has begun".to_owned())
}

impl ChannelChoice {
    /// Opens them for a supervisor, and says where.
    pub(super) fn open(&self, bus: &Bus, session: &str) -> Result<OpenChannels, Failure> {
        self.open_as(SUPERVISOR, bus, session)
    }

    fn open_as(
        &self,
        opener: &'static str,
        bus: &Bus,
        session: &str,
    ) -> Result<OpenChannels, Failure> {
        self.beside.open_as(opener, !self.no_terminal, bus, session)
    }
}

impl BesideTerminal {
    /// Opens them for a supervisor, if there are any, and says where.
    pub(super) fn open(&self, bus: &Bus, session: &str) -> Result<Option<OpenChannels>, Failure> {
        let any = self.folder.is_some() || self.http.is_some();
        any.then(|| self.open_as(SUPERVISOR, false, bus, session)).transpose()
    }

    fn open_as(
        &self,
        opener: &'static str,
        terminal: bool,
        bus: &Bus,
        session: &str,
    ) -> Result<OpenChannels, Failure> {
        let (http, made) = match self.http {
            Some(port) => {
                let (token, made) = token()?;
                (Some((port, token.clone())), made.then_some(token))
            }
            None => (None, None),
        };
        let (folder, patience) = (self.folder.clone(), self.patience);
        let settings = Settings { opener, terminal, folder, http, patience };
        let trouble = |error: &FollowError| eprintln!("warning: {}", explain(error));
        let open = OpenChannels::open(bus, session, settings, trouble)?;
        let mut out = io::stdout().lock();
        if let Some(folder) = self.folder.as_deref().map(Path::display) {
            writeln!(out, "asking in {folder}")?;
        }
        if let Some(address) = open.address() {
            writeln!(out, "asking on http://{address}/requests")?;
        }
        if let Some(token) = made {
            writeln!(out, "token {}", token.reveal())?;
        }
        out.flush()?;
        Ok(open)
    }
}

/// The token that the environment names, where no list of processes shows it, or a new one; and whether it is new.
fn token() -> Result<(Token, bool), Failure> {
    match std::env::var(TOKEN) {
        Ok(text) => {
            let token = Token::new(&text);
            let token = token.ok_or_else(|| format!("{TOKEN} needs 16 plain characters or more"));
            Ok((token?, false))
        }
        Err(_) => Ok((Token::generate()?, true)),
    }
}

/// Offers what waits until the process is ended. The session's channels stay open on the log, so that
/// what is asked meanwhile is offered by the next.
pub(super) fn channels(arguments: &ChannelsArguments) -> Result<(), Failure> {
    let bus =
        agent_runtime::bus(Arc::new(agent_runtime::store_options().open_existing(&arguments.db)?))?;
    let session = match &arguments.session {
        Some(session) => session.clone(),
        None => only_session(bus.store().as_ref())?,
    };
    let open = arguments.channels.open_as(BESIDE, &bus, &session)?;
    if open.names().is_empty() {
        return Err("there is no channel to ask on: name a folder or a port".into());
    }
    // Somebody must let the patience end.
    let _running = bus.start()?;
    loop {
        std::thread::park();
    }
}
