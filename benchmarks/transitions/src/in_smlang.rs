//! The same in smlang: the state's data in the state, the total in the context of all.

use smlang::statemachine;

use crate::by_hand;
use crate::machine::{self, Cancelled, End, Finished, Paused, Resumed, Started, Stepped, Total};

#[derive(PartialEq, Debug)]
pub struct Job {
    job: u32,
    units: u32,
}

#[derive(PartialEq, Debug)]
pub struct Wait {
    job: u32,
    units: u32,
    reason: u32,
}

statemachine! {
    derive_events: [Clone, Copy, Debug],
    transitions: {
        *Idle + Started(Started) / started = Running(Job),
        Running(Job) + Stepped(Stepped) / stepped = Running(Job),
        Running(Job) + Paused(Paused) / paused = Waiting(Wait),
        Running(Job) + Finished(Finished) / finished = Idle,
        Waiting(Wait) + Resumed(Resumed) / resumed = Running(Job),
        Waiting(Wait) + Cancelled(Cancelled) / cancelled = Idle,
    }
}

#[derive(Default)]
pub struct Context {
    total: Total,
}

impl StateMachineContext for Context {
    fn started(&mut self, event: Started) -> Result<Job, ()> {
        Ok(Job { job: event.job, units: 0 })
    }
    fn stepped(&mut self, from: &Job, event: Stepped) -> Result<Job, ()> {
        Ok(Job { job: from.job, units: from.units.wrapping_add(event.units) })
    }
    fn paused(&mut self, from: &Job, event: Paused) -> Result<Wait, ()> {
        Ok(Wait { job: from.job, units: from.units, reason: event.reason })
    }
    fn finished(&mut self, from: &Job, event: Finished) -> Result<(), ()> {
        self.total = self.total.finished(from.units, event.code);
        Ok(())
    }
    fn resumed(&mut self, from: &Wait, event: Resumed) -> Result<Job, ()> {
        Ok(Job { job: from.job, units: from.units.wrapping_add(event.credit) })
    }
    fn cancelled(&mut self, _: &Wait, event: Cancelled) -> Result<(), ()> {
        self.total = self.total.cancelled(event.code);
        Ok(())
    }
}

impl From<by_hand::Event> for Events {
    fn from(event: by_hand::Event) -> Self {
        match event {
            by_hand::Event::Started(event) => Self::Started(event),
            by_hand::Event::Stepped(event) => Self::Stepped(event),
            by_hand::Event::Paused(event) => Self::Paused(event),
            by_hand::Event::Resumed(event) => Self::Resumed(event),
            by_hand::Event::Finished(event) => Self::Finished(event),
            by_hand::Event::Cancelled(event) => Self::Cancelled(event),
        }
    }
}

/// It takes its events by value.
#[inline(never)]
pub fn fold(events: &[Events]) -> End {
    let mut worker = StateMachine::new(Context::default());
    for event in events {
        assert!(worker.process_event(*event).is_ok(), "{event:?} is not legal");
    }
    let total = worker.context().total;
    match *worker.state() {
        States::Idle => End::Idle(machine::Idle { total }),
        States::Running(Job { job, units }) => End::Running(machine::Running { total, job, units }),
        States::Waiting(Wait { job, units, reason }) => {
            End::Waiting(machine::Waiting { total, job, units, reason })
        }
    }
}
