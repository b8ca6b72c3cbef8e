//! The events that are folded. The same in every run.

use crate::by_hand::Event;
use crate::machine::{Cancelled, Finished, Paused, Resumed, Started, Stepped};

/// A walk along edges that are legal, of which no branch predictor knows the next.
pub fn walk(events: u32) -> Vec<Event> {
    let mut random = 0x9E37_79B9_7F4A_7C15_u64;
    let mut place = Place::Idle;
    let step = |_| {
        // Xorshift (Marsaglia 2003), 64 bits.
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        let (choice, number) = (random % 4, (random >> 40) as u32);
        let (next, event) = place.step(choice, number);
        place = next;
        event
    };
    (0..events).map(step).collect()
}

enum Place {
    Idle,
    Running,
    Waiting,
}

impl Place {
    fn step(&self, choice: u64, number: u32) -> (Self, Event) {
        match (self, choice) {
            (Self::Idle, _) => (Self::Running, Event::Started(Started { job: number })),
            (Self::Running, 0 | 1) => (Self::Running, Event::Stepped(Stepped { units: number })),
            (Self::Running, 2) => (Self::Waiting, Event::Paused(Paused { reason: number })),
            (Self::Running, _) => (Self::Idle, Event::Finished(Finished { code: number })),
            (Self::Waiting, 0 | 1) => (Self::Running, Event::Resumed(Resumed { credit: number })),
            (Self::Waiting, _) => (Self::Idle, Event::Cancelled(Cancelled { code: number })),
        }
    }
}

/// Jobs of three events each, so that what comes next is known.
pub fn jobs(events: u32) -> Vec<(Started, Stepped, Finished)> {
    let job = |job| (Started { job }, Stepped { units: job ^ 77 }, Finished { code: job });
    (0..events / 3).map(job).collect()
}

pub fn in_turn(jobs: &[(Started, Stepped, Finished)]) -> Vec<Event> {
    let events = |(started, stepped, finished): &(Started, Stepped, Finished)| {
        [Event::Started(*started), Event::Stepped(*stepped), Event::Finished(*finished)]
    };
    jobs.iter().flat_map(events).collect()
}
