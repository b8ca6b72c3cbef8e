//! A lifecycle's diagram: from its table, with what is known of a life.

#![expect(missing_docs, reason = "types of a test are not documented")]

use serde::{Deserialize, Serialize};
use vitae::{Context, Event, Lifecycle, Refusal};

#[derive(Event, Serialize, Deserialize, Clone, Debug)]
#[event(name = "order.placed")]
pub struct Placed;

#[derive(Event, Serialize, Deserialize, Clone, Debug)]
#[event(name = "order.paid")]
pub struct Paid;

#[derive(Lifecycle, Clone, Debug)]
#[lifecycle(name = "order")]
pub enum Order {
    #[state(initial)]
    #[on(Placed => Open)]
    Draft,
    #[on(Paid if is_owed => Done)]
    Open,
    #[state(terminal)]
    Done,
}

fn is_owed(_: &Open, _: &Paid, _: &Context) -> Result<(), Refusal> {
    Ok(())
}

impl OrderTransitions for Order {}

#[test]
fn a_diagram_shows_the_table_and_the_life() {
    let diagram = Order::diagram().with_current(Order::Open.state().name).unwrap();
    let drawn = diagram.with_counts(&[3, 0]).unwrap().to_mermaid();
    for line in [
        "[*] --> s0\n",
        "s0 --> s1 : order.placed ×3\n",
        "s1 --> s2 : order.paid [is_owed] ×0\n",
        "s2 --> [*]\n",
        "class s1 current\n",
    ] {
        assert!(drawn.contains(line), "{line} is not in\n{drawn}");
    }
}
