//! The channels as they are outside: files in a folder, lines on a terminal, HTTP, and a command.

#![cfg(test)]

mod folder;
mod http;
mod processes;
#[path = "../support/mod.rs"]
mod support;
mod terminal;

use agent_runtime::relay::outside::{Channel, Follower};
use agent_runtime::supervisor::Supervisor;
use support::world::{SESSION, World};

fn supervisor(world: &World) -> Supervisor {
    Supervisor::new(world.bus.clone(), SESSION.to_owned())
}

fn follow<C: Channel>(world: &World, channel: C) -> Follower<C> {
    Follower::new(supervisor(world), channel).unwrap()
}
