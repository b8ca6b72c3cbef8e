//! The channels: where people are shown what waits, and can answer.
//!
//! Owns what is shown outside the log. It is a picture of what the log says is pending, drawn anew by
//! whoever starts: so nothing is remembered here, and a restart loses nothing. An effect would do each
//! drawing at least once; but a terminal has forgotten all of them with its process, and what it must
//! show then is what still waits.
//! Never decides who was first: an answer is one for the log to take.

mod folder;
mod follower;
mod http;
mod open;
mod terminal;
pub(crate) mod words;

pub use folder::Folder;
pub use follower::{FollowError, Follower};
pub use http::{Http, Token};
pub use open::{OpenChannels, OpenChannelsError, Settings};
pub use terminal::Terminal;

use std::io;

use super::Reply;
use crate::projections::pending::PendingRow;
use crate::supervisor::SuperviseError;

/// An answer that somebody gave on a channel.
#[derive(Clone, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "the fields say it")]
pub struct Said {
    pub request: String,
    pub reply: Reply,
}

/// Somewhere people are shown what waits, and can answer.
pub trait Channel {
    /// Its name on the log.
    fn name(&self) -> &str;

    /// The requests that it still shows from an earlier time.
    ///
    /// # Errors
    /// If it cannot be looked at.
    fn shows(&self) -> io::Result<Vec<String>>;

    /// Shows a request. The same again changes nothing.
    ///
    /// # Errors
    /// If it cannot: it is tried again.
    fn offer(&mut self, row: &PendingRow) -> io::Result<()>;

    /// Takes back a request that is over, and tells how it ended. One that it does not show is no
    /// error.
    ///
    /// # Errors
    /// If it cannot: it is tried again.
    fn withdraw(&mut self, request: &str, how: &str) -> io::Result<()>;

    /// What was answered. It is heard again until it is [concluded](Self::conclude), or lost if the
    /// channel lives in this process only.
    ///
    /// # Errors
    /// If the channel is broken.
    fn hear(&mut self) -> io::Result<Vec<Said>>;

    /// Says what became of an answer: it counts, or why not.
    ///
    /// # Errors
    /// If the channel is broken.
    fn conclude(&mut self, said: &Said, outcome: Result<(), &SuperviseError>) -> io::Result<()>;
}
