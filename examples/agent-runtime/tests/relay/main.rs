//! Relays: offered on every channel, answered once, and over in time.

#![cfg(test)]

mod apart;
mod branches;
mod lives;
mod offering;
mod questions;
#[path = "../support/mod.rs"]
mod support;

use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use agent_runtime::projections::pending::PendingRow;
use agent_runtime::relay::Reply;
use agent_runtime::relay::outside::{Channel, Follower, Said};
use agent_runtime::supervisor::{SuperviseError, Supervisor};
use support::world::{SESSION, World};

const SECOND: Duration = Duration::from_secs(1);

fn text(text: &str) -> Reply {
    Reply::Text { text: text.into() }
}

fn deny(reason: &str) -> Reply {
    Reply::Deny { reason: Some(reason.into()) }
}

/// A channel that writes down what it is told.
#[derive(Clone, Default)]
struct Told {
    name: &'static str,
    lines: Arc<Mutex<Vec<String>>>,
    said: Arc<Mutex<Vec<Said>>>,
}

impl Told {
    fn named(name: &'static str) -> Self {
        Self { name, ..Self::default() }
    }

    /// A follower of this channel.
    fn follow(&self, world: &World) -> Follower<Self> {
        let supervisor = Supervisor::new(world.bus.clone(), SESSION.to_owned());
        Follower::new(supervisor, self.clone()).unwrap()
    }

    fn say(&self, request: &str, reply: Reply) {
        self.said.lock().unwrap().push(Said { request: request.into(), reply });
    }

    fn note(&self, line: String) -> io::Result<()> {
        if line.contains("broken") {
            return Err(io::Error::other("the channel breaks on this one"));
        }
        self.lines.lock().unwrap().push(line);
        Ok(())
    }

    /// What it was told since it was asked last.
    fn lines(&self) -> Vec<String> {
        std::mem::take(&mut *self.lines.lock().unwrap())
    }
}

impl Channel for Told {
    fn name(&self) -> &str {
        self.name
    }

    fn shows(&self) -> io::Result<Vec<String>> {
        Ok(Vec::new())
    }

    fn offer(&mut self, row: &PendingRow) -> io::Result<()> {
        self.note(format!("offer {}", row.request))
    }

    fn withdraw(&mut self, request: &str, how: &str) -> io::Result<()> {
        self.note(format!("withdraw {request}: {how}"))
    }

    fn hear(&mut self) -> io::Result<Vec<Said>> {
        Ok(std::mem::take(&mut *self.said.lock().unwrap()))
    }

    fn conclude(&mut self, said: &Said, outcome: Result<(), &SuperviseError>) -> io::Result<()> {
        let outcome = outcome.map_or_else(ToString::to_string, |()| "taken".to_owned());
        self.note(format!("conclude {}: {outcome}", said.request))
    }
}
