//! The jobs, and how large each is.

pub struct Job {
    pub name: &'static str,
    pub kind: Kind,
    /// For vitae and what is written by hand.
    pub events: u64,
    /// For the others, whose logs stay smaller so that they come to an end; that is in their favour.
    pub events_of_peers: u64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Into a new store.
    Write,
    /// From the log that was filled before the rounds.
    Read,
    /// What was said when that was filled.
    Filled,
}

impl Job {
    /// Whether a larger figure is a better one.
    pub fn more_is_better(&self) -> bool {
        !(self.name.starts_with("load") || self.name == "disk")
    }

    pub fn events(&self, peer: bool, scale: f64) -> u64 {
        let events = if peer { self.events_of_peers } else { self.events };
        ((events as f64 * scale) as u64).max(1_000)
    }
}

const fn write(name: &'static str, events: u64, events_of_peers: u64) -> Job {
    Job { name, kind: Kind::Write, events, events_of_peers }
}

/// All read one log, so that it is filled once.
const fn read(name: &'static str) -> Job {
    Job { name, kind: Kind::Read, events: 1_000_000, events_of_peers: 200_000 }
}

pub static JOBS: [Job; 16] = [
    write("append-1", 20_000, 5_000),
    write("append-8", 100_000, 5_000),
    write("append-64", 200_000, 5_000),
    write("append-512", 400_000, 5_000),
    write("bulk", 500_000, 50_000),
    read("load-10"),
    read("load-1000"),
    read("load-1000-together"),
    read("load-100000"),
    read("scan"),
    read("catch-up"),
    read("catch-up-streams"),
    read("catch-up-tables"),
    read("catch-up-streams-tables"),
    read("rebuild"),
    Job { kind: Kind::Filled, ..read("disk") },
];
