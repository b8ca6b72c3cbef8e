//! The machine that all contestants are: a worker that takes jobs, works on them and waits.
//!
//! ```text
//!   Idle ──Started──▶ Running ──Paused──▶ Waiting
//!    ▲                │  ▲ └─Stepped─┐      │ │
//!    ├────Finished────┘  ├───────────┘      │ │
//!    │                   └─────Resumed──────┘ │
//!    └─────────────────Cancelled──────────────┘
//! ```
//! Every event carries a number that ends in the state, so that no transition can be left out and
//! all contestants can be held against each other at the end.

use serde::{Deserialize, Serialize};
use vitae::Event;

macro_rules! payloads {
    ($($name:ident($kind:literal) { $field:ident })*) => {$(
        #[derive(Event, Serialize, Deserialize, Clone, Copy, Debug, PartialEq)]
        #[event(name = $kind)]
        pub struct $name {
            pub $field: u32,
        }
    )*};
}

payloads! {
    Started("worker.started") { job }
    Stepped("worker.stepped") { units }
    Paused("worker.paused") { reason }
    Resumed("worker.resumed") { credit }
    Finished("worker.finished") { code }
    Cancelled("worker.cancelled") { code }
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Idle {
    pub total: Total,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Running {
    pub total: Total,
    pub job: u32,
    pub units: u32,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Waiting {
    pub total: Total,
    pub job: u32,
    pub units: u32,
    pub reason: u32,
}

/// What a worker has done so far.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Total {
    pub finished: u64,
    pub cancelled: u64,
    pub units: u64,
    pub codes: u64,
}

/// Where a contestant has ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum End {
    Idle(Idle),
    Running(Running),
    Waiting(Waiting),
}

// What each edge does, once for all: only the way to it is measured.

impl Idle {
    pub fn started(self, event: Started) -> Running {
        Running { total: self.total, job: event.job, units: 0 }
    }
}

impl Running {
    pub fn stepped(self, event: Stepped) -> Self {
        Self { units: self.units.wrapping_add(event.units), ..self }
    }

    pub fn paused(self, event: Paused) -> Waiting {
        let Self { total, job, units } = self;
        Waiting { total, job, units, reason: event.reason }
    }

    pub fn finished(self, event: Finished) -> Idle {
        Idle { total: self.total.finished(self.units, event.code) }
    }
}

impl Waiting {
    pub fn resumed(self, event: Resumed) -> Running {
        let Self { total, job, units, reason: _ } = self;
        Running { total, job, units: units.wrapping_add(event.credit) }
    }

    pub fn cancelled(self, event: Cancelled) -> Idle {
        Idle { total: self.total.cancelled(event.code) }
    }
}

impl Total {
    pub fn finished(self, units: u32, code: u32) -> Self {
        Self {
            finished: self.finished.wrapping_add(1),
            units: self.units.wrapping_add(u64::from(units)),
            codes: self.codes ^ u64::from(code),
            ..self
        }
    }

    pub fn cancelled(self, code: u32) -> Self {
        Self {
            cancelled: self.cancelled.wrapping_add(1),
            codes: self.codes ^ u64::from(code),
            ..self
        }
    }
}
