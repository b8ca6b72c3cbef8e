//! What a derived lifecycle offers, by hand: a type for each state, an impl for each edge, the
//! dispatch over them, and the way to and from stored bytes.

use super::{body, by_hand, lines};
use crate::machine::{Edge, Machine, holds_data};

const TRAITS: &str = "\
pub trait State: Clone + Sized {
    const NAME: &'static str;
    fn of(machine: &Machine) -> Option<&Self>;
    fn take(machine: Machine) -> Result<Self, Machine>;
    fn into_machine(self) -> Machine;
}
pub trait Transition<S: State>: Into<MachineEvent> {
    type To: State;
    fn guard(&self, _: &S, _: &Context) -> Result<(), Refusal> { Ok(()) }
    fn apply(from: S, event: &Self, context: &Context) -> Self::To;
}
#[derive(Clone, Copy, Debug)]
pub struct Illegal { pub state: &'static str, pub event: &'static str }
#[derive(Clone, Debug)]
pub enum Rejection { Illegal(Illegal), Refused(Refusal) }
pub struct Aggregate<S> { pub state: S, pub version: u64 }
fn ask<S: State, E: Transition<S>>(from: &S, event: &E, cx: &Context) -> Result<(), Rejection> {
    event.guard(from, cx).map_err(Rejection::Refused)
}
fn step<S: State, E: Transition<S>>(from: S, event: &E, cx: &Context) -> Machine {
    E::apply(from, event, cx).into_machine()
}
";

pub fn write(machine: &Machine) -> String {
    let enums = enums(machine);
    let events = events(machine);
    let states = lines(0..machine.states, state);
    let edges = lines(&machine.edges, edge);
    let guards = by_hand::guards(machine);
    let dispatch = dispatch(machine);
    format!("{TRAITS}{enums}{events}{states}{edges}{guards}{dispatch}")
}

fn enums(machine: &Machine) -> String {
    let states = lines(0..machine.states, |state| {
        let data = if holds_data(state) { format!("(State{state})") } else { String::new() };
        format!("State{state}{data},")
    });
    let events = lines(0..machine.events, |event| format!("Event{event}(Event{event}),"));
    let typed = lines(0..machine.states, |state| format!("State{state}(Aggregate<State{state}>),"));
    let units = lines((0..machine.states).filter(|state| !holds_data(*state)), |state| {
        format!("#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]\npub struct State{state};")
    });
    format!(
        "{units}#[derive(Clone, Debug)]\npub enum Machine {{\n{states}}}\n\
         #[derive(Clone, Debug)]\npub enum MachineEvent {{\n{events}}}\n\
         pub enum MachineTyped {{\n{typed}}}\n"
    )
}

fn events(machine: &Machine) -> String {
    let events = || 0..machine.events;
    let from = lines(events(), |event| {
        format!(
            "impl From<Event{event}> for MachineEvent {{\n\
             fn from(event: Event{event}) -> Self {{ Self::Event{event}(event) }}\n}}"
        )
    });
    let names = lines(events(), |event| format!("Self::Event{event}(_) => \"Event{event}\","));
    let decoded = lines(events(), |event| {
        format!(
            "if kind == Event{event}::KIND && version == Event{event}::VERSION \
             {{ return postcard::from_bytes(payload).ok().map(Self::Event{event}); }}"
        )
    });
    let encoded = lines(events(), |event| {
        format!("Self::Event{event}(event) => postcard::to_allocvec(event).ok(),")
    });
    format!(
        "{from}impl MachineEvent {{\n\
         pub fn name(&self) -> &'static str {{ match self {{\n{names}}} }}\n\
         pub fn decode(kind: &str, version: u32, payload: &[u8]) -> Option<Self> {{\n\
         {decoded}None\n}}\n\
         pub fn encode(&self) -> Option<Vec<u8>> {{ match self {{\n{encoded}}} }}\n}}\n"
    )
}

fn state(state: usize) -> String {
    let (pattern, reference, value, made) = if holds_data(state) {
        ("(data)", "data", "data".to_owned(), "(self)")
    } else {
        ("", &*format!("&State{state}"), format!("State{state}"), "")
    };
    format!(
        "impl State for State{state} {{\n\
         const NAME: &'static str = \"State{state}\";\n\
         fn of(machine: &Machine) -> Option<&Self> {{ match machine {{\n\
         Machine::State{state}{pattern} => Some({reference}),\n_ => None,\n}} }}\n\
         fn take(machine: Machine) -> Result<Self, Machine> {{ match machine {{\n\
         Machine::State{state}{pattern} => Ok({value}),\nother => Err(other),\n}} }}\n\
         fn into_machine(self) -> Machine {{ Machine::State{state}{made} }}\n}}"
    )
}

fn edge(edge: &Edge) -> String {
    let Edge { from, event, to, guarded } = edge;
    let body = body(edge);
    let guard = if *guarded {
        format!(
            "fn guard(&self, from: &State{from}, _: &Context) -> Result<(), Refusal> \
             {{ from.allows(self) }}\n"
        )
    } else {
        String::new()
    };
    let made = holds_data(*to);
    let from_name = if made && holds_data(*from) { "from" } else { "_" };
    let event_name = if made { "event" } else { "_" };
    format!(
        "impl Transition<State{from}> for Event{event} {{\n\
         type To = State{to};\n{guard}\
         fn apply({from_name}: State{from}, {event_name}: &Self, _: &Context) -> State{to} \
         {{ {body} }}\n}}"
    )
}

fn dispatch(machine: &Machine) -> String {
    let arms = |answer: &dyn Fn(&str) -> String, by: &str| {
        lines(&machine.edges, |Edge { from, event, .. }| {
            let (pattern, data) = if holds_data(*from) {
                ("(from)", "from".to_owned())
            } else {
                ("", format!("{by}State{from}"))
            };
            let answer = answer(&data);
            format!("(Self::State{from}{pattern}, MachineEvent::Event{event}(event)) => {answer},")
        })
    };
    let checked = arms(&|data| format!("ask({data}, event, context)"), "&");
    let applied = arms(&|data| format!("Ok(step({data}, event, context))"), "");
    let names = lines(0..machine.states, |state| {
        format!("Self::State{state} {{ .. }} => \"State{state}\",")
    });
    let sorted = lines(0..machine.states, |state| {
        let (pattern, data) = if holds_data(state) {
            ("(state)", "state".to_owned())
        } else {
            ("", format!("State{state}"))
        };
        format!(
            "Machine::State{state}{pattern} => \
             MachineTyped::State{state}(Aggregate {{ state: {data}, version }}),"
        )
    });
    format!(
        "impl Machine {{\n\
         pub fn initial() -> Self {{ Self::State0 }}\n\
         pub fn name(&self) -> &'static str {{ match self {{\n{names}}} }}\n\
         pub fn check(&self, event: &MachineEvent, context: &Context) -> Result<(), Rejection> {{\n\
         match (self, event) {{\n{checked}\
         _ => Err(Rejection::Illegal(Illegal {{ state: self.name(), event: event.name() }})),\n}}\n}}\n\
         pub fn apply(self, event: &MachineEvent, context: &Context) -> Result<Self, Self> {{\n\
         match (self, event) {{\n{applied}(state, _) => Err(state),\n}}\n}}\n\
         pub fn typed(aggregate: Aggregate<Self>) -> MachineTyped {{\n\
         let Aggregate {{ state, version }} = aggregate;\n\
         match state {{\n{sorted}}}\n}}\n}}\n"
    )
}
