//! The structs that a user writes in any case.

use super::lines;
use crate::machine::{Machine, holds_data};

/// A crate of their own, so that their `Serialize` and `Deserialize`, which are most of the whole,
/// do not hide what a machine costs.
pub fn events(machine: &Machine) -> String {
    let events = lines(0..machine.events, |event| {
        format!(
            "#[derive(Event, Serialize, Deserialize, Clone, Debug)]\n\
             #[event(name = \"bench.event-{event}\")]\n\
             pub struct Event{event} {{ pub id: u64, pub amount: u64, pub note: String }}"
        )
    });
    format!("use serde::{{Deserialize, Serialize}};\nuse vitae::Event;\n{events}")
}

pub fn states(machine: &Machine) -> String {
    let states = lines((0..machine.states).filter(|state| holds_data(*state)), |state| {
        format!(
            "#[derive(Clone, Debug, Default)]\n\
             pub struct State{state} {{ pub id: u64, pub amount: u64, pub note: String }}"
        )
    });
    format!(
        "#![allow(unused_imports)]\n\
         use events::*;\n\
         use vitae::{{Context, Event, Lifecycle, Refusal}};\n\
         {states}"
    )
}
