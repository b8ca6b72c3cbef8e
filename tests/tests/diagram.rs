//! A lifecycle's diagram: from its table, with what is known of a life and of a log.

#![expect(missing_docs, reason = "types of a test are not documented")]

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use vitae::lifecycle::Diagram;
use vitae::{Bus, Context, Event, Lifecycle, MemoryStore, Refusal};

#[derive(Event, Serialize, Deserialize, Clone, Debug)]
#[event(name = "order.placed")]
pub struct Placed;

#[derive(Event, Serialize, Deserialize, Clone, Debug)]
#[event(name = "order.withdrawn")]
pub struct Withdrawn;

#[derive(Event, Serialize, Deserialize, Clone, Debug)]
#[event(name = "order.paid")]
pub struct Paid;

#[derive(Lifecycle, Clone, Debug)]
#[lifecycle(name = "order")]
pub enum Order {
    #[state(initial)]
    #[on(Placed => Open)]
    Draft,
    #[on(Placed => Open, Withdrawn => Draft)]
    #[on(Paid if is_owed => Done)]
    Open,
    #[state(terminal)]
    Done,
}

fn is_owed(_: &Open, _: &Paid, _: &Context) -> Result<(), Refusal> {
    Ok(())
}

impl OrderTransitions for Order {}

/// Two orders: one is placed, withdrawn, placed, placed again and paid; the other is placed.
fn lived() -> Bus {
    let bus = Bus::open(Arc::new(MemoryStore::new())).unwrap();
    let events: [OrderEvent; 5] =
        [Placed.into(), Withdrawn.into(), Placed.into(), Placed.into(), Paid.into()];
    let paid = bus.load::<Order>("paid").unwrap();
    let paid = events.into_iter().fold(paid, |order, event| order.record(event).unwrap());
    let open = bus.load::<Order>("open").unwrap().record(Placed).unwrap();
    bus.commit((paid, open)).unwrap();
    bus
}

/// The diagram with the counts of the log and the state of one of its orders.
fn known(bus: &Bus, id: &str) -> Diagram {
    let counts = bus.edges_taken::<Order>().unwrap();
    let order = bus.load::<Order>(id).unwrap();
    let diagram = Order::diagram().with_counts(counts.as_slice()).unwrap();
    diagram.with_current(order.state().state().name).unwrap()
}

#[test]
fn mermaid_shows_the_table_the_log_and_the_life() {
    let expected = r#"stateDiagram-v2
    state "Draft" as s0
    state "Open" as s1
    state "Done" as s2
    [*] --> s0
    s0 --> s1 : order.placed ×3
    s1 --> s1 : order.placed ×1
    s1 --> s0 : order.withdrawn ×1
    s1 --> s2 : order.paid [is_owed] ×1
    s2 --> [*]
    classDef current stroke-width:3px,font-weight:bold
    class s1 current
"#;
    let bus = lived();
    assert_eq!(known(&bus, "open").to_mermaid(), expected);
    assert!(known(&bus, "paid").to_mermaid().ends_with("    class s2 current\n"));
    assert!(known(&bus, "new").to_mermaid().ends_with("    class s0 current\n"));
}

#[test]
fn dot_shows_the_table_the_log_and_the_life() {
    let expected = r#"digraph "order" {
    node [shape=box, style=rounded];
    s0 [label="Draft"];
    start0 [shape=point];
    start0 -> s0;
    s1 [label="Open", style="rounded,filled"];
    s2 [label="Done", peripheries=2];
    s0 -> s1 [label="order.placed ×3"];
    s1 -> s1 [label="order.placed ×1"];
    s1 -> s0 [label="order.withdrawn ×1"];
    s1 -> s2 [label="order.paid [is_owed] ×1"];
}
"#;
    assert_eq!(known(&lived(), "open").to_dot(), expected);
}

/// How it is drawn is tested where it is drawn: here, that all of it arrives there.
#[test]
fn a_picture_shows_the_table_the_log_and_the_life() {
    let svg = known(&lived(), "open").to_svg();
    let texts = svg.lines().filter_map(|line| line.strip_suffix("</text>"));
    let mut texts: Vec<&str> = texts.filter_map(|line| line.rsplit('>').next()).collect();
    texts.sort_unstable();
    let expected = [
        "Done",
        "Draft",
        "Open",
        "order.paid [is_owed] ×1",
        "order.placed ×1",
        "order.placed ×3",
        "order.withdrawn ×1",
    ];
    assert_eq!(texts, expected);
    let (_, current) = svg.split_once("<g class=\"state current\">").unwrap();
    assert!(current.split("</g>").next().unwrap().contains(">Open</text>"), "{svg}");
}
