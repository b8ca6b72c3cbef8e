//! Consumers that share the entities of one subscription, on every store, by a clock that the tests
//! hold.

#![allow(unreachable_pub, reason = "a derive wants what it is put on to be as visible as its enum")]

#[path = "../bus/support/mod.rs"]
#[allow(dead_code, reason = "the support of the bus's tests, of which these use a part")]
mod support;

mod fencing;
mod handles;
mod leases;
mod place;
mod random;
mod sharing;
mod team;
