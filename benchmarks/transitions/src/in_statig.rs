//! The same in statig: the state's data in its local storage, the total in the storage of all.

use statig::prelude::*;

use crate::by_hand::Event;
use crate::machine::{End, Idle, Running, Total, Waiting};

#[derive(Default)]
pub struct Worker {
    total: Total,
    illegal: bool,
}

#[state_machine(initial = "State::idle()")]
impl Worker {
    #[state]
    fn idle(&mut self, event: &Event) -> Outcome<State> {
        match event {
            Event::Started(event) => Transition(State::running(event.job, 0)),
            _ => self.illegal(),
        }
    }

    #[state]
    fn running(&mut self, event: &Event, job: &mut u32, units: &mut u32) -> Outcome<State> {
        match event {
            Event::Stepped(event) => {
                *units = units.wrapping_add(event.units);
                Handled
            }
            Event::Paused(event) => Transition(State::waiting(*job, event.reason, *units)),
            Event::Finished(event) => {
                self.total = self.total.finished(*units, event.code);
                Transition(State::idle())
            }
            _ => self.illegal(),
        }
    }

    #[state]
    fn waiting(
        &mut self,
        event: &Event,
        job: &mut u32,
        reason: &mut u32,
        units: &mut u32,
    ) -> Outcome<State> {
        match event {
            Event::Resumed(event) => {
                Transition(State::running(*job, units.wrapping_add(event.credit)))
            }
            Event::Cancelled(event) => {
                self.total = self.total.cancelled(event.code);
                Transition(State::idle())
            }
            _ => {
                let _ = reason;
                self.illegal()
            }
        }
    }

    fn illegal(&mut self) -> Outcome<State> {
        self.illegal = true;
        Handled
    }
}

#[inline(never)]
pub fn fold(events: &[Event]) -> End {
    let mut worker = Worker::default().state_machine();
    for event in events {
        worker.handle(event);
        assert!(!worker.inner().illegal, "{event:?} is not legal");
    }
    let total = worker.inner().total;
    match *worker.state() {
        State::Idle {} => End::Idle(Idle { total }),
        State::Running { job, units } => End::Running(Running { total, job, units }),
        State::Waiting { job, units, reason } => {
            End::Waiting(Waiting { total, job, units, reason })
        }
    }
}
