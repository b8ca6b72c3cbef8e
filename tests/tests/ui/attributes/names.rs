use serde::{Deserialize, Serialize};
use vitae::{Context, Event, Lifecycle};

#[derive(Event, Serialize, Deserialize)]
#[event(name = "placed")]
struct Placed;

#[derive(Event, Serialize, Deserialize)]
#[event(name = "closed")]
struct Closed;

#[derive(Clone, Default)]
struct Open;

#[derive(Lifecycle, Clone)]
#[lifecycle(name = "", crate = "vitae", refusal)]
enum Order {
    #[state(initial)]
    #[on(Placed => Open)]
    Draft,
    #[on(Closed => Archived)]
    Open(Open),
    #[state(terminal)]
    Archived,
}

impl OrderTransitions for Order {
    fn draft_on_placed(_: Draft, _: &Placed, _: &Context) -> Open {
        Open
    }
}

mod long {
    #[derive(vitae::Event, serde::Serialize, serde::Deserialize)]
    #[event(name = "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn")]
    struct Long;

    #[derive(vitae::Event, serde::Serialize, serde::Deserialize)]
    #[event(name = "nul \0")]
    struct Nul;

    #[derive(vitae::Event, serde::Serialize, serde::Deserialize)]
    #[event(name = order)]
    struct Bare;
}

fn main() {}
