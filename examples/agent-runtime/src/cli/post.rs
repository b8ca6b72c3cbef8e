//! The post of a supervisor: its socket, and the channels on which people are asked.
//!
//! Owns that neither is left behind when the command ends, be it by a signal. Must never touch the agent: it
//! goes on, and so does its turn.

use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use agent_runtime::live::conduct::Supervised;
use agent_runtime::relay::outside::OpenChannels;
use agent_runtime::signals::Signals;

use super::{Failure, explain};

/// A session that this process supervises.
#[derive(Clone)]
pub(super) struct Post {
    supervised: Arc<Supervised>,
    channels: Arc<Mutex<Option<OpenChannels>>>,
}

impl Post {
    pub(super) fn new(supervised: Supervised, channels: Option<OpenChannels>) -> Self {
        Self { supervised: Arc::new(supervised), channels: Arc::new(Mutex::new(channels)) }
    }

    pub(super) fn supervised(&self) -> &Supervised {
        &self.supervised
    }

    /// Leaves it when one of the signals comes, says what becomes of the agent, and ends the process with
    /// the status that a shell gives to such an end.
    pub(super) fn leave_on(&self, signals: Signals, agent: &'static str) {
        let post = self.clone();
        thread::spawn(move || {
            let signal = signals.wait().as_raw_value();
            eprintln!("{agent}");
            if let Err(error) = post.leave() {
                eprintln!("warning: {}", explain(error.as_ref()));
            }
            std::process::exit(128 + signal);
        });
    }

    /// Leaves it: nobody is there any more to be asked.
    pub(super) fn leave(&self) -> Result<(), Failure> {
        self.supervised.leave();
        // Locked until they are closed: whoever comes second must not end before that.
        let mut channels = self.channels.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(channels.take().map_or(Ok(()), OpenChannels::close)?)
    }
}
