//! The bus for tasks: nothing blocks an executor, and nothing is lost.

#![allow(unreachable_pub, reason = "a derive wants what it is put on to be as visible as its enum")]

#[path = "../bus/support/mod.rs"]
#[allow(dead_code, reason = "the support of the bus's tests, of which these use a part")]
mod support;

mod anywhere;
mod calls;
mod pages;
mod submitted;
