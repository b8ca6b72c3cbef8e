//! What is to be seen of a relay: who was asked, until when, and who answered first.
//!
//! Owns how that is said to a person. Must never decide anything.

use serde::Serialize;
use vitae::lifecycle::Definition;
use vitae::store::EventRef;
use vitae::{DecodeError, Event, Lifecycle};

use super::seen::{Seen, TEXT};
use super::text::clock_since;
use super::{Life, excerpt};
use crate::relay::{
    Asked, Relay, RelayAnswered, RelayCancelled, RelayExpired, RelayOffered, RelayRequested,
};

/// The most choices of a question that are shown; and one that is longer than a text may be is not.
const CHOICES: usize = 32;

/// The most channels that are shown, those that had it first.
const CHANNELS: usize = 32;

/// A relay.
#[derive(Clone, Default, Debug, Serialize)]
pub struct RelaySeen {
    /// The session.
    pub session: String,
    /// What it relays: a request, or a question.
    pub request: String,
    /// The workflow in whose turn it was asked, if any.
    pub workflow: Option<String>,
    /// The run of the session that it was asked in, counted from 1; 0 if there was none.
    pub run: u32,
    /// Whether it is a question. Else it asks for leave.
    pub question: bool,
    /// The question, or the tool.
    pub what: String,
    /// What the tool is given.
    pub detail: String,
    /// Whether some of what is asked is left out of that.
    #[serde(skip)]
    pub cut: bool,
    /// What can be answered to a question, word for word; empty if it is any text.
    pub choices: Vec<String>,
    /// The channels that it was offered on, in that order.
    pub offered: Vec<String>,
    /// Until when an answer is waited for, in Unix milliseconds.
    pub until: Option<i64>,
    /// How it ended: what was answered first and on which channel, or why nothing was.
    pub ending: Option<String>,
}

impl Seen for RelaySeen {
    const DEFINITION: &'static Definition = Relay::DEFINITION;

    fn take(&mut self, event: &EventRef<'_>) -> Result<(), DecodeError> {
        match event.kind() {
            RelayRequested::KIND => {
                let requested: RelayRequested = event.decode()?;
                let until = event.occurred_at().saturating_add(requested.patience);
                *self = Self::requested(requested, until.as_millis());
            }
            RelayOffered::KIND => {
                let channel = event.decode::<RelayOffered>()?.channel;
                if self.offered.len() < CHANNELS {
                    self.offered.push(excerpt(&channel, TEXT));
                }
            }
            RelayAnswered::KIND => {
                let RelayAnswered { channel, reply, .. } = event.decode()?;
                self.ending = Some(excerpt(&format!("{reply} on `{channel}`"), TEXT));
            }
            RelayCancelled::KIND => {
                let why = event.decode::<RelayCancelled>()?.why;
                self.ending = Some(excerpt(&format!("called off: {why}"), TEXT));
            }
            RelayExpired::KIND => self.ending = Some("nobody answered in time".to_owned()),
            _ => {}
        }
        Ok(())
    }
}

impl RelaySeen {
    fn requested(event: RelayRequested, until: i64) -> Self {
        let RelayRequested { place, request, asked, .. } = event;
        let seen = Self {
            session: place.session,
            request,
            workflow: place.workflow,
            run: place.run,
            until: Some(until),
            ..Self::default()
        };
        match asked {
            Asked::Permission { tool } => {
                let (what, detail) = (excerpt(&tool.name, TEXT), excerpt(&tool.input, TEXT));
                let cut = what != tool.name || detail != tool.input;
                Self { what, detail, cut, ..seen }
            }
            Asked::Question { text, choices: all } => {
                let fit = all.iter().filter(|choice| choice.len() <= TEXT).cloned();
                let (what, choices) = (excerpt(&text, TEXT), fit.take(CHOICES).collect::<Vec<_>>());
                let cut = what != text || choices != all;
                Self { question: true, what, choices, cut, ..seen }
            }
        }
    }
}

impl Life<RelaySeen> {
    /// On which channels it was offered, and until when or how it ended, in words.
    #[must_use]
    pub fn story(&self) -> String {
        let offered = match self.seen.offered.as_slice() {
            [] => "offered nowhere yet".to_owned(),
            channels => format!("offered on {}", channels.join(", ")),
        };
        match (&self.seen.ending, self.seen.until) {
            (Some(ending), _) if self.seen.offered.is_empty() => ending.clone(),
            (Some(ending), _) => format!("{offered}; {ending}"),
            (None, Some(until)) => {
                format!("{offered}, until {}", clock_since(self.began_at, until))
            }
            (None, None) => offered,
        }
    }
}
