//! The machine as a lifecycle.

use super::{GUARD, body, lines};
use crate::machine::{Edge, Machine, holds_data};

pub fn write(machine: &Machine) -> String {
    let states = lines(0..machine.states, |state| {
        let initial = if state == 0 { "#[state(initial)]\n" } else { "" };
        let edges = lines(machine.edges_from(state), |Edge { event, to, guarded, .. }| {
            let guard = if *guarded { format!(" if State{state}::allows") } else { String::new() };
            format!("#[on(Event{event}{guard} => State{to})]")
        });
        let data = if holds_data(state) { format!("(State{state})") } else { String::new() };
        format!("{initial}{edges}State{state}{data},")
    });
    let bodies = machine.edges.iter().filter(|edge| holds_data(edge.to));
    let bodies = lines(bodies, |edge| {
        let Edge { from, event, to, .. } = edge;
        let name = if holds_data(*from) { "from" } else { "_" };
        format!(
            "fn state{from}_on_event{event}({name}: State{from}, event: &Event{event}, _: &Context)\
             -> State{to} {{ {} }}",
            body(edge)
        )
    });
    let guards = lines(machine.edges.iter().filter(|edge| edge.guarded), |edge| {
        let Edge { from, event, .. } = edge;
        format!(
            "impl State{from} {{ fn allows(&self, event: &Event{event}, _: &Context)\
             -> Result<(), Refusal> {{ {GUARD} }} }}"
        )
    });
    format!(
        "#[derive(Lifecycle, Clone, Debug)]\n#[lifecycle(name = \"bench\")]\n\
         pub enum Machine {{\n{states}}}\n\
         impl MachineTransitions for Machine {{\n{bodies}}}\n{guards}"
    )
}
