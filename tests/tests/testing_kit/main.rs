//! The test kit: what it accepts, what it fails, and in which words.

#![allow(unreachable_pub, reason = "a derive wants what it is put on to be as visible as its enum")]

mod coverage;
mod events_lock;
mod failure;
mod faulty;
mod lives;
mod scenario;
mod walk;
mod world;
