//! The structs that a user writes in any case.

use super::lines;
use crate::machine::{Machine, holds_data};

pub fn write(machine: &Machine) -> String {
    let events = lines(0..machine.events, |event| {
        format!(
            "#[derive(Event, Serialize, Deserialize, Clone, Debug)]\n\
             #[event(name = \"bench.event-{event}\")]\n\
             pub struct Event{event} {{ pub id: u64, pub amount: u64, pub note: String }}"
        )
    });
    let states = lines((0..machine.states).filter(|state| holds_data(*state)), |state| {
        format!(
            "#[derive(Clone, Debug, Default)]\n\
             pub struct State{state} {{ pub id: u64, pub amount: u64, pub note: String }}"
        )
    });
    format!(
        "#![allow(unused_imports)]\n\
         use serde::{{Deserialize, Serialize}};\n\
         use vitae::{{Context, Event, Lifecycle, Refusal}};\n\
         {events}{states}"
    )
}
