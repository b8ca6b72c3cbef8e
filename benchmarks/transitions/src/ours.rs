//! The lifecycle, untyped and typed.

use vitae::{Context, Lifecycle, Transition};

use crate::by_hand;
use crate::machine::{
    Cancelled, End, Finished, Idle, Paused, Resumed, Running, Started, Stepped, Waiting,
};

#[derive(Lifecycle, Clone, Debug)]
#[lifecycle(name = "worker")]
pub enum Worker {
    #[state(initial)]
    #[on(Started => Running)]
    Idle(Idle),

    #[on(Stepped => Running, Paused => Waiting, Finished => Idle)]
    Running(Running),

    #[on(Resumed => Running, Cancelled => Idle)]
    Waiting(Waiting),
}

impl WorkerTransitions for Worker {
    fn idle_on_started(from: Idle, event: &Started, _: &Context) -> Running {
        from.started(*event)
    }
    fn running_on_stepped(from: Running, event: &Stepped, _: &Context) -> Running {
        from.stepped(*event)
    }
    fn running_on_paused(from: Running, event: &Paused, _: &Context) -> Waiting {
        from.paused(*event)
    }
    fn running_on_finished(from: Running, event: &Finished, _: &Context) -> Idle {
        from.finished(*event)
    }
    fn waiting_on_resumed(from: Waiting, event: &Resumed, _: &Context) -> Running {
        from.resumed(*event)
    }
    fn waiting_on_cancelled(from: Waiting, event: &Cancelled, _: &Context) -> Idle {
        from.cancelled(*event)
    }
}

impl From<by_hand::Event> for WorkerEvent {
    fn from(event: by_hand::Event) -> Self {
        match event {
            by_hand::Event::Started(event) => event.into(),
            by_hand::Event::Stepped(event) => event.into(),
            by_hand::Event::Paused(event) => event.into(),
            by_hand::Event::Resumed(event) => event.into(),
            by_hand::Event::Finished(event) => event.into(),
            by_hand::Event::Cancelled(event) => event.into(),
        }
    }
}

#[inline(never)]
pub fn fold(events: &[WorkerEvent], context: &Context) -> End {
    let mut worker = Worker::initial();
    for event in events {
        worker = worker.apply(event, context).unwrap_or_else(|_| panic!("{event:?} is not legal"));
    }
    match worker {
        Worker::Idle(idle) => End::Idle(idle),
        Worker::Running(running) => End::Running(running),
        Worker::Waiting(waiting) => End::Waiting(waiting),
    }
}

/// The sequence is known, so no state and no event is looked at.
#[inline(never)]
pub fn fold_typed(jobs: &[(Started, Stepped, Finished)], context: &Context) -> End {
    let mut idle = Idle::default();
    for (started, stepped, finished) in jobs {
        let running = Started::apply(idle, started, context);
        let running = Stepped::apply(running, stepped, context);
        idle = Finished::apply(running, finished, context);
    }
    End::Idle(idle)
}
