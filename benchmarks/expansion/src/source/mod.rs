//! The machine as Rust source, in every way that is compared.

mod by_hand;
mod derived;
mod payloads;
mod typed_by_hand;

use crate::machine::{Edge, Machine, holds_data};

/// A way of writing the machine down.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// The structs of events: a crate that all the others use.
    Events,
    /// The structs of states and nothing else: what all machines begin with.
    States,
    /// Enums and a `match`.
    ByHand,
    /// What a derived lifecycle offers, typed and untyped.
    TypedByHand,
    /// `#[derive(Lifecycle)]`.
    Derived,
}

impl Form {
    pub const ALL: [Self; 5] =
        [Self::Events, Self::States, Self::ByHand, Self::TypedByHand, Self::Derived];
    pub const MACHINES: [Self; 3] = [Self::ByHand, Self::TypedByHand, Self::Derived];

    pub fn name(self) -> &'static str {
        match self {
            Self::Events => "events",
            Self::States => "states",
            Self::ByHand => "by-hand",
            Self::TypedByHand => "typed-by-hand",
            Self::Derived => "derived",
        }
    }

    pub fn source(self, machine: &Machine) -> String {
        let machine_itself = match self {
            Self::Events => return payloads::events(machine),
            Self::States => String::new(),
            Self::ByHand => by_hand::write(machine),
            Self::TypedByHand => typed_by_hand::write(machine),
            Self::Derived => derived::write(machine),
        };
        payloads::states(machine) + &machine_itself
    }
}

/// A line for each item.
fn lines<T>(items: impl IntoIterator<Item = T>, line: impl Fn(T) -> String) -> String {
    items.into_iter().map(|item| line(item) + "\n").collect()
}

/// What an edge does: the state it makes, from `from` and `event`.
fn body(edge: &Edge) -> String {
    match (holds_data(edge.from), holds_data(edge.to)) {
        (_, false) => format!("State{}", edge.to),
        (true, true) => format!(
            "State{} {{ id: event.id, amount: from.amount.wrapping_add(event.amount), note: from.note }}",
            edge.to
        ),
        (false, true) => format!(
            "State{} {{ id: event.id, amount: event.amount, note: event.note.clone() }}",
            edge.to
        ),
    }
}

/// What a guard looks at: the edge is refused if the event takes more than there is.
const GUARD: &str = "if event.amount > self.amount {\n\
                     return Err(Refusal::new(\"more than there is\"));\n}\nOk(())";
