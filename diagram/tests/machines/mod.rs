//! Machines to draw: some that there are, some by chance.

#![allow(dead_code, reason = "each test uses some of them")]

use vitae_diagram::{Diagram, Edge, State};

/// A machine in words: states, the first of which is the initial one, and edges.
pub(crate) struct Machine {
    pub(crate) states: Vec<String>,
    pub(crate) edges: Vec<(usize, String, usize)>,
}

impl Machine {
    pub(crate) fn diagram(&self) -> Diagram {
        let states = self.states.iter().enumerate().map(|(index, name)| {
            if index == 0 { State::new(name).initial() } else { State::new(name) }
        });
        let edges = self.edges.iter().map(|(from, label, to)| Edge::new(*from, *to, label));
        Diagram::new("machine", states, edges)
    }
}

fn machine(states: &[&str], edges: &[(usize, &str, usize)]) -> Machine {
    let edges = edges.iter().map(|&(from, label, to)| (from, label.to_owned(), to));
    Machine { states: states.iter().map(|&it| it.to_owned()).collect(), edges: edges.collect() }
}

pub(crate) fn known() -> Vec<Machine> {
    let workflow = machine(
        &["Idle", "Starting", "Running", "Completing", "Done"],
        &[
            (0, "Started", 1),
            (1, "TrackerSeen", 1),
            (1, "CancelRequested", 1),
            (1, "TurnStarted", 2),
            (2, "TurnStarted [Running::may_begin_a_turn]", 2),
            (2, "IterationCompleted [Running::must_be_in_a_turn]", 2),
            (2, "WrappingUp", 3),
            (3, "Ended", 4),
        ],
    );
    let parcel = machine(
        &["Draft", "Packed", "Sent", "Held", "Delivered", "Lost", "Returned"],
        &[
            (0, "parcel.packed", 1),
            (1, "parcel.unpacked", 0),
            (1, "parcel.sent [is_paid]", 2),
            (2, "parcel.held", 3),
            (3, "parcel.released", 2),
            (2, "parcel.delivered", 4),
            (3, "parcel.lost", 5),
            (2, "parcel.lost", 5),
            (4, "parcel.returned", 6),
            (6, "parcel.packed", 1),
            (0, "parcel.returned", 6),
        ],
    );
    let wide = machine(
        &["下書き", "確定", "完了した注文"],
        &[(0, "注文された", 1), (1, "変更された", 1), (1, "支払われた", 2), (1, "取り消された", 0)],
    );
    // Labels beside a box that are higher than the box, and arrows that go past them.
    let high = machine(
        &["Gone", "Busy", "Idle"],
        &[
            (1, "kind.one", 1),
            (1, "kind.two", 1),
            (1, "kind.three", 1),
            (1, "kind.four", 1),
            (1, "kind.number_5", 1),
            (1, "kind.number_6", 2),
            (1, "kind.number_7", 2),
            (1, "kind.number_8", 2),
            (2, "kind.number_9", 1),
            (2, "kind.number_10", 1),
            (2, "kind.number_11", 2),
            (2, "kind.number_12", 2),
            (2, "kind.number_13", 0),
            (1, "kind.number_14", 0),
            (0, "kind.number_15", 0),
        ],
    );
    vec![workflow, parcel, wide, high, dense(2), dense(4), dense(6)]
}

/// Every state goes to every state.
fn dense(states: usize) -> Machine {
    let pairs = (0..states).flat_map(|from| (0..states).map(move |to| (from, to)));
    Machine {
        states: (0..states).map(|n| format!("State{n}")).collect(),
        edges: pairs.map(|(from, to)| (from, format!("from_{from}_to_{to}"), to)).collect(),
    }
}

/// xorshift64: the same machines on every run.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(bound).unwrap()).unwrap()
    }

    /// States and labels each have a name of their own.
    pub(crate) fn machine(&mut self) -> Machine {
        let states = 2 + self.below(8);
        let edges = self.below(16);
        let edges = (0..edges)
            .map(|n| (self.below(states), format!("kind.number_{n}"), self.below(states)));
        let edges = edges.collect();
        Machine { states: (0..states).map(|n| format!("State{n}")).collect(), edges }
    }

    fn name(&mut self) -> String {
        const CHARS: [char; 12] =
            ['a', 'Z', '_', '<', '&', '"', '\n', '\u{0}', '状', '\u{FFFF}', '>', ' '];
        (0..self.below(9)).map(|_| CHARS[self.below(CHARS.len())]).collect()
    }

    pub(crate) fn diagram(&mut self, states: usize, edges: usize) -> Diagram {
        let boxes: Vec<State> = (0..states)
            .map(|_| match (State::new(self.name()), self.below(4)) {
                (state, 0) => state.initial(),
                (state, 1) => state.terminal(),
                (state, _) => state,
            })
            .collect();
        let arrows: Vec<Edge> = (0..edges)
            .map(|_| {
                let edge = Edge::new(self.below(states + 1), self.below(states + 1), self.name());
                if self.below(3) == 0 { edge.guarded(self.name()) } else { edge }
            })
            .collect();
        Diagram::new(self.name(), boxes, arrows)
    }
}
