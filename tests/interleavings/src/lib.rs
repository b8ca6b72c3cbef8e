//! The standard library, with locks, threads and a clock that a scheduler holds in its hand.
//!
//! The tests name this crate `std` and include the files of vitae that threads share, as they are:
//! what is checked is the code that is published, and nothing in it knows that it is checked.
//!
//! Owns what shuttle does not have: a wait that can time out, and the moments it is told by. Must
//! never forbid what the real library allows.

pub use std::*;

pub mod sync;
pub mod thread;
pub mod time;
