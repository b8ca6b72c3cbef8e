//! The machine as enums and a `match`: untyped, and nothing that a store would need.

use super::{GUARD, body, lines};
use crate::machine::{Edge, Machine, holds_data};

pub fn write(machine: &Machine) -> String {
    let states = lines(0..machine.states, |state| {
        let data = if holds_data(state) { format!("(State{state})") } else { String::new() };
        format!("State{state}{data},")
    });
    let events = lines(0..machine.events, |event| format!("Event{event}(Event{event}),"));
    let state_names = lines(0..machine.states, |state| {
        format!("Self::State{state} {{ .. }} => \"State{state}\",")
    });
    let event_names =
        lines(0..machine.events, |event| format!("Self::Event{event}(_) => \"Event{event}\","));
    format!(
        "#[derive(Clone, Debug)]\npub enum Machine {{\n{states}}}\n\
         #[derive(Clone, Debug)]\npub enum MachineEvent {{\n{events}}}\n\
         #[derive(Clone, Copy, Debug)]\n\
         pub struct Illegal {{ pub state: &'static str, pub event: &'static str }}\n\
         #[derive(Clone, Debug)]\n\
         pub enum Rejection {{ Illegal(Illegal), Refused(Refusal) }}\n\
         impl MachineEvent {{ pub fn name(&self) -> &'static str {{ match self {{\n{event_names}}} }} }}\n\
         impl Machine {{\n\
         pub fn initial() -> Self {{ Self::State0 }}\n\
         pub fn name(&self) -> &'static str {{ match self {{\n{state_names}}} }}\n\
         {}{}}}\n{}",
        check(machine),
        apply(machine),
        guards(machine),
    )
}

fn check(machine: &Machine) -> String {
    let arms = lines(&machine.edges, |Edge { from, event, guarded, .. }| {
        if *guarded {
            format!(
                "(Self::State{from}(from), MachineEvent::Event{event}(event)) =>\
                 from.allows(event).map_err(Rejection::Refused),"
            )
        } else {
            format!("(Self::State{from} {{ .. }}, MachineEvent::Event{event}(_)) => Ok(()),")
        }
    });
    format!(
        "pub fn check(&self, event: &MachineEvent) -> Result<(), Rejection> {{\n\
         match (self, event) {{\n{arms}\
         _ => Err(Rejection::Illegal(Illegal {{ state: self.name(), event: event.name() }})),\n}}\n}}\n"
    )
}

fn apply(machine: &Machine) -> String {
    let arms = lines(&machine.edges, |edge| {
        let Edge { from, event, to, .. } = edge;
        let (kept, made) = (holds_data(*from), holds_data(*to));
        let state = match (kept, made) {
            (true, true) => "(from)",
            (true, false) => "(_)",
            (false, _) => "",
        };
        let bound = if made { "event" } else { "_" };
        let body = body(edge);
        let result =
            if made { format!("Self::State{to}({body})") } else { format!("Self::{body}") };
        format!("(Self::State{from}{state}, MachineEvent::Event{event}({bound})) => {result},")
    });
    format!(
        "pub fn apply(self, event: &MachineEvent) -> Result<Self, Self> {{\n\
         Ok(match (self, event) {{\n{arms}\
         (state, _) => return Err(state),\n}})\n}}\n"
    )
}

pub fn guards(machine: &Machine) -> String {
    lines(machine.edges.iter().filter(|edge| edge.guarded), |Edge { from, event, .. }| {
        format!(
            "impl State{from} {{ fn allows(&self, event: &Event{event}) -> Result<(), Refusal>\
             {{ {GUARD} }} }}"
        )
    })
}
