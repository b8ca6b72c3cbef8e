//! What an agent says of its turn on its standard output.
//!
//! Owns what is to be known of a turn from there. Each agent's words are known in one file; what is
//! not understood is passed over, for agents learn new words all the time.

mod claude;
mod codex;
mod recording;

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::workflow::{Tokens, Transport};

/// Whose words an agent's standard output is in.
#[derive(Serialize, Deserialize, Clone, Copy, PartialEq, Eq, Default, Debug)]
#[serde(rename_all = "lowercase")]
pub enum Speaks {
    /// Nobody's: it is for people.
    #[default]
    Plain,
    /// Claude Code's, with `--output-format stream-json`.
    Claude,
    /// Codex', with `exec --json`. Codex calls no hooks: its events become them.
    Codex,
    /// The recording's own: a `turn_end` line says what the turn used.
    Recording,
}

impl Speaks {
    /// The word for it, as a workflow file has it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Claude => "claude",
            Self::Codex => "codex",
            Self::Recording => "recording",
        }
    }

    /// A listener to what an agent says in a turn. `turn` is no other turn's name.
    #[must_use]
    pub fn listener(self, turn: String, prompt: String) -> Box<dyn Listener> {
        match self {
            Self::Plain => Box::new(Deaf),
            Self::Claude => Box::new(claude::Claude::default()),
            Self::Codex => Box::new(codex::Codex::new(turn, prompt)),
            Self::Recording => Box::new(recording::Recording::default()),
        }
    }
}

/// Nobody speaks so.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is none of plain, claude, codex, recording")]
pub struct UnknownSpeech(String);

impl FromStr for Speaks {
    type Err = UnknownSpeech;

    fn from_str(word: &str) -> Result<Self, UnknownSpeech> {
        let mut all = [Self::Plain, Self::Claude, Self::Codex, Self::Recording].into_iter();
        all.find(|speaks| speaks.as_str() == word).ok_or_else(|| UnknownSpeech(word.to_owned()))
    }
}

/// What an agent has said of its turn.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Account {
    /// What it used.
    pub tokens: Tokens,
    /// What went wrong, in its own words.
    pub error: Option<String>,
    /// How many tools it used, if it says that.
    pub tool_uses: Option<u64>,
    /// Its own count of both ways in which tool uses are reported, if it has one.
    pub transport: Option<Transport>,
}

/// A hook that an agent would have called.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SaidHook {
    /// Its id: the same when the same output is read again.
    pub id: String,
    /// Its JSON.
    pub json: String,
}

/// Listens to an agent's standard output, line by line.
pub trait Listener: Send {
    /// Hears a line; gives the hooks that stand in its place.
    fn line(&mut self, line: &str) -> Vec<SaidHook>;

    /// Hears that there are no more.
    fn end(&mut self) -> Vec<SaidHook> {
        Vec::new()
    }

    /// What was said so far.
    fn account(&self) -> Account;
}

/// Listens to nothing.
struct Deaf;

impl Listener for Deaf {
    fn line(&mut self, _: &str) -> Vec<SaidHook> {
        Vec::new()
    }

    fn account(&self) -> Account {
        Account::default()
    }
}
