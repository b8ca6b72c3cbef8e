//! A lifecycle where `vitae` has another name.
#![deny(missing_docs, warnings)]

use other::{Event, Lifecycle};
use serde::{Deserialize, Serialize};

/// The lamp was switched.
#[derive(Event, Serialize, Deserialize, Clone, Debug)]
#[event(name = "lamp.switched", crate = other)]
pub struct Switched;

/// A lamp.
#[derive(Lifecycle, Clone, Debug)]
#[lifecycle(name = "lamp", crate = other)]
pub enum Lamp {
    /// It is dark.
    #[state(initial)]
    #[on(Switched => Bright)]
    Dark,
    /// It is bright.
    #[on(Switched => Dark)]
    Bright,
}

impl LampTransitions for Lamp {}
