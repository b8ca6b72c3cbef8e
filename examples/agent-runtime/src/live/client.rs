//! Whoever speaks to a supervisor: the hook command, a keeper, a person's answer.
//!
//! Owns how often and how long it is tried. A supervisor that was killed may come back, and finds
//! its socket where it was; one that has ended has removed it.

use std::io::{self, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use super::lines::{Line, next_line};
use super::protocol::{LONGEST_LINE, Reply, Word};

/// How long a client waits before it tries again, at first and at the most.
const PAUSES: (Duration, Duration) = (Duration::from_millis(10), Duration::from_millis(250));

/// How long a supervisor may take to hear a line, waiting for others included.
const HEARING: Duration = Duration::from_secs(30);

/// A client of the supervisor behind a socket.
#[derive(Clone, Debug)]
pub struct Client {
    socket: PathBuf,
    patience: Duration,
}

/// Why a line was not heard, or its answer not.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// Nobody listens: no supervisor was started, or it has ended.
    #[error("no supervisor listens on {}", socket.display())]
    NoSupervisor {
        /// Where it would listen.
        socket: PathBuf,
    },
    /// The supervisor has gone without ending, and has not come back in time.
    #[error("the supervisor has gone, and has not come back in {} seconds", patience.as_secs())]
    Gone {
        /// How long it was waited for.
        patience: Duration,
    },
    /// The supervisor did not take the line.
    #[error("the supervisor says: {why}")]
    Refused {
        /// Why.
        why: String,
    },
    /// There was no decision in time. The line was heard.
    #[error("there was no decision in time")]
    NoDecision,
}

/// What ends one try.
enum Stop {
    /// Another try may do better.
    Again,
    /// It may not.
    For(ClientError),
}

impl Client {
    /// A client that waits so long for a supervisor that has gone.
    #[must_use]
    pub const fn new(socket: PathBuf, patience: Duration) -> Self {
        Self { socket, patience }
    }

    /// Says something until it is heard, and waits for the decision on it, if one is due, until a
    /// time; `None` if none is due. `heard` is called once it is on the log, with whether a
    /// decision is due: more than once, if the supervisor goes in between.
    ///
    /// # Errors
    /// [`ClientError`]. The same line again is safe.
    pub fn say(
        &self,
        line: &str,
        until: Instant,
        mut heard: impl FnMut(bool),
    ) -> Result<Option<Word>, ClientError> {
        let mut give_up = Instant::now() + self.patience;
        let mut pause = PAUSES.0;
        loop {
            let said = self.try_once(line, until, |due| {
                give_up = Instant::now() + self.patience;
                heard(due);
            });
            match said {
                Ok(word) => return Ok(word),
                Err(Stop::For(error)) => return Err(error),
                Err(Stop::Again) if Instant::now() >= give_up => {
                    return Err(ClientError::Gone { patience: self.patience });
                }
                Err(Stop::Again) => thread::sleep(pause),
            }
            pause = (pause * 2).min(PAUSES.1);
        }
    }

    fn try_once(
        &self,
        line: &str,
        until: Instant,
        heard: impl FnOnce(bool),
    ) -> Result<Option<Word>, Stop> {
        let mut stream = UnixStream::connect(&self.socket).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => {
                Stop::For(ClientError::NoSupervisor { socket: self.socket.clone() })
            }
            _ => Stop::Again,
        })?;
        // If this fails there may be a reply all the same: to a line that is too long, say.
        let _ = stream
            .set_write_timeout(Some(HEARING))
            .and_then(|()| stream.write_all(format!("{line}\n").as_bytes()));
        let mut replies = BufReader::new(stream);
        let Some(Reply::Heard { due }) = next_reply(&mut replies, Instant::now() + HEARING)? else {
            return Err(Stop::Again);
        };
        heard(due);
        if !due {
            return Ok(None);
        }
        match next_reply(&mut replies, until)? {
            Some(Reply::Answer(word)) => Ok(Some(word)),
            Some(_) => Err(Stop::Again),
            None => Err(Stop::For(ClientError::NoDecision)),
        }
    }
}

/// The next reply; `None` if it does not come before a time.
fn next_reply(replies: &mut BufReader<UnixStream>, until: Instant) -> Result<Option<Reply>, Stop> {
    let left = until.saturating_duration_since(Instant::now()).max(Duration::from_millis(1));
    if replies.get_ref().set_read_timeout(Some(left)).is_err() {
        return Err(Stop::Again);
    }
    let line = match next_line(replies, LONGEST_LINE) {
        Ok(Line::Whole(line)) => line,
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(None),
        _ => return Err(Stop::Again),
    };
    match serde_json::from_slice(&line) {
        Ok(Reply::Refused { why }) => Err(Stop::For(ClientError::Refused { why })),
        Ok(Reply::Busy) | Err(_) => Err(Stop::Again),
        Ok(reply) => Ok(Some(reply)),
    }
}
