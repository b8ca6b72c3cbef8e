//! The machine that is written down in several ways: states in a ring, four edges from each.

/// Where the edges of a state lead, counted in states from it; the last one stays.
const STRIDES: [usize; 4] = [1, 2, 7, 0];

pub struct Machine {
    pub states: usize,
    pub edges: Vec<Edge>,
    pub events: usize,
}

#[derive(Clone, Copy)]
pub struct Edge {
    pub from: usize,
    pub event: usize,
    pub to: usize,
    pub guarded: bool,
}

/// How many edges share an event.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Events {
    /// Each event is legal in two states.
    Shared,
    /// An event for each edge.
    Own,
}

impl Machine {
    pub fn new(states: usize, events: Events) -> Self {
        let mut edges = Vec::new();
        for from in 0..states {
            for stride in STRIDES {
                let event = match events {
                    // Two states next to each other have four events in common.
                    Events::Shared => from / 2 * 4 + edges.len() % 4,
                    Events::Own => edges.len(),
                };
                let guarded = stride == 0 && from % 5 == 1 && holds_data(from);
                edges.push(Edge { from, event, to: (from + stride) % states, guarded });
            }
        }
        let events = edges.iter().map(|edge| edge.event + 1).max().unwrap_or_default();
        Self { states, edges, events }
    }

    pub fn edges_from(&self, state: usize) -> impl Iterator<Item = &Edge> {
        self.edges.iter().filter(move |edge| edge.from == state)
    }
}

/// Every third state has no data.
pub fn holds_data(state: usize) -> bool {
    !state.is_multiple_of(3)
}

impl Events {
    pub fn name(self) -> &'static str {
        match self {
            Self::Shared => "shared",
            Self::Own => "own",
        }
    }
}
