//! The channels of a session, together.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use vitae::Bus;

use super::{Channel, Folder, FollowError, Follower, Http, Terminal, Token};
use crate::supervisor::{SuperviseError, Supervisor};

/// How often it is looked whether somebody has answered in the terminal or the folder.
const EVERY: Duration = Duration::from_millis(200);

/// Which channels a session has.
#[derive(Debug)]
pub struct Settings {
    /// What the program is that opens them, such as [`SUPERVISOR`](crate::relay::SUPERVISOR).
    pub opener: &'static str,
    /// Ask on the controlling terminal, if there is one.
    pub terminal: bool,
    /// Ask in this folder.
    pub folder: Option<PathBuf>,
    /// Ask on this port of the loopback address, whoever has the token.
    pub http: Option<(u16, Token)>,
    /// How long an answer is waited for.
    pub patience: Duration,
}

/// The channels of a session, while they are open. Dropped, they stop, and the log still says that
/// they are open: what is asked meanwhile is offered by whoever opens them next.
pub struct OpenChannels {
    supervisor: Supervisor,
    opener: &'static str,
    names: Vec<String>,
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
    http: Option<Http>,
}

/// Why channels were not opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenChannelsError {
    /// A channel cannot be opened.
    #[error("the channel `{channel}` cannot be opened")]
    Channel {
        /// Its name.
        channel: &'static str,
        /// Why.
        source: io::Error,
    },
    /// A channel cannot follow the log.
    #[error(transparent)]
    Follow(#[from] FollowError),
    /// The log did not take it.
    #[error(transparent)]
    Supervise(#[from] SuperviseError),
}

impl OpenChannels {
    /// Opens them, and says so on the log. What waits is offered at once. `trouble` is told what goes
    /// wrong from then on. What another program has opened is left alone.
    ///
    /// # Errors
    /// [`OpenChannelsError`]; then none is open.
    pub fn open(
        bus: &Bus,
        session: &str,
        settings: Settings,
        trouble: impl Fn(&FollowError) + Clone + Send + 'static,
    ) -> Result<Self, OpenChannelsError> {
        let supervisor = || Supervisor::new(bus.clone(), session.to_owned());
        let mut open = Self {
            supervisor: supervisor(),
            opener: settings.opener,
            names: Vec::new(),
            stop: Arc::default(),
            threads: Vec::new(),
            http: None,
        };
        let refused = |channel| move |source| OpenChannelsError::Channel { channel, source };
        if let Some(path) = settings.folder {
            let folder = Folder::open(&path).map_err(refused("folder"))?;
            open.follow(Follower::new(supervisor(), folder)?, "folder", trouble.clone())?;
        }
        if let Some((port, token)) = settings.http {
            let http = Http::open(supervisor(), port, token).map_err(refused("http"))?;
            open.http = Some(http);
            open.names.push("http".to_owned());
        }
        if settings.terminal
            && let Some(terminal) = Terminal::controlling().map_err(refused("terminal"))?
        {
            open.follow(Follower::new(supervisor(), terminal)?, "terminal", trouble)?;
        }
        if open.names.is_empty() {
            // Those of one that was killed: nobody would be there.
            open.supervisor.close_channels(open.opener)?;
        } else {
            open.supervisor.open_channels(open.opener, &open.names, settings.patience)?;
        }
        Ok(open)
    }

    /// Their names.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Where the HTTP channel listens, if it is open.
    #[must_use]
    pub fn address(&self) -> Option<SocketAddr> {
        self.http.as_ref().map(Http::address)
    }

    /// Closes them, and says so on the log: from then on nothing is relayed, unless others are open.
    ///
    /// # Errors
    /// [`SuperviseError`] if the log does not take it.
    pub fn close(self) -> Result<(), SuperviseError> {
        self.supervisor.close_channels(self.opener)
    }

    fn follow(
        &mut self,
        follower: Follower<impl Channel + Send + 'static>,
        name: &'static str,
        trouble: impl Fn(&FollowError) + Send + 'static,
    ) -> Result<(), OpenChannelsError> {
        let stop = Arc::clone(&self.stop);
        let thread = std::thread::Builder::new().name(format!("relay-{name}"));
        let thread = thread.spawn(move || {
            if let Err(error) = follower.follow(EVERY, &stop, &trouble) {
                trouble(&FollowError::Read(error));
            }
        });
        let refused = |source| OpenChannelsError::Channel { channel: name, source };
        self.threads.push(thread.map_err(refused)?);
        self.names.push(name.to_owned());
        Ok(())
    }
}

impl Drop for OpenChannels {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            // Its panic is not ours.
            let _: Result<(), _> = thread.join();
        }
    }
}
