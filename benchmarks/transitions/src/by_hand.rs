//! By hand: enums and a `match`. Once as a value that becomes another, as a lifecycle is, and once
//! as a place that is written to.

use crate::machine::{
    Cancelled, End, Finished, Idle, Paused, Resumed, Running, Started, Stepped, Waiting,
};

/// In the order in which the lifecycle names them: so both compare the same numbers.
#[derive(Clone, Copy, Debug)]
pub enum Event {
    Started(Started),
    Stepped(Stepped),
    Paused(Paused),
    Finished(Finished),
    Resumed(Resumed),
    Cancelled(Cancelled),
}

pub enum Worker {
    Idle(Idle),
    Running(Running),
    Waiting(Waiting),
}

/// The event is not legal in the state.
#[derive(Debug)]
pub struct Illegal;

impl Worker {
    pub fn apply(self, event: &Event) -> Result<Self, Self> {
        Ok(match (self, event) {
            (Self::Idle(idle), Event::Started(event)) => Self::Running(idle.started(*event)),
            (Self::Running(running), Event::Stepped(event)) => {
                Self::Running(running.stepped(*event))
            }
            (Self::Running(running), Event::Paused(event)) => Self::Waiting(running.paused(*event)),
            (Self::Running(running), Event::Finished(event)) => {
                Self::Idle(running.finished(*event))
            }
            (Self::Waiting(waiting), Event::Resumed(event)) => {
                Self::Running(waiting.resumed(*event))
            }
            (Self::Waiting(waiting), Event::Cancelled(event)) => {
                Self::Idle(waiting.cancelled(*event))
            }
            (state, _) => return Err(state),
        })
    }

    pub fn apply_in_place(&mut self, event: &Event) -> Result<(), Illegal> {
        *self = match (&*self, event) {
            (Self::Idle(idle), Event::Started(event)) => Self::Running(idle.started(*event)),
            (Self::Running(running), Event::Stepped(event)) => {
                Self::Running(running.stepped(*event))
            }
            (Self::Running(running), Event::Paused(event)) => Self::Waiting(running.paused(*event)),
            (Self::Running(running), Event::Finished(event)) => {
                Self::Idle(running.finished(*event))
            }
            (Self::Waiting(waiting), Event::Resumed(event)) => {
                Self::Running(waiting.resumed(*event))
            }
            (Self::Waiting(waiting), Event::Cancelled(event)) => {
                Self::Idle(waiting.cancelled(*event))
            }
            _ => return Err(Illegal),
        };
        Ok(())
    }

    fn end(self) -> End {
        match self {
            Self::Idle(idle) => End::Idle(idle),
            Self::Running(running) => End::Running(running),
            Self::Waiting(waiting) => End::Waiting(waiting),
        }
    }
}

#[inline(never)]
pub fn fold(events: &[Event]) -> End {
    let mut worker = Worker::Idle(Idle::default());
    for event in events {
        worker = worker.apply(event).unwrap_or_else(|_| panic!("{event:?} is not legal"));
    }
    worker.end()
}

#[inline(never)]
pub fn fold_in_place(events: &[Event]) -> End {
    let mut worker = Worker::Idle(Idle::default());
    for event in events {
        worker.apply_in_place(event).unwrap_or_else(|_| panic!("{event:?} is not legal"));
    }
    worker.end()
}

/// The sequence is known, so no state and no event is looked at.
#[inline(never)]
pub fn fold_typed(jobs: &[(Started, Stepped, Finished)]) -> End {
    let mut idle = Idle::default();
    for (started, stepped, finished) in jobs {
        idle = idle.started(*started).stepped(*stepped).finished(*finished);
    }
    End::Idle(idle)
}
